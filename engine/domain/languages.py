"""Languages by their names, so that nobody has to know a code."""

from collections.abc import Mapping
from typing import Final

ANOTHER: Final = "mis"
"""The code of ISO 639 for a language that has no code of its own."""

LANGUAGES: Final[Mapping[str, str]] = {
    "adi": "Adi", "njm": "Angami", "njo": "Ao", "apt": "Apatani", "as": "Assamese", "bn": "Bengali", "bho": "Bhojpuri",
    "brx": "Bodo", "my": "Burmese", "ccp": "Chakma", "cnh": "Chin (Hakha)", "zh": "Chinese", "ctg": "Chittagonian",
    "dis": "Dimasa", "en": "English", "grt": "Garo", "haj": "Hajong", "hi": "Hindi", "hmr": "Hmar",
    "kac": "Jingpho (Kachin)", "ksw": "Karen (S'gaw)", "mjw": "Karbi", "kha": "Khasi", "trp": "Kokborok",
    "nbe": "Konyak", "lep": "Lepcha", "lif": "Limbu", "njh": "Lotha", "mai": "Maithili", "mni": "Meitei (Manipuri)",
    "mrg": "Mising", "lus": "Mizo", "mnw": "Mon", "nag": "Nagamese", "ne": "Nepali", "njz": "Nyishi", "pck": "Paite",
    "pbv": "Pnar", "rki": "Rakhine", "rhg": "Rohingya", "sck": "Sadri", "sat": "Santali", "shn": "Shan",
    "sip": "Sikkimese (Bhutia)", "nsm": "Sumi", "syl": "Sylheti", "taj": "Tamang", "ta": "Tamil",
    "nmf": "Tangkhul", "te": "Telugu", "th": "Thai", "tcz": "Thadou", "thl": "Tharu", "ur": "Urdu",
}  # fmt: skip
"""Code of ISO 639, and English name, of the languages of the region; in the order of a list to choose from."""


def language_words(code: str) -> str:
    """Give the name of a language; a code that is not known here stays as it is."""
    if code == ANOTHER:
        return "Another language"
    return LANGUAGES.get(code, code)


def to_choose(present: str = "") -> dict[str, str]:
    """Give what can be chosen: by name, then another language, and what was chosen before if it is none of these."""
    by_name = dict(sorted(LANGUAGES.items(), key=lambda one: one[1]))
    offered = by_name | {ANOTHER: language_words(ANOTHER)}
    return offered if not present or present in offered else offered | {present: present}
