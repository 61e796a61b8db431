"""`icmc case` and `icmc item`: the daily verbs."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer
from pydantic import JsonValue

from engine.assembly import Engine
from engine.cases.actions.deciding import note_reading
from engine.cases.actions.open import open_case
from engine.cases.records import CANCEL_REASONS, CLOSE_REASONS, NOTE_KINDS, NOTE_WORDS, REOPEN_REASONS
from engine.cases.views.lists import cases, find_case
from engine.core.policy import Action, Viewer, units_that_let
from engine.course.actions.closing import close_case, reopen_case
from engine.course.actions.diary import make_note, read_notes
from engine.course.actions.moving import move_run, preview_move
from engine.course.actions.moving_all import move_cases, plan_moves, start_moves, undo_moves
from engine.course.actions.steer import cancel_step, start_run
from engine.course.records import BulkPlan
from engine.errors import NotAllowedError
from engine.imports.actions import check_table, import_cases
from engine.imports.records import TableError
from engine.overview.records import CaseView
from engine.overview.views.case import case_page
from engine.overview.views.history import case_diary
from engine.people.viewer import units as units_view
from engine.web.running import As, running_engine, viewer_by_email
from engine.web.terminal import FOUND_PROBLEMS, WAITS, WRONG_USAGE, Json, fail, in_words, show
from engine.work.actions.complete import complete_work_item
from engine.work.actions.items import claim_work_item
from engine.work.records import WorkItemView
from engine.work.views.worklist import work_item, worklist

case_app = typer.Typer(help="Cases.", no_args_is_help=True)
item_app = typer.Typer(help="Work items.", no_args_is_help=True)
Preview = Annotated[bool, typer.Option("--preview", help="Only say what would change.")]
Number = Annotated[str, typer.Argument(help="The case number.")]
Item = Annotated[UUID, typer.Argument(help="The work item's id.")]
Words = Annotated[Path | None, typer.Option(help="A text file with the reason in words; it is stored encrypted.")]
Answers = Annotated[Path, typer.Option("--answers", help="A JSON file with the answers.")]


@case_app.command("open")
@in_words
def open_(answers: Answers, as_: As = None, workflow: str | None = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Open a case from a report."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        units = viewer.unit_ids or tuple(unit for unit, _ in engine.ask(units_view, viewer))
        if not units:
            fail("There is no unit yet that could keep a case.")
        opened = open_case(
            engine, answers=_read(answers), unit_id=units[0], viewer=viewer, command_id=uuid4(), workflow=workflow
        )
    show(
        {"case": opened.case_number, "item": str(opened.item_id)}, as_json=as_json,
        words=lambda: f"Saved: case {opened.case_number}.",
    )  # fmt: skip


@case_app.command("import")
@in_words
def import_(
    table: Annotated[Path, typer.Argument(help="A CSV file; the first row names the columns.")],
    check: Annotated[bool, typer.Option("--check", help="Only name what does not fit; do nothing.")] = False,  # noqa: FBT002
    workflow: Annotated[
        str | None, typer.Option(help="The workflow of all; else the one that each report opens.")
    ] = None,
    as_: As = None,
) -> None:
    """Take over old cases from a spreadsheet: all of them or, where anything does not fit, none."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        try:
            text, unit = (
                table.read_text(encoding="utf-8-sig"),
                min(units_that_let(viewer, Action.IMPORT_CASES), default=None),
            )
        except (OSError, UnicodeDecodeError):
            fail(f"{table} cannot be read: save it as CSV in UTF-8.", status=WRONG_USAGE)
        if unit is None:
            raise NotAllowedError(actor=viewer.name, action=Action.IMPORT_CASES.value)
        try:
            if check:
                count = check_table(engine, text, viewer=viewer, unit_id=unit, workflow=workflow)
                typer.echo(f"All {count} cases fit. Nothing was taken over yet.")
                return
            numbers = import_cases(engine, text, viewer=viewer, unit_id=unit, command_id=uuid4(), workflow=workflow)
        except TableError as error:
            for one in error.problems:
                typer.echo(f"row {one.row}{', ' * bool(one.column)}{one.column}: {one.words}", err=True)
            fail(str(error))
    typer.echo("\n".join(numbers))


@case_app.command("list")
@in_words
def list_cases(as_: As = None, status: str = "open", as_json: Json = False) -> None:  # noqa: FBT002
    """List cases, those with the nearest deadline first."""
    with running_engine() as (engine, _):
        lines = engine.ask(cases, viewer_by_email(engine, as_), status=status)
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
        view = engine.ask(case_page, viewer, engine.ask(find_case, viewer, number))
        note_reading(engine, viewer, view.id, "case", ())
    show(view, as_json=as_json, words=lambda: _case_words(view))


@case_app.command()
@in_words
def close(
    number: Number,
    reason: Annotated[str, typer.Option(help=f"Why: {', '.join(CLOSE_REASONS)}.")],
    words: Words = None,
    as_: As = None,
) -> None:
    """Close a case before its steps are all settled; what is open is called off, with the reason."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        case_id = engine.ask(find_case, viewer, number)
        is_closed = close_case(
            engine, case_id, viewer=viewer, command_id=uuid4(), reason_code=_known(reason, CLOSE_REASONS),
            words=_words_in(words),
        )  # fmt: skip
    if not is_closed:
        typer.echo(
            f"Something is open in case {number}: it is waiting for a second person, who agrees on the page /waiting."
        )
        raise typer.Exit(WAITS)
    typer.echo(f"Case {number} is closed.")


@case_app.command()
@in_words
def reopen(
    number: Number,
    reason: Annotated[str, typer.Option(help=f"Why: {', '.join(REOPEN_REASONS)}.")],
    words: Annotated[Path, typer.Option(help="A text file with the reason in words; it is stored encrypted.")],
    workflow: Annotated[str | None, typer.Option(help="A workflow that begins in it.")] = None,
    as_: As = None,
) -> None:
    """Open a closed case again; what was done stays as it is."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        case_id = engine.ask(find_case, viewer, number)
        reopen_case(
            engine, case_id, viewer=viewer, command_id=uuid4(), reason_code=_known(reason, REOPEN_REASONS),
            words=_words_in(words), workflow=workflow,
        )  # fmt: skip
    typer.echo(f"Case {number} is open again.")


@case_app.command()
@in_words
def begin(number: Number, workflow: Annotated[str, typer.Argument(help="Its name.")], as_: As = None) -> None:
    """Begin a further workflow on an open case, beside those that run."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        case_id = engine.ask(find_case, viewer, number)
        start_run(engine, case_id, viewer=viewer, command_id=uuid4(), workflow=workflow)
    typer.echo(f"{workflow} began in case {number}.")


@case_app.command()
@in_words
def move(
    number: Number,
    workflow: Annotated[str, typer.Argument(help="Its name.")],
    run: Annotated[UUID | None, typer.Option(help="Which of its workflows moves, where several are open.")] = None,
    preview: Preview = False,  # noqa: FBT002 - a command-line flag
    as_: As = None,
) -> None:
    """Let an open case go on by another workflow, keeping what was done."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        case_id = engine.ask(find_case, viewer, number)
        if preview:
            found = preview_move(engine, case_id, viewer=viewer, workflow=workflow, run_id=run)
            for title in found.called_off:
                typer.echo(f"cancelled: {title}")
            for title in found.begins:
                typer.echo(f"begins: {title}")
            for title, was, then in found.due:
                typer.echo(f"due: {title}, {then} (was {was or 'not counted'})")
            return
        move_run(engine, case_id, viewer=viewer, command_id=uuid4(), workflow=workflow, run_id=run)
    typer.echo(f"Case {number} follows {workflow} now.")


@case_app.command("move-all")
@in_words
def move_all(
    workflow: Annotated[str, typer.Argument(help="Its name.")],
    version: Annotated[int | None, typer.Option(help="Which version; else the published one.")] = None,
    preview: Preview = False,  # noqa: FBT002 - a command-line flag
    cancel_work: Annotated[  # noqa: FBT002 - a command-line flag
        bool, typer.Option("--cancel-work", help="Cancel open steps that have no place there.")
    ] = False,
    undo: Annotated[  # noqa: FBT002 - a command-line flag
        bool, typer.Option("--undo", help="Move the cases of the last move back.")
    ] = False,
    as_: As = None,
) -> None:
    """Let all open cases of a workflow go on by its published version, or by another one; or move them back."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        plan = plan_moves(engine, workflow, viewer=viewer, version=version)
        if undo and not plan.moves:
            fail("Nothing was moved yet.")
        if undo:
            undo_moves(engine, plan.moves[0].id, viewer=viewer, command_id=uuid4())
        elif not preview:
            start_moves(
                engine, workflow, viewer=viewer, command_id=uuid4(), version=plan.version, cancels=cancel_work
            )  # fmt: skip
        while not preview and not move_cases(engine).is_done:
            continue
        looks = tuple(_what_follows(engine, plan, viewer)) if preview else ()
        left = plan if preview else plan_moves(engine, workflow, viewer=viewer, version=version)
    if preview:
        typer.echo(f"{plan.plain} cases would be moved to version {plan.version} of {workflow}.")
        for title, count in plan.called_off.items():
            typer.echo(f"{count} of {plan.with_work} more have an open step that is not in it: {title}")
        for line in looks:
            typer.echo(line)
    else:
        typer.echo(f"{left.moves[0].moved} cases were moved.")
    for _, number, why in left.stay:
        typer.echo(f"Case {number} stays: {why}", err=True)
    if left.stay or (left.with_work and not undo):
        raise typer.Exit(FOUND_PROBLEMS)


def _what_follows(engine: Engine, plan: BulkPlan, viewer: Viewer) -> Iterator[str]:
    """Say what would follow in the cases that were looked at, then in the next ones, until none is left."""
    for line in plan.late:
        yield f"Case {line.case_number} would be late at once: {line.step_title}, due {line.after} (was {line.before})"
    yield f"Of {plan.looked_at} cases: {plan.sooner} due times would be sooner, {plan.later} later."
    for title, count in plan.begins.items():
        yield f"begins in {count}: {title}"
    for title, count in plan.ends.items():
        yield f"is cancelled in {count}: {title}"
    for _, number in plan.closes:
        yield f"Case {number} would close."
    if plan.left_out:
        further = plan_moves(engine, plan.workflow, viewer=viewer, version=plan.version, after=plan.last_id)
        yield from _what_follows(engine, further, viewer)


@case_app.command("cancel-step")
@in_words
def cancel_step_(
    number: Number,
    step: Annotated[UUID, typer.Argument(help="The step's id: `icmc case show NUMBER --json` lists them.")],
    reason: Annotated[str, typer.Option(help=f"Why: {', '.join(CANCEL_REASONS)}.")],
    words: Words = None,
    as_: As = None,
) -> None:
    """Call a step off before it ends."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        case_id = engine.ask(find_case, viewer, number)
        cancel_step(
            engine, step, case_id=case_id, viewer=viewer, command_id=uuid4(),
            reason_code=_known(reason, CANCEL_REASONS), words=_words_in(words),
        )  # fmt: skip
    typer.echo("The step was cancelled.")


@case_app.command()
@in_words
def note(
    number: Number,
    words: Annotated[Path, typer.Option(help="A text file with what happened; it is stored encrypted.")],
    kind: Annotated[str, typer.Option(help=f"What it was: {', '.join(NOTE_KINDS)}.")] = "call",
    at: Annotated[datetime | None, typer.Option(help="When it was, in UTC; else now.")] = None,
    person: Annotated[int | None, typer.Option(help="Who it is about: the number of a person in the case.")] = None,
    as_: As = None,
) -> None:
    """Note a call, a visit, a worry or an answer to the person who reported in the diary of a case."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        view = engine.ask(case_page, viewer, engine.ask(find_case, viewer, number))
        whom = next((one.id for one in view.persons if one.label == f"Person {person}"), None)
        if person is not None and whom is None:
            fail(f"--person: there is no person {person} in case {number}.", status=WRONG_USAGE)
        make_note(
            engine, view.id, viewer=viewer, command_id=uuid4(), kind=_known(kind, NOTE_KINDS, "--kind"),
            words=_words_in(words), happened_at=at.replace(tzinfo=UTC) if at else None, person_id=whom,
        )  # fmt: skip
    typer.echo(f"It was recorded in case {number}.")


@case_app.command()
@in_words
def diary(number: Number, as_: As = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Read the diary of a case; that it was read is recorded."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        case_id = engine.ask(find_case, viewer, number)
        words = read_notes(engine, case_id, viewer=viewer)
        found = engine.ask(case_diary, viewer, case_id, limit=1_000).notes
    lines = [
        {"at": f"{one.happened_at:%Y-%m-%d %H:%M} UTC", "kind": one.kind, "about": one.person_label, "by": one.by,
         "words": words.get(one.seq, "")} for one in found
    ]  # fmt: skip
    told = "\n".join(
        f"{line['at']}  {NOTE_WORDS.get(line['kind'], line['kind'])}  {line['about']}  {line['by']}\n  {line['words']}"
        for line in lines
    )
    show(lines, as_json=as_json, words=lambda: told or "Nothing has been recorded yet.")


@item_app.command("list")
@in_words
def list_items(as_: As = None, as_json: Json = False) -> None:  # noqa: FBT002
    """List the work that a person has or may take."""
    with running_engine() as (engine, _):
        items = engine.ask(worklist, viewer_by_email(engine, as_))
    show(list(items), as_json=as_json, words=lambda: "\n".join(map(_item_words, items)) or "There is nothing to do.")


@item_app.command()
@in_words
def claim(item: Item, as_: As = None) -> None:
    """Take a work item."""
    with running_engine() as (engine, _):
        claim_work_item(engine, item, viewer=viewer_by_email(engine, as_), command_id=uuid4())
    typer.echo("You have taken it.")


@item_app.command()
@in_words
def complete(
    item: Item,
    answers: Answers,
    as_: As = None,
    outcome: str = "done",
    reason: str = "",
    late_reason: Annotated[str, typer.Option(help="Why it is entered only now. Do not write names.")] = "",
) -> None:
    """Complete a work item; what happened more than 24 hours ago needs --late-reason."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        revision = engine.ask(work_item, viewer, item).revision
        done = complete_work_item(
            engine, item, viewer=viewer, revision=revision, command_id=uuid4(), outcome=outcome,
            answers=_read(answers), reason=reason, late_reason=late_reason, is_typed_in=True,
        )  # fmt: skip
    typer.echo(f"Done. {len(done.next_item_ids)} new item(s){'; the case is closed' if done.case_closed else ''}.")


def _known(reason: str, reasons: Mapping[str, str], option: str = "--reason") -> str:
    if reason not in reasons:
        fail(f"{option}: choose one of {', '.join(reasons)}.", status=WRONG_USAGE)
    return reason


def _words_in(path: Path | None) -> str:
    """Read words from a file: on a command line others could read them."""
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except (OSError, ValueError) as error:
        fail(f"{path}: cannot be read as text ({type(error).__name__}).", status=WRONG_USAGE)


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
    due += f", late from {item.late_at:%Y-%m-%d %H:%M} UTC" if item.late_at else ""
    return f"{item.id}  {item.case_number}  {item.title}  ({due}{', OVERDUE' if item.is_overdue else ''})"


def _case_words(view: CaseView) -> str:
    lines = [f"Case {view.number}, {view.status}, kept by {view.unit}."]
    for step in view.steps:
        due = f", due {step.deadline.due_at:%Y-%m-%d %H:%M} UTC ({step.deadline.state})" if step.deadline else ""
        lines.append(f"  {step.status:10} {step.title}{f' [{step.person_label}]' if step.person_label else ''}{due}")
    return "\n".join([*lines, *(f"  ! {finding}" for finding in view.findings)])
