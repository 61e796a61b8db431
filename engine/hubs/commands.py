"""Commands for hubs elsewhere: list them, introduce our own, add one, and confirm its keys."""

from pathlib import Path
from typing import Annotated

import typer

from engine.assembly import Engine
from engine.errors import NotFoundError
from engine.hubs.actions.peers import ask_peer, change_own_keys, confirm_peer, own_card
from engine.hubs.records import HubView
from engine.hubs.views import hubs as hubs_view
from engine.people.viewer import units
from engine.web.running import running_engine, viewer_by_email
from engine.web.terminal import SYSTEM, WAITS, WRONG_USAGE, Json, fail, in_words, show
from engine.web.words import BODIES

app = typer.Typer(help="Hubs elsewhere: other installations that this one works with.", no_args_is_help=True)
Heard = Annotated[str, typer.Option(help="The 16 signs that their people have read to you by telephone.")]
As = Annotated[str, typer.Option("--as", help="E-mail address of the person who acts.")]


@app.command("list")
@in_words
def list_hubs(as_json: Json = False) -> None:  # noqa: FBT002
    """List the hubs elsewhere, how their lines stand, and what is waiting for them."""
    with running_engine() as (engine, _):
        found = engine.ask_board(hubs_view, SYSTEM)
    words = "\n".join(map(_in_words, found)) or "No other hub is known here."
    show(list(found), as_json=as_json, words=lambda: words)


@app.command()
@in_words
def introduce(file: Annotated[Path, typer.Argument(help="Where to write the file of this hub.")]) -> None:
    """Write the file by which another hub gets to know this one, and print the fingerprint to be read to it."""
    with running_engine() as (engine, _):
        made, fingerprint = own_card(engine, viewer=SYSTEM)
    file.write_bytes(made)
    typer.echo(f"{file} is written. Send it to the other hub, telephone someone you know there, and read to them:")
    typer.echo(fingerprint)


@app.command("change-keys")
@in_words
def change_keys() -> None:
    """Change the keys of this hub: the key before names the new one, and the hubs that work with this one take it."""
    with running_engine() as (engine, _):
        number = change_own_keys(engine, viewer=SYSTEM)
        fingerprint = engine.hub_keys.public().fingerprint
    typer.echo(f"The keys were changed, {number} times by now. Export the key file again: `icmc keys export`.")
    typer.echo(f"The fingerprint for hubs that get to know this one from now on: {fingerprint}")


@app.command()
@in_words
def add(
    file: Annotated[Path, typer.Argument(help="The file that the other hub has sent.", exists=True)],
    fingerprint: Heard,
    unit: Annotated[str, typer.Option(help="The name of the unit that gets what they send.")],
    kind: Annotated[str, typer.Option(help="What kind of body it is, as consents name it.")],
    as_: As,
) -> None:
    """Add another hub by its file; nothing goes to it before a second person has confirmed its keys."""
    if kind not in BODIES:
        fail(f"--kind: choose one of {', '.join(BODIES)}.", status=WRONG_USAGE)
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        unit_id = next((id_ for id_, name in engine.ask(units, SYSTEM) if name == unit), None)
        if unit_id is None:
            fail(f"--unit: there is no unit {unit}. `icmc people list` shows the units.", status=WRONG_USAGE)
        ask_peer(
            engine, viewer=viewer, file=file.read_text("utf-8"), fingerprint=fingerprint, unit_id=unit_id, kind=kind
        )
    typer.echo("It is waiting for a second person, who has heard the fingerprint too: `icmc hub confirm`.")
    raise typer.Exit(WAITS)


@app.command()
@in_words
def confirm(
    name: Annotated[str, typer.Argument(help="The name of the hub, as `icmc hub list` shows it.")],
    fingerprint: Heard,
    as_: As,
) -> None:
    """Confirm the keys of a hub, as a second person who has heard its fingerprint too."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        confirm_peer(engine, _named(engine, name).id, viewer=viewer, fingerprint=fingerprint)
    typer.echo("Its keys are confirmed: messages go and come from now on.")


def _named(engine: Engine, name: str) -> HubView:
    """Return the only hub of a name; raise `NotFoundError`."""
    found = [one for one in engine.ask_board(hubs_view, SYSTEM) if one.name == name]
    if len(found) > 1:
        fail(f"{len(found)} hubs are called {name}. Confirm it on its page, under Hubs.", status=WRONG_USAGE)
    if not found:
        raise NotFoundError(kind="hub")
    return found[0]


def _in_words(hub: HubView) -> str:
    stands = {"asked": "is waiting for a second person", "ended": "not in use"}.get(hub.status, "in use")
    line = f", the line is down since {hub.down_since:%d %b %Y %H:%M} UTC" if hub.down_since else ""
    return f"{hub.name:32} {hub.address}: {stands}{line}, {hub.waiting} messages are waiting"
