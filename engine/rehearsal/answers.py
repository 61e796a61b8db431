"""Invent the answers of a form, valid and always the same for the same story, as it goes on."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import timedelta

from pydantic import JsonValue

from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.law.told import age_of_band
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.values import UNKNOWN, Truth, Value
from engine.language.workflow import Question, StepSpec
from engine.plugin.answers import wanted_answers
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepType
from engine.rehearsal.story import PROGRAMME, Story, StoryEvent

CANARY = "canary"
_NO_DIGITS = str.maketrans("0123456789", "ghijklmnop")
_USUAL: Mapping[str, str] = {
    "risk_level": "critical",
    "wishes_return": "yes",
    "recommendation": "safe_with_conditions",
    "order_type": "children_home",
}
_OF_STEP: Mapping[tuple[str, str], str] = {
    ("reporting.triage", "decision"): "rescue",
    ("repatriation.decision", "decision"): "return",
    ("rescue.identify", "status"): "actual",
    ("reporting.match", "outcome"): "different",
    ("press.query", "stage"): "received",
    ("press.release", "kind"): "missing_appeal",
    ("press.release", "identity_check"): "missing_person_exception",
    ("press.takedown", "answer"): "removed",
    ("prosecution.hearing", "purpose"): "other",
}
_TRUE = frozenset(
    {
        "consent_to_record", "safe_to_call", "separated_from_suspects", "media_kept_out", "rights_explained",
        "alone_with_person", "told_survivor", "read_aloud", "conflict_check", "hir_ok", "safe", "copy_given",
        "emergency_numbers_given", "was_made_to", "is_accused", "all_pillars_settled",
    },
)  # fmt: skip
_PLANNED = frozenset(
    {
        "review_on", "next", "next_review", "next_run", "follow_up", "valid_until", "order_expires", "to", "mou_to",
        "monthly_report_due", "planned_end", "data_keep_until", "limit_date", "withdraw_by",
    },
)  # fmt: skip
_LATER = timedelta(days=30)
"""What people plan lies ahead of them: the questions that ask for a day to come, and how far ahead it is."""
_ALSO_ANSWERED = frozenset(
    {
        ("policing.chargesheet", "filed_on"), ("repatriation.handover", "sender_signed_at"),
        ("repatriation.handover", "receiver_signed_at"), ("repatriation.nationality", "result"),
        ("repatriation.nationality", "reply_on"), ("press.takedown", "removed_at"),
    },
)  # fmt: skip
"""Questions that may stay open, but whose answer is what the step is about."""
_NOTHING = frozenset({"fixed_deposit_part", "open_clocks"})
"""An amount that is a part of another one, which is paid out whole in a story, and the time limits still open."""
_STATEMENT: dict[str, JsonValue] = {
    "kind": "statement", "identity_check": ["no_name"], "legal_basis": "no_person_concerned",
}  # fmt: skip
"""A text for the press that is about nobody."""
_REMAND, _REGISTERED, _SIGNED = "IN-REMAND-24H", "IN-FIR-REG", "IN-FIR-ESIGN"
_THREAT_REPORT, _ORDER_LASTS = "IN-WPS-TAR", "IN-WPS-REVIEW"
_BAIL = ("IN-DEFAULT-BAIL", "P90D")
"""How long there is for a charge sheet where the offence is punished with ten years or more."""
_SEXES = {"F": "female", "M": "male", "T": "transgender"}
_NOBODY: dict[str, JsonValue] = {"persons_found": 0, "children_found": 0}
"""A rescue that found nobody, or with which nobody came along, so that somebody goes again."""
_DECLINED = ("decline", "says no", "said no")
_IS_FEARED = re.compile(r"\basylum[_ ]claim:? (?:is )?(?:true|yes)\b|\bno request to\b|\bnothing (?:is )?sent to\b")
"""What is said of a nationality about which nobody in that country is asked."""
_REFUSED = ("refused", "not to be sent", "does not wish", "no return")


def report_answers(story: Story) -> dict[str, JsonValue]:
    """Return the first bite of the report that opens a story."""
    return {
        "narrative": canary(story.id, "narrative"),
        "concern": story.concern,
        "is_child_suspected": "yes" if story.is_child else _perhaps_a_child(story),
        "immediate_danger": "critical" in _all_words(story) or story.is_urgent,
        "safe_to_call": True,
        "consent_to_record": "yes",
    }


def step_answers(
    story: Story, event: StoryEvent, step_type: StepType, questions: Iterable[Question] = ()
) -> dict[str, JsonValue]:
    """Return valid answers to all required questions of a step, and to the one that says when it happened.

    `questions` are those that a workflow adds to the form of the step type.
    """
    known = _KNOWN[step_type.key](story) if step_type.key in _KNOWN else _told_later(story, event)
    answers: dict[str, JsonValue] = {}
    for spec in step_type.fields:
        if spec.name in known:
            answers[spec.name] = _offered(known[spec.name], spec)
        elif spec.copies_after:
            answers[spec.name] = _letting_copies(spec)
        elif spec.required or spec.event_time or (step_type.key, spec.name) in _ALSO_ANSWERED:
            told = _told(story, spec)
            answers[spec.name] = _answer(story, event, step_type.key, spec) if told is None else told
    if step_type.key == "press.release":
        answers["approvals"] = _two(step_type, "approvals")
    for question in questions:
        answers[question.id] = _to_question(story, event, question)
    return answers


def canary(story: str, field: str) -> str:
    """Return a text that says that it is invented, and that can be found again wherever it must not be.

    There is no digit in it: a text for the press with a number in it is refused.
    """
    return f"Invented ({CANARY}-{hashlib.sha256(f'{story}/{field}'.encode()).hexdigest()[:12].translate(_NO_DIGITS)})"


def _told(story: Story, spec: FieldSpec) -> JsonValue:
    """Give what the profile of the story tells of its youngest victim, where the law asks for it; None for the rest."""
    victim = min((one for one in story.victims if one.age is not None), key=lambda one: one.age or 0, default=None)
    if victim is None or victim.age is None:
        return None
    if spec.tells == "age":
        return victim.age
    if spec.tells == "sex":
        return _SEXES.get(victim.sex)
    spans = {band: age_of_band(band) for band in spec.choices} if spec.tells == "age_band" else {}
    return next((band for band, span in spans.items() if span and span[0] <= victim.age <= span[1]), None)


def _told_later(story: Story, event: StoryEvent) -> dict[str, JsonValue]:
    """Return what only later events tell of one: an arrest or a leak that they count from, or when it comes again."""
    counted_from = [one for one in story.timeline if one.due_rule is not None and one.due_rule.from_ == event.label]
    counted = {one.step for one in counted_from} | {one.due_rule.clock for one in counted_from if one.due_rule}
    later = [one for one in story.timeline if one.at > event.at]
    again = next((one.at for one in later if one.step == event.step), None)
    at, on = (again.isoformat(), again.date().isoformat()) if again else (None, None)
    is_spoken_of = any(one.step == "partnership.conference" for one in later)
    is_taken_home = "stay" in event.expected and any(one.step == "repatriation.handover" for one in later)
    is_appeal = any(one.step == "reporting.missing" for one in story.timeline)
    leak_to_come = not event.label and any(one.step == "press.leak" for one in later)
    of_law = {(one.step, one.due_rule.clock) for one in counted_from if one.due_rule}
    is_refused = (event.step, _REGISTERED) in of_law
    arrest: dict[str, JsonValue] = {"arrested_at": event.at.isoformat()} if _REMAND in counted else {}
    long = _BAIL in {(rule.clock, rule.limit) for one in counted_from if (rule := one.due_rule)}
    sections: dict[str, JsonValue] = {"sections": ["BNS143_4"]} if long else {}
    again_on: dict[str, JsonValue] = {"next_at": at, "next_on": on} if again else {}
    judgment: dict[str, JsonValue] = {"purpose": "judgment"} if "prosecution.outcome" in counted else {}
    told: Mapping[str, dict[str, JsonValue]] = {
        "policing.ahtu": arrest,
        "policing.evidence": arrest,
        "policing.fir": {**arrest, **sections}
        | ({"refused": True, "refusal_officer": canary(story.id, "refusal_officer")} if is_refused else {}),
        "rescue.execute": {"suspects_held": int(_REMAND in counted)},
        "press.monitor": {"harmful": int("press.leak" in counted or leak_to_come)},
        "press.release": {} if is_appeal else _STATEMENT,
        "policing.update": _stage(one for one in story.timeline if one.at >= event.at and one.label != event.label),
        "prosecution.hearing": {**again_on, **judgment},
        "reintegration.visit": {"next": on} if again else {},
        "repatriation.decision": {"decision": "return"} if is_taken_home else {},
        "repatriation.nationality": {"result": "no_answer" if again else "confirmed"},
        "reporting.match": {"outcome": "same", "contact_request": True} if counted_from or is_spoken_of else {},
    }
    return told.get(event.step, {}) | _told_of_it(story, event, counted, is_again=again is not None)


def _told_of_it(story: Story, event: StoryEvent, counted: Collection[str], *, is_again: bool) -> dict[str, JsonValue]:
    """Return what an event's own limit, its words, or what counts from it tell of it."""
    clock = event.due_rule.clock if event.due_rule else ""
    has_declined = any(words in event.expected for words in _DECLINED)
    order_on: dict[str, JsonValue] = {"order_on": event.at.date().isoformat()} if _ORDER_LASTS in counted else {}
    not_yet: dict[str, JsonValue] = {"refused": True, "refusal_officer": canary(story.id, "refusal_officer")}
    told: Mapping[tuple[str, bool], dict[str, JsonValue]] = {
        ("policing.fir", _is_registered_later(story, event)): not_yet,
        ("policing.fir", _SIGNED in counted): {"e_report": "sent"},
        ("policing.fir", clock == _SIGNED and is_again): {"e_report": "signed"},
        ("rescue.execute", is_again): _NOBODY,
        ("reporting.refer", is_again and has_declined): {"declined_reason": canary(story.id, "declined_reason")},
        ("protection.witness", clock == _THREAT_REPORT or bool(order_on)): order_on or {"threat_category": "B"},
    }
    return told.get((event.step, True), {})


def _is_registered_later(story: Story, event: StoryEvent) -> bool:
    """Whether the story tells only later that the police registered what it has told that they refused."""
    told = {one.label: one for one in story.timeline if one.step == "policing.fir" and one.at <= event.at}
    later = (one.due_rule for one in story.timeline if one.step == "policing.fir" and one.at > event.at)
    return not event.label and any(rule is not None and rule.from_ in told for rule in later)


def _stage(to_come: Iterable[StoryEvent]) -> dict[str, JsonValue]:
    """Say how far an old case is: before its judgment, or past it where no hearing comes before what became of it."""
    steps = [one.step for one in to_come if one.step in ("prosecution.hearing", "prosecution.outcome")]
    stage = "trial" if steps[:1] == ["prosecution.hearing"] else "judgment"
    return {"stage": stage} if "prosecution.outcome" in steps else {}


def _border_answers(story: Story) -> dict[str, JsonValue]:
    """Return whether the case crosses a border, as the profile and what the story goes on with tell it."""
    country = story.other_country
    if country is None or story.is_at_home_here:
        return {"crosses": "within"}
    told = (event.expected for event in story.timeline if event.step == "repatriation.nationality")
    is_feared = any(_IS_FEARED.search(words) for words in told)
    doubts: dict[str, JsonValue] = {"may_need_asylum": "yes" if is_feared else "no"}
    doubts |= {"may_be_stateless": "no", "in_danger": "no"}
    return {"crosses": "across_not_asked" if is_feared else "across", "country": country} | doubts


def _answer(story: Story, event: StoryEvent, step: str, spec: FieldSpec) -> JsonValue:
    if spec.kind is FieldKind.CHOICE:
        return _choice(event, step, spec)
    if spec.kind is FieldKind.MULTI:
        return [_choice(event, step, spec)]
    if spec.kind is FieldKind.BOOL:
        return spec.name in _TRUE
    if spec.name == "first_call_on":
        return (event.at + timedelta(hours=1)).isoformat()
    if spec.name == "tz":
        return event.tz
    at = event.at + _LATER if spec.name in _PLANNED else event.at
    by_kind: Mapping[FieldKind, JsonValue] = {
        FieldKind.INT: 0 if spec.name in _NOTHING else 1,
        FieldKind.MONEY: "0" if spec.name in _NOTHING else "1",
        FieldKind.DATETIME: at.isoformat(),
        FieldKind.DATE: at.date().isoformat(),
        FieldKind.DURATION: "PT1H",
        FieldKind.PHONE: "+91 98765 00000",
        FieldKind.HASH: hashlib.sha256(event.label.encode()).hexdigest(),
        FieldKind.LANG: "en",
        FieldKind.COUNTRY: story.lead_jurisdiction[:2],
        FieldKind.INTERVALS: [],
    }
    return by_kind.get(spec.kind, canary(story.id, spec.name))


def _to_question(story: Story, event: StoryEvent, question: Question) -> JsonValue:
    if question.id == "reported_before":
        is_told = any(one.step == "policing.fir" and one.due_rule is not None for one in story.timeline)
        return "not_yet" if is_told else "earlier"
    if question.id in _BY_PROFILE:
        return _BY_PROFILE[question.id](story)
    if question.id == "country":  # of a unit that was asked, whoever the victims are
        elsewhere = (place[:2] for place in story.other_jurisdictions if place[:2] in question.choices)
        return next(elsewhere, story.lead_jurisdiction[:2])
    by_type: Mapping[str, JsonValue] = {
        "bool": True,
        "choice": story.other_country if story.other_country in question.choices else next(iter(question.choices), ""),
        "number": 1,
        "date": event.at.date().isoformat(),
        "instant": event.at.isoformat(),
    }
    return by_type.get(question.type, canary(story.id, question.id))


def _letting_copies(spec: FieldSpec) -> JsonValue:
    """Return the answer after which a form takes copies: in a story nobody finds a child who is shown abused."""
    return next(one.value for one in wanted_answers(spec.copies_after) if one.name == spec.name)


def _choice(event: StoryEvent, step: str, spec: FieldSpec) -> str:
    """Choose what the story's words name; else what is usual; else the first."""
    values = list(spec.choices)
    if spec.name == "wishes_return" and any(words in event.expected for words in _REFUSED) and "no" in values:
        return "no"
    for value in sorted(values, key=len, reverse=True):
        if len(value) > 3 and re.search(rf"\b{re.escape(value)}\b", event.expected):  # noqa: PLR2004 - short words mislead
            return value
    usual = _OF_STEP.get((step, spec.name)) or _USUAL.get(spec.name)
    return usual if usual in values else values[0]


def _two(step_type: StepType, name: str) -> JsonValue:
    spec = next(spec for spec in step_type.fields if spec.name == name)
    first, second, *_ = spec.choices
    return [first, second]


def _all_words(story: Story) -> str:
    return " ".join(event.expected for event in story.timeline)


def _offered(answer: JsonValue, spec: FieldSpec) -> JsonValue:
    """Return an answer as the form can take it: a choice that it does not offer is another one."""
    is_one = not isinstance(answer, list)
    return "other" if is_one and "other" in spec.choices and answer not in spec.choices else answer


def _triage_answers(story: Story) -> dict[str, JsonValue]:
    """Return what is decided first of a person who is cared for and whom nobody has to bring out; nothing else."""
    answers: dict[str, JsonValue] = {"decision": "protect"} if story.is_out_already else {}
    if story.concern == "unsafe_migration" and all(one.step != "prevention.intercept" for one in story.timeline):
        return {**answers, "risk_level": next(_hurry(story, "reporting.triage"), "medium")}
    hurry = _hurry(story, "reporting.refer", "reporting.triage")
    return {**answers, "risk_level": next(hurry, "critical")}


def _perhaps_a_child(story: Story) -> str:
    """Say whether one of those whom nobody knows yet could be a child: where a story decides as soon as for one."""
    return "unsure" if not story.victims and "high" in _hurry(story, "reporting.triage") else "no"


def _hurry(story: Story, *steps: str) -> Iterator[str]:
    """Say how great the danger was, by the limits that the events of some steps have."""
    return (
        _RISKS[step][event.due_rule.limit]
        for step in steps
        for event in story.timeline
        if event.step == step and event.due_rule is not None and event.due_rule.limit in _RISKS[step]
    )


_RISKS: Mapping[str, Mapping[str, str]] = {
    "reporting.refer": {"PT4H": "critical", "PT24H": "high", "P3D": "medium"},
    "reporting.triage": {"PT1H": "critical", "PT4H": "high", "PT24H": "medium"},
}
"""How great the danger was, by how soon a story has someone decide, or wants a partner's answer."""
_KNOWN: Mapping[str, Callable[[Story], dict[str, JsonValue]]] = {
    "reporting.intake": report_answers,
    "reporting.triage": _triage_answers,
    "repatriation.border": _border_answers,
}
"""The forms whose answers the profile of a story tells as a whole."""


_BY_PROFILE: Mapping[str, Callable[[Story], JsonValue]] = {
    "at_hand": lambda story: story.is_at_hand or None,
    "committee_asks": lambda story: story.is_asked_for_home or None,
}
"""Questions of workflows that the story tells as a whole, whatever it goes on with."""


def as_it_goes_on(
    compiled: CompiledWorkflow,
    step: str,
    questions: Iterable[Question],
    to_come: Collection[StoryEvent],
    told: Mapping[str, str],
) -> dict[str, JsonValue]:
    """Return yes to each question that opens steps of which the story still tells, and no to those it does not need.

    What the workflow would ask for in any case says nothing. A question that opens nothing, but from whose answer a
    limit counts, is one of what the story counts so; `told` has the step type of each label. Another question is not
    answered here. One that may stay open is None instead of a no.
    """
    answers: dict[str, JsonValue] = {}
    if _goes_on_after_no(compiled, step, {event.step for event in to_come}):
        answers["decision"] = "no"
    for question in questions:
        if question.id in _BY_PROFILE:
            continue
        opened = _opened_by(compiled, step, question.id) if question.type == "bool" else []
        counted = [] if opened or question.type != "bool" else _counted_by(compiled, step, question.id)
        if opened or counted:
            in_law = _counted_by_law(compiled, step, question.id) if opened else set()
            rules = [(one.step, one.due_rule) for one in to_come if one.due_rule is not None]
            counts = [(uses, told.get(rule.from_, rule.from_), rule.clock) for uses, rule in rules]
            is_told = any(_tells_of(event, spec, by_law=by_law) for event in to_come for spec, by_law in opened) or any(
                one[:2] in counted or one in in_law for one in counts
            )
            is_told = is_told and not (opened and _counts_otherwise(compiled, step, question.id, to_come, told))
            answers[question.id] = is_told if is_told or question.required else None
    return answers


def _goes_on_after_no(compiled: CompiledWorkflow, step: str, told: Collection[str]) -> bool:
    """Whether after a yes to a decision fewer steps of which the story still tells can open than after a no."""
    decision = compiled.steps.get(step)
    if decision is None or decision.spec.uses != "core.decide":
        return False
    after_yes, after_no = (_ruled_out(compiled, decision, answer, told) for answer in ("yes", "no"))
    return after_no < after_yes


def _ruled_out(compiled: CompiledWorkflow, decision: CompiledStep, answer: str, told: Collection[str]) -> set[str]:
    """List the steps of some types that cannot open after an answer to a decision, whatever else is answered."""
    known: dict[tuple[str, ...], Value] = {(decision.key, "decision"): answer}
    facts = {fact: _truth(text, known) for fact, text in decision.spec.sets.items()}
    known |= {(fact,): is_true is Truth.TRUE for fact, is_true in facts.items() if is_true is not Truth.UNKNOWN}
    asked = ((key, one.spec) for key, one in compiled.steps.items() if one.spec.uses in told)
    return {key for key, spec in asked if spec.when and _truth(spec.when, known) is Truth.FALSE}


def _truth(text: str, known: Mapping[tuple[str, ...], Value]) -> Truth:
    """Answer a condition as if all that it asks for were answered, if only with something that is not known here."""
    condition = parse_condition(re.sub(r"\bhas\([\w.]+\)", "true", text))
    return evaluate(condition, lambda name: known.get(name, UNKNOWN))


def _counted_by(compiled: CompiledWorkflow, step: str, question: str) -> list[tuple[str, str]]:
    """List the types of steps whose limit counts from another step because of an answer, each with the other type.

    What counts from the report because of it has the word `start` for the other type.
    """
    return [(uses, start) for uses, start, _, is_named in _limits(compiled, step, question) if is_named]


def _counted_by_law(compiled: CompiledWorkflow, step: str, question: str) -> set[tuple[str, str, str]]:
    """List what counts from a start by a limit of the law only because of an answer: type, type of the start, limit."""
    limits = [limit for limit in _limits(compiled, step, question) if limit[2]]
    others = {limit[:3] for limit in limits if not limit[3]}
    return {limit[:3] for limit in limits if limit[3]} - others


def _limits(compiled: CompiledWorkflow, step: str, question: str) -> list[tuple[str, str, str, bool]]:
    """List the limits of a workflow: type, type of the start, law, and whether it is for one answer to a question."""
    names = _names_of(compiled, step, question)
    types = {key: one.spec.uses for key, one in compiled.steps.items()} | {"start": "start"}
    times = ((one.spec.uses, time.spec) for one in compiled.steps.values() for time in one.times)
    return [
        (uses, types[spec.from_], spec.law or "", any(_names(spec.when or "", name) for name in names))
        for uses, spec in times
        if spec.from_ in types
    ]


def _counts_otherwise(
    compiled: CompiledWorkflow, step: str, question: str, to_come: Collection[StoryEvent], told: Mapping[str, str]
) -> bool:
    """Whether a yes would have a limit count from its own step that the story counts only from another one."""
    names = _names_of(compiled, step, question)
    ours = {
        (one.spec.uses, time.spec.law or PROGRAMME)
        for one in compiled.steps.values()
        for time in one.times
        if time.spec.from_ == step and any(_names(time.spec.when or "", name) for name in names)
    }
    rules = [(one.step, one.due_rule) for one in to_come if one.due_rule is not None]
    starts = {told.get(rule.from_) for uses, rule in rules if (uses, rule.clock) in ours}
    return bool(starts) and compiled.steps[step].spec.uses not in starts


def _names_of(compiled: CompiledWorkflow, step: str, question: str) -> list[str]:
    """Give the names by which conditions ask for an answer: its own, and those of the facts that it sets."""
    answer = f"{step}.{question}"
    own = compiled.steps[step].spec if step in compiled.steps else None
    return [answer, *(fact for fact, text in (own.sets if own else {}).items() if _names(text, answer))]


def _opened_by(compiled: CompiledWorkflow, step: str, question: str) -> list[tuple[StepSpec, bool]]:
    """List the steps that open by the answer, or by a fact that it sets, and those that follow nothing else.

    Of these count those that the workflow has nowhere else, if there are any: by their type, or by a limit of the law,
    and then it is said of a step that only its law tells it apart. One that follows another of these says nothing: of
    whoever nobody brings out there, all else that is done was not begun by that.
    """
    names = _names_of(compiled, step, question)
    steps = {key: one for key, one in compiled.steps.items() if not one.spec.discretionary}
    yes: dict[tuple[str, ...], Value] = {tuple(name.split(".")): True for name in names}
    opened = {
        key
        for key, one in steps.items()
        if any(_names(one.spec.when or "", name) for name in names)
        and _truth(one.spec.when or "", yes) is not Truth.FALSE
    }
    while more := {key for key, one in steps.items() if key not in opened and _follows_only(one, opened)}:
        opened |= more
    others = [one.spec for key, one in steps.items() if key not in opened]
    alike = {key: [_laws(one) for one in others if one.uses == steps[key].spec.uses] for key in opened}
    alone = {
        key: bool(laws)
        for key, laws in alike.items()
        if not laws or (_laws(steps[key].spec) and not any(_laws(steps[key].spec) & one for one in laws))
    }
    first = [key for key in alone if alone.keys().isdisjoint(_ancestors(compiled, key))]
    return [(steps[key].spec, alone[key]) for key in first] or [(steps[key].spec, False) for key in opened]


def _ancestors(compiled: CompiledWorkflow, key: str) -> set[str]:
    found: set[str] = set()
    ahead = [key]
    while ahead:
        before = set(compiled.steps[ahead.pop()].after.steps) - found
        found |= before
        ahead += before & compiled.steps.keys()
    return found


def _laws(spec: StepSpec) -> set[str]:
    return {time.law for time in spec.time if time.law}


def _follows_only(step: CompiledStep, opened: Collection[str]) -> bool:
    return bool(step.after.steps) and set(step.after.steps) <= set(opened)


def _names(condition: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}\b", condition) is not None


def _tells_of(event: StoryEvent, spec: StepSpec, *, by_law: bool) -> bool:
    """Return whether an event is a step of a workflow: of its type and, where both name limits of the law, with one.

    With `by_law` the event has to name one.
    """
    laws, clock = _laws(spec), event.due_rule.clock if event.due_rule else PROGRAMME
    return event.step == spec.uses and (clock in laws or (not by_law and (not laws or clock == PROGRAMME)))
