"""Change the keys by which persons are found, histories are chained and checkpoints are signed, while people work."""

import logging
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.audit.actions import MOST_HEADS
from engine.audit.store import AuditLogStore, CheckpointStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Action, Viewer, can
from engine.errors import ConflictError, DamagedError, KeyMissingError, NotAllowedError, SettingsError
from engine.keys.actions.keys import SETTLES
from engine.keys.key_changes import FileKeyKeeper
from engine.keys.store import KeyStore
from engine.persons.match_store import IndexStore
from engine.persons.store import PersonStore
from engine.ports import ChainKeys
from engine.sign_in.habits import SignInHabitStore

log = logging.getLogger(__name__)

_INDEX: Final = "index_key_at"
_CHAINS: Final = "chain_key_at"
_BATCH: Final = 200
_DROPPED: Final = 10_000


class RotationStage(StrEnum):
    """How far the change of a key has come. But for the last one the same command goes on with it, a minute later."""

    BEGUN = "begun"
    SWITCHED = "switched"
    WAITING = "waiting"
    DONE = "done"


class IndexRotation(NamedTuple):
    """How far it has come, the new key, and for how many persons and files it was done in this call.

    `unreadable` counts those that cannot be read and so are found no more.
    """

    stage: RotationStage
    key_id: str
    persons: int = 0
    files: int = 0
    unreadable: int = 0


class _Stand(NamedTuple):
    """How the key file stands with one kind of key, and the event that says how it came to stand so.

    `name` is the fact of the installation that keeps what was said last; `is_begun` says whether a change goes on.
    """

    name: str
    said: tuple[str, ...]
    is_begun: bool
    type_: str
    body: dict[str, object]


class ChainRotation(NamedTuple):
    """How far it has come, the key that signs links now, and the checkpoint up to which older keys count."""

    stage: RotationStage
    key_id: str
    until: int | None = None


def rotate_index(
    engine: Engine, *, viewer: Viewer, batch: int = _BATCH, after_batch: Callable[[int], None] = lambda _: None
) -> IndexRotation:
    """Change the key of the tokens by which persons and files are found; each is found all the time.

    The first call makes a key and tokens by it, beside the old ones; the next one, at least a minute later, makes what
    is missing and lets people search by it; the one after that drops the old key and its tokens. A call that was
    broken off is gone on with by the next; what it had not said yet is said then, and the minute begins anew. Raises
    `NotAllowedError`, `SettingsError`.
    """
    _require(viewer)
    keeper = engine.key_keeper
    if len(engine.periods.all) > 1:
        raise SettingsError(problem="A new period of keys has just begun.", remedy="Try again in a few minutes.")
    was_said = _say_what_was_not(engine, viewer, _of_index(keeper))
    is_settled = was_said and _is_settled(engine, _INDEX)
    if keeper.index.old is not None or (keeper.index.coming is None and not was_said):
        return _drop_index(engine, viewer, is_settled=is_settled)
    if keeper.index.coming is None:
        keeper.add_index_key()
        _say(engine, viewer, _of_index(keeper))
        is_settled = False
    coming = str(keeper.index.coming)
    persons, lost = write_persons(engine, coming, batch, after_batch)
    files, lost_files = _readdress_files(engine, coming, batch)
    done = IndexRotation(RotationStage.BEGUN, coming, persons, files, lost + lost_files)
    if not is_settled:
        return done
    keeper.switch_index_key()
    _say(engine, viewer, _of_index(keeper))
    return done._replace(stage=RotationStage.SWITCHED)


def rotate_chains(engine: Engine, *, viewer: Viewer) -> ChainRotation:
    """Change the key that signs the links of histories; links of older keys stay as they are and stay provable.

    The first call makes the key. The next one, once a checkpoint has seen all links of the old one, closes that: from
    then on a link of it counts only up to this checkpoint, and who got at it can add none. A call that was broken off
    before every process heard of the new key is gone on with: it is said, and closed no sooner than a minute later.
    Raises `NotAllowedError`, `SettingsError`.
    """
    _require(viewer)
    keeper = engine.key_keeper
    was_said = _say_what_was_not(engine, viewer, _of_chains(keeper))
    is_open = None in keeper.chains.older.values()
    if was_said and not is_open:
        made = keeper.add_chain_key()
        _say(engine, viewer, _of_chains(keeper))
        return ChainRotation(RotationStage.BEGUN, made)
    current = keeper.chains.current
    if not is_open:
        return ChainRotation(RotationStage.DONE, current, _closed_at(keeper.chains))
    until = _seen_all(engine) if was_said else None
    if until is None:
        return ChainRotation(RotationStage.WAITING, current)
    keeper.close_chain_keys(until)
    _say(engine, viewer, _of_chains(keeper))
    return ChainRotation(RotationStage.DONE, current, until)


def rotate_signing(engine: Engine, *, viewer: Viewer) -> str:
    """Let a new key sign checkpoints, named by the old one's signature; returns its id.

    The old one is forgotten but for its public half, which proves what it signed. Raises `ConflictError` while a
    checkpoint is being made, `NotAllowedError`, `SettingsError`.
    """
    _require(viewer)
    with engine.transaction() as tx:
        if not tx.of(CheckpointStore).take_turn():
            raise ConflictError(kind="checkpoint")
        last = tx.of(CheckpointStore).last()
        made = engine.signer.hand_over(after=last.number if last else 0)
        body = {"from": made.before, "to": made.key_id, "after": made.after, "signature": made.signature.hex()}
        tx.of(AuditLogStore).note(
            "keys", "SigningKeyChanged", body, actor_id=_actor(viewer), at=engine.wall_clock.now()
        )
        tx.commit()
    return made.key_id


def write_persons(engine: Engine, key_id: str, batch: int, after_batch: Callable[[int], None]) -> tuple[int, int]:
    """Write tokens for everybody who has none of a key, some in a transaction; returns how many, and how many not."""
    after, done, lost = UUID(int=0), 0, 0
    while True:
        with engine.transaction() as tx:
            some = tx.of(IndexStore).persons_without(key_id, after=after, most=batch)
            if not some:
                return done, lost
            found = {}
            for person_id in tx.of(IndexStore).hold_persons(some):
                try:
                    found[person_id] = engine.fingerprints.tokens(tx.of(PersonStore).identity(person_id))
                except (DamagedError, KeyMissingError):
                    log.warning("person_unreadable", extra={"person": str(person_id)})
                    lost += 1
            tx.of(IndexStore).write_persons(found)
            tx.commit()
        after, done = some[-1], done + len(found)
        after_batch(done)


def _readdress_files(engine: Engine, key_id: str, batch: int) -> tuple[int, int]:
    after: UUID | None = UUID(int=0)
    done = lost = 0
    while after is not None:
        with engine.transaction() as tx:
            after, some, bad = tx.of(IndexStore).readdress_files(key_id, after=after, most=batch)
            tx.commit()
        done, lost = done + some, lost + bad
    return done, lost


def _drop_index(engine: Engine, viewer: Viewer, *, is_settled: bool) -> IndexRotation:
    """Drop the key that was searched by before, and its tokens, once every process searches by the new one.

    Hours and networks of sign-ins are learned anew: most marks are by that key, and nothing would be like them.
    """
    keeper = engine.key_keeper
    current = keeper.index.current
    if keeper.index.old is not None:
        if not is_settled:
            return IndexRotation(RotationStage.WAITING, current)
        with engine.transaction() as tx:
            tx.of(SignInHabitStore).forget_marks()
            tx.commit()
        keeper.drop_index_key()
        _say(engine, viewer, _of_index(keeper))
    dropped = _DROPPED
    while dropped:
        with engine.transaction() as tx:
            dropped = tx.of(IndexStore).drop_tokens(but=(current,), most=_DROPPED)
            tx.commit()
    return IndexRotation(RotationStage.DONE, current)


def _seen_all(engine: Engine) -> int | None:
    """Return the last checkpoint, if it has seen all links that were signed before every process had the new key."""
    with engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).installation(_CHAINS)
        last = tx.of(CheckpointStore).last()
        if kept is None or last is None:
            return None
        seen = next(iter(tx.of(CheckpointStore).since(last.number)))
    has_seen = last.at - datetime.fromisoformat(kept["at"]) >= SETTLES and len(seen.heads) < MOST_HEADS
    return last.number if has_seen else None


def _is_settled(engine: Engine, name: str) -> bool:
    """Return whether every process surely knows of what was done last."""
    with engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).installation(name)
    return kept is not None and engine.wall_clock.now() - datetime.fromisoformat(kept["at"]) >= SETTLES


def _of_index(keeper: FileKeyKeeper) -> _Stand:
    current, coming, old = keeper.index
    type_ = "IndexKeyMade" if coming is not None else "IndexKeyDropped" if old is None else "IndexKeyUsed"
    said = tuple(str(one) for one in keeper.index)
    return _Stand(_INDEX, said, type_ != "IndexKeyDropped", type_, {"key": coming or current})


def _of_chains(keeper: FileKeyKeeper) -> _Stand:
    chains = keeper.chains
    said = (chains.current, *sorted(f"{key} {until}" for key, until in chains.older.items()))
    if None in chains.older.values():
        return _Stand(_CHAINS, said, is_begun=True, type_="ChainKeyMade", body={"key": chains.current})
    body: dict[str, object] = {"key": chains.current, "until": _closed_at(chains)}
    return _Stand(_CHAINS, said, is_begun=False, type_="ChainKeyClosed", body=body)


def _closed_at(chains: ChainKeys) -> int | None:
    return max((until for until in chains.older.values() if until is not None), default=None)


def _say_what_was_not(engine: Engine, viewer: Viewer, stand: _Stand) -> bool:
    """Say how the key file stands where the call that changed it was broken off before; returns whether it was said."""
    with engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).installation(stand.name) or {}
    was_said = kept["said"] == list(stand.said) if "said" in kept else not stand.is_begun
    if not was_said:
        _say(engine, viewer, stand)
    return was_said


def _say(engine: Engine, viewer: Viewer, stand: _Stand) -> None:
    """Write how the key file stands now and since when it is said, and let every process read it again: at once."""
    at = engine.wall_clock.now()
    with engine.transaction() as tx:
        tx.of(KeyStore).say_changed()
        tx.of(HousekeepingStore).set_installation(stand.name, {"at": at.isoformat(), "said": list(stand.said)})
        tx.of(AuditLogStore).note("keys", stand.type_, stand.body, actor_id=_actor(viewer), at=at)
        tx.commit()


def _actor(viewer: Viewer) -> UUID | None:
    return None if viewer.is_system else viewer.actor_id


def _require(viewer: Viewer) -> None:
    if not can(viewer, Action.KEEP_KEYS):
        raise NotAllowedError(actor=viewer.name, action=Action.KEEP_KEYS.value)
