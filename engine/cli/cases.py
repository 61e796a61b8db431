"""`icmc case` and `icmc item`: the daily verbs."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer

from engine.cli.common import WRONG_USAGE, fail, in_words, running_engine, show, viewer_by_email
from engine.ports import JsonValue
from engine.usecases.complete_work_item import complete_work_item
from engine.usecases.open_case import open_case
from engine.usecases.readings import note_reading
from engine.usecases.steer_case import abort_run
from engine.usecases.work_items import claim_work_item
from engine.views import CaseView, WorkItemView

case_app = typer.Typer(help="Cases.", no_args_is_help=True)
item_app = typer.Typer(help="Work items.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[str | None, typer.Option("--as", help="E-mail address of the person who acts.")]
Number = Annotated[str, typer.Argument(help="The case number.")]
Item = Annotated[UUID, typer.Argument(help="The work item's id.")]
Answers = Annotated[Path, typer.Option("--answers", help="A JSON file with the answers.")]


@case_app.command("open")
@in_words
def open_(answers: Answers, as_: As = None, workflow: str | None = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Open a case from a report."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        units = viewer.unit_ids or tuple(unit for unit, _ in engine.queries.units(viewer))
        if not units:
            fail("There is no unit yet that could keep a case.")
        opened = open_case(
            engine, answers=_read(answers), unit_id=units[0], viewer=viewer, command_id=uuid4(), workflow=workflow
        )
    show(
        {"case": opened.case_number, "item": str(opened.item_id)}, as_json=as_json,
        words=lambda: f"Saved: case {opened.case_number}.",
    )  # fmt: skip


@case_app.command("list")
@in_words
def list_cases(as_: As = None, status: str = "open", as_json: Json = False) -> None:  # noqa: FBT002
    """List cases, those with the nearest deadline first."""
    with running_engine() as (engine, _):
        lines = engine.queries.cases(viewer_by_email(engine, as_), status=status)
    words = "\n".join(
        f"{line.number}  {line.status:6}  {'OVERDUE ' if line.is_overdue else '        '}{line.waiting_for}"
        for line in lines
    )
    show(list(lines), as_json=as_json, words=lambda: words or "There are no such cases.")


@case_app.command("show")
@in_words
def show_case(number: Number, as_: As = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Show a case; what identifies people stays masked."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        view = engine.queries.case(viewer, engine.queries.find_case(viewer, number))
        note_reading(engine, viewer, view.id, "case", ())
    show(view, as_json=as_json, words=lambda: _case_words(view))


@case_app.command()
@in_words
def close(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why, in one word that may be read by all: duplicate, transferred ...")],
    as_: As = None,
) -> None:
    """Close a case before its steps are all settled; what is open is called off, with the reason."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        view = engine.queries.case(viewer, engine.queries.find_case(viewer, number))
        for run in view.runs:
            if run.status == "open":
                abort_run(engine, run.id, case_id=view.id, viewer=viewer, command_id=uuid4(), reason_code=reason)
    typer.echo(f"Case {number} is closed.")


@item_app.command("list")
@in_words
def list_items(as_: As = None, as_json: Json = False) -> None:  # noqa: FBT002
    """List the work that a person has or may take."""
    with running_engine() as (engine, _):
        items = engine.queries.worklist(viewer_by_email(engine, as_))
    show(list(items), as_json=as_json, words=lambda: "\n".join(map(_item_words, items)) or "There is nothing to do.")


@item_app.command()
@in_words
def claim(item: Item, as_: As = None) -> None:
    """Take a work item."""
    with running_engine() as (engine, _):
        claim_work_item(engine, item, viewer=viewer_by_email(engine, as_), command_id=uuid4())
    typer.echo("It is yours.")


@item_app.command()
@in_words
def complete(item: Item, answers: Answers, as_: As = None, outcome: str = "done", reason: str = "") -> None:
    """Complete a work item."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        revision = engine.queries.work_item(viewer, item).revision
        done = complete_work_item(
            engine, item, viewer=viewer, revision=revision, command_id=uuid4(), outcome=outcome,
            answers=_read(answers), reason=reason,
        )  # fmt: skip
    typer.echo(f"Done. {len(done.next_item_ids)} new item(s){'; the case is closed' if done.case_closed else ''}.")


def _read(path: Path) -> dict[str, JsonValue]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{path}: cannot be read as JSON ({type(error).__name__}).", status=WRONG_USAGE)
    if not isinstance(content, dict):
        fail(f"{path}: must hold a JSON object of answers.", status=WRONG_USAGE)
    return content


def _item_words(item: WorkItemView) -> str:
    due = f"due {item.due_at:%Y-%m-%d %H:%M} UTC" if item.due_at else "no limit"
    return f"{item.id}  {item.case_number}  {item.title}  ({due}{', OVERDUE' if item.is_overdue else ''})"


def _case_words(view: CaseView) -> str:
    lines = [f"Case {view.number}, {view.status}, kept by {view.unit}."]
    for step in view.steps:
        due = f", due {step.deadline.due_at:%Y-%m-%d %H:%M} UTC ({step.deadline.state})" if step.deadline else ""
        lines.append(f"  {step.status:10} {step.title}{f' [{step.person_label}]' if step.person_label else ''}{due}")
    return "\n".join([*lines, *(f"  ! {finding}" for finding in view.findings)])
