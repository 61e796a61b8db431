"""Publish the figures of each quarter that is over, withheld where small; make what people have saved of them."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.calendars import Calendar, NoCalendarError, calendar_for
from engine.messages.actions.notifying import notify_of_system
from engine.messages.actions.writing import unit_of
from engine.messages.records import EMAIL, IN_APP
from engine.numbers.records import (
    CHOSEN_TABLES,
    Counted,
    MonthlyNumbers,
    NumberSheet,
    Period,
    PeriodKind,
    SavedNumbers,
    SavedPeriod,
    due_month,
    period_at,
)
from engine.numbers.store import NumberStore, SavedNumbersStore
from engine.numbers.suppression import WHOLE, shown
from engine.numbers.views.counting import count_period, unpublished
from engine.numbers.views.figures import chosen, figures_saved, require_unit
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer

log = logging.getLogger(__name__)
LONGEST_NAME: Final = 60
_MOST_SAVED: Final = 20
_GRACE: Final = timedelta(days=14)
"""How long after a quarter its figures are counted, so that what came late is known: age, sex, the end of a step."""
_MOST: Final = 12
"""How many quarters are published after the fact, where an installation has run for long."""
_SHEETS: Final = UUID("5a8f2c6e-7f43-5f0c-8a0e-0d9f1c2b3a41")


def publish_numbers(engine: Engine) -> int:
    """Publish every quarter that ended two weeks ago or earlier and has no figures yet; return how many were.

    What is published is never counted again: whatever is learned later changes no figure that somebody has.
    """
    period = period_at(PeriodKind.QUARTER, (engine.clock.now() - _GRACE).date())
    quarters = [period := period.before() for _ in range(_MOST)]
    done = 0
    for one in engine.ask_all(unpublished, tuple(reversed(quarters))):
        sheets = _sheets(engine, one, engine.ask_all(count_period, one))
        with engine.transaction() as tx:
            if tx.of(NumberStore).add(sheets):
                tx.commit()
                done += 1
    return done


def save_numbers(
    engine: Engine,
    *,
    viewer: Viewer,
    command_id: UUID,
    name: str,
    tables: Collection[str],
    period: str,
    unit_id: UUID | None = None,
    monthly: bool = False,
) -> UUID:
    """Save under a name what the viewer asks of published figures; returns its id, the same for the same command.

    Raises `InvalidAnswersError`, and as `published` does.
    """
    require_unit(viewer, unit_id)
    problems = {
        "name": "" if 0 < len(name) <= LONGEST_NAME else f"Write a name of at most {LONGEST_NAME} letters.",
        "tables": "" if tables and set(tables) <= set(CHOSEN_TABLES) else "Choose at least one table.",
        "period": "" if period in set(SavedPeriod) else "Choose a period.",
    }
    now = engine.clock.now()
    with engine.transaction(viewer) as tx:
        if tx.of(SavedNumbersStore).count(viewer.actor_id) >= _MOST_SAVED:
            problems["name"] = f"You have saved {_MOST_SAVED} already: delete one first."
        if any(problems.values()):
            raise InvalidAnswersError({field: sentence for field, sentence in problems.items() if sentence})
        saved = SavedNumbers(
            id=uuid5(_SHEETS, f"{viewer.actor_id}|{command_id}"), owner_id=viewer.actor_id, unit_id=unit_id,
            tables=tuple(one for one in CHOSEN_TABLES if one in tables), period=SavedPeriod(period), saved_at=now,
            monthly_since=now if monthly else None,
        )  # fmt: skip
        tx.of(SavedNumbersStore).add(saved, name)
        tx.commit()
    return saved.id


def make_monthly(engine: Engine, saved_id: UUID, *, viewer: Viewer, monthly: bool) -> None:
    """Have saved numbers made each month from now on, or no more; raises `NotFoundError`, and as `published` does."""
    with engine.transaction(viewer) as tx:
        saved = _own(tx, saved_id, viewer)
        require_unit(viewer, saved.unit_id)
        if monthly != (saved.monthly_since is not None):
            tx.of(SavedNumbersStore).make_monthly(saved_id, since=engine.clock.now() if monthly else None)
        tx.commit()


def delete_numbers(engine: Engine, saved_id: UUID, *, viewer: Viewer) -> None:
    """Delete what the viewer has saved, with all that was made of it; raises `NotFoundError`."""
    with engine.transaction(viewer) as tx:
        _own(tx, saved_id, viewer)
        tx.of(SavedNumbersStore).drop(saved_id)
        tx.commit()


def make_saved_numbers(engine: Engine) -> int:
    """Make what is to be made each month, from its first working day at the hub on; return how many were.

    Each is made once a month, whoever is killed or comes twice, and the latest month is caught up with. One that
    cannot be made is logged by id, and the others are made. Who has lost the right to see the numbers gets nothing.
    """
    with engine.transaction() as tx:
        calendar = _calendar(tx)
        if calendar is None:
            return 0
        month, began = due_month(engine.clock.now(), calendar)
        due = tx.of(SavedNumbersStore).due(month, began=began)
    made = 0
    for saved_id, owner_id in due:
        try:
            made += _make(engine, saved_id, owner_id, month, began)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("saved_numbers_not_made", extra={"saved_id": str(saved_id)})  # noqa: TRY400
    return made


def _make(engine: Engine, saved_id: UUID, owner_id: UUID, month: str, began: datetime) -> bool:
    with engine.transaction() as tx:
        saved = tx.of(SavedNumbersStore).locked(saved_id, owner_id)
        owner = tx.of(DirectoryStore).actor(owner_id)
        if owner is None or saved is None or saved.monthly_since is None or saved.monthly_since > began:
            return False
        try:
            found = chosen(engine.ask(figures_saved, engine.ask_all(as_viewer, owner_id), saved), saved.tables)
        except (NotAllowedError, NotFoundError):
            return False
        now = engine.clock.now()
        made = MonthlyNumbers(
            id=uuid5(saved_id, month), saved_id=saved_id, owner_id=owner_id, unit_id=saved.unit_id, month=month,
            made_at=now, quarters=found.quarters, figures=dict(found.figures),
            medians={quarter: dict(hours) for quarter, hours in found.medians.items()},
        )  # fmt: skip
        is_new = tx.of(SavedNumbersStore).add_monthly(made)
        if is_new:
            notify_of_system(
                engine, tx, kind="numbers_made", rule=f"{made.id}|made", people=(owner,), channels=(IN_APP, EMAIL),
                link=f"/numbers/monthly/{made.id}", now=now, unit=unit_of(tx, owner),
            )  # fmt: skip
        tx.commit()
    return is_new


def _own(tx: Transaction, saved_id: UUID, viewer: Viewer) -> SavedNumbers:
    saved = tx.of(SavedNumbersStore).locked(saved_id, viewer.actor_id)
    if saved is None:
        raise NotFoundError(kind="numbers")
    return saved


def _calendar(tx: Transaction) -> Calendar | None:
    """Return the calendar of the hub's own unit, or of the first unit that there is."""
    hub = tx.of(DirectoryStore).hub()
    units = sorted(tx.of(DirectoryStore).units(), key=lambda unit: (unit.organisation_id != hub, unit.name))
    try:
        return calendar_for(units[0].jurisdiction, tx.library().calendars) if units else None
    except NoCalendarError:
        return None


def _sheets(engine: Engine, period: Period, counted: Counted) -> list[NumberSheet]:
    figures: dict[str, dict[str, int | None]] = {}
    for (unit, what), number in shown(counted.counts, counted.splits, within=counted.within).items():
        figures.setdefault(unit, {})[what] = number
    return [
        NumberSheet(
            id=uuid5(_SHEETS, f"{period.key}|{unit}"), period=period.key, unit_id=None if unit == WHOLE else UUID(unit),
            published_at=engine.clock.now(), figures=some, medians=dict(counted.medians.get(unit, {})),
        )
        for unit, some in figures.items()
    ]  # fmt: skip
