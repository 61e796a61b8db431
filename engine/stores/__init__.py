"""What stores give and are given: rows as records."""

from engine.stores.audit import Audited, AuditedEvent, AuditedLine, AuditedMessage, RecordedReading, Stream
from engine.stores.cases import TypedSoFar
from engine.stores.custody import Revived, RevivedGrant, RevivedOffer, RevivedPerson
from engine.stores.definitions import OpenRecount, StoredDay, StoredDefinition, StoredSignature
from engine.stores.files import FileSums, KeyCounts, Rewrapped
from engine.stores.keeping import ClosedCase, Correction, ErasureNotice, RetentionProposal
from engine.stores.messages import ChannelSetting, ClaimedDelivery, DeliveryScope, HeldBack, Recent
from engine.stores.people import Credentials, Unit
from engine.stores.persons import TokenMatch
from engine.stores.safeguarding import Concern, GlassRequest, OpenGlass
from engine.stores.sign_in import ApiKey, Factor, Invitation, KeptForm, Session
from engine.stores.time import LinkedLevel

__all__ = [
    "ApiKey",
    "Audited",
    "AuditedEvent",
    "AuditedLine",
    "AuditedMessage",
    "ChannelSetting",
    "ClaimedDelivery",
    "ClosedCase",
    "Concern",
    "Correction",
    "Credentials",
    "DeliveryScope",
    "ErasureNotice",
    "Factor",
    "FileSums",
    "GlassRequest",
    "HeldBack",
    "Invitation",
    "KeptForm",
    "KeyCounts",
    "LinkedLevel",
    "OpenGlass",
    "OpenRecount",
    "Recent",
    "RecordedReading",
    "RetentionProposal",
    "Revived",
    "RevivedGrant",
    "RevivedOffer",
    "RevivedPerson",
    "Rewrapped",
    "Session",
    "StoredDay",
    "StoredDefinition",
    "StoredSignature",
    "Stream",
    "TokenMatch",
    "TypedSoFar",
    "Unit",
]  # fmt: skip
