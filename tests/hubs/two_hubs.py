"""Two installations of ICMC on this machine: each with its own database, keys, law, clock and portal on loopback."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import uvicorn
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import create_engine, text

from engine.app import build_engine
from engine.assembly import Engine
from engine.cases.actions.open import open_case
from engine.core.policy import Viewer
from engine.db.embedded.embedded import EmbeddedServer
from engine.hubs.actions.exchange import exchange_with_hubs
from engine.hubs.actions.mirrors import accept_request, disclose_to_hub
from engine.hubs.actions.peers import ask_peer, confirm_peer, own_card
from engine.hubs.envelope import PublicKeys, post
from engine.hubs.records import Kind, LineError, MirrorView
from engine.hubs.views import hub_requests
from engine.persons.store import PersonStore
from engine.rehearsal.world import MovedClock, people_of
from engine.settings import Settings
from engine.sharing.actions.consents import GivenConsent, record_consent
from engine.sharing.actions.referrals import ReferralRequest, offer_referral
from engine.sharing.records.consent import GivenBy
from engine.site import create_app, server_config
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.acting import Acting
from tests.kit.portal import shipped_database

NOON = datetime(2026, 3, 9, 6, 30, tzinfo=UTC)
APART = timedelta(minutes=7)
FIELDS = ("person.name", "person.age")
REPORT: Mapping[str, Any] = {
    "narrative": "Another hub asks for help: someone is coming home.", "concern": "forced_labour",
    "is_child_suspected": "no", "immediate_danger": False, "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip
REST: Mapping[str, Any] = {
    "received_at": NOON.isoformat(), "channel": "walk_in", "informant_relation": "passer_by",
    "informant_anonymous": True, "language": "en", "interpreter_needed": False,
}  # fmt: skip


class Killed(BaseException):
    """What a process that is killed does: nothing catches it, and nothing of what it had begun is committed."""


@dataclass
class Line:
    """The line of one hub, in which tests make faults: `plan` is asked before each message."""

    plan: Callable[[], str] = lambda: "good"
    sent: list[tuple[str, bytes, bytes]] = field(default_factory=list)

    def __call__(self, address: str, content: bytes) -> bytes:
        fault = self.plan()
        if fault == "cut":
            raise LineError(problem="the line is cut.")
        if fault == "killed before":
            raise Killed
        answer = post(address, content)
        self.sent.append((address, content, answer))
        if fault == "killed after":
            raise Killed
        if fault == "answer lost":
            raise LineError(problem="the line was cut.")
        if fault == "answer forged":
            return answer.replace(b'"sig":"', b'"sig":"A')
        if fault == "replayed":
            assert post(address, content) == answer
        return answer


@dataclass
class Hub(Acting):
    """One installation."""

    engine: Engine
    clock: MovedClock
    line: Line
    unit: UUID
    people: Mapping[str, Viewer]
    looks: SqlEngine
    peer: UUID | None = None

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Read or change rows, over one connection that is kept: a long test looks thousands of times."""
        with self.looks.begin() as connection:
            done = connection.execute(text(query), values)
            return list(done.all()) if done.returns_rows else []

    def exchange(self) -> int:
        return exchange_with_hubs(self.engine)

    def open_case(self, name: str, **more: Any) -> UUID:
        """Open a case about one person with a name."""
        opened = open_case(
            self.engine,
            answers=REPORT,
            unit_id=self.unit,
            viewer=self.who("intake_officer"),
            command_id=uuid4(),
            **more,
        )
        [person] = [
            row.person_id
            for row in self.rows("SELECT person_id FROM case_person WHERE case_id = :id", id=opened.case_id)
        ]
        with self.engine.transaction() as tx:
            tx.of(PersonStore).change(person, {"name": name, "age": 19, "phone": "+91 98640 77777"}, (), by=None)
            tx.commit()
        return opened.case_id

    def later(self, **by: float) -> None:
        self.clock.move_to(self.clock.now() + timedelta(**by))

    def number(self, case_id: UUID) -> str:
        return str(self.rows('SELECT number FROM "case" WHERE id = :id', id=case_id)[0].number)

    def tell(self, mirror_id: UUID, kind: Kind, **said: Any) -> None:
        self.act(disclose_to_hub, mirror_id, by="case_manager", kind=kind, **said)

    def finish_intake(self, case_id: UUID) -> UUID:
        """Complete the report of a case; returns its step."""
        with self.engine.transaction() as tx:
            item = next(one for one in tx.of(ItemStore).open_of_case(case_id) if one.uses == "reporting.intake")
        self.act(
            complete_work_item, item.id, by="caseworker", revision=item.revision, answers={**REPORT, **REST},
        )  # fmt: skip
        return item.step_id

    def ask_for_help(self, case_id: UUID, *, to: UUID | None = None, **more: Any) -> UUID:
        """Agree with the person, and ask the other hub for help; returns the referral."""
        [person] = [
            row.person_id for row in self.rows("SELECT person_id FROM case_person WHERE case_id = :id", id=case_id)
        ]
        consent = self.act(
            record_consent, case_id, by="case_manager",
            agreed=GivenConsent(
                person_id=person, kind=GivenBy.PERSON, purposes=("sharing_with_partners",),
                recipients=("kind:home_country_partner",), fields=FIELDS,
                valid_until=self.clock.now() + timedelta(days=90),
            ),
        )  # fmt: skip
        wanted = {"purpose": "shelter", "help": "safe_place", "urgency": "high", "fields": FIELDS} | more
        return self.act(
            offer_referral,
            case_id,
            by="case_manager",
            wanted=ReferralRequest(consent_id=consent, to_hub_id=to or self.peer, note="She speaks Bengali.", **wanted),
        )

    def asked(self) -> tuple[MirrorView, ...]:
        return self.engine.ask(hub_requests, self.who("caseworker"))

    def accept(self, mirror_id: UUID) -> UUID:
        return accept_request(self.engine, mirror_id, viewer=self.who("caseworker"), answers=REPORT)


def keys_of_peer(hub: Hub) -> PublicKeys:
    """Return the keys of the other hub as this one knows them."""
    [row] = hub.rows("SELECT sign_key, agree_key, wire_id FROM peer_hub WHERE id = :id", id=hub.peer)
    return PublicKeys(bytes(row.sign_key), bytes(row.agree_key), row.wire_id)


@contextmanager
def two_hubs(postgres: EmbeddedServer, folder: Path) -> Iterator[tuple[Hub, Hub]]:
    """Serve a hub in Guwahati and one in Dhaka, whose clock is seven minutes ahead; each has confirmed the other."""
    with ExitStack() as stack:
        here = stack.enter_context(_hub(postgres, folder / "guwahati", "IN-AS", "Guwahati", NOON))
        there = stack.enter_context(_hub(postgres, folder / "dhaka", "BD", "Dhaka", NOON + APART))
        here.peer, there.peer = meet(here, there), meet(there, here)
        yield here, there


def meet(one: Hub, other: Hub) -> UUID:
    """Enter the other hub by its file, and confirm it by a second person: both have heard its fingerprint."""
    card, fingerprint = own_card(other.engine, viewer=other.who("system_administrator"))
    peer = ask_peer(
        one.engine, viewer=one.who("system_administrator"), file=card.decode(), fingerprint=fingerprint,
        unit_id=one.unit, kind="home_country_partner",
    )  # fmt: skip
    confirm_peer(one.engine, peer, viewer=one.who("nodal_officer"), fingerprint=fingerprint.lower())
    return peer


@contextmanager
def _hub(postgres: EmbeddedServer, folder: Path, jurisdiction: str, label: str, now: datetime) -> Iterator[Hub]:
    clock, line, port = MovedClock(now), Line(), _free_port()
    with shipped_database(postgres, folder) as database:
        settings = Settings(data_folder=folder, portal_port=port, factor_for_all=False)
        made = build_engine(settings, database.urls, clock=clock, channels={})
        engine, looks = replace(made, hub_line=line), create_engine(database.urls.admin, pool_size=1)
        try:
            unit, people = people_of(engine, jurisdiction=jurisdiction, label=label)
            with _served(engine, port):
                yield Hub(engine, clock, line, unit, people, looks)
        finally:
            looks.dispose()
            engine.dispose()


@contextmanager
def _served(engine: Engine, port: int) -> Iterator[None]:
    server = uvicorn.Server(server_config(create_app(engine), "127.0.0.1", port))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
