"""`icmc on-call` and `icmc absence`: who is on call, and who is away."""

from typing import Annotated
from uuid import UUID, uuid4

import typer

from engine.adapters.sql.queries.duty import absences as absences_view
from engine.adapters.sql.queries.duty import shifts as shifts_view
from engine.adapters.sql.queries.viewer import units
from engine.assembly import Engine
from engine.cli.common import in_words, read_instant, running_engine, show, viewer_by_email
from engine.errors import NotFoundError
from engine.usecases.absences import end_absence, note_absence
from engine.usecases.on_call import cancel_shift, hand_over, plan_shift
from engine.views import AbsenceView, ShiftView, Viewer

on_call_app = typer.Typer(help="Who is on call.", no_args_is_help=True)
absence_app = typer.Typer(help="Who is away, and who stands in.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[str | None, typer.Option("--as", help="E-mail address of the person who acts.")]
Unit = Annotated[str, typer.Argument(help="The unit's name.")]
Email = Annotated[str, typer.Argument(help="E-mail address of the person.")]
From = Annotated[str, typer.Option("--from", help="When it begins: 2026-03-07T18:40+05:30.")]
To = Annotated[str, typer.Option("--to", help="When it ends: 2026-03-08T08:00+05:30.")]


@on_call_app.command("list")
@in_words
def list_shifts(as_: As = None, as_json: Json = False) -> None:  # noqa: FBT002
    """List who is on call now and next."""
    with running_engine() as (engine, _):
        shifts = engine.ask(shifts_view, viewer_by_email(engine, as_))
    words = "\n".join(map(_shift_words, shifts))
    show(list(shifts), as_json=as_json, words=lambda: words or "No one is on call, and no shift is planned.")


@on_call_app.command()
@in_words
def plan(unit: Unit, email: Email, starts: From, ends: To, as_: As = None) -> None:
    """Put somebody on call."""
    starts_at, ends_at = read_instant(starts), read_instant(ends)
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        shift_id = plan_shift(
            engine, viewer=viewer, command_id=uuid4(), unit_id=_unit(engine, viewer, unit),
            actor_id=_person(engine, email), starts_at=starts_at, ends_at=ends_at,
        )  # fmt: skip
    typer.echo(f"Planned: {shift_id}.")


@on_call_app.command("hand-over")
@in_words
def hand_over_now(unit: Unit, email: Email, as_: As = None) -> None:
    """End the present shift of a unit and begin that of the person named."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        hand_over(
            engine, viewer=viewer, command_id=uuid4(), unit_id=_unit(engine, viewer, unit), to=_person(engine, email)
        )
    typer.echo("Handed over. Both people are notified.")


@on_call_app.command()
@in_words
def cancel(shift: Annotated[UUID, typer.Argument(help="The shift's id.")], as_: As = None) -> None:
    """Call a shift off; one that has begun ends now."""
    with running_engine() as (engine, _):
        cancel_shift(engine, shift, viewer=viewer_by_email(engine, as_), command_id=uuid4())
    typer.echo("Cancelled.")


@absence_app.command("list")
@in_words
def list_absences(as_: As = None, as_json: Json = False) -> None:  # noqa: FBT002
    """List who is away, or will be."""
    with running_engine() as (engine, _):
        absences = engine.ask(absences_view, viewer_by_email(engine, as_))
    words = "\n".join(map(_absence_words, absences))
    show(list(absences), as_json=as_json, words=lambda: words or "No one is away, and no absence is planned.")


@absence_app.command("note")
@in_words
def note(
    email: Email,
    starts: From,
    ends: To,
    deputy: Annotated[str | None, typer.Option(help="E-mail address of who stands in.")] = None,
    as_: As = None,
) -> None:
    """Note when somebody is away, and who stands in."""
    starts_at, ends_at = read_instant(starts), read_instant(ends)
    with running_engine() as (engine, _):
        absence_id = note_absence(
            engine, viewer=viewer_by_email(engine, as_), command_id=uuid4(), actor_id=_person(engine, email),
            starts_at=starts_at, ends_at=ends_at, deputy_id=_person(engine, deputy) if deputy else None,
        )  # fmt: skip
    typer.echo(f"Recorded: {absence_id}.")


@absence_app.command()
@in_words
def end(absence: Annotated[UUID, typer.Argument(help="The absence's id.")], as_: As = None) -> None:
    """Say that somebody is back, or will not be away after all."""
    with running_engine() as (engine, _):
        end_absence(engine, absence, viewer=viewer_by_email(engine, as_), command_id=uuid4())
    typer.echo("The absence is over.")


def _unit(engine: Engine, viewer: Viewer, name: str) -> UUID:
    found = next((unit for unit, known in engine.ask(units, viewer) if known == name), None)
    if found is None:
        raise NotFoundError(kind="unit")
    return found


def _person(engine: Engine, email: str) -> UUID:
    return viewer_by_email(engine, email).actor_id


def _shift_words(shift: ShiftView) -> str:
    span = f"{shift.starts_at:%Y-%m-%d %H:%M} to {shift.ends_at:%Y-%m-%d %H:%M} UTC"
    return f"{shift.id}  {shift.unit}: {shift.actor}, {span}{' (now)' if shift.is_now else ''}"


def _absence_words(absence: AbsenceView) -> str:
    span = f"{absence.starts_at:%Y-%m-%d %H:%M} to {absence.ends_at:%Y-%m-%d %H:%M} UTC"
    deputy = f", {absence.deputy} stands in" if absence.deputy else ", without deputy"
    return f"{absence.id}  {absence.actor}, {span}{deputy}{' (now)' if absence.is_now else ''}"
