"""Commands that fire, explain and retry deadlines."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import typer

from engine.assembly import Engine
from engine.cases.views.lists import find_case
from engine.core.deadlines.lateness import DELAY_OWNERS, EXTENSION_REASONS, PAUSE_REASONS
from engine.core.policy import Viewer
from engine.deadlines.actions import limits
from engine.deadlines.actions.clock import confirm_clock
from engine.deadlines.actions.firing import retry_deadlines
from engine.deadlines.records import DelayLine, EscalationView, ExplanationView, PlannedView
from engine.deadlines.views.lists import delays as delays_view
from engine.deadlines.views.why import explain_deadline, explain_step
from engine.errors import NotFoundError
from engine.language.names import in_running_words
from engine.overview.records import FiringView
from engine.overview.views.board import admin_board
from engine.overview.views.case import case_page
from engine.web.running import As, running_engine, viewer_by_email
from engine.web.terminal import SYSTEM, WRONG_USAGE, Json, fail, in_words, read_instant, show

app = typer.Typer(help="How the firing of deadlines goes.", no_args_is_help=True)


@app.command("show")
@in_words
def show_firing(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """Return how late levels and breaches came in the last day, what was set aside, and what the auditor found."""
    with running_engine() as (engine, _):
        firing = engine.ask_board(admin_board, SYSTEM).firing
    show(firing, as_json=as_json, words=lambda: _words(firing))


@app.command()
@in_words
def confirm() -> None:
    """Say that the clock of this machine is right after a jump: deadlines fire again."""
    with running_engine() as (engine, _):
        was_paused = confirm_clock(engine, viewer=SYSTEM)
    typer.echo("Deadlines fire again." if was_paused else "Firing was not paused: there is nothing to confirm.")


@app.command()
@in_words
def retry() -> None:
    """Try every deadline again that was set aside."""
    with running_engine() as (engine, _):
        count = retry_deadlines(engine, viewer=SYSTEM)
    typer.echo(f"{count} deadlines are tried again now.")


def _words(firing: FiringView) -> str:
    lines = [firing.jump.in_words] if firing.jump else []
    lines.append(firing.audit.in_words if firing.audit else "The escalation auditor has not looked yet.")
    for bucket in firing.lag:
        late = f"at most {bucket.at_most_seconds} s late" if bucket.at_most_seconds else "later"
        lines.append(f"{bucket.levels:8} levels {bucket.breaches:8} breaches {late}")
    lines += [f"Case {one.case_number}, {one.step_key}: not fired, {one.failures} tries." for one in firing.aside]
    return "\n".join(lines)


deadline_app = typer.Typer(help="Time limits: pause and resume them, ask for and give more time.", no_args_is_help=True)
report_app = typer.Typer(help="Reports in numbers, without any content of cases.", no_args_is_help=True)
Number = Annotated[str, typer.Argument(metavar="CASE", help="The case number.")]
Step = Annotated[str, typer.Argument(metavar="STEP", help="The step's key, such as triage, or its id.")]


@in_words
def explain(case: Number, step: Step, as_: As = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Say why each time limit of a step falls due then, and who is told when; of a step without one, what brings it."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        case_id = engine.ask(find_case, viewer, case)
        try:
            found = engine.ask(explain_step, viewer, case_id, step)
        except NotFoundError:
            steps = engine.ask(case_page, viewer, case_id).steps
            without = [one for one in steps if step in {one.key, str(one.id)}]
            if not without:
                raise
            lines = "\n\n".join(f"{one.title}: no time limit.\n  {one.origin}" for one in without)
            show([one.model_dump(mode="json", include=_OF_ORIGIN) for one in without], as_json=as_json,
                words=lambda: lines)  # fmt: skip
            return
    show(list(found), as_json=as_json, words=lambda: "\n\n".join(map(_explained, found)))


_OF_ORIGIN = {"id", "key", "title", "origin"}


@deadline_app.command()
@in_words
def pause(
    case: Number,
    step: Step,
    until: Annotated[str, typer.Option(help="When it resumes by itself: 2026-03-07T18:40+05:30.")],
    reason: Annotated[str, typer.Option(help=f"One of: {', '.join(PAUSE_REASONS)}.")],
    as_: As = None,
) -> None:
    """Let a limit of the network stand still; limits that follow a law never do."""
    instant = read_instant(until)
    with running_engine() as (engine, _):
        viewer, found = _open_one(engine, case, step, as_)
        limits.pause_deadline(
            engine, found.deadline.id, case_id=found.case_id, viewer=viewer, command_id=uuid4(), until=instant,
            reason_code=reason,
        )  # fmt: skip
        after = engine.ask(explain_deadline, viewer, found.deadline.id)
    typer.echo(f"It is paused until {_utc(instant)}, and is due {_utc(after.deadline.due_at)}.")


@deadline_app.command()
@in_words
def resume(case: Number, step: Step, as_: As = None) -> None:
    """Let a limit go on before its pause is over."""
    with running_engine() as (engine, _):
        viewer, found = _open_one(engine, case, step, as_)
        limits.resume_deadline(engine, found.deadline.id, case_id=found.case_id, viewer=viewer, command_id=uuid4())
        after = engine.ask(explain_deadline, viewer, found.deadline.id)
    typer.echo(f"It has resumed, and is due {_utc(after.deadline.due_at)}.")


@deadline_app.command()
@in_words
def extend(
    case: Number,
    step: Step,
    more: Annotated[str, typer.Option(help="How much more time: P3D, PT12H, P2WD.")],
    reason: Annotated[str, typer.Option(help=f"One of: {', '.join(EXTENSION_REASONS)}.")],
    as_: As = None,
) -> None:
    """Ask for more time; it counts once a second person has given it."""
    with running_engine() as (engine, _):
        viewer, found = _open_one(engine, case, step, as_)
        limits.ask_extension(
            engine, found.deadline.id, case_id=found.case_id, viewer=viewer, command_id=uuid4(), more=more,
            reason_code=reason,
        )  # fmt: skip
    typer.echo("Asked. A second person has to answer.")


@deadline_app.command()
@in_words
def answer(
    case: Number,
    step: Step,
    give: Annotated[bool, typer.Option("--give/--refuse", help="Give the time, or refuse it.")],
    as_: As = None,
) -> None:
    """Answer somebody else who has asked for more time."""
    with running_engine() as (engine, _):
        viewer, found = _open_one(engine, case, step, as_)
        limits.answer_extension(
            engine, found.deadline.id, case_id=found.case_id, viewer=viewer, command_id=uuid4(), approved=give
        )
        after = engine.ask(explain_deadline, viewer, found.deadline.id)
    typer.echo(f"{'Given' if give else 'Refused'}. It is due {_utc(after.deadline.due_at)}.")


@deadline_app.command()
@in_words
def owner(
    case: Number,
    step: Step,
    of: Annotated[str, typer.Argument(metavar="OWNER", help=f"One of: {', '.join(DELAY_OWNERS)}.")],
    as_: As = None,
) -> None:
    """Say whose delay it is that a limit is not kept."""
    with running_engine() as (engine, _):
        viewer, found = _open_one(engine, case, step, as_)
        limits.name_delay_owner(
            engine, found.deadline.id, case_id=found.case_id, viewer=viewer, command_id=uuid4(), owner=of
        )
    typer.echo("Recorded.")


@report_app.command()
@in_words
def delays(as_: As = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Count by unit and month what was kept, and what was late by whose delay it was."""
    with running_engine() as (engine, _):
        lines = engine.ask_board(delays_view, viewer_by_email(engine, as_))
    show([_with_totals(line) for line in lines], as_json=as_json, words=lambda: _delay_words(lines))


def _open_one(engine: Engine, case: str, step: str, email: str | None) -> tuple[Viewer, ExplanationView]:
    """Return the deadline of a step that runs now; ends with words when there is none, or more than one."""
    viewer = viewer_by_email(engine, email)
    found = engine.ask(explain_step, viewer, engine.ask(find_case, viewer, case), step)
    running = [one for one in found if one.deadline.ended_at is None]
    if not running:
        fail("No time limit of this step runs any more.")
    if len(running) > 1:
        ids = ", ".join(str(one.deadline.step_id) for one in running)
        fail(f"Several limits run under this name; give the id of the step: {ids}.", status=WRONG_USAGE)
    return viewer, running[0]


def _explained(found: ExplanationView) -> str:
    it = found.deadline
    paused = f"It is paused until {_utc(it.paused_until)}." if it.paused_until else ""
    head = f"{it.step_title}{f', {it.person_label}' if it.person_label else ''}: due {_utc(it.due_at)} ({it.state})."
    lines = [head, *([paused] if paused else []), *(f"  {line.text}" for line in found.lines)]
    lines += ["Who will be notified, and when:", *map(_planned, found.planned)] if found.planned else []
    lines += ["Who was notified:", *map(_told, found.told)] if found.told else []
    return "\n".join(lines)


def _planned(point: PlannedView) -> str:
    state = f"fired {_utc(point.fired_at)}" if point.fired_at else in_running_words(point.state)
    return f"  {_utc(point.at)}  {point.name:8} {point.to} ({state})"


def _told(line: EscalationView) -> str:
    who = "missed" if line.is_missed else ", ".join(line.recipients) or "nobody"
    ways = ", ".join(f"{one.channel} {one.state}" for one in line.deliveries)
    seen = f"; seen by {line.acknowledged_by or 'somebody'}" if line.acknowledged_at else ""
    note = f"; {line.note}" if line.note else ""
    return (
        f"  level {line.level}, round {line.round}, {_utc(line.fired_at)}: {who} ({ways or 'no message'}){seen}{note}"
    )


def _with_totals(line: DelayLine) -> dict[str, object]:
    return line.model_dump(mode="json") | {"late_in_all": line.late_in_all, "share_kept": line.share_kept}


def _delay_words(lines: tuple[DelayLine, ...]) -> str:
    said = []
    for line in lines:
        late = ", ".join(f"{DELAY_OWNERS.get(owner, owner)} {count}" for owner, count in sorted(line.late.items()))
        share = (
            f"{line.share_kept}% kept of what was ours to keep" if line.share_kept is not None else "nothing counted"
        )
        said.append(f"{line.month}  {line.unit}: {line.kept} kept, {line.late_in_all} late ({late or 'none'}); {share}")
    return "\n".join(said) or "No limit was kept or missed yet."


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
