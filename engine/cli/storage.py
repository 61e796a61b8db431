"""`icmc backup` and `icmc restore`."""

from pathlib import Path
from typing import Annotated

import typer

from engine.app import RunningDatabases, build_engine, period_folders, reached
from engine.audit.actions import go_on_signing
from engine.db.embedded.backup import make_backup, restore_backup
from engine.db.locks import BACKGROUND
from engine.db.migrate import migrate
from engine.errors import SettingsError
from engine.keys.actions.keys import note_backup_made
from engine.keys.actions.rotating import turn_period
from engine.keys.data_keys import put_back_keys
from engine.retention.actions.custody import take_into_custody
from engine.retention.actions.erasure import replay_tombstones
from engine.retention.records import Revived
from engine.retention.store import TombstoneFile
from engine.settings import Settings
from engine.web.terminal import FOUND_PROBLEMS, SYSTEM, fail, in_words, read_settings

Target = Annotated[Path, typer.Argument(help="The backup file.")]


@in_words
def backup(target: Target) -> None:
    """Back the case database up, and prove the backup by a trial restore. Keys are not in it: keep them elsewhere."""
    settings = read_settings()
    with reached(settings) as running:
        report = make_backup(running.urls.admin, target)
        _note_backup(settings, running)
    typer.echo(f"{report.file}: {report.size} bytes, sha256 {report.sha256}, restored once to try it.")
    typer.echo(
        f"Its values can be read only with the key file {settings.keys} and the period keys: back the first up"
        " separately, and give the others a second place (ICMC_PERIOD_KEY_COPIES), never a backup."
    )


def _note_backup(settings: Settings, running: RunningDatabases) -> None:
    """Keep when the last backup was made, where the board and the doctor look for it."""
    engine = build_engine(settings, running.urls, pool_size=2, limits=BACKGROUND, keys_must_be_there=False)
    try:
        note_backup_made(engine, viewer=SYSTEM)
    finally:
        engine.dispose()


@in_words
def restore(
    target: Target,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in place of the database that is there.")] = False,  # noqa: FBT002
    without_keys: Annotated[bool, typer.Option("--without-keys", help="The key file is lost for good.")] = False,  # noqa: FBT002
) -> None:
    """Restore a backup into an empty database; with --replace the old one is kept under another name."""
    settings = read_settings()
    has_erased = _require_ready_to_erase(settings)
    if not without_keys:
        _require_keys(settings)
    with reached(settings) as running:
        report = restore_backup(target, running.urls.admin, into_empty_only=not replace)
        migrate(running.urls.owner)
        keys = put_back_keys(running.urls.owner, period_folders(settings))
        erased, revived, before = _before_anybody_enters(
            settings, running, has_erased=has_erased, can_be_read=not keys.lost, without_keys=without_keys
        )
    old = f" The old one is kept as {report.kept_as}." if report.kept_as else ""
    again = f" Erased again, as since the backup: {erased} {'person' if erased == 1 else 'persons'}." if erased else ""
    typer.echo(f"Restored into {report.database}.{old}{again}")
    if keys.alive or keys.dead:
        typer.echo(
            f"Its period of keys is over: {keys.alive} keys were put back as they are wrapped now, and {keys.dead} that"
            " were thrown away since open nothing any more."
        )
    if before:
        typer.echo(
            f"The key {before}, which signed its checkpoints, was not put back ({settings.signing_key.name})."
            " Another one signs from now on, and the chain of the keys says so. `icmc audit verify` will say it too."
        )
    typer.echo(_in_custody(revived))
    if keys.lost:
        fail(
            f"{keys.lost} keys cannot be opened: the key of their period is not in {settings.period_folders[0]}. Put"
            " the folder back from its second place (ICMC_PERIOD_KEY_COPIES), and restore again with --replace.",
            status=FOUND_PROBLEMS,
        )


def _require_ready_to_erase(settings: Settings) -> bool:
    """Whether anybody was erased, before anything is changed; ends with words when it could not be done again."""
    if not TombstoneFile(settings.checkpoint_folder).read():
        return False
    if not settings.keys.exists():
        raise SettingsError(
            problem=f"The key file {settings.keys} is not there, and people have been erased since backups were made.",
            remedy="Put it back first: without it nobody can be erased again in what is restored.",
        )
    return True


def _require_keys(settings: Settings) -> None:
    """End with words, before anything is changed, when what is restored could neither be read nor proved."""
    if not settings.keys.exists():
        raise SettingsError(
            problem=f"The key file {settings.keys} is not there: nothing encrypted in the backup could be read.",
            remedy=f"Put it back first, with {settings.signing_key.name} next to it, each with mode 0400. If it is lost"
            " for good: --without-keys.",
        )
    if not period_folders(settings).all:
        raise SettingsError(
            problem=f"No period key is in {settings.period_folders[0]}: nothing encrypted in the backup could be read.",
            remedy="Put the folder back first, from its second place (ICMC_PERIOD_KEY_COPIES). If it is lost for good:"
            " --without-keys.",
        )


def _before_anybody_enters(
    settings: Settings, running: RunningDatabases, *, has_erased: bool, can_be_read: bool, without_keys: bool
) -> tuple[int, Revived, str | None]:
    engine = build_engine(settings, running.urls, pool_size=12, limits=BACKGROUND, keys_must_be_there=not without_keys)
    try:
        erased = replay_tombstones(engine) if has_erased else 0
        revived, before = take_into_custody(engine), go_on_signing(engine)
        if can_be_read:
            turn_period(engine)  # so that people are found
        return erased, revived, before
    finally:
        engine.dispose()


def _in_custody(revived: Revived) -> str:
    over = (
        f"{revived.sessions} sessions, {revived.keys} keys, {revived.invitations} invitations, "
        f"{revived.partner_links} links of partners, {revived.requests} requests for a second person"
    )
    return (
        f"It is under review: only administrators can sign in. Ended for good: {over}. Suspended: {revived.grants}"
        f" grants. "
        "`icmc custody show` lists what two people look at."
    )
