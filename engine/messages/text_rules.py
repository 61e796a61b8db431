"""What a text that people write for a message must keep to: it leads to nobody; and how long it is as an SMS."""

import re
from collections.abc import Iterator
from math import ceil
from typing import Final, NamedTuple

_MARKS: Final = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_REFUSED: Final = {
    re.compile(r"[^\s@]+@[^\s@]+\.\w"): "holds an e-mail address. Take it out: whoever holds the telephone "
    "can read a message, and the page that it leads to can show the address",
    re.compile(r"(?:\b[a-z][a-z0-9+.-]*://|\bwww\.)", re.IGNORECASE): "holds a link of its own. Take it out: the only "
    "link of a message is {{ link }}, which asks to sign in",
    re.compile(r"\d(?:[ ().-]?\d){5,}"): "holds a long number, such as a telephone number, a PIN code or a date. "
    "Take it out: the page that {{ link }} leads to can show it. A helpline of three to five digits can stay",
}  # fmt: skip
_DOUBTED: Final = {
    re.compile(
        r"\b(?:street|road|lane|village|colony|nagar|ward no|house no|opposite|police station|shelter home|district)\b"
        r"|गाँव|गांव|सड़क|थाना|थाने|मोहल्ला|ज़िला|जिला|(?<!প্রো)গ্রাম|রাস্তা|থানা|মহল্লা|জেলা|গাঁও|জিলা|ရပ်ကွက်|ကျေးရွာ|လမ်း",
        re.IGNORECASE,
    ): "seems to name a place or an address. If it could lead someone to a person, take it out",
    re.compile(
        r"\b(?:mr|mrs|ms|smt|shri|kumari|daughter of|son of|wife of|years old|aged)\b|श्रीमती|श्री |कुमारी|শ্রীমতী|শ্রী ",
        re.IGNORECASE,
    ): "seems to name a person or an age. If it could identify someone, take it out",
}  # fmt: skip


class TextProblem(NamedTuple):
    """What is wrong with a text, as the end of a sentence that begins with its name; lines count from 1.

    `is_doubt` when it only asks for a second look.
    """

    line: int
    says: str
    is_doubt: bool = False


def identifying(text: str) -> Iterator[TextProblem]:
    """Find what could lead to a person: what is refused, and what asks for a second look (`is_doubt`)."""
    bare = _MARKS.sub(lambda found: "\n" * found[0].count("\n") + "·", text)
    for number, line in enumerate(bare.split("\n"), start=1):
        for patterns, is_doubt in ((_REFUSED, False), (_DOUBTED, True)):
            for pattern, says in patterns.items():
                if pattern.search(line):
                    yield TextProblem(number, says, is_doubt)


_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE: Final = frozenset("^{}\\[~]|€\f")


def sms_parts(text: str) -> int:
    """Return in how many parts a text goes by SMS: 160 letters of the plain alphabet, or 70 of any other script.

    A text of several parts has 153 or 67 letters in each (3GPP TS 23.038 and 23.040).
    """
    if frozenset(text) <= _GSM | _GSM_TWICE:
        length, alone, each = len(text) + sum(letter in _GSM_TWICE for letter in text), 160, 153
    else:
        length, alone, each = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= alone else ceil(length / each)
