"""How the path of a step names whose it is and which round of it: `person:ID/r:2`; empty for the whole case."""

from collections.abc import Iterable, Mapping
from uuid import UUID


def path_of_person(person_id: UUID) -> str:
    """Give the path of what is done for one person."""
    return f"person:{person_id}"


def person_in(path: str) -> UUID | None:
    """Give the person whom a path names; None for what is of the whole case."""
    marked = _parts(path)
    return UUID(marked["person"]) if "person" in marked else None


def round_in(path: str) -> int:
    """Give the round of a repeated step that a path names; 1 for a step that does not repeat."""
    return int(_parts(path).get("r", "1"))


def path_of_round(element: str, number: int) -> str:
    """Give the path of a round of what is done for an element: a person, or the whole case."""
    return f"{element}/r:{number}".lstrip("/")


def _parts(path: str) -> Mapping[str, str]:
    split: Iterable[tuple[str, str, str]] = (part.partition(":") for part in path.split("/"))
    return {name: value for name, _, value in split}
