"""Turn the period of keys: what lives on is wrapped anew, and the key without which the rest opens is thrown away."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Action, Viewer, can
from engine.core.retention import KEPT_SINCE
from engine.errors import NotAllowedError
from engine.keys.actions.keys import SETTLES, wrap_all
from engine.keys.actions.rotating import write_persons
from engine.keys.store import KeyStore
from engine.persons.match_store import IndexStore
from engine.ports import KeyPeriod

_BEGUN: Final = "key_period_begun"
_BATCH: Final = 200
_DROPPED: Final = 10_000


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
    if not can(viewer, Action.KEEP_KEYS):
        raise NotAllowedError(actor=viewer.name, action=Action.KEEP_KEYS.value)
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
        if done.get("drops") and _is_settled(engine, done):
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
    is_ended = _is_settled(engine, _fact(engine, _BEGUN)) and _end(engine, current, after_step)
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


def _is_settled(engine: Engine, fact: dict[str, str]) -> bool:
    return engine.wall_clock.now() - datetime.fromisoformat(fact["at"]) >= SETTLES
