"""The history of a case in words, as the person whom it is about may read it; its diary without its words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Select, Text, and_, cast, exists, func, or_, select

from engine.audit.records import AccountLine
from engine.audit.views import case_zone
from engine.cases.sentences import OF_STEPS, Body, Say, sentence
from engine.cases.store import NOTE_MADE
from engine.cases.views.sight import access_to, is_narrowed, require_whole, shows_time
from engine.cases.visibility import positions, visible_to
from engine.core.access import OPERATIONAL, CaseAccess, covers
from engine.core.persons import is_untold_role, is_untold_step, untold_persons
from engine.core.policy import Action, Viewer, require
from engine.core.values import person_in
from engine.db.reading import Reading, Row, few
from engine.db.shape import ACTOR, CASE, CASE_PERSON, EVENT, MEMBERSHIP, REFERRAL, RUN, STEP
from engine.db.tables import TABLES
from engine.documents.store import FileStore
from engine.errors import NotFoundError
from engine.overview.records import DiaryFile, DiaryView, EventView, NoteView
from engine.people.viewer import name_of_actor

_OF_CONFLICT = frozenset({"ConflictNoted", "ConflictEnded"})
OF_WORK = frozenset({"CaseOpened", "CaseClosed", "CaseReopened", "RunStarted", "RunMoved", "RunEnded", "RunReopened"})
"""The events that tell how the work of the whole case goes."""

_BODY = EVENT.c.body


class HistoryPart(NamedTuple):
    """A part of a history: so many lines at the most, those right before or after a number, else the latest."""

    most: int
    before: int | None = None
    after: int | None = None

    def of(self, events: Sequence[EventView]) -> Sequence[EventView]:
        """Return the part of all events."""
        if self.after is not None:
            return [event for event in events if event.seq > self.after][: self.most]
        return [event for event in events if self.before is None or event.seq < self.before][-self.most :]


def case_history(
    reading: Reading, viewer: Viewer, case_id: UUID, *, part: HistoryPart | None = None, say: Say = str
) -> tuple[EventView, ...]:
    """Tell the events of a case in their order, or a part of them; raises `NotFoundError`, `NotAllowedError`.

    To a grant those that it shows are numbered by themselves: no gap counts the others.
    """
    seen = select(CASE.c.id).where(CASE.c.id == case_id, visible_to(viewer, now=reading.present))
    is_there, way = reading.soon(reading.first, seen), reading.soon(access_to, reading, viewer, case_id)
    wanted = _events(case_id, part)
    named, found = reading.soon(_Titles, reading, case_id, part and wanted), reading.soon(reading.rows, wanted)
    if is_there() is None:
        raise NotFoundError(kind="case")
    access = way()
    require(viewer, Action.READ_HISTORY, access=access)
    titles, events = named(), found()
    if part is not None and is_narrowed(access):
        titles, events = _Titles(reading, case_id, None), reading.rows(_events(case_id, None))
    rows = [
        row
        for row in sorted(events, key=itemgetter("seq"))
        if not _is_kept_from(viewer, row["type"], row["body"])
        and (not is_narrowed(access) or _is_shown(access, titles, row["type"], row["body"]))
    ]
    told = tuple(
        EventView(
            seq=number if is_narrowed(access) else row["seq"],
            at=row["at"],
            actor=row["name"],
            type=row["type"],
            text=sentence(row["type"], row["body"], titles.of, say),
        )
        for number, row in enumerate(rows, start=1)
    )
    return told if part is None else tuple(part.of(told))


def _events(case_id: UUID, part: HistoryPart | None) -> Select[tuple[object, ...]]:
    """Ask for all events of a case, or for those of a part, the latest first unless they follow a number."""
    query = (
        select(EVENT.c.seq, EVENT.c.at, EVENT.c.type, EVENT.c.body, name_of_actor(EVENT.c.actor_id))
        .select_from(EVENT.outerjoin(ACTOR, ACTOR.c.id == EVENT.c.actor_id))
        .where(EVENT.c.case_id == case_id)
    )
    if part is None:
        return query.order_by(EVENT.c.seq)
    if part.after is not None:
        return query.where(EVENT.c.seq > part.after).order_by(EVENT.c.seq).limit(few(part.most))
    earlier = query if part.before is None else query.where(EVENT.c.seq < part.before)
    return earlier.order_by(EVENT.c.seq.desc()).limit(few(part.most))


def _is_kept_from(viewer: Viewer, type_: str, body: Body) -> bool:
    """Return whether an event notes, or ends, that the viewer must not be told of the case: they do not learn of it."""
    return type_ in _OF_CONFLICT and body.get("actor_id") == str(viewer.actor_id)


class _Titles:
    """The titles of a case's steps, by what events say of them; of those that some events name, or of all."""

    def __init__(self, reading: Reading, case_id: UUID, events: Select[tuple[object, ...]] | None) -> None:
        self._known = reading.known
        of = (STEP.c.id, STEP.c.run_id, STEP.c.key, STEP.c.path, STEP.c.uses, STEP.c.added, STEP.c.status)
        runs = reading.soon(reading.rows, select(RUN.c.id, RUN.c.definition_hash).where(RUN.c.case_id == case_id))
        every = select(*of).where(STEP.c.case_id == case_id)
        steps = reading.soon(reading.rows, every if events is None else _named_in(events, every))
        self._hash_of: Mapping[str, str] = {str(row["id"]): row["definition_hash"] for row in runs()}
        self._title_of: dict[str, str] = {}
        self._step_of: dict[str, Row] = {}
        for row in steps():
            title = self._known.title(self._hash_of.get(str(row["run_id"]), ""), row["key"], row["uses"], row["added"])
            self._title_of |= {str(row["id"]): title, row["key"]: title}
            self._step_of[str(row["id"])] = row

    def step_of(self, body: Body) -> Row | None:
        """Return the step that a body speaks of by its id; None when it speaks of none."""
        part = body.get("step") or body.get("deadline") or body
        return self._step_of.get(str(part.get("step_id") or part.get("id") or ""))

    def of(self, body: Body) -> str:
        """Name the step that a body speaks of; empty when it speaks of none."""
        part = body.get("step") or body.get("deadline") or body
        key = str(part.get("key") or part.get("step_key") or "")
        for name in (str(part.get("step_id") or part.get("id") or ""), key):
            if name in self._title_of:
                return self._title_of[name]
        definition_hash = self._hash_of.get(str(part.get("run_id", "")), "")
        return self._known.title(definition_hash, key, "", None) if key else ""


def _named_in(events: Select[tuple[object, ...]], steps: Select[Any]) -> Select[Any]:
    """Narrow steps to those that events name by their id, and one of each key where they name only that."""
    some = events.subquery()
    part = func.coalesce(some.c.body["step"], some.c.body["deadline"], some.c.body)
    id_ = func.coalesce(part.op("->>")("step_id"), part.op("->>")("id"))
    key = func.coalesce(part.op("->>")("key"), part.op("->>")("step_key"))
    named = select(id_).where(id_.is_not(None))
    same = STEP.alias()
    is_first = ~exists().where(same.c.case_id == STEP.c.case_id, same.c.key == STEP.c.key, same.c.id < STEP.c.id)
    return steps.where(
        or_(cast(STEP.c.id, Text).in_(named), and_(STEP.c.key.in_(select(key).where(id_.is_(None))), is_first))
    )


def _is_shown(access: CaseAccess, titles: _Titles, type_: str, body: Body) -> bool:
    """Return whether a grant shows an event: it tells of the work, and of a step that is there for the viewer."""
    if type_ in OF_WORK:
        return covers(access, OPERATIONAL)
    step = titles.step_of(body) if type_ in OF_STEPS else None
    return step is not None and shows_time(access, step)


_READ = TABLES["reading"]
_TELLS = frozenset(
    {
        "CaseOpened", "CaseClosed", "CaseReopened", "PersonAdded", "PersonIdentified", "PersonCorrected", "StepEnded",
        "StepCancelled", "ReferralOffered", "ReferralAccepted", "ReferralDeclined", "ReferralRecalled", "HelpEnded",
        "EmergencyAccessGiven",
        "EmergencyConfirmed", "EmergencyEnded", "ConsentRecorded", "ConsentWithdrawn",
    },
)  # fmt: skip
"""What the person is told of; time limits, ladders and what our people do among each other say nothing to them."""


def account(reading: Reading, viewer: Viewer, case_id: UUID, *, say: Say = str) -> tuple[AccountLine, ...]:
    """Tell what happened in a case as the person may read it: what, when, by which role; no name of anybody.

    What tells of informants, or of suspects and what is done about them, is left out, and what somebody typed is never
    quoted. Only the case's own unit makes it. Raises `NotFoundError`, `NotAllowedError`.
    """
    may, sent = reading.soon(require_whole, reading, viewer, case_id, Action.READ_HISTORY), _referrals(case_id)
    zone, untold = reading.soon(case_zone, reading, viewer, case_id), reading.soon(_untold, reading, case_id)
    steps, referrals = reading.soon(reading.rows, _titled(case_id)), reading.soon(reading.rows, sent)
    events, looks = reading.soon(reading.rows, _told(case_id)), reading.soon(reading.rows, _looks(case_id))
    roles = reading.soon(_roles, reading, case_id)
    may()
    titles, kept = _safe_titles(reading, steps(), untold())
    hidden = frozenset({*kept, *map(str, untold()), *_sent_about(referrals(), untold())})
    lines = (*_happened(events(), roles(), titles, hidden, say), *_looked_at(looks(), zone(), hidden))
    return tuple(sorted(lines, key=lambda line: line.at))


def _told(case_id: UUID) -> Select[tuple[object, ...]]:
    return (
        select(EVENT.c.at, EVENT.c.type, EVENT.c.body, EVENT.c.actor_id)
        .where(EVENT.c.case_id == case_id, EVENT.c.type.in_(sorted(_TELLS)))
        .order_by(EVENT.c.seq)
    )


def _happened(
    rows: Iterable[Row], roles: Mapping[UUID, str], titles: Mapping[str, str], hidden: frozenset[str], say: Say
) -> Iterator[AccountLine]:
    for row in rows:
        body, step_id = row["body"], _step_in(row["body"])
        if hidden.isdisjoint((step_id, *_ids_in(body))) and not is_untold_role(_came_as(body)):
            text = sentence(row["type"], body, partial(_named, titles.get(step_id, "")), say)
            yield AccountLine(at=row["at"], role=roles.get(row["actor_id"], ""), text=text)


def _named(name: str, _body: Body) -> str:
    return name


def _step_in(body: Body) -> str:
    part = body.get("step") or body
    return str(part.get("step_id") or part.get("id") or "")


def _ids_in(body: Body) -> tuple[str, ...]:
    """Return whom an event speaks of, and which referral."""
    person = body.get("person") or {}
    return str(person.get("person_id", "")), str(body.get("person_id", "")), str(body.get("referral_id", ""))


def _came_as(body: Body) -> str:
    return str((body.get("person") or {}).get("role", ""))


def _looks(case_id: UUID) -> Select[tuple[object, ...]]:
    return (
        select(_READ.c.at, _READ.c.roles, _READ.c.subject_id)
        .where(_READ.c.case_id == case_id, _READ.c.classes != cast([], ARRAY(Text())))
        .order_by(_READ.c.seq)
    )


def _looked_at(rows: Iterable[Row], zone: ZoneInfo, hidden: frozenset[str]) -> Iterator[AccountLine]:
    """Tell once for each day of the case's zone and role that what identifies people was looked at."""
    seen = set()
    for row in rows:
        role, day = row["roles"][0] if row["roles"] else "", row["at"].astimezone(zone).date()
        if (day, role) not in seen and str(row["subject_id"]) not in hidden:
            seen.add((day, role))
            yield AccountLine(at=row["at"], role=role, text="Someone looked at what you said, or at who you are.")


def _untold(reading: Reading, case_id: UUID) -> frozenset[UUID]:
    """Return the persons of a case of whom nothing is told."""
    rows = reading.rows(select(CASE_PERSON.c.person_id, CASE_PERSON.c.role).where(CASE_PERSON.c.case_id == case_id))
    return untold_persons((row["person_id"], row["role"]) for row in rows)


def _referrals(case_id: UUID) -> Select[tuple[object, ...]]:
    return select(REFERRAL.c.id, REFERRAL.c.persons).where(REFERRAL.c.case_id == case_id)


def _sent_about(sent: Iterable[Row], untold: frozenset[UUID]) -> set[str]:
    """Return the ids of what was sent about nobody but those persons."""
    return {str(row["id"]) for row in sent if row["persons"] and untold.issuperset(row["persons"])}


def _titled(case_id: UUID) -> Select[tuple[object, ...]]:
    return (
        select(STEP.c.id, STEP.c.key, STEP.c.uses, STEP.c.path, STEP.c.added, RUN.c.definition_hash)
        .select_from(STEP.join(RUN, RUN.c.id == STEP.c.run_id))
        .where(STEP.c.case_id == case_id)
    )


def _safe_titles(reading: Reading, rows: Iterable[Row], untold: frozenset[UUID]) -> tuple[dict[str, str], set[str]]:
    """Return the titles of steps in published words, and the steps of which the person is not told."""
    titles, hidden = {}, set()
    for row in rows:
        step_type = reading.known.step_type(row["uses"])
        classes = {spec.restricted_category for spec in step_type.fields} if step_type else set()
        if person_in(row["path"]) in untold or is_untold_step(row["uses"], classes):
            hidden.add(str(row["id"]))
        published = "" if row["added"] else row["definition_hash"]
        titles[str(row["id"])] = reading.known.title(published, row["key"], row["uses"], None)
    return titles, hidden


def _roles(reading: Reading, case_id: UUID) -> dict[UUID, str]:
    """Return one role of each who acted in a case: that of the case's own unit before another one's."""
    rows = reading.rows(
        select(MEMBERSHIP.c.actor_id, MEMBERSHIP.c.role)
        .select_from(MEMBERSHIP.join(CASE, CASE.c.id == case_id))
        .where(MEMBERSHIP.c.actor_id.in_(select(EVENT.c.actor_id).where(EVENT.c.case_id == case_id)))
        .order_by((MEMBERSHIP.c.unit_id == CASE.c.unit_id), MEMBERSHIP.c.role.desc())
    )
    return {row["actor_id"]: row["role"] for row in rows}


def case_diary(reading: Reading, viewer: Viewer, case_id: UUID, *, offset: int = 0, limit: int = 10) -> DiaryView:
    """List the notes of a case, the latest first; only its own unit has a diary. Raises `NotFoundError`."""
    may = reading.soon(require_whole, reading, viewer, case_id, Action.SEE_CASES)
    of = (EVENT.c.case_id == case_id, EVENT.c.type == NOTE_MADE)
    query = (
        select(EVENT.c.seq, EVENT.c.at, _BODY, name_of_actor(EVENT.c.actor_id))
        .select_from(EVENT.outerjoin(ACTOR, ACTOR.c.id == EVENT.c.actor_id))
        .where(*of)
        .order_by(_BODY["happened_at"].astext.desc(), EVENT.c.seq.desc())
        .offset(offset)
        .limit(few(limit))
    )
    found, numbers = reading.soon(reading.rows, query), reading.soon(positions, reading, (case_id,))
    count = reading.soon(reading.count, select(func.count()).select_from(EVENT).where(*of))
    files = reading.soon(FileStore(reading.within).of_case, case_id)
    may()
    known = numbers()
    notes = []
    for row in found():
        body = row["body"]
        whom = UUID(body["person_id"]) if "person_id" in body else None
        notes.append(
            NoteView(
                seq=row["seq"], kind=body["kind"], happened_at=datetime.fromisoformat(body["happened_at"]),
                noted_at=row["at"], by=row["name"] or "", person_id=whom, file_id=body.get("file_id"),
                person_label=f"Person {known.get((case_id, whom), '?')}" if whom else "",
            )
        )  # fmt: skip
    kept = (file for file in files() if not file.is_deferred)
    return DiaryView(
        notes=tuple(notes), count=count(),
        files=tuple(DiaryFile(id=one.id, kind=one.kind.value, added_at=one.added_at) for one in kept),
    )  # fmt: skip
