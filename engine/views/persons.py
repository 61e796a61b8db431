"""Persons and how they and their cases belong together, as pages show them."""

from datetime import datetime
from uuid import UUID

from engine.views.base import View


class AgeView(View):
    """An age that was written down: in whole years, from what, and on which day (as it is written)."""

    words: str
    source: str
    as_of: str
    counts: bool


class CandidateView(View):
    """Somebody whom a person may be, was found to be, or is not."""

    id: UUID
    name: str
    aliases: tuple[str, ...]
    phone: str
    status: str


class CasePersonView(View):
    """A person of a case; who they are stays masked unless revealed.

    `home` is the village or part of town and, after a comma, the district. `age_words` is how old they can be today;
    `is_child` is told only with who they are. `also` are the names of other persons who were found to be the same.
    """

    id: UUID
    role: str
    label: str
    name: str | None
    age: int | None
    aliases: tuple[str, ...] = ()
    phone: str = ""
    parents: tuple[str, ...] = ()
    home: str = ""
    age_words: str = ""
    is_child: bool | None = None
    ages: tuple[AgeView, ...] = ()
    candidates: tuple[CandidateView, ...] = ()
    also: tuple[str, ...] = ()


class PersonRoleView(View):
    """What a person is or was in a case; the days are written as people said them, empty where nobody knows."""

    role: str
    status: str
    from_on: str
    until_on: str
    added_at: datetime
    removed_at: datetime | None


class SamePersonView(View):
    """A person who was found to be the same, and where; the case is left out for who may not see it."""

    secondary_id: UUID
    label: str
    case_id: UUID | None
    case_number: str
    reason_code: str
    merged_at: datetime
    merged_by: str | None


class PersonPageView(View):
    """What may be seen of a person without a recorded act."""

    id: UUID
    label: str
    roles: tuple[PersonRoleView, ...]
    same: tuple[SamePersonView, ...]


class CaseLinkView(View):
    """Another case that this one belongs together with, seen from this one.

    `case_id` is left out, and `number` says "another case", for who may not see that one. `is_stub` says that the other
    one was merged into this one, `is_into` that this one was merged into the other; both only once it was agreed to.
    `is_asked` waits for a second person; `asked_by_me` tells who cannot be that one.
    """

    id: UUID
    kind: str
    case_id: UUID | None
    number: str
    status: str
    is_stub: bool
    is_into: bool
    is_asked: bool
    is_primary: bool
    asked_by: str | None
    asked_by_me: bool
    asked_at: datetime
    reason_code: str
    rests: bool
    open_items: int
    next_due_at: datetime | None
