"""Commands for people and duty."""

from typing import Annotated
from uuid import UUID, uuid4

import typer

from engine.assembly import Engine
from engine.cases.actions.public import take_from_public
from engine.core.policy import Viewer
from engine.errors import NotFoundError
from engine.people.actions import manage as manage_people
from engine.people.actions import program_keys
from engine.people.actions.duty import cancel_shift, end_absence, hand_over, note_absence, plan_shift
from engine.people.actions.invitations import first_link, new_link
from engine.people.actions.second_factor import remove_factor
from engine.people.records import SMALL_TEAM, AbsenceView, ShiftView, roles_of, shared_shifts
from engine.people.store import DirectoryStore
from engine.people.viewer import actors, units
from engine.people.views import absences as absences_view
from engine.people.views import shifts as shifts_view
from engine.sign_in.records import ApiKey
from engine.web.problems import API
from engine.web.running import As, running_engine, viewer_by_email
from engine.web.terminal import SYSTEM, Json, fail, in_words, read_instant, show
from engine.work.actions.handing_over import hand_over_work
from engine.work.views.team import movable_work

app = typer.Typer(help="Units, and the people who act.", no_args_is_help=True)
keys = typer.Typer(help="Keys with which other programs get access.", no_args_is_help=True)
app.add_typer(keys, name="key")
AskSecret = Annotated[bool, typer.Option("--ask-secret", help="Ask for the secret that a gateway's provider gave.")]
Email = Annotated[str, typer.Argument(help="E-mail address.")]
_MOST = 5_000


@app.command("list")
@in_words
def list_people(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """List who acts, where and as what."""
    with running_engine() as (engine, _):
        people = engine.ask(actors, SYSTEM)
    words = "\n".join(
        f"{person.email:32} {person.name:24} {person.unit}: {', '.join(person.roles)}"
        f"{' (deactivated)' if person.disabled else ''}"
        for person in people
    )
    show(list(people), as_json=as_json, words=lambda: words or "No one yet. Add a unit, then a person.")


@app.command("add-unit")
@in_words
def add_unit(
    name: Annotated[str, typer.Argument(help="The unit's name.")],
    jurisdiction: Annotated[str, typer.Option(help="Where it is, such as IN-AS or BD.")],
    organisation: Annotated[str, typer.Option(help="The organisation it belongs to.")],
    contact: Annotated[str, typer.Option(help="The telephone number given to other units.")] = "",
    language: Annotated[str, typer.Option(help="The language of its messages, such as en or bn.")] = "en",
) -> None:
    """Add a unit that keeps its own cases."""
    with running_engine() as (engine, _):
        manage_people.add_unit(
            engine, viewer=SYSTEM, organisation=organisation, name=name, jurisdiction=jurisdiction, contact=contact,
            language=language,
        )  # fmt: skip
    typer.echo(f"{name} can keep cases now.")


@app.command("add")
@in_words
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="The person's name.")],
    unit: Annotated[str, typer.Option(help="The name of their unit.")],
    role: Annotated[
        list[str], typer.Option(help=f"A role, or {', '.join(SMALL_TEAM)} for several; can be given several times.")
    ],
) -> None:
    """Add somebody, and print the link by which they set their own password, once, within 72 hours."""
    with running_engine() as (engine, _):
        wanted = [one for chosen in role for one in roles_of(chosen)]
        added = manage_people.invite_to(engine, viewer=SYSTEM, name=name, email=email, unit=unit, roles=wanted)
        address = engine.portal_url
    typer.echo(f"Give {name} this link, and no one else. It works once, for 72 hours:")
    typer.echo(f"{address}/invitation/{added.token}")


@app.command()
@in_words
def link(email: Email) -> None:
    """Print a new link for somebody who lost theirs, or their password; a second factor stays as it is."""
    with running_engine() as (engine, _):
        with engine.transaction() as tx:
            known = tx.of(DirectoryStore).credentials(email)
        if known is None:
            raise NotFoundError(kind="person")
        token = new_link(engine, known.actor_id, viewer=SYSTEM).token
        address = engine.portal_url
    typer.echo("Give them this link, and no one else. It works once; earlier ones are no longer valid:")
    typer.echo(f"{address}/invitation/{token}")


@app.command("role")
@in_words
def role(
    email: Email,
    unit: Annotated[str, typer.Option(help="The name of the unit.")],
    role: Annotated[str, typer.Option(help="The role.")],
) -> None:
    """Give somebody a role at once. On pages one who leads the unit has to agree: use it where nobody does yet."""
    with running_engine() as (engine, _):
        manage_people.give_role_to(engine, viewer=SYSTEM, email=email, unit=unit, role=role)
    typer.echo("They have the role now, and must sign in again. Those who lead the unit are notified.")


@app.command("hub")
@in_words
def hub(organisation: Annotated[str, typer.Argument(help="The name of the organisation.")]) -> None:
    """Say which organisation is the hub's body: it agrees to what is everybody's; first of all the first one."""
    with running_engine() as (engine, _):
        manage_people.name_hub(engine, viewer=SYSTEM, organisation=organisation)
    typer.echo(f"{organisation} is the hub's body now.")


@app.command("public")
@in_words
def public(
    unit: Annotated[str, typer.Argument(help="The unit's name.")],
    stop: Annotated[bool, typer.Option("--stop", help="Take none any more.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Let a unit take reports from the public page, or no longer."""
    with running_engine() as (engine, _):
        known = next((one for one, name in engine.ask(units, SYSTEM) if name == unit), None)
        if known is None:
            raise NotFoundError(kind="unit")
        take_from_public(engine, known, viewer=SYSTEM, takes=not stop)
    what = "no reports" if stop else "reports"
    typer.echo(f"{unit} takes {what} from the public now. Those who lead it are notified.")


@app.command("first-link")
@in_words
def print_first_link() -> None:
    """Print the link of the first administrator, where nobody is yet; it counts once, for 24 hours."""
    with running_engine() as (engine, _):
        token, address = first_link(engine), engine.portal_url
    if token is None:
        fail("Someone is here already: use `icmc people add` and `icmc people link`.")
    typer.echo(f"{address}/first/{token}")


@app.command("remove-factor")
@in_words
def drop_factor(email: Email) -> None:
    """Take somebody's lost second factor away. On pages this needs two people: use it where there are not two."""
    with running_engine() as (engine, _):
        remove_factor(engine, viewer=SYSTEM, email=email)
    typer.echo("It was removed. They sign in with their password, and set up another one.")


@app.command()
@in_words
def disable(email: Email) -> None:
    """Let somebody act no longer, at once."""
    with running_engine() as (engine, _):
        manage_people.set_disabled(engine, viewer=SYSTEM, email=email, disabled=True)
    typer.echo("They can no longer sign in or act.")


@app.command()
@in_words
def enable(email: Email) -> None:
    """Let somebody act again."""
    with running_engine() as (engine, _):
        manage_people.set_disabled(engine, viewer=SYSTEM, email=email, disabled=False)
    typer.echo("They can sign in again.")


@app.command("hand-over")
@in_words
def hand_over_all(
    email: Email,
    to: Annotated[list[str], typer.Option(help="E-mail address of who takes over; can be given several times.")],
    as_: As = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go to whom, and change nothing.")] = False,  # noqa: FBT002
) -> None:
    """Hand the open work and the shifts of a person over to others."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        giver, takers = _person(engine, email), tuple(_person(engine, one) for one in to)
        found, _count = engine.ask(movable_work, viewer, of=giver, takers=takers, limit=_MOST)
        known, planned = engine.ask(actors, viewer), engine.ask(shifts_view, viewer)
        shifts = shared_shifts(planned, known, of=giver, takers=takers, viewer=viewer)
        names = {one.id: one.name for one in known}
        lines = [(f"case {one.item.case_number}, {one.item.title}", one.to) for one in found]
        lines += [(_shift_words(shift), taker) for shift, taker in shifts]
        for words, taker in lines:
            typer.echo(f"{words}: {names.get(taker, taker) if taker else 'stays'}")
        if dry_run:
            return
        done = hand_over_work(
            engine, viewer=viewer, command_id=uuid4(), items={one.item.id: one.to for one in found if one.to},
            shifts={shift.id: taker for shift, taker in shifts if shift.id and taker},
        )  # fmt: skip
    for why in dict.fromkeys(done.stayed.values()):
        typer.echo(f"Not handed over: {why}")
    typer.echo(f"Handed over: {done.items} work items, {done.shifts} shifts. Everyone concerned is notified once.")


@keys.command("add")
@in_words
def add_key(
    account: Annotated[str, typer.Argument(help="The program that gets access.")],
    unit: Annotated[str, typer.Option(help="The unit for which it gets access.")],
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[list[str], typer.Option(help="What it may do: board, report, cases, gateway.")],
    days: Annotated[int, typer.Option(help="For how many days it is valid.")] = 90,
    ask_secret: AskSecret = False,  # noqa: FBT002 - a command-line flag
) -> None:
    """Make a key of a program, and print it: it is not shown again. Of a gateway, print its address too."""
    secret = typer.prompt("Secret of the provider", hide_input=True) if ask_secret else ""
    with running_engine() as (engine, _):
        made = program_keys.add_key(
            engine, viewer=SYSTEM, account=account, unit=unit, name=name, scopes=scope, days=days, secret=secret
        )
        address = f"{engine.portal_url}{API}/gateways/{made.gateway_id}" if made.gateway_id else ""
    typer.echo(made.key)
    if address:
        typer.echo(address)


@keys.command("list")
@in_words
def list_keys(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """List the keys: whose, for what, until when, and when each was used last."""
    with running_engine() as (engine, _):
        found = [_line(key) for key in program_keys.keys(engine, viewer=SYSTEM)]
    words = "\n".join(
        f"{line['id']}  {line['account']}, {line['name']}: {line['scopes']}, until {line['valid_until']}, "
        f"{'revoked' if line['revoked_at'] else 'last used ' + (line['used_at'] or 'never')}"
        for line in found
    )
    show(found, as_json=as_json, words=lambda: words or "There is no key.")


@keys.command("revoke")
@in_words
def revoke_key(key_id: Annotated[UUID, typer.Argument(help="The key's id, from the list.")]) -> None:
    """Let a key count no more, at once."""
    with running_engine() as (engine, _):
        program_keys.revoke_key(engine, key_id, viewer=SYSTEM)
    typer.echo("It is no longer valid.")


def _line(key: ApiKey) -> dict[str, str]:
    def day(at: object) -> str:
        return f"{at:%Y-%m-%d}" if at else ""

    return {
        "id": str(key.id), "account": key.account, "name": key.name, "scopes": ", ".join(key.scopes),
        "valid_until": day(key.valid_until), "used_at": day(key.used_at), "revoked_at": day(key.revoked_at),
    }  # fmt: skip


on_call_app = typer.Typer(help="Who is on call.", no_args_is_help=True)
absence_app = typer.Typer(help="Who is away, and who stands in.", no_args_is_help=True)
Unit = Annotated[str, typer.Argument(help="The unit's name.")]
DutyEmail = Annotated[str, typer.Argument(help="E-mail address of the person.")]
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
def plan(unit: Unit, email: DutyEmail, starts: From, ends: To, as_: As = None) -> None:
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
def hand_over_now(unit: Unit, email: DutyEmail, as_: As = None) -> None:
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
    email: DutyEmail,
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
