"""`icmc pillars`: what is installed, a new one, a check."""

from pathlib import Path
from typing import Annotated

import typer

from engine.builtin import CORE
from engine.documents.actions.paper_forms import paper_form
from engine.documents.printing import PdfPrinter
from engine.documents.templates import PaperRenderer
from engine.machine import data_folder
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import YES_NO, FieldKind
from engine.plugin.registry import Registry, load_registry
from engine.plugin.skeleton import write_skeleton
from engine.plugin.testing import check_pillar
from engine.web.terminal import FOUND_PROBLEMS, Json, in_words, read_settings, show

app = typer.Typer(help="The pillars that are installed.", invoke_without_command=True)


@app.callback()
@in_words
def pillars(context: typer.Context, as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """List pillars, step types and fields, and where each comes from."""
    if context.invoked_subcommand is not None:
        return
    registry = load_registry(read_settings().pillars, builtins=(CORE,))
    show(_listed(registry), as_json=as_json, words=lambda: _words(registry))


@app.command()
@in_words
def new(
    name: Annotated[str, typer.Argument(help="The key of the new pillar: a lower-case word.")],
    folder: Annotated[Path, typer.Option(help="Where to make it.")] = Path(),
) -> None:
    """Write the skeleton of a pillar of your own, as a package."""
    for path in write_skeleton(name, folder):
        typer.echo(str(path))


@app.command()
@in_words
def check(name: Annotated[str, typer.Argument(help="The pillar's key, as its entry point names it.")]) -> None:
    """Check an installed pillar against the plug-in contract."""
    problems = check_pillar(name)
    typer.echo("\n".join(problems) or f"The pillar {name} keeps the contract.")
    if problems:
        raise typer.Exit(FOUND_PROBLEMS)


@app.command()
@in_words
def form(
    key: Annotated[str, typer.Argument(help="The key of a step type that people answer, such as rescue.first_needs.")],
    out: Annotated[Path, typer.Option(help="The file to write: a .pdf, or a .html page to print.")],
) -> None:
    """Write the blank paper form of a step, for where there is no network."""
    registry = load_registry(read_settings().pillars, builtins=(CORE,))
    templates = data_folder("templates")
    html = paper_form(registry, PaperRenderer(templates / "documents"), key)
    if out.suffix.lower() == ".pdf":
        out.write_bytes(PdfPrinter(templates / "documents" / "fonts").pdf(html))
    else:
        out.write_text(html, encoding="utf-8")
    typer.echo(str(out))


def _listed(registry: Registry) -> list[dict[str, object]]:
    return [
        {
            "key": item.pillar.key,
            "name": item.pillar.name,
            "letter": item.pillar.letter,
            "origin": item.origin,
            "step_types": [
                {
                    "key": step.key,
                    "title": step.title,
                    "kind": step.kind.value,
                    "roles": list(step.roles),
                    "outputs": sorted(step.outputs),
                    "fields": [
                        {
                            "name": spec.name,
                            "kind": spec.kind.value,
                            "label": spec.label,
                            "required": spec.required,
                            "sensitivity": spec.sensitivity.value,
                            "choices": _choices(spec),
                        }
                        for spec in step.fields
                    ],
                }
                for step in item.pillar.step_types
            ],
        }
        for item in registry.installed
    ]


def _choices(spec: FieldSpec) -> list[bool | str]:
    return [kept for _, kept in YES_NO.values()] if spec.kind is FieldKind.BOOL else list(spec.choices)


def _words(registry: Registry) -> str:
    lines = []
    for item in registry.installed:
        pillar = item.pillar
        is_ours = item.origin.partition(" ")[0] == "icmc"
        where = ", ".join(word for word in (pillar.letter, "" if is_ours else "outside package") if word) or "built in"
        lines.append(f"{pillar.name} ({where}; from {item.origin})")
        lines += [f"  {step.key:34} {step.kind.value:10} {step.title}" for step in pillar.step_types]
    return "\n".join(lines)
