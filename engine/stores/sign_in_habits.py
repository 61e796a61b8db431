"""By what the sign-ins of somebody are known again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from engine.domain.sign_in_habits import Habit, Sort


class SignInHabits(Protocol):
    """Keyed marks of hours and networks, and browsers."""

    def of(self, actor_id: UUID) -> Sequence[Habit]:
        """Load the marks of somebody."""
        ...

    def note(self, actor_id: UUID, marks: Mapping[bytes, Sort], *, at: datetime) -> None:
        """Note that these marks came once more."""
        ...

    def is_new_device(self, actor_id: UUID, mark_hash: bytes) -> bool:
        """Say whether somebody who has browsers does not have this one."""
        ...

    def forget(self, actor_id: UUID) -> None:
        """Forget the marks and the browsers of somebody: the next sign-in is like a first one."""
        ...

    def forget_marks(self) -> None:
        """Forget the marks of everybody, but no browser: those by a key that is gone would fit nothing any more."""
        ...

    def forget_old(self, *, before: datetime) -> int:
        """Forget the marks that last came before an instant; gives how many."""
        ...
