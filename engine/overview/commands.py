"""Commands that export and back up."""

from typing import Annotated

import typer

from engine.overview.views.numbers import statistics as statistics_view
from engine.retention.shown import StatisticsView
from engine.web.running import running_engine
from engine.web.terminal import SYSTEM, WRONG_USAGE, fail, in_words, show

By = Annotated[
    list[str],
    typer.Option(help="Count by month, unit, jurisdiction; cases also by status, about; steps by pillar, outcome."),
]
Of = Annotated[str, typer.Option(help="Count cases, or steps that ended.")]
Inside = Annotated[bool, typer.Option("--inside", help="For people of the network: from 5 on, else from 11 on.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@in_words
def statistics(by: By, of: Of = "cases", inside: Inside = False, as_json: Json = False) -> None:  # noqa: FBT002
    """Count over all units; small counts are withheld, and so much else that they cannot be worked out."""
    if of not in {"cases", "steps"}:
        fail(f"{of}: count cases or steps.", status=WRONG_USAGE)
    with running_engine() as (engine, _):
        found = engine.ask(statistics_view, SYSTEM, of=of, by=by, outside=not inside)
    show(found, as_json=as_json, words=lambda: _words(found))


def _words(found: StatisticsView) -> str:
    widths = [
        max(len(name), *(len(line.categories[place]) for line in found.lines))
        for place, name in enumerate(found.dimensions)
    ]
    rows = [(*found.dimensions, "count"), *((*line.categories, _shown(line.count)) for line in found.lines)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    return "\n".join([*lines, f"In fives; what is below {found.least}, or would give it away, is withheld."])


def _shown(count: int | None) -> str:
    return "withheld" if count is None else str(count)
