"""`icmc audit` and `icmc doctor`: is everything as it should be?"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from engine.assembly import Engine
from engine.audit.actions import STATE_AUDIT
from engine.audit.store import AuditLogStore, CheckpointStore
from engine.cases.housekeeping import HousekeepingStore
from engine.definitions.actions.days import gaps_of
from engine.definitions.actions.publish import differing
from engine.errors import SettingsError
from engine.jobs.records import DiskSpace
from engine.keys.actions.keys import keys_are_proved
from engine.keys.actions.rotating import lost_periods
from engine.keys.store import KeyStore
from engine.machine import disk_space, shipped_sources
from engine.overview.records import (
    BACKUP_IS_OLD,
    MAIL_IS_LATE,
    AuditFault,
    BoardView,
    FiringView,
    JobView,
    PartsView,
    StateDifference,
)
from engine.overview.views.board import admin_board
from engine.people.actions.program_keys import keys_ending
from engine.people.store import DirectoryStore
from engine.web.running import running_engine
from engine.web.terminal import FOUND_PROBLEMS, SYSTEM, Json, in_words, read_settings, show

app = typer.Typer(help="The history of cases.", no_args_is_help=True)
_STALE = timedelta(seconds=120)
_UNSIGNED = timedelta(minutes=10)
_UNTURNED = timedelta(days=1)
_NAMED = 10


class Ailment(BaseModel):
    """Something that is wrong with an installation, and what to do."""

    code: str
    problem: str
    remedy: str


@app.command()
@in_words
def verify(
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of checkpoints; can be given several times. Left out: this machine's own."),
    ] = None,
    state: Annotated[  # noqa: FBT002 - a command-line flag
        bool, typer.Option("--state", help="Compare every row with what the history says, too.")
    ] = False,
    as_json: Json = False,  # noqa: FBT002 - a command-line flag
) -> None:
    """Prove every chain against its checkpoints; names the first bad row of each, and what was done to it.

    With `--state` grants, recusals, consents, roles, credentials, cases, steps, deadlines, work items and jobs are
    compared with what the history says; each difference is named.
    """
    settings = read_settings()
    own = [settings.checkpoint_folder] if settings.checkpoint_folder.is_dir() else []
    with running_engine(settings) as (engine, _):
        found: list[AuditFault | StateDifference] = [*engine.faults(checkpoints or own)]
        found += engine.state_differences() if state else ()
        with engine.transaction() as tx:
            replaced = tx.of(AuditLogStore).replaced_signers()
    for after, at in replaced:
        note = f"Since checkpoint {after} another key signs: at the restore of {at:%Y-%m-%d %H:%M} UTC the signing file"
        typer.echo(f"{note} had not been put back. Whoever restored has to know of it.", err=True)
    words = "\n".join(fault.in_words for fault in found)
    where = "" if checkpoints or own else " No checkpoints outside of the database were compared: there are none here."
    fine = "Every chain verifies, and every row says what the history says." if state else "Every chain verifies."
    show(found, as_json=as_json, words=lambda: words or fine + where)
    if found:
        raise typer.Exit(FOUND_PROBLEMS)


@app.command("public-key")
@in_words
def public_key() -> None:
    """Print the public keys of the checkpoints, the one that signs now first."""
    with running_engine() as (engine, _):
        keys, hand_overs = engine.signer.public_keys(), engine.signer.hand_overs()
    typer.echo("\n".join(f"{key_id}\n{pem}" for key_id, pem in keys.items()).strip())
    for one in hand_overs:
        signed = f"signed by {one.before}: {one.signature.hex()}"
        typer.echo(f"{one.key_id} follows {one.before} after checkpoint {one.after}; {signed}")


@in_words
def doctor(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """Say what is wrong with this installation, in words, with the fix."""
    gaps = 0
    try:
        with running_engine() as (engine, _):
            found = list(_ailments(engine))
            gaps = sum(map(len, gaps_of(engine, engine.clock.now().year).values()))
    except SettingsError as error:
        found = [Ailment(code=error.code, problem=str(error.facts["problem"]), remedy=str(error.facts["remedy"]))]
    words = "\n".join(f"{ailment.problem} {ailment.remedy}" for ailment in found)
    note = "Not for real cases yet: the trust work is not complete."
    if gaps:
        note += f"\n{gaps} things about working days are not known: `icmc calendar missing` lists them."
    show([a.model_dump() for a in found], as_json=as_json, words=lambda: f"{words or 'Nothing is wrong.'}\n{note}")
    if found:
        raise typer.Exit(FOUND_PROBLEMS)


def _ailments(engine: Engine) -> Iterator[Ailment]:
    board = engine.ask_board(admin_board, SYSTEM, with_days=True)
    yield from _ailment_of_last_pass(engine, board)
    yield from _ailments_of_firing(board.firing)
    yield from _ailments_of_checkpoints(engine)
    yield from _ailment_of_rows(engine)
    yield from _ailment_of_the_wall(engine)
    yield from _ailment_of_rights(engine)
    for reason in board.why_jobs_wait:
        yield Ailment(code=reason.code, problem=reason.problem, remedy=reason.remedy)
    yield from _ailments_of_jobs(board)
    yield from _ailments_of_parts(engine, board.parts or PartsView())
    yield from _ailment_of_keys(engine)
    yield from _ailments_of_open_cases(board)
    yield from _ailments_of_definitions(engine)
    yield from _ailments_of_words(engine)
    yield from _ailment_of_printing(engine)
    yield from _ailments_of_keys(engine)
    yield from _ailments_of_periods(engine)
    yield from _ailment_of_proof(engine)
    yield from _ailments_of_who_may(engine)
    if not engine.demo and "email" not in engine.channels:
        yield Ailment(
            code="no-mail", problem="No mail server is set up.", remedy="Set ICMC_SMTP_HOST and ICMC_SMTP_FROM."
        )


def _ailment_of_last_pass(engine: Engine, board: BoardView) -> Iterator[Ailment]:
    last = board.deadlines_last_pass_at
    if last is None or engine.wall_clock.now() - last > _STALE:
        when = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "yet"
        yield Ailment(
            code="deadlines", problem=f"No worker has looked at the deadlines {when}.", remedy="Start `icmc worker`."
        )


def _ailments_of_open_cases(board: BoardView) -> Iterator[Ailment]:
    for it in board.unserved:
        cases = ", ".join(it.cases[:_NAMED]) + (" and others" if it.count > _NAMED else "")
        yield Ailment(
            code="step-type",
            problem=f"{it.problem} Open in {it.count} {'case' if it.count == 1 else 'cases'}: {cases}.",
            remedy="Install the pillar that has it (`icmc pillars`), or end these steps by hand.",
        )
    for one in board.stuck:
        problem = f"Case {one.number} has nothing that anyone could do."
        yield Ailment(code="stuck", problem=problem, remedy="Open its page.")


def _ailments_of_definitions(engine: Engine) -> Iterator[Ailment]:
    for file in differing(engine, shipped_sources()):
        yield Ailment(
            code="differs-from-file",
            problem=f"{file.file} is not what runs: {file.kind} {file.name}, version {file.version or 'none'}, does.",
            remedy=f"Publish the file, or keep what runs: `icmc export {file.name} --kind {file.kind}` shows it.",
        )


def _ailments_of_parts(engine: Engine, parts: PartsView) -> Iterator[Ailment]:
    room = DiskSpace(*disk_space(read_settings().data_folder))
    disks = [("this machine", room.in_words)] if room.is_small else []
    for where, left in [*disks, *((one.name, one.disk) for one in parts.machines if one.is_disk_small)]:
        yield Ailment(
            code="disk-small",
            problem=f"The disk of {where} is nearly full: {left}.",
            remedy="Make room, or move the data folder to a larger disk. On a full disk nothing can be recorded.",
        )
    now = engine.wall_clock.now()
    if not engine.demo and (parts.backup_at is None or now - parts.backup_at > BACKUP_IS_OLD):
        days = None if parts.backup_at is None else (now - parts.backup_at).days
        yield Ailment(
            code="no-backup",
            problem="No backup has been made." if days is None else f"The last backup was made {days} days ago.",
            remedy="`icmc backup FILE`, each day, to another disk or machine.",
        )
    since = parts.mail_waits_since
    if since is not None and engine.clock.now() - since > MAIL_IS_LATE:
        yield Ailment(
            code="mail-waits",
            problem=f"{parts.mail_waiting} mails are waiting, the first since {since:%Y-%m-%d %H:%M} UTC.",
            remedy="See whether the mail server answers (ICMC_SMTP_...), and whether a worker is running.",
        )


def _ailments_of_jobs(board: BoardView) -> Iterator[Ailment]:
    if board.failed_jobs:
        yield Ailment(
            code="failed-jobs",
            problem=f"{board.failed_count} automatic jobs were set aside: {_named(board.failed_jobs)}.",
            remedy="Look at them on the board, mend what they report, and retry them there.",
        )
    if board.tried_jobs:
        yield Ailment(
            code="tried-jobs",
            problem=f"{len(board.tried_jobs)} automatic jobs failed and are tried again: {_named(board.tried_jobs)}.",
            remedy="Nothing, if they go through. The log of the worker has each try (job_failed).",
        )
    if board.dead_deliveries:
        yield Ailment(
            code="dead-deliveries",
            problem=f"{board.dead_deliveries} messages could not be delivered.",
            remedy="Check the addresses and the mail settings (ICMC_SMTP_...).",
        )


def _ailment_of_keys(engine: Engine) -> Iterator[Ailment]:
    ending = keys_ending(engine, viewer=SYSTEM)
    if ending:
        yield Ailment(
            code="keys-ending",
            problem=f"{ending} keys of programs end within 14 days; then nothing comes from those programs.",
            remedy="Make others under the same names (`icmc people key add`), and hand them over.",
        )


def _named(jobs: Sequence[JobView]) -> str:
    named = [f"{job.task} of case {job.case_number} ({job.error_code})" for job in jobs[:_NAMED]]
    return "; ".join([*named, "and others"] if len(jobs) > _NAMED else named)


def _ailments_of_who_may(engine: Engine) -> Iterator[Ailment]:
    with engine.transaction() as tx:
        is_headless = tx.of(DirectoryStore).hub() is None and bool(tx.of(DirectoryStore).units())
    if is_headless:
        yield Ailment(
            code="no-hub",
            problem="No organisation is the hub's body, so nobody can change what holds for all organisations.",
            remedy="Name it: `icmc people hub`.",
        )
    if not engine.demo and not engine.factor_for_all:
        yield Ailment(
            code="second-factor",
            problem="ICMC_FACTOR_FOR_ALL=0 lets everyone but administrators sign in with a password alone.",
            remedy="Take the setting away: each person is then asked for a second factor when they next sign in.",
        )


def _ailments_of_words(engine: Engine) -> Iterator[Ailment]:
    for name, text in engine.library().messages.items():
        wrong = next((one for one in engine.renderer.problems(name, text) if not one.is_doubt), None)
        if wrong is not None:
            instead = "the release's" if name.endswith(".en") else "the English"
            yield Ailment(
                code="message-set-aside",
                problem=f"The text published for the message {name} {wrong.says}: {instead} is sent instead.",
                remedy=f"Change it, or take the text of the release again: /definitions/message/{name}.",
            )
    for name, texts in engine.library().papers.items():
        found = (one for release, text in texts.items() for one in engine.papers.problems(name, release, text))
        wrong = next((one for one in found if not one.is_doubt), None)
        if wrong is not None:
            yield Ailment(
                code="paper-set-aside",
                problem=f"A text published for the paper {name} {wrong.says}: the release's is printed instead.",
                remedy=f"Change it: /definitions/document/{name}.",
            )


def _ailment_of_printing(engine: Engine) -> Iterator[Ailment]:
    problem = engine.printer.problem()
    if problem:
        yield Ailment(code="no-pdf", problem=problem, remedy="Until then, print papers from their pages.")


def _ailment_of_proof(engine: Engine) -> Iterator[Ailment]:
    if not engine.demo and not keys_are_proved(engine):
        yield Ailment(
            code="keys-not-proved",
            problem="No export of the keys was proved: if they are lost, nothing can be read again.",
            remedy="`icmc keys export FILE`, then `icmc keys prove FILE`.",
        )


def _ailments_of_keys(engine: Engine) -> Iterator[Ailment]:
    with engine.transaction() as tx:
        by_file = tx.of(KeyStore).counts().by_file
    for key_id, keys in by_file.items():
        if key_id not in engine.key_keeper.ids:
            yield Ailment(
                code="key-lost",
                problem=f"{keys} keys open only with the key {key_id}, and {read_settings().keys} does not have it.",
                remedy="Put the file back that has it, from a backup of the file or from another machine.",
            )


def _ailments_of_periods(engine: Engine) -> Iterator[Ailment]:
    """Say what is wrong with the period keys: with one that is lost, cases are, and with one that stays, erasures."""
    for period, keys in lost_periods(engine).items():
        yield Ailment(
            code="period-key-lost",
            problem=f"{keys} keys open only with the key of the period {period}, and that is not here.",
            remedy=f"Put {period}.json back into `keys/periods`, from its second place (ICMC_PERIOD_KEY_COPIES).",
        )
    oldest = engine.periods.all[0]
    if engine.clock.now() - oldest.ends_at > _UNTURNED:
        yield Ailment(
            code="period-not-turned",
            problem=f"The period of keys {oldest.id} ended {oldest.ends_at:%Y-%m-%d}, and its key is still here: what"
            " was erased in it can be read in logs and backups.",
            remedy="Start `icmc worker`. If it runs, finish `icmc keys rotate --index`, or see that keys/periods and"
            " ICMC_PERIOD_KEY_COPIES can be written to.",
        )
    for place in engine.periods.lacking():
        yield Ailment(
            code="period-key-copies",
            problem=f"{place} lacks a period key that another place has, or cannot be reached.",
            remedy="Make it writable for who runs ICMC: `icmc worker` copies what is missing each minute.",
        )
    if not engine.demo and not engine.periods.has_second_place:
        yield Ailment(
            code="period-key-copies",
            problem="The period keys have no second place: whoever loses this disk loses every case, whatever backups"
            " there are.",
            remedy="Set ICMC_PERIOD_KEY_COPIES to a folder on another disk or host, of which nobody makes backups.",
        )


def _ailment_of_rows(engine: Engine) -> Iterator[Ailment]:
    with engine.transaction() as tx:
        last = tx.of(HousekeepingStore).installation(STATE_AUDIT) or {}
    if last.get("chains") or last.get("differences"):
        yield Ailment(
            code="state",
            problem=f"At the last proof {last['chains']} chains and {last['differences']} rows were not as the history"
            " says.",
            remedy="`icmc audit verify --state` names each. Ask who can write to the database.",
        )


def _ailment_of_the_wall(engine: Engine) -> Iterator[Ailment]:
    gaps = engine.reader.gaps_in_the_wall()
    if gaps:
        yield Ailment(
            code="second-wall",
            problem=f"The database does not guard {len(gaps)} tables by row-level security: {', '.join(gaps)}.",
            remedy="Bring it back with `icmc restore`, which keeps policies and owners: the other roles own nothing.",
        )


def _ailment_of_rights(engine: Engine) -> Iterator[Ailment]:
    beyond = engine.reader.rights_beyond()
    if beyond:
        more = f", and {len(beyond) - _NAMED} more" if len(beyond) > _NAMED else ""
        yield Ailment(
            code="database-rights",
            problem=f"In the database ICMC can do more than it should: {'; '.join(beyond[:_NAMED])}{more}.",
            remedy="Use the roles that ICMC makes (icmc_app, icmc_system, icmc_reader): a start removes other rights."
            " What was given to them on the server, its administrator removes.",
        )


def _ailments_of_checkpoints(engine: Engine) -> Iterator[Ailment]:
    with engine.transaction() as tx:
        last = tx.of(CheckpointStore).last()
    outside = engine.anchors.last()
    if outside is not None and (last is None or last.number < outside.checkpoint.number):
        number = outside.checkpoint.number
        yield Ailment(
            code="checkpoints",
            problem=f"Checkpoint {number} was written outside and is not in the database.",
            remedy="The database was put back to an older state: `icmc audit verify` says what is missing.",
        )
    elif last is not None and engine.wall_clock.now() - last.at > _UNSIGNED:
        yield Ailment(
            code="checkpoints",
            problem=f"The last checkpoint of the audit was signed at {last.at:%Y-%m-%d %H:%M} UTC.",
            remedy="Start `icmc worker`. If it runs, see that ICMC_CHECKPOINTS can be written to.",
        )


def _ailments_of_firing(firing: FiringView) -> Iterator[Ailment]:
    if firing.jump is not None:
        yield Ailment(
            code="clock",
            problem=firing.jump.in_words,
            remedy="Set the clock right, or say that it is right: `icmc deadlines confirm`, or on the board.",
        )
    if firing.aside:
        yield Ailment(
            code="deadlines-aside",
            problem=f"{firing.aside_count} deadlines could not be fired again and again.",
            remedy="The board names them and their cases. When that is mended: `icmc deadlines retry`.",
        )
    if firing.audit is not None and firing.audit.problems:
        codes = ", ".join(sorted({problem.code for problem in firing.audit.problems}))
        yield Ailment(
            code="escalations",
            problem=f"{firing.audit.in_words} Found: {codes}.",
            remedy="`icmc deadlines show --json` names each deadline.",
        )
