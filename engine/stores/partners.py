"""The directory of partners, and what they were asked."""

from typing import Protocol
from uuid import UUID

from engine.domain.partners import Partner
from engine.domain.policy import Viewer
from engine.domain.referral import Referral


class Partners(Protocol):
    """Partners."""

    def all(self) -> tuple[Partner, ...]:
        """List all partners by name."""
        ...

    def get(self, partner_id: UUID) -> Partner | None:
        """Load a partner."""
        ...

    def save(self, partner: Partner) -> None:
        """Write a partner as they are now."""
        ...

    def asked_by(self, viewer: Viewer) -> tuple[tuple[str, Referral], ...]:
        """List what was asked of others in the cases of the viewer's units, with the name of whom was asked."""
        ...
