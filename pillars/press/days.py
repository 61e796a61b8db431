"""The days that a draft names, in figures, with the name of the month, or in words."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Final, cast


def composed(text: str) -> str:
    """Write each letter with its sign as one, as the patterns have it."""
    return unicodedata.normalize("NFC", text)


def pattern(written: str, *, any_case: bool = True) -> re.Pattern[str]:
    """Return a pattern for texts that `composed` gives, compiled at its first use: small and large letters alike."""
    return cast("re.Pattern[str]", _Written(written, re.IGNORECASE if any_case else 0))


class _Written:
    def __init__(self, written: str, flags: int) -> None:
        self._written = written
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        return getattr(self._compiled, name)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(composed(self._written), self._flags)


_MONTHS: Final = {
    composed(name): number
    for number, names in enumerate(
        (
            "january jan जनवरी জানুয়ারি জানুয়ারী জানুৱাৰী জানুৱাৰি",
            "february feb फरवरी फ़रवरी फेब्रुअरी ফেব্রুয়ারি ফেব্রুয়ারী ফেব্ৰুৱাৰী ফেব্ৰুৱাৰি",
            "march mar मार्च মার্চ মাৰ্চ", "april apr अप्रैल अप्रिल এপ্রিল এপ্ৰিল", "may मई मे মে মে'",
            "june jun जून जुन জুন", "july jul जुलाई জুলাই", "august aug अगस्त अगस्ट আগস্ট অগস্ট আগষ্ট",
            "september sept sep सितंबर सितम्बर सेप्टेम्बर সেপ্টেম্বর ছেপ্টেম্বৰ চেপ্তেম্বৰ",
            "october oct अक्टूबर अक्तूबर अक्टोबर অক্টোবর অক্টোবৰ", "november nov नवंबर नवम्बर नोभेम्बर নভেম্বর নৱেম্বৰ",
            "december dec दिसंबर दिसम्बर डिसेम्बर ডিসেম্বর ডিচেম্বৰ",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_IN_WORDS: Final = {
    composed(word): number
    for words in (
        """
        first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
        fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third
        twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first
        """,
        """
        एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस इक्कीस बाईस तेईस चौबीस
        पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस
        """,
        """
        এক দুই তিন চার পাঁচ ছয় সাত আট নয় দশ এগারো বারো তেরো চৌদ্দ পনেরো ষোলো সতেরো আঠারো উনিশ বিশ একুশ বাইশ তেইশ
        চব্বিশ পঁচিশ ছাব্বিশ সাতাশ আটাশ ঊনত্রিশ ত্রিশ একত্রিশ
        """,
        """
        এক দুই তিনি চাৰি পাঁচ ছয় সাত আঠ ন দহ এঘাৰ বাৰ তেৰ চৈধ্য পোন্ধৰ ষোল্ল সোতৰ ওঠৰ ঊনৈশ বিশ একৈশ বাইশ তেইশ
        চৌবিশ পঁচিশ ছাব্বিশ সাতাইশ আঠাইশ ঊনত্ৰিশ ত্ৰিশ একত্ৰিশ
        """,
    )
    for number, word in enumerate(words.split(), start=1)
}  # fmt: skip


def _one_of(words: Iterable[str]) -> str:
    return "|".join(sorted((re.escape(word) for word in words), key=len, reverse=True))


_SHORT = 2
"""Letters of a month that may begin another word (মে of মেয়ে): nothing of its script may follow it."""
_NAME: Final = (
    rf"(?P<name>(?:{_one_of(name for name in _MONTHS if len(name) > _SHORT)})(?![a-z])"
    rf"|(?:{_one_of(name for name in _MONTHS if len(name) <= _SHORT)})(?![\u0900-\u09ff]))\.?"
)
_DAY: Final = r"(?<!\d)(?<!\d[-/.])(?P<day>0?[1-9]|[12]\d|3[01])(?!\d)"
_ORDINAL: Final = r"\s*(?:st|nd|rd|th|লা|রা|ঠা|ই|শে)?"
_YEAR: Final = r"(?P<year>\d{4}|\d{2})(?![\d:])"
_WRITINGS: Final = tuple(
    pattern(written)
    for written in (
        r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>0?[1-9]|1[0-2])[-/.](?P<day>0?[1-9]|[12]\d|3[01])(?!\d)",
        rf"{_DAY}{_ORDINAL}[\s,.-]*(?:day\s+)?(?:of\s+)?{_NAME}(?:[\s,./'-]+{_YEAR})?",
        rf"(?<![a-z\u0900-\u09ff]){_NAME}[\s-]*(?:the\s+)?{_DAY}{_ORDINAL}(?:[\s,]+(?P<year>\d{{4}})(?!\d))?",
        rf"{_DAY}(?P<sign>[-/.])(?P<month>0?[1-9]|1[0-2])(?!\d)(?:(?P=sign){_YEAR}|[\s,]+(?P<late>\d{{4}})(?!\d))?",
        rf"(?<!\S)(?P<word>{_one_of(_IN_WORDS)})\s+(?:day\s+)?(?:of\s+)?{_NAME}(?:[\s,]+(?P<year>\d{{4}})(?!\d))?",
        rf"(?<![a-z\u0900-\u09ff]){_NAME}\s+(?:the\s+)?(?P<word>{_one_of(_IN_WORDS)})(?!\S*[\u0900-\u09ff])",
    )
)  # fmt: skip
_THIS_CENTURY: Final = 2000
_CENTURY: Final = 100


def days_told(plain: str, known: Iterable[date]) -> int:
    """Count the days of the case that a text names; a day with the name of its month tells without a year.

    The text has plain digits. A day in figures tells with its year only, which may be of two digits.
    """
    ours = set(known)
    told = set(_read(composed(plain)))
    return sum(
        any((day, month) == (one.day, one.month) and year in (one.year, None) for day, month, year in told)
        for one in ours
    )


def without_days(plain: str) -> str:
    """Take out of a text what is a day, so that no number is made of it."""
    for writing in _WRITINGS:
        plain = writing.sub(" ", plain)
    return plain


def _read(plain: str) -> Iterator[tuple[int, int, int | None]]:
    for writing in _WRITINGS:
        for found in writing.finditer(plain):
            said = found.groupdict()
            name, year = said.get("name"), said.get("year") or said.get("late")
            day = int(said["day"]) if said.get("day") else _IN_WORDS[said["word"].casefold()]
            if name or year:
                month = _MONTHS[name.casefold()] if name else int(said["month"])
                yield day, month, _whole(int(year)) if year else None


def _whole(year: int) -> int:
    return year if year >= _CENTURY else _THIS_CENTURY + year
