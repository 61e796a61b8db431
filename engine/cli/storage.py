"""`icmc backup` and `icmc restore`."""

from pathlib import Path
from typing import Annotated

import typer

from engine.adapters.postgres.backup import make_backup
from engine.adapters.postgres.restore import restore_backup
from engine.adapters.sql.migrate import migrate
from engine.adapters.sql.time_limits import BACKGROUND
from engine.adapters.tombstone_file import TombstoneFile
from engine.bootstrap import Running, build_engine, reached
from engine.cli.common import in_words, read_settings
from engine.errors import SettingsError
from engine.settings import Settings
from engine.stores import Revived
from engine.usecases.checkpoints import go_on_signing
from engine.usecases.custody import take_into_custody
from engine.usecases.erasure import replay_tombstones

Target = Annotated[Path, typer.Argument(help="The backup file.")]


@in_words
def backup(target: Target) -> None:
    """Back the case database up, and prove the backup by a trial restore. Keys are not in it: keep them elsewhere."""
    settings = read_settings()
    with reached(settings) as running:
        report = make_backup(running.urls.admin, target)
    typer.echo(f"{report.file}: {report.size} bytes, sha256 {report.sha256}, restored once to try it.")
    typer.echo(f"Its values can be read only with the key file {settings.keys}: back that up separately.")


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
        erased, revived, before = _before_anybody_enters(settings, running, has_erased=has_erased)
    kept = f" The old one is kept as {report.kept_as}." if report.kept_as else ""
    again = f" Erased again, as since the backup: {erased} {'person' if erased == 1 else 'persons'}." if erased else ""
    typer.echo(f"Restored into {report.database}.{kept}{again}")
    if before:
        typer.echo(
            f"The key {before}, which signed its checkpoints, was not put back ({settings.signing_key.name})."
            " Another one signs from now on, and the chain of the keys says so. `icmc audit verify` will say it too."
        )
    typer.echo(_in_custody(revived))


def _require_ready_to_erase(settings: Settings) -> bool:
    """Say whether anybody was erased, before anything is changed; ends with words when it could not be done again."""
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


def _before_anybody_enters(
    settings: Settings, running: Running, *, has_erased: bool
) -> tuple[int, Revived, str | None]:
    engine = build_engine(
        settings, app_url=running.urls.app, reader_url=running.urls.reader, pool_size=12, limits=BACKGROUND
    )
    try:
        erased = replay_tombstones(engine) if has_erased else 0
        return erased, take_into_custody(engine), go_on_signing(engine)
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
