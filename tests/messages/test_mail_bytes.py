"""An e-mail that is put together by hand has the bytes that the standard library would give it."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.charset import QP, SHORTEST, Charset
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32, default
from email.utils import format_datetime

from hypothesis import example, given
from hypothesis import strategies as st

from engine.messages.mail import SmtpChannel
from engine.messages.records import Outgoing

_SENDER = "icmc@example.org"
_CHANNEL = SmtpChannel(host="localhost", port=25, sender=_SENDER, security="none")
_AS_TEXT = Charset("utf-8")
_AS_TEXT.body_encoding, _AS_TEXT.header_encoding = QP, SHORTEST
_HINDI = "मामला C-7K3M-2Q9D देर से चल रहा है"
_BENGALI = "মামলাটি দেরিতে চলছে।"
_BURMESE = "ဤအမှုသည် နောက်ကျနေသည်။"
_SIGNS = st.one_of(
    st.sampled_from(("\n", "\r\n", "\n\n", "\t", " ", "  ", "=", ".", "\n.", "\nFrom ", "_", "?", "=?", "<", "&")),
    st.characters(exclude_categories=("Cs", "Cc")),
    st.sampled_from(
        [*_HINDI.split(), *_BENGALI.split(), *_BURMESE.split(), "work", "due", "2026-03-07", "…", "Å", "🙂"]
    ),
    st.text(alphabet="abc =.", min_size=60, max_size=200),
)
_TEXTS = st.lists(_SIGNS, max_size=40).map("".join)
_AT = datetime(2026, 3, 7, 18, 40, tzinfo=UTC)
_ID = "0f9d7b52-3c1e-5a44-9f0e-6d2b8a7c4e13"
_SUBJECTS = _TEXTS.filter(lambda text: bool(text.strip()))
_INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given


def _by_the_library(message: Outgoing) -> bytes:
    whole: Message = MIMEText(message.body, "plain", _AS_TEXT)
    if message.html:
        plain, whole = whole, MIMEMultipart("alternative", boundary=f"icmc-{message.message_id}")
        whole.attach(plain)
        whole.attach(MIMEText(message.html, "html", _AS_TEXT))
    subject = " ".join(message.subject.split())
    whole["From"], whole["To"] = _SENDER, message.to
    whole["Subject"] = Header(subject, None if subject.isascii() else _AS_TEXT, header_name="Subject")
    whole["Date"], whole["Message-ID"] = format_datetime(message.written_at), f"<{message.message_id}@example.org>"
    whole["Auto-Submitted"] = "auto-generated"
    return whole.as_bytes(policy=compat32.clone(linesep="\r\n"))


@given(subject=_SUBJECTS, body=_TEXTS, html=_TEXTS, at=_INSTANTS, to=st.emails(domains=st.just("example.org")))
@example(subject=f"{_HINDI} " * 9, body=f"{_BENGALI}\n" * 30, html="", at=_AT, to="a@b.org")
@example(subject="Late " * 40, body=_BURMESE * 40, html="<p>" + "x" * 2_000, at=_AT, to="a@b.org")
def test_an_email_has_the_bytes_of_the_standard_library(
    subject: str, body: str, html: str, at: datetime, to: str
) -> None:
    message = Outgoing(to=to, subject=subject, body=body, html=html, message_id=_ID, written_at=at)
    assert _CHANNEL.written(message) == _by_the_library(message)


@given(subject=_SUBJECTS, body=_TEXTS.filter(bool), html=_TEXTS.filter(bool))
def test_what_was_written_is_what_is_read(subject: str, body: str, html: str) -> None:
    message = Outgoing(to="asha@example.org", subject=subject, body=body, html=html, message_id=_ID, written_at=_AT)
    read = message_from_bytes(_CHANNEL.written(message), policy=default)
    plain, other = read.iter_parts()
    assert str(read["Subject"]).split() == subject.split()
    for part, words in ((plain, body), (other, html)):
        assert part.get_content().splitlines() == words.splitlines()
