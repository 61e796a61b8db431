"""How work and cases pass on: referrals to others; cases linked, merged into one, split in two."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow
from engine.core.draft import Draft
from engine.core.law.told import Telling, tellings_in
from engine.core.records import LIVE, Deadline, Record, Scalar, Step, StepStatus, path_of_person
from engine.core.state import CaseState
from engine.core.values import RunSteps, truth_of
from engine.errors import AlreadyEndedError
from engine.language.conditions.values import Truth

KIND: Final = "referral"
"""How the table of what was sent names an offer of work without more."""


class ReferralKind(StrEnum):
    """What the other side is asked for."""

    REFERRAL = "referral"
    TRANSFER = "transfer"
    CONSULTATION = "consultation"


class ReferralStatus(StrEnum):
    """How far a referral has come.

    One that is held waits for who may release it, and one that was dropped was called back before: nobody was told.
    """

    HELD = "held"
    DROPPED = "dropped"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    RECALLED = "recalled"
    ENDED = "ended"


AWAIT: Final = "core.await_answer"
"""The step in which a case waits for an answer."""
ANSWER_WITHIN: Final = {"critical": timedelta(hours=4), "high": timedelta(hours=24), "other": timedelta(days=3)}
"""How long the other side has for its answer, by how urgent it is."""

UNSEEN: Final = frozenset({ReferralStatus.HELD, ReferralStatus.DROPPED})
"""What the other side never heard of."""

_OPEN: Final = frozenset({ReferralStatus.HELD, ReferralStatus.OFFERED})


class Referral(Record):
    """Work of a case, offered to another unit or partner (all instants UTC).

    `fields` is what the other side is shown once it has accepted, named as in a grant; before, it sees the purpose, the
    help that is needed, how urgent it is and the number of the case. Fields leave on a consent or a ground in law, and
    only of the `persons` of the case for whom that holds: who has consented, or those who were chosen.
    `asked_by` is who wanted it, `released_by` the one who answers for it and `second_by` the second person, where two
    are needed; nobody of them, when a level of a ladder made the offer. `due_at` is when the answer is due, and
    `answer_step_id` the step that waits for it; without one it is due when the step is that it is for. `after_id` is
    the referral that this one follows, which was declined or called back. `keep_days` is how long the old unit may
    still look at a case that it has handed over. A partner outside the network has a name instead of a unit; one with
    `to_hub_id` is a hub of its own, which is asked by a message.
    """

    id: UUID
    case_id: UUID
    unit_id: UUID
    to_unit_id: UUID | None = None
    to_name: str = ""
    to_kind: str = ""
    to_hub_id: UUID | None = None
    step_id: UUID | None = None
    deadline_id: UUID | None = None
    kind: ReferralKind = ReferralKind.REFERRAL
    status: ReferralStatus = ReferralStatus.OFFERED
    purpose: str = ""
    help: str = ""
    urgency: str = ""
    fields: tuple[str, ...] = ()
    persons: tuple[UUID, ...] = ()
    consent_id: UUID | None = None
    ground: str = ""
    sent_at: datetime
    due_at: datetime | None = None
    answered_at: datetime | None = None
    asked_by: UUID | None = None
    released_by: UUID | None = None
    second_by: UUID | None = None
    answered_by: UUID | None = None
    answer_step_id: UUID | None = None
    after_id: UUID | None = None
    keep_days: int = 0
    reason_code: str = ""
    ended_at: datetime | None = None
    ended_reason: str = ""

    @property
    def is_open(self) -> bool:
        """Return whether it still waits: for its release, or for an answer."""
        return self.status in _OPEN

    @property
    def is_live(self) -> bool:
        """Return whether it can still be called back: it waits, or it was accepted and has not ended."""
        return self.is_open or self.status is ReferralStatus.ACCEPTED

    @property
    def is_transfer(self) -> bool:
        """Return whether acceptance changes who owns the case."""
        return self.kind is ReferralKind.TRANSFER


def require_unanswered(referral: Referral) -> None:
    """Refuse a referral that was answered, called back, or not yet released."""
    if referral.status is not ReferralStatus.OFFERED:
        raise AlreadyEndedError(kind="referral")


def require_live(referral: Referral) -> None:
    """Refuse a referral that is over."""
    if not referral.is_live:
        raise AlreadyEndedError(kind="referral")


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


_IN_A_MERGED_CASE_NOT = (cm.StartRun, cm.MoveRun, cm.AddPerson, cm.ChangePersonRole, cm.ReopenCase)
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
        follows = added is not None and bool(added.for_deadline or added.follow_up)
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


class CaseMergedError(AlreadyEndedError):
    """Raised for what cannot be done any more in a case that was merged into another one."""

    code = "case-merged"
    sentence = "This case was merged into another one: go on there, or undo the merge."
