"""What allows a text to show who somebody is."""

from collections.abc import Collection
from typing import Final

from pillars.press.identity import Known, find_in

_LEAVES: Final = frozenset({"authority_leave", "court_leave"})


def has_signs(text: str) -> bool:
    """Return whether a text has a sign of somebody that needs no knowledge of the case, such as a number or an age."""
    return find_in(text, Known()).total > 0


def names_a_ground(
    *, kind: str, basis: str, is_child: bool, leave: str, consent: str, checked: Collection[object]
) -> bool:
    """Return whether what allows a text is named so that it allows to show who somebody is.

    An appeal for a missing person does; leave of an authority or a court with its number; for an adult their consent.
    """
    if basis == "missing_person":
        return kind == "missing_appeal" and "missing_person_exception" in checked
    if basis == "adult_consent":
        return bool(consent) and not is_child
    return basis in _LEAVES and bool(leave)
