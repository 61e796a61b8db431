"""By which workflow a case goes on: which one a report opens, which fits best later, and how a run moves to another."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.draft import Draft, open_again
from engine.core.law.told import OF_AGE, LawFacts, tellings_in, told_in
from engine.core.records import LIVE, Deadline, RunStatus, Scalar, Step, StepStatus
from engine.core.state import CaseState
from engine.core.steps import cancel
from engine.errors import AlreadyEndedError, NotFoundError, NotPossibleError
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.values import UNKNOWN, Truth, Value

_CONCERN, _CHILD = "concern", "is_child_suspected"
_RECEIVED: Final = "coming_home"
"""What a report is about whose person was found elsewhere and is received here."""
_BY_PURPOSE: Final[Mapping[str, str]] = {
    "sexual_exploitation": "sexual_exploitation", "online_sexual_abuse": "online_abuse",
    "bonded_labour": "bonded_labour", "child_labour": "child_labour", "domestic_servitude": "domestic_work",
    "forced_marriage": "early_marriage", "forced_criminality": "forced_criminality", "organ_removal": "organ_removal",
    "forced_adoption": "child_sale", "surrogacy": "child_sale", "forced_labour": "forced_labour",
    "forced_begging": "forced_labour",
}  # fmt: skip
"""What a report would be about whose case is of such an exploitation; the one that says most comes first."""
_BY_STEP: Final[Mapping[str, tuple[str, str]]] = {
    "reporting.missing": ("missing_person", "someone was reported missing"),
    "prevention.intercept": ("stopped_on_the_way", "someone was stopped on the way"),
    "press.leak": ("identity_leak", "an identity was made public"),
    "repatriation.hir": ("coming_home", "a home is looked at, to come back to"),
    "repatriation.handover": ("coming_home", "someone is handed over at home"),
    "prevention.safe_migration": ("unsafe_migration", "a journey is looked at before it begins"),
    "restitution.claim": ("compensation", "compensation is claimed"),
}
"""What a report would be about in whose case people have added such a step, and what that says."""


class MoveProposal(NamedTuple):
    """The workflow that fits a case best, and why, in sentences."""

    workflow: str
    reasons: tuple[str, ...]


def choose_workflow(
    candidates: Mapping[str, CompiledWorkflow], jurisdiction: str, report: Mapping[str, Scalar]
) -> CompiledWorkflow | None:
    """Choose the workflow that a report opens: its condition holds, its jurisdiction fits, its priority is highest."""

    def seen(name: tuple[str, ...]) -> Value:
        return report.get(name[-1], UNKNOWN) if name[0] == "report" else UNKNOWN

    fitting = [
        compiled
        for compiled in candidates.values()
        if compiled.workflow.start.on == "report"
        and _covers(compiled.workflow.jurisdictions, jurisdiction)
        and (compiled.start_condition is None or evaluate(compiled.start_condition, seen) is Truth.TRUE)
    ]
    return max(fitting, key=lambda compiled: (compiled.workflow.priority, compiled.workflow.workflow), default=None)


def propose_workflow(
    candidates: Mapping[str, CompiledWorkflow], state: CaseState, *, follows: str, zone: str
) -> MoveProposal | None:
    """Propose the workflow that would have opened had the report said what is known now; None where it is the same.

    It is what the case points to, never a finding: a person moves the case, or leaves it. `follows` is the workflow of
    now, `zone` that in which ages count. A workflow without a condition, which takes every report, is never proposed.
    """
    told = told_in(state, "", zone=zone)
    child, age_says = _child(told, state.report)
    for concern, says in _concerns(state, candidates.get(follows)):
        report = {**state.report, _CONCERN: concern, _CHILD: child}
        chosen = choose_workflow(candidates, state.case.jurisdiction, report)
        if chosen is not None and chosen.start_condition is not None and chosen.workflow.workflow != follows:
            return MoveProposal(chosen.workflow.workflow, (says, age_says))
    return None


def _concerns(state: CaseState, followed: CompiledWorkflow | None) -> Iterator[tuple[str, str]]:
    """Yield what the report would be about by what is known now, what says most first, each with a sentence."""
    latest = sorted(tellings_in(state), key=lambda one: one.ended_at, reverse=True)
    purposes = next((one.get("purposes").split(",") for one in latest if one.get("purposes")), [])
    if state.report.get(_CONCERN) == _RECEIVED:
        purposes = []  # what was done to them there is not what is to be done here
    for purpose, concern in _BY_PURPOSE.items():
        if purpose in purposes:
            yield concern, f"What was found points to this: {purpose.replace('_', ' ')}."
    for step in state.steps.values():
        if step.opened_at is not None and step.uses in _BY_STEP and not _opens_by_itself(step, followed):
            concern, says = _BY_STEP[step.uses]
            yield concern, f"In this case {says}."
    reported = str(state.report.get(_CONCERN, ""))
    if reported:
        yield reported, f"The report was about this: {reported.replace('_', ' ')}."


def _opens_by_itself(step: Step, followed: CompiledWorkflow | None) -> bool:
    foreseen = followed.steps.get(step.key) if followed and step.added is None else None
    return foreseen is not None and not foreseen.spec.discretionary


def _child(told: LawFacts, report: Mapping[str, Scalar]) -> tuple[str, str]:
    """Return what a report would say about the age, with a sentence: what was found out goes before what was told."""
    known = [age for age in told.ages if age is not None]
    if not known:
        return {
            "no": ("no", "Nobody doubts that everyone it is about is over 18."),
            "yes": ("yes", "Someone could be under 18, as the report says."),
        }.get(
            str(report.get(_CHILD)), ("unsure", "It is not known whether everyone is over 18: that counts as a child.")
        )
    if len(known) == len(told.ages) and not any(age.youngest < OF_AGE for age in known):
        return "no", "Everyone it is about is over 18, as was found out."
    return "yes", "Someone is under 18, or could be, as was found out."


def _covers(jurisdictions: tuple[str, ...], jurisdiction: str) -> bool:
    country = jurisdiction.partition("-")[0]
    return not jurisdictions or jurisdiction in jurisdictions or country in jurisdictions


MOVED = "moved"
"""Why a step is called off that the other definition does not have; it goes on when the run moves back."""


class MovePlan(NamedTuple):
    """What a move does to a case: steps called off and opened, and deadlines before and after (None: not any more)."""

    called_off: tuple[Step, ...]
    opened: tuple[Step, ...]
    deadlines: tuple[tuple[Deadline | None, Deadline | None], ...]


class MoveCheck(NamedTuple):
    """What a move meets: steps of one name that are of another type there, and open ones that are not there."""

    other_types: tuple[str, ...]
    without_place: tuple[str, ...]


def check_move(steps: Iterable[tuple[str, str, bool]], there: Mapping[str, CompiledStep]) -> MoveCheck:
    """Check the foreseen steps of a run (key, step type, whether it is live) against the steps of a definition."""
    known = tuple(steps)
    others = {key for key, uses, _ in known if key in there and there[key].spec.uses != uses}
    gone = {key for key, _, is_live in known if is_live and key not in there}
    return MoveCheck(tuple(sorted(others)), tuple(sorted(gone)))


def move(draft: Draft, command: cm.MoveRun) -> None:
    """Let a run go on by another definition; steps are the same that have one name, and what was done stays.

    What lives and is not in the other definition is called off, and goes on if the run comes back; added steps stay.
    Time limits are counted anew by the other definition, from when they began. Raises `NotFoundError`,
    `AlreadyEndedError` for a run that is over, `OtherStepTypeError` where a step of one name is of another type there,
    `WorkWithoutPlaceError` where open steps are not there and the command does not cancel them.
    """
    run, compiled = draft.state.runs.get(command.run_id), draft.definitions.get(command.definition_hash)
    if run is None or compiled is None:
        raise NotFoundError(kind="run" if run is None else "definition")
    if run.status is not RunStatus.OPEN:
        raise AlreadyEndedError(kind="run")
    if run.definition_hash == command.definition_hash:
        return
    foreseen = [step for step in draft.state.steps.values() if step.run_id == run.id and step.added is None]
    there = compiled.steps
    _require_fit(check_move(((one.key, one.uses, one.status in LIVE) for one in foreseen), there), command)
    for step in foreseen:
        if step.id in draft.state.live and step.key not in there:
            cancel(draft, step.model_copy(update={"gate": MOVED}), MOVED)
    changes = {"workflow": compiled.workflow.workflow, "version": compiled.workflow.version}
    moved = run.model_copy(update=changes | {"definition_hash": command.definition_hash})
    draft.emit(ev.RunMoved(run=moved, before=run.definition_hash))
    for step in foreseen:
        if step.status is StepStatus.CANCELLED and step.gate == MOVED and step.key in there:
            latest = draft.view(run.id).latest(step.key, step.base_path)
            if latest is not None and latest.id == step.id:
                open_again(draft, step, there[step.key])
    draft.cause, draft.plans_again = MOVED, True


def _require_fit(met: MoveCheck, command: cm.MoveRun) -> None:
    if met.other_types:
        raise OtherStepTypeError(steps=", ".join(met.other_types))
    if met.without_place and not command.cancels:
        raise WorkWithoutPlaceError(steps=", ".join(met.without_place))


def plan_of_move(before: CaseState, events: Iterable[ev.Event]) -> MovePlan:
    """Return what the events of a move do to the case as it was before."""
    called_off: list[Step] = []
    opened: list[Step] = []
    deadlines: list[tuple[Deadline | None, Deadline | None]] = []
    for event in events:
        match event:
            case ev.StepCancelled():
                called_off.append(event.step)
            case ev.StepOpened() | ev.StepHeld() | ev.StepScheduled():
                opened.append(event.step)
            case ev.DeadlineSet():
                deadlines.append((None, event.deadline))
            case ev.DeadlineMoved():
                deadlines.append((before.deadlines.get(event.deadline.id), event.deadline))
            case ev.DeadlineEnded():
                deadlines.append((event.deadline, None))
            case _:
                pass
    return MovePlan(tuple(called_off), tuple(opened), tuple(deadlines))


class OtherStepTypeError(NotPossibleError):
    """Raised when a run cannot go on by a definition in which steps of the same name are of another type."""

    code = "other-step-type"
    sentence = (
        "The case cannot be moved to that workflow: these steps are of another type there: {steps}. Begin that workflow"
        " alongside the present one instead."
    )


class WorkWithoutPlaceError(NotPossibleError):
    """Raised when a run has open steps that another definition does not have, and they are not to be cancelled."""

    code = "work-without-place"
    sentence = "The case stays on its version: these open steps are not in the other one: {steps}."
