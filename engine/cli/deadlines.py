"""`icmc deadlines`: how the firing of deadlines goes, and what a person must say for it to go on."""

from typing import Annotated

import typer

from engine.adapters.sql.queries.board import admin_board
from engine.cli.common import SYSTEM, in_words, running_engine, show
from engine.usecases.fire_deadlines import retry_deadlines
from engine.usecases.firing_guard import confirm_clock
from engine.views import FiringView

app = typer.Typer(help="How the firing of deadlines goes.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("show")
@in_words
def show_firing(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """Say how late levels and breaches came in the last day, what was set aside, and what the auditor found."""
    with running_engine() as (engine, _):
        firing = engine.ask_board(admin_board, SYSTEM).firing
    show(firing, as_json=as_json, words=lambda: _words(firing))


@app.command()
@in_words
def confirm() -> None:
    """Say that the clock of this machine is right after a jump: deadlines fire again."""
    with running_engine() as (engine, _):
        was_paused = confirm_clock(engine, viewer=SYSTEM)
    typer.echo("Deadlines fire again." if was_paused else "Firing was not paused: there is nothing to confirm.")


@app.command()
@in_words
def retry() -> None:
    """Try every deadline again that was set aside."""
    with running_engine() as (engine, _):
        count = retry_deadlines(engine, viewer=SYSTEM)
    typer.echo(f"{count} deadlines are tried again now.")


def _words(firing: FiringView) -> str:
    lines = [firing.jump.in_words] if firing.jump else []
    lines.append(firing.audit.in_words if firing.audit else "The escalation auditor has not looked yet.")
    for bucket in firing.lag:
        late = f"at most {bucket.at_most_seconds} s late" if bucket.at_most_seconds else "later"
        lines.append(f"{bucket.levels:8} levels {bucket.breaches:8} breaches {late}")
    lines += [f"Case {one.case_number}, {one.step_key}: not fired, {one.failures} tries." for one in firing.aside]
    return "\n".join(lines)
