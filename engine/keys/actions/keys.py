"""Keep the keys: make new ones, wrap everything anew, take old ones out, and prove what was carried away."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.cases.views.lists import find_case
from engine.core.keys import place_key
from engine.core.policy import Action, Viewer, require
from engine.db.transaction import Transaction
from engine.errors import IcmcError, NotFoundError
from engine.keys.key_changes import ChainKeys, IndexKeys, KeyExportError
from engine.keys.periods import KeyPeriod
from engine.keys.store import KeyCounts, KeyStore
from engine.messages.channel_store import ChannelStore
from engine.overview.records import BACKUP_AT, BACKUP_PROVED_AT
from engine.persons.match_store import IndexStore

SHORTEST_PASSPHRASE: Final = 15
"""Characters."""
SETTLES: Final = timedelta(minutes=1)
"""How long after a rotation every process surely uses the new key."""
PROVED: Final = "keys_proved"
_ROTATED: Final = "keys_rotated"
_CANARY: Final = "keys_canary"
_WORDS: Final = "What is encrypted can be read."
_CANARY_OWNER: Final = UUID("0f3e8a54-61f0-4f0e-8a0b-6d9a3f1c7c11")
_BATCH: Final = 500


class Rotation(NamedTuple):
    """The key that wraps now, how many keys were wrapped anew, and whether an earlier rotation was gone on with."""

    key_id: str
    wrapped: int
    went_on: bool


class Reencrypted(NamedTuple):
    """How many values were sealed anew, whether the old keys are gone, and how many persons keep their keys.

    Those are persons with corrections, which nobody may change: they are read with the key that they were sealed with.
    """

    values: int
    are_dropped: bool
    kept: int = 0


class KeyState(NamedTuple):
    """What there is of keys; instants in UTC. `unfinished` counts those that are not wrapped as they should be.

    `index_left` counts the persons who have no token yet by the key that is to be searched by.
    """

    current: str
    others: tuple[str, ...]
    counts: KeyCounts
    unfinished: int
    proved_at: datetime | None
    index_keys: IndexKeys
    index_left: int
    chains: ChainKeys
    signing: str
    period: KeyPeriod


def rotate_keys(
    engine: Engine, *, viewer: Viewer, batch: int = _BATCH, after_batch: Callable[[int], None] = lambda _: None
) -> Rotation:
    """Make a new key-encryption key and wrap every key anew, `batch` in a transaction, while others go on working.

    A rotation that was broken off is gone on with, and no further key made. `after_batch` hears how many are done.
    Raises `NotAllowedError`, `SettingsError`.
    """
    require(viewer, Action.KEEP_KEYS)
    keeper = engine.key_keeper
    with engine.transaction() as tx:
        went_on = tx.of(KeyStore).outdated(current=keeper.current) > 0 or _has_outdated_period(engine)
    key_id = keeper.current if went_on else keeper.add()
    engine.periods.rewrap()
    _note(engine, viewer, "KeyMade", {"key": key_id, "went_on": went_on})
    return Rotation(key_id, wrap_all(engine, batch, after_batch), went_on)


def rotate_organisation(engine: Engine, name: str, *, viewer: Viewer, batch: int = _BATCH) -> Rotation:
    """Make a new key of an organisation and wrap the keys of its cases and persons by it; goes on as `rotate_keys`.

    Raises `NotFoundError`, `NotAllowedError`.
    """
    require(viewer, Action.KEEP_KEYS)
    with engine.transaction() as tx:
        organisation_id = tx.of(ChannelStore).organisation_named(name)
        if organisation_id is None:
            raise NotFoundError(kind="organisation")
        version = tx.of(KeyStore).newest_version(organisation_id) or 0
        went_on = any(tx.of(KeyStore).wrapped_by(f"{organisation_id}/{older}") for older in range(1, version))
    if not went_on:
        version = engine.vault.renew(organisation_id, version)
    key_id = f"{organisation_id}/{version}"
    _note(engine, viewer, "OrganisationKeyMade", {"key": key_id, "went_on": went_on})
    return Rotation(key_id, wrap_all(engine, batch), went_on)


def retire_key(engine: Engine, key_id: str, *, viewer: Viewer) -> None:
    """Take a key out of the key file, or drop an organisation's old one, once nothing is wrapped by it.

    Raises `KeyInUseError` while something is, or within a minute of a rotation; `KeyMissingError`, `SettingsError`,
    `NotAllowedError`.
    """
    require(viewer, Action.KEEP_KEYS)
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        rotated = tx.of(HousekeepingStore).installation(_ROTATED)
        if rotated and now - datetime.fromisoformat(rotated["at"]) < SETTLES:
            raise KeyInUseError(key_id=key_id, why="A rotation ended less than a minute ago: try again in a minute.")
        wrapped = tx.of(KeyStore).wrapped_by(key_id)
        if wrapped:
            raise KeyInUseError(key_id=key_id, why=f"{wrapped} keys are wrapped by it: `icmc keys rotate` first.")
        organisation, slash, version = key_id.partition("/")
        if slash:
            tx.of(KeyStore).retire_before(UUID(organisation), int(version) + 1, at=now)
        tx.of(KeyStore).say_changed()
        tx.of(AuditLogStore).note("keys", "KeyRetired", {"key": key_id}, actor_id=viewer.acting_id, at=now)
        tx.commit()
    if not slash:
        _take_out_of_periods(engine, key_id)
        engine.key_keeper.remove(key_id)


def reencrypt_case(engine: Engine, number: str, *, viewer: Viewer, batch: int = _BATCH) -> Reencrypted:
    """Make new keys of a case, of its places and of its persons, and seal every value anew by them, `batch` at a time.

    The old keys are dropped once every process surely uses the new ones: a call at least a minute later does that.
    A call that was broken off is gone on with. Raises `NotFoundError`, `NotAllowedError`, `DamagedError`.
    """
    require(viewer, Action.KEEP_KEYS)
    case_id = engine.ask(find_case, viewer, number)
    with engine.transaction() as tx:
        known = dict.fromkeys(person.person_id for person in tx.of(CaseStore).read(case_id).persons)
        persons = tuple(person for person in known if not tx.of(KeyStore).encrypts_what_is_fixed(person))
    values, are_dropped = 0, True
    for owner in (case_id, place_key(case_id), *persons):
        of_case = None if owner in persons else case_id
        some, is_dropped = _reencrypt(engine, viewer, owner, case_id=of_case, batch=batch)
        values, are_dropped = values + some, are_dropped and is_dropped
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        tx.of(CaseStore).note(state, "ValuesResealed", {"values": values}, actor_id=viewer.acting_id, at=now)
        tx.commit()
    return Reencrypted(values, are_dropped, len(known) - len(persons))


def _reencrypt(engine: Engine, viewer: Viewer, owner: UUID, *, case_id: UUID | None, batch: int) -> tuple[int, bool]:
    """Seal what is under an owner's older keys by its newest; returns how many values, and whether no older is left."""
    with engine.transaction() as tx:
        versions = tx.of(KeyStore).whole_versions(owner)
    if not versions:
        return 0, True
    newest = max(versions)
    if len(versions) == 1:
        newest = engine.vault.renew(owner, newest)
        _note(engine, viewer, "KeyRenewed", {"owner": str(owner), "version": newest})
    values, some = 0, batch
    while some:
        with engine.transaction() as tx:
            some = tx.of(KeyStore).reencrypt_some(owner, newest=newest, case_id=case_id, most=batch)
            tx.commit()
        values += some
    now = engine.clock.now()
    with engine.transaction() as tx:
        made_at = tx.of(KeyStore).whole_versions(owner)[newest]
        if now - made_at < SETTLES:
            return values, False
        tx.of(KeyStore).retire_before(owner, newest, at=now)
        tx.commit()
    return values, True


def export_keys(engine: Engine, *, viewer: Viewer, passphrase: str) -> bytes:
    """Return the key file sealed with a passphrase; raises `KeyExportError` for a short one, `NotAllowedError`."""
    require(viewer, Action.KEEP_KEYS)
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise KeyExportError(problem=f"Choose a passphrase of at least {SHORTEST_PASSPHRASE} characters.")
    with engine.transaction() as tx:
        _keep_canary(engine, tx)
        actor, now = viewer.acting_id, engine.wall_clock.now()
        tx.of(AuditLogStore).note("keys", "KeysExported", {"key": engine.key_keeper.current}, actor_id=actor, at=now)
        tx.commit()
    return engine.key_keeper.exported(passphrase)


def prove_export(engine: Engine, export: bytes, *, viewer: Viewer, passphrase: str) -> None:
    """Try an export of keys: open it, and with nothing but its keys open a known value of the database.

    That it was proved is kept. Raises `KeyExportError`, `NotAllowedError`; `DamagedError` or `KeyMissingError` for
    keys that do not open the value.
    """
    require(viewer, Action.KEEP_KEYS)
    vault = engine.key_keeper.opened(export, passphrase)
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).installation(_CANARY)
        if kept is None:
            raise KeyExportError(problem="Nothing has been encrypted yet to try it with: first run `icmc keys export`.")
        encrypted = bytes.fromhex(kept["sealed"])
        if vault.decrypt(encrypted, table="installation", row=_CANARY_OWNER, column=_CANARY) != _WORDS:
            raise KeyExportError(problem="The value that was read is not the one that was encrypted.")
        tx.of(HousekeepingStore).set_installation(
            PROVED, {"at": now.isoformat(), "keys": sorted(engine.key_keeper.marks)}
        )
        tx.of(AuditLogStore).note(
            "keys", "ExportProved", {"key": engine.key_keeper.current}, actor_id=viewer.acting_id, at=now
        )
        tx.commit()


def note_backup_proved(engine: Engine, *, viewer: Viewer, keys: int, values: int) -> None:
    """Write that an export opened a backup: so many keys, and so many values; raises `NotAllowedError`."""
    require(viewer, Action.KEEP_KEYS)
    _note(engine, viewer, "BackupProved", {"keys": keys, "values": values})
    _keep(engine, BACKUP_PROVED_AT)


def note_backup_made(engine: Engine, *, viewer: Viewer) -> None:
    """Keep that a backup was made and restored once, for the board and the doctor; raises `NotAllowedError`."""
    require(viewer, Action.KEEP_KEYS)
    _keep(engine, BACKUP_AT)


def _keep(engine: Engine, fact: str) -> None:
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).set_installation(fact, {"at": engine.wall_clock.now().isoformat()})
        tx.commit()


def key_state(engine: Engine, *, viewer: Viewer) -> KeyState:
    """Say what keys there are, and whether an export of them was proved; raises `NotAllowedError`."""
    require(viewer, Action.KEEP_KEYS)
    (current, *others), index = engine.key_keeper.ids, engine.key_keeper.index
    with engine.transaction() as tx:
        return KeyState(
            current=current, others=tuple(others), counts=tx.of(KeyStore).counts(),
            unfinished=tx.of(KeyStore).unfinished(current=current, periods=_periods(engine)),
            proved_at=_proved_at(engine, tx),
            index_keys=index, index_left=tx.of(IndexStore).left(index.coming) if index.coming else 0,
            chains=engine.key_keeper.chains, signing=engine.signer.key_id, period=engine.periods.current,
        )  # fmt: skip


def keys_are_proved(engine: Engine) -> bool:
    """Return whether an export of just the keys that are used was proved by a trial restore."""
    with engine.transaction() as tx:
        return _proved_at(engine, tx) is not None


def _proved_at(engine: Engine, tx: Transaction) -> datetime | None:
    kept = tx.of(HousekeepingStore).installation(PROVED)
    is_of_these = kept is not None and kept["keys"] == sorted(engine.key_keeper.marks)
    return datetime.fromisoformat(kept["at"]) if kept and is_of_these else None


def wrap_all(engine: Engine, batch: int = _BATCH, after_batch: Callable[[int], None] = lambda _: None) -> int:
    """Wrap everything anew that is not wrapped as it should be; a second pass takes what came in meanwhile."""
    done, after, is_again = 0, None, False
    periods = _periods(engine)
    while True:
        with engine.transaction() as tx:
            current = engine.key_keeper.current
            some = tx.of(KeyStore).rewrap_some(current=current, periods=periods, after=after, most=batch)
            if some.done == 0 and is_again:
                tx.of(HousekeepingStore).set_installation(
                    _ROTATED, {"at": engine.wall_clock.now().isoformat(), "keys": done}
                )
                tx.commit()
                return done
            tx.commit()
        is_again = some.done == 0
        done, after = done + some.done, some.last
        after_batch(done)


def _periods(engine: Engine) -> tuple[str, ...]:
    return tuple(one.id for one in engine.periods.all)


def _take_out_of_periods(engine: Engine, key_id: str) -> None:
    """Let nothing that is kept beside the key file need a key of it, once nothing in the database does."""
    if key_id == engine.key_keeper.current:
        return
    *older, current = engine.periods.all
    if older:
        raise KeyInUseError(key_id=key_id, why="A new period of keys has just begun: try again in a few minutes.")
    with engine.transaction() as tx:
        engine.periods.keep_survivors(current.id, tx.of(KeyStore).survivors())
    engine.periods.rewrap(but=key_id)


def _has_outdated_period(engine: Engine) -> bool:
    return any(engine.key_keeper.current not in one.wrapped_by for one in engine.periods.all)


def _keep_canary(engine: Engine, tx: Transaction) -> None:
    """Keep a known value, sealed, by which an export can be tried."""
    encrypted = engine.vault.encrypt(
        _WORDS, key_of=_CANARY_OWNER, table="installation", row=_CANARY_OWNER, column=_CANARY
    )
    tx.of(HousekeepingStore).set_installation(_CANARY, {"sealed": encrypted.hex()})


def _note(engine: Engine, viewer: Viewer, type_: str, body: dict[str, object]) -> None:
    """Write what was done with keys, and let every process read the key file again."""
    with engine.transaction() as tx:
        tx.of(KeyStore).say_changed()
        tx.of(AuditLogStore).note("keys", type_, body, actor_id=viewer.acting_id, at=engine.wall_clock.now())
        tx.commit()


class KeyInUseError(IcmcError):
    """Raised when a key is to be taken away that something is still wrapped by."""

    code = "key-in-use"
    sentence = "The key {key_id} cannot go yet. {why}"
