"""Tell administrators when something needs a person: at most one message for each kind of trouble and hour."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import THIS_MACHINE
from engine.db.transaction import Transaction
from engine.language.names import Role
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.overview.records import BoardView
from engine.overview.views.board import admin_board
from engine.overview.views.running import STUCK_BY_DAY
from engine.people.store import DirectoryStore

TROUBLE: Final = "trouble"
"""The fact of the installation that says how much of each trouble the administrators were told of."""
FALLBACK, FIRING, ASIDE, JOBS, DELIVERIES = "fallback", "firing", "deadlines", "jobs", "deliveries"
HELD: Final = "held"
_CRITICAL: Final = frozenset({FALLBACK, FIRING, ASIDE})
_PREFECT_STARTS: Final = timedelta(minutes=2)
_KEPT_DAYS: Final = 15
_BOARD_PAGE: Final = "/board"


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
