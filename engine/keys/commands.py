"""`icmc keys ...`: what keys there are, new ones, and their export."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from engine.app import period_folders
from engine.assembly import Engine
from engine.audit.actions import make_checkpoint
from engine.db.embedded.backup import restored_for_trial
from engine.keys.actions.keys import (
    KeyState,
    Rotation,
    export_keys,
    key_state,
    note_backup_proved,
    prove_export,
    reencrypt_case,
    retire_key,
    rotate_keys,
    rotate_organisation,
)
from engine.keys.actions.rotating import (
    ChainRotation,
    IndexRotation,
    PeriodTurn,
    RotationStage,
    rotate_chains,
    rotate_index,
    rotate_signing,
    turn_period_now,
)
from engine.keys.key_changes import try_keys
from engine.keys.key_file import write_closed
from engine.web.running import running_engine
from engine.web.terminal import FOUND_PROBLEMS, SYSTEM, WRONG_USAGE, Json, fail, in_words, read_settings, show

app = typer.Typer(help="The keys with which everything is encrypted.", no_args_is_help=True)
_AGAIN = "Give this command again in a minute"
_PROVE = "Export the keys again, and prove the export: `icmc keys export`, `icmc keys prove`."
Export = Annotated[Path, typer.Argument(help="The file of the export.")]
Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Read the passphrase from a file instead of asking for it.")
]


@app.command()
@in_words
def status(as_json: Json = False) -> None:  # noqa: FBT002 - a command-line flag
    """Say what keys there are, whether a rotation is unfinished, and whether an export of them was proved."""
    with running_engine() as (engine, _):
        state = key_state(engine, viewer=SYSTEM)
    show(_plain(state), as_json=as_json, words=lambda: _words(state))
    if state.unfinished or state.proved_at is None:
        raise typer.Exit(FOUND_PROBLEMS)


@app.command()
@in_words
def rotate(
    organisation: Annotated[str | None, typer.Option("--organisation", help="Only the key of this one.")] = None,
    index: Annotated[bool, typer.Option("--index", help="The key by which people are found.")] = False,  # noqa: FBT002
    chains: Annotated[bool, typer.Option("--chains", help="The key that chains the histories.")] = False,  # noqa: FBT002
    signing: Annotated[bool, typer.Option("--signing", help="The key that signs checkpoints.")] = False,  # noqa: FBT002
) -> None:
    """Make a new key and wrap all others anew by it, while people go on working; run it again if it was broken off."""
    if sum((organisation is not None, index, chains, signing)) > 1:
        fail("Rotate one kind of key at a time.", status=WRONG_USAGE)
    with running_engine() as (engine, _):
        if index or chains or signing:
            typer.echo(_other_rotated(engine, index=index, chains=chains))
            return
        done = _rotated(engine, organisation)
        others = engine.key_keeper.ids[1:]
    begun = "The rotation that was broken off was gone on with." if done.went_on else f"The key {done.key_id} is new."
    typer.echo(f"{begun} {done.wrapped} keys were wrapped again.")
    if organisation is None:
        typer.echo(_PROVE)
        for old in others:
            typer.echo(f"Nothing needs {old} any longer: `icmc keys retire {old}` in a minute.")


@app.command()
@in_words
def retire(key: Annotated[str, typer.Argument(help="The id of an old key.")]) -> None:
    """Take an old key out of the key file, once nothing is wrapped by it."""
    with running_engine() as (engine, _):
        retire_key(engine, key, viewer=SYSTEM)
    typer.echo(f"The key {key} is gone. Backups that were made while it was used need an export that still has it.")


@app.command()
@in_words
def turn() -> None:
    """End the period of keys now: a minute later, no copy of what was erased in it opens any more."""
    with running_engine() as (engine, _):
        how_far = turn_period_now(engine, viewer=SYSTEM)
        current = engine.periods.current
    if how_far is PeriodTurn.ENDED:
        typer.echo("The period before is over, and its key is thrown away.")
    elif how_far is PeriodTurn.BEGUN:
        typer.echo(f"The period {current.id} has begun. {_AGAIN}, and the key of the one before is thrown away.")
    else:
        typer.echo("Another process turns the period just now, or `icmc keys rotate --index` is unfinished.")


@app.command("re-seal")
@in_words
def re_seal(case: Annotated[str, typer.Option("--case", help="The number of the case.")]) -> None:
    """Seal all values of a case anew under new keys, when somebody may have got at the old ones."""
    with running_engine() as (engine, _):
        done = reencrypt_case(engine, case, viewer=SYSTEM)
    typer.echo(f"{done.values} values were encrypted again.")
    if done.kept:
        typer.echo(f"{done.kept} persons keep their keys: corrections of theirs can be read with no other.")
    if not done.are_dropped:
        typer.echo("The old keys are still there: give this command again in a minute, and they are dropped.")


@app.command()
@in_words
def export(target: Export, passphrase_file: Passphrase = None) -> None:
    """Write the keys to a file, sealed with a passphrase: keep both away from this machine, and from each other."""
    if target.exists():
        fail(f"{target} is there already: choose another name.", status=WRONG_USAGE)
    passphrase = _passphrase(passphrase_file, again=True)
    with running_engine() as (engine, _):
        content = export_keys(engine, viewer=SYSTEM, passphrase=passphrase)
    try:
        write_closed(target, content)
    except OSError as error:
        fail(f"{target} cannot be written: {os.strerror(error.errno or 0)}.")
    typer.echo(f"{target} holds the keys, encrypted. Prove that it works: `icmc keys prove {target}`.")


@app.command()
@in_words
def prove(
    source: Export,
    backup: Annotated[Path | None, typer.Option("--backup", help="Try it against this backup too.")] = None,
    passphrase_file: Passphrase = None,
) -> None:
    """Try an export: open it, and with nothing but its keys open what is sealed here, or in a backup."""
    try:
        content = source.read_bytes()
    except OSError as error:
        fail(f"{source} cannot be read: {os.strerror(error.errno or 0)}.")
    passphrase = _passphrase(passphrase_file, again=False)
    with running_engine() as (engine, running):
        if backup is not None:
            with restored_for_trial(backup, running.urls.admin) as url:
                tried = try_keys(content, passphrase, url, period_folders(read_settings()))
            note_backup_proved(engine, viewer=SYSTEM, keys=tried.keys, values=tried.values)
            typer.echo(f"{source} opens {backup}: all {tried.keys} keys, {tried.values} values of {tried.kinds} kinds.")
            return
        prove_export(engine, content, viewer=SYSTEM, passphrase=passphrase)
    typer.echo(
        f"{source} opens what is encrypted here. Keep it away from this machine, and the passphrase away from it."
    )


def _other_rotated(engine: Engine, *, index: bool, chains: bool) -> str:
    if index:
        return _of_index(rotate_index(engine, viewer=SYSTEM))
    make_checkpoint(engine)
    if chains:
        return _of_chains(rotate_chains(engine, viewer=SYSTEM))
    made = rotate_signing(engine, viewer=SYSTEM)
    return (
        f"The key {made} signs checkpoints from now on; the one before has named it. Print it: icmc audit public-key."
    )


def _of_index(done: IndexRotation) -> str:
    lost = f" {done.unreadable} cannot be read, and will not be found." if done.unreadable else ""
    made = f"Tokens by the key {done.key_id} were made for {done.persons} persons and {done.files} files.{lost}"
    return {
        RotationStage.BEGUN: f"{made} {_AGAIN}, and people are found by it.",
        RotationStage.SWITCHED: f"{made} People are found by it now. {_AGAIN}, and the old key is dropped. {_PROVE}",
        RotationStage.WAITING: f"People are found by the key {done.key_id}. {_AGAIN}, and the old key is dropped.",
        RotationStage.DONE: f"People are found by the key {done.key_id}; the old one and its tokens are gone. {_PROVE}",
    }[done.stage]


def _of_chains(done: ChainRotation) -> str:
    closed = f"and the old key is closed. {_PROVE}"
    return {
        RotationStage.BEGUN: f"The key {done.key_id} chains the histories from now on. {_AGAIN}, {closed}",
        RotationStage.WAITING: f"No checkpoint has seen everything that the old key has chained. {_AGAIN}, {closed}",
        RotationStage.DONE: f"The old key is closed: its links count to checkpoint {done.until}, no further. {_PROVE}",
    }.get(done.stage, "")


def _rotated(engine: Engine, organisation: str | None) -> Rotation:
    if organisation is None:
        return rotate_keys(engine, viewer=SYSTEM)
    return rotate_organisation(engine, organisation, viewer=SYSTEM)


def _passphrase(file: Path | None, *, again: bool) -> str:
    """Return the passphrase: never from the command line, which other users of the machine can read."""
    if file is None:
        return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=again))
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        fail(f"{file} cannot be read.", status=WRONG_USAGE)


def _plain(state: KeyState) -> dict[str, object]:
    parts = ("counts", "index_keys", "chains", "period")
    return state._asdict() | {name: getattr(state, name)._asdict() for name in parts}


def _words(state: KeyState) -> str:
    counts = state.counts
    known = f"organisations {counts.organisations}, cases {counts.cases}, persons {counts.persons}"
    lines = [
        f"Key file: {state.current} is used; also there: {', '.join(state.others) or 'none'}.",
        f"Wrapped keys: {known}, others {counts.others}.",
        *(f"By {key} itself: {count}." for key, count in counts.by_file.items()),
        f"{state.unfinished} are not wrapped as they should be: `icmc keys rotate` goes on with it."
        if state.unfinished
        else "Every key is wrapped as it should be.",
        f"Period of keys: {state.period.id}, until {state.period.ends_at:%Y-%m-%d}.",
        *_words_of_others(state),
        f"An export of these keys was proved {state.proved_at:%Y-%m-%d %H:%M} UTC."
        if state.proved_at
        else "No export of these keys was proved: `icmc keys export FILE`, then `icmc keys prove FILE`.",
    ]
    return "\n".join(lines)


def _words_of_others(state: KeyState) -> Iterator[str]:
    """Say of the other keys only what is unfinished."""
    if state.index_keys.coming:
        left = f"{state.index_left} persons have none"
        yield f"Tokens by the key {state.index_keys.coming} are being made: {left}. `icmc keys rotate --index` goes on."
    if state.index_keys.old is not None:
        yield "The old key of tokens is still there: `icmc keys rotate --index` drops it."
    if None in state.chains.older.values():
        yield "The old key of the histories is still open: `icmc keys rotate --chains` closes it."
