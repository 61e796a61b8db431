"""The stores of a unit of work: what use cases may ask of storage, within one transaction."""

from engine.stores.access import Access, Approvals
from engine.stores.audit import (
    Audited,
    AuditedEvent,
    AuditedLine,
    AuditedMessage,
    AuditLog,
    Checkpoints,
    EscalationAudits,
    Reading,
    Stream,
)
from engine.stores.cases import Cases, Links, TypedSoFar, WorkItems
from engine.stores.custody import Custody, Revived, RevivedGrant, RevivedOffer, RevivedPerson
from engine.stores.definitions import (
    Definitions,
    LawSignatures,
    OpenRecount,
    Recounts,
    SpecialDays,
    StoredDay,
    StoredDefinition,
    StoredSignature,
)
from engine.stores.files import Files, FileSums, KeyCounts, Keys, Rewrapped
from engine.stores.jobs import Jobs, Records
from engine.stores.keeping import ClosedCase, Correction, ErasureNotice, Keeping, RetentionProposal
from engine.stores.messages import (
    Bundles,
    ChannelSetting,
    ChannelSettings,
    ClaimedDelivery,
    Deliveries,
    DeliveryScope,
    HeldBack,
    Messages,
    Preferences,
    Recent,
)
from engine.stores.people import Credentials, Directory, Duty, Unit
from engine.stores.persons import Persons, TokenMatch
from engine.stores.safeguarding import BreakGlass, Concern, Concerns, GlassRequest, OpenGlass
from engine.stores.sharing import Consents, Matches, PartnerLinks, Referrals, Transfers
from engine.stores.sign_in import ApiKey, Factor, Invitation, KeptForm, Session, SignIns
from engine.stores.sign_in_habits import SignInHabits
from engine.stores.time import Deadlines, Ledger, LinkedLevel
from engine.stores.unit_of_work import UnitOfWork

__all__ = [
    "Access", "ApiKey", "Approvals", "AuditLog", "Audited", "AuditedEvent", "AuditedLine", "AuditedMessage",
    "BreakGlass", "Bundles", "Cases", "ChannelSetting", "ChannelSettings", "Checkpoints", "ClaimedDelivery",
    "ClosedCase", "Concern", "Concerns", "Consents", "Correction", "Credentials", "Custody", "Deadlines", "Definitions",
    "Deliveries", "DeliveryScope", "Directory", "Duty", "ErasureNotice", "EscalationAudits", "Factor", "FileSums",
    "Files", "GlassRequest", "HeldBack", "Invitation", "Jobs", "Keeping", "KeptForm", "KeyCounts", "Keys",
    "LawSignatures", "Ledger", "LinkedLevel", "Links", "Matches", "Messages", "OpenGlass", "OpenRecount",
    "PartnerLinks", "Persons", "Preferences", "Reading", "Recent", "Records", "Recounts", "Referrals",
    "RetentionProposal", "Revived", "RevivedGrant", "RevivedOffer", "RevivedPerson", "Rewrapped", "Session",
    "SignInHabits", "SignIns",
    "SpecialDays", "StoredDay", "StoredDefinition", "StoredSignature", "Stream", "TokenMatch", "Transfers",
    "TypedSoFar", "Unit", "UnitOfWork", "WorkItems",
]  # fmt: skip
