"""The command line: which command is where. The module of a command is loaded when the command is given."""

import gc
import os
from importlib import import_module
from typing import Any, NamedTuple, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from engine.machine import look_for_garbage_rarely

os.environ.setdefault("NO_COLOR", "1") if not os.isatty(1) else None


class CommandPlace(NamedTuple):
    """Where a command is: module and name below `engine`, and the sentence that `icmc --help` says of it."""

    module: str
    name: str
    help: str


COMMANDS = {
    "up": CommandPlace("cli.up", "up", "Run everything on this machine: database, Prefect, a worker, the portal."),
    "portal": CommandPlace("cli.up", "portal", "Run the portal only; database and worker can be elsewhere."),
    "worker": CommandPlace(
        "cli.worker", "worker", "Run a worker: flow runs of Prefect, deadlines, and their fallback."
    ),
    "migrate": CommandPlace("cli.up", "migrate", "Bring the database to the shape that this release needs."),
    "lint": CommandPlace("definitions.commands.files", "lint", "Find what is wrong with definition files."),
    "draw": CommandPlace("definitions.commands.files", "draw", "Draw a workflow, in swim lanes by pillar."),
    "schema": CommandPlace(
        "definitions.commands.files", "schema", "Print the JSON Schema of a kind of definition file."
    ),
    "simulate": CommandPlace(
        "cli.simulating", "simulate_workflow", "Say what would happen to a report, with times; nothing is changed."
    ),
    "publish": CommandPlace(
        "cli.publishing", "publish", "Publish definitions from files, or say what that would change."
    ),
    "retire": CommandPlace("cli.publishing", "retire", "Ask to retire a definition, with a reason."),
    "export": CommandPlace("cli.publishing", "export", "Write the stored text of a definition back."),
    "calendar": CommandPlace(
        "definitions.commands.calendars", "calendar_app", "Calendars: their days, and days that are added by hand."
    ),
    "replay": CommandPlace("cli.training", "replay", "Replay stories in a scratch database on a simulated clock."),
    "doctor": CommandPlace(
        "audit.commands", "doctor", "Say what is wrong with this installation, in words, with the fix."
    ),
    "keys": CommandPlace("keys.commands", "app", "The keys with which everything is encrypted."),
    "backup": CommandPlace(
        "cli.storage", "backup", "Back the case database up, and prove the backup by a trial restore."
    ),
    "restore": CommandPlace("cli.storage", "restore", "Restore a backup into an empty database."),
    "custody": CommandPlace(
        "retention.commands", "custody_app", "What two people check after a restore, and the request to end the review."
    ),
    "pillars": CommandPlace("cli.pillars", "app", "The pillars that are installed."),
    "case": CommandPlace("cases.commands", "case_app", "Cases."),
    "item": CommandPlace("cases.commands", "item_app", "Work items."),
    "explain": CommandPlace(
        "deadlines.commands", "explain", "Say why the time limits of a step fall due when they do."
    ),
    "law": CommandPlace(
        "definitions.commands.law",
        "law_app",
        "Limits of the law: which there are, and whether one counts in a case.",
    ),
    "deadline": CommandPlace(
        "deadlines.commands", "deadline_app", "Pause or resume a time limit, ask for and give more time."
    ),
    "on-call": CommandPlace("people.commands", "on_call_app", "Who is on call: plan, hand over, cancel."),
    "absence": CommandPlace("people.commands", "absence_app", "Who is away, and who stands in."),
    "report": CommandPlace("deadlines.commands", "report_app", "Reports in numbers."),
    "deadlines": CommandPlace("deadlines.commands", "app", "How the firing of deadlines goes."),
    "audit": CommandPlace("audit.commands", "app", "The history of cases."),
    "retention": CommandPlace(
        "retention.commands", "app", "How long data is kept, and what is due to be erased or restricted."
    ),
    "numbers": CommandPlace("numbers.commands", "numbers", "Print the published numbers; small ones are withheld."),
    "hub": CommandPlace("hubs.commands", "app", "Hubs elsewhere: list them, introduce this one, add and confirm one."),
    "people": CommandPlace("people.commands", "app", "Units and people."),
    "training": CommandPlace(
        "cli.training", "app", "A place to practise: invented people and cases, apart from real ones."
    ),
}


class LoadedWhenGiven(TyperCommand):
    """A command that knows what help says of it, and is loaded when it is given."""

    def make_context(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - Typer's signature, passed on
        """Load the command, which reads the rest of the line; nothing is garbage while modules are loaded."""
        gc.disable()
        command = load(str(self.name))
        gc.enable()
        look_for_garbage_rarely()
        return command.make_context(*args, **options)


def load(name: str) -> TyperCommand | TyperGroup:
    """Load a command by its name."""
    place = COMMANDS[name]
    found = getattr(import_module(f"engine.{place.module}"), place.name)
    if isinstance(found, typer.Typer):
        return get_group(found)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(found)
    return cast("TyperCommand", get_command(alone))


app = typer.Typer(
    name="icmc",
    help="Case management centre for anti-trafficking networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _root() -> None:
    """Case management centre for anti-trafficking networks."""


for _name, _place in COMMANDS.items():
    app.command(_name, cls=LoadedWhenGiven, help=_place.help)(_root)


def main() -> None:
    """Run the command that was given."""
    app()
