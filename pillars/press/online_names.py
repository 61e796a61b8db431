"""The online names in an answer that also has numbers, and words: `94360 12345, insta: sweetangel, fb Priya.D`."""

import re
from typing import Final

from pillars.press import telling_words as w
from pillars.press.marks import NETWORK, signed_in
from pillars.press.patterns import composed, pattern

_NETWORK: Final = pattern(rf"(?:{NETWORK}|\b(?:whats\s?app|signal|viber|messenger|twitter|sharechat)\b)")
_PIECES: Final = re.compile(r"[,;/()\n।|:]+|\s(?:and|or|और|এবং|ও|আৰু)\s")
_NUMBER: Final = re.compile(r"\+?\d[\d\s.-]{4,}")
_FILLING: Final = frozenset(
    """
    is as on it's id name names named called account accounts page profile number numbers phone phones mobile cell
    uses using used user username handle known own unknown none nil same writes number's old new group
    chat app game video
    only offer offers job jobs http https www link every single day often there online also
    वह पर से है नाम फोन फ़ोन मोबाइल নাম ফোন মোবাইল নম্বর
    """.split()  # noqa: SIM905 - written as the lists of words are
)
_LEAST_LETTERS: Final = 4
_MOST_WORDS: Final = 3


def names_online(text: str) -> tuple[str, ...]:
    """Read the online names in an answer: what a sign shows, what stands alone, what follows the name of a network."""
    written = composed(text).casefold()
    signed = signed_in(written)
    rest = _NUMBER.sub(",", written)
    for name in sorted(signed, key=len, reverse=True):
        rest = rest.replace(name, ",")
    pieces = (name for piece in _PIECES.split(rest) for name in _of_piece(piece))
    return tuple(dict.fromkeys((*sorted(signed), *pieces)))


def _of_piece(piece: str) -> list[str]:
    first, *after = _NETWORK.split(piece)
    found = [_whole(first), *(_whole(part) or next(iter(_telling(part)), "") for part in after)]
    return [name for name in found if len(re.sub(r"[\W_]", "", name)) >= _LEAST_LETTERS]


def _whole(part: str) -> str:
    words = _telling(part)
    return " ".join(words) if len(words) <= _MOST_WORDS and len(part.split()) <= _MOST_WORDS + 1 else ""


def _telling(part: str) -> list[str]:
    words = (word.strip(".-'\"@ ") for word in part.split())
    return [word for word in words if word and not _is_filling(re.split(r"['\u2019]", word)[0])]


def _is_filling(word: str) -> bool:
    return word in _FILLING or word in w.COMMON or word in w.EVERYDAY or word in w.PEOPLE
