"""One transaction, and all that can be asked of it."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from engine.domain.library import Library
from engine.domain.state import CaseState
from engine.ports import DueDeadline
from engine.stores.access import Access, Approvals
from engine.stores.audit import AuditLog, Checkpoints, EscalationAudits
from engine.stores.cases import Cases, Links, WorkItems
from engine.stores.custody import Custody
from engine.stores.definitions import Definitions, LawSignatures, Recounts, SpecialDays
from engine.stores.files import Files, Index, Keys
from engine.stores.jobs import Jobs, Records
from engine.stores.keeping import Keeping
from engine.stores.messages import Bundles, ChannelSettings, Deliveries, Messages, Preferences
from engine.stores.partners import Partners
from engine.stores.people import Directory, Duty
from engine.stores.persons import Persons
from engine.stores.safeguarding import BreakGlass, Concerns
from engine.stores.sharing import Consents, Matches, PartnerLinks, Referrals, Transfers
from engine.stores.sign_in import SignIns
from engine.stores.sign_in_habits import SignInHabits
from engine.stores.time import Deadlines, Ledger


class UnitOfWork(Protocol):
    """One transaction. Nothing is kept unless `commit` is called."""

    def lock_for_firing(self, due: Sequence[DueDeadline]) -> Mapping[UUID, CaseState]:
        """Lock and load the cases of due deadlines that nobody else holds, for a transaction that tells many people.

        The same question about people, their work and what is published is asked only once. What is decided and told
        is written all together, at the latest before something is asked that it could change.
        """
        ...

    @property
    def cases(self) -> Cases:
        """Cases."""
        ...

    @property
    def items(self) -> WorkItems:
        """Work items, answers, drafts."""
        ...

    @property
    def persons(self) -> Persons:
        """Persons."""
        ...

    @property
    def links(self) -> Links:
        """Links between cases."""
        ...

    @property
    def audit(self) -> AuditLog:
        """What happens beside cases, and who looked at what."""
        ...

    @property
    def concerns(self) -> Concerns:
        """What was told in confidence."""
        ...

    @property
    def break_glass(self) -> BreakGlass:
        """Requests to see a case that is not one's own."""
        ...

    @property
    def checkpoints(self) -> Checkpoints:
        """The signed word of how far every chain has come."""
        ...

    @property
    def escalations(self) -> EscalationAudits:
        """What the escalation auditor reads and finds."""
        ...

    @property
    def messages(self) -> Messages:
        """Messages and the ledger."""
        ...

    @property
    def preferences(self) -> Preferences:
        """What people chose of how they are told."""
        ...

    @property
    def bundles(self) -> Bundles:
        """Messages that another one stands for."""
        ...

    @property
    def deliveries(self) -> Deliveries:
        """What waits for a channel."""
        ...

    @property
    def channels(self) -> ChannelSettings:
        """Gateways and contacts."""
        ...

    @property
    def directory(self) -> Directory:
        """People and units."""
        ...

    @property
    def sign_ins(self) -> SignIns:
        """What signing in keeps."""
        ...

    @property
    def sign_in_habits(self) -> SignInHabits:
        """By what sign-ins are known again."""
        ...

    @property
    def duty(self) -> Duty:
        """Shifts, absences, conflicts."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Reading the ledger."""
        ...

    @property
    def files(self) -> Files:
        """Files of cases."""
        ...

    @property
    def keys(self) -> Keys:
        """Keys."""
        ...

    @property
    def index(self) -> Index:
        """What persons and files are found by."""
        ...

    @property
    def referrals(self) -> Referrals:
        """Referrals."""
        ...

    @property
    def access(self) -> Access:
        """Grants and denials."""
        ...

    @property
    def approvals(self) -> Approvals:
        """What waits for a second person."""
        ...

    @property
    def consents(self) -> Consents:
        """The ledger of consents."""
        ...

    @property
    def transfers(self) -> Transfers:
        """Which unit has a case."""
        ...

    @property
    def partner_links(self) -> PartnerLinks:
        """Links of partners without an account."""
        ...

    @property
    def matches(self) -> Matches:
        """Persons whom two units know."""
        ...

    @property
    def definitions(self) -> Definitions:
        """Definitions."""
        ...

    @property
    def partners(self) -> Partners:
        """The directory of partners."""
        ...

    @property
    def special_days(self) -> SpecialDays:
        """Days that were added to calendars."""
        ...

    @property
    def law_signatures(self) -> LawSignatures:
        """Signatures of lawyers under limits of the law."""
        ...

    @property
    def keeping(self) -> Keeping:
        """Holds, seals, erasures, copies."""
        ...

    @property
    def custody(self) -> Custody:
        """What a restored backup brings back."""
        ...

    @property
    def recounts(self) -> Recounts:
        """Changes after which open deadlines are counted again."""
        ...

    @property
    def jobs(self) -> Jobs:
        """The outbox."""
        ...

    @property
    def deadlines(self) -> Deadlines:
        """Due deadlines."""
        ...

    @property
    def records(self) -> Records:
        """Commands, documents, services."""
        ...

    def library(self) -> Library:
        """Give what is published at this moment: read again when anything was published since it was read last."""
        ...

    def begin_rows(self) -> bool:
        """Write down what every row says that opens a door, once in the life of a database; gives whether it did."""
        ...

    def wake_listeners(self) -> None:
        """Let those who wait for jobs and deadlines look again, after the commit."""
        ...

    def commit(self) -> None:
        """Keep everything, and wake the listeners of what was written."""
        ...
