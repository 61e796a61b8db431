"""Whose signature on a checkpoint counts: keys of the signing file, and those that the chain of keys has recorded."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, select

from engine.adapters.sql import tables as tb
from engine.domain.checkpoints import SIGNER_REPLACED, SIGNER_USED
from engine.ports import HandOver

_EVENT = tb.AuditEventRow.__table__  # type: ignore[attr-defined]


class Signatures(Protocol):
    """Says whose a signature is."""

    def is_ours(self, key_id: str, text: bytes, signature: bytes) -> bool:
        """Say whether a key of ours made a signature."""
        ...

    def may_follow(self, before: str, after: str, number: int) -> bool:
        """Say whether a key may sign after checkpoint `number`, the last one of another: that one has named it."""
        ...

    def public_keys(self) -> Mapping[str, str]:
        """Give the public keys of the signing file by id."""
        ...

    def with_recorded(self, keys: Mapping[str, str], hand_overs: tuple[HandOver, ...]) -> "Signatures":
        """Give the same with public keys and hand-overs that were recorded elsewhere; a key counts by its own id."""
        ...


class Replaced(NamedTuple):
    """A key that was not there any more after a restore: another signs after checkpoint `after`."""

    before: str
    key_id: str
    after: int


class KnownSigners:
    """Proves checkpoints by the keys of the signing file and by what the audit's chain of keys has recorded.

    The chain is made with a key of the key file, and is proved with the others: who writes a key into it without that
    one is found there.
    """

    def __init__(self, signatures: Signatures, connection: Connection) -> None:
        """Read what was recorded, as the transaction of `connection` sees it."""
        keys: dict[str, str] = {}
        hand_overs: list[HandOver] = []
        replaced: set[Replaced] = set()
        for row in connection.execute(_recorded()).mappings():
            body: Mapping[str, Any] = row["body"]
            keys |= {str(key_id): str(pem) for key_id, pem in body.get("keys", {}).items()}
            hand_overs += [_hand_over(read) for read in body.get("hand_overs", ())]
            if row["type"] == SIGNER_REPLACED:
                replaced.add(Replaced(str(body["before"]), str(body["key"]), int(body["after"])))
        self._here = frozenset(signatures.public_keys())
        self._signatures = signatures.with_recorded(keys, tuple(hand_overs))
        self._replaced = replaced

    def is_ours(self, key_id: str, text: bytes, signature: bytes) -> bool:
        """Say whether a key of ours made a signature."""
        return self._signatures.is_ours(key_id, text, signature)

    def may_follow(self, before: str, after: str, number: int) -> bool:
        """Say whether a key may sign after checkpoint `number`: the one before named it, or a restore recorded it."""
        recorded = Replaced(before, after, number) in self._replaced
        return recorded or self._signatures.may_follow(before, after, number)

    def leads_here(self, key_id: str, number: int) -> bool:
        """Say whether the key of the newest checkpoint is one of the signing file, or a restore recorded its change."""
        if key_id in self._here:
            return True
        return any((one.before, one.after) == (key_id, number) and one.key_id in self._here for one in self._replaced)


def _recorded() -> Any:  # noqa: ANN401 - a statement
    is_of_signers = (_EVENT.c.stream == "keys") & _EVENT.c.type.in_((SIGNER_USED, SIGNER_REPLACED))
    return select(_EVENT.c.type, _EVENT.c.body).where(is_of_signers).order_by(_EVENT.c.seq)


def _hand_over(read: Mapping[str, Any]) -> HandOver:
    before, key_id, public = (str(read[name]) for name in ("before", "key_id", "public"))
    return HandOver(before, key_id, public, int(read["after"]), bytes.fromhex(str(read["signature"])))
