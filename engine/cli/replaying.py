"""`icmc replay`: drive the real system through stories, and tell every difference."""

from pathlib import Path
from typing import Annotated

import typer

from engine.builtin import CORE
from engine.plugin.registry import load_registry
from engine.rehearsal.replayer import replay_story
from engine.rehearsal.story import ReplayOutcome, read_story
from engine.rehearsal.world import scratch_world
from engine.web.terminal import FOUND_PROBLEMS, WRONG_USAGE, fail, in_words, read_settings, show

Stories = Annotated[list[Path], typer.Argument(help="Story files (YAML).")]
Only = Annotated[str | None, typer.Option(help="Replay only the story with this id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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
    show([outcome.as_json() for outcome in outcomes], as_json=as_json, words=lambda: "\n".join(map(_words, outcomes)))
    if any(outcome.differences for outcome in outcomes):
        raise typer.Exit(FOUND_PROBLEMS)


def _words(outcome: ReplayOutcome) -> str:
    unforeseen = ", ".join(event.label for event in outcome.events if not event.foreseen)
    counts = (
        f"{len(outcome.breaches)} breaches, {len(outcome.escalations)} escalations, "
        f"{len(outcome.messages)} messages, {outcome.jobs} jobs"
    )
    foresaw = f"{outcome.foreseen_share:.0%} foreseen{f' (added: {unforeseen})' if unforeseen else ''}"
    end = "closed" if outcome.closed else "still open"
    if outcome.reopened:
        end = f"opened again {outcome.reopened} time{'s' if outcome.reopened > 1 else ''}, then {end}"
    head = (
        f"{outcome.story}: case {outcome.case} in workflow {outcome.workflow}; {len(outcome.events)} events, {foresaw}"
    )
    lines = [f"{head}; {counts}; {end}.", *(f"  different: {difference}" for difference in outcome.differences)]
    return "\n".join(lines if outcome.differences else [*lines, "  no differences"])
