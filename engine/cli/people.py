"""`icmc people`: units, and those who act."""

from typing import Annotated

import typer

from engine.cli.common import SYSTEM, in_words, running_engine, show
from engine.usecases import manage_people

app = typer.Typer(help="Units, and the people who act.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Email = Annotated[str, typer.Argument(help="E-mail address.")]


@app.command("list")
@in_words
def list_people(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """List who acts, where and as what."""
    with running_engine() as (engine, _):
        people = engine.queries.actors(SYSTEM)
    words = "\n".join(
        f"{person.email:32} {person.name:24} {person.unit}: {', '.join(person.roles)}"
        f"{' (may not act)' if person.disabled else ''}"
        for person in people
    )
    show(list(people), as_json=as_json, words=lambda: words or "Nobody yet. Add a unit, then a person.")


@app.command("add-unit")
@in_words
def add_unit(
    name: Annotated[str, typer.Argument(help="The unit's name.")],
    jurisdiction: Annotated[str, typer.Option(help="Where it is, such as IN-AS or BD.")],
    organisation: Annotated[str, typer.Option(help="The body it belongs to.")],
    contact: Annotated[str, typer.Option(help="What other units are told to call.")] = "",
) -> None:
    """Add a unit that keeps its own cases."""
    with running_engine() as (engine, _):
        manage_people.add_unit(
            engine, viewer=SYSTEM, organisation=organisation, name=name, jurisdiction=jurisdiction, contact=contact
        )
    typer.echo(f"{name} can keep cases now.")


@app.command("add")
@in_words
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="The person's name.")],
    unit: Annotated[str, typer.Option(help="The name of their unit.")],
    role: Annotated[list[str], typer.Option(help="A role; may be given several times.")],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="ICMC_NEW_PASSWORD")
    ],
) -> None:
    """Add somebody; their password is asked for."""
    with running_engine() as (engine, _):
        manage_people.add_person_who_acts(
            engine, viewer=SYSTEM, name=name, email=email, password=password, unit=unit, roles=role
        )
    typer.echo(f"{name} can sign in now.")


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
