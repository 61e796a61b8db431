"""Commands that show and publish numbers."""

from typing import Annotated

import typer

from engine.numbers.actions import publish_numbers
from engine.numbers.records import NumbersView, PeriodKind, period_of
from engine.numbers.suppression import LEAST
from engine.numbers.views.figures import published
from engine.web.running import running_engine
from engine.web.terminal import SYSTEM, WRONG_USAGE, Json, fail, in_words, show

Of = Annotated[str, typer.Option(help="A quarter, as 2026-Q1, or a year; without it the latest quarter.")]
Publish = Annotated[bool, typer.Option("--publish", help="First publish the quarters that ended two weeks ago.")]


@in_words
def numbers(of: Of = "", publish: Publish = False, as_json: Json = False) -> None:  # noqa: FBT002
    """Print the numbers that were published of all units; small ones are withheld, and what would give them away."""
    period = period_of(of)
    if of and (period is None or period.kind is PeriodKind.MONTH):
        fail(f"{of}: give a quarter, as 2026-Q1, or a year, as 2026.", status=WRONG_USAGE)
    with running_engine() as (engine, _):
        if publish:
            publish_numbers(engine)
        found = engine.ask(published, SYSTEM, period)
    show(found, as_json=as_json, words=lambda: _words(found))


def _words(found: NumbersView) -> str:
    if found.survivors is None:
        return "Nothing was published for this period. A quarter is counted two weeks after it ends."
    tables = [("Survivors", (found.survivors,)), *((table.title, table.lines) for table in found.tables)]
    lines = [f"{title}\n" + "\n".join(f"  {_line(one.words, one.number, one.at_least)}" for one in some)
             for title, some in tables if some]  # fmt: skip
    return "\n".join([*lines, f"In fives; what is below {LEAST}, or would give it away, is withheld."])


def _line(words: str, number: int | None, at_least: bool) -> str:  # noqa: FBT001 - of the figure
    return f"{words:<48} {'withheld' if number is None else ('at least ' if at_least else '') + str(number)}"
