"""Fingerprints of persons: phonetic keys of each part of a name in any script, and normalised phone numbers."""

import re
from collections.abc import Iterator, Mapping

import jellyfish
from anyascii import anyascii

from engine.domain.identity import findable
from engine.ports import JsonValue

_NOT_A_LETTER = re.compile(r"[^a-z]+")
_HONORIFICS = frozenset(
    {"mr", "mrs", "ms", "miss", "md", "mohd", "shri", "smt", "kumari", "u", "daw", "ma", "ko", "begum"}
)
_SHORTEST_PHONE = 7


class NameTokens:
    """Gives the tokens of a person: name parts by sound, the whole name by sound, phones by their last ten digits."""

    def tokens(self, identity: Mapping[str, JsonValue]) -> tuple[tuple[str, str], ...]:
        """Give (kind, value) pairs; two spellings of one name in two scripts mostly share them.

        Those of all whom the person may be are among them, until they are ruled out.
        """
        return tuple(dict.fromkeys(token for one in findable(identity) for token in _tokens(one)))


def _tokens(identity: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    for name in _names(identity):
        parts = [part for part in _NOT_A_LETTER.split(anyascii(name).lower()) if part and part not in _HONORIFICS]
        sounds = sorted({jellyfish.metaphone(part) or part for part in parts})
        for sound in sounds:
            yield "name_part", sound
        if len(sounds) > 1:
            yield "name", " ".join(sounds)
    phone = re.sub(r"\D", "", str(identity.get("phone") or ""))
    if len(phone) >= _SHORTEST_PHONE:
        yield "phone", phone[-10:]


def _names(identity: Mapping[str, JsonValue]) -> Iterator[str]:
    name, aliases = identity.get("name"), identity.get("aliases")
    if isinstance(name, str) and name:
        yield name
    for alias in aliases if isinstance(aliases, list) else ():
        if isinstance(alias, str) and alias:
            yield alias
