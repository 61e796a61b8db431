"""Publish the figures of each quarter that is over: once, with all that is small withheld."""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.numbers.records import Counted, NumberSheet, Period, PeriodKind, period_at
from engine.numbers.store import NumberStore
from engine.numbers.suppression import WHOLE, shown
from engine.numbers.views.counting import count_period, unpublished

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
