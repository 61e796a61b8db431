"""Find in a text what may show who a person of the case is; finding nothing proves nothing.

What the case knows is looked for in any script and with the endings of the languages of the region: names, places,
schools, numbers, days. Beside it stand signs that need no knowledge: a number plate, an age, the only daughter of a
village, the caption of a picture. And what allows a text to show who somebody is.
"""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pillars.press.days import days_told
from pillars.press.hints import sorts_in
from pillars.press.marks import handles_in, papers_in, phones_in, plates_in
from pillars.press.names import count_told, listen

_LEAST_LETTERS = 3
_LEAST_LETTERS_OF_A_PLACE = 4
KINDS = ("names", "aliases", "phones", "places", "schools", "vehicles", "papers", "days", "hints")


@dataclass(frozen=True, slots=True)
class Known:
    """What the case knows that must not be in a text, kind by kind; `phones` may be free text with numbers in it.

    `days` are the days on which something happened to the person.
    """

    names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    schools: tuple[str, ...] = ()
    days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """How many different things of each kind are in a text, and which sorts of hints; never what they are."""

    names: int = 0
    aliases: int = 0
    phones: int = 0
    places: int = 0
    schools: int = 0
    vehicles: int = 0
    papers: int = 0
    days: int = 0
    hints: int = 0
    sorts: tuple[str, ...] = field(default=(), compare=False)

    @property
    def total(self) -> int:
        """How many were found in all."""
        return sum(getattr(self, kind) for kind in KINDS)


def find_in(text: str, known: Known) -> Found:
    """Count what a text has of what the case knows, the whole of it or a telling part, and signs that need none.

    A part of a name tells from three letters on (four of a place), also with an ending, and as it sounds in another
    script. Case, accents, signs between words and spaces in numbers make no difference. A number of a telephone, a
    number plate, the number of an FIR and an online name tell whether the case knows them or not; of those that it
    knows a short number tells too, and an online name without any sign.
    """
    heard = listen(text)
    plain = _with_plain_digits(text)
    sorts = sorts_in(plain)
    return Found(
        names=count_told(known.names, heard, _LEAST_LETTERS, of_people=True),
        aliases=count_told(known.aliases, heard, _LEAST_LETTERS, of_people=True) + len(handles_in(text, known.handles)),
        phones=len(phones_in(plain, tuple(_with_plain_digits(text) for text in known.phones))),
        places=count_told(known.places, heard, _LEAST_LETTERS_OF_A_PLACE),
        schools=count_told(known.schools, heard, _LEAST_LETTERS_OF_A_PLACE),
        vehicles=len(plates_in(plain)),
        papers=len(papers_in(plain)),
        days=days_told(plain, known.days),
        hints=len(sorts),
        sorts=sorts,
    )


def _with_plain_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


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
