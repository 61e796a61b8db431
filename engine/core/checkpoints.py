"""Checkpoints: the signed word that every chain had come this far, each tied to the one before."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from engine.core.records import Record

SIGNER_USED: Final = "SigningKeyUsed"
"""The event of the keys' chain that records the public half of a key before its first checkpoint."""
SIGNER_REPLACED: Final = "SigningKeyReplaced"
"""The event that records that a restore found another key than the one that had signed."""


class Head(NamedTuple):
    """How far a chain has come: its name, how many links it has, and the hash of the last one."""

    chain: str
    length: int
    head: bytes


class Checkpoint(Record):
    """What is signed (UTC). `chains` and `links` count all there are; `heads_hash` is over those that had moved."""

    number: int
    at: datetime
    key_id: str
    previous: bytes
    chains: int
    links: int
    heads_hash: bytes
    signature: bytes = b""

    @property
    def signed_text(self) -> bytes:
        """Return the bytes that the signature is over."""
        return _text(self).encode()

    @property
    def digest(self) -> bytes:
        """Return what the next checkpoint says of this one."""
        return hashlib.sha256(self.signed_text + self.signature).digest()


class Written(NamedTuple):
    """A checkpoint with the heads of the chains that had moved."""

    checkpoint: Checkpoint
    heads: tuple[Head, ...]


def hash_of(heads: Iterable[Head]) -> bytes:
    """Return the hash over heads, whatever their order."""
    made = hashlib.sha256()
    for head in sorted(heads):
        made.update(f"{head.chain} {head.length} {head.head.hex()}\n".encode())
    return made.digest()


def to_line(written: Written) -> str:
    """Return a checkpoint as the line that is kept outside of the database."""
    heads = [[head.chain, head.length, head.head.hex()] for head in sorted(written.heads)]
    parts = json.loads(_text(written.checkpoint)) | {"heads": heads, "signature": written.checkpoint.signature.hex()}
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))


def read_line(line: str) -> Written | None:
    """Read such a line; None for one that is none, such as the torn last line of a machine that lost its power."""
    try:
        parts = json.loads(line)
        made = Checkpoint(
            number=parts["number"], at=datetime.fromisoformat(parts["at"]), key_id=parts["key"],
            previous=bytes.fromhex(parts["previous"]), chains=parts["chains"], links=parts["links"],
            heads_hash=bytes.fromhex(parts["heads_hash"]), signature=bytes.fromhex(parts["signature"]),
        )  # fmt: skip
        heads = tuple(Head(str(chain), int(length), bytes.fromhex(head)) for chain, length, head in parts["heads"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return Written(made, heads)


def _text(checkpoint: Checkpoint) -> str:
    parts = {
        "number": checkpoint.number,
        "at": checkpoint.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "key": checkpoint.key_id,
        "previous": checkpoint.previous.hex(),
        "chains": checkpoint.chains,
        "links": checkpoint.links,
        "heads_hash": checkpoint.heads_hash.hex(),
    }
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))
