"""The command line: which command is where."""

import os

import typer

from engine.cli import audit, cases, definitions, people, pillars, replaying, storage, up

os.environ.setdefault("NO_COLOR", "1") if not os.isatty(1) else None
app = typer.Typer(
    name="icmc",
    help="Case management centre for anti-trafficking networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(up.up)
app.command()(up.portal)
app.command()(up.worker)
app.command()(up.migrate)
app.command()(definitions.lint)
app.command()(definitions.draw)
app.command()(replaying.replay)
app.command()(audit.doctor)
app.command()(storage.backup)
app.command()(storage.restore)
app.add_typer(pillars.app, name="pillars")
app.add_typer(cases.case_app, name="case")
app.add_typer(cases.item_app, name="item")
app.add_typer(audit.app, name="audit")
app.add_typer(people.app, name="people")


def main() -> None:
    """Run the command that was given."""
    app()
