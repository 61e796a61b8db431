"""Two units of two organisations in one database, each with a case in which something of every sort was made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from starlette.testclient import TestClient

from engine.access.actions.recusals import recuse
from engine.cases.actions.filters import save_filter
from engine.cases.store import CaseStore
from engine.core.access import RecusalReason
from engine.core.case_links import LinkKind
from engine.core.policy import Viewer
from engine.core.records import PersonRole
from engine.course.actions.steer import add_person, identify_person
from engine.language.names import Role
from engine.numbers.actions import save_numbers
from engine.overview.actions import ask_copy
from engine.people.actions.duty import note_absence, plan_shift
from engine.persons.actions.links import link_cases
from engine.persons.actions.matches import find_matches
from engine.persons.match_store import MatchStore
from engine.rehearsal.world import people_of
from engine.retention.actions.retention import ask_to_lift, place_hold
from engine.sharing.actions.consents import GivenConsent, record_consent
from engine.sharing.actions.partners import make_partner_link
from engine.sharing.actions.referrals import ReferralRequest, offer_referral
from engine.sharing.records.consent import GivenBy
from engine.sign_in.actions.account import keep_form
from engine.work.actions.items import save_draft
from tests.kit.database import Rows, add_hub
from tests.kit.portal import ORIGIN, Portal, Reported, report_case

NAMES = {"here": "Zubeda Khanam", "there": "Maya Rongmei"}
PHONES = {"here": "+91 98640 55501", "there": "+91 98640 55502"}


_OF_CASE = "SELECT id FROM {table} WHERE case_id = %(case)s ORDER BY id LIMIT 1"
_SOURCES = {
    "case_id": 'SELECT id FROM "case" WHERE id = %(case)s',
    "item_id": "SELECT id FROM work_item WHERE case_id = %(case)s AND ended_at IS NULL ORDER BY id LIMIT 1",
    "step_id": _OF_CASE.format(table="step"), "document_id": _OF_CASE.format(table="document"),
    "person_id": "SELECT person_id FROM case_person WHERE case_id = %(case)s ORDER BY position LIMIT 1",
    "secondary_id": "SELECT person_id FROM case_person WHERE case_id = %(case)s ORDER BY position DESC LIMIT 1",
    "link_id": "SELECT id FROM case_link WHERE unit_id = %(unit)s LIMIT 1",
    "deadline_id": _OF_CASE.format(table="deadline"),
    "shift_id": "SELECT id FROM shift WHERE unit_id = %(unit)s LIMIT 1",
    "absence_id": "SELECT a.id FROM absence a JOIN membership m ON m.actor_id = a.actor_id WHERE m.unit_id = %(unit)s",
    "referral_id": _OF_CASE.format(table="referral"), "consent_id": _OF_CASE.format(table="consent"),
    "match_id": "SELECT id FROM match_alert WHERE unit_id = %(unit)s LIMIT 1",
    "notice_id": "SELECT id FROM message WHERE unit_id = %(unit)s LIMIT 1",
    "actor_id": "SELECT actor_id FROM membership WHERE unit_id = %(unit)s AND role = 'caseworker' LIMIT 1",
    "unit_id": "SELECT id FROM unit WHERE id = %(unit)s",
    "session_id": "SELECT s.id FROM session s JOIN membership m ON m.actor_id = s.actor_id WHERE m.unit_id = %(unit)s",
    "form_id": "SELECT f.id FROM kept_form f JOIN membership m ON m.actor_id = f.actor_id WHERE m.unit_id = %(unit)s",
    "request_id": "SELECT id FROM approval_request WHERE unit_id = %(unit)s LIMIT 1",
    "mirror_id": _OF_CASE.format(table="mirror"),
    "peer_id": "SELECT id FROM peer_hub WHERE unit_id = %(unit)s LIMIT 1",
    "hold_id": _OF_CASE.format(table="legal_hold"), "erasure_id": _OF_CASE.format(table="erasure"),
    "proposal_id": _OF_CASE.format(table="retention_proposal"), "key_id": "SELECT k.id FROM api_key k LIMIT 1",
    "saved_id":
        "SELECT s.id FROM saved_numbers s JOIN membership m ON m.actor_id = s.owner_id WHERE m.unit_id = %(unit)s",
    "monthly_id":
        "SELECT s.id FROM monthly_numbers s JOIN membership m ON m.actor_id = s.owner_id WHERE m.unit_id = %(unit)s",
    "copy_id": "SELECT id FROM export_copy WHERE unit_id = %(unit)s LIMIT 1", "job_id": _OF_CASE.format(table="job"),
    "delivery_id": "SELECT id FROM delivery WHERE unit_id = %(unit)s LIMIT 1",
    "file_id": _OF_CASE.format(table="attachment"), "attachment_id": _OF_CASE.format(table="attachment"),
    "recusal_id": _OF_CASE.format(table="recusal"),
    "grant_id": 'SELECT id FROM "grant" WHERE case_id = %(case)s LIMIT 1',
    "concern_id": "SELECT c.id FROM concern c JOIN membership m ON m.actor_id = c.raised_by WHERE m.unit_id = %(unit)s",
}  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One unit: its people, one of whom has every role, and the ids of what its case has, by the names of addresses."""

    unit: UUID
    people: dict[str, Viewer]
    case: Reported
    ids: dict[str, UUID]
    made: frozenset[str]

    @property
    def strongest(self) -> UUID:
        """The person with every role but that of the administrator, who looks after all units."""
        return self.people["supervisor"].actor_id


@dataclass(frozen=True)
class TwoUnits:
    """The portal, and both sides."""

    portal: Portal
    here: Side
    there: Side
    rows: Rows = field(repr=False)

    def client(self, actor_id: UUID) -> TestClient:
        """Sign somebody in."""
        client = self.portal.anybody()
        assert client.post("/become", data={"actor_id": str(actor_id)}, follow_redirects=False).status_code == 303
        return client


@contextmanager
def two_units(portal: Portal) -> Iterator[TwoUnits]:
    """Fill both units."""
    rows = Rows(portal.urls.admin)
    try:
        other, others = people_of(portal.engine, jurisdiction="IN-MN", label="Far")
        sides = [
            _filled(portal, rows, portal.unit, portal.people, "here"), _filled(portal, rows, other, others, "there")
        ]  # fmt: skip
        find_matches(portal.engine)
        _answer_for_one(portal, rows)
        here, there = (_with_ids(rows, *side) for side in sides)
        yield TwoUnits(portal, here, there, rows)
    finally:
        rows.close()


def _answer_for_one(portal: Portal, rows: Rows) -> None:
    """Let the unit that asks have something too: whom it could call."""
    with portal.engine.transaction() as tx:
        for (alert_id,) in rows.all("SELECT id FROM match_alert"):
            asked = tx.of(MatchStore).get(UUID(str(alert_id)))
            assert asked.about_case_id is not None
            unit_id = tx.of(CaseStore).read(asked.about_case_id).case.unit_id
            changes = {
                "id": uuid4(), "unit_id": unit_id, "case_id": asked.about_case_id, "other_unit_id": asked.unit_id,
                "is_question": False, "about_case_id": None,
            }  # fmt: skip
            tx.of(MatchStore).add(asked.model_copy(update=changes))
        tx.commit()


def _filled(
    portal: Portal, rows: Rows, unit: UUID, people: dict[str, Viewer], side: str
) -> tuple[UUID, dict[str, Viewer], Reported]:
    engine, now = portal.engine, portal.clock.now()
    strongest = people["supervisor"].actor_id
    for role in set(Role) - {Role.SYSTEM_ADMINISTRATOR}:
        rows.all(
            "INSERT INTO membership (actor_id, unit_id, role) VALUES (%(actor)s, %(unit)s, %(role)s)"
            " ON CONFLICT DO NOTHING",
            actor=strongest, unit=unit, role=role.value,
        )  # fmt: skip
    client = TestClient(portal.app, base_url=ORIGIN)
    client.post("/become", data={"actor_id": str(people["intake_officer"].actor_id)})
    first, second = report_case(client), report_case(client)
    case_id, other_id = (UUID(case.page.rpartition("/")[2]) for case in (first, second))
    lead, worker = people["case_manager"], people["caseworker"]
    identity: dict[str, Any] = {"name": NAMES[side], "phone": PHONES[side]}
    with engine.transaction() as tx:
        person = tx.of(CaseStore).read(case_id).persons[0].person_id
    identify_person(engine, person, case_id=case_id, viewer=worker, command_id=uuid4(), identity=identity)
    add_person(
        engine, case_id, viewer=worker, command_id=uuid4(), role=PersonRole.VICTIM,
        identity={"name": "Rahima Sultana", "phone": "+91 98640 55599"},
    )  # fmt: skip
    save_draft(
        engine, UUID(first.item.rpartition("/")[2]), viewer=people["intake_officer"],
        answers={"narrative": f"{NAMES[side]} was seen."},
    )  # fmt: skip
    add_hub(rows, case=case_id, unit=unit, who=strongest, now=now)
    consent = record_consent(
        engine, case_id, viewer=people["counsellor"], command_id=uuid4(),
        agreed=GivenConsent(
            person, GivenBy.GUARDIAN, ("shelter",), ("kind:shelter",), ("person.name", "person.age"),
            now + timedelta(days=90), assent="yes",
        ),
    )  # fmt: skip
    referral = offer_referral(
        engine, case_id, viewer=lead, command_id=uuid4(), to_unit_id=None,
        wanted=ReferralRequest(
            purpose="shelter", help="safe_place", urgency="high", fields=("person.name",), consent_id=consent,
            to_name="House of Hope", to_kind="shelter",
        ),
    )  # fmt: skip
    make_partner_link(engine, referral, viewer=lead, command_id=uuid4())
    link_cases(engine, case_id, other_id, viewer=lead, command_id=uuid4(), kind=LinkKind.SAME_EVENT)
    recuse(
        engine, case_id, viewer=lead, command_id=uuid4(), actor_id=people["lawyer"].actor_id,
        reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="relative"
    )  # fmt: skip
    until = now + timedelta(days=2)
    plan_shift(
        engine, viewer=people["supervisor"], command_id=uuid4(), unit_id=unit, actor_id=worker.actor_id, starts_at=now,
        ends_at=until,
    )  # fmt: skip
    note_absence(
        engine, viewer=people["counsellor"], command_id=uuid4(), actor_id=people["counsellor"].actor_id, starts_at=now,
        ends_at=until,
    )  # fmt: skip
    _kept(portal, rows, people, case_id, person)
    return unit, people, first


def _kept(portal: Portal, rows: Rows, people: dict[str, Viewer], case_id: UUID, person: UUID) -> None:
    engine = portal.engine
    for table, more, values in (
        (
            "erasure",
            "person_id, source, ground_code, asked_by, asked_at, status",
            "%(person)s, 'subject', 'x', %(who)s, %(now)s, 'asked'",
        ),
        (
            "retention_proposal",
            "act, policy, policy_version, due_at, proposed_at",
            "'erase', 'IN', 1, %(now)s, %(now)s",
        ),
    ):
        rows.all(
            f"INSERT INTO {table} (id, case_id, {more}) VALUES (%(id)s, %(case)s, {values})",
            id=uuid4(), case=case_id, person=person, who=people["case_manager"].actor_id, now=portal.clock.now(),
        )  # fmt: skip
    hold = place_hold(
        engine, case_id, viewer=people["case_manager"], command_id=uuid4(), kind="appeal", reason="An appeal is open."
    )
    ask_to_lift(engine, case_id, hold, viewer=people["case_manager"])
    ask_copy(engine, viewer=people["case_manager"], what="cases", purpose_code="supervision", chosen={"status": "open"})
    saved = save_numbers(
        engine, viewer=people["supervisor"], command_id=uuid4(), name="For a donor", tables=("age",),
        period="latest", monthly=True,
    )  # fmt: skip
    rows.all(
        "INSERT INTO monthly_numbers (id, saved_id, owner_id, month, made_at)"
        " VALUES (%(id)s, %(saved)s, %(who)s, '2026-02', %(now)s)",
        id=uuid4(), saved=saved, who=people["supervisor"].actor_id, now=portal.clock.now(),
    )  # fmt: skip
    keep_form(engine, people["caseworker"].actor_id, path=f"/cases/{case_id}", fields=[("a-x", "Some words")])
    save_filter(engine, viewer=people["supervisor"], name="late", chosen={"late": "yes"})


def _with_ids(rows: Rows, unit: UUID, people: dict[str, Viewer], case: Reported) -> Side:
    known = {"case": case.page.rpartition("/")[2], "unit": unit}
    found = {name: rows.all(query, **known) for name, query in _SOURCES.items()}
    ids = {name: UUID(str(lines[0][0])) if lines else uuid4() for name, lines in found.items()}
    ids["candidate_id"] = uuid4()
    ids["filter_id"] = uuid5(people["supervisor"].actor_id, "filter|late")
    return Side(unit, people, case, ids, frozenset(name for name, lines in found.items() if lines) | {"filter_id"})
