"""Journeys and ways out in which marked words are typed wherever somebody can type, and looked for."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from starlette.testclient import TestClient

from engine.access.actions.emergency import emergency_access
from engine.approvals.actions.concerns import answer_concern, raise_concern
from engine.approvals.store import ConcernStore
from engine.assembly import Engine
from engine.cases.actions.public import Receipt, add_words, come_back, from_public_page, take_from_public, take_report
from engine.cases.records import ANSWER
from engine.cases.store import CaseStore
from engine.cases.views.lists import find_case
from engine.core.files import FileKind
from engine.core.policy import Viewer
from engine.core.retention import CopyStatus
from engine.course.actions.diary import make_note, read_notes
from engine.db.embedded.backup import make_backup
from engine.db.embedded.databases import run_client
from engine.definitions.actions.days import NewDay, add_special_day
from engine.documents.actions.attachments import Arrival, open_file
from engine.errors import InvalidAnswersError
from engine.imports.actions import check_table, import_cases
from engine.imports.htcds import as_htcds
from engine.imports.records import TableError
from engine.messages.actions.channels import set_channel, set_contact
from engine.messages.actions.delivering import deliver_unattended
from engine.messages.chat import SERVICES, AppriseGateways, Service
from engine.numbers.actions import save_numbers
from engine.numbers.records import CHOSEN_TABLES
from engine.overview.actions import answer_copy, ask_copy, fetch_copy, link_to_copy
from engine.overview.views.copies import WHAT, as_csv
from engine.people.actions.invitations import ask_for_link
from engine.people.actions.program_keys import add_key
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer, units
from engine.persons.actions.persons import add_name, propose_identity
from engine.persons.actions.subject import correct_person
from engine.rehearsal.world import MovedClock, people_of
from engine.retention.actions.retention import place_hold
from engine.retention.store import RetentionStore
from engine.sharing.actions.consents import GivenConsent, record_consent
from engine.sharing.actions.partners import answer_by_link, make_partner_link, open_partner_link, read_by_link
from engine.sharing.actions.referrals import ReferralRequest, offer_referral
from engine.sharing.actions.releasing import release_referral
from engine.sharing.records.consent import GivenBy
from engine.sharing.store import ReferralStore
from engine.sign_in.actions.account import keep_form
from engine.sign_in.actions.sessions import sign_in
from engine.sign_in.records import SignInError
from engine.site import create_app
from engine.web.terminal import SYSTEM
from tests.api.gateways import message, missed_call, signed
from tests.api.programs import TOLD
from tests.imports.test_import import table
from tests.kit.installation import Installation
from tests.kit.servers import Gateway, Mail, http_gateway, mail_server

SHARED = ("person.name", "person.phone")
TYPED_NUMBER = "Z-ZQXA-NARY"
SENDER = "917712077120"
"""The digits of a number from which a gateway brings messages."""
"""A name that has the shape of the number of a case."""


def walk_journeys(engine: Engine, case_id: UUID, people: Mapping[str, Viewer], *, mark: str, phone: str) -> list[str]:
    """Share, upload, correct, hold, get emergency access, sign in; returns what was shown where it may be shown."""
    with engine.transaction() as tx:
        state = tx.of(CaseStore).read(case_id)
    number, person = state.case.number, state.persons[0].person_id
    _write_persons(engine, case_id, person, people["case_manager"], mark, phone)
    shown = [
        _send_outside(engine, case_id, person, people, mark),
        _upload(engine, case_id, people["case_manager"], mark),
    ]
    place_hold(
        engine, case_id, viewer=people["case_manager"], command_id=uuid4(), kind="appeal", reason=f"{mark} appeals."
    )
    _tell_of_concern(engine, people, number, mark)
    shown.append(_report_publicly(engine, state.case.unit_id, mark))
    _emergency_access(engine, number, mark)
    _sign_in(engine, people["caseworker"], mark, phone)
    _add_day(engine, people["system_administrator"], mark)
    _ask_by_api(engine, case_id, people["supervisor"], mark)
    _take_over(engine, state.case.unit_id, people["case_manager"], mark)
    shown += _note_and_find(engine, case_id, people["case_manager"], mark)
    save_numbers(
        engine, viewer=people["supervisor"], command_id=uuid4(), name=f"{mark} and others",
        tables=tuple(CHOSEN_TABLES), period="latest", monthly=True,
    )  # fmt: skip
    return shown


def _write_persons(engine: Engine, case_id: UUID, person: UUID, lead: Viewer, mark: str, phone: str) -> None:
    wanted = {"case_id": case_id, "viewer": lead}
    add_name(engine, person, command_id=uuid4(), name=f"{mark} other", **wanted)  # type: ignore[arg-type]
    propose_identity(
        engine, person, command_id=uuid4(), name=f"{mark} maybe", aliases=(f"{mark} or",), phone=f"{phone} 00009",
        **wanted,  # type: ignore[arg-type]
    )  # fmt: skip
    correct_person(
        engine, case_id, person, viewer=lead, command_id=uuid4(), reason_code="wrong_from_start",
        changes={"name": f"{mark}ia Corrected"}, remark=f"{mark} said so.",
    )  # fmt: skip


def _send_outside(engine: Engine, case_id: UUID, person: UUID, people: Mapping[str, Viewer], mark: str) -> str:
    lead, until = people["case_manager"], engine.clock.now() + timedelta(days=90)
    agreed = GivenConsent(person, GivenBy.GUARDIAN, ("shelter",), ("kind:shelter",), SHARED, until, assent="yes")
    consent = record_consent(engine, case_id, viewer=people["counsellor"], command_id=uuid4(), agreed=agreed)
    wanted = ReferralRequest(
        purpose="shelter", help="safe_place", urgency="high", fields=SHARED, consent_id=consent,
        note=f"{mark} waits at the gate.", to_name=f"{mark} House", to_kind="shelter",
    )  # fmt: skip
    referral = offer_referral(engine, case_id, viewer=lead, command_id=uuid4(), to_unit_id=None, wanted=wanted)
    with engine.transaction() as tx:
        found = tx.of(ReferralStore).get(referral)
    if found is not None and found.sent_at is None:
        release_referral(engine, referral, viewer=people["supervisor"], command_id=uuid4())
    link = make_partner_link(engine, referral, viewer=lead, command_id=uuid4())
    token = link.path.removeprefix("/p/")
    sitting = open_partner_link(engine, token, code=link.code)
    answer_by_link(engine, token, sitting, accepts=True, phone="+91 364 000000")
    return str(read_by_link(engine, token, sitting))


def _upload(engine: Engine, case_id: UUID, lead: Viewer, mark: str) -> str:
    arrival = Arrival(engine, case_id, viewer=lead, name=f"{mark}.txt", kind=FileKind.OTHER, child_shown="no")
    arrival.take(f"{mark} wrote this. ".encode() * 500)
    file_id = arrival.finish()
    return b"".join(open_file(engine, file_id, case_id=case_id, viewer=lead).parts).decode()


def _report_publicly(engine: Engine, unit_id: UUID, mark: str) -> str:
    """Report from a network whose address is marked, first with a marked word for one of a list, and come back."""
    take_from_public(engine, unit_id, viewer=SYSTEM, takes=True)
    told = {
        "immediate_danger": True, "safe_to_call": False, "consent_to_record": "yes", "is_child_suspected": "yes",
        "concern": "missing_person", "narrative": f"{mark} was sold.",
    }  # fmt: skip
    with pytest.raises(InvalidAnswersError):
        take_report(engine, answers=told | {"concern": mark}, command_id=uuid4(), network=mark)
    found = take_report(engine, answers=from_public_page(told), command_id=uuid4(), network=mark)
    assert isinstance(found, Receipt)
    known = {"number": found.number, "code": found.code, "network": mark}
    for code in (mark, found.code):
        add_words(engine, words=f"{mark} was seen.", command_id=uuid4(), **known | {"code": code})
    case_id = engine.ask(find_case, SYSTEM, found.number)
    make_note(engine, case_id, viewer=SYSTEM, command_id=uuid4(), kind=ANSWER, words=f"{mark} is not alone.")
    return come_back(engine, **known).answers[0].words


def _tell_of_concern(engine: Engine, people: Mapping[str, Viewer], number: str, mark: str) -> None:
    told = {"viewer": people["lawyer"], "kind": "concern", "about_id": people["caseworker"].actor_id}
    words = f"{mark} was seen with a stranger."
    with pytest.raises(InvalidAnswersError):
        raise_concern(engine, command_id=uuid4(), case_number=f"about {mark}", words=words, **told)  # type: ignore[arg-type]
    raise_concern(engine, command_id=uuid4(), case_number=TYPED_NUMBER, words=words, **told)  # type: ignore[arg-type]
    concern = raise_concern(engine, command_id=uuid4(), case_number=number, words=words, **told)  # type: ignore[arg-type]
    with engine.transaction() as tx:
        kept = tx.of(ConcernStore).get(concern)
    hearer = engine.ask_all(as_viewer, kept.recipient_id)
    answer_concern(
        engine, concern, viewer=hearer, command_id=uuid4(), status="looked_into", words=f"{mark} is safe, I looked."
    )


def _emergency_access(engine: Engine, number: str, mark: str) -> None:
    _, others = people_of(engine, jurisdiction="IN-MN", label="Far")
    wanted = {"viewer": others["caseworker"], "reason_code": "life_at_risk", "hours": 1}
    words = f"{mark} stands before us and bleeds."
    with pytest.raises(InvalidAnswersError):
        emergency_access(engine, command_id=uuid4(), number=mark, words=words, **wanted)  # type: ignore[arg-type]
    emergency_access(engine, command_id=uuid4(), number=TYPED_NUMBER, words=words, **wanted)  # type: ignore[arg-type]
    emergency_access(engine, command_id=uuid4(), number=number, words=words, **wanted)  # type: ignore[arg-type]


def _take_over(engine: Engine, unit_id: UUID, lead: Viewer, mark: str) -> None:
    """Take over a table and a file of another system with marked words, each first with a cell that does not fit."""
    told = {"viewer": lead, "unit_id": unit_id}
    row = (
        mark,
        "2024-05-31",
        f"{mark} was seen.",
        "forced_labour",
        "yes",
        "no",
        "not known",
        "yes",
        f"{mark} Old",
        "15",
    )
    victim = {"prs_FirstName": mark, "prs_SecondName": "Elsewhere", "vic_TypeOfExploitation": ["ForcedLabour"]}
    for fits, unfit in (
        (table(row), table((*row[:3], mark, *row[4:]))),
        (_htcds("Active", victim), _htcds(mark, victim)),
    ):
        with pytest.raises(TableError) as refused:
            check_table(engine, unfit, **told)  # type: ignore[arg-type]
        assert mark not in str(refused.value.problems)
        import_cases(engine, fits, command_id=uuid4(), **told)  # type: ignore[arg-type]


def _htcds(status: str, victim: Mapping[str, object]) -> str:
    return json.dumps({"standard": "HTCDS", "version": "2.0", "cases": [{"cas_Status": status, "persons": [victim]}]})


def _note_and_find(engine: Engine, case_id: UUID, lead: Viewer, mark: str) -> list[str]:
    """Write a note with a file on the page of the diary, and look for the person; returns what is shown."""
    client = TestClient(create_app(engine), base_url="http://127.0.0.1", raise_server_exceptions=False)
    client.post("/become", data={"actor_id": str(lead.actor_id)})
    note = {"command_id": str(uuid4()), "words": f"{mark} rang.", "child_shown": "no", "file_kind": "statement"}
    file = {"new_file": (f"{mark}.txt", f"{mark} said so.".encode(), "text/plain"), "kind": (None, "call")}
    saved = client.post(f"/cases/{case_id}/diary", data=note, files=file)
    assert ("Your note was saved" in saved.text, mark in saved.text) == (True, False)
    refused = client.post(f"/cases/{case_id}/diary", data=note | {"command_id": str(uuid4()), "step": mark}, files=file)
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    return [*read_notes(engine, case_id, viewer=lead).values(), client.post("/find", data={"words": mark}).text]


def _ask_by_api(engine: Engine, case_id: UUID, lead: Viewer, mark: str) -> None:
    """Send a report as a program does, and others with marked words where none belong, and read: none come back."""
    unit, scopes = dict(engine.ask(units, lead))[lead.unit_ids[0]], ("report", "cases")
    made = add_key(engine, viewer=SYSTEM, account="Hotline", unit=unit, name="key", scopes=scopes, days=9)
    client = TestClient(create_app(engine), base_url="http://127.0.0.1", raise_server_exceptions=False)
    taken = TOLD | {"narrative": f"{mark} told a program.", "place_last_seen": f"{mark} road"}
    for body, status in (
        ({"answers": taken}, 201), ({"answers": taken | {"concern": mark}}, 422), ({"answers": mark}, 422),
        ({"answers": taken, "unit_id": mark}, 422), ({"answers": taken | {"consent_to_record": "no"}}, 422),
    ):  # fmt: skip
        headers = {"authorization": f"Bearer {made.key}", "idempotency-key": str(uuid4())}
        answer = client.post("/api/v1/reports", json=body, headers=headers)
        assert (answer.status_code, mark in answer.text) == (status, False), body
    _bring(engine, client, unit, mark)
    for path in ("cases", f"cases/{case_id}", f"cases/{case_id}/history", "work-items"):
        answer = client.get(f"/api/v1/{path}", headers={"authorization": f"Bearer {made.key}"})
        assert (answer.status_code, mark in answer.text) == (200, False), path


def _bring(engine: Engine, client: TestClient, unit: str, mark: str) -> None:
    """Bring messages as a gateway does, with marked ids and words, and with a marked word where none belongs."""
    secret = f"{mark} signs".replace(" ", "-" * 20)
    gateway = add_key(
        engine, viewer=SYSTEM, account="SMS", unit=unit, name="key", scopes=("gateway",), days=9, secret=secret
    )
    for body, status in (
        (message(f"+{SENDER}", f"{mark} wrote.", id=f"{mark} 1"), 200),
        (message(f"+{SENDER}", f"{mark} wrote more.", id=f"{mark} 2"), 200),
        (missed_call(f"+{SENDER}", id=f"{mark} 3"), 200), (message(f"+{mark}"), 422),
    ):  # fmt: skip
        sent = json.dumps(body).encode()
        headers = signed(secret, sent, int(engine.wall_clock.now().timestamp()))
        answer = client.post(f"/api/v1/gateways/{gateway.gateway_id}", content=sent, headers=headers)
        assert (answer.status_code, mark in answer.text) == (status, False), body


def _sign_in(engine: Engine, viewer: Viewer, mark: str, phone: str) -> None:
    with pytest.raises(SignInError):
        sign_in(engine, email=f"{mark}@example.org", password=f"{mark} and more", network="192.0.2.7")
    ask_for_link(engine, email=f"{mark}@example.org")
    keep_form(engine, viewer.actor_id, path="/report", fields=[("a-narrative", f"{mark} was typing.")])
    with engine.transaction() as tx:
        person = tx.of(DirectoryStore).actor(viewer.actor_id)
    assert person.email
    set_contact(engine, viewer=viewer, email=person.email, channel="sms", address=f"{phone}00002".replace(" ", ""))


def _add_day(engine: Engine, admin: Viewer, mark: str) -> None:
    """Add a holiday on the next day that works, with a name and a reason of one's own."""
    calendar, day = engine.library().calendars["IN"], engine.clock.now().date() + timedelta(days=7)
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    add_special_day(engine, NewDay("IN", day, f"{mark} rests", f"{mark} said so"), viewer=admin)


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
    """Send every message that the installation has written once more, over SMTP and by a gateway over HTTP.

    Its workers rest meanwhile: they would write, and send, the morning's list of work in between. A job that they
    left, to send something in the morning, is over: all of its case's messages would wait for it.
    """
    site.stop_workers()
    site.rows("UPDATE job SET status = 'done' WHERE kind = 'deliver' AND status <> 'done' RETURNING id")
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
        try:
            yield Sinks(mail, gateway, queued)
        finally:
            site.start_worker()


def copies(engine: Engine, people: Mapping[str, Viewer]) -> dict[str, str]:
    """Take every copy that the unit can take, after its second person where it needs one; returns the words of each."""
    return {what: _copied(engine, people, what) for what in WHAT}


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
    """Let every message wait once more; returns how many are due: at night, those for the morning are too."""
    address = site.urls.owner.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection:
        connection.execute(
            "INSERT INTO delivery (id, message_id, case_id, unit_id, channel, status, attempt, next_at)"
            " SELECT gen_random_uuid(), m.id, m.case_id, coalesce(c.unit_id, r.unit_id), %(channel)s::text,"
            " 'waiting', 0, %(at)s"
            ' FROM message m JOIN actor a ON a.id = m.recipient_id LEFT JOIN "case" c ON c.id = m.case_id'
            " LEFT JOIN LATERAL (SELECT unit_id FROM membership WHERE actor_id = a.id LIMIT 1) r ON true"
            " WHERE a.email <> ''",
            {"channel": channel, "at": at},
        )
        due = "SELECT count(*) FROM delivery WHERE channel = %s AND status = 'waiting' AND next_at <= %s"
        return int(connection.execute(due, (channel, at)).fetchone()[0])


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
    content = fetch_copy(
        engine, copy_id, token=token, viewer=asks, write=as_htcds if what == "htcds" else as_csv, at="now"
    ).content
    return content.decode("utf-8-sig")


def _words(message: Message) -> str:
    parts = [bytes(part.get_payload(decode=True) or b"") for part in message.walk() if not part.is_multipart()]  # type: ignore[arg-type]
    return "\n".join([message.as_string(), *(part.decode("utf-8", "replace") for part in parts)])
