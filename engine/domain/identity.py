"""What is known of who a person is: one name in any script, other names, ages with sources, somebody they may be.

An identity is what is sealed under the person's own key: a plain mapping, as it was written down. The functions here
give a new one; none of it ever stands in an event.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from engine.domain.ages import AgeRange
from engine.domain.records import Record

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
    """Say whether the person is somebody whom they might have been; None when there is no such candidate.

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
