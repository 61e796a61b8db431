"""What every store of a subject is made of: the transaction that it works within."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from engine.adapters.sql.held_writes import Writes
from engine.domain.compiled import CompiledWorkflow
from engine.ports import Vault


@dataclass(frozen=True, slots=True)
class Within:
    """The connection of a transaction, what encrypts, the compiled definitions by hash, and what defers writes."""

    connection: Connection
    vault: Vault
    definitions: Mapping[str, CompiledWorkflow] = field(default_factory=dict)
    writes: Writes | None = None


class Store:
    """Tables of one subject, and every statement on them, within one transaction."""

    def __init__(self, within: Within) -> None:
        """Work inside a transaction."""
        self._connection = within.connection
        self._vault = within.vault
        self._definitions = within.definitions
        self._writes = within.writes or Writes(within.connection)
