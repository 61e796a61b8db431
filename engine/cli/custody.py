"""`icmc custody`: what a restored installation brings back, and the request to let it go."""

from typing import Annotated

import typer

from engine.cli.common import SYSTEM, WAITS, in_words, running_engine, show, viewer_by_email
from engine.usecases.custody import RestoreStanding, ask_release, standing

app = typer.Typer(help="The review after a restore.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[str, typer.Option("--as", help="The e-mail address of the person who went through the list.")]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", help="A case of which nothing is given back; can be given several times."),
]


@app.command("show")
@in_words
def show_custody(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """List who could act, which grants held and which offers waited when the backup was made."""
    with running_engine() as (engine, _):
        found = standing(engine, viewer=SYSTEM)
    plain = {"since": found.since, "people": [one._asdict() for one in found.people],
             "grants": [one._asdict() for one in found.grants],
             "offers": [one._asdict() for one in found.offers]} if found else None  # fmt: skip
    show(
        plain,
        as_json=as_json,
        words=lambda: _words(found) if found else "This installation is not under review after a restore.",
    )


@app.command()
@in_words
def release(as_person: As, without: Without = None) -> None:
    """Ask that the custody ends, as somebody who has gone through the list; an administrator agrees on the portal."""
    with running_engine() as (engine, _):
        request = ask_release(engine, viewer=viewer_by_email(engine, as_person), without=without or ())
    typer.echo(
        f"It is waiting for a second person: another administrator has to look and agree on the page /waiting"
        f" ({request})."
    )
    raise typer.Exit(WAITS)


def _words(found: RestoreStanding) -> str:
    lines = [f"Under review since {found.since:%Y-%m-%d %H:%M} UTC. Who could act:"]
    lines += [f"  {one.name} <{one.email}>: {', '.join(one.roles) or 'no role'}" for one in found.people]
    lines += ["Suspended grants:" if found.grants else "No grant is suspended."]
    lines += [
        f"  case {one.case_number} to {one.unit}, since {one.granted_at:%Y-%m-%d %H:%M} UTC" for one in found.grants
    ]
    lines += ["Offers waiting for an answer:" if found.offers else "No offer is waiting for an answer."]
    lines += [
        f"  case {one.case_number} to {one.unit or 'a partner outside'}, since {one.sent_at:%Y-%m-%d %H:%M} UTC"
        for one in found.offers
    ]
    return "\n".join(lines)
