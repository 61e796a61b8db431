"""What gateways send: messages and missed calls in our form or as WhatsApp does, signed with a secret."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from engine.api.records import Exchanged, read_body
from engine.cases.actions.gateways import Brought
from engine.errors import IcmcError

TIMESTAMP: Final = "ICMC-Timestamp"
SIGNATURE: Final = "ICMC-Signature"
META_SIGNATURE: Final = "X-Hub-Signature-256"
OLDEST: Final = timedelta(minutes=5)
"""So much may lie between the time that was signed and ours, before or after."""
_SCHEME: Final = "sha256="
_LONGEST_INSTANT: Final = 12
_Number = Annotated[str, Field(pattern=r"^\+?[0-9]{3,20}$", description="The number it is from")]
_Id = Annotated[str, Field(min_length=1, max_length=300, description="The gateway's own: the same is taken once")]
_Words = Annotated[str, Field(max_length=5_000)]


def is_signed(headers: Mapping[str, str], body: bytes, secret: str, *, now: datetime) -> bool:
    """Return whether a secret has signed a body: of late, with its time, or as Meta signs, which names no time."""
    if META_SIGNATURE in headers:
        return _is_signed_by(headers[META_SIGNATURE], secret, body)
    at = headers.get(TIMESTAMP, "")
    if not (at.isascii() and at.isdigit() and len(at) <= _LONGEST_INSTANT):
        return False
    is_late = abs(now.timestamp() - int(at)) > OLDEST.total_seconds()
    return not is_late and _is_signed_by(headers.get(SIGNATURE, ""), secret, f"{at}.".encode() + body)


def _is_signed_by(signature: str, secret: str, signed: bytes) -> bool:
    wanted = _SCHEME + hmac.new(secret.encode(), signed, sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.strip().lower().encode())


class MessageBody(Exchanged):
    """A message or a missed call, as any gateway can send it."""

    model_config = ConfigDict(strict=True)

    id: _Id
    kind: Literal["message", "missed_call"]
    number: Annotated[_Number, Field(alias="from")]
    at: Annotated[AwareDatetime, Field(description="When it was sent or rung")]
    text: _Words = ""
    has_media: Annotated[bool, Field(description="Whether something else than text came, which is not taken")] = False


class TakenAnswer(Exchanged):
    """How many messages were taken, now or before: nothing is told of the cases to which they belong."""

    taken: int


class _Sent(BaseModel):
    """Of what WhatsApp sends, the part that we read; it adds more as it likes."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Text(_Sent):
    body: _Words = ""


class _Captioned(_Sent):
    caption: _Words = ""


class _Place(_Sent):
    latitude: float
    longitude: float


class _Message(_Sent):
    id: _Id
    number: Annotated[_Number, Field(alias="from")]
    timestamp: Annotated[int, Field(ge=0, lt=2**33)]
    text: _Text | None = None
    image: _Captioned | None = None
    video: _Captioned | None = None
    document: _Captioned | None = None
    location: _Place | None = None


class _Value(_Sent):
    messages: tuple[_Message, ...] = ()


class _Change(_Sent):
    value: _Value


class _Entry(_Sent):
    changes: tuple[_Change, ...] = ()


class _WhatsApp(_Sent):
    entry: tuple[_Entry, ...] = ()


def message_of(sent: bytes) -> Brought:
    """Read a message in our own form; raises `InvalidAnswersError`, and 400 for what is no JSON."""
    body = read_body(MessageBody, sent)
    is_call = body.kind == "missed_call"
    return Brought(body.id, body.number, body.at, body.text, is_missed_call=is_call, has_more=body.has_media)


def messages_of_whatsapp(sent: bytes) -> tuple[Brought, ...]:
    """Read the messages of WhatsApp: none where it says what became of ours; raises as `message_of` does."""
    changes = (change for entry in read_body(_WhatsApp, sent).entry for change in entry.changes)
    return tuple(_brought(message) for change in changes for message in change.value.messages)


def _brought(message: _Message) -> Brought:
    media = (message.image, message.video, message.document)
    said = [message.text.body if message.text else "", *(one.caption for one in media if one)]
    if message.location:
        said.append(f"[A place was sent: {message.location.latitude}, {message.location.longitude}]")
    at = datetime.fromtimestamp(message.timestamp, UTC)
    has_more = message.text is None and message.location is None
    return Brought(message.id, f"+{message.number.lstrip('+')}", at, "\n".join(filter(None, said)), has_more=has_more)


def take_all(take: Callable[[Brought], None], messages: Iterable[Brought]) -> None:
    """Let each message get its turn; raise afterwards what the first failed with, so that all are sent again."""
    failed: IcmcError | None = None
    for message in messages:
        try:
            take(message)
        except IcmcError as error:
            failed = failed or error
    if failed is not None:
        raise failed
