"""Say what a change of a calendar, ladder, law pack or workflow would do to open cases, before it is saved."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import is_barred
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.decide import decide
from engine.core.library import Library
from engine.core.policy import Viewer, visible_units
from engine.core.records import CaseStatus, Deadline
from engine.core.state import CaseState, evolve
from engine.db.transaction import Transaction
from engine.definitions.actions.days import NewDay, added_day, as_stored, calendar_of, check_day, require_keeper
from engine.definitions.actions.publish import (
    COUNTS_NO_TIME,
    Candidate,
    candidates,
    ladders_of,
    lint_sources,
    published_workflows,
    refused,
)
from engine.definitions.records import MovedDeadline, PreviewView, StoredDay, WorkflowChange
from engine.definitions.store import DefinitionStore, RecountStore, SpecialDayStore
from engine.language.calendars import Calendar
from engine.language.changes import ChangeSentence, changes_in_words, name_changes
from engine.language.findings import has_errors
from engine.language.ladders import Ladder
from engine.language.law import LawPack
from engine.language.library import DefinitionKind
from engine.language.telling import Tell, in_english
from engine.language.workflow import Workflow, own_changes
from engine.messages.actions.notifying import title_of

MOST_CASES = 2000
"""How many open cases a preview looks at; it says how many it left out."""
_ONLY_NAMES = "Only names change: what runs stays as it is."


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of the library, and which open cases it may concern."""

    kind: str
    name: str
    library: Library


@dataclass(frozen=True, slots=True)
class Planned:
    """The library before and after a change, and the workflows that it touches, each before (if any) and after."""

    before: Library
    after: Library
    workflows: tuple[tuple[Workflow | None, Workflow], ...]


class _Over(Mapping[str, Calendar]):
    """Some calendars laid over others, without working the holidays of those out."""

    def __init__(self, upper: Mapping[str, Calendar], lower: Mapping[str, Calendar]) -> None:
        self._upper, self._lower = upper, lower

    def __getitem__(self, name: str) -> Calendar:
        return self._upper[name] if name in self._upper else self._lower[name]

    def __contains__(self, name: object) -> bool:
        return name in self._upper or name in self._lower

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._upper, *self._lower)))

    def __len__(self) -> int:
        return len(dict.fromkeys((*self._upper, *self._lower)))


def preview_files(
    engine: Engine, sources: Mapping[str, str], *, viewer: Viewer, tell: Tell = in_english
) -> PreviewView:
    """Say what publishing these files would do; nothing is changed. Raises `DefinitionError` like publishing."""
    findings = lint_sources(engine, sources)
    if has_errors(findings):
        raise refused(findings)
    with engine.transaction() as tx:
        found = candidates(engine, sources, published_workflows(tx))
        now_published = tx.library()
        new = [one for one in found if _differs(tx, one)]
        changed = now_published
        for one in new:
            changed = _with_definition(engine, tx, changed, one)
        changes = [_Change(one.kind, one.name, changed) for one in new if one.kind not in COUNTS_NO_TIME]
        said = tuple(line for one in found for line in _in_words(engine, tx, now_published, one, tell))
    return _previewed(engine, now_published, changes, viewer, said)


def planned_change(engine: Engine, sources: Mapping[str, str]) -> Planned:
    """Return what publishing these files would change of the library, and the workflows whose people it would reach."""
    with engine.transaction() as tx:
        new = [one for one in candidates(engine, sources, published_workflows(tx)) if _differs(tx, one)]
        before = after = tx.library()
        for one in new:
            after = _with_definition(engine, tx, after, one)
        ladders = {one.name for one in new if one.kind == DefinitionKind.LADDER}
        changed = {one.name: one.record for one in new if isinstance(one.record, Workflow)}
        stored = tx.of(DefinitionStore).published(DefinitionKind.WORKFLOW.value)
        known = {one.name: Workflow.model_validate(dict(one.flattened)) for one in stored}
    touched = [name for name, workflow in known.items() if ladders & ladders_of(workflow)]
    names = dict.fromkeys((*changed, *touched))
    return Planned(before, after, tuple((known.get(name), changed.get(name) or known[name]) for name in names))


def preview_day(engine: Engine, new: NewDay, *, viewer: Viewer) -> PreviewView:
    """Say what adding a day to a calendar would do; raises like `add_special_day`."""
    require_keeper(viewer)
    with engine.transaction() as tx:
        check_day(engine, tx, new)
        days = (*tx.of(SpecialDayStore).live(new.calendar), as_stored(engine, new, viewer))
        library = tx.library()
        changed = _with_days(engine, tx, library, new.calendar, days)
    return _previewed(engine, library, [_Change(DefinitionKind.CALENDAR.value, new.calendar, changed)], viewer)


def preview_removal(engine: Engine, *, calendar: str, day: date, viewer: Viewer) -> PreviewView:
    """Say what taking an added day back would do; raises like `remove_special_day`."""
    require_keeper(viewer)
    with engine.transaction() as tx:
        gone = added_day(engine, tx, calendar, day)
        days = [known for known in tx.of(SpecialDayStore).live(calendar) if known.id != gone.id]
        library = tx.library()
        changed = _with_days(engine, tx, library, calendar, days)
    return _previewed(engine, library, [_Change(DefinitionKind.CALENDAR.value, calendar, changed)], viewer)


def _previewed(
    engine: Engine, library: Library, changes: Sequence[_Change], viewer: Viewer, said: tuple[WorkflowChange, ...] = ()
) -> PreviewView:
    """Compare the cases that the viewer sees; of those of others nothing is told, not even how many there are."""
    now = engine.clock.now()
    units = None if viewer.is_system else visible_units(viewer)
    with engine.transaction() as tx:
        concerned = sorted(
            {
                case_id
                for change in changes
                for case_id in tx.of(RecountStore).concerned(
                    change.kind, change.name, after=None, most=100_000, unit_ids=units
                )
            }
        )
    lines: list[MovedDeadline] = []
    looked_at = 0
    for case_id in concerned[:MOST_CASES]:
        state = _read(engine, case_id)
        if state.case.status is CaseStatus.OPEN and not is_barred(viewer, state):
            before, after = (_counted(engine, state, one, now) for one in (library, changes[-1].library))
            lines += moved_deadlines(engine, before, after)
            looked_at += 1
    return PreviewView(
        lines=worst_first(lines), looked_at=looked_at, left_out=max(0, len(concerned) - MOST_CASES), changes=said
    )


def _read(engine: Engine, case_id: UUID) -> CaseState:
    with engine.transaction() as tx:
        return tx.of(CaseStore).read(case_id)


def worst_first(lines: Iterable[MovedDeadline]) -> tuple[MovedDeadline, ...]:
    """Order them: what would be late at once, then by when it is due."""
    last = datetime.max.replace(tzinfo=UTC)
    return tuple(
        sorted(lines, key=lambda one: (one.effect != "would_breach", one.after or one.before or last, one.case_number))
    )


def moved_deadlines(engine: Engine, before: CaseState, after: CaseState) -> Iterator[MovedDeadline]:
    """Compare the deadlines of a case as they are with those that it would have."""
    for deadline_id in sorted({*before.deadlines, *after.deadlines}):
        old, new = before.deadlines.get(deadline_id), after.deadlines.get(deadline_id)
        if _when(old) != _when(new):
            known = new or old
            if known is not None:
                told_before, told_after = _told(old, new)
                yield MovedDeadline(
                    case_id=after.case.id, case_number=after.case.number, step_key=known.key,
                    step_title=title_of(engine, after, known), zone=known.zone, effect=_effect(old, new),
                    before=old.due_at if old else None, after=new.due_at if new else None,
                    told_before=told_before, told_after=told_after,
                )  # fmt: skip


def _counted(engine: Engine, state: CaseState, library: Library, now: datetime) -> CaseState:
    for event in decide(engine.definitions, library, state, cm.Recount(cause="preview"), now):
        state = evolve(state, event)
    return state


def _when(deadline: Deadline | None) -> tuple[datetime, datetime, datetime | None] | None:
    return (deadline.due_at, deadline.late_from, deadline.next_at) if deadline else None


def _told(old: Deadline | None, new: Deadline | None) -> tuple[datetime | None, datetime | None]:
    """Return when each is told of next; when that is the same, when each is late."""
    following = (old.next_at if old else None, new.next_at if new else None)
    if old and new and following[0] == following[1]:
        return old.late_from, new.late_from
    return following


def _effect(old: Deadline | None, new: Deadline | None) -> str:
    if new is None:
        return "ends"
    if new.breached_at is not None and (old is None or old.breached_at is None):
        return "would_breach"
    if old is None:
        return "begins"
    if old.due_at == new.due_at:
        return "told_at_another_time"
    return "moves" if new.breached_at is None else "stays_breached"


def _differs(tx: Transaction, one: Candidate) -> bool:
    current = tx.of(DefinitionStore).current(one.kind, one.name)
    return current is None or not one.is_content_of(current)


def _with_definition(engine: Engine, tx: Transaction, library: Library, one: Candidate) -> Library:
    match one.record:
        case Calendar() as calendar:
            whole = engine.whole_calendar(calendar, tx.of(SpecialDayStore).live(calendar.name))
            return replace(library, calendars=_Over({calendar.name: whole}, library.calendars))
        case Ladder() as ladder:
            return replace(library, ladders={**library.ladders, ladder.name: ladder})
        case LawPack() as pack:
            return replace(library, packs={**library.packs, pack.name: pack})
        case _:
            return library


def _with_days(engine: Engine, tx: Transaction, library: Library, name: str, days: Iterable[StoredDay]) -> Library:
    calendar_of(tx, name)
    stored = tx.of(DefinitionStore).current(DefinitionKind.CALENDAR.value, name)
    plain = Calendar.model_validate(dict(stored.flattened)) if stored else library.calendars[name]
    whole = engine.whole_calendar(plain, days)
    return replace(library, calendars=_Over({name: whole}, library.calendars))


def _in_words(
    engine: Engine, tx: Transaction, library: Library, one: Candidate, tell: Tell
) -> Iterator[WorkflowChange]:
    """Say what a workflow changes of the version that is published, and that only names do where that is all."""
    current = tx.of(DefinitionStore).current(one.kind, one.name)
    if not isinstance(one.record, Workflow) or (current and one.is_text_of(current)):
        return
    before = own_changes(current.flattened, engine.catalogue) if current else None
    after, laws = own_changes(one.flattened, engine.catalogue), library.law_words(engine.clock.now().date(), tell)
    changes = changes_in_words(one.kind, before, after, engine.catalogue, laws, library.ladders, tell=tell)
    if current and one.is_content_of(current):
        names = name_changes(current.source, one.source, after, engine.catalogue, tell=tell)
        changes = ChangeSentence(tell(_ONLY_NAMES)), *names
    for said in changes:
        yield WorkflowChange(workflow=one.name, words=said.words, is_loss=said.is_loss)
