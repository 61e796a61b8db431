"""The rules of plain words that a machine can hold texts to; `docs/reference/plain-words.md` gives the reasons."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.wording.seen_texts import Seen

_PERMISSIONS = (
    r"(you|nobody|no one|everyone) may( not)?|complainant may apply",
    r"only (counsellors|the people named[^.]*) may read",
    r"(adult|child) may( not)? (leave|be held|be kept)|(they|person) may (agree|see|withdraw|stop|no longer)",
    r"(who|what|else|whoever|everyone who|anything that) may( not| no longer)?",
    r"(what|who|when|until when|how long) may (it be published|we|they|the (person|unit|letter)|your unit)\b",
    r"(what|nothing|it|agreed) may( not)? be (shared|sent|used|published)|nothing in it may be shared",
    r"may (leave( the network)?|see (it|this case)|reach the press|not be (held|kept)|we write|the letter leave)",
    r"(may|and may) (stop|agree|be heard|see|ask|do)\b",
    r"May Day|the program may do|may see a case|(?<=[Nn]o )other unit may|(?<=[Oo]thers )may not",
)
"""The sentences in which somebody is allowed something, or not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is not written, what is written instead, and where the words are right all the same."""

    pattern: str
    instead: str
    but: str = ""
    not_in: tuple[str, ...] = ()

    def breaks(self, seen: Seen) -> Iterator[str]:
        """Name what breaks this rule in a text."""
        if seen.file.startswith(self.not_in):
            return
        text = re.sub(self.but, "", seen.text, flags=re.IGNORECASE) if self.but else seen.text
        if found := re.search(self.pattern, text, flags=re.IGNORECASE):
            yield f"{seen.file}:{seen.line}: “{found[0]}”: {self.instead} In: {seen.text[:160]}"


_ON_PAPER = ("templates/documents/",)
_SEALS_OF_WAX = (
    "pillars/policing/", "pillars/prosecution/", "templates/documents/custody-chain", "templates/documents/bsa63",
)  # fmt: skip
RULES = (
    Rule(r"\bmay\b", "“may” is permission: write “can”, “could” or “might”.", but="|".join(_PERMISSIONS)),
    Rule(r"\b(some|any|every)body\b", "write “someone”, “anyone”, “everyone”."),
    Rule(r"\bglass\b", "write “emergency access”."),
    Rule(r"\bstubs?\b", "write “the merged case”."),
    Rule(r"\b(un)?seal(ed|s|ing)?\b", "write “encrypted” (data) or “restricted” (a case).", not_in=_SEALS_OF_WAX),
    Rule(r"\bgates?\b", "write “on hold: something is needed first”.", but=r"\{gate\}"),
    Rule(r"\bbesides?\b", "write “together with”, “alongside” or “apart from”."),
    Rule(r"\b(is|are|was|were|be|been|being|not|who|one) told\b|\b(tells?|told) of\b",
         "a message “notifies”, a colleague is “informed”, a concern is “reported”.", but=r"who told (us|you)"),
    Rule(r"\b(take|takes|taken|took|taking) (it |this |that )?back\b", "a consent or a request is “withdrawn”."),
    Rule(r"\bst(and|ands|ood) still\b|\blet (it|this) go on\b", "a deadline is “paused” and “resumed”."),
    Rule(r"\b(call|calls|called|calling) ((it|this|the step|the handover) )?off\b", "a step is “cancelled”."),
    Rule(r"\bcalled back\b|\bcall (it|this) back\b", "what was shared is “recalled”."),
    Rule(r"\b(write|writes|wrote|written) (it |this |them )?down\b", "write “record” (on paper: “write down”).",
         but=r"print them or write them down|may we write this down", not_in=_ON_PAPER),
    Rule(r"\bwaits\b", "write “is waiting”."),
    Rule(r"\bwhom\b", "write “who”.", but=r"(to|from|by) whom"),
    Rule(r"\b(on|until|by|from|since|for) which day\b|\bin which language\b", "write “what date”, “what language”."),
    Rule(r"\bnoted\b", "write “recorded”."),
    Rule(r"\banew\b", "write “again”."),
    Rule(r"\b(people|persons?|someone|anyone|no one|nobody) of (the|this|that) case\b", "a person is “in the case”."),
    Rule(r"\bcounts? (once|no more)\b|\bdoes not count any ?more\b", "a link or a key “works once”, “is valid”."),
    Rule(r"\b(has|have|had) run out\b|\bran out\b", "a consent or a licence “expires”."),
    Rule(r"\blies in the (past|future)\b", "it “is in the past”, “in the future”."),
    Rule(r"\b(take|takes|took|taken) (it|this|that) (on|up)\b", "work is “accepted”."),
    Rule(r"\bacts? no longer\b", "an account is “deactivated”."),
    Rule(r"\bblocked by|\banother body\b", "write “waiting on another agency”, “another agency”."),
    Rule(r"\bwhose delay\b", "write “who is responsible for the delay”."),
    Rule(r"\bwants it (lifted|opened)\b|\bhold(s)? (it|this) back\b|\bheld back\b", "a case is “on hold”."),
)  # fmt: skip
