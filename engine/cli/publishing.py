"""Commands that publish and retire definitions, with what a change would cost people in messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from engine.assembly import Engine
from engine.cli.simulating import place_of, shown_load
from engine.core.compiled import compile_workflow
from engine.core.library import Library
from engine.core.policy import Viewer
from engine.deadlines.actions.limits import recount_deadlines
from engine.definitions.actions.preview import Planned, planned_change, preview_files
from engine.definitions.actions.proposals import propose_files
from engine.definitions.actions.publish import Published
from engine.definitions.actions.retire import propose_retirement
from engine.definitions.commands.calendars import in_lines
from engine.definitions.rehearsed import AlertBudget
from engine.definitions.views import definition
from engine.language.library import DefinitionKind
from engine.language.workflow import Workflow
from engine.rehearsal.budget import alert_budget
from engine.web.running import As, running_engine, viewer_by_email
from engine.web.terminal import WAITS, WRONG_USAGE, Json, fail, in_words, show


@dataclass(frozen=True)
class BudgetChange:
    """The budget of a workflow before and after a change; `before` is None for a new workflow."""

    workflow: str
    before: AlertBudget | None
    after: AlertBudget

    def as_json(self) -> dict[str, object]:
        """Return the change as it is printed with `--json`."""
        before = self.before.as_json() if self.before else None
        return {"workflow": self.workflow, "before": before, "after": self.after.as_json()}


def budget_changes(engine: Engine, planned: Planned) -> tuple[BudgetChange, ...]:
    """Simulate every workflow that a change touches, before and after."""
    return tuple(
        BudgetChange(
            after.workflow,
            _budget(engine, before, planned.before) if before else None,
            _budget(engine, after, planned.after),
        )
        for before, after in planned.workflows
    )


def change_lines(change: BudgetChange) -> str:
    """Say in words how a budget would change."""
    before = shown_load(change.before.sent) if change.before else "new"
    return f"{change.workflow}: sent to one person a day: {before} -> {shown_load(change.after.sent)}"


def _budget(engine: Engine, workflow: Workflow, library: Library) -> AlertBudget:
    compiled = compile_workflow(workflow, engine.catalogue)
    return alert_budget(compiled, library, jurisdiction=place_of(workflow))


Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Workflows, ladders, law packs, calendars.")]
Name = Annotated[str, typer.Argument(help="The name of a definition.")]
Preview = Annotated[bool, typer.Option("--preview", help="Say what it would do to open cases, and change nothing.")]
Kind = Annotated[DefinitionKind, typer.Option(help="The kind of definition.")]
Budget = Annotated[bool, typer.Option("--budget", help="Say too how many messages people would get; takes a while.")]
Version = Annotated[int | None, typer.Option(help="A version; the published one unless given.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of the screen.")]


@in_words
def publish(
    files: Files,
    preview: Preview = False,  # noqa: FBT002 - a command-line flag
    budget: Budget = False,  # noqa: FBT002
    as_person: As = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Propose definitions from files, all or none: they are published when a second person agrees, on the portal.

    The second person is one of the unit that owns them, else of the hub's body. Running cases stay on their version of
    a workflow, and escalations that have begun on their ladder; every other open deadline is counted again by a new
    calendar, ladder or law pack. Where nobody is yet, they are published at once.
    """
    sources = {str(path): _read(path) for path in files}
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_person)
        if preview:
            _preview(engine, sources, viewer, with_budget=budget, as_json=as_json)
            return
        done = propose_files(engine, sources, viewer=viewer)
        recount_deadlines(engine)
    rows = [
        {"file": one.file, "kind": one.kind, "name": one.name, "version": one.version, "hash": one.content_hash,
         "changed": one.changed, "waits_for": str(one.waits_for) if one.waits_for else None,
         "people": list(one.people)}
        for one in done
    ]  # fmt: skip
    show(rows, as_json=as_json, words=lambda: "\n".join(map(_published_in_words, done)))
    if any(one.waits_for for one in done):
        raise typer.Exit(WAITS)


@in_words
def retire(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why it is not needed any more, without names of people.")],
    kind: Kind = DefinitionKind.WORKFLOW,
    as_person: As = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Ask to retire a definition: nothing new begins with it once a second person agrees, on the portal.

    Open cases go on. What a published definition or an open case refers to is refused, with what does. Publishing it
    again brings it back.
    """
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_person)
        done = propose_retirement(engine, kind.value, name, reason=reason, viewer=viewer)
    row = {"kind": kind.value, "name": name, "version": done.version, "waits_for": str(done.waits_for),
           "people": list(done.people)}  # fmt: skip
    words = (
        f"{kind.value} {name} is waiting for a second person: version {done.version} is retired when one of these"
        f" agrees on the page /waiting/{done.waits_for}: {', '.join(done.people)}."
    )
    show(row, as_json=as_json, words=lambda: words)
    raise typer.Exit(WAITS)


@in_words
def export(name: Name, kind: Kind = DefinitionKind.WORKFLOW, version: Version = None, out: Out = None) -> None:
    """Write the stored text of a definition of any kind back, as it was published."""
    with running_engine() as (engine, _):
        source = engine.ask_all(definition, kind.value, name, version).source
    if out is None:
        typer.echo(source, nl=False)
        return
    try:
        out.write_text(source, encoding="utf-8")
    except OSError as error:
        fail(f"{out}: cannot be written ({type(error).__name__}).", status=WRONG_USAGE)


def _preview(engine: Engine, sources: Mapping[str, str], viewer: Viewer, *, with_budget: bool, as_json: bool) -> None:
    found = preview_files(engine, sources, viewer=viewer)
    changes = budget_changes(engine, planned_change(engine, sources)) if with_budget else ()
    rows = found.model_dump(mode="json") | {"budgets": [change.as_json() for change in changes]}
    show(rows, as_json=as_json, words=lambda: "\n".join([*map(change_lines, changes), in_lines(found)]))


def _published_in_words(one: Published) -> str:
    if one.waits_for:
        return (
            f"{one.file}: {one.kind} {one.name} is waiting for a second person: version {one.version} is published"
            f" when one of these agrees on the page /waiting/{one.waits_for}: {', '.join(one.people)}."
        )
    ending = "" if one.changed else ", as it was already"
    return f"{one.file}: {one.kind} {one.name} is published as version {one.version}{ending}."


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        fail(f"{path}: cannot be read ({type(error).__name__}).", status=WRONG_USAGE)
