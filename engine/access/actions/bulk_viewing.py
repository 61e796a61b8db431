"""Tell the safeguarding lead when somebody looks at more cases than their work needs."""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from engine.access.records import OFTEN, is_unusual
from engine.access.store import EmergencyAccessStore
from engine.approvals.actions.concerns import colleagues_who_hear
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_BEFORE: Final = timedelta(days=30)


def watch_viewing(engine: Engine) -> int:
    """Look at the last hour, and at the last day's requests to get emergency access; gives of how many people was told.

    Each person is told of at most once an hour, or once a day.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        opened = tx.of(AuditLogStore).opened(since=now - _HOUR, until=now)
        usual = {
            who: tx.of(AuditLogStore).median_hour(who, since=now - _BEFORE, until=now - _HOUR) for who, _ in opened
        }
        often = tx.of(EmergencyAccessStore).asked_since(now - _DAY, at_least=OFTEN)
    found = [(who, count, "viewing", f"{now:%Y-%m-%dT%H}") for who, count in opened if is_unusual(count, usual[who])]
    found += [(who, count, "emergency", f"{now:%Y-%m-%d}") for who, count in often]
    return sum(_notify(engine, who, count=count, what=what, when=when) for who, count, what, when in found)


def _notify(engine: Engine, who: UUID, *, count: int, what: str, when: str) -> bool:
    """Tell of one person, in a transaction of its own, once for the same hour or day."""
    now, mark = engine.clock.now(), uuid5(who, f"{what}|{when}")
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(mark)
        if tx.of(HousekeepingStore).answer_to(mark) is not None:
            return False
        notify_of_system(
            engine, tx, kind="bulk_viewing", rule=f"bulk|{mark}", people=colleagues_who_hear(tx, who),
            channels=(IN_APP, EMAIL), link=f"/audit?actor={who}", now=now, critical=True,
        )  # fmt: skip
        body = {"actor_id": str(who), "count": count, "what": what}
        tx.of(AuditLogStore).note("access", "UnusualViewing", body, actor_id=None, at=now)
        tx.of(HousekeepingStore).remember(mark, {"count": count}, case_id=None, at=now)
        tx.commit()
    return True
