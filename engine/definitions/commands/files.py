"""Commands that lint, compare and draw definition files."""

import json
from collections.abc import Sequence
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from engine.builtin import CORE, REPORT
from engine.errors import IcmcError
from engine.language.diagram import to_dot, to_mermaid
from engine.language.extends import assemble
from engine.language.findings import Finding, Severity, has_errors
from engine.language.library import (
    DefinitionKind,
    Definitions,
    around_a_file,
    definition_files,
    json_schema,
    load_definitions,
)
from engine.language.lint.files import is_folder, lint_paths, with_definitions
from engine.language.lint.subject import KnownNames
from engine.language.workflow import Workflow
from engine.language.yaml_files import read_yaml, read_yaml_file
from engine.machine import dot_to_svg, letters, shipped_sources
from engine.plugin.registry import RegistryCatalogue, load_registry
from engine.settings import Settings


class Format(StrEnum):
    """The forms in which a diagram can be written."""

    SVG = "svg"
    MERMAID = "mermaid"
    DOT = "dot"


def lint(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Definition files, or folders of them.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as a JSON list.")] = False,
) -> None:
    """Find what is wrong with definition files: workflows, ladders, law packs, calendars, templates of messages."""
    try:
        shipped, catalogue = _shipped(), _catalogue()
        report = catalogue.find(REPORT)
        names = with_definitions(KnownNames(letters=letters(), report=report.outputs if report else {}), shipped)
        messages = _message_files(paths)
        others = [path for path in paths if path not in messages and not _holds_messages_only(path)]
        findings = lint_paths(others, catalogue=catalogue, names=names, around=shipped) + _lint_messages(messages)
    except IcmcError as error:
        raise _failed(error) from error
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        _notify(findings)
        typer.echo(_summary(findings), err=True)
    if has_errors(findings):
        raise typer.Exit(1)


def draw(
    workflow: Annotated[str, typer.Argument(help="A workflow file, or the name of a workflow that comes with ICMC.")],
    *,
    form: Annotated[Format, typer.Option("--format", help="The form of the diagram.")] = Format.SVG,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
) -> None:
    """Draw a workflow, in swim lanes by pillar."""
    try:
        text = _drawn(_found(workflow), form)
        if output is None:
            typer.echo(text, nl=False)
        else:
            output.write_text(text, encoding="utf-8")
    except IcmcError as error:
        raise _failed(error) from error
    except OSError as error:
        typer.echo(f"{_printable(str(output))} cannot be written ({type(error).__name__}).", err=True)
        raise typer.Exit(1) from error


def schema(
    kind: Annotated[DefinitionKind, typer.Argument(help="The kind of definition file.")] = DefinitionKind.WORKFLOW,
) -> None:
    """Print the JSON Schema of a kind of definition file, for editors with completion."""
    typer.echo(json.dumps(json_schema(kind), indent=2, ensure_ascii=False))


def _holds_messages_only(path: Path) -> bool:
    return is_folder(path) and bool(_message_files((path,))) and not definition_files(path)


def _drawn(workflow: Workflow, form: Format) -> str:
    catalogue = _catalogue()
    match form:
        case Format.MERMAID:
            return to_mermaid(workflow, catalogue)
        case Format.DOT:
            return to_dot(workflow, catalogue)
        case Format.SVG:
            return dot_to_svg(to_dot(workflow, catalogue), title=workflow.title)


def _found(name: str) -> Workflow:
    """Load a workflow by its file or its name; what is wrong with it is printed, and ends the command."""
    shipped = _shipped()
    path = Path(name)
    is_file, source = _is_file(path), shipped.workflow_source(name)
    beside = load_definitions(path.parent) if is_file else Definitions()
    document = read_yaml(source.text, file=source.file) if source and not is_file else read_yaml_file(path)
    loaded = assemble(document, library=lambda base: beside.workflow_source(base) or shipped.workflow_source(base))
    if loaded.workflow is None:
        _notify(loaded.findings, err=True)
        raise typer.Exit(1)
    return loaded.workflow


def _shipped() -> Definitions:
    """Return what files need to know of the definitions that come with ICMC."""
    return around_a_file(shipped_sources())


def _message_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """List the message templates among files and in folders."""
    found = [path for path in paths if path.suffix == ".txt"]
    for folder in paths:
        found += sorted(folder.rglob("*.txt")) if is_folder(folder) else []
    return tuple(dict.fromkeys(found))


def _lint_messages(files: Sequence[Path]) -> tuple[Finding, ...]:
    """Find what is wrong with message templates; without one, the library that reads templates is not loaded."""
    found: tuple[Finding, ...] = import_module("engine.messages.templates").lint_messages(files) if files else ()
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _catalogue() -> RegistryCatalogue:
    return RegistryCatalogue(load_registry(Settings().pillars, builtins=(CORE,)))


def _notify(findings: tuple[Finding, ...], *, err: bool = False) -> None:
    for finding in findings:
        typer.echo(_printable(str(finding)), err=err)


def _summary(findings: tuple[Finding, ...]) -> str:
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    return f"{errors} error(s), {len(findings) - errors} warning(s)." if findings else "No findings."


def _printable(text: str) -> str:
    """Keep names of files from steering the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _failed(error: IcmcError) -> typer.Exit:
    typer.echo(_printable(str(error)), err=True)
    return typer.Exit(1)
