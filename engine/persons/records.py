"""Persons: what identifies them, who stands for a child, what two units know, and how pages show them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from engine.core.law.told import AgeRange
from engine.core.matching import Agreement
from engine.core.policy import View
from engine.core.records import CasePerson, PersonRole, Record

Identity = Mapping[str, Any]

MOST_NAMES: Final = 50
MOST_CANDIDATES: Final = 20
POSSIBLE, CONFIRMED, RULED_OUT = "possible", "confirmed", "ruled_out"


class PersonMerge(Record):
    """Two persons who were found to be one; both are kept, the second points to the first until `ended_at` (UTC).

    `case_id` and `other_case_id` are the cases in which they were found to be: of the first and of the second person.
    """

    id: UUID
    primary_id: UUID
    secondary_id: UUID
    case_id: UUID
    other_case_id: UUID
    unit_id: UUID
    reason_code: str
    merged_by: UUID | None = None
    merged_at: datetime
    ended_by: UUID | None = None
    ended_at: datetime | None = None


def written_over(known: Identity, said: Identity) -> Identity:
    """Write what is said now over what was known; a name that was known before stays among the other names.

    What is not said stays as it was, so that nobody loses what they did not see.
    """
    before, names = str(known.get("name") or ""), _texts(said.get("aliases"))
    earlier = (before,) if before and said.get("name") not in (None, "", before) else ()
    found = {**known, **{key: value for key, value in said.items() if key != "aliases"}}
    return _named(found, (*_texts(known.get("aliases")), *earlier, *names))


def with_name(known: Identity, name: str) -> Identity:
    """Add a further name; the first one that is known is the name itself."""
    if not known.get("name"):
        return {**known, "name": name}
    return _named(known, (*_texts(known.get("aliases")), name))


def with_age(known: Identity, age: AgeRange) -> Identity:
    """Add an age with its source; the same one twice is one."""
    entry = age.model_dump(mode="json")
    ages = [one for one in _list(known.get("ages")) if one != entry]
    return {**known, "ages": [*ages, entry]}


def with_candidate(known: Identity, candidate_id: UUID, said: Identity) -> Identity:
    """Add somebody whom the person may be."""
    entry = {**said, "id": str(candidate_id), "status": POSSIBLE}
    return {**known, "candidates": [*_list(known.get("candidates")), entry]}


def settled(known: Identity, candidate_id: UUID, status: str) -> Identity | None:
    """Return whether the person is somebody whom they might have been; None when there is no such candidate.

    Who is confirmed gives the person their names: what was the name before stays among the others.
    """
    entries = _list(known.get("candidates"))
    chosen = next((one for one in entries if one.get("id") == str(candidate_id)), None)
    if chosen is None:
        return None
    now = [{**one, "status": status} if one is chosen else one for one in entries]
    if status != CONFIRMED:
        return {**known, "candidates": now}
    said = {key: chosen[key] for key in ("name", "aliases", "phone") if chosen.get(key)}
    return written_over({**known, "candidates": now}, said)


def parted(known: Identity, names: Iterable[str]) -> tuple[Identity, Identity]:
    """Part a person in two: the second one takes some of the names with them; the first keeps all the rest."""
    taken = [name for name in names_of(known) if name in set(names)]
    left = [name for name in names_of(known) if name not in taken]
    rest = {key: value for key, value in known.items() if key not in {"name", "aliases"}}
    return _of_names(rest, left), _of_names({}, taken)


def names_of(known: Identity) -> tuple[str, ...]:
    """List every name that is known of a person, the name itself first."""
    first = str(known.get("name") or "")
    return tuple(dict.fromkeys((*((first,) if first else ()), *_texts(known.get("aliases")))))


def parents_of(known: Identity) -> tuple[str, ...]:
    """List the names of the parents, as far as they are known."""
    return _texts(known.get("parents"))


def candidates_of(known: Identity) -> tuple[Identity, ...]:
    """List those whom a person may be, may have been, or is."""
    return tuple(_list(known.get("candidates")))


def findable(known: Identity) -> tuple[Identity, ...]:
    """List the identities by which a person is to be found: their own, and whom they still may be."""
    return (known, *(one for one in candidates_of(known) if one.get("status") != RULED_OUT))


def _named(known: Identity, aliases: Iterable[str]) -> Identity:
    others = [alias for alias in dict.fromkeys(aliases) if alias and alias != known.get("name")]
    return {**known, "aliases": others} if others else {key: known[key] for key in known if key != "aliases"}


def _of_names(known: Identity, names: list[str]) -> Identity:
    return _named({**known, "name": names[0]}, names[1:]) if names else known


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()


def _list(value: object) -> list[Any]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


STANDS_FOR: Final = frozenset({PersonRole.GUARDIAN, PersonRole.FAMILY})
PROBLEM: Final = (
    "Someone who acts for the child is a suspect: they cannot agree on the child's behalf. The Committee or a court"
    " must agree, or a guardian who is not a suspect."
)


def suspected(
    here: Iterable[CasePerson], around: Iterable[CasePerson], one_with: Callable[[UUID], Iterable[UUID]]
) -> frozenset[UUID]:
    """Return the guardians and family of a case who are suspects in it, or in one that is linked with it.

    `around` are the persons of linked cases; `one_with` names all persons who were found to be one with somebody.
    """
    present = [person for person in here if person.removed_at is None]
    suspects = {
        person.person_id
        for person in (*present, *around)
        if person.role is PersonRole.SUSPECT and person.removed_at is None
    }
    stand = {person.person_id for person in present if person.role in STANDS_FOR}
    return frozenset(person for person in stand if not suspects.isdisjoint({person, *one_with(person)}))


def nobody_else_stands(here: Iterable[CasePerson], suspects: frozenset[UUID]) -> bool:
    """Return whether no guardian of a case is left who is not suspected."""
    return not any(
        person.role is PersonRole.GUARDIAN and person.removed_at is None and person.person_id not in suspects
        for person in here
    )


class TokenMatch(NamedTuple):
    """A person of another case who shares tokens: the unit that knows them, what agrees, and among how many persons."""

    person_id: UUID
    unit_id: UUID
    unit: str
    contact: str
    agreement: Agreement
    persons: int


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


class FoundPerson(View):
    """Somebody who was found, by number and role in their case; `is_very_like` says it of their name."""

    id: UUID
    case_id: UUID
    label: str
    role: str
    number: str
    status: str
    unit: str
    is_very_like: bool


class FoundPeople(View):
    """A page of who was found, and how many were; `is_cut` when there are more."""

    lines: tuple[FoundPerson, ...]
    count: int
    is_cut: bool


class CaseLinkView(View):
    """Another case that this one belongs together with, seen from this one.

    `case_id` is left out, and `number` says "another case", for who may not see that one. `is_merged` says that it
    was merged into this one, `is_into` that this one was merged into the other; both only once it was agreed to.
    `is_asked` waits for a second person; `asked_by_me` tells who cannot be that one.
    """

    id: UUID
    kind: str
    case_id: UUID | None
    number: str
    status: str
    is_merged: bool
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


SHOWN_AS = {"ages": "age", "home": "address"}
"""By which field of a grant or a consent what is kept of a person is shown, where it has another name."""

Asked = tuple[tuple[tuple[tuple[str, str], ...], ...], ...]
"""What a person is looked for by: of each word one of some ways, of each way all (kind, normalised value) pairs."""
