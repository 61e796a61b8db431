"""One transaction over all stores."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy import Engine as SqlEngine

from engine.adapters.sql.access_store import AccessStore
from engine.adapters.sql.approval_store import ApprovalStore
from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.audit_store import EscalationAuditStore
from engine.adapters.sql.break_glass_store import BreakGlassStore
from engine.adapters.sql.bundle_store import BundleStore
from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.channel_store import ChannelStore
from engine.adapters.sql.checkpoint_store import CheckpointStore
from engine.adapters.sql.concern_store import ConcernStore
from engine.adapters.sql.consent_store import ConsentStore
from engine.adapters.sql.custody_store import CustodyStore
from engine.adapters.sql.deadline_store import DeadlineStore
from engine.adapters.sql.definition_store import DefinitionStore
from engine.adapters.sql.delivery_store import DeliveryStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.duty_store import DutyStore
from engine.adapters.sql.file_store import FileStore
from engine.adapters.sql.held_writes import Writes, writing_first
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.in_hand import taken_from
from engine.adapters.sql.index_store import IndexStore
from engine.adapters.sql.item_store import ItemStore
from engine.adapters.sql.job_store import JobStore
from engine.adapters.sql.keeping_store import KeepingStore
from engine.adapters.sql.key_store import KeyStore
from engine.adapters.sql.law_signature_store import LawSignatureStore
from engine.adapters.sql.ledger_store import LedgerStore
from engine.adapters.sql.link_store import LinkStore
from engine.adapters.sql.match_store import MatchStore
from engine.adapters.sql.message_store import MessageStore
from engine.adapters.sql.partner_link_store import PartnerLinkStore
from engine.adapters.sql.partner_store import PartnerStore
from engine.adapters.sql.person_store import PersonStore
from engine.adapters.sql.preference_store import PreferenceStore
from engine.adapters.sql.recent_messages import RecentMessages
from engine.adapters.sql.recount_store import RecountStore
from engine.adapters.sql.referral_store import ReferralStore
from engine.adapters.sql.remembering import forget, remember, remembering
from engine.adapters.sql.row_history import RowHistory
from engine.adapters.sql.sign_in_habit_store import SignInHabitStore
from engine.adapters.sql.sign_in_store import SignInStore
from engine.adapters.sql.special_day_store import SpecialDayStore
from engine.adapters.sql.transfer_store import TransferStore
from engine.domain.compiled import CompiledWorkflow
from engine.domain.library import Library
from engine.domain.state import CaseState
from engine.ports import DueDeadline, Vault

_NOTIFY_JOBS = text("SELECT pg_notify('icmc_jobs', '')")
_NOTIFY_DEADLINES = text("SELECT pg_notify('icmc_deadlines', '')")


class UnitOfWork:
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
        self._taking = taken_from(self._sql)
        self._taken = self._taking.__enter__()
        self._connection = self._taken.connection
        self._writes = Writes(self._connection)
        self._rows = RowHistory(self._vault)
        connection = writing_first(self._connection, self._writes, self._rows)
        self.cases = CaseStore(connection, self._vault, self._definitions, self._writes)
        self.items = ItemStore(connection, self._vault)
        self.persons = PersonStore(connection, self._vault)
        self.links = LinkStore(connection)
        self.messages = MessageStore(connection, self._writes)
        self.deliveries = DeliveryStore(connection)
        self.channels = ChannelStore(connection, self._vault)
        self.preferences = PreferenceStore(connection)
        self._asked_bundles = BundleStore(connection)
        self.bundles: BundleStore | RecentMessages = self._asked_bundles
        self.directory = DirectoryStore(connection)
        self.sign_ins = SignInStore(connection, self._vault)
        self.sign_in_habits = SignInHabitStore(connection)
        self.duty = DutyStore(connection)
        self.ledger = LedgerStore(connection)
        self.referrals = ReferralStore(connection, self._vault)
        self.consents = ConsentStore(connection, self._vault)
        self.transfers = TransferStore(connection)
        self.custody = CustodyStore(connection)
        self.partner_links = PartnerLinkStore(connection)
        self.partners = PartnerStore(connection, self._vault)
        self.matches = MatchStore(connection, self._vault)
        self.access = AccessStore(connection)
        self.approvals = ApprovalStore(connection)
        self.keys = KeyStore(connection, self._vault)
        self.index = IndexStore(connection, self._vault)
        self.files = FileStore(connection, self._vault)
        self.definitions = DefinitionStore(connection)
        self.special_days = SpecialDayStore(connection, self._vault)
        self.law_signatures = LawSignatureStore(connection)
        self.recounts = RecountStore(connection)
        self.keeping = KeepingStore(connection, self._vault)
        self.audit = AuditLogStore(connection, self._vault)
        self.break_glass = BreakGlassStore(connection, self._vault)
        self.concerns = ConcernStore(connection, self._vault)
        self.checkpoints = CheckpointStore(connection)
        self.escalations = EscalationAuditStore(connection)
        self.jobs = JobStore(connection)
        self.deadlines = DeadlineStore(connection)
        self.records = HousekeepingStore(connection, self._vault)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back what was not committed, and give the connection back."""
        self._taking.__exit__(kind, error, trace)

    def lock_for_firing(self, due: Sequence[DueDeadline]) -> Mapping[UUID, CaseState]:
        """Lock and load the cases of due deadlines that nobody else holds, for a transaction that tells many people.

        The same question about people, their work and what is published is asked only once. What is decided and told
        is written all together, at the latest before something is asked that it could change.
        """
        states = self.cases.lock_free({one.case_id for one in due})
        mine = [one.id for one in due if one.case_id in states]
        known = (states[one.case_id].deadlines.get(one.id) for one in due if one.case_id in states)
        self._remember_people()
        remember(self.items, "open_of_step", self.items.open_of_steps({one.step_id for one in known if one}))
        remember(self.duty, "conflicted", self.duty.conflicted_in(states.keys()))
        self.messages.know_lines(mine)
        self._writes.hold()
        return states

    def _remember_people(self) -> None:
        self.directory = remembering(self.directory, "unit", "actor", "holders", "with_role", "with_role_anywhere")
        self.duty = remembering(self.duty, "on_call", "away", "conflicted")
        self.preferences = remembering(self.preferences, "of")
        self.channels = remembering(self.channels, "set_up", "contacts")
        self.items = remembering(self.items, "open_of_step")
        self.cases.on_items_changed = partial(forget, self.items)
        self.bundles = recent = RecentMessages(self._asked_bundles)
        self.messages.on_added = recent.added
        known = self._library(self._connection)
        self._library = lambda _: known

    def library(self) -> Library:
        """Give what is published at this moment: read again when anything was published since it was read last."""
        return self._library(self._connection)

    def begin_rows(self) -> bool:
        """Write down what every row says that opens a door, once in the life of a database; gives whether it did."""
        return self._rows.begin(self._connection)

    def wake_listeners(self) -> None:
        """Let those who wait for jobs and deadlines look again, after the commit."""
        self._connection.execute(_NOTIFY_JOBS)
        self._connection.execute(_NOTIFY_DEADLINES)

    def commit(self) -> None:
        """Keep everything; who waits for what was written hears of it now."""
        self._writes.flush()
        self._rows.note(self.audit)
        self.audit.flush()
        self._connection.commit()
        self._taken.made.clear()
