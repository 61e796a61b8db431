"""`icmc backup` and `icmc restore`."""

from pathlib import Path
from typing import Annotated

import typer

from engine.adapters.postgres.backup import make_backup
from engine.adapters.postgres.restore import restore_backup
from engine.adapters.sql.migrate import migrate
from engine.bootstrap import build_engine, reached
from engine.cli.common import in_words, read_settings
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
) -> None:
    """Restore a backup into an empty database; with --replace the old one is kept under another name."""
    settings = read_settings()
    with reached(settings) as running:
        report = restore_backup(target, running.urls.admin, into_empty_only=not replace)
        migrate(running.urls.owner)
        engine = build_engine(settings, app_url=running.urls.app, pool_size=2)
        try:
            erased = replay_tombstones(engine)
        finally:
            engine.dispose()
    kept = f" The old one is kept as {report.kept_as}." if report.kept_as else ""
    again = f" Erased again, as since the backup: {erased} {'person' if erased == 1 else 'persons'}." if erased else ""
    typer.echo(f"Restored into {report.database}.{kept}{again}")
