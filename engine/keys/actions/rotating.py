"""Change keys while people work: those by which persons are found, of chains, of checkpoints, of the period."""

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
from engine.core.policy import Action, Viewer, require
from engine.core.retention import KEPT_SINCE
from engine.errors import ConflictError, DamagedError, KeyMissingError, SettingsError
from engine.keys.actions.keys import SETTLES, wrap_all
from engine.keys.key_changes import ChainKeys, FileKeyKeeper
from engine.keys.periods import KeyPeriod
from engine.keys.store import KeyStore
from engine.persons.match_store import IndexStore
from engine.persons.store import PersonStore
from engine.sign_in.store import SignInHabitStore

log = logging.getLogger(__name__)

_INDEX: Final = "index_key_at"
_CHAINS: Final = "chain_key_at"
_BATCH: Final = 200
_DROPPED: Final = 10_000

_BEGUN: Final = "key_period_begun"


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
    require(viewer, Action.KEEP_KEYS)
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
    require(viewer, Action.KEEP_KEYS)
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
    require(viewer, Action.KEEP_KEYS)
    with engine.transaction() as tx:
        if not tx.of(CheckpointStore).take_turn():
            raise ConflictError(kind="checkpoint")
        last = tx.of(CheckpointStore).last()
        made = engine.signer.hand_over(after=last.number if last else 0)
        body = {"from": made.before, "to": made.key_id, "after": made.after, "signature": made.signature.hex()}
        tx.of(AuditLogStore).note(
            "keys", "SigningKeyChanged", body, actor_id=viewer.acting_id, at=engine.wall_clock.now()
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
        tx.of(AuditLogStore).note("keys", stand.type_, stand.body, actor_id=viewer.acting_id, at=at)
        tx.commit()


class PeriodTurn(StrEnum):
    """How far the turn of a period has come: there is none, it has begun and goes on in a minute, or it has ended."""

    NONE = "none"
    BEGUN = "begun"
    ENDED = "ended"


def turn_period(engine: Engine, *, after_step: Callable[[str], None] = lambda _: None) -> PeriodTurn:
    """Begin a period when the one of now is over, and a minute later throw the key of the one before away.

    In this order, so that a kill at any moment loses nothing and the next call goes on: the new key is written in all
    places; every key is wrapped and every token made with it, some in a transaction; the list of the keys that live on
    is written in all places, for backups of before; nothing more is kept with the old key, and it is thrown away. Then
    the tokens by it go. `after_step` hears of each step. Raise `SettingsError` where a place cannot be written.
    """
    with engine.periods.alone() as is_ours:
        return _turn(engine, is_early=False, after_step=after_step) if is_ours else PeriodTurn.NONE


def turn_period_now(
    engine: Engine, *, viewer: Viewer, after_step: Callable[[str], None] = lambda _: None
) -> PeriodTurn:
    """Turn the period although it is not over, or go on with it. Raise `NotAllowedError`, `SettingsError`."""
    require(viewer, Action.KEEP_KEYS)
    with engine.periods.alone() as is_ours:
        return _turn(engine, is_early=True, after_step=after_step) if is_ours else PeriodTurn.NONE


def lost_periods(engine: Engine) -> dict[str, int]:
    """Return the periods whose keys are in no place, each with how many keys need it."""
    with engine.transaction() as tx:
        needed = tx.of(KeyStore).periods()
    kept = {one.id for one in engine.periods.all}  # read last: a period that has begun meanwhile is no lost one
    return {period: count for period, count in needed.items() if period and period not in kept}


def _turn(engine: Engine, *, is_early: bool, after_step: Callable[[str], None]) -> PeriodTurn:
    engine.periods.mend()
    [*older, current] = engine.periods.all or (engine.periods.current,)
    done, begun = _fact(engine, KEPT_SINCE), _fact(engine, _BEGUN)
    if not older and done.get("id") == current.id:
        if done.get("drops") and _is_known_to_all(engine, done):
            _drop_tokens(engine, done)
            after_step("dropped")
        is_over = is_early or current.ends_at <= engine.clock.now()
        if not is_over or engine.key_keeper.index[1:] != (None, None):
            return PeriodTurn.NONE
        current = _begin(engine, after_step)
    elif begun.get("id") != current.id:
        _say_begun(engine, current)
    wrap_all(engine)
    after_step("wrapped")
    write_persons(engine, engine.key_keeper.index.current, _BATCH, lambda _: None)
    after_step("found")
    is_ended = _is_known_to_all(engine, _fact(engine, _BEGUN)) and _end(engine, current, after_step)
    return PeriodTurn.ENDED if is_ended else PeriodTurn.BEGUN


def _begin(engine: Engine, after_step: Callable[[str], None]) -> KeyPeriod:
    """Make the key while nobody makes or erases anything: who is erased is of the period before, or of this one."""
    with engine.transaction() as tx:
        tx.of(KeyStore).hold_period(alone=True)
        made = engine.periods.begin(engine.clock.now())
        after_step("made")
    _say_begun(engine, made)
    after_step("begun")
    return made


def _say_begun(engine: Engine, period: KeyPeriod) -> None:
    """Let every process read the new key; a minute later all of them surely use it."""
    at = engine.wall_clock.now()
    with engine.transaction() as tx:
        tx.of(KeyStore).say_changed()
        tx.of(HousekeepingStore).set_installation(_BEGUN, {"id": period.id, "at": at.isoformat()})
        tx.of(AuditLogStore).note("keys", "KeyPeriodBegun", {"period": period.id}, actor_id=None, at=at)
        tx.commit()
    engine.vault.look_again()


def _end(engine: Engine, current: KeyPeriod, after_step: Callable[[str], None]) -> bool:
    """Throw the keys of the periods before away; return False while something is still wrapped with one.

    Nothing is said to be thrown away while a key is needed that is in no place: it can lie in one that is not reached.
    """
    if lost_periods(engine):
        return False
    older = [one.id for one in engine.periods.all if one.id != current.id]
    with engine.transaction() as tx:
        engine.periods.keep_survivors(current.id, tx.of(KeyStore).survivors(), ended=older)
    after_step("listed")
    with engine.transaction() as tx:
        tx.of(KeyStore).hold_period(alone=True)
        if not tx.of(KeyStore).close_periods(["", *older]):
            return False
        tx.commit()
    after_step("closed")
    for period in older:
        engine.periods.end(period)
        after_step("thrown")
    at = engine.wall_clock.now()
    ended = {"id": current.id, "since": current.begun_at.isoformat(), "at": at.isoformat(), "drops": True}
    with engine.transaction() as tx:
        tx.of(KeyStore).say_changed()
        tx.of(HousekeepingStore).set_installation(KEPT_SINCE, ended)
        tx.of(AuditLogStore).note("keys", "KeyPeriodEnded", {"periods": older}, actor_id=None, at=at)
        tx.commit()
    engine.vault.look_again()
    return True


def _drop_tokens(engine: Engine, done: dict[str, str]) -> None:
    used = [one for one in engine.key_keeper.index if one is not None]
    dropped = _DROPPED
    while dropped:
        with engine.transaction() as tx:
            dropped = tx.of(IndexStore).drop_tokens(but=used, most=_DROPPED)
            if not dropped:
                tx.of(HousekeepingStore).set_installation(
                    KEPT_SINCE, {name: done[name] for name in ("id", "since", "at")}
                )
            tx.commit()


def _fact(engine: Engine, name: str) -> dict[str, str]:
    with engine.transaction() as tx:
        return dict(tx.of(HousekeepingStore).installation(name) or {})


def _is_known_to_all(engine: Engine, fact: dict[str, str]) -> bool:
    return engine.wall_clock.now() - datetime.fromisoformat(fact["at"]) >= SETTLES
