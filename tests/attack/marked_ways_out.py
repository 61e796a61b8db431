"""Ways by which something leaves an installation for good: mail, gateways, copies for spreadsheets, backups."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import Message
from pathlib import Path

import psycopg

from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.core.retention import CopyStatus
from engine.db.embedded.backup import make_backup
from engine.db.embedded.binaries import run_client
from engine.messages.actions.channels import set_channel, set_contact
from engine.messages.actions.delivering import deliver_unattended
from engine.messages.chat import SERVICES, AppriseGateways, Service
from engine.overview.actions.exports import answer_copy, ask_copy, fetch_copy, link_to_copy
from engine.overview.spreadsheets import as_csv
from engine.rehearsal.world import MovedClock
from engine.retention.store import RetentionStore
from engine.web.terminal import SYSTEM
from tests.kit.installation import Installation
from tests.kit.servers import Gateway, Mail, http_gateway, mail_server

GATEWAYS = AppriseGateways(
    hosts=frozenset({"127.0.0.1"}),
    services={**SERVICES, "json": Service(frozenset({"sms"}), None, "15550100000")},
    loopback=True,
)
_AHEAD = timedelta(days=400)
"""The workers of the installation leave alone what falls due so late: it is sent here, by the real ways."""
_PASSES = 50


@dataclass(frozen=True)
class Sinks:
    """A mail server and a gateway that took every message, and how many of each they were to take."""

    mail: Mail
    gateway: Gateway
    asked_for: Mapping[str, int]

    def mails(self) -> list[str]:
        """Return what each e-mail says, in its head and in its parts, as its reader sees it."""
        return [_words(message) for message in self.mail.taken]

    def texts(self) -> list[str]:
        """Return the address and the body of each request to the gateway."""
        return [f"{path} {body}" for path, body in self.gateway.came]


@contextmanager
def all_told_for_real(site: Installation) -> Iterator[Sinks]:
    """Send every message that the installation has written once more, over SMTP and by a gateway over HTTP."""
    with mail_server() as mail, http_gateway() as gateway:
        engine = replace(
            site.engine, channels={"email": mail.channel()}, gateways=GATEWAYS,
            clock=MovedClock(site.engine.clock.now() + _AHEAD),
        )  # fmt: skip
        _set_up(site, engine, gateway)
        queued = {channel: _queue_all(site, channel, at=engine.clock.now()) for channel in ("email", "sms")}
        for _ in range(_PASSES):
            if not deliver_unattended(engine):
                break
        yield Sinks(mail, gateway, queued)


def copies(engine: Engine, people: Mapping[str, Viewer]) -> dict[str, str]:
    """Take every copy that the unit can take, after its second person where it needs one; returns the words of each."""
    return {what: _copied(engine, people, what) for what in ("cases", "steps", "limits")}


def backup_in_words(site: Installation, folder: Path) -> tuple[bytes, str]:
    """Make a backup; returns its bytes, and all that it restores, as SQL."""
    file = make_backup(site.urls.admin, folder / "canary.backup").file
    with psycopg.connect(site.urls.owner.replace("postgresql+psycopg://", "postgresql://")) as connection:
        version = connection.info.server_version
    restored = folder / "canary.sql"
    done = run_client("pg_restore", f"--file={restored}", file, url=site.urls.admin, server_version=version)
    assert done.returncode == 0, done.stderr
    return file.read_bytes(), restored.read_text(encoding="utf-8")


def _set_up(site: Installation, engine: Engine, gateway: Gateway) -> None:
    """Return every organisation the gateway, and everybody who is told something a number."""
    for row in site.rows("SELECT DISTINCT name FROM organisation"):
        set_channel(engine, viewer=SYSTEM, organisation=row["name"], channel="sms", url=gateway.url())
    told = site.rows(
        "SELECT email FROM actor WHERE email <> '' AND id IN (SELECT recipient_id FROM message) ORDER BY email"
    )
    for place, row in enumerate(told):
        set_contact(engine, viewer=SYSTEM, email=row["email"], channel="sms", address=f"+9198100{place:05d}")


def _queue_all(site: Installation, channel: str, *, at: datetime) -> int:
    address = site.urls.owner.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection:
        done = connection.execute(
            "INSERT INTO delivery (id, message_id, case_id, unit_id, channel, status, attempt, next_at)"
            " SELECT gen_random_uuid(), m.id, m.case_id, coalesce(c.unit_id, r.unit_id), %(channel)s::text,"
            " 'waiting', 0, %(at)s"
            ' FROM message m JOIN actor a ON a.id = m.recipient_id LEFT JOIN "case" c ON c.id = m.case_id'
            " LEFT JOIN LATERAL (SELECT unit_id FROM membership WHERE actor_id = a.id LIMIT 1) r ON true"
            " WHERE a.email <> ''",
            {"channel": channel, "at": at},
        )
        return done.rowcount


def _copied(engine: Engine, people: Mapping[str, Viewer], what: str) -> str:
    asks, agrees = (
        people[role].model_copy(update={"stepped_up_at": engine.wall_clock.now()})
        for role in ("supervisor", "nodal_officer")
    )
    copy_id = ask_copy(engine, viewer=asks, what=what, purpose_code="supervision", chosen={})
    with engine.transaction() as tx:
        copy = tx.of(RetentionStore).copy(copy_id)
    if copy is not None and copy.status is CopyStatus.ASKED:
        answer_copy(engine, copy_id, viewer=agrees, agreed=True)
    token = link_to_copy(engine, copy_id, viewer=asks)
    content = fetch_copy(engine, copy_id, token=token, viewer=asks, write=as_csv, at="now").content
    return content.decode("utf-8-sig")


def _words(message: Message) -> str:
    parts = [bytes(part.get_payload(decode=True) or b"") for part in message.walk() if not part.is_multipart()]  # type: ignore[arg-type]
    return "\n".join([message.as_string(), *(part.decode("utf-8", "replace") for part in parts)])
