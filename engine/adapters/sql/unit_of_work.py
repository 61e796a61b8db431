"""One transaction over all stores."""

from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, text
from sqlalchemy import Engine as SqlEngine

from engine.adapters.sql.audit_store import EscalationAuditStore
from engine.adapters.sql.bundle_store import BundleStore
from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.channel_store import ChannelStore
from engine.adapters.sql.deadline_store import DeadlineStore
from engine.adapters.sql.definition_store import DefinitionStore
from engine.adapters.sql.delivery_store import DeliveryStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.duty_store import DutyStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.item_store import ItemStore
from engine.adapters.sql.job_store import JobStore
from engine.adapters.sql.ledger_store import LedgerStore
from engine.adapters.sql.message_store import MessageStore
from engine.adapters.sql.person_store import PersonStore
from engine.adapters.sql.preference_store import PreferenceStore
from engine.adapters.sql.recount_store import RecountStore
from engine.adapters.sql.referral_store import ReferralStore
from engine.adapters.sql.remembering import forget, remembering
from engine.adapters.sql.special_day_store import SpecialDayStore
from engine.domain.compiled import CompiledWorkflow
from engine.domain.library import Library
from engine.ports import Vault

_NOTIFY_JOBS = text("SELECT pg_notify('icmc_jobs', '')")
_NOTIFY_DEADLINES = text("SELECT pg_notify('icmc_deadlines', '')")


class SqlUnitOfWork:
    """A transaction in PostgreSQL. Leaving it without `commit` keeps nothing."""

    def __init__(
        self,
        sql: SqlEngine,
        vault: Vault,
        definitions: Mapping[str, CompiledWorkflow],
        library: Callable[[Connection], Library],
    ) -> None:
        """Make ready; the transaction begins on entering. `library` gives what is published, seen from within it."""
        self._library = library
        self._sql = sql
        self._vault = vault
        self._definitions = definitions

    def __enter__(self) -> Self:
        """Begin."""
        self._connection = self._sql.connect()
        self.cases = CaseStore(self._connection, self._vault, self._definitions)
        self.items = ItemStore(self._connection, self._vault)
        self.persons = PersonStore(self._connection, self._vault)
        self.messages = MessageStore(self._connection)
        self.deliveries = DeliveryStore(self._connection)
        self.channels = ChannelStore(self._connection, self._vault)
        self.preferences = PreferenceStore(self._connection)
        self.bundles = BundleStore(self._connection)
        self.directory = DirectoryStore(self._connection)
        self.duty = DutyStore(self._connection)
        self.ledger = LedgerStore(self._connection)
        self.referrals = ReferralStore(self._connection)
        self.definitions = DefinitionStore(self._connection)
        self.special_days = SpecialDayStore(self._connection)
        self.recounts = RecountStore(self._connection)
        self.escalations = EscalationAuditStore(self._connection)
        self.jobs = JobStore(self._connection)
        self.deadlines = DeadlineStore(self._connection)
        self.records = HousekeepingStore(self._connection, self._vault)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back what was not committed, and give the connection back."""
        self._connection.close()

    def remember_people(self) -> None:
        """Ask the same question about people, their work and what is published only once: for who tells many."""
        self.directory = remembering(self.directory, "unit", "actor", "holders", "with_role", "with_role_anywhere")
        self.duty = remembering(self.duty, "on_call", "away", "conflicted")
        self.preferences = remembering(self.preferences, "of")
        self.channels = remembering(self.channels, "set_up", "contacts")
        self.items = remembering(self.items, "open_of_step")
        self.cases.on_recorded = partial(forget, self.items)
        known = self._library(self._connection)
        self._library = lambda _: known

    def library(self) -> Library:
        """Give what is published at this moment: read again when anything was published since it was read last."""
        return self._library(self._connection)

    def wake_listeners(self) -> None:
        """Let those who wait for jobs and deadlines look again, after the commit."""
        self._connection.execute(_NOTIFY_JOBS)
        self._connection.execute(_NOTIFY_DEADLINES)

    def commit(self) -> None:
        """Keep everything; who waits for what was written hears of it now."""
        self._connection.commit()
