"""Messages, deliveries, gateways and wishes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from engine.domain.safe_hours import Preference
from engine.ports import NewEscalation, NewMessage


class ClaimedDelivery(NamedTuple):
    """A delivery that this job tries now: nobody else does until its lease is over.

    `last_code` is of the try before. `address` is that of an e-mail, empty for other ways. `code_of` is the hash of the
    sign-in whose code is put into the words, which lack it; `link_hash` that of the link by which it is acknowledged.
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
    code_of: bytes | None
    link_hash: str | None = None


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


class Messages(Protocol):
    """Messages."""

    def add(self, message: NewMessage, *, unit_id: UUID | None, at: datetime) -> bool:
        """Write a message once; a second one with the same key changes nothing and gives False.

        In-app messages are delivered by being written; the others wait for a channel to take them.
        """
        ...

    def mark_read(self, message_ids: Sequence[UUID], *, by: UUID, at: datetime) -> int:
        """Say that somebody has read those of these notices that are theirs; gives how many were unread."""
        ...

    def change_link(self, message_id: UUID, *, link_hash: str) -> None:
        """Know a message by another link from now on."""
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
