"""How cases belong together: linked, merged into one, split in two; what each takes along and leaves."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow
from engine.core.draft import Draft
from engine.core.law.told import Telling, tellings_in
from engine.core.records import LIVE, Deadline, Record, Scalar, Step, StepStatus
from engine.core.referral import AWAIT
from engine.core.state import CaseState
from engine.core.values import RunSteps, path_of_person, truth_of
from engine.errors import CaseMergedError
from engine.language.conditions.values import Truth


class LinkKind(StrEnum):
    """Why two cases belong together."""

    SAME_EVENT = "same_event"
    SAME_SUSPECT = "same_suspect"
    SAME_ROUTE = "same_route"
    FOLLOW_UP = "follow_up"
    MERGED = "merged"
    SPLIT = "split"


LINKED_BY_HAND = (LinkKind.SAME_EVENT, LinkKind.SAME_SUSPECT, LinkKind.SAME_ROUTE, LinkKind.FOLLOW_UP)
"""The kinds that somebody chooses; the others come of a merge or a split."""


class CaseLink(Record):
    """Two cases that belong together (instants UTC).

    Of a merge, `case_id` is the case in which work goes on and `other_case_id` the stub; of a split, the case as it was
    and the one that came out of it. A merge holds from `approved_at` on, when a second person agreed; every other link
    from `asked_at` on. `held_items` are the work items that a resting stub took off the worklists, with who had claimed
    them.
    """

    id: UUID
    case_id: UUID
    other_case_id: UUID
    unit_id: UUID
    kind: LinkKind
    reason_code: str = ""
    rests: bool = False
    asked_by: UUID | None = None
    asked_at: datetime
    approved_at: datetime | None = None
    ended_by: UUID | None = None
    ended_at: datetime | None = None
    held_items: tuple[tuple[UUID, UUID | None], ...] = ()

    @property
    def is_asked(self) -> bool:
        """Whether it is a merge that waits for its second person."""
        return self.kind is LinkKind.MERGED and self.approved_at is None and self.ended_at is None


_IN_A_MERGED_CASE_NOT = (cm.StartRun, cm.AddPerson, cm.ChangePersonRole, cm.ReopenCase)
_AT_REST = (
    cm.UnmergeCase, cm.FireDeadline, cm.Acknowledge, cm.MissLevel, cm.NameDelayOwner, cm.Recount, cm.RecordFact,
    cm.AskCalls, cm.NoteCall, cm.EndCalls,
)  # fmt: skip


def require_part_of_merged(state: CaseState, command: cm.Command) -> None:
    """Refuse, in a case that was merged into another, what is to be done there; raises `CaseMergedError`.

    In a stub everything that was open goes on: answers, approvals, time, ladders, and what an answer asks to be
    watched. Nothing new is begun in it. A stub
    that rests takes no more than what machines had under way, and the answer to a referral or its end: a consent can
    be withdrawn at any time.
    """
    if state.case.merged_into is None:
        return
    if state.case.rests:
        is_fine = isinstance(command, _AT_REST) or _goes_on_at_rest(state, command)
    else:
        added = command.added if isinstance(command, cm.AddStep) else None
        follows = added is not None and bool(added.for_deadline or added.watches)
        is_by_hand = isinstance(command, cm.AddStep) and not follows
        is_fine = not (is_by_hand or isinstance(command, _IN_A_MERGED_CASE_NOT))
    if not (is_fine or isinstance(command, cm.MergeCase)):
        raise CaseMergedError


def merge(draft: Draft, command: cm.MergeCase) -> None:
    """Make the case a stub; raises `CaseMergedError` when it is one of another case already."""
    case = draft.state.case
    if case.merged_into is not None:
        if (case.merged_into, case.rests) != (command.into, command.rests):
            raise CaseMergedError
        return
    draft.emit(ev.CaseMerged(into=command.into, rests=command.rests, at=draft.now, reason_code=command.reason_code))


def unmerge(draft: Draft, command: cm.UnmergeCase) -> None:
    """Let a stub be a case again; whatever rested goes on from where it stood."""
    into = draft.state.case.merged_into
    if into is not None:
        draft.emit(ev.CaseUnmerged(was_into=into, at=draft.now, reason_code=command.reason_code))


def laws_left_alone(primary: CaseState, merged_case: CaseState) -> tuple[str, ...]:
    """Name the limits of the law that run in a case and in no way in the one it is to rest in favour of."""
    kept = {d.law for d in (*primary.deadlines.values(), *primary.past.values())}
    return tuple(sorted({d.law for d in merged_case.deadlines.values() if d.law is not None and d.law not in kept}))


def laws_of_persons(state: CaseState, person_ids: Collection[UUID]) -> tuple[Deadline, ...]:
    """List the limits of the law that run for steps of these persons alone: such a step must be done where it is."""
    own = {path_of_person(person_id) for person_id in person_ids}
    live = {step.id for step in state.steps.values() if step.status in LIVE and step.base_path in own}
    return tuple(d for d in state.deadlines.values() if d.law is not None and (d.step_id in live or _path(d) in own))


def _path(deadline: Deadline) -> str:
    return "/".join(part for part in deadline.path.split("/") if not part.startswith("r:"))


def _goes_on_at_rest(state: CaseState, command: cm.Command) -> bool:
    """Return whether a command ends what machines had under way, or the waiting for the answer to a referral."""
    step = state.steps.get(command.step_id) if isinstance(command, cm.CompleteStep | cm.CancelStep) else None
    if step is None:
        return False
    return step.uses == AWAIT or (step.automatic and isinstance(command, cm.CompleteStep))


FROM_A_SPLIT = "split"
"""The source of a fact that came along from the case as it was."""


def tellings_that_go(state: CaseState, going: Collection[UUID]) -> tuple[Telling, ...]:
    """Return what was told of the whole case, and of the persons who go; what was told of others stays."""
    of = {"", *map(path_of_person, going)}
    return tuple(one for one in tellings_in(state) if one.element in of)


def facts_that_go(
    state: CaseState,
    definitions: Mapping[str, CompiledWorkflow],
    sources: Mapping[str, str],
    going: Collection[UUID],
) -> Mapping[str, Scalar]:
    """Return the facts of the whole case, and those that the steps of the persons who go have made.

    `sources` names the step that each fact comes from. A fact of steps that were done for persons who go and for others
    counts as the last step of those who go says; where only the others' may have made it, it stays with them.
    """
    own = set(map(path_of_person, going))
    found: dict[str, Scalar] = {}
    for name, value in state.facts.items():
        done = _for_somebody(state, sources.get(name, ""))
        theirs = [step for step in done if step.base_path in own]
        said = value if len(theirs) == len(done) else _as_told_of(state, definitions, name, theirs)
        if said is not None:
            found[name] = said
    return found


def _for_somebody(state: CaseState, key: str) -> list[Step]:
    """List the ended steps of a key that were done for one person each, in the order in which they were told."""
    done = [
        (step.recorded_at, step)
        for step in state.steps.values()
        if step.key == key and step.base_path and step.status is StepStatus.ENDED and step.recorded_at is not None
    ]
    return [step for _, step in sorted(done, key=lambda one: one[0])]


def _as_told_of(
    state: CaseState, definitions: Mapping[str, CompiledWorkflow], name: str, steps: list[Step]
) -> bool | None:
    """Ask the workflow what the latest of these steps makes of a fact; None where it does not say."""
    for step in reversed(steps):
        definition = definitions[state.runs[step.run_id].definition_hash]
        compiled = definition.steps.get(step.key)
        if compiled is None or name not in compiled.sets:
            continue
        lookup = RunSteps(definition, state, step.run_id).lookup(step.base_path, compiled.spec.for_each)
        truth = truth_of(compiled.sets[name], lookup)
        if truth is not Truth.UNKNOWN:
            return truth is Truth.TRUE
    return None
