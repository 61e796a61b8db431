"""Write words of Latin, Devanagari, Bengali, Assamese and Burmese script as they sound, so that spellings compare.

`roman` writes a text in plain Latin letters. `sound` keeps of one such word what most spellings of it share:
consonants by class in capitals, vowels as a, i or u. `skeleton` keeps of that the consonants and a vowel in front.
None of them is a standard of transliteration: they are made to bring spellings of one name together.
"""

import re
import unicodedata
from typing import Final

_DEVANAGARI, _BENGALI, _INDIC_END = 0x0900, 0x0980, 0x0A00
_NUKTA, _VIRAMA = "\u093c", "\u094d"
_CONSONANTS: Final = {
    "क": "k", "ख": "kh", "ग": "g", "घ": "gh", "ङ": "ng", "च": "ch", "छ": "chh", "ज": "j", "झ": "jh", "ञ": "ny",
    "ट": "t", "ठ": "th", "ड": "d", "ढ": "dh", "ण": "n", "त": "t", "थ": "th", "द": "d", "ध": "dh", "न": "n", "ऩ": "n",
    "प": "p", "फ": "ph", "ब": "b", "भ": "bh", "म": "m", "य": "y", "र": "r", "ऱ": "r", "ल": "l", "ळ": "l", "ऴ": "l",
    "व": "v", "श": "sh", "ष": "sh", "स": "s", "ह": "h",
}  # fmt: skip
_VOWELS: Final = {
    "अ": "a", "आ": "a", "इ": "i", "ई": "i", "उ": "u", "ऊ": "u", "ऋ": "ri", "ए": "e", "ऐ": "ai", "ओ": "o", "औ": "au",
    "ऑ": "o", "ऍ": "e", "ऎ": "e", "ऒ": "o",
}  # fmt: skip
_SIGNS: Final = {
    "ा": "a", "ि": "i", "ी": "i", "ु": "u", "ू": "u", "ृ": "ri", "े": "e", "ै": "ai", "ो": "o", "ौ": "au", "ॉ": "o",
    "ॅ": "e", "ॆ": "e", "ॊ": "o",
}  # fmt: skip
_OTHER: Final = {"ं": "n", "ँ": "n", "\u0903": ""}
_BENGALI_OWN: Final = {"\u09af": "j", "\u09f0": "r", "\u09f1": "w", "\u09ce": "t"}
"""Bengali ya, Assamese ra and wa, and the t without a vowel: they have no likeness at the same place of Devanagari."""
_NASAL_BEFORE_I: Final = re.compile("[\u0901\u0981](?=[इईইঈ])")
"""A nasal that no other script writes: Gossai, but Gaon and Santal."""
_BENGALI_YA: Final = "\u09af"
_ASSAMESE_WA: Final = "\u09f1"
_LENGTH_MARKS: Final = {"\u09d7"}
_JOINED: Final = "\u094d"
"""Stands between two consonants that have no vowel between them, while a word is being written."""
_JOINERS: Final = {"\u200c", "\u200d", "\ufeff"}

_ONSETS: Final = {
    "က": "k", "ခ": "kh", "ဂ": "g", "ဃ": "g", "င": "ng", "စ": "s", "ဆ": "s", "ဇ": "z", "ဈ": "z", "ဉ": "ny", "ည": "ny",
    "ဋ": "t", "ဌ": "t", "ဍ": "d", "ဎ": "d", "ဏ": "n", "တ": "t", "ထ": "t", "ဒ": "d", "ဓ": "d", "န": "n", "ပ": "p",
    "ဖ": "p", "ဗ": "b", "ဘ": "b", "မ": "m", "ယ": "y", "ရ": "y", "လ": "l", "\u101d": "w", "သ": "th", "ဟ": "h", "ဠ": "l",
    "အ": "",
}  # fmt: skip
_ALONE: Final = {"ဣ": "i", "ဤ": "i", "ဥ": "u", "ဦ": "u", "ဧ": "e", "ဩ": "o", "ဪ": "aw", "ဿ": "th"}
_SYLLABLE: Final = re.compile(
    "(?P<onset>[က-အ])(?P<medials>[ျြွှ]*)(?P<vowel>[ါ-ဲံ့း]*)(?P<final>[က-အ](?=[့း]*[်္])[့း]*[်္])?(?P<tone>[့း်]*)"
)
_RIMES: Final = {
    ("", "က"): "et", ("ေါ", "က"): "auk", ("ေ", "က"): "auk", ("ို", "က"): "aik", ("", "င"): "in", ("ေ", "င"): "aung",
    ("ို", "င"): "aing", ("", "စ"): "it", ("", "တ"): "at", ("ိ", "တ"): "eik", ("ု", "တ"): "ok", ("", "ပ"): "at",
    ("ိ", "ပ"): "eik", ("ု", "ပ"): "ok", ("", "န"): "an", ("ိ", "န"): "ein", ("ု", "န"): "on", ("", "မ"): "an",
    ("ိ", "မ"): "ein", ("ု", "မ"): "on", ("", "ည"): "i", ("", "ဉ"): "in", ("", "ယ"): "e",
}  # fmt: skip
_RIMES_OF_FINAL: Final = {"က": "k", "စ": "t", "တ": "t", "ပ": "t", "င": "n", "န": "n", "မ": "n", "ည": "", "ယ": ""}
_OPEN: Final = {
    "": "a", "ာ": "a", "ါ": "a", "ိ": "i", "ီ": "i", "ု": "u", "ူ": "u", "ေ": "e", "ဲ": "e", "ော": "aw", "ေါ": "aw",
    "ို": "o", "ံ": "an", "ုံ": "on", "ိံ": "ein",
}  # fmt: skip
_MADE_SOFT: Final = {"k": "ky", "kh": "ch", "g": "gy", "ng": "ny"}
_NASALS: Final = frozenset("ငနမဉ")

_SPELLINGS: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"[^a-z]", ""), (r"ksh|kkh|x", "s"), (r"s?chh?|tch|sh|c(?=[eiy])", "s"), (r"[cq]", "k"), (r"^gn|jn|gy", "g"),
        (r"ph", "f"), (r"h(?![aeiouy])|(?<=[^aeiou])h", ""), (r"z", "j"), (r"ngg?", "n"), (r"m(?=[bpfv])", "n"),
        (r"^y(?=[aeiou])", "j"), (r"(?<=[^aeiou])y(?=[aeiou])", ""), (r"y(?![aeiou])|(?<=[aeiou])y", "i"),
        (r"(?<=[^aeiou])w|(?<=[uo])w(?=[aeiou])", ""), (r"(?<=[aeiou])w(?![aeiou])", "u"),
        (r"[vw]", "b"), (r"f", "p"), (r"oo", "u"), (r"[eiy]+", "i"), (r"o", "a"),
        (r"(?<=[aiu])[aiu]+", ""), (r"([bdghjklmnprst])\1+", r"\1"), (r"([aiu][^aiu])a([^aiu])(?=[aiu])", r"\1\2"),
        (r"(?<=.)a$", ""),
    )
)  # fmt: skip
_CONSONANT: Final = re.compile(r"[bdghjklmnprst]")


def roman(text: str, *, between: str = "") -> str:
    """Write a text in plain Latin letters and small ones, as it sounds; what is of another script stays as it is.

    `between` stands after each syllable of Burmese, in which no sign parts one word from the next.
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFC", text) if sign not in _JOINERS)
    plain = _NASAL_BEFORE_I.sub("", plain)
    plain = _SYLLABLE.sub(lambda found: _burmese(found) + between, plain)
    words = re.split(r"(\s+)", "".join(_ALONE.get(sign, sign) for sign in plain))
    return "".join(_indic(word) for word in words).lower()


def sound(word: str) -> str:
    """Return what most spellings of one word in Latin letters share; empty for a word without letters."""
    heard = word
    for pattern, instead in _SPELLINGS:
        heard = pattern.sub(instead, heard)
    return _CONSONANT.sub(lambda found: found[0].upper(), heard)


def skeleton(word: str) -> str:
    """Return the consonants of what `sound` gives, with a vowel only where the word begins with one."""
    heard = sound(word)
    return heard[:1] + "".join(sign for sign in heard[1:] if sign.isupper())


def _indic(word: str) -> str:
    """Write a word of Devanagari, Bengali or Assamese; a consonant has an a unless another vowel follows.

    A dot below makes y of the Bengali ya alone; Assamese wa at the end is heard as v.
    """
    said: list[str] = []
    waits = was_ya = False
    for sign in word:
        own, plain = _BENGALI_OWN.get(sign), _as_devanagari(sign)
        letter = own or _CONSONANTS.get(plain)
        if letter is not None:
            is_joined = bool(said) and said[-1] == _JOINED
            was_ya = sign == _BENGALI_YA
            said += ["a"] * waits + ["w" if is_joined and plain in "वब" and said[-2:-1] != ["m"] else letter]
            waits = sign != "\u09ce"
        elif plain == _NUKTA and said:
            said[-1] = _softened(said[-1], was_ya=was_ya)
        elif plain in _SIGNS or plain == _VIRAMA:
            said.append(_SIGNS.get(plain, _JOINED))
            waits = False
        elif sign not in _LENGTH_MARKS:
            is_of_word = plain in _VOWELS or plain in _OTHER
            said += ["a"] * (waits and is_of_word) + [_VOWELS.get(plain, _OTHER.get(plain, _without_accent(sign)))]
            waits = False
    if waits and word.endswith(_ASSAMESE_WA):
        said[-1] = "v"
    return "".join(said).replace(_JOINED, "")


def _as_devanagari(sign: str) -> str:
    """Return the letter of Devanagari for one of Bengali: both blocks have the same order."""
    code = ord(sign)
    return chr(code - (_BENGALI - _DEVANAGARI)) if _BENGALI <= code < _INDIC_END else sign


def _softened(letter: str, *, was_ya: bool) -> str:
    """Return a letter with a dot below: Bengali ya becomes y, and d becomes r."""
    return "y" if was_ya else {"d": "r", "dh": "r", "j": "z", "ph": "f"}.get(letter, letter)


def _without_accent(sign: str) -> str:
    if ord(sign) < _DEVANAGARI or "\u1e00" <= sign < "\u1f00":
        return "".join(part for part in unicodedata.normalize("NFD", sign) if not unicodedata.combining(part))
    return sign


def _burmese(found: re.Match[str]) -> str:
    onset, medials = _ONSETS[found["onset"]], found["medials"]
    vowel = found["vowel"].replace("့", "").replace("း", "")
    final = found["final"]
    if "ှ" in medials and onset == "y":
        onset = "sh"
    if ("ျ" in medials or "ြ" in medials) and onset:
        onset = _MADE_SOFT.get(onset, f"{onset}y")
    onset += "w" if "ွ" in medials else ""
    if not final:
        return onset + _OPEN.get(vowel, "a")
    is_creaky = "့" in found[0] and final[0] in _NASALS
    return onset + _closed(vowel, final[0]) + ("t" if is_creaky else "")


def _closed(vowel: str, final: str) -> str:
    base = vowel.replace("ာ", "").replace("ါ", "") if vowel != "ေါ" else "ေ"
    return _RIMES.get((base, final)) or _OPEN.get(base, "a") + _RIMES_OF_FINAL.get(final, "")
