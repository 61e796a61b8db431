"""What the use cases share: by which channels a person can be told something."""

from uuid import UUID

from engine.adapters.sql.channel_store import ChannelStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.ports import ActorRecord

_EMAIL = "email"


def channels_set_up(engine: Engine, tx: Transaction, *, unit_id: UUID | None) -> frozenset[str]:
    """Give the channels that leave the system for a unit: the installation's own, and its organisation's gateways."""
    return frozenset(engine.channels) | frozenset(tx.of(ChannelStore).set_up(unit_id) if unit_id else ())


def ways_to(engine: Engine, tx: Transaction, person: ActorRecord, *, unit_id: UUID | None) -> frozenset[str]:
    """Give the channels of a unit by which one person can be told: set up, and with an address of theirs."""
    known = set(tx.of(ChannelStore).contacts(person.id)) | ({_EMAIL} if person.email else set())
    return channels_set_up(engine, tx, unit_id=unit_id) & known
