"""How somebody comes to see a case: through its unit, through a grant, or not at all."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.domain.records import Record

SUSPENDED: Final = "restored"
"""Why a grant ended that is suspended after a restore, until two people let it hold again."""
OF_PERSONS: Final = "person."
"""How the name of a field begins that tells who somebody is."""


class Via(StrEnum):
    """By which way a case is seen."""

    OWN = "own"
    GRANT = "grant"
    BREAK_GLASS = "break_glass"
    NONE = "none"


class GrantKind(StrEnum):
    """What a grant came from."""

    REFERRAL = "referral"
    TRANSFER = "transfer"
    CONSULTATION = "consultation"
    BREAK_GLASS = "break_glass"
    HAND = "hand"


class Grant(Record):
    """A unit may see a case of another one, for a purpose, until an instant (UTC); with `actor_id` that person alone.

    `fields` names what is shown, and with `may:add_files` that files may be added; an empty list shows only that the
    case is there, its number, and the step offered.
    `persons` are those of the case of whom it is shown: of the others nothing is, neither who they are nor their steps.
    """

    id: UUID
    case_id: UUID
    unit_id: UUID
    purpose: str
    fields: tuple[str, ...] = ()
    persons: tuple[UUID, ...] = ()
    valid_until: datetime | None = None
    granted_at: datetime
    granted_by: UUID | None = None
    kind: GrantKind = GrantKind.HAND
    actor_id: UUID | None = None
    referral_id: UUID | None = None
    consent_id: UUID | None = None
    second_by: UUID | None = None
    second_at: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: str = ""

    def is_live(self, now: datetime) -> bool:
        """Say whether the grant counts: not ended, and before `valid_until`."""
        return self.ended_at is None and (self.valid_until is None or self.valid_until > now)

    def may_hold(self, now: datetime) -> bool:
        """Say whether the grant counts, or may count again: it is suspended after a restore."""
        return self.is_live(now) or self.ended_reason == SUSPENDED


class RecusalReason(StrEnum):
    """Why somebody has no part in a case: they may be part of what it is about, or they must not see it."""

    CONFLICT_OF_INTEREST = "conflict_of_interest"
    DENIED = "denied"


class Recusal(Record):
    """A person, unit or organisation that has no part in a case (UTC): it beats every grant, role and break-glass.

    A conflict of interest is always one person's, and one person ends it; two people end a denial.
    """

    id: UUID
    case_id: UUID
    actor_id: UUID | None = None
    unit_id: UUID | None = None
    organisation_id: UUID | None = None
    reason: RecusalReason
    reason_code: str
    set_by: UUID | None = None
    set_at: datetime
    ended_by: UUID | None = None
    ended_second_by: UUID | None = None
    ended_at: datetime | None = None

    @property
    def whom(self) -> str:
        """Whether it names a person, a unit or an organisation."""
        return "person" if self.actor_id else "unit" if self.unit_id else "organisation"

    def says_as(self, other: "Recusal") -> bool:
        """Whether another recusal names the same and for the same reason."""
        return self.reason == other.reason and _named(self) == _named(other)


def _named(recusal: Recusal) -> tuple[UUID | None, UUID | None, UUID | None]:
    return recusal.actor_id, recusal.unit_id, recusal.organisation_id


class Way(Record):
    """What one grant shows: these fields, of these persons and of the case as a whole."""

    fields: tuple[str, ...]
    persons: frozenset[UUID] = frozenset()


class CaseAccess(Record):
    """How one person comes to one case; `unit_id` is the case's own unit.

    `roles` are those that count for the case: the person's roles in the unit through which they see it. `fields` is
    what is shown to them of the case as a whole, None for all of it, as the case's own unit sees it; a field of persons
    is never among it, since a grant holds for persons by name: `engine.domain.narrowing.of_person` gives what is shown
    of one of them, by the grants in `ways`. `everybody` are all who are or were in the case, told only of one that is
    granted. `step_ids` are the steps that they were offered. `until` is when the last of their grants ends (UTC), None
    for never.
    """

    case_id: UUID
    unit_id: UUID
    via: Via = Via.NONE
    roles: frozenset[str] = frozenset()
    purpose: str = ""
    fields: tuple[str, ...] | None = ()
    ways: tuple[Way, ...] = ()
    everybody: frozenset[UUID] = frozenset()
    step_ids: frozenset[UUID] = frozenset()
    until: datetime | None = None
    is_denied: bool = False


def access_through(
    case_id: UUID,
    owner_id: UUID,
    *,
    own_roles: Iterable[str],
    granted: Iterable[tuple[Grant, Iterable[str]]],
    is_denied: bool,
    step_ids: Iterable[UUID] = (),
    everybody: Iterable[UUID] = (),
) -> CaseAccess:
    """Give how somebody sees a case, from their roles in its unit and from live grants with their roles in each unit.

    A denial beats everything. The own unit beats a grant. Several grants add up: what each of them names is shown, of
    its own persons alone, and the way is break-glass when nothing else lets them in.
    """
    if is_denied:
        return CaseAccess(case_id=case_id, unit_id=owner_id, is_denied=True)
    own = frozenset(own_roles)
    if own:
        return CaseAccess(case_id=case_id, unit_id=owner_id, via=Via.OWN, roles=own, fields=None)
    ways = [(grant, frozenset(roles)) for grant, roles in granted]
    ways = [(grant, roles) for grant, roles in ways if roles]
    if not ways:
        return CaseAccess(case_id=case_id, unit_id=owner_id)
    ends = [grant.valid_until for grant, _ in ways]
    is_broken = all(grant.kind is GrantKind.BREAK_GLASS for grant, _ in ways)
    return CaseAccess(
        case_id=case_id,
        unit_id=owner_id,
        via=Via.BREAK_GLASS if is_broken else Via.GRANT,
        roles=frozenset().union(*(roles for _, roles in ways)),
        purpose=ways[0][0].purpose,
        fields=tuple(
            dict.fromkeys(name for grant, _ in ways for name in grant.fields if not name.startswith(OF_PERSONS))
        ),
        ways=tuple(Way(fields=grant.fields, persons=frozenset(grant.persons)) for grant, _ in ways),
        everybody=frozenset(everybody),
        step_ids=frozenset(step_ids),
        until=None if None in ends else max(end for end in ends if end is not None),
    )
