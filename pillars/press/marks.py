"""Numbers and names of a draft that lead to somebody whatever the case knows: phones, plates, papers, online names."""

import re
from collections.abc import Iterable
from typing import Final

from pillars.press import telling_words as w
from pillars.press.days import composed, pattern, without_days

_LEAST_DIGITS: Final = 7
_DIGITS_THAT_COUNT: Final = 10
_NUMBER: Final = re.compile(r"\+?\d[\d\s().\-/]{5,}\d")
_TOLL_FREE: Final = re.compile(r"(?<!\d)1[89]00[\s-]?\d{2,4}[\s-]?\d{3,4}(?!\d)")
"""Numbers that cost nothing to ring are those of helplines."""
_DIGITS: Final = {composed(word): digit for word, digit in w.DIGITS_IN_WORDS.items()}
_WORDS: Final = re.compile(r"[^\W_](?:\w|[\u0900-\u09ff])*|[^\w\s]")
_BETWEEN, _END = frozenset(",-"), "."
_LEAST_WORDS: Final = 4

_LETTER_SAID: Final = (
    r"(?:(?:ए|बी|सी|डी|ई|एफ|जी|एच|आई|जे|के|एल|एम|एन|ओ|पी|क्यू|आर|एस|टी|यू|वी|डब्ल्यू|एक्स|वाई|ज़ेड|जेड"
    r"|এ|বি|সি|চি|ডি|ই|এফ|জি|এইচ|আই|জে|কে|এল|এম|এন|ও|অ'|পি|কিউ|আর|আৰ|এস|এছ|টি|ইউ|ভি|ডব্লিউ|ডব্লু|এক্স|ওয়াই|ৱাই|জেড)[ .-]*)"
)
_PLATES: Final = tuple(
    pattern(written, any_case=False)
    for written in (
        r"\b[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{3,4}\b",
        r"\b(?i:[a-z]{2}\d{1,2}[a-z]{1,3}\d{4})\b",
        r"\b\d{2}[ -]?BH[ -]?\d{4}[ -]?[A-Z]{1,2}\b",
        rf"(?<![\u0900-\u09ff]){_LETTER_SAID}{{2}}\d{{1,2}}[ -]*{_LETTER_SAID}{{1,3}}\d{{3,4}}(?!\d)",
        r"[\u0900-\u09ff]{2,}(?:[ -][\u0900-\u09ff]+)?[ -][\u0900-\u09ff]{1,3}[ -]\d{1,2}[ -]\d{4}\b",
        r"\b[A-Z][a-z]+(?:[ -]Metro)?[ -](?:[KGCJTDBPMLHS]h?a|U|Au)[ -]\d{2}[ -]\d{4}\b",
        r"(?<![\u0900-\u09ff])(?:बा|को|मे|लु|ना|ग|ज|भे|रा|से|ध|क|म|स)\s?\d{1,2}\s?(?:च|प|ख|क|ज|य|झ)\s?\d{3,4}(?!\d)",
        r"\b(?i:Ba|Ko|Me|Lu|Na|Ga|Ja|Bhe|Ra|Se|Dha)[ -]\d{1,2}[ -](?i:Cha|Pa|Kha|Ka|Ja|Ya|Jha)[ -]\d{3,4}\b",
        r"\b\d[A-Z][-/]\d{4}\b",
    )
)  # fmt: skip
"""Number plates of India (also with its letters written as they are said), Bangladesh, Nepal and Myanmar."""

_NUMBERED: Final = (
    r"[\s:.,-]*(?:(?:no|nos|number|entry|sl)\b\.?|संख्या|सं\.|नंबर|क्रमांक|नं\.?|নং\.?|নম্বর|নম্বৰ|#)"
    r"[\s:.-]*(?:no\b\.?)?[\s:.-]*"
)
_PLAIN_PAPERS: Final = r"\bF\.?I\.?R\b\.?|\bG\.?D\.?E?\b\.?|एफआईआर|प्राथमिकी|सनहा|এফআইআর|জিডি|এজাহাৰ|এজাহার|এফ আই আৰ"
_OTHER_PAPERS: Final = (
    r"\b(?:case|complaint|crime|petition|diary|enquiry)|\b(?:CR|GR|C\.R|G\.R|Cr|SC|NDPS)\.?(?=\s*(?:No|Case))"
    r"|मुकदमा|मुक़दमा|केस|मामला|कांड|काण्ड|वाद|अपराध|मुद्दा|दर्ता|মামলা|ডায়েরি|ডায়রি|গোচৰ|কেছ|কেস"
)
_PAPERS: Final = pattern(
    rf"(?:{_PLAIN_PAPERS})(?:{_NUMBERED}|[\s:.-]*)\d+(?:\s*\(\d+\)\s*\d+)?(?:\s*/\s*\d+)?"
    rf"|(?:{_OTHER_PAPERS})(?:{_NUMBERED}\d+|[\s:.,-]*\d+(?:\s*\(\d+\))?(?:\s*/\s*\d|\s*\(\d+\)\s*\d|\s+of\s+\d{{4}}))[\d()/]*"
)
"""The number of an FIR or of an entry in a diary; other papers tell with the word for a number, or with their year."""

NETWORK: Final = (
    r"(?:\b(?:insta(?:gram)?|facebook|fb|tik\s?tok|telegram|snap(?:chat)?|imo|discord|youtube|handle|user\s?name|profile|i\.?d)\b"
    r"|इंस्टा\S*|फ़ेसबुक|फेसबुक|टिकटॉक|टेलीग्राम|स्नैपचैट|आईडी|आइडी|হ্যান্ডেল|ইনস্টা\S*|ফেসবুক\S*|ফেচবুক\S*|টিকটক\S*|টেলিগ্রাম\S*|টেলিগ্ৰাম\S*|আইডি\S*)"
)
_NAME_THERE: Final = (
    r"(?<![\w@./-])(?!(?:www|nos?|dr|st|[ap]\.m)\b)"
    r"((?=[a-z0-9.]*\d)[a-z][a-z0-9]*(?:\.[a-z0-9]+)*|[a-z][a-z0-9]*(?:\.[a-z0-9]+)+)"
    r"(?<!\.com)(?<!\.org)(?<!\.in)(?<!\.net)(?![\w@/])"
)
_HANDLES: Final = tuple(
    pattern(written)
    for written in (
        r"(?<![\w.])@([a-z0-9_.]{3,30})(?![\w.]*@)",
        r"(?<![\w#@./-])([a-z0-9][a-z0-9.]*_[a-z0-9_.]*[a-z0-9])(?![\w@/])",
        r"\b(?:facebook|fb|instagram|tiktok|t|telegram|snapchat)\.(?:com|me)/(?:add/|@)?([a-z0-9_.]{3,30})",
        r"(?<![\w.])([\w.]+)@(?:gmail|yahoo|hotmail|outlook|rediffmail|proton)\b",
        rf"{NETWORK}[^.;।!?\n]{{0,25}}?{_NAME_THERE}",
    )
)  # fmt: skip
"""A name after an at sign, with an underscore, at the end of an address, or with a dot or digit after a network."""
_LEAST_SIGNS: Final = 5
_SHORT_NUMBER: Final = re.compile(r"\+?\d[\d\s().\-/]{3,}\d")
_LEAST_DIGITS_OF_OURS: Final = 5
_MOST_WORDS_OF_A_NAME: Final = 4


def phones_in(plain: str, known: Iterable[str] = ()) -> set[str]:
    """Find phone numbers, written or said in words, each by its last ten digits; no day, paper or helpline is one.

    Numbers of the case, which stand in texts that are `known`, are found wherever their digits stand, short ones too.
    """
    return _any_phones_in(plain) | (numbers_of(known) & _short_numbers_in(plain))


def numbers_of(texts: Iterable[str]) -> set[str]:
    """Read the telephone numbers in texts with plain digits, each by its last ten."""
    return {number for text in texts for number in _short_numbers_in(text)}


def _short_numbers_in(plain: str) -> set[str]:
    digits = (re.sub(r"\D", "", number) for number in _SHORT_NUMBER.findall(plain))
    return {number[-_DIGITS_THAT_COUNT:] for number in digits if len(number) >= _LEAST_DIGITS_OF_OURS}


def _any_phones_in(plain: str) -> set[str]:
    found = (
        number
        for text in (plain, *_numbers_in_words(plain))
        for number in _NUMBER.findall(without_days(_PAPERS.sub(" ", _TOLL_FREE.sub(" ", text))))
    )
    digits = {re.sub(r"\D", "", number)[-_DIGITS_THAT_COUNT:] for number in found}
    return {number for number in digits if len(number) >= _LEAST_DIGITS}


def plates_in(plain: str) -> set[str]:
    """Find number plates, each once however it is written in its place."""
    text = composed(plain)
    found: set[str] = set()
    for plate in _PLATES:
        found |= {re.sub(r"[\s.-]", "", seen[0]).casefold() for seen in plate.finditer(text)}
        text = plate.sub(" ", text)
    return found


def papers_in(plain: str) -> set[str]:
    """Find the numbers of an FIR, of a case and of an entry in the diary of a police station."""
    return {found[0].casefold() for found in _PAPERS.finditer(composed(plain))}


def handles_in(text: str, known: Iterable[str]) -> set[str]:
    """Find online names: those of the case however they are parted in words, others where a sign shows them."""
    written = composed(text).casefold()
    ours = {_letters(handle): handle for handle in known if _letters(handle)}
    found = {ours[name] for name in ours.keys() & _neighbours(written)}
    others = {handle for handle in signed_in(written) if _letters(handle) not in ours}
    return found | {handle for handle in others if len(handle) >= _LEAST_SIGNS or f"@{handle}" in written}


def signed_in(written: str) -> set[str]:
    """Find what a sign shows to be an online name, in a text without capitals."""
    return {found[1].strip(".") for handle in _HANDLES for found in handle.finditer(written)}


def _letters(handle: str) -> str:
    return re.sub(r"[\W_]", "", composed(handle).casefold())


def _neighbours(written: str) -> set[str]:
    """Return what up to four neighbours of a text are in one word."""
    words = re.sub(r"[\W_]+", " ", written).split()
    return {
        "".join(words[first:last])
        for first in range(len(words))
        for last in range(first + 1, min(first + _MOST_WORDS_OF_A_NAME, len(words)) + 1)
    }


def _numbers_in_words(plain: str) -> tuple[str, ...]:
    """Return in digits what is said digit by digit in words, with the digits written between them."""
    found, said, words, times = [], "", 0, 1
    for word in (*_WORDS.findall(composed(plain).casefold()), _END):
        digit = _DIGITS.get(word, word if word.isdecimal() else "")
        if digit:
            said, words, times = said + digit * times, words + (word in _DIGITS), 1
        elif word in w.TIMES:
            times = w.TIMES[word]
        elif word not in _BETWEEN:
            found += [said] * (words >= _LEAST_WORDS)
            said, words, times = "", 0, 1
    return tuple(found)


_NETWORK: Final = pattern(rf"(?:{NETWORK}|\b(?:whats\s?app|signal|viber|messenger|twitter|sharechat)\b)")
_PIECES: Final = re.compile(r"[,;/()\n।|:]+|\s(?:and|or|और|এবং|ও|আৰু)\s")
_NUMBER_ONLINE_NAMES: Final = re.compile(r"\+?\d[\d\s.-]{4,}")
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
    rest = _NUMBER_ONLINE_NAMES.sub(",", written)
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
