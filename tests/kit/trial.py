"""A small pillar and its definitions for the tests of use cases: every behaviour that they prove has a step here."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from engine.plugin.answers import Form
from engine.plugin.context import Completed, Concluded, Document, Outcome, Prepared, Scalar, StepContext
from engine.plugin.fields import field
from engine.plugin.kinds import Count, Instant, Intervals, LongText, Text, rule
from engine.plugin.registry import Pillar
from engine.plugin.steps import asked_of, automatic

CANARY = "Kamala of the blue house"
SECRET = "the secret that a function was told"


class LookForm(Form):
    """Go there and look."""

    seen_at: Instant = field(label="When was it?", event_time=True)
    is_safe: bool = field(label="Is it safe?")
    people: Count | None = field(label="How many people?", default=None)
    way: Literal["road", "river"] = field(label="Which way?", choices={"road": "By road", "river": "By river"})
    called_at: Instant | None = field(label="When did they call?", default=None)
    words: LongText = field(label="What was seen?", identifying=True)
    hideout: Text | None = field(label="Where is it safe?", restricted="shelter_address", default=None)
    journey: Intervals = field(label="Which journeys were made?", default=(), excluded_time="journey")

    @rule("A river has no people to count.")
    def _river_is_empty(self) -> bool:
        return not (self.way == "river" and self.people)


class TalkForm(Form):
    """Talk to the person."""

    is_well: bool = field(label="Is the person well?")


class Fails(BaseModel):
    """Whether the step fails."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    fails: bool = False
    says_more: bool = False


def _prepare_look(context: StepContext) -> Prepared:
    prefill = {"words": CANARY, "seen_at": context.now.isoformat()}
    return Prepared(prefill=prefill, notes=("Take a torch.",))


def _conclude_look(_context: StepContext) -> Concluded:
    return Concluded(facts={"was_seen": True, "undeclared": CANARY})


def _prepare_talk(context: StepContext) -> Prepared:
    if getattr(context.settings, "fails", False):
        raise ValueError(SECRET)
    return Prepared(prefill={"day": date(2026, 3, 7)})  # type: ignore[dict-item]


LOOK = asked_of(
    LookForm, key="trial.look", title="Look", roles=("caseworker", "case_manager"),
    documents=(Document("production-memo", "Memo", on="conclude"),), prepare=_prepare_look, conclude=_conclude_look,
)  # fmt: skip
TALK = asked_of(
    TalkForm, key="trial.talk", title="Talk", roles=("caseworker", "supervisor"), prepare=_prepare_talk, settings=Fails,
    reasons={Outcome.BLOCKED_BY_OTHER_BODY: {"no_interpreter": "No interpreter came"}},
)  # fmt: skip


@automatic(
    "trial.count",
    title="Count",
    outputs={"found": 0, "at": datetime},
    settings=Fails,
)
def COUNT(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Count what is there."""
    if getattr(context.settings, "fails", False):
        raise ValueError(SECRET)
    more: dict[str, Scalar] = {"undeclared": CANARY} if getattr(context.settings, "says_more", False) else {}
    return Completed(outputs={"found": 3, "at": context.now, **more}, facts={"was_counted": True, "undeclared": CANARY})


PILLAR = Pillar(
    key="trial", name="Trial", letter="P", summary="Steps for the tests of use cases.", step_types=(LOOK, TALK, COUNT)
)

CALENDAR = """
calendar: IN
title: India
zone: Asia/Kolkata
weekend: [sun]
"""
NEPAL = """
calendar: NP
title: Nepal
zone: Asia/Kathmandu
weekend: [sat]
"""
LADDER = """
ladder: steps-up
title: Steps up
levels:
  - level: 1
    after: PT0M
    to: assignee
    channels: [in_app, email]
    raise_priority: true
  - level: 2
    after: PT1H
    to: supervisor
    channels: [in_app, email, sms]
    needs_acknowledgement: true
  - level: 3
    after: PT5H
    to: {role: case_manager}
    reassign: true
  - level: 4
    after: P2D
    to: {law_route: District Magistrate, letter: escalation-letter, released_by: nodal_officer, release_within: PT4H}
    channels: [in_app, email]
"""
LAW = """
law: in
title: India
limits:
  - id: IN-TEST-10H
    jurisdiction: IN
    what: The visit
    trigger: the report
    limit: PT10H
    counting: elapsed
    duty: police
    source: Visits Act 2020, section 7
    basis: read
    confidence: high
    if_missed: Magistrate
"""
STANDARD = """
ladder: standard
title: Standard
levels:
  - {level: 1, after: PT0M, to: assignee}
"""
VISIT = """
workflow: visit
version: 1
title: Visit
facts:
  was_seen: {type: bool, default: false}
  was_counted: {type: bool, default: false}
  mood: {type: choice, choices: [calm, tense]}
steps:
  intake:
    uses: reporting.intake
    time: {from: start, limit: PT1H}
  look:
    uses: trial.look
    after: [intake]
    time: {limit: PT10H, warn: [50%], ladder: steps-up, exclude: [journey]}
    questions:
      - {id: has_gate, type: bool, label: Is there a gate?}
      - {id: dogs, type: number, label: How many dogs?}
      - {id: colour, type: choice, label: Which colour?, choices: {red: Red, blue: Blue}, required: true}
      - {id: back_at, type: instant, label: When do we go back?}
      - {id: who, type: text, label: Who opened?, sensitivity: identifying}
  talk:
    uses: trial.talk
    after: [look]
    assign: {role: [caseworker, supervisor], not: look}
    time: {limit: PT4H}
    approve: {role: supervisor, limit: PT4H}
  again:
    uses: trial.talk
    after: [look]
    when: look.has_gate && look.dogs > 1 && look.back_at > timestamp("2026-03-08T00:00:00Z")
    time: {limit: PT4H}
  count:
    uses: trial.count
    after: [look]
    time: {limit: PT4H}
"""
FRAGILE = """
workflow: fragile
version: 1
title: Fragile
start: {on: hand}
steps:
  talk:
    uses: trial.talk
    time: {limit: PT4H}
    with: {fails: true}
  count:
    uses: trial.count
    time: {limit: PT4H}
    with: {fails: true}
"""
CHATTY = """
workflow: chatty
version: 1
title: Chatty
start: {on: hand}
steps:
  count:
    uses: trial.count
    time: {limit: PT4H}
    with: {says_more: true}
"""
DANGER = """
workflow: danger
version: 1
title: Danger
priority: 50
start: {on: report, when: report.immediate_danger}
steps:
  intake: {uses: reporting.intake, time: {limit: PT1H}}
"""
ABROAD = """
workflow: abroad
version: 1
title: Abroad
priority: 100
jurisdictions: [NP]
steps:
  intake: {uses: reporting.intake, time: {limit: PT1H}}
"""
SOURCES = {
    "in.yaml": CALENDAR, "np.yaml": NEPAL, "steps-up.yaml": LADDER, "standard.yaml": STANDARD, "visit.yaml": VISIT,
    "fragile.yaml": FRAGILE, "chatty.yaml": CHATTY, "danger.yaml": DANGER, "abroad.yaml": ABROAD,
}  # fmt: skip
