"""Make a copy for a spreadsheet, fetched once; notify administrators of trouble, once for each kind and hour."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import JsonValue

from engine.access.records import MOST_COPIES_IN_AN_HOUR
from engine.approvals.actions.approvals import Answer, Handler, Lapse, ask_second, register, take_answer
from engine.approvals.records import ApprovalKind
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import THIS_MACHINE, Action, Viewer, require, units_that_let
from engine.core.retention import (
    COPY_LIVES,
    MOST_ROWS,
    PURPOSES_OF_COPIES,
    CopyMark,
    CopyStatus,
    ExportCopy,
    needs_second_person,
)
from engine.db.transaction import Transaction
from engine.errors import (
    AlreadyEndedError,
    ConflictError,
    InvalidAnswersError,
    NotAllowedError,
    NotFoundError,
    TooOftenError,
)
from engine.language.names import Role
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.overview.records import BoardView
from engine.overview.views.board import admin_board
from engine.overview.views.copies import count_copied
from engine.overview.views.copies import sheet as sheet_view
from engine.overview.views.running import STUCK_BY_DAY
from engine.people.store import DirectoryStore
from engine.retention.records import SheetView
from engine.retention.store import RetentionStore
from engine.sign_in.actions.account import require_step_up

WHAT = frozenset({"cases", "steps", "limits", "htcds"})
_HOUR: Final = timedelta(hours=1)

TROUBLE: Final = "trouble"
"""The fact of the installation that says how much of each trouble the administrators were told of."""
FALLBACK, FIRING, ASIDE, JOBS, DELIVERIES = "fallback", "firing", "deadlines", "jobs", "deliveries"
HELD: Final = "held"
_CRITICAL: Final = frozenset({FALLBACK, FIRING, ASIDE})
_PREFECT_STARTS: Final = timedelta(minutes=2)
_KEPT_DAYS: Final = 15
_BOARD_PAGE: Final = "/board"


class Fetched(NamedTuple):
    """A copy that is handed over now, once; it is kept nowhere."""

    number: int
    what: str
    content: bytes


Write = Callable[[SheetView, CopyMark], bytes]


def ask_copy(
    engine: Engine,
    *,
    viewer: Viewer,
    what: str,
    purpose_code: str,
    chosen: Mapping[str, JsonValue],
    command_id: UUID | None = None,
) -> UUID:
    """Ask for a copy of what the viewer sees of their own units; returns its id, the same for the same command.

    One of more than 50 lines waits for a second person. Raises `InvalidAnswersError`, `StepUpNeededError`,
    `NotAllowedError`, and `TooOftenError` for the twenty-first within an hour.
    """
    require(viewer, Action.EXPORT)
    require_step_up(engine, viewer)
    kept = _checked(what, purpose_code, chosen)
    counted = _count_rows(engine, viewer, what, kept)
    now, command = engine.clock.now(), command_id or engine.entropy.uuid()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command)
        if (known := tx.of(HousekeepingStore).answer_to(command)) is not None:
            return UUID(str(known["copy_id"]))
        _require_pace(tx, viewer, now)
        copy = tx.of(RetentionStore).add_copy(
            ExportCopy(
                id=engine.entropy.uuid(), number=0, asked_by=viewer.actor_id, unit_id=_unit(viewer), asked_at=now,
                what=what, purpose_code=purpose_code, chosen=kept, counted=counted,
                status=CopyStatus.ASKED if needs_second_person(counted) else CopyStatus.READY,
                expires_at=now + COPY_LIVES,
            )
        )  # fmt: skip
        if copy.status is CopyStatus.ASKED:
            _ask_second(engine, tx, copy)
        body = {"copy": copy.number, "what": what, "purpose": purpose_code, "rows": counted}
        tx.of(AuditLogStore).note("keeping", "CopyAsked", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command, {"copy_id": str(copy.id)}, case_id=None, at=now)
        tx.commit()
        return copy.id


def _ask_second(engine: Engine, tx: Transaction, copy: ExportCopy) -> None:
    ask_second(
        engine, tx, ApprovalKind.COPY, copy.id, asked_by=copy.asked_by, now=copy.asked_at, unit_id=copy.unit_id,
        reason_code=copy.purpose_code, subject={"number": copy.number, "rows": copy.counted}, seen=str(copy.counted),
    )  # fmt: skip


def _count_rows(engine: Engine, viewer: Viewer, what: str, chosen: Mapping[str, JsonValue]) -> int:
    counted = engine.ask(count_copied, viewer, what, chosen)
    if counted > MOST_ROWS:
        raise InvalidAnswersError({"since": f"These are {counted} lines, and {MOST_ROWS} are the most: choose fewer."})
    return counted


def _require_pace(tx: Transaction, viewer: Viewer, now: datetime) -> None:
    if tx.of(RetentionStore).count_copies(viewer.actor_id, since=now - _HOUR) >= MOST_COPIES_IN_AN_HOUR:
        raise TooOftenError(what="Asking for a copy", most=MOST_COPIES_IN_AN_HOUR)


def answer_copy(engine: Engine, copy_id: UUID, *, viewer: Viewer, agreed: bool) -> None:
    """Agree to a large copy as a second person of the unit, or refuse it; who asked only takes it back.

    Raises `AlreadyEndedError`, `OwnApprovalError`, `StepUpNeededError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        copy = tx.of(RetentionStore).copy(copy_id)
        if copy is None or copy.unit_id not in viewer.unit_ids:
            raise NotFoundError(kind="copy")
        if agreed or copy.asked_by != viewer.actor_id:
            require(viewer, Action.APPROVE_EXPORT, unit_id=copy.unit_id)
            require_step_up(engine, viewer)
        after = copy.answer(viewer.actor_id, now, agreed=agreed)
        answered = take_answer(
            engine, tx, ApprovalKind.COPY, copy_id, viewer=viewer, approved=agreed, now=now,
            stands=lambda: str(copy.counted),
        )  # fmt: skip
        if answered.is_overtaken:
            raise ConflictError(kind="copy")
        tx.of(RetentionStore).save_copy(after)
        body = {"copy": copy.number, "agreed": agreed}
        tx.of(AuditLogStore).note("keeping", "CopyAnswered", body, actor_id=viewer.actor_id, at=now)
        tx.commit()


def link_to_copy(engine: Engine, copy_id: UUID, *, viewer: Viewer) -> str:
    """Return the secret of a link by which who asked fetches a copy, once; an earlier link no longer leads anywhere.

    Raises `AlreadyEndedError`, `StepUpNeededError`, `NotFoundError`.
    """
    now, token = engine.clock.now(), engine.entropy.token()
    with engine.transaction() as tx:
        copy = tx.of(RetentionStore).copy(copy_id)
        if copy is None or copy.asked_by != viewer.actor_id:
            raise NotFoundError(kind="copy")
        require_step_up(engine, viewer)
        if copy.status is not CopyStatus.READY or copy.expires_at <= now:
            raise AlreadyEndedError(kind="copy")
        changes = {"token_hash": _hash(token), "revision": copy.revision + 1}
        tx.of(RetentionStore).save_copy(copy.model_copy(update=changes))
        tx.commit()
    return token


def fetch_copy(engine: Engine, copy_id: UUID, *, token: str, viewer: Viewer, write: Write, at: str) -> Fetched:
    """Make a copy by the rights that who asked has now, and hand it over; that is written down first, and works once.

    `at` is the present time in words. What has grown beyond 50 lines since it was asked for is not handed over without
    a second person. Raises `AlreadyEndedError`, `StepUpNeededError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        copy = _own_copy(tx, copy_id, token, viewer)
    require(viewer, Action.EXPORT)
    require_step_up(engine, viewer)
    sheet = engine.ask(sheet_view, viewer, copy.what, copy.chosen)
    if needs_second_person(len(sheet.lines)) and copy.answered_by is None:
        raise NotAllowedError(actor="One person alone", action="fetch more than 50 lines: ask for the copy again")
    mark = CopyMark(copy.number, viewer.name, at, PURPOSES_OF_COPIES[copy.purpose_code])
    content = write(sheet, mark)
    digest = hashlib.sha256(content).hexdigest()
    with engine.transaction() as tx:
        copy = _own_copy(tx, copy_id, token, viewer)
        tx.of(RetentionStore).save_copy(copy.fetch(now, rows=len(sheet.lines), sha256=digest))
        body = {"copy": copy.number, "what": copy.what, "rows": len(sheet.lines)}
        tx.of(AuditLogStore).note("keeping", "CopyFetched", body, actor_id=viewer.actor_id, at=now)
        tx.commit()
    return Fetched(copy.number, copy.what, content)


def _own_copy(tx: Transaction, copy_id: UUID, token: str, viewer: Viewer) -> ExportCopy:
    copy = tx.of(RetentionStore).copy(copy_id)
    if copy is None or copy.asked_by != viewer.actor_id or not _fits(copy, token):
        raise NotFoundError(kind="copy")
    return copy


def _checked(what: str, purpose_code: str, chosen: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    problems = {}
    if what not in WHAT:
        problems["what"] = "Choose what to copy."
    if purpose_code not in PURPOSES_OF_COPIES:
        problems["purpose_code"] = "Choose what it is for."
    kept: dict[str, JsonValue] = {}
    for name in ("since", "until"):
        given = str(chosen.get(name) or "")
        if given and not _is_date(given):
            problems[name] = "Write it like 2026-03-07."
        elif given:
            kept[name] = given
    if chosen.get("status") in {"open", "closed"}:
        kept["status"] = chosen["status"]
    if problems:
        raise InvalidAnswersError(problems)
    return kept


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _unit(viewer: Viewer) -> UUID | None:
    return min(units_that_let(viewer, Action.EXPORT), default=None)


def _fits(copy: ExportCopy, token: str) -> bool:
    return copy.token_hash is not None and hmac.compare_digest(copy.token_hash, _hash(token))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _answer(given: Answer) -> None:
    answer_copy(given.engine, given.asked.subject_id, viewer=given.viewer, agreed=given.approved)


def _lapse(late: Lapse) -> None:
    copy = late.tx.of(RetentionStore).copy(late.request.subject_id)
    if copy is not None and copy.status is CopyStatus.ASKED:
        changes = {"status": CopyStatus.EXPIRED, "revision": copy.revision + 1}
        late.tx.of(RetentionStore).save_copy(copy.model_copy(update=changes))


register(
    ApprovalKind.COPY,
    Handler(
        "asks for a large copy in a spreadsheet", "Agree", "Refuse", look=lambda _: "/copies", answer=_answer,
        lapse=_lapse,
    ),
)  # fmt: skip


def notify_of_trouble(engine: Engine) -> int:
    """Tell administrators of trouble that is new or has grown since they were told last; gives of how many kinds.

    Jobs set aside or held, deliveries given up, deadlines that cannot be fired, firing that is paused because the clock
    jumped, and Prefect not answering are trouble.
    """
    now = engine.clock.now()
    board = engine.ask_board(admin_board, THIS_MACHINE)
    seen = troubles(board, real_now=engine.wall_clock.now())
    seen_stuck = board.stuck_count + sum(one.count for one in board.unserved)
    with engine.transaction() as tx:
        told = {kind: _Told(**known) for kind, known in (tx.of(HousekeepingStore).installation(TROUBLE) or {}).items()}
        after = {kind: _after(told.get(kind, _Told()), count, f"{now:%Y-%m-%dT%H}") for kind, count in seen.items()}
        news = [kind for kind, state in after.items() if state.hour != told.get(kind, _Told()).hour]
        for kind in news:
            _notify(engine, tx, kind, after[kind].hour, now)
        _keep_stuck(tx, seen_stuck, f"{now:%Y-%m-%d}")
        tx.of(HousekeepingStore).set_installation(TROUBLE, {kind: state._asdict() for kind, state in after.items()})
        tx.commit()
    return len(news)


def troubles(board: BoardView, *, real_now: datetime) -> Mapping[str, int]:
    """Count each kind of trouble on a board; 0 for what is well. `real_now` is the clock of the machine, in UTC.

    Prefect starts for a minute or two, and may be away for as long: only then is it trouble.
    """
    away_since = board.fallback_since
    return {
        FALLBACK: int(away_since is not None and real_now - away_since >= _PREFECT_STARTS),
        FIRING: int(board.firing.jump is not None),
        ASIDE: board.firing.aside_count,
        JOBS: board.failed_count,
        DELIVERIES: board.dead_deliveries,
        HELD: board.held_count,
    }


def _keep_stuck(tx: Transaction, count: int, day: str) -> None:
    """Keep the most cases that were stuck at one time of a day, for two weeks: no table tells it afterwards."""
    kept = {**(tx.of(HousekeepingStore).installation(STUCK_BY_DAY) or {})}
    kept[day] = max(count, kept.get(day, 0))
    tx.of(HousekeepingStore).set_installation(STUCK_BY_DAY, {one: kept[one] for one in sorted(kept)[-_KEPT_DAYS:]})


class _Told(NamedTuple):
    """How much of a trouble was told of, and in which hour."""

    size: int = 0
    hour: str = ""


def _after(told: _Told, count: int, hour: str) -> _Told:
    """Return what is told of now: more than before, once an hour. Less trouble than told of makes room for news."""
    if count > told.size and hour != told.hour:
        return _Told(count, hour)
    return told._replace(size=min(count, told.size))


def _notify(engine: Engine, tx: Transaction, kind: str, hour: str, now: datetime) -> None:
    people = tx.of(DirectoryStore).with_role_anywhere(roles=(Role.SYSTEM_ADMINISTRATOR.value,), now=now)
    notify_of_system(
        engine, tx, kind="system_trouble", rule=f"{TROUBLE}|{kind}|{hour}", people=people,
        channels=(IN_APP, EMAIL), link=_BOARD_PAGE, now=now, critical=kind in _CRITICAL,
    )  # fmt: skip
