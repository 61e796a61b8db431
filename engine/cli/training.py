"""`icmc replay` and `icmc training`: play stories on the real system; a place to practise."""

import os
from pathlib import Path
from typing import Annotated

import typer
from starlette.types import ASGIApp

from engine.app import hold_to_known_hosts
from engine.assembly import Engine
from engine.builtin import CORE
from engine.cli.up import Port, controls, free_port
from engine.log_lines import log_in_lines
from engine.plugin.registry import load_registry
from engine.rehearsal.replayer import replay_story
from engine.rehearsal.running import rehearsal_of
from engine.rehearsal.story import ReplayOutcome, read_story
from engine.rehearsal.training import TrainingDoor, reset_training, tickets_of, training_open, training_settings
from engine.rehearsal.world import scratch_world
from engine.site import create_app, serve
from engine.web.terminal import FOUND_PROBLEMS, WRONG_USAGE, Json, fail, in_words, read_settings, show

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


Stories = Annotated[list[Path], typer.Argument(help="Story files (YAML).")]
Only = Annotated[str | None, typer.Option(help="Replay only the story with this id.")]


@in_words
def replay(stories: Stories, only: Only = None, as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """Replay stories in a scratch database on a simulated clock; exit 1 on any difference."""
    step_types = load_registry(read_settings().pillars, builtins=(CORE,)).step_types
    told = (read_story(path, step_types=step_types) for path in stories)
    read = [story for story in told if only in {None, story.id}]
    if not read:
        fail(f"None of these stories has the id {only}.", status=WRONG_USAGE)
    with scratch_world() as world:
        outcomes = [replay_story(world, story) for story in read]
    show([outcome.as_json() for outcome in outcomes], as_json=as_json, words=lambda: "\n".join(map(words_of, outcomes)))
    if any(outcome.differences for outcome in outcomes):
        raise typer.Exit(FOUND_PROBLEMS)


def words_of(outcome: ReplayOutcome) -> str:
    """Return what a replay found in words, the steps that were not foreseen told apart."""
    counts = (
        f"{len(outcome.breaches)} breaches, {len(outcome.escalations)} escalations, "
        f"{len(outcome.messages)} messages, {outcome.jobs} jobs"
    )
    foresaw = f"{outcome.foreseen_share:.0%} foreseen"
    end = "closed" if outcome.closed else "still open"
    if outcome.reopened:
        end = f"opened again {outcome.reopened} time{'s' if outcome.reopened > 1 else ''}, then {end}"
    head = (
        f"{outcome.story}: case {outcome.case} in workflow {outcome.workflow}; {len(outcome.events)} events, {foresaw}"
    )
    lines = [
        f"{head}; {counts}; {end}.",
        *_not_foreseen("open, but due at another time", outcome, was_open=True),
        *_not_foreseen("not open", outcome, was_open=False),
        *(f"  different: {difference}" for difference in outcome.differences),
    ]
    return "\n".join(lines if outcome.differences else [*lines, "  no differences"])


def _not_foreseen(words: str, outcome: ReplayOutcome, *, was_open: bool) -> list[str]:
    """Return a line with the events that were not foreseen in one way; no line for none."""
    labels = [
        f"{event.label} ({event.due_otherwise.astimezone(event.at.tzinfo):%d %b %H:%M})"
        if event.due_otherwise
        else event.label
        for event in outcome.not_foreseen
        if event.was_open is was_open
    ]
    return [f"  {words}: {', '.join(labels)}"] if labels else []
