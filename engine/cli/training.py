"""`icmc training ...`: a place to practise, with invented people and cases, beside a hub and apart from it."""

import os

import typer
from starlette.types import ASGIApp

from engine.app import hold_to_known_hosts
from engine.assembly import Engine
from engine.cli.up import Port, controls, free_port
from engine.log_lines import log_in_lines
from engine.rehearsal.running import rehearsal_of
from engine.rehearsal.training import reset_training, tickets_of, training_open, training_settings
from engine.rehearsal.training_door import TrainingDoor
from engine.site import create_app, serve
from engine.web.terminal import in_words, read_settings

app = typer.Typer(help="A place to practise: invented people and cases, apart from real ones.", no_args_is_help=True)


@app.command()
@in_words
def start(port: Port = None) -> None:
    """Open training beside the hub until Ctrl-C; it is made at the first start. People come by *Practise*."""
    log_in_lines()
    hub = read_settings()
    own = training_settings(
        hub.model_copy(update={"training_port": free_port(hub.portal_host, port or hub.training_port)})
    )
    for name in [name for name in os.environ if name.startswith("ICMC_")]:
        del os.environ[name]  # nothing here, and no process begun here, is told of the hub
    hold_to_known_hosts(own)
    with training_open(own, space_app) as spaces:
        tickets = tickets_of(own.data_folder)
        typer.echo(f"Training is open at {own.address}: people come to it by Practise under My account, in the hub.")
        door = TrainingDoor(spaces, tickets, address=own.address, hub=hub.address)
        serve(door, own.portal_host, own.portal_port, proxies=own.trusted_proxies)


@app.command()
@in_words
def reset() -> None:
    """Throw away all of training: each space, its database server and its keys. Nothing of the hub is touched."""
    own = training_settings(read_settings())
    reset_training(own)
    typer.echo("Training was thrown away. `icmc training start` makes it again.")


def space_app(engine: Engine) -> ASGIApp:
    """Return the pages of one space."""
    return create_app(
        engine, demo=controls(engine, is_training=True), rehearsal=rehearsal_of(engine.catalogue, engine.library)
    )
