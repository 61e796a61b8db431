"""Messages, deliveries, gateways and wishes: as they are kept, and as people are shown them."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, Protocol
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from engine.core.policy import View
from engine.core.records import Deadline, Record
from engine.errors import IcmcError

IN_APP: Final = "in_app"
EMAIL: Final = "email"
DIGEST: Final = "digest"
WARNING: Final = "due_soon"
DIGESTS: Final = ("none", "late", "daily")
"""What comes in a digest: nothing, what is late and can wait for it, all that is not critical."""
DIGEST_HOUR: Final = time(8)
_LATER_DIGESTS: Final = (time(12), time(16), time(20))
"""For what is late and cannot wait until the next morning."""
_NIGHT: Final = ("21:00", "07:00")
NEVER: Final = datetime.max.replace(tzinfo=UTC)
_A_DAY: Final = timedelta(days=1)


class Preference(Record):
    """What a person chose. Empty: no choice. `quiet_from` and `quiet_until` are local times, written `21:30`.

    `channels` are the ways by which what is not critical may leave the system; the same time twice means no quiet
    hours at all. `page_language` is the code of the language in which they read pages.
    """

    actor_id: UUID
    channels: tuple[str, ...] = ()
    digest: str = "late"
    quiet_from: str = ""
    quiet_until: str = ""
    zone: str = ""
    page_language: str = ""

    @property
    def is_daily(self) -> bool:
        """Return whether what is not critical comes in one message a day."""
        return self.digest == "daily"

    def digest_at(self, follows_at: datetime | None, *, now: datetime, zone: str) -> datetime | None:
        """Return when the digest comes for which something not critical waits; None where it comes by itself.

        `follows_at` (aware) is given of what says that work is late or soon due: when more follows if nobody acts. Such
        a message waits for the next morning, else for noon, afternoon or evening, if nothing follows before. At night
        it waits in any case: nobody reads then what does not wake them.
        """
        morning = next_digest_at(now, zone)
        if self.is_daily:
            return morning
        if self.digest != "late" or follows_at is None:
            return None
        today = [at for at in (_next(hour, now, zone) for hour in _LATER_DIGESTS) if at < morning]
        if not today or follows_at >= morning:
            return morning
        return next((at for at in today if at <= follows_at), None)

    def notice_at(self, follows_at: datetime | None, *, now: datetime, zone: str) -> datetime | None:
        """Return the morning whose one notice stands for a warning, too; None where it stands in-app at once.

        `follows_at` as for `digest_at`: only what is due after that morning waits, by e-mail and in-app alike.
        """
        morning = next_digest_at(now, zone)
        return morning if self.digest != "none" and follows_at is not None and follows_at >= morning else None


def follows_at(deadline: Deadline, *, is_warning: bool, now: datetime) -> datetime | None:
    """Return when more follows of what has just fired, if nobody acts; `NEVER` where nothing does.

    After a warning that is the due time, or an earlier level, whatever else warns in between; of a limit of the law
    that is shorter than a day, whatever fires next.
    """
    is_short = bool(deadline.law) and deadline.due_at - deadline.started_at < _A_DAY
    if is_warning and not is_short and now < deadline.due_at and not (deadline.next_firing or "").startswith("l:"):
        return deadline.due_at
    return deadline.next_at or NEVER


@lru_cache(16)
def message_id(recipient_id: UUID, key: str) -> UUID:
    """Name the message that somebody gets under a key."""
    return uuid5(recipient_id, key)


def safe_instant(at: datetime, *, channel: str, preference: Preference | None, zone: str) -> datetime:
    """Return the first instant from `at` on at which a message may leave, in the recipient's `zone`; `at` is aware.

    Without a choice of one's own, night (21:00 to 07:00) is quiet for all ways but e-mail, which wakes nobody.
    """
    quiet = _quiet_hours(channel, preference)
    if channel == IN_APP or quiet is None:
        return at
    begins, ends = quiet
    local = at.astimezone(ZoneInfo(zone))
    clock = local.time().replace(tzinfo=None)
    is_quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if not is_quiet:
        return at
    day = local.date() if clock < ends else local.date() + timedelta(days=1)
    return datetime.combine(day, ends, tzinfo=local.tzinfo).astimezone(at.tzinfo)


def is_night(at: datetime, zone: str) -> bool:
    """Whether it is night in a zone, for whoever chose no quiet hours; `at` is aware."""
    return safe_instant(at, channel="sms", preference=None, zone=zone) != at


def ways_for(
    wanted: Iterable[str], *, preference: Preference | None, reachable: Iterable[str], critical: bool
) -> tuple[str, ...]:
    """Return the ways by which a message goes: those that a rule wants and that reach the person, as far as they chose.

    What is critical goes by every way of its rule. If a person chose none of those that a rule wants, the first of
    their own takes the place. In-app is always there when a rule wants it.
    """
    can = tuple(dict.fromkeys(reachable))
    meant = tuple(dict.fromkeys(wanted))
    outward = tuple(way for way in meant if way != IN_APP and way in can)
    if outward and not critical and preference is not None and preference.channels:
        chosen = tuple(way for way in outward if way in preference.channels)
        instead = tuple(way for way in preference.channels if way in can and way != IN_APP)[:1]
        outward = chosen or instead
    return ((IN_APP,) if IN_APP in meant else ()) + outward


def digest_day(now: datetime, zone: str) -> str | None:
    """Return the local day whose digest is due at `now`, as `2026-03-08`; None before 08:00."""
    local = now.astimezone(ZoneInfo(zone))
    return local.date().isoformat() if local.time() >= DIGEST_HOUR else None


def next_digest_at(now: datetime, zone: str) -> datetime:
    """Return the next 08:00 after an instant in somebody's `zone`."""
    return _next(DIGEST_HOUR, now, zone)


def _next(hour: time, now: datetime, zone: str) -> datetime:
    local = now.astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=local.time() >= hour)
    return datetime.combine(day, hour, tzinfo=local.tzinfo).astimezone(now.tzinfo)


def _quiet_hours(channel: str, preference: Preference | None) -> tuple[time, time] | None:
    if preference is not None and preference.quiet_from and preference.quiet_until:
        begins, ends = preference.quiet_from, preference.quiet_until
    elif channel == EMAIL:
        return None
    else:
        begins, ends = _NIGHT
    return None if begins == ends else (time.fromisoformat(begins), time.fromisoformat(ends))


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
    enabled: bool = True
    rate_per_minute: int = 60


class Recent(NamedTuple):
    """A message that somebody was written a moment ago."""

    kind: str
    is_held: bool


class Deferred(NamedTuple):
    """How many messages to somebody by a channel wait for one that stands for them all, which is due at an instant."""

    recipient_id: UUID
    channel: str
    critical: bool
    size: int
    first_at: datetime
    due_at: datetime


class NoticeView(View):
    """A message in somebody's in-app inbox; of one about a step that they are shown, which, whose and since when late.

    One whose step is over is read by itself: `is_over`.
    """

    id: UUID
    kind: str
    case_id: UUID | None
    case_number: str
    text: str
    created_at: datetime
    read_at: datetime | None
    critical: bool
    link: str
    step_title: str = ""
    person_label: str = ""
    due_at: datetime | None = None
    is_over: bool = False


class MailView(View):
    """A message in the demo mailbox, as it would have left."""

    id: UUID
    to: str
    channel: str
    subject: str
    body: str
    status: str
    sent_at: datetime | None
    case_number: str


class SentView(View):
    """What left a case, or waits to: the Transmit page. `is_ours` says that the viewer's unit has the case now."""

    id: UUID
    case_id: UUID
    case_number: str
    to: str
    kind: str
    status: str
    due_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    is_ours: bool = False


class OfferView(View):
    """Work that another unit has offered, without any personal data. `status` as of the referral."""

    id: UUID
    case_number: str
    from_unit: str
    contact: str
    to_unit: str
    what: str
    jurisdiction: str
    status: str
    sent_at: datetime
    due_at: datetime | None
    answered_at: datetime | None
    kind: str = "referral"
    purpose: str = ""
    help: str = ""
    urgency: str = ""
    case_id: UUID | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether it is work of the unit that was asked: an answer, or the help to which it has said yes."""
        return self.status == "offered" or (self.status == "accepted" and self.kind != "transfer" and bool(self.help))


class DeadLetterView(View):
    """A sending that was given up: work for a person. No words of the message are shown."""

    id: UUID
    case_id: UUID | None
    case_number: str
    kind: str
    channel: str
    recipient: str
    attempts: int
    written_at: datetime
    error_code: str | None
    critical: bool


class ChannelView(View):
    """A gateway that is set up; its address with credentials is never shown."""

    organisation: str
    channel: str
    host: str
    enabled: bool
    rate_per_minute: int
    changed_at: datetime
    waiting: int


class ContactView(View):
    """By which channels a person is reached; the address itself stays sealed."""

    channel: str
    changed_at: datetime


class DeliveryError(IcmcError):
    """Raised when a channel could not send.

    `permanent` ones are not tried again; with `away` it is the channel that does not answer, whatever the message.
    """

    code = "delivery"
    sentence = "The {channel} channel could not send ({reason})."

    def __init__(self, *, channel: str, reason: str, permanent: bool = False, away: bool = False) -> None:
        self.permanent = permanent
        self.away = away
        self.reason = reason
        super().__init__(channel=channel, reason=reason)


class GatewayError(IcmcError):
    """Raised for the address of a gateway that may not be used; it never repeats the address, which is secret."""

    code = "bad-gateway"
    sentence = "This address cannot be used for {channel}: {problem}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What leaves by a channel: the same words, id and date at every try. `html` may be empty."""

    to: str
    subject: str
    body: str
    html: str
    message_id: str
    written_at: datetime


class Sending(Protocol):
    """An open channel: several messages over one connection, which it opens again when it broke."""

    def send(self, message: Outgoing) -> None:
        """Send one message, or raise `DeliveryError`: not at all, or perhaps (then it is sent again with its id)."""
        ...


class Channel(Protocol):
    """A way out of the system."""

    def open(self) -> AbstractContextManager[Sending]:
        """Begin to send; raises `DeliveryError` with `away` when nobody answers."""
        ...


class Gateways(Protocol):
    """Makes channels of the addresses that administrators enter."""

    def channel(self, name: str, url: str) -> Channel:
        """Return the channel of an address; raises `GatewayError` for one that may not be used."""
        ...

    def host(self, name: str, url: str) -> str:
        """Return the host that is spoken to, without any credentials; raises `GatewayError` as `channel` does."""
        ...


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to one recipient by one channel; `key` makes a second one impossible.

    It is sent from `send_at` on (at once for None), unless it is `deferred_for` a `storm` or `digest` that counts
    it. `link_hash` is the hash of the link by which it is acknowledged, `code_of` that of the sign-in whose code it
    brings: the words lack link and code, which are put in when it is sent.
    """

    key: str
    case_id: UUID | None
    kind: str
    recipient_id: UUID
    channel: str
    subject: str
    body: str
    link: str
    critical: bool
    escalation_id: UUID | None = None
    html: str = ""
    link_hash: str | None = None
    code_of: bytes | None = None
    send_at: datetime | None = None
    deferred_for: str = ""
