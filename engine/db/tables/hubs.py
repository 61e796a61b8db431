"""Tables of hubs elsewhere: who they are, cases that are mirrored, and the messages of both directions."""

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Column, Field

from engine.db.tables.fields import Row, encrypted
from engine.hubs.records import HubMessage, Mirror, PeerHub


class PeerHubRow(Row, of=PeerHub, to={"unit_id": "unit"}, unique=("sign_key",), server_default=("wire_id",)):
    """A hub elsewhere, with its public keys and how its line stands."""


class MirrorRow(
    Row, of=Mirror, to={"hub_id": "peer_hub", "unit_id": "unit", "case_id": "case"}, index=("case_id", "unit_id")
):
    """A case that another hub helps in, or that it asks us to help in."""

    __table_args__ = (UniqueConstraint("hub_id", "ref"),)


class HubMessageRow(Row, of=HubMessage, to={"hub_id": "peer_hub", "case_id": "case"}, index=("case_id",)):
    """A message to or from a hub. `envelope` is one that came before its turn, as it came: sealed by its writer."""

    encrypted_body: bytes | None = encrypted()
    envelope: bytes | None = Field(default=None, sa_column=Column(LargeBinary(), nullable=True))
    __table_args__ = (
        UniqueConstraint("hub_id", "came_in", "number"),
        Index("hub_message_waits", "hub_id", "came_in", "number", postgresql_where=text("settled_at IS NULL")),
    )
