"""The shapes of names in definition files, roles, restricted categories, and words for keys without a label."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import StringConstraints

RESERVED = frozenset(
    {
        "start",
        "ready",
        "everything",
        "report",
        "case",
        "this",
        "person",
        "outcome",
        "true",
        "false",
        "null",
        "in",
        "has",
        "exists",
        "all",
        "size",
        "timestamp",
        "duration",
    },
)

LEFT_OUT: Final = ("skipped", "cancelled")
"""What a condition reads as the outcome of a step that nobody ended."""
PERSON: Final = "person"
"""The person for whom a step is done, in its conditions."""
OF_PERSONS: Final = {
    "is_child": "a child", "is_victim": "a victim", "is_possible_victim": "a possible victim",
    "is_suspect": "a suspect", "is_witness": "a witness", "is_informant": "an informant",
    "is_guardian": "a guardian", "is_family": "one of the family",
}  # fmt: skip
"""What a condition can ask of that person, with its words: whether they are a child, and the roles they can have."""

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Steps, facts and fields."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
"""Workflows, ladders, gates, calendars."""

StepTypeKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
AnswerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}\.[a-z][a-z0-9_]{0,63}$")]
"""An answer of a step, as `step.output`."""

ChoiceCode = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,63}|[A-Z]{2}(-[A-Z0-9]{1,3})?)$")]
"""What a question offers: an id, or the code of a country or State, by whose calendar a later step can count."""
JurisdictionCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500)]
ConditionText = Annotated[str, StringConstraints(min_length=1, max_length=500)]


def as_tuple(value: Any) -> Any:  # noqa: ANN401 - runs before validation
    """Return a list, or one value that stands alone, as a tuple; for what may be written either way."""
    if isinstance(value, list | tuple):
        return tuple(value)
    return value if value is None else (value,)


class RestrictedCategory(StrEnum):
    """What is kept apart even within a unit: who sees the case does not see it for that reason."""

    HEALTH = "health"
    COUNSELLING = "counselling"
    IMAGES = "images"
    INFORMANTS = "informants"
    SHELTER_ADDRESS = "shelter_address"
    TESTIMONY = "testimony"


_ACRONYMS: Final = frozenset({"ahtu", "bsf", "cwc", "fir", "gd", "mou", "ngo", "otp", "pdf", "sms", "sop", "tip"})
"""Keys are written small; these words of them never are."""
_MOST_WORDS: Final = 4_096
COUNTRIES: Final[Mapping[str, str]] = {
    "IN": "India", "BD": "Bangladesh", "NP": "Nepal", "MM": "Myanmar", "BT": "Bhutan", "TH": "Thailand", "LA": "Laos",
    "KH": "Cambodia", "CN": "China", "LK": "Sri Lanka", "MY": "Malaysia",
}  # fmt: skip
"""The countries that cases lead through, by the code that jurisdictions begin with."""


@lru_cache(_MOST_WORDS)
def in_plain_words(key: str) -> str:
    """Make a label of a key: `blocked_by_other_body` reads "Blocked by other body", `partner_ngo` "Partner NGO"."""
    words = in_running_words(key)
    return words[:1].upper() + words[1:]


def type_in_plain_words(uses: str) -> str:
    """Name a step type that is not installed: `policing.fir` reads "FIR", `rescue.first_needs` "First needs"."""
    return in_plain_words(uses.rpartition(".")[2])


@lru_cache(_MOST_WORDS)
def in_running_words(key: str) -> str:
    """Make words that stand inside a sentence of a key: `partner_ngo` reads "partner NGO", and `IN` "India"."""
    if key in COUNTRIES:
        return COUNTRIES[key]
    words = key.lower().replace("_", " ").replace("-", " ").split(" ")
    return " ".join(word.upper() if word in _ACRONYMS else word for word in words)


class Role(StrEnum):
    """What a member of a unit does; the value is the key used in files, `label` the words used on pages."""

    INTAKE_OFFICER = "intake_officer"
    CASE_MANAGER = "case_manager"
    CASEWORKER = "caseworker"
    COUNSELLOR = "counsellor"
    MEDICAL_OFFICER = "medical_officer"
    POLICE_LIAISON = "police_liaison"
    AHTU_OFFICER = "ahtu_officer"
    LAWYER = "lawyer"
    REPATRIATION_COORDINATOR = "repatriation_coordinator"
    SHELTER_MANAGER = "shelter_manager"
    PRESS_OFFICER = "press_officer"
    PREVENTION_OFFICER = "prevention_officer"
    PARTNERSHIP_MANAGER = "partnership_manager"
    FINANCE_OFFICER = "finance_officer"
    SUPERVISOR = "supervisor"
    NODAL_OFFICER = "nodal_officer"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    AUDITOR = "auditor"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SAFEGUARDING_LEAD = "safeguarding_lead"

    @property
    def label(self) -> str:
        """The role in plain words, for pages."""
        return _TITLES.get(self, in_plain_words(self.value))


WITHOUT_WORK: Final = frozenset({Role.AUDITOR, Role.SYSTEM_ADMINISTRATOR})
"""The roles for which no work can wait: who has no other one may do no step of a case."""


class ProgramRole(StrEnum):
    """What a key lets a program do in a unit; no person has one, and no work waits for one."""

    REPORTS = "program_reports"
    READS = "program_reads"

    @property
    def label(self) -> str:
        """The role in plain words, for pages."""
        return _OF_PROGRAMS[self]


_TITLES = {
    Role.AHTU_OFFICER: "Anti-Human Trafficking Unit officer",
    Role.DATA_PROTECTION_OFFICER: "Data-protection officer",
}


_OF_PROGRAMS = {
    ProgramRole.REPORTS: "Program that sends reports",
    ProgramRole.READS: "Program that reads where cases stand",
}


def role_words(role: str) -> str:
    """Return a role in plain words."""
    labels = {one.value: one.label for one in (*Role, *ProgramRole)}
    return labels.get(role) or in_plain_words(role)


_MOST_NAMES = 12
_LONGEST = 60


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that somebody means, or an empty text when none is near."""
    return next(iter(get_close_matches(name[:_LONGEST], sorted(set(known)), n=1, cutoff=0.6)), "")


def meant(name: str, known: Iterable[str]) -> str:
    """Say in a sentence which known name is nearest, or which names there are."""
    names = sorted(set(known))
    if near := nearest(name, names):
        return f'Did you mean "{near}"?'
    if not names:
        return "There is none yet."
    shown = ", ".join(names[:_MOST_NAMES])
    return f"There are: {shown}{', …' if len(names) > _MOST_NAMES else ''}."


def shown(value: object) -> str:
    """Quote a value for a message, cut where it gets long."""
    text = str(value).replace("\n", " ")
    return f'"{text[: _LONGEST - 1]}…"' if len(text) > _LONGEST else f'"{text}"'
