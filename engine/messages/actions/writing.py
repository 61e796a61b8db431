"""Write one message to one person by one channel, with the link or the code that it carries."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.core.time.reckoning import last_day
from engine.db.transaction import Transaction
from engine.messages.channel_store import ChannelStore
from engine.messages.records import (
    DIGEST,
    EMAIL,
    IN_APP,
    ClaimedDelivery,
    NewMessage,
    Preference,
    message_id,
    safe_instant,
)
from engine.messages.store import MessageStore
from engine.messages.templates import Rendered
from engine.people.records import ActorRecord, Unit
from engine.people.store import DirectoryStore
from engine.sign_in.records import CODE_DIGITS


def path_of_link(token: str) -> str:
    """Return the address of a link within the portal."""
    return f"/a/{token}"


def hash_of_link(token: str) -> str:
    """Give the hash under which a link is known, as text; its token is too long to be guessed, so a quick one does."""
    return hashlib.sha256(token.encode()).hexdigest()


_EMAIL = "email"


def channels_set_up(engine: Engine, tx: Transaction, *, unit_id: UUID | None) -> frozenset[str]:
    """Return the channels that leave the system for a unit: the installation's own, and its organisation's gateways."""
    return frozenset(engine.channels) | frozenset(tx.of(ChannelStore).set_up(unit_id) if unit_id else ())


def ways_to(engine: Engine, tx: Transaction, person: ActorRecord, *, unit_id: UUID | None) -> frozenset[str]:
    """Return the channels of a unit by which one person can be told: set up, and with an address of theirs."""
    known = set(tx.of(ChannelStore).contacts(person.id)) | ({_EMAIL} if person.email else set())
    return channels_set_up(engine, tx, unit_id=unit_id) & known


def token_of_link(engine: Engine, message_id: UUID) -> str:
    """Return the token of the link of a message, by the key that is used now."""
    return _tokens(engine, message_id)[0]


def with_link(engine: Engine, delivery: ClaimedDelivery, words: Rendered) -> Rendered:
    """Return the words of a message as they leave: those of a level with its link."""
    if delivery.link_hash is None:
        return words
    mark, token = str(delivery.message_id), _token_to_send(engine, delivery)
    return Rendered(words.subject, words.body.replace(mark, token), words.html.replace(mark, token))


def _token_to_send(engine: Engine, delivery: ClaimedDelivery) -> str:
    """Return the token whose hash is kept; one by the key of now where that key is gone, which is kept from then on."""
    tokens = _tokens(engine, delivery.message_id)
    known = next((one for one in tokens if hash_of_link(one) == delivery.link_hash), None)
    if known is not None:
        return known
    with engine.transaction() as tx:
        tx.of(MessageStore).change_link(delivery.message_id, link_hash=hash_of_link(tokens[0]))
        tx.commit()
    return tokens[0]


def _tokens(engine: Engine, message_id: UUID) -> tuple[str, ...]:
    made = engine.vault.blinds("seen-link", str(message_id)).values()
    return tuple(urlsafe_b64encode(one).rstrip(b"=").decode() for one in made)


_UTC = "UTC"


@dataclass(frozen=True, slots=True)
class UnaddressedMessage:
    """What is told, before it is known to whom; `about` names it, and makes the key of each message of it."""

    about: str
    kind: str
    link: str
    critical: bool
    variables: Mapping[str, str]
    due_at: datetime | None = None
    late_at: datetime | None = None
    case_id: UUID | None = None
    unit: Unit | None = None
    escalation_id: UUID | None = None
    code_of: bytes | None = None
    follows_at: datetime | None = None
    """Of what tells that work is late or soon due: when more follows if nobody acts; `NEVER` where nothing does."""

    def key(self, recipient_id: UUID, channel: str) -> str:
        """Return the key under which a message exists at most once."""
        return f"{self.about}|{recipient_id}|{channel}"

    def id(self, recipient_id: UUID, channel: str) -> UUID:
        """Return the id that the message of this key has."""
        return message_id(recipient_id, self.key(recipient_id, channel))


def write(
    engine: Engine,
    tx: Transaction,
    note: UnaddressedMessage,
    person: ActorRecord,
    preference: Preference | None,
    channel: str,
    *,
    now: datetime,
    deferred_for: str = "",
    digest_at: datetime | None = None,
) -> bool:
    """Write a message in the words, zone and hours of its recipient, once; gives whether it must be sent by itself."""
    zone = zone_of(tx, person, preference, note.unit)
    asks, message_id = bool(note.escalation_id) and channel != IN_APP, note.id(person.id, channel)
    link = path_of_link(str(message_id)) if asks else note.link
    words = _words(engine, note, person, zone, link, as_html=channel == EMAIL)
    send_at = now if note.critical else safe_instant(now, channel=channel, preference=preference, zone=zone)
    if digest_at is not None:
        send_at, deferred_for = digest_at, DIGEST
    message = NewMessage(
        key=note.key(person.id, channel), case_id=note.case_id, kind=note.kind, recipient_id=person.id,
        channel=channel, subject=words.subject, body=words.body, html=words.html, link=note.link,
        critical=note.critical, escalation_id=note.escalation_id, code_of=note.code_of,
        link_hash=hash_of_link(token_of_link(engine, message_id)) if asks else None, send_at=send_at,
        deferred_for=deferred_for,
    )  # fmt: skip
    unit_id = note.unit.id if note.unit else None
    is_new = tx.of(MessageStore).add(message, unit_id=unit_id, at=now)
    return is_new and channel != IN_APP and not deferred_for


def zone_of(tx: Transaction, person: ActorRecord, preference: Preference | None, unit: Unit | None) -> str:
    """Return the zone of somebody: by their own choice, else the given unit's if it is theirs, else their unit's."""
    if preference is not None and preference.zone:
        return preference.zone
    if unit is not None and (unit.id in person.unit_ids or not person.unit_ids):
        return unit.zone
    own = unit_of(tx, person)
    return own.zone if own else _UTC


def unit_of(tx: Transaction, person: ActorRecord) -> Unit | None:
    """Load the unit of somebody, the first one of several."""
    return tx.of(DirectoryStore).unit(person.unit_ids[0]) if person.unit_ids else None


def reachable(
    engine: Engine, tx: Transaction, person: ActorRecord, considered: Iterable[str], unit: Unit | None
) -> tuple[str, ...]:
    """List which of these channels are set up for a unit and have an address of the person."""
    wanted = set(considered)
    if wanted <= {IN_APP, EMAIL}:
        return (EMAIL,) if EMAIL in wanted & set(engine.channels) and person.email else ()
    return tuple(sorted(wanted & ways_to(engine, tx, person, unit_id=unit.id if unit else None)))


def local_time(at: datetime | None, zone: str) -> str:
    """Say an instant in the local time of a zone, naming the zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M} ({zone})" if at else ""


@lru_cache(256)
def due_time(due_at: datetime | None, zone: str, late_at: datetime | None = None, *, language: str = "en") -> str:
    """Say when something is due, and until when it is kept where that is later.

    `14 Aug 2026, 02:05 (Asia/Kolkata)`, or `the end of 14 Aug 2026 (due from 02:05; Asia/Kolkata)`; in figures alone,
    `14 Aug 2026, 02:05-24:00 (Asia/Kolkata)`, in other languages.
    """
    if due_at is None or late_at is None:
        return local_time(due_at, zone)
    info = ZoneInfo(zone)
    last, ends, from_ = last_day(late_at, info), late_at.astimezone(info), due_at.astimezone(info)
    is_whole, is_same = ends.time() == time(), from_.date() == last
    start = f"{from_:%H:%M}" if is_same else f"{from_:%d %b %Y, %H:%M}"
    if language == "en":
        until = "the end of" if is_whole else f"{ends:%H:%M} on"
        return f"{until} {last:%d %b %Y} (due from {start}; {zone})"
    until = f"{'24:00' if is_whole else f'{ends:%H:%M}'} ({zone})"
    return f"{last:%d %b %Y}, {start}-{until}" if is_same else f"{start} - {last:%d %b %Y}, {until}"


def _words(
    engine: Engine, note: UnaddressedMessage, person: ActorRecord, zone: str, link: str, *, as_html: bool
) -> Rendered:
    languages = (person.language, note.unit.language) if note.unit else (person.language,)
    published = engine.library().messages
    language = engine.renderer.language(note.kind, languages, published=published)
    variables = {
        "due_time": due_time(note.due_at, zone, note.late_at, language=language),
        "link": f"{engine.portal_url}{link}",
    }
    given = {**note.variables, **variables}
    return engine.renderer.message(note.kind, languages, given, published=published, as_html=as_html)


SIGN_IN_CODE: Final = "sign_in_code"
CODE_PAGE: Final = "/sign-in/code"


def words_to_send(engine: Engine, delivery: ClaimedDelivery) -> Rendered:
    """Return the words of a message as they leave: those that are kept, or with the code of the sign-in it is for."""
    if delivery.code_of is None:
        return Rendered(delivery.subject, delivery.body, delivery.html)
    with engine.transaction() as tx:
        person = tx.of(DirectoryStore).actor(delivery.recipient_id)
    variables = {
        "unit": "", "case_number": "", "due_time": "", "link": f"{engine.portal_url}{CODE_PAGE}",
        "code": codes_for(engine, bytes(delivery.code_of))[0],
    }  # fmt: skip
    languages, published = (person.language,) if person else (), engine.library().messages
    return engine.renderer.message(SIGN_IN_CODE, languages, variables, published=published)


def codes_for(engine: Engine, token_hash: bytes) -> tuple[str, ...]:
    """Return the codes of the sign-in that waits under a token, one by every key that is used now."""
    tokens = engine.vault.blinds("sign-in-code", token_hash.hex()).values()
    return tuple(f"{int.from_bytes(one, 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}" for one in tokens)
