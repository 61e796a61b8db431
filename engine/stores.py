"""The stores of a unit of work: what use cases may ask of storage, within one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from engine.domain import events as ev
from engine.domain.access import CaseAccess, Denial, Grant
from engine.domain.case_links import CaseLink
from engine.domain.checkpoints import Checkpoint, Head, Written
from engine.domain.consent import Consent, Recipient
from engine.domain.consequences import Job, WorkItem
from engine.domain.duty import Absence, Conflict, Shift
from engine.domain.files import CaseFile, FileKind
from engine.domain.four_eyes import ApprovalRequest
from engine.domain.identity import PersonMerge
from engine.domain.keeping import CaseOfPerson, Erasure, ExportCopy, Hold, Restriction, Tombstone
from engine.domain.library import Library
from engine.domain.matching import MatchAlert, SharedPerson
from engine.domain.partner_link import PartnerLink, PartnerView
from engine.domain.policy import Viewer
from engine.domain.records import Case, Deadline, Interval, Scalar
from engine.domain.referral import Referral
from engine.domain.retention import Proposed
from engine.domain.safe_hours import Preference
from engine.domain.state import CaseState
from engine.ports import (
    ActorRecord,
    Batch,
    ClaimedJob,
    DueDeadline,
    JsonValue,
    NewEscalation,
    NewMessage,
    OpenBatch,
)
from engine.views import AuditProblem


class TokenMatch(NamedTuple):
    """A person elsewhere who shares tokens: the unit that knows them, and which kinds of token agree."""

    person_id: UUID
    unit_id: UUID
    unit: str
    contact: str
    kinds: tuple[str, ...]


class ClaimedDelivery(NamedTuple):
    """A delivery that this job tries now: nobody else does until its lease is over.

    `last_code` is of the try before.
    """

    id: UUID
    message_id: UUID
    case_id: UUID | None
    unit_id: UUID | None
    recipient_id: UUID
    channel: str
    address: str
    subject: str
    body: str
    html: str
    critical: bool
    written_at: datetime
    first_tried_at: datetime
    attempt: int
    last_code: str | None
    lane: int


class DeliveryScope(NamedTuple):
    """Which deliveries a job takes along: a channel's, of one organisation or of all, the critical ones or all.

    With `critical_only` those of `case_id` come too.
    """

    channel: str
    organisation_id: UUID | None = None
    critical_only: bool = False
    case_id: UUID | None = None


class ChannelSetting(NamedTuple):
    """A gateway of an organisation; `url` holds credentials and is never shown."""

    id: UUID
    organisation_id: UUID
    channel: str
    url: str
    host: str
    enabled: bool
    rate_per_minute: int


class Recent(NamedTuple):
    """A message that somebody was written a moment ago."""

    kind: str
    is_held: bool


class HeldBack(NamedTuple):
    """How many messages to somebody by a channel wait for one that stands for them all."""

    recipient_id: UUID
    channel: str
    critical: bool
    size: int
    first_at: datetime


class LinkedLevel(NamedTuple):
    """What the link of a message leads to."""

    deadline_id: UUID
    case_id: UUID
    recipient_id: UUID


class Unit(NamedTuple):
    """A unit, as use cases need it."""

    id: UUID
    name: str
    jurisdiction: str
    zone: str
    language: str


class Credentials(NamedTuple):
    """What signing in needs to know of an actor."""

    actor_id: UUID
    password_hash: str | None
    disabled: bool
    demo: bool


class Session(NamedTuple):
    """A sign-in, be it over or not (instants UTC); `by_factor`: a second factor was proved at `stepped_up_at`."""

    id: UUID
    actor_id: UUID
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    stepped_up_at: datetime | None
    by_factor: bool
    pending: bool
    device: str
    disabled: bool


class Factor(NamedTuple):
    """The secret of an authenticator. Codes up to `last_step` were used."""

    secret: str
    last_step: int


class Invitation(NamedTuple):
    """A link by which somebody sets a password, once (instants UTC); without an actor: the first administrator."""

    id: UUID
    kind: str
    actor_id: UUID | None
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime


class KeptForm(NamedTuple):
    """What somebody had typed when their session was over: names and texts, in their order."""

    id: UUID
    path: str
    fields: tuple[tuple[str, str], ...]
    at: datetime


class ApiKey(NamedTuple):
    """A key of a service account (instants UTC); never the key itself."""

    id: UUID
    actor_id: UUID
    name: str
    scopes: tuple[str, ...]
    valid_until: datetime | None
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    account: str = ""


class StoredDefinition(NamedTuple):
    """A version of a definition as it is stored; `flattened` is what is compiled."""

    id: UUID
    kind: str
    name: str
    version: int
    title: str
    status: str
    content_hash: str
    source: str
    flattened: Mapping[str, Any]
    author: str
    published_at: datetime | None


class StoredDay(NamedTuple):
    """A day that somebody has added to a calendar: `kind` is `holiday` or `working`; `who` is their name."""

    id: UUID
    calendar: str
    day: date
    kind: str
    name: str
    reason: str
    added_by: UUID | None
    added_at: datetime
    who: str = ""


class ClosedCase(NamedTuple):
    """A closed case, as a retention policy looks at it (UTC)."""

    id: UUID
    unit_id: UUID
    jurisdiction: str
    zone: str
    closed_at: datetime


class RetentionProposal(NamedTuple):
    """What a retention policy proposes for a case (UTC); `decision` is empty until a person has decided."""

    id: UUID
    case_id: UUID
    act: str
    policy: str
    due_at: datetime
    kept_until: datetime | None
    proposed_at: datetime
    decision: str
    decided_at: datetime | None


class ErasureNotice(NamedTuple):
    """That a unit which was given something of a case is asked to erase its copy (UTC)."""

    id: UUID
    erasure_id: UUID
    case_id: UUID
    unit_id: UUID
    sent_at: datetime
    due_at: datetime
    answered_by: UUID | None = None
    answered_at: datetime | None = None
    answer: str = ""
    case_number: str = ""


class Correction(NamedTuple):
    """That what is known of a person was corrected or remarked upon (UTC); the words are sealed."""

    id: UUID
    case_id: UUID
    person_id: UUID
    kind: str
    reason_code: str
    made_by: UUID | None
    made_at: datetime


class OpenRecount(NamedTuple):
    """A change after which deadlines are counted again, and the last case that was looked at."""

    id: UUID
    kind: str
    name: str
    after_case_id: UUID | None


@dataclass(frozen=True, slots=True)
class AuditedEvent:
    """An event of a deadline's breach or of one of its levels; instants as the chain has them, in text."""

    type: str
    level: str
    due_at: str | None
    breached_at: str | None


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A message of a line of the ledger, and the channels that it goes by."""

    recipient_id: UUID
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditedLine:
    """A line of the ledger with its messages."""

    level: int
    round: int
    is_missed: bool
    recipient_ids: tuple[UUID, ...]
    messages: tuple[AuditedMessage, ...]


@dataclass(frozen=True, slots=True)
class Audited:
    """A deadline with everything that is kept of what fired of it, at one moment."""

    deadline: Deadline
    failures: int
    events: tuple[AuditedEvent, ...]
    lines: tuple[AuditedLine, ...]


Stream = Literal["people", "sign-in", "keys", "keeping", "channels", "definitions", "access", "safeguarding"]
"""The chains of what happens beside cases."""


class Reading(NamedTuple):
    """Somebody looked at what identifies people of a case; `what` says at which part, `classes` of which sort it is."""

    case_id: UUID
    actor_id: UUID | None
    at: datetime
    what: str
    subject_id: UUID | None
    classes: tuple[str, ...]
    roles: tuple[str, ...]


class AuditLog(Protocol):
    """What happens beside cases, and who looked at what: chained, and never changed or removed."""

    def note(self, stream: Stream, type_: str, body: Mapping[str, Any], *, actor_id: UUID | None, at: datetime) -> None:
        """Add an event to a stream; ids, codes and counts only, no personal data."""
        ...

    def note_reading(self, reading: Reading) -> None:
        """Add that somebody looked at what identifies people of a case."""
        ...

    def opened(self, *, since: datetime, until: datetime) -> tuple[tuple[UUID, int], ...]:
        """Count how many cases each person has opened after one instant and up to another."""
        ...

    def median_hour(self, actor_id: UUID, *, since: datetime, until: datetime) -> float:
        """Give the median of how many cases somebody opened in an hour, of the hours with any; 0 for none."""
        ...


class Concern(NamedTuple):
    """What was told in confidence to one person about one of us, without its words (UTC)."""

    id: UUID
    kind: str
    about_id: UUID
    case_number: str
    raised_by: UUID
    raised_at: datetime
    recipient_id: UUID
    status: str
    answered_at: datetime | None


class Concerns(Protocol):
    """What was told in confidence about one of us."""

    def add(self, concern: Concern, *, words: str) -> None:
        """Write a concern, its words sealed."""
        ...

    def get(self, concern_id: UUID) -> Concern | None:
        """Load a concern without its words."""
        ...

    def words_of(self, concern_id: UUID) -> tuple[str, str]:
        """Open the words of a concern, and of its answer."""
        ...

    def answer(self, concern_id: UUID, *, status: str, words: str, at: datetime) -> None:
        """Write the answer over an earlier one."""
        ...


class GlassRequest(NamedTuple):
    """That somebody asked to see a case that is not theirs (UTC); the ids are empty where nothing was opened."""

    id: UUID
    actor_id: UUID
    number: str
    case_id: UUID | None
    grant_id: UUID | None
    approval_id: UUID | None
    reason_code: str
    hours: int
    asked_at: datetime
    ends_at: datetime


class OpenGlass(NamedTuple):
    """A request by which a case was opened (UTC)."""

    id: UUID
    actor_id: UUID
    case_id: UUID | None
    grant_id: UUID | None
    approval_id: UUID | None
    asked_at: datetime


class BreakGlass(Protocol):
    """Requests to see a case that is not one's own."""

    def case_of_number(self, number: str) -> UUID | None:
        """Find a case by its whole number, whoever may see it; None when there is none."""
        ...

    def add(self, request: GlassRequest, *, words: str) -> None:
        """Write a request, its words sealed."""
        ...

    def get(self, request_id: UUID) -> OpenGlass | None:
        """Load a request that opened a case."""
        ...

    def unanswered(self, *, before: datetime) -> tuple[OpenGlass, ...]:
        """List what was opened before an instant, that nobody has confirmed and of which nobody above was told."""
        ...

    def flag(self, request_id: UUID, *, at: datetime) -> None:
        """Write that those above were told."""
        ...

    def asked_since(self, since: datetime, *, at_least: int) -> tuple[tuple[UUID, int], ...]:
        """Count who has asked often since an instant, whether there were such cases or not."""
        ...


class Checkpoints(Protocol):
    """The signed word of how far every chain has come."""

    def take_turn(self) -> bool:
        """Say whether no other transaction makes a checkpoint; then none does until this one ends."""
        ...

    def last(self) -> Checkpoint | None:
        """Load the newest checkpoint."""
        ...

    def moved(self, *, most: int) -> tuple[Head, ...]:
        """List chains that are not where a checkpoint has seen them."""
        ...

    def totals(self) -> tuple[int, int]:
        """Count the chains, and their links."""
        ...

    def add(self, written: Written) -> None:
        """Write a checkpoint with the heads of the chains that had moved."""
        ...

    def since(self, number: int) -> Iterable[Written]:
        """Load the checkpoints from a number on, in order."""
        ...


class EscalationAudits(Protocol):
    """What the escalation auditor reads and finds."""

    def late(self, *, until: datetime, most: int) -> tuple[UUID, ...]:
        """List open deadlines of which something is due since before `until`."""
        ...

    def swept(self, *, after: str, most: int) -> tuple[UUID, ...]:
        """List open deadlines by id, those after `after`; empty for the beginning."""
        ...

    def fired(self, *, since: datetime, until: datetime, most: int) -> tuple[tuple[UUID, datetime], ...]:
        """List the deadlines of which a level or the breach was recorded between two instants, and when, in order."""
        ...

    def read(self, ids: Sequence[UUID]) -> Iterable[Audited]:
        """Read deadlines with all that is kept of them, each as it is at one moment."""
        ...

    def keep(self, audit_id: UUID, *, checked: int, problems: Sequence[AuditProblem], at: datetime) -> None:
        """Keep what a pass found; what is older than 90 days is forgotten."""
        ...


class Cases(Protocol):
    """Cases."""

    def read(self, case_id: UUID) -> CaseState:
        """Load a case as it is now, and let others change it; raises `NotFoundError`."""
        ...

    def lock(self, case_id: UUID) -> CaseState:
        """Load a case and keep others from changing it until the transaction ends; raises `NotFoundError`."""
        ...

    def add(self, case: Case, report: Mapping[str, Scalar]) -> CaseState:
        """Write a new case, before its first event."""
        ...

    def record(
        self, before: CaseState, events: Sequence[ev.Event], *, actor_id: UUID | None, at: datetime
    ) -> CaseState:
        """Write events, the records they change, the items and jobs that follow, and the links of the chain."""
        ...

    def note(
        self, state: CaseState, type_: str, body: Mapping[str, Any], *, actor_id: UUID | None, at: datetime
    ) -> CaseState:
        """Write an event that changes no record of the case: a claim, a reading, a delivery."""
        ...

    def keep_place(self, state: CaseState, interval: Interval, *, place: str, evidence: str = "") -> None:
        """Seal where a recorded stretch of time led, and what shows it."""
        ...

    def add_jobs(self, state: CaseState, jobs: Sequence[Job], *, at: datetime, **more: object) -> None:
        """Write jobs into the outbox, and make sure that somebody is told of them."""
        ...


class WorkItems(Protocol):
    """Work items."""

    def get(self, item_id: UUID) -> WorkItem:
        """Load a work item; raises `NotFoundError`."""
        ...

    def open_of_step(self, step_id: UUID) -> WorkItem | None:
        """Load the open item of a step, if there is one."""
        ...

    def open_of_case(self, case_id: UUID) -> tuple[WorkItem, ...]:
        """Load every open item of a case."""
        ...

    def save(self, item: WorkItem) -> None:
        """Save an item over the revision before it; raises `ConflictError` when somebody else was first."""
        ...

    def keep_answers(
        self,
        answers: Mapping[str, JsonValue],
        *,
        case_id: UUID,
        unit_id: UUID,
        step_id: UUID,
        turn: int,
        at: datetime,
        key_of: UUID | None = None,
        apart: Collection[str] = (),
    ) -> bytes:
        """Seal the answers of a step, under the key of its person if it has one, else of the case.

        Gives the sealed bytes, of which the chain keeps a hash.
        """
        ...

    def answers(self, step_id: UUID, *, turn: int | None = None) -> Mapping[str, JsonValue]:
        """Open the answers of a step, of its latest turn unless one is named; empty when there are none."""
        ...

    def save_draft(
        self,
        item: WorkItem,
        answers: Mapping[str, JsonValue],
        *,
        unit_id: UUID,
        by: UUID,
        at: datetime,
        key_of: UUID | None = None,
        apart: Collection[str] = (),
    ) -> None:
        """Keep what has been typed, sealed under the key of the step's person if it has one."""
        ...

    def save_proposals(
        self,
        item: WorkItem,
        proposals: Mapping[str, JsonValue],
        notes: Sequence[str],
        *,
        unit_id: UUID,
        at: datetime,
        key_of: UUID | None = None,
        apart: Collection[str] = (),
    ) -> None:
        """Keep what preparing the step proposed, sealed under the key of the step's person if it has one."""
        ...

    def drop_draft(self, item_id: UUID) -> None:
        """Forget what was typed, once it has been sent."""
        ...


class Persons(Protocol):
    """Persons."""

    def add(
        self,
        person_id: UUID,
        identity: Mapping[str, JsonValue],
        tokens: Sequence[tuple[str, str]],
        *,
        unit_id: UUID,
        at: datetime,
    ) -> None:
        """Write a person; `tokens` are (kind, normalised value), of which only blind tokens are kept."""
        ...

    def change(self, person_id: UUID, identity: Mapping[str, JsonValue], tokens: Sequence[tuple[str, str]]) -> None:
        """Write what is known of a person now, over what was known before."""
        ...

    def known_by(self, organisation_id: UUID, tokens: Sequence[tuple[str, str]]) -> tuple[UUID, ...]:
        """Find persons whom an organisation has written down itself and who have all of these tokens, by id."""
        ...

    def identity(self, person_id: UUID) -> Mapping[str, JsonValue]:
        """Open who a person is; empty when nothing is known."""
        ...

    def matches(self, person_ids: Sequence[UUID], *, case_id: UUID) -> tuple[TokenMatch, ...]:
        """Find persons of other cases who share tokens with these."""
        ...

    def same_as(self, person_id: UUID) -> tuple[UUID, ...]:
        """List all persons that were found to be one with this one, itself among them."""
        ...

    def add_merge(self, merge: PersonMerge) -> None:
        """Write that two persons are one."""
        ...

    def end_merge(self, merge: PersonMerge) -> None:
        """Write that two persons are two again."""
        ...

    def merge_of(self, secondary_id: UUID) -> PersonMerge | None:
        """Load the merge that holds by which a person points to another one."""
        ...


class Links(Protocol):
    """How cases belong together."""

    def add(self, link: CaseLink) -> None:
        """Write a link."""
        ...

    def save(self, link: CaseLink) -> None:
        """Write what became of a link."""
        ...

    def get(self, link_id: UUID) -> CaseLink | None:
        """Load a link, and keep others from answering or ending it until the transaction ends."""
        ...

    def live_of(self, case_id: UUID) -> tuple[CaseLink, ...]:
        """Load the links of a case that hold or wait for an answer, from either side, the earliest first."""
        ...


class Messages(Protocol):
    """Messages."""

    def add(self, message: NewMessage, *, unit_id: UUID | None, address: str, at: datetime) -> bool:
        """Write a message once; a second one with the same key changes nothing and gives False.

        In-app messages are delivered by being written; the others wait for a channel to take them.
        """
        ...

    def mark_read(self, message_id: UUID, *, by: UUID, at: datetime) -> bool:
        """Say that somebody has read their notice."""
        ...

    def add_escalation(self, escalation: NewEscalation, *, unit_id: UUID) -> bool:
        """Write a line of the ledger once; a second one for the same level and round gives False."""
        ...

    def acknowledge(self, deadline_id: UUID, *, by: UUID, at: datetime) -> None:
        """Say that the levels raised so far have been seen."""
        ...


class Deliveries(Protocol):
    """What waits for a channel. A claim is a short lease: a try counts from then on, and is recorded afterwards."""

    def claim(self, scope: DeliveryScope, *, most: int, now: datetime, lease: timedelta) -> tuple[ClaimedDelivery, ...]:
        """Claim what is due, the most dangerous first, then the oldest; what others have claimed is left out."""
        ...

    def claim_probe(self, scope: DeliveryScope, *, now: datetime, lease: timedelta) -> tuple[ClaimedDelivery, ...]:
        """Claim the most dangerous of what is due or failed a while ago, if anything is due; at most one."""
        ...

    def release(self, deliveries: Sequence[ClaimedDelivery], *, now: datetime) -> None:
        """Give back what was claimed and not tried."""
        ...

    def delivered(self, delivery: ClaimedDelivery, *, at: datetime) -> None:
        """Say that a channel has taken a delivery."""
        ...

    def failed(self, delivery: ClaimedDelivery, *, code: str, again_at: datetime | None) -> None:
        """Say that a try failed: it is tried again at `again_at`, or given up as work for a person."""
        ...

    def wake(self, scope: DeliveryScope, *, now: datetime, codes: Sequence[str] = ()) -> int:
        """Make due what waits after a failure of the channel, with one of these codes or any; gives how many."""
        ...

    def any_due(self, scope: DeliveryScope, *, now: datetime) -> bool:
        """Say whether anything is due."""
        ...

    def count_due(self, channel: str, *, now: datetime) -> int:
        """Count what is due on a channel."""
        ...

    def next_try(self, channel: str, *, case_id: UUID) -> datetime | None:
        """Give the instant at which the next waiting delivery of a case may be tried."""
        ...

    def unit_of(self, case_id: UUID) -> UUID | None:
        """Give the unit of a case."""
        ...

    def waiting_channels(self, case_id: UUID) -> tuple[str, ...]:
        """List the channels for which something of a case waits."""
        ...

    def waiting_of(self, case_ids: Sequence[UUID]) -> tuple[tuple[UUID, str], ...]:
        """List the cases of these of which something waits, with each channel that it waits for."""
        ...

    def channels_used(self, message_id: UUID) -> tuple[str, ...]:
        """List the channels by which the recipient is told the same."""
        ...

    def add_second(self, first: ClaimedDelivery, *, channel: str, now: datetime) -> bool:
        """Let another channel carry the message too, once."""
        ...

    def queue(self, case_id: UUID, *, channel: str, job_id: UUID, critical: bool, now: datetime) -> None:
        """Put a job into the outbox that sends what waits for a channel, once."""
        ...

    def finish_spent_jobs(self, channel: str, case_ids: Sequence[UUID], *, at: datetime, **more: object) -> int:
        """Finish the delivery jobs of cases for which nothing waits any more; gives how many."""
        ...

    def unattended(self, *, now: datetime) -> tuple[str, ...]:
        """List the channels for which something is due that no job will send."""
        ...

    def again(self, delivery_id: UUID, *, now: datetime) -> tuple[UUID | None, str] | None:
        """Let a delivery that was given up be tried again; gives its case and channel, None when it was not."""
        ...

    def drop(self, delivery_id: UUID, *, reason: str, by: UUID, at: datetime) -> bool:
        """Take a delivery that was given up off the list, with the reason; gives whether it was there."""
        ...


class ChannelSettings(Protocol):
    """The gateways of organisations, and where people are reached by them."""

    def of_unit(self, unit_id: UUID, channel: str) -> ChannelSetting | None:
        """Load the gateway that serves a unit, if one is set up and enabled."""
        ...

    def set_up(self, unit_id: UUID) -> tuple[str, ...]:
        """List the channels whose gateway serves a unit."""
        ...

    def get(self, organisation_id: UUID, channel: str) -> ChannelSetting | None:
        """Load a gateway, also a disabled one."""
        ...

    def save(self, setting: ChannelSetting, *, act: str, by: UUID | None, at: datetime) -> None:
        """Write a gateway, its address sealed, and a line that says who did it."""
        ...

    def rates(self) -> tuple[tuple[str, int], ...]:
        """List the enabled channels with the lowest rate a minute of any organisation."""
        ...

    def organisation_of(self, unit_id: UUID) -> UUID | None:
        """Give the organisation of a unit."""
        ...

    def organisation_named(self, name: str) -> UUID | None:
        """Find an organisation by its name."""
        ...

    def set_contact(self, actor_id: UUID, channel: str, address: str, *, at: datetime) -> None:
        """Keep where somebody is reached, sealed; an empty address takes it away."""
        ...

    def address(self, actor_id: UUID, channel: str) -> str:
        """Open where somebody is reached; empty when it is not known."""
        ...

    def contacts(self, actor_id: UUID) -> tuple[str, ...]:
        """List the channels by which somebody can be reached."""
        ...


class Preferences(Protocol):
    """What people chose of how they are told."""

    def of(self, actor_ids: Iterable[UUID]) -> Mapping[UUID, Preference]:
        """Load what people chose; who chose nothing is left out."""
        ...

    def with_daily_digest(self) -> tuple[Preference, ...]:
        """Load the choices of all who want one message a day."""
        ...

    def save(self, preference: Preference, *, at: datetime) -> None:
        """Write what a person chose, over what they chose before."""
        ...


class Bundles(Protocol):
    """Deliveries that are held back because one message will stand for them."""

    def recent(self, *, recipient_id: UUID, channel: str, since: datetime, critical: bool) -> tuple[Recent, ...]:
        """Load the kinds of the newest messages to somebody by a channel, and whether each is held back."""
        ...

    def hold_back(self, *, recipient_id: UUID, channel: str, since: datetime) -> None:
        """Hold back what was written a moment ago and nobody has tried to send yet; critical messages stay."""
        ...

    def held_back(self, held_for: str, *, recipient_id: UUID | None = None) -> tuple[HeldBack, ...]:
        """Count what is held back for a `storm` or `digest` message, for each person (or one) and channel."""
        ...

    def bundle(self, held: HeldBack, *, held_for: str, by: UUID) -> int:
        """Let one message stand for all that is held back for somebody by a channel; gives how many."""
        ...

    def last_at(self, *, recipient_id: UUID, channel: str, kind: str, critical: bool) -> datetime | None:
        """Give when somebody was last written a message of a kind by a channel; None when never."""
        ...


class Directory(Protocol):
    """People and units."""

    def add_organisation(self, organisation_id: UUID, *, name: str, kind: str = "ngo") -> None:
        """Write an organisation, unless it is there already."""
        ...

    def add_unit(
        self, unit_id: UUID, *, organisation_id: UUID, name: str, jurisdiction: str, zone: str, contact: str = ""
    ) -> None:
        """Write a unit, unless it is there already."""
        ...

    def unit(self, unit_id: UUID) -> Unit | None:
        """Load a unit."""
        ...

    def units(self) -> tuple[Unit, ...]:
        """Load every unit."""
        ...

    def add_actor(
        self,
        actor_id: UUID,
        *,
        name: str,
        email: str,
        password_hash: str | None = None,
        demo: bool = False,
        supervisor_id: UUID | None = None,
    ) -> None:
        """Write an actor, unless the id is there already."""
        ...

    def add_role(self, actor_id: UUID, *, unit_id: UUID, role: str) -> None:
        """Give an actor a role in a unit."""
        ...

    def set_disabled(self, actor_id: UUID, *, disabled: bool) -> None:
        """Let an actor act, or no longer."""
        ...

    def set_password(self, actor_id: UUID, password_hash: str) -> None:
        """Write the hash of a new password."""
        ...

    def password_of(self, actor_id: UUID) -> str | None:
        """Give the hash of somebody's password."""
        ...

    def names_around(self, unit_ids: Collection[UUID]) -> tuple[str, ...]:
        """List the names of units and of the organisations that they belong to."""
        ...

    def change_unit(self, unit_id: UUID, *, name: str, language: str, contact: str) -> None:
        """Write what a unit is called, speaks, and may be called by."""
        ...

    def change_actor(self, actor_id: UUID, **values: object) -> None:
        """Write a name, a language, a supervisor or that an actor is a service."""
        ...

    def take_role(self, actor_id: UUID, *, unit_id: UUID, role: str) -> bool:
        """Take a role in a unit from an actor; gives whether they had it."""
        ...

    def has_role(self, actor_id: UUID, *, unit_id: UUID, role: str) -> bool:
        """Say whether an actor has a role in a unit."""
        ...

    def memberships(self, actor_id: UUID) -> tuple[tuple[UUID, str], ...]:
        """List the units of an actor with each role in them."""
        ...

    def is_service(self, actor_id: UUID) -> bool:
        """Say whether an actor is a program."""
        ...

    def supervised_by(self, actor_id: UUID) -> tuple[UUID, ...]:
        """List who has an actor as their supervisor."""
        ...

    def is_unserved(self, unit_id: UUID, role: str) -> bool:
        """Say whether open work of a unit waits for a role, and nobody there who acts has it or another one for it."""
        ...

    def hold_roles(self) -> None:
        """Keep others from changing who administers until the transaction ends."""
        ...

    def count_actors(self) -> int:
        """Count the actors."""
        ...

    def actor(self, actor_id: UUID) -> ActorRecord | None:
        """Load an actor with units and roles."""
        ...

    def holders(self, *, roles: tuple[str, ...], unit_id: UUID | None = None) -> tuple[ActorRecord, ...]:
        """Load who has one of these roles, in a unit or anywhere, be they disabled or away or not."""
        ...

    def with_role(self, *, unit_id: UUID, roles: tuple[str, ...], now: datetime) -> tuple[ActorRecord, ...]:
        """Load who has one of these roles in a unit, can act, and is not away."""
        ...

    def with_role_anywhere(self, *, roles: tuple[str, ...], now: datetime) -> tuple[ActorRecord, ...]:
        """Load who has one of these roles in any unit, can act, and is not away."""
        ...

    def credentials(self, email: str) -> Credentials | None:
        """Load what signing in needs, by e-mail address."""
        ...


class SignIns(Protocol):
    """What signing in keeps: sessions, second factors, invitations, tries, kept forms, keys."""

    def add_session(
        self,
        token_hash: bytes,
        *,
        actor_id: UUID,
        at: datetime,
        pending: bool = False,
        by_factor: bool = False,
        device: str = "",
    ) -> None:
        """Write a sign-in; a pending one waits for the code of a second factor."""
        ...

    def session(self, token_hash: bytes) -> Session | None:
        """Load a session, be it over or not; None for a token that was never given or was replaced."""
        ...

    def sessions_of(self, actor_id: UUID, *, since: datetime) -> tuple[Session, ...]:
        """Load the sessions of somebody that were not ended and began after an instant, the newest first."""
        ...

    def touch_session(self, token_hash: bytes, *, at: datetime) -> None:
        """Note that a session was used."""
        ...

    def renew_session(self, token_hash: bytes, *, new_hash: bytes, at: datetime, by_factor: bool) -> bool:
        """Give a live session another token, proved at `at`; the old token is nobody's. Gives whether there was one."""
        ...

    def end_session(self, token_hash: bytes, *, at: datetime) -> None:
        """End a session; it does not come back."""
        ...

    def end_session_of(self, actor_id: UUID, session_id: UUID, *, at: datetime) -> bool:
        """End one of somebody's own sessions; gives whether it was one."""
        ...

    def end_sessions(self, actor_id: UUID, *, at: datetime, but: bytes | None = None) -> int:
        """End every session of somebody, but for one; gives how many."""
        ...

    def factor(self, actor_id: UUID, *, hold: bool = False) -> Factor | None:
        """Load somebody's second factor; with `hold` nobody else uses a code of it until the transaction ends."""
        ...

    def has_factor(self, actor_id: UUID) -> bool:
        """Say whether somebody has a second factor that was tried once."""
        ...

    def propose_factor(self, actor_id: UUID, secret: str, *, at: datetime) -> None:
        """Write a secret that counts once a code of it was given; the one that counts now stays until then."""
        ...

    def proposed_factor(self, actor_id: UUID) -> str | None:
        """Open the secret that was proposed, if there is one."""
        ...

    def confirm_factor(self, actor_id: UUID, secret: str, *, step: int, at: datetime) -> None:
        """Let a secret count from now on, in place of the one before; the code of `step` was used for that."""
        ...

    def use_step(self, actor_id: UUID, step: int) -> None:
        """Say that the code of these thirty seconds was used: it, and those before it, count no more."""
        ...

    def drop_factor(self, actor_id: UUID) -> None:
        """Take somebody's second factor away, with its recovery codes."""
        ...

    def set_recovery_codes(self, actor_id: UUID, hashes: Mapping[UUID, str], *, at: datetime) -> None:
        """Write the hashes of new recovery codes, by id; the ones before count no more."""
        ...

    def recovery_codes(self, actor_id: UUID) -> tuple[tuple[UUID, str], ...]:
        """Load the recovery codes that were not used: id and hash."""
        ...

    def use_recovery_code(self, code_id: UUID, *, at: datetime) -> bool:
        """Use a recovery code; gives whether it was still there."""
        ...

    def add_invitation(self, invitation: Invitation, token_hash: bytes) -> None:
        """Write a link by which somebody sets a password; earlier ones of the same person count no more."""
        ...

    def invitation(self, token_hash: bytes, *, now: datetime) -> Invitation | None:
        """Load the invitation of a link that can still be used."""
        ...

    def use_invitation(self, invitation_id: UUID, *, at: datetime) -> bool:
        """Use a link; gives whether it could still be used."""
        ...

    def cancel_invitations(self, actor_id: UUID | None, *, at: datetime) -> None:
        """Let no link of somebody count any more; None: no link for the first administrator."""
        ...

    def note_device(self, actor_id: UUID, mark_hash: bytes, *, at: datetime) -> bool:
        """Note the browser of a sign-in; gives whether it is a new one of somebody who had others."""
        ...

    def tries(self, keys: Sequence[bytes], *, at: datetime) -> tuple[tuple[int, datetime], ...]:
        """Load how often signing in failed of late under each key, and when last; others wait for the transaction.

        Keys are made where they are missing, in one order, so that two transactions never wait for each other.
        """
        ...

    def set_tries(self, counts: Mapping[bytes, int], *, at: datetime) -> None:
        """Write how often signing in failed under keys that were loaded."""
        ...

    def forget_tries(self, keys: Iterable[bytes]) -> None:
        """Forget the failures under some keys."""
        ...

    def forget_old(
        self, *, tries_before: datetime, forms_before: datetime, devices_before: datetime, sessions_before: datetime
    ) -> int:
        """Forget failures, kept forms, browsers, sessions and links that are older; gives how many rows."""
        ...

    def keep_form(
        self, form_id: UUID, *, actor_id: UUID, path: str, fields: Sequence[tuple[str, str]], at: datetime
    ) -> None:
        """Keep what somebody had typed, sealed, in place of what was kept of them before."""
        ...

    def kept_form(self, form_id: UUID, *, actor_id: UUID, since: datetime) -> KeptForm | None:
        """Open what somebody had typed; None when it is another's, too old, or gone."""
        ...

    def newest_kept_form(self, actor_id: UUID, *, since: datetime) -> UUID | None:
        """Give the newest of what was kept of somebody."""
        ...

    def drop_form(self, form_id: UUID, *, actor_id: UUID) -> None:
        """Forget what somebody had typed."""
        ...

    def add_key(self, key: ApiKey, key_hash: bytes, *, by: UUID | None, at: datetime) -> None:
        """Write a key of a service account."""
        ...

    def key(self, key_hash: bytes, *, now: datetime) -> ApiKey | None:
        """Load a key that counts now: not revoked, not over, of an account that may act."""
        ...

    def keys(self) -> tuple[ApiKey, ...]:
        """Load every key, by account and name."""
        ...

    def use_key(self, key_id: UUID, *, at: datetime) -> None:
        """Note that a key was used."""
        ...

    def revoke_key(self, key_id: UUID, *, at: datetime) -> bool:
        """Let a key count no more; gives whether it did."""
        ...

    def revoke_keys(self, actor_id: UUID, *, at: datetime) -> None:
        """Let no key of an account count any more."""
        ...


class Duty(Protocol):
    """Who is on call, who is away, and who must not be told of a case."""

    def add_shift(self, shift: Shift, *, by: UUID | None, at: datetime) -> None:
        """Write a shift."""
        ...

    def shift(self, shift_id: UUID) -> Shift | None:
        """Load a shift that was not called off."""
        ...

    def shifts(self, unit_id: UUID, *, since: datetime) -> tuple[Shift, ...]:
        """Load the shifts of a unit that end after an instant, the earliest first."""
        ...

    def on_call(self, unit_id: UUID, *, at: datetime) -> tuple[Shift, ...]:
        """Load the shifts of a unit that cover an instant."""
        ...

    def end_shift(self, shift_id: UUID, *, at: datetime) -> None:
        """Let a shift end at an instant."""
        ...

    def cancel_shift(self, shift_id: UUID, *, at: datetime) -> None:
        """Call a shift off."""
        ...

    def add_absence(self, absence: Absence, *, by: UUID | None, at: datetime) -> None:
        """Write an absence."""
        ...

    def absence(self, absence_id: UUID) -> Absence | None:
        """Load an absence that was not called off."""
        ...

    def absences(self, actor_id: UUID, *, since: datetime) -> tuple[Absence, ...]:
        """Load the absences of somebody that end after an instant, the earliest first."""
        ...

    def away(self, actor_ids: Collection[UUID], *, at: datetime) -> Mapping[UUID, Absence]:
        """Load which of these people are away at an instant."""
        ...

    def end_absence(self, absence_id: UUID, *, at: datetime) -> None:
        """Let an absence end at an instant; one that has not begun is called off."""
        ...

    def who_cannot_act(self, *, at: datetime) -> tuple[UUID, ...]:
        """List who has claimed items and is disabled, or away at an instant."""
        ...

    def items_of(self, actor_id: UUID) -> tuple[tuple[UUID, UUID], ...]:
        """List the open items that somebody has claimed: item and case, the oldest first."""
        ...

    def add_conflict(self, conflict: Conflict, *, by: UUID | None, at: datetime) -> None:
        """Write that somebody must not be told of a case; a conflict that had ended begins again."""
        ...

    def end_conflict(self, case_id: UUID, actor_id: UUID, *, at: datetime) -> bool:
        """Say that somebody may be told again; gives whether there was a conflict."""
        ...

    def conflicts_of(self, case_id: UUID) -> tuple[Conflict, ...]:
        """Load the conflicts of interest of a case that hold."""
        ...

    def conflicted(self, case_id: UUID) -> frozenset[UUID]:
        """Give who must not be told of a case."""
        ...


class Ledger(Protocol):
    """The ledger of escalations."""

    def who_was_told(self, deadline_id: UUID) -> frozenset[UUID]:
        """Give everybody whom a level of a deadline's ladder has told."""
        ...

    def by_token(self, token: str) -> LinkedLevel | None:
        """Find the deadline, and the recipient, of the message that an opaque link was made for."""
        ...

    def acknowledge(self, deadline_id: UUID, *, by: UUID, at: datetime) -> int:
        """Say that the levels that have told somebody so far have been seen; gives how many that is news of."""
        ...


class Referrals(Protocol):
    """What was offered to other units and partners, and how they answered."""

    def add(self, referral: Referral, *, note: str = "") -> bool:
        """Write a referral once, its note sealed; gives whether it is new."""
        ...

    def save(self, referral: Referral) -> None:
        """Write a referral as it is now; what was sent, and of which case, stays as it was."""
        ...

    def get(self, referral_id: UUID) -> Referral | None:
        """Load a referral."""
        ...

    def note(self, referral_id: UUID) -> str:
        """Open what the other side must know at once; empty when nothing was written."""
        ...

    def of_case(self, case_id: UUID) -> tuple[Referral, ...]:
        """Load the referrals of a case, the earliest first."""
        ...

    def of_consent(self, consent_id: UUID) -> tuple[Referral, ...]:
        """Load the referrals that rest on a consent, the earliest first."""
        ...

    def answer(self, referral_id: UUID, *, status: str, by: UUID | None, at: datetime, reason_code: str = "") -> None:
        """Write how a referral was answered, or that it was called back."""
        ...

    def partner_of(self, case_id: UUID, step_id: UUID) -> UUID | None:
        """Give the unit that a step, or else its case, was referred to last and that has not declined."""
        ...

    def recipient(self, unit_id: UUID) -> Recipient:
        """Say who a unit is, in the words of a consent; one that there is not is nobody."""
        ...

    def partners(self, jurisdiction: str, *, but: Collection[UUID]) -> tuple[UUID, ...]:
        """List the units of a place, its own first and then those of its country, without those named."""
        ...


class Consents(Protocol):
    """The ledger of consents; nothing is ever taken out."""

    def add(self, consent: Consent) -> bool:
        """Write a consent once; gives whether it is new."""
        ...

    def get(self, consent_id: UUID) -> Consent | None:
        """Load a consent."""
        ...

    def of_case(self, case_id: UUID) -> tuple[Consent, ...]:
        """Load the consents of a case, the earliest first."""
        ...

    def withdraw(self, consent_id: UUID, *, by: UUID | None, at: datetime) -> bool:
        """Write that a consent was taken back; gives whether it still held."""
        ...

    def run_out(self, *, now: datetime, most: int) -> tuple[Consent, ...]:
        """Load the consents that have run out and for which nothing was done yet, the earliest first."""
        ...

    def note_expired(self, consent_id: UUID, *, at: datetime) -> None:
        """Write that what follows from a consent that has run out was done."""
        ...


class Transfers(Protocol):
    """Which unit has a case."""

    def move(self, case_id: UUID, *, to_unit_id: UUID) -> tuple[UUID, ...]:
        """Give a case to another unit, as the last thing that a transaction does to it; gives who went along."""
        ...


class PartnerLinks(Protocol):
    """Links of partners without an account."""

    def add(self, link: PartnerLink) -> bool:
        """Write a link once; gives whether it is new."""
        ...

    def by_token(self, token_hash: bytes, *, hold: bool = True) -> PartnerLink | None:
        """Load a link by the hash of its token; with `hold` nobody else uses it until the transaction ends."""
        ...

    def of_referral(self, referral_id: UUID) -> tuple[PartnerLink, ...]:
        """Load the links of a referral, the earliest first."""
        ...

    def save(self, link: PartnerLink) -> None:
        """Write a link as it is now."""
        ...

    def note_view(self, view: PartnerView) -> None:
        """Write that a link was used."""
        ...


class Matches(Protocol):
    """Persons whom two units know."""

    def asked(self, *, most: int) -> tuple[UUID, ...]:
        """List whom to compare next, the earliest first."""
        ...

    def claim(self, person_id: UUID) -> bool:
        """Keep a person who waits to be compared from others who do the same; gives False when somebody has them."""
        ...

    def done(self, person_id: UUID) -> None:
        """Take a person off the list of those to be compared."""
        ...

    def shared(self, person_id: UUID) -> tuple[SharedPerson, ...]:
        """Find persons in cases of other units who share tokens with a person, once for each of both cases."""
        ...

    def add(self, alert: MatchAlert) -> bool:
        """Write an alert, once for a case and another unit; gives whether it is new."""
        ...

    def get(self, alert_id: UUID) -> MatchAlert | None:
        """Load an alert."""
        ...

    def seen(self, alert_id: UUID, *, by: UUID, at: datetime) -> bool:
        """Write who has seen an alert; gives whether nobody had before."""
        ...


class Access(Protocol):
    """Who may see a case beside its unit, and who never."""

    def add_grant(self, grant: Grant) -> bool:
        """Write a grant once; a second one with the same id changes nothing and gives False."""
        ...

    def grant(self, grant_id: UUID) -> Grant | None:
        """Load a grant, also one that has ended."""
        ...

    def grants_of(self, case_id: UUID) -> tuple[Grant, ...]:
        """Load every grant of a case, also those that have ended, the earliest first."""
        ...

    def end_grant(self, grant_id: UUID, *, at: datetime, reason: str) -> bool:
        """End a grant, with the reason as a code; gives whether it was still live."""
        ...

    def confirm_grant(self, grant_id: UUID, *, by: UUID, at: datetime) -> None:
        """Write who was the second person to agree to a grant."""
        ...

    def deny(self, denial: Denial) -> bool:
        """Write that somebody must not see a case; a second one with the same id changes nothing and gives False."""
        ...

    def denial(self, denial_id: UUID) -> Denial | None:
        """Load a denial, also one that was lifted."""
        ...

    def denials_of(self, case_id: UUID) -> tuple[Denial, ...]:
        """Load every denial of a case, also those that were lifted, the earliest first."""
        ...

    def lift(self, denial_id: UUID, *, by: UUID | None, second_by: UUID | None, at: datetime) -> bool:
        """Lift a denial, with who asked and who agreed; gives whether it still held."""
        ...

    def is_denied(self, case_id: UUID, *, actor_id: UUID, unit_ids: Collection[UUID]) -> bool:
        """Say whether a denial of a case names somebody, one of their units or its organisation, or they conflict."""
        ...

    def access_of(self, viewer: Viewer, case_id: UUID, now: datetime) -> CaseAccess:
        """Say how somebody sees a case; raises `NotFoundError` for a case that there is not."""
        ...


class Approvals(Protocol):
    """What one person asks for and a second one must answer."""

    def ask(self, request: ApprovalRequest) -> bool:
        """Write a request once; a second one with the same id changes nothing and gives False."""
        ...

    def get(self, request_id: UUID) -> ApprovalRequest | None:
        """Load a request and keep others from answering it until the transaction ends."""
        ...

    def answer(self, request_id: UUID, *, by: UUID, approved: bool, at: datetime) -> bool:
        """Write how a request was answered; gives whether it still waited."""
        ...

    def open_for(self, unit_ids: Collection[UUID], *, now: datetime) -> tuple[ApprovalRequest, ...]:
        """Load what waits for an answer in some units, the earliest first."""
        ...

    def open_of_case(self, case_id: UUID, *, now: datetime) -> tuple[ApprovalRequest, ...]:
        """Load what waits for an answer in a case, the earliest first."""
        ...


class Definitions(Protocol):
    """Definitions."""

    def by_hash(self, content_hash: str) -> StoredDefinition | None:
        """Load the workflow with a content hash, whatever its status."""
        ...

    def published(self, kind: str) -> tuple[StoredDefinition, ...]:
        """Load what is published of a kind, by name."""
        ...

    def current(self, kind: str, name: str) -> StoredDefinition | None:
        """Load the published version of a definition."""
        ...

    def newest_version(self, kind: str, name: str) -> int:
        """Give the highest version number there is; 0 when there is none."""
        ...

    def publish(self, stored: StoredDefinition, *, contract_hashes: Mapping[str, str], at: datetime) -> None:
        """Write a version as the published one; the one before is retired and stays for its running cases."""
        ...

    def stamp(self) -> tuple[int, int, int]:
        """Give a value that changes with each calendar, ladder or law pack published, each day added or taken back."""
        ...

    def hold(self, kind: str, name: str) -> None:
        """Keep others from changing a definition, or the days of a calendar, until the transaction ends."""
        ...


class SpecialDays(Protocol):
    """Days that were added to calendars."""

    def live(self, calendar: str | None = None) -> tuple[StoredDay, ...]:
        """List the days that were added and not taken back, in order of date; of every calendar unless one is named."""
        ...

    def add(self, day: StoredDay) -> None:
        """Write a day."""
        ...

    def remove(self, day_id: UUID, *, by: UUID, at: datetime) -> None:
        """Take a day back; it stays in the table with who took it back, and when."""
        ...


class Keeping(Protocol):
    """How long data is kept: holds, seals, erasures, what retention proposes, corrections, copies."""

    def add_hold(self, hold: Hold, *, reason: str) -> None:
        """Write a hold, its reason sealed."""
        ...

    def hold(self, hold_id: UUID) -> Hold | None:
        """Load a hold, and keep others from changing it until the transaction ends."""
        ...

    def reason_of(self, hold: Hold) -> str:
        """Open why a case is held."""
        ...

    def holds_of(self, case_id: UUID) -> tuple[Hold, ...]:
        """Load every hold of a case, the latest first."""
        ...

    def save_hold(self, hold: Hold) -> None:
        """Write a hold as it is now."""
        ...

    def add_restriction(self, restriction: Restriction) -> bool:
        """Seal a case; gives whether it was not sealed already."""
        ...

    def restriction_of(self, case_id: UUID) -> Restriction | None:
        """Load the seal that holds for a case now, and keep others from changing it until the transaction ends."""
        ...

    def save_restriction(self, restriction: Restriction) -> None:
        """Write a seal as it is now."""
        ...

    def add_erasure(self, erasure: Erasure) -> bool:
        """Write that somebody is to be erased; gives False when that was asked for already and is not over."""
        ...

    def erasure(self, erasure_id: UUID) -> Erasure | None:
        """Load an erasure with who agreed, and keep others from changing it until the transaction ends."""
        ...

    def save_erasure(self, erasure: Erasure) -> None:
        """Write an erasure over the revision before it; raises `ConflictError` when somebody else was first."""
        ...

    def ripe(self, *, now: datetime, most: int) -> tuple[UUID, ...]:
        """List the erasures that were agreed to and have cooled off, the earliest first."""
        ...

    def is_erased(self, person_id: UUID) -> bool:
        """Say whether a person was erased."""
        ...

    def cases_of(self, person_ids: Sequence[UUID]) -> tuple[CaseOfPerson, ...]:
        """Load what must be known of every case of a person, under all of their ids, those too that they have left."""
        ...

    def persons_of(self, case_id: UUID) -> tuple[UUID, ...]:
        """List the persons of a case who are not erased."""
        ...

    def receivers_of(self, case_ids: Sequence[UUID]) -> tuple[tuple[UUID, UUID], ...]:
        """List which other units were given something of cases, ever: case and unit."""
        ...

    def bury(self, tombstone: Tombstone) -> None:
        """Write what was erased, once."""
        ...

    def tombstones(self) -> tuple[Tombstone, ...]:
        """Load all tombstones, the earliest first."""
        ...

    def wipe(self, tombstone: Tombstone) -> None:
        """Delete what a person could be found by, their files, and what waits unsent of cases nobody is left in."""
        ...

    def add_notice(self, notice: ErasureNotice) -> bool:
        """Write that a unit is asked to erase its copy, once."""
        ...

    def notice(self, notice_id: UUID) -> ErasureNotice | None:
        """Load such a request."""
        ...

    def answer_notice(self, notice_id: UUID, *, answer: str, by: UUID, at: datetime) -> bool:
        """Write what a unit did with its copy; gives whether it had not answered yet."""
        ...

    def closed_cases(self, *, after: UUID | None, most: int) -> tuple[ClosedCase, ...]:
        """List closed cases by id in which somebody is still known, those after one that was looked at already."""
        ...

    def propose(
        self, proposal_id: UUID, case_id: UUID, proposed: Proposed, *, policy: str, version: int, at: datetime
    ) -> bool:
        """Write that a case is due, unless that waits for a decision already or was decided in the same way before."""
        ...

    def proposal(self, proposal_id: UUID) -> RetentionProposal | None:
        """Load what is proposed, and keep others from deciding it until the transaction ends."""
        ...

    def decide(self, proposal_id: UUID, *, decision: str, by: UUID, at: datetime) -> None:
        """Write what somebody decided about what is proposed."""
        ...

    def add_correction(
        self, correction: Correction, *, before: Mapping[str, JsonValue], words: Mapping[str, JsonValue]
    ) -> None:
        """Write a correction or a remark; what was known before and what is said now are sealed for the person."""
        ...

    def add_copy(self, copy: ExportCopy) -> ExportCopy:
        """Write that a copy is wanted; gives it with its number, which nobody else has."""
        ...

    def copy(self, copy_id: UUID) -> ExportCopy | None:
        """Load a copy, and keep others from changing it until the transaction ends."""
        ...

    def save_copy(self, copy: ExportCopy) -> None:
        """Write a copy over the revision before it; raises `ConflictError` when somebody else was first."""
        ...

    def expire_copies(self, *, now: datetime) -> int:
        """End the copies that nobody fetched or answered in time; gives how many."""
        ...


class Recounts(Protocol):
    """Changes after which open deadlines are counted again."""

    def ask(self, recount_id: UUID, *, kind: str, name: str, by: UUID, at: datetime) -> None:
        """Ask that the open deadlines that a change concerns are counted again."""
        ...

    def open(self) -> tuple[OpenRecount, ...]:
        """List the recounts that are not done, the oldest first."""
        ...

    def concerned(self, kind: str, name: str, *, after: UUID | None, most: int) -> tuple[UUID, ...]:
        """List open cases that a change may concern, by id, those after one that was looked at already."""
        ...

    def went_on(self, recount_id: UUID, *, case_id: UUID, moved: int) -> None:
        """Keep that a case was looked at; a second time changes nothing."""
        ...

    def done(self, recount_id: UUID, *, at: datetime) -> None:
        """Say that every case was looked at."""
        ...


class Jobs(Protocol):
    """Jobs. Leases are counted by the database's clock."""

    def dispatch(self, *, most_open: int, new_ids: Iterable[UUID], now: datetime) -> tuple[Batch, ...]:
        """Hand out cases that have work, as batches; at most `most_open` batches are out at once."""
        ...

    def note_flow_run(self, batch_id: UUID, flow_run_id: UUID) -> None:
        """Keep which flow run serves a batch."""
        ...

    def claim(self, batch_id: UUID, *, worker: str, most: int, now: datetime) -> tuple[ClaimedJob, ...]:
        """Claim jobs of a batch's cases. The claim counts the attempt; a job claimed too often is set aside."""
        ...

    def claim_urgent(self, *, worker: str, most: int, now: datetime) -> tuple[ClaimedJob, ...]:
        """Claim escalations and critical deliveries, whatever batch their case is in."""
        ...

    def hold(self, job_id: UUID, token: int) -> str:
        """Keep a job from others until the end of the transaction; gives its status.

        Raises `StaleJobError` when the token is not the current one.
        """
        ...

    def finish(self, job_id: UUID, *, status: str, at: datetime, **more: object) -> None:
        """Write how a job ended; call `hold` first."""
        ...

    def put_back(self, job_id: UUID, *, ready_at: datetime, count_attempt: bool, **more: object) -> None:
        """Make a job ready again, later or at once; call `hold` first."""
        ...

    def close_batch(self, batch_id: UUID, *, now: datetime) -> bool:
        """Give a batch's cases back; False, and nothing changed, when one of them has work again."""
        ...

    def hold_batch(self, batch_id: UUID, *, now: datetime) -> int:
        """Keep the due jobs of a cancelled batch until they are asked for again; gives how many."""
        ...

    def abandon_batch(self, batch_id: UUID) -> None:
        """Give a lost batch's cases back, with the jobs that it had claimed."""
        ...

    def open_batches(self, *, older_than: timedelta) -> tuple[OpenBatch, ...]:
        """List the batches that have been out for longer."""
        ...

    def try_again(self, job_id: UUID, *, now: datetime) -> bool:
        """Make a job ready that was set aside or held, with all its attempts before it; gives whether it was one."""
        ...

    def any_due(self, *, now: datetime) -> bool:
        """Say whether any job is due or being done."""
        ...

    def free_expired(self) -> tuple[UUID, ...]:
        """Make jobs ready again whose lease is over; gives their cases."""
        ...


class Deadlines(Protocol):
    """Due deadlines."""

    def due(self, *, now: datetime, most: int, besides: Iterable[UUID] = ()) -> tuple[DueDeadline, ...]:
        """List the deadlines of which something is due: the critical ones first, then the oldest."""
        ...

    def next_at(self) -> datetime | None:
        """Give the instant at which something is due next; it may lie in the past."""
        ...

    def hold(self, deadline_id: UUID, *, until: datetime) -> None:
        """Set a deadline aside for a while that could not be fired, so that the others go on."""
        ...

    def release(self, deadline_id: UUID) -> None:
        """Say that a deadline that had been set aside was fired after all."""
        ...

    def release_all(self) -> int:
        """Let every deadline that was set aside be tried again at once; gives how many."""
        ...


class Records(Protocol):
    """Small records."""

    def take_turn(self, command_id: UUID) -> None:
        """Wait for another transaction with the same command: for commands that have no case to lock yet."""
        ...

    def answer_to(self, command_id: UUID) -> Mapping[str, Any] | None:
        """Give the answer that a command got when it first came; None for a new one."""
        ...

    def remember(self, command_id: UUID, answer: Mapping[str, Any], *, case_id: UUID | None, at: datetime) -> None:
        """Keep the answer to a command; a second keeper of the same command fails with an integrity error."""
        ...

    def add_report(
        self,
        report_id: UUID,
        answers: Mapping[str, JsonValue],
        *,
        case_id: UUID,
        unit_id: UUID,
        received_at: datetime,
        at: datetime,
        by: UUID | None,
    ) -> None:
        """Keep what was reported, sealed."""
        ...

    def report_of(self, case_id: UUID) -> Mapping[str, JsonValue]:
        """Open what was reported; empty when the case has no report."""
        ...

    def keep_document(
        self,
        *,
        case_id: UUID,
        unit_id: UUID,
        step_id: UUID | None,
        name: str,
        title: str,
        html: str,
        sha256: str,
        number: str,
        version: int,
        at: datetime,
        key_of: UUID | None = None,
    ) -> UUID:
        """Keep a document, sealed; the same document of the same step and version is kept once."""
        ...

    def release_documents(self, step_id: UUID, *, by: UUID | None, at: datetime) -> None:
        """Write who has released the documents of a step, once."""
        ...

    def count_documents(self, case_id: UUID) -> int:
        """Count the documents of a case."""
        ...

    def note_service(self, name: str, state: str) -> None:
        """Keep what a service says of itself, with the database's time."""
        ...

    def service_age(self, name: str) -> float | None:
        """Give how many seconds ago a service last said something; None when it never did."""
        ...

    def installation(self, key: str) -> Mapping[str, Any] | None:
        """Give a fact of this installation."""
        ...

    def set_installation(self, key: str, value: Mapping[str, Any]) -> None:
        """Write a fact of this installation."""
        ...


class FileSums(NamedTuple):
    """How many files a case has, and how many bytes it and its unit hold, copies included."""

    files: int
    in_case: int
    in_unit: int


class Files(Protocol):
    """Files of cases, sealed in parts."""

    def begin(
        self, file_id: UUID, *, case_id: UUID, unit_id: UUID, kind: FileKind, name: str, by: UUID | None, at: datetime
    ) -> None:
        """Make room for a file that arrives; its name is sealed, and nobody is shown it before `keep`."""
        ...

    def add_part(self, file_id: UUID, *, case_id: UUID, copy_of: str, number: int, content: bytes) -> None:
        """Seal a part of the `original` or the `shared` copy."""
        ...

    def part(self, file_id: UUID, *, copy_of: str, number: int) -> bytes:
        """Open a part; raises `DamagedError` for one that is not there or does not fit, `KeyMissingError`."""
        ...

    def twin(self, case_id: UUID, address: bytes) -> UUID | None:
        """Find the file of a case that has this keyed hash."""
        ...

    def keep(self, file: CaseFile, *, details: Mapping[str, JsonValue], address: bytes, at: datetime) -> None:
        """Say that a file has arrived whole; `details` (hashes, size of parts) are sealed."""
        ...

    def drop_arriving(self, file_id: UUID) -> None:
        """Take away a file that was not kept; one that was stays."""
        ...

    def unfinished(self, *, before: datetime, most: int) -> tuple[UUID, ...]:
        """List files that began to arrive before an instant and never did."""
        ...

    def of_case(self, case_id: UUID) -> tuple[CaseFile, ...]:
        """List the files of a case, in the order in which they came."""
        ...

    def get(self, file_id: UUID, *, case_id: UUID) -> CaseFile:
        """Load a file of a case; raises `NotFoundError`."""
        ...

    def name(self, file_id: UUID) -> str:
        """Open the name that a file came with."""
        ...

    def details(self, file_id: UUID) -> Mapping[str, JsonValue]:
        """Open what `keep` sealed."""
        ...

    def sums(self, case_id: UUID, unit_id: UUID) -> FileSums:
        """Count what a case and a unit hold, in files and bytes; copies count too."""
        ...


class KeyCounts(NamedTuple):
    """How many data keys there are: by whose they are, and by the key of the key file that wraps them itself."""

    organisations: int
    cases: int
    persons: int
    others: int
    by_file: Mapping[str, int]


class Rewrapped(NamedTuple):
    """How many keys were wrapped anew, and after which owner to go on; None when the last was reached."""

    done: int
    last: UUID | None


class Keys(Protocol):
    """The keys that seal what identifies people."""

    def destroy(self, owner_id: UUID, at: datetime) -> bool:
        """Destroy the key of a case, a person or places, and what a person is found by; gives whether there was one.

        No new key is made for the owner ever after. Every process forgets the key within seconds of the commit.
        """
        ...

    def say_changed(self) -> None:
        """Let every process forget its keys and read the key file again, within seconds of the commit."""
        ...

    def rewrap_some(self, *, current: str, after: UUID | None, most: int) -> Rewrapped:
        """Wrap the next keys anew that are not wrapped as they should be, those of organisations first.

        `current` is the key of the key file that wraps from now on. Raises `KeyMissingError`, `DamagedError`.
        """
        ...

    def unfinished(self, *, current: str) -> int:
        """Count the keys that are not wrapped as they should be."""
        ...

    def outdated(self, *, current: str) -> int:
        """Count the keys that another key of the key file wraps than the current one."""
        ...

    def wrapped_by(self, key_id: str) -> int:
        """Count the keys that a key wraps."""
        ...

    def counts(self) -> KeyCounts:
        """Count the keys by whose they are, and by which key of the key file wraps them."""
        ...

    def reseal_some(self, owner_id: UUID, *, newest: int, case_id: UUID | None, most: int) -> int:
        """Seal the next values anew that are sealed under older keys of an owner; gives how many, zero at the end."""
        ...

    def seals_what_is_fixed(self, owner_id: UUID) -> bool:
        """Say whether anything is sealed under an owner's keys that nobody may change."""
        ...

    def whole_versions(self, owner_id: UUID) -> Mapping[int, datetime]:
        """Give when (UTC) each version of an owner's key was made that is whole."""
        ...

    def newest_version(self, owner_id: UUID) -> int | None:
        """Give the version of the newest key of an owner; None when there is none that is whole."""
        ...

    def retire_before(self, owner_id: UUID, version: int, *, at: datetime) -> int:
        """Drop the keys of an owner before a version, under which nothing is sealed any longer; gives how many."""
        ...


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
    def special_days(self) -> SpecialDays:
        """Days that were added to calendars."""
        ...

    @property
    def keeping(self) -> Keeping:
        """Holds, seals, erasures, copies."""
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

    def wake_listeners(self) -> None:
        """Let those who wait for jobs and deadlines look again, after the commit."""
        ...

    def commit(self) -> None:
        """Keep everything, and wake the listeners of what was written."""
        ...
