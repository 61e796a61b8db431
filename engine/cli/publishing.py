"""`icmc publish` and `icmc export`: definitions go in from files, and come back as they were written."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.common import SYSTEM, WRONG_USAGE, fail, in_words, running_engine, show
from engine.spec.findings import has_errors
from engine.usecases.publish import lint_source, publish_workflow

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Workflow files.")]
Name = Annotated[str, typer.Argument(help="The name of a definition.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Kind = Annotated[str, typer.Option(help="workflow, ladder, law or calendar.")]
Version = Annotated[int | None, typer.Option(help="A version; the published one unless given.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of the screen.")]


@in_words
def publish(files: Files, as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """Publish workflows from files; running cases stay on their version. If one has errors, none is published."""
    sources = [(path, _read(path)) for path in files]
    done = []
    with running_engine() as (engine, _):
        findings = [found for path, source in sources for found in lint_source(engine, source, file=str(path))]
        if has_errors(findings):
            fail("\n".join(map(str, findings)))
        for path, source in sources:
            done.append((path, publish_workflow(engine, source=source, viewer=SYSTEM, file=str(path))))
    rows = [
        {"file": str(path), "kind": one.kind, "name": one.name, "version": one.version, "hash": one.content_hash,
         "changed": one.changed}
        for path, one in done
    ]  # fmt: skip
    words = (
        f"{path}: {one.name} is published as version {one.version}{'' if one.changed else ', as it was already'}."
        for path, one in done
    )
    show(rows, as_json=as_json, words=lambda: "\n".join(words))


@in_words
def export(name: Name, kind: Kind = "workflow", version: Version = None, out: Out = None) -> None:
    """Write the stored text of a definition back, as it was published."""
    with running_engine() as (engine, _):
        source = engine.queries.definition(kind, name, version).source
    if out is None:
        typer.echo(source, nl=False)
        return
    try:
        out.write_text(source, encoding="utf-8")
    except OSError as error:
        fail(f"{out}: cannot be written ({type(error).__name__}).", status=WRONG_USAGE)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        fail(f"{path}: cannot be read ({type(error).__name__}).", status=WRONG_USAGE)
