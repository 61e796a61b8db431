"""A story: an invented case told as a timeline; and what a replay found of it."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.errors import IcmcError
from engine.language.calendars import time_zones
from engine.language.limits import TimeLimit
from engine.language.yaml_files import YamlDocument, read_yaml_file

MATCH: Final = "reporting.match"
"""The step in which somebody answers that the same person, number or vehicle is in another case."""


PROGRAMME: Final = "programme"
"""The clock of a promise of the network, which is no law."""
_TAKEDOWN, _LOOKS = "IN-TAKEDOWN", frozenset({"press.monitor", "press.leak"})
"""The time of the law for a platform; and the steps in which people who know none of ours look whether it kept it."""


class StoryError(IcmcError):
    """Raised when a story file cannot be replayed."""

    code = "bad-story"
    sentence = "The story {file} cannot be read: {problem}"


class _Part(BaseModel):
    """The base of the parts of a story; what only people read is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class DueRule(_Part):
    """How the story says that a due time comes about; it only checks what the engine counts."""

    from_: str = Field(alias="from")
    limit: str
    clock: str = PROGRAMME
    excluded_journey: timedelta | None = None


class StoryEvent(_Part):
    """One step carried out: when, which, and by when it was due."""

    label: str
    at: AwareDatetime
    tz: str = "Asia/Kolkata"
    step: str
    expected: str = ""
    due: AwareDatetime | None = None
    due_rule: DueRule | None = None
    on_time: bool = True

    @model_validator(mode="before")
    @classmethod
    def _names_who_acts(cls, data: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        """Take a look for matches that somebody has to answer by a time for the answer: the look needs nobody.

        So a look whether something is gone by the time that the law gives a platform is what follows that platform.
        """
        rule = data.get("due_rule") if isinstance(data, dict) else None
        if not rule:
            return data
        is_answered = data.get("step") == "reporting.dedupe"
        is_of_platform = data.get("step") in _LOOKS and isinstance(rule, dict) and rule.get("clock") == _TAKEDOWN
        return {**data, "step": MATCH if is_answered else "press.takedown"} if is_answered or is_of_platform else data


class Victim(_Part):
    """A victim of the story's profile."""

    age: int | None = None
    sex: str = ""
    citizenship: Any = ()

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries that the profile names, verified or not, by their codes."""
        words = (str(one) for one in _list(self.citizenship))
        return tuple(found[0] for one in words if (found := re.match(r"[A-Z]{2}\b", one)))


class Story(_Part):
    """A story with its profile and timeline."""

    id: str
    title: str
    opened_at: AwareDatetime
    lead_jurisdiction: str
    other_jurisdictions: tuple[str, ...] = ()
    victims: tuple[Victim, ...] = ()
    htcds: Mapping[str, Any] = Field(default_factory=dict)
    timeline: tuple[StoryEvent, ...] = Field(min_length=1)
    workflow: str | None = None

    @property
    def begins(self) -> str | None:
        """The workflow that somebody begins by hand, as of a programme; None where the report chooses one."""
        is_report = any(event.step == "reporting.intake" for event in self.timeline)
        is_plain = is_report or _first(_IN_TITLES, self.title.casefold()) is not None
        return self.workflow or (None if is_plain else _PROGRAMMES.get(self.timeline[0].step))

    @property
    def concern(self) -> str:
        """What the report is about: a stop that begins it, then its title, then what is done, then its codes."""
        is_stop = self.timeline[0].step == "prevention.intercept"
        plain = self._concern_by_steps() if is_stop else _first(_IN_TITLES, self.title.casefold())
        if plain == "compensation" and any(event.step == "rescue.production" for event in self.timeline):
            plain = None  # told from the days of the rescue on, of which the money is only the end
        if self._is_received and plain not in _ABOUT_A_WAY:
            return "coming_home"
        if plain is not None:
            return plain
        return self._concern_by_steps() or self._concern_by_codes()

    def _concern_by_codes(self) -> str:
        """What the report is about, as the codes of the profile tell it, and the law whose limits are counted."""
        if _first(_ONLINE, self._told("vic_TypeOfSexExploitation")) and self._stays_at_home:
            return "online_abuse"
        kinds = f"{self._told('vic_TypeOfExploitation')} {self._told('vic_ForcedLabourIndustry')}"
        if "SexualExploitation" in kinds and self._counts_by(_ON_SEXUAL_EXPLOITATION):
            return "sexual_exploitation"
        is_home = _first(_IN_HOMES, kinds) is not None
        if "Labour" in kinds and "DebtBondage" in self._told("vic_MethodsOfControl") and not is_home:
            return "bonded_labour"
        return _first(_CONCERNS, kinds) or ("other" if self.victims else "unsafe_migration")

    @property
    def is_urgent(self) -> bool:
        """Whether it is decided within the hour what happens first."""
        return any(
            event.step == "reporting.triage" and event.due_rule is not None and event.due_rule.limit == _URGENT
            for event in self.timeline
        )

    @property
    def is_out_already(self) -> bool:
        """Whether the person is cared for and nobody has to bring them out."""
        return self.taken_charge_at is not None

    @property
    def is_asked_for_home(self) -> bool:
        """Whether a Committee that has the child in care asks for the home report: its time counts from the report."""
        rules = (event.due_rule for event in self.timeline if event.step == "repatriation.hir")
        return any(rule is not None and self._is_opening(rule.from_) and rule.clock != PROGRAMME for rule in rules)

    @property
    def is_at_hand(self) -> bool:
        """Whether someone had the person in their care when it was reported, or before it was decided what is first."""
        taken_at = self.taken_charge_at
        decided_at = next((event.at for event in self.timeline if event.step == "reporting.triage"), self.opened_at)
        if any(event.step == "prevention.intercept" and event.at > decided_at for event in self.timeline):
            return False
        is_cared_for = any(e.step == "rescue.first_needs" and e.at == taken_at for e in self.timeline)
        return taken_at == self.opened_at or (is_cared_for and taken_at is not None and taken_at < decided_at)

    @property
    def taken_charge_at(self) -> datetime | None:
        """When whoever is out already came into care: from when their first day is counted; None for a rescue.

        First needs from which any of it is counted go before the report: a safety plan can begin with that.
        """
        steps = {event.step for event in self.timeline}
        if not _RESCUES.isdisjoint(steps):
            return None
        counted = [
            (event.step, self.instant_of(event.due_rule.from_))
            for event in self.timeline
            if event.step in _FIRST_DAY and event.due_rule is not None
        ]
        starts = {at for _, at in counted}
        cared_for = [event.at for event in self.timeline if event.step == "rescue.first_needs"]
        told = (at for at in (*cared_for, self.opened_at) if at in starts)
        heard = (at for step, at in counted if step == "rescue.production" and steps.isdisjoint(_WAYS_IN))
        return next(chain(told, cared_for, heard), None)

    def _counts_by(self, law: str) -> bool:
        """Whether a limit of a law is counted in the story, by how its name begins."""
        return any(one.due_rule is not None and one.due_rule.clock.startswith(law) for one in self.timeline)

    def _is_opening(self, label: str) -> bool:
        """Whether a label is the opening, by that word or as the event with which the story begins."""
        return self.instant_of(label) == self.opened_at

    def _concern_by_steps(self) -> str | None:
        """Tell what a case is about by what is done in it; None where the profile says more."""
        order = [event.step for event in self.timeline]
        if "prevention.intercept" in order:
            return "stopped_on_the_way" if self.victims else "unsafe_migration"
        if (concern := next((one for step, one in _BEGINNINGS if order[0].startswith(step)), None)) is not None:
            return concern
        if not _RESCUES.isdisjoint(order):
            return None
        if sum(step.startswith("restitution.") for step in order) >= max(_MOSTLY_MONEY, len(order) / _MONEY_SHARE):
            return "compensation"
        if "prevention.safe_migration" in order:
            return "unsafe_migration"
        return None

    @property
    def _stays_at_home(self) -> bool:
        """Whether nobody brings the person out, or away from where they live."""
        return (_RESCUES | _CARE | set(_WAYS_HOME)).isdisjoint(event.step for event in self.timeline)

    @property
    def _is_received(self) -> bool:
        """Whether somebody found elsewhere comes home: nobody is brought out, or cared for before the way home."""
        order = [event.step for event in self.timeline]
        way_home = next((place for place, step in enumerate(order) if step in _WAYS_HOME), None)
        return way_home is not None and _RESCUES.isdisjoint(order) and _CARE.isdisjoint(order[:way_home])

    def _told(self, name: str) -> str:
        return " ".join(str(kind) for kind in _list(self.htcds.get(name)))

    @property
    def is_child(self) -> bool:
        """Whether any victim is under 18."""
        return any(victim.age is not None and victim.age < 18 for victim in self.victims)  # noqa: PLR2004 - of age

    @property
    def other_country(self) -> str | None:
        """The other country to which the case leads: where a victim is from, or where the story asks; None for none."""
        lead = self.lead_jurisdiction[:2]
        named = (code for victim in self.victims for code in victim.countries)
        if (abroad := next((code for code in named if code != lead), None)) is not None:
            return abroad
        if not any(event.step == "repatriation.nationality" for event in self.timeline):
            return None
        return next((place[:2] for place in self.other_jurisdictions if place[:2] != lead), _SOMEWHERE)

    @property
    def is_at_home_here(self) -> bool:
        """Whether the home is looked at under the law of the country that leads, and no other country is asked."""
        lead = f"{self.lead_jurisdiction[:2]}-"
        homes = [one for one in self.timeline if one.step == "repatriation.hir" and one.due_rule is not None]
        is_asked = any(one.step == "repatriation.nationality" for one in self.timeline)
        return not is_asked and any(one.due_rule and one.due_rule.clock.startswith(lead) for one in homes)

    def moved(self, by: timedelta) -> "Story":
        """Return the same story, every instant of it moved."""
        timeline = tuple(
            event.model_copy(update={"at": event.at + by, "due": event.due + by if event.due else None})
            for event in self.timeline
        )
        return self.model_copy(update={"opened_at": self.opened_at + by, "timeline": timeline})

    def without_due(self) -> "Story":
        """Return the same story without its due times: months have other lengths at another time of the year."""
        return self.model_copy(
            update={"timeline": tuple(event.model_copy(update={"due": None}) for event in self.timeline)}
        )

    def is_report(self, event: StoryEvent) -> bool:
        """Whether an event is the report with which the story begins, and not one of something that came later."""
        return event.step == "reporting.intake" and event.at < self.opened_at + _FIRST_DAY_OVER

    def instant_of(self, label: str) -> datetime | None:
        """Return the instant of an event by its label, or of the opening for `start`."""
        if label == "start":
            return self.opened_at
        return next((event.at for event in self.timeline if event.label == label), None)


_SOMEWHERE = "other"
"""The other country of a story that asks for a nationality and names no country."""
_ABOUT_A_WAY = frozenset({"stopped_on_the_way", "unsafe_migration", "missing_person", "compensation"})
"""What a case is about whose title says so, also where its first days are those of somebody who comes home."""
_OF_EVENT = frozenset({"label", "at", "tz", "step", "expected", "due", "due_rule", "on_time"})
_OF_RULE = frozenset({"from", "limit", "clock", "excluded_journey"})
_BEGINNINGS = (
    ("press.", "identity_leak"),
    ("reporting.missing", "missing_person"),
    ("prevention.", "unsafe_migration"),
    ("restitution.", "compensation"),
    ("repatriation.", "coming_home"),
)
"""What a case is about whose story begins with a step of this type."""
_PROGRAMMES = {
    "partnership.onboard": "partner",
    "press.training": "training",
    "prevention.community": "prevention-programme",
    "prevention.session": "prevention-programme",
}
"""What is no report about a victim, and is begun by hand, by the step that its story begins with."""
_RESCUES = frozenset({"rescue.plan", "rescue.execute"})
_WAYS_HOME = frozenset({"repatriation.hir", "repatriation.handover"})
_CARE = frozenset({"rescue.first_needs", "rescue.production", "protection.placement"})
"""Who is cared for before the way home is prepared has been found here, and is not asked for from elsewhere."""
_FIRST_DAY = frozenset({"rescue.production", "protection.health", "protection.safety", "rescue.identify"})
"""What counts from when a person is out of danger: from the report, where whoever reported had them in their care."""
_WAYS_IN = frozenset({"prevention.intercept", "repatriation.handover"})
"""What brings someone into care, where no rescue does."""
_ON_SEXUAL_EXPLOITATION = "IN-ITPA"
_URGENT = "PT1H"
_FIRST_DAY_OVER = timedelta(days=1)
_MOSTLY_MONEY, _MONEY_SHARE = 3, 5
"""A story without a rescue is about money for something earlier if so many steps, one in five, are of Restitution."""
_IN_TITLES = (
    (r"compensation|\bclaim\b", "compensation"),
    (r"\bnew-?born\b|\bbab(?:y|ies)\b|\binfant\b|\badopt|\bsurroga", "child_sale"),
    (r"\bkidney|\borgans?\b|\bliver\b", "organ_removal"),
    (r"\bbrides?\b|\bmarri|\bwedding\b", "early_marriage"),
    (r"\bscam", "forced_criminality"),
    (r"\bonline\b|\bsextort|\bblackmail|\bwebcam\b", "online_abuse"),
    (r"\bbonded\b|\bkiln\b", "bonded_labour"),
    (r"\bunsafe migration\b", "unsafe_migration"),
    (r"\bplacement agency\b|\b(?:house)?maids?\b|\bhousework|\bdomestic (?:work|help|serv)", "domestic_work"),
    (r"\bmissing\b", "missing_person"),
    (r"\bstopped at\b|\bintercepted\b", "stopped_on_the_way"),
)
"""What the words of a title say of a case more clearly than any code: a pattern, and what the case is about."""
_ONLINE = (("Pornography|Remote|Online", "online_abuse"),)
"""What is done to somebody who is at home, where only the kind of sexual exploitation says so."""
_IN_HOMES = (("Servitude|Domestic|Households", "domestic_work"),)
_CONCERNS = (
    ("ForcedCriminality", "forced_criminality"),
    ("Marriage", "early_marriage"),
    ("Organ", "organ_removal"),
    ("Adoption|Surrogacy|SaleOfChild", "child_sale"),
    (r"^(?!SexualExploitation).*ChildLabour", "child_labour"),
    ("Online", "online_abuse"),
    ("SexualExploitation", "sexual_exploitation"),
    ("DebtBondage|Bonded", "bonded_labour"),
    *_IN_HOMES,
    ("ForcedLabour|Begging", "forced_labour"),
)
"""What the codes of HTCDS say of a case, the most particular first."""


def _first(patterns: Iterable[tuple[str, str]], words: str) -> str | None:
    """Return what the first pattern that is found in some words stands for."""
    return next((meant for pattern, meant in patterns if re.search(pattern, words)), None)


def read_story(path: Path, *, step_types: Collection[str] | None = None) -> Story:
    """Read a story file; raises `StoryError` that says in which line what does not fit.

    With `step_types` every step of it must be one of them.
    """
    document = read_yaml_file(path)
    errors = [finding for finding in document.findings if finding.severity == "error"]
    if not isinstance(document.data, dict) or errors:
        problem = f"line {errors[0].line}: {errors[0].message}" if errors else "It is not a story."
        raise StoryError(file=path.name, problem=problem)
    try:
        story = Story.model_validate(document.data)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        problem = f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}."
        raise _at(document, tuple(detail["loc"]), problem) from None
    found = next(_problems(document.data, story, step_types), None)
    if found is not None:
        raise _at(document, *found)
    return story


def _at(document: YamlDocument, where: tuple[int | str, ...], problem: str) -> StoryError:
    line, _ = document.position(where)
    return StoryError(file=Path(document.file).name, problem=f"line {line}: {problem}")


def _problems(
    data: Mapping[str, Any], story: Story, step_types: Collection[str] | None
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Say what fits its place and still cannot be: each with where it stands."""
    labels = Counter(event.label for event in story.timeline)
    for number, event in enumerate(story.timeline):
        here = ("timeline", number)
        told = data["timeline"][number]
        yield from ((here, problem) for problem in _misspelt(told, _OF_EVENT))
        if labels[event.label] > 1:
            yield (*here, "label"), f"Two events are called {event.label}: give each a label of its own."
        if step_types is not None and event.step not in step_types:
            yield (*here, "step"), f"There is no step type {event.step}{_nearest(event.step, step_types)}."
        if event.tz not in time_zones():
            yield (*here, "tz"), f"There is no time zone {event.tz}: write it like Asia/Kolkata."
        if event.due_rule is not None:
            yield from ((here, problem) for problem in _misspelt(told["due_rule"], _OF_RULE))
            yield from _problems_of(event.due_rule, (*here, "due_rule"), {"start", *labels})


def _problems_of(
    rule: DueRule, here: tuple[int | str, ...], labels: Collection[str]
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    if rule.from_ not in labels:
        yield (*here, "from"), f"No event is called {rule.from_}{_nearest(rule.from_, labels)}."
    try:
        TimeLimit.parse(rule.limit)
    except ValidationError:
        yield (*here, "limit"), f"{rule.limit} is no time limit: write it like PT24H, P15D, P2M or P5WD."


def _misspelt(told: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    """Find keys that are passed over although they look like one that counts."""
    for key in told:
        meant = get_close_matches(key, known, n=1, cutoff=0.8) if key not in known else []
        if meant and meant[0] not in told:
            yield f"{key}: is {meant[0]} meant?"


def _nearest(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f": is {near[0]} meant?" if near else ""


def _list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class EventOutcome(_Line):
    """How one event of the story went."""

    label: str
    step: str
    at: datetime
    foreseen: bool
    due_expected: datetime | None
    due: datetime | None
    breached_at: datetime | None
    was_open: bool = False
    """Whether the workflow had a step of this type all the same, by another limit than the story tells."""
    due_otherwise: datetime | None = None
    """By when that step was due."""


class BreachOutcome(_Line):
    """A deadline that was breached."""

    step: str
    due_at: datetime
    breached_at: datetime
    label: str | None


class EscalationOutcome(_Line):
    """A level that was raised."""

    step: str
    level: int
    round: int
    planned_at: datetime
    fired_at: datetime
    recipients: tuple[str, ...]
    note: str


class MessageOutcome(_Line):
    """A message that left by a channel."""

    to: str
    subject: str


class ReplayOutcome(_Line):
    """All that a replay found."""

    story: str
    case: str
    workflow: str
    events: tuple[EventOutcome, ...]
    breaches: tuple[BreachOutcome, ...]
    escalations: tuple[EscalationOutcome, ...]
    messages: tuple[MessageOutcome, ...]
    jobs: int
    closed: bool
    reopened: int
    """How often the case was opened again, since something more happened after it had closed."""
    differences: tuple[str, ...]

    @property
    def not_foreseen(self) -> tuple[EventOutcome, ...]:
        """The events whose steps somebody had to add."""
        return tuple(event for event in self.events if not event.foreseen)

    @property
    def foreseen_share(self) -> float:
        """How much of the story the workflow foresaw, from 0 to 1."""
        return sum(event.foreseen for event in self.events) / len(self.events)

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as JSON, with the share of foreseen steps and the labels of those that were not.

        These are told apart: some were open, but due at another time, and some were not open.
        """
        return self.model_dump(mode="json") | {
            "foreseen": round(self.foreseen_share, 3),
            "discretionary": [event.label for event in self.not_foreseen],
            "due_otherwise": [event.label for event in self.not_foreseen if event.was_open],
            "not_open": [event.label for event in self.not_foreseen if not event.was_open],
        }
