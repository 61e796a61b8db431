"""Sign how far every chain has come, and prove rows by the history."""

import logging
from datetime import datetime
from typing import Final

from engine.assembly import Engine
from engine.audit.store import AuditLogStore, CheckpointStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.history import SIGNER_REPLACED, SIGNER_USED, Checkpoint, Written, hash_of

log = logging.getLogger(__name__)

MOST_HEADS: Final = 20_000
"""More chains than this that have moved at once are left to the next checkpoint."""


def make_checkpoint(engine: Engine) -> int | None:
    """Sign a checkpoint, keep it, and add it outside of the database; returns its number.

    What an earlier pass could not write outside is added too. Returns None when another process is at it. Raises
    `SettingsError` when the second place cannot be written to: the checkpoint is kept all the same.
    """
    now = engine.wall_clock.now()
    _record_signer(engine, now)
    with engine.transaction() as tx:
        if not tx.of(CheckpointStore).take_turn():
            return None
        last = tx.of(CheckpointStore).last()
        heads = tx.of(CheckpointStore).moved(most=MOST_HEADS)
        chains, links = tx.of(CheckpointStore).totals()
        unsigned = Checkpoint(
            number=last.number + 1 if last else 1, at=now, key_id=engine.signer.key_id,
            previous=last.digest if last else b"", chains=chains, links=links, heads_hash=hash_of(heads),
        )  # fmt: skip
        made = unsigned.model_copy(update={"signature": engine.signer.sign(unsigned.signed_text)})
        tx.of(CheckpointStore).add(Written(made, heads))
        tx.commit()
    _write_outside(engine, made)
    return made.number


def go_on_signing(engine: Engine) -> str | None:
    """Record, right after a restore, that another key signs from now on than before; give the one before, if so.

    The record is a link of the chain of keys: `icmc audit verify` counts the change as known, and says it. Where the
    signing file was put back there is nothing to record.
    """
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        last, key_id = tx.of(CheckpointStore).last(), engine.signer.key_id
        if last is None or last.key_id == key_id or _has_named(engine, last.key_id):
            return None
        body = {"before": last.key_id, "key": key_id, "after": last.number}
        tx.of(AuditLogStore).note("keys", SIGNER_REPLACED, body, actor_id=None, at=now)
        tx.commit()
    return last.key_id


def _has_named(engine: Engine, before: str) -> bool:
    """Return whether the signing file itself leads from an earlier key to the one that signs now."""
    return before in engine.signer.public_keys()


def _record_signer(engine: Engine, now: datetime) -> None:
    """Record the public half of the key that signs, once, in the chain that the key file proves.

    So a backup brings along what proves its own checkpoints, also where the signing file is not put back.
    """
    with engine.transaction() as tx:
        if tx.of(AuditLogStore).knows_signer(engine.signer.key_id):
            return
        hand_overs = [one._asdict() | {"signature": one.signature.hex()} for one in engine.signer.hand_overs()]
        body = {"keys": dict(engine.signer.public_keys()), "hand_overs": hand_overs}
        tx.of(AuditLogStore).note("keys", SIGNER_USED, body, actor_id=None, at=now)
        tx.commit()


def _write_outside(engine: Engine, made: Checkpoint) -> None:
    """Add what is missing outside; after a database was put back to an older state, only what is new of it."""
    outside = engine.anchors.last()
    known = outside.checkpoint if outside else None
    with engine.transaction() as tx:
        kept = tuple(tx.of(CheckpointStore).since(min(known.number, made.number) if known else 1))
    if known is None:
        missing = kept
    elif any(one.checkpoint.digest == known.digest for one in kept):
        missing = tuple(one for one in kept if one.checkpoint.number > known.number)
    else:
        log.error("checkpoints_differ_outside", extra={"outside": known.number, "inside": made.number})
        missing = tuple(one for one in kept if one.checkpoint.number == made.number)
    engine.anchors.append(missing, day=engine.wall_clock.now())


STATE_AUDIT: Final = "state_audit"
"""Where what the last pass found is kept among the facts of the installation."""


def begin_history_of_rows(engine: Engine) -> bool:
    """Write down once what stands in every row that opens a door; returns whether it was this time.

    From then on each change comes into the history by itself, and a row that it does not know is a difference.
    """
    with engine.transaction() as tx:
        begun = tx.begin_rows()
        if begun:
            tx.commit()
    return begun


def prove_state(engine: Engine) -> int:
    """Prove every chain, and every row by them; returns how many things do not fit. For a schedule.

    Kept are the numbers only: `icmc audit verify --state` says in words what it is.
    """
    chains = sum(1 for _ in engine.faults(()))
    differences = sum(1 for _ in engine.state_differences())
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        found = {"at": now.isoformat(), "chains": chains, "differences": differences}
        tx.of(HousekeepingStore).set_installation(STATE_AUDIT, found)
        tx.commit()
    if chains or differences:
        log.error("state_audit_found", extra={"chains": chains, "differences": differences})
    return chains + differences
