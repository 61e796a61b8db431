"""Journeys beside the forms of a case, in which marked words are typed wherever somebody can type."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.access.actions.emergency import emergency_access
from engine.approvals.actions.concerns import answer_concern, raise_concern
from engine.approvals.store import ConcernStore
from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.core.files import FileKind
from engine.core.policy import Viewer
from engine.definitions.actions.days import NewDay, add_special_day
from engine.documents.actions.attachments import Arrival, open_file
from engine.errors import InvalidAnswersError, SignInError
from engine.messages.actions.channels import set_contact
from engine.people.actions.invitations import ask_for_link
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer
from engine.persons.actions.persons import add_name, propose_identity
from engine.persons.actions.subject import correct_person
from engine.rehearsal.world import people_of
from engine.retention.actions.retention import place_hold
from engine.sharing.actions.consents import GivenConsent, record_consent
from engine.sharing.actions.partners import answer_by_link, make_partner_link, open_partner_link, read_by_link
from engine.sharing.actions.referrals import ReferralRequest, offer_referral
from engine.sharing.actions.releasing import release_referral
from engine.sharing.records.consent import GivenBy
from engine.sharing.store import ReferralStore
from engine.sign_in.actions.kept_forms import keep_form
from engine.sign_in.actions.sessions import sign_in

SHARED = ("person.name", "person.phone")
TYPED_NUMBER = "Z-ZQXA-NARY"
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
    _emergency_access(engine, number, mark)
    _sign_in(engine, people["caseworker"], mark, phone)
    _add_day(engine, people["system_administrator"], mark)
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
    answer_by_link(engine, token, sitting, accepts=True)
    return str(read_by_link(engine, token, sitting))


def _upload(engine: Engine, case_id: UUID, lead: Viewer, mark: str) -> str:
    arrival = Arrival(engine, case_id, viewer=lead, name=f"{mark}.txt", kind=FileKind.OTHER, child_shown="no")
    arrival.take(f"{mark} wrote this. ".encode() * 500)
    file_id = arrival.finish()
    return b"".join(open_file(engine, file_id, case_id=case_id, viewer=lead).parts).decode()


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
