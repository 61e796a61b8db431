"""Commands for retention, erasure and custody."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from engine.cases.store import CaseStore
from engine.language.retention import RetentionPolicy, missing_classes
from engine.retention.actions.custody import RestoreStanding, ask_release, standing
from engine.retention.actions.retention import Due, retention_policies, run_retention
from engine.web.running import running_engine, viewer_by_email
from engine.web.terminal import SYSTEM, WAITS, Json, in_words, show

app = typer.Typer(help="How long data is kept, and what is due to be erased or restricted.", no_args_is_help=True)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what is due, and propose nothing.")]


@app.command("show")
@in_words
def show_policies(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """Show the policies that hold, class by class, and who has set them."""
    with running_engine() as (engine, _):
        found = retention_policies(engine)
    show(list(found), as_json=as_json, words=lambda: _policies(found))


@app.command("run")
@in_words
def run(dry_run: DryRun = False, as_json: Json = False) -> None:  # noqa: FBT002
    """Propose what is due to be erased, sealed or looked at. People decide; nothing is erased by this command."""
    with running_engine() as (engine, _):
        due = run_retention(engine, dry_run=dry_run)
        numbers = _numbers(engine, due)
    rows = [
        {
            "case": numbers[one.case_id], "act": one.act.value, "due_at": one.due_at.isoformat(),
            "kept_until": one.kept_until.isoformat() if one.kept_until else None, "policy": one.policy,
        }
        for one in due
    ]  # fmt: skip
    show(rows, as_json=as_json, words=lambda: _due(rows, dry_run=dry_run))


def _numbers(engine: Any, due: Sequence[Due]) -> dict[Any, str]:  # noqa: ANN401 - ids
    numbers = {}
    for one in due:
        with engine.transaction() as tx:
            numbers[one.case_id] = tx.of(CaseStore).read(one.case_id).case.number
    return numbers


def _policies(found: Sequence[RetentionPolicy]) -> str:
    lines = []
    for policy in found:
        by = f"set by {policy.set_by.name} on {policy.set_by.on}" if policy.set_by else "NOT SET BY A LAWYER YET"
        lines.append(f"{policy.name}, version {policy.version}: {policy.title} ({policy.jurisdiction}), {by}")
        lines += [
            f"  {rule.data.value:12} at least {rule.at_least.in_words():10} at most {rule.at_most.in_words():10}"
            f" then {rule.then.value}"
            for rule in policy.rules
        ]
        missing = ", ".join(one.value for one in missing_classes(policy))
        lines += [f"  Nothing is said of: {missing}."] if missing else []
    return "\n".join(lines) or "No policy is published: nothing is ever proposed."


def _due(rows: Sequence[dict[str, str | None]], *, dry_run: bool) -> str:
    if not rows:
        return "Nothing is due." if dry_run else "Nothing new was proposed."
    words = "is due" if dry_run else "was proposed"
    lines = [
        f"Case {row['case']}: {row['act']}, due since {row['due_at']}"
        + (f", must not be erased before {row['kept_until']}" if row["kept_until"] else "")
        for row in rows
    ]
    return "\n".join([*lines, f"{len(rows)} {words}. People decide on the page Keep and erase."])


custody_app = typer.Typer(help="The review after a restore.", no_args_is_help=True)
As = Annotated[str, typer.Option("--as", help="The e-mail address of the person who went through the list.")]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", help="A case of which nothing is given back; can be given several times."),
]


@custody_app.command("show")
@in_words
def show_custody(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """List who could act, which grants held and which offers waited when the backup was made."""
    with running_engine() as (engine, _):
        found = standing(engine, viewer=SYSTEM)
    plain = {"since": found.since, "people": [one._asdict() for one in found.people],
             "grants": [one._asdict() for one in found.grants],
             "offers": [one._asdict() for one in found.offers]} if found else None  # fmt: skip
    show(
        plain,
        as_json=as_json,
        words=lambda: _words(found) if found else "This installation is not under review after a restore.",
    )


@custody_app.command()
@in_words
def release(as_person: As, without: Without = None) -> None:
    """Ask that the custody ends, as somebody who has gone through the list; an administrator agrees on the portal."""
    with running_engine() as (engine, _):
        request = ask_release(engine, viewer=viewer_by_email(engine, as_person), without=without or ())
    typer.echo(
        f"It is waiting for a second person: another administrator has to look and agree on the page /waiting"
        f" ({request})."
    )
    raise typer.Exit(WAITS)


def _words(found: RestoreStanding) -> str:
    lines = [f"Under review since {found.since:%Y-%m-%d %H:%M} UTC. Who could act:"]
    lines += [f"  {one.name} <{one.email}>: {', '.join(one.roles) or 'no role'}" for one in found.people]
    lines += ["Suspended grants:" if found.grants else "No grant is suspended."]
    lines += [
        f"  case {one.case_number} to {one.unit}, since {one.granted_at:%Y-%m-%d %H:%M} UTC" for one in found.grants
    ]
    lines += ["Offers waiting for an answer:" if found.offers else "No offer is waiting for an answer."]
    lines += [
        f"  case {one.case_number} to {one.unit or 'a partner outside'}, since {one.sent_at:%Y-%m-%d %H:%M} UTC"
        for one in found.offers
    ]
    return "\n".join(lines)
