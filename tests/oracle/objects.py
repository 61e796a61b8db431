"""Make a real object for every id that an address names, in every case, each with values that occur nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from engine.access.actions.emergency import emergency_access
from engine.access.actions.recusals import end_recusal, recuse
from engine.access.store import AccessStore
from engine.approvals.actions.concerns import raise_concern
from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.cases.actions.open import open_case
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.access import RecusalReason
from engine.core.case_links import LinkKind
from engine.core.files import FileKind
from engine.core.matching import MatchAlert
from engine.core.policy import Viewer
from engine.core.records import PersonRole, call_id
from engine.course.actions.diary import make_note
from engine.course.actions.steer import add_person, add_step, cancel_step, identify_person, record_interval
from engine.deadlines.actions.acknowledge import note_call
from engine.deadlines.records import NewEscalation
from engine.documents.actions.attachments import Arrival
from engine.messages.actions.writing import hash_of_link
from engine.messages.records import NewMessage
from engine.messages.store import MessageStore
from engine.persons.actions.links import link_cases
from engine.persons.actions.persons import add_name, propose_identity
from engine.persons.actions.same import merge_persons
from engine.persons.actions.subject import correct_person
from engine.persons.match_store import MatchStore
from engine.persons.views.person import revealed_person
from engine.retention.actions.retention import place_hold
from engine.sharing.actions.consents import GivenConsent, record_consent
from engine.sharing.actions.partners import NewPartnerLink, make_partner_link
from engine.sharing.actions.referrals import ReferralRequest, accept_referral, offer_referral
from engine.sharing.records.consent import GivenBy
from engine.work.actions.complete import complete_work_item
from engine.work.actions.items import save_draft
from engine.work.store import ItemStore
from tests.kit.database import Rows, add_hub
from tests.kit.portal import BEGIN
from tests.oracle.people import OUTSIDE, THIRD
from tests.oracle.records import Matter

_numbers = count(50_001)


@dataclass(frozen=True)
class Staff:
    """Two people of a unit who can do everything in it, and whom nobody asks about."""

    unit_id: UUID
    first: Viewer
    second: Viewer


@dataclass(frozen=True)
class Objects:
    """The objects of one case by the names of addresses, and the planted values by thing."""

    ids: Mapping[str, UUID]
    steps: Mapping[str, UUID]
    values: Mapping[str, str]
    number: str
    roles: frozenset[str] = frozenset()
    link: NewPartnerLink | None = None
    tokens: Mapping[str, str] = field(default_factory=dict)
    beside: str = ""


def word() -> str:
    """Return a word that occurs nowhere else."""
    return f"Zq{next(_numbers):05d}q"


def words_so_far() -> int:
    """Return a number that no word before has, and none after will have."""
    return next(_numbers)


def leave_out(last: int) -> None:
    """Let words that come have higher numbers: another process has given those up to here."""
    while next(_numbers) < last:
        pass


def phone() -> str:
    """Return the number of a phone that occurs nowhere else."""
    return f"+99 70000 {next(_numbers):05d}"


def do(made: Any, *given: Any, by: Viewer, engine: Engine, **more: Any) -> Any:
    """Carry a use case out."""
    return made(engine, *given, viewer=by, command_id=uuid4(), **more)


@dataclass
class Making:
    """A case that is being filled."""

    engine: Engine
    matter: Matter
    staff: Mapping[str, Staff]
    viewers: Mapping[str, Viewer]
    ids: dict[str, UUID] = field(default_factory=dict)
    steps: dict[str, UUID] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    link: NewPartnerLink | None = None
    beside: str = ""

    @property
    def case_id(self) -> UUID:
        """The case."""
        return self.ids["case_id"]

    @property
    def own(self) -> Staff:
        """Who works for the unit that keeps it."""
        return self.staff[self.matter.unit]

    def plant(self, thing: str, value: str = "") -> str:
        """Return a value of a thing, and note it."""
        self.values[thing] = value or word()
        return self.values[thing]

    def act(self, made: Any, *given: Any, by: Viewer | None = None, **more: Any) -> Any:
        """Do something as one of the case's own unit."""
        return do(made, *given, by=by or self.own.first, engine=self.engine, **more)

    def complete(self, uses: str, answers: Mapping[str, Any], *, step_id: UUID | None = None, **more: Any) -> UUID:
        """Complete the open item of a step type, or of a step; returns the step."""
        with self.engine.transaction() as tx:
            items = tx.of(ItemStore).open_of_case(self.case_id)
        item = next(one for one in items if one.uses == uses and step_id in {None, one.step_id})
        self.act(complete_work_item, item.id, revision=item.revision, answers=answers, **more)
        return item.step_id


def filled(making: Making, rows: Rows) -> Objects:
    """Make a case with an object of every sort."""
    _answers(making)
    _persons(making)
    _of_the_second(making, rows)
    _files(making)
    _open_work(making)
    _sharing(making)
    _guarded(making)
    _messages(making, rows)
    _kept(making, rows)
    _hubs(making, rows)
    with making.engine.transaction() as tx:
        case = tx.of(CaseStore).read(making.case_id).case
        roles = tx.of(ItemStore).get(making.ids["item_id"]).candidate_roles
    return Objects(
        making.ids, making.steps, making.values, case.number, frozenset(map(str, roles)), making.link, making.tokens,
        making.beside,
    )  # fmt: skip


def _answers(making: Making) -> None:
    """A report, a health check and a step that was not needed."""
    report = {
        "narrative": making.plant("narrative"), "concern": "forced_labour", "is_child_suspected": "yes",
        "immediate_danger": False, "safe_to_call": True, "consent_to_record": "yes",
    }  # fmt: skip
    unit = making.own.unit_id
    opened = making.act(open_case, answers=report, unit_id=unit)
    making.ids["case_id"] = opened.case_id
    more = {
        "received_at": BEGIN.isoformat(), "channel": "walk_in", "informant_relation": "passer_by",
        "informant_anonymous": False, "informant_name": making.plant("informant"),
        "place_last_seen": making.plant("place"), "language": "en", "interpreter_needed": False,
    }  # fmt: skip
    making.steps["intake"] = making.ids["step_id"] = making.complete("reporting.intake", report | more)
    making.act(add_step, making.case_id, uses="protection.health", title=making.plant("title"))
    day = date(2050, 1, 1) + timedelta(days=next(_numbers) % 9_000)
    health = {
        "triage": "routine", "suicide_screen": "no_risk_seen", "report_to_police_needed": False,
        "follow_up": day.isoformat(), "findings": making.plant("findings"),
    }  # fmt: skip
    making.plant("followup", f"{day:%d %b %Y}")
    making.steps["health"] = making.complete("protection.health", health)
    making.act(add_step, making.case_id, uses="protection.health")
    theirs = health | {"findings": making.plant("their findings"), "follow_up": "2049-01-01"}
    making.steps["theirs"] = making.complete("protection.health", theirs)
    making.act(add_step, making.case_id, uses="protection.safety", limit="PT24H")
    with making.engine.transaction() as tx:
        item = next(one for one in tx.of(ItemStore).open_of_case(making.case_id) if one.uses == "protection.safety")
    making.act(
        record_interval, item.step_id, case_id=making.case_id, name="journey", start=BEGIN - timedelta(hours=3),
        end=BEGIN - timedelta(hours=1), place=making.plant("led to"), evidence=making.plant("ticket"),
    )  # fmt: skip
    making.steps["plan"] = item.step_id
    making.act(
        complete_work_item, item.id, revision=item.revision, answers={}, outcome="not_needed",
        reason=making.plant("reason"), late_reason=making.plant("late reason"),
    )  # fmt: skip
    with making.engine.transaction() as tx:
        state = tx.of(CaseStore).lock(making.case_id)
        making.ids["person_id"] = state.persons[0].person_id
        making.ids["document_id"] = tx.of(HousekeepingStore).keep_document(
            case_id=making.case_id, unit_id=unit, step_id=making.steps["intake"], name="slip", title="A slip",
            sha256="0", number="1", html=f"<p>{making.plant('paper')}</p>", version=7, at=BEGIN,
        )  # fmt: skip
        deadlines = {one.step_id: one.id for one in (*state.past.values(), *state.deadlines.values())}
        making.ids["deadline_id"] = next(iter(state.deadlines))
        making.ids["place_deadline_id"] = deadlines.get(making.steps["plan"], making.ids["deadline_id"])
        tx.commit()


def _persons(making: Making) -> None:
    """One person with names, a phone, a home, somebody whom they may be and a remark; and a second who is the same."""
    case, person = making.case_id, making.ids["person_id"]
    identity = {"name": making.plant("name"), "phone": making.plant("phone", phone()), "home": making.plant("home")}
    making.act(identify_person, person, case_id=case, identity=identity)
    making.act(add_name, person, case_id=case, name=making.plant("alias"))
    making.act(
        propose_identity, person, case_id=case, name=making.plant("candidate"), aliases=(making.plant("other name"),),
        phone=making.plant("other phone", phone()),
    )  # fmt: skip
    making.act(correct_person, case, person, reason_code="person_says_so", changes={}, remark=making.plant("remark"))
    making.act(add_person, case, role=PersonRole.POSSIBLE_VICTIM, identity={"name": making.plant("second name")})
    with making.engine.transaction() as tx:
        persons = [one.person_id for one in tx.of(CaseStore).read(case).persons]
    making.ids["secondary_id"] = next(one for one in persons if one != person)
    making.act(
        merge_persons, person, making.ids["secondary_id"], case_id=case, other_case_id=case, reason_code="papers"
    )
    page = making.engine.ask(revealed_person, making.own.first, person)
    making.ids["candidate_id"] = page.candidates[0].id


def _of_the_second(making: Making, rows: Rows) -> None:
    """One of the two visits to a doctor is the second person's, with all that belongs to it."""
    path = f"person:{making.ids['secondary_id']}"
    for query in (
        "UPDATE step SET path = %(path)s WHERE id = %(step)s",
        "UPDATE deadline SET path = %(path)s WHERE step_id = %(step)s",
    ):
        rows.all(query, path=path, step=making.steps["theirs"])


def _files(making: Making) -> None:
    for thing, kind in (("file", FileKind.OTHER), ("medical file", FileKind.MEDICAL)):
        arrival = Arrival(
            making.engine, making.case_id, viewer=making.own.first, name=f"{making.plant(f'name of {thing}')}.txt",
            kind=kind, child_shown="no"
        )  # fmt: skip
        arrival.take(f"Some words, {making.plant(thing)} among them.\n".encode() * 20)
        making.ids[f"{thing.replace(' ', '_')}_id"] = arrival.finish()


def _open_work(making: Making) -> None:
    """An open item with a draft in it, and a link to a case of the same unit to which nobody else is let in."""
    making.act(add_step, making.case_id, uses="policing.medical")
    with making.engine.transaction() as tx:
        item = next(one for one in tx.of(ItemStore).open_of_case(making.case_id) if one.uses == "policing.medical")
    typed = {"hospital": making.plant("draft"), "refusal_reason": making.plant("draft of a class")}
    save_draft(making.engine, item.id, viewer=making.own.first, answers=typed)
    making.ids["item_id"], making.steps["medical"] = item.id, item.step_id
    _call(making)
    spare = making.act(
        open_case, unit_id=making.own.unit_id,
        answers={
            "narrative": "Something else.", "concern": "forced_labour", "is_child_suspected": "no",
            "immediate_danger": False, "safe_to_call": True, "consent_to_record": "yes",
        },
    )  # fmt: skip
    making.beside = spare.case_number
    off = making.act(add_step, making.case_id, uses="rescue.first_needs")
    making.act(make_note, making.case_id, kind="worry", words=f"She is afraid of {making.plant('noted')}.")
    making.act(cancel_step, off, case_id=making.case_id, reason_code="opened_by_mistake", words=making.plant("words"))
    making.ids["link_id"] = making.act(link_cases, making.case_id, spare.case_id, kind=LinkKind.SAME_EVENT)
    making.ids["other_case_id"] = spare.case_id


def _call(making: Making) -> None:
    """Somebody who is to be rung about what is open, and what was said when somebody rang them."""
    now = making.engine.clock.now()
    with making.engine.transaction() as tx:
        state = tx.of(CaseStore).lock(making.case_id)
        late, whom = state.deadlines[making.ids["deadline_id"]], making.own.second.actor_id
        asked = cm.AskCalls(late.id, level=1, round=1, actor_ids=(whom,))
        carry_out(making.engine, tx, state, asked, actor_id=None, now=now)
        tx.commit()
    making.act(
        note_call, late.step_id, case_id=making.case_id, call_id=call_id(late.step_id, whom), outcome="not_reached",
        called_at=now, words=f"They said {making.plant('said')}.",
    )  # fmt: skip


def _sharing(making: Making) -> None:
    """A consent, something for a partner outside the network, and something that another unit took on."""
    consent = making.act(
        record_consent, making.case_id,
        agreed=GivenConsent(
            making.ids["person_id"], GivenBy.GUARDIAN, ("shelter", making.plant("purpose").lower()),
            ("kind:shelter", f"kind:{making.plant('recipient').lower()}"), ("person.name",),
            BEGIN + timedelta(days=90), assent="yes",
        ),
    )  # fmt: skip
    making.values |= {name: making.values[name].lower() for name in ("purpose", "recipient")}
    wanted = ReferralRequest(
        purpose="shelter", help="safe_place", urgency="high", fields=("person.name",), consent_id=consent,
        to_name=making.plant("partner's name"), to_kind="shelter", note=making.plant("note outside"),
    )  # fmt: skip
    referral = making.act(offer_referral, making.case_id, wanted=wanted)
    making.link = making.act(make_partner_link, referral)
    making.ids |= {"consent_id": consent, "referral_id": referral}
    asked = making.staff[making.matter.asked or OUTSIDE]
    wanted = ReferralRequest(purpose="health", help="medical_care", urgency="high", note=making.plant("note"))
    taken = making.act(offer_referral, making.case_id, to_unit_id=asked.unit_id, wanted=wanted)
    making.act(accept_referral, taken, by=asked.second)
    making.ids["taken_id"] = taken
    with making.engine.transaction() as tx:
        alert = MatchAlert(
            id=uuid4(), unit_id=making.own.unit_id, case_id=making.case_id, other_unit_id=making.staff[OUTSIDE].unit_id,
            kinds=("name", "phone"), found_at=BEGIN, is_question=True,
        )  # fmt: skip
        tx.of(MatchStore).add(alert)
        tx.commit()
    making.ids["match_id"] = alert.id


def _guarded(making: Making) -> None:
    """Somebody shut out, somebody in conflict, an opening in an emergency, a concern."""
    case, outside = making.case_id, making.staff[OUTSIDE]
    must_not, relative = RecusalReason.DENIED, RecusalReason.CONFLICT_OF_INTEREST
    denial = making.act(recuse, case, actor_id=outside.second.actor_id, reason=must_not, reason_code="danger")
    other = making.staff[THIRD].first.actor_id
    making.ids["recusal_id"] = making.act(recuse, case, actor_id=other, reason=must_not, reason_code="danger")
    making.ids["request_id"] = making.act(end_recusal, case, denial, reason_code="mistake")
    if "in conflict" not in making.matter.denied:
        making.act(recuse, case, actor_id=outside.second.actor_id, reason=relative, reason_code="relative")
    with making.engine.transaction() as tx:
        number = tx.of(CaseStore).read(case).case.number
    making.act(
        emergency_access, by=outside.first, number=number, reason_code="life_at_risk", hours=4,
        words=f"It is urgent: {making.plant('emergency words')} said so.",
    )  # fmt: skip
    making.plant("number", number)
    with making.engine.transaction() as tx:
        grants = tx.of(AccessStore).grants_of(case)
    making.ids["emergency_grant_id"] = next(one.id for one in grants if one.actor_id == outside.first.actor_id)
    making.ids["concern_id"] = making.act(
        raise_concern, kind="concern", about_id=outside.first.actor_id, case_number=number,
        words=f"I saw {making.plant('concern')} do it.",
    )  # fmt: skip
    making.ids["hold_id"] = making.act(place_hold, case, kind="appeal", reason=f"Appeal {making.plant('hold')} is open")


def _messages(making: Making, rows: Rows) -> None:
    """A notice for everybody, an escalation with a link, and a sending that was given up."""
    case, unit = making.case_id, making.own.unit_id
    escalation = NewEscalation(
        id=uuid4(), case_id=case, deadline_id=making.ids["deadline_id"], level=9, round=9, planned_at=BEGIN,
        fired_at=BEGIN, recipient_ids=(making.own.first.actor_id,), channels=("email",), note="",
    )  # fmt: skip
    making.plant("subject")
    making.tokens["/a/{token}"] = f"token-of-a-link-{uuid4().hex}"
    with making.engine.transaction() as tx:
        tx.of(MessageStore).add_escalation(escalation, unit_id=unit)
        first = _message(making, making.own.first, channel="email", escalation_id=escalation.id)
        tx.of(MessageStore).add(first, unit_id=unit, at=BEGIN)
        for viewer in making.viewers.values():
            tx.of(MessageStore).add(_message(making, viewer), unit_id=unit, at=BEGIN)
        tx.commit()
    made = rows.all(
        "UPDATE delivery SET status = 'dead', attempt = 9, error_code = 'refused' WHERE message_id IN"
        " (SELECT id FROM message WHERE escalation_id = %(escalation)s) RETURNING id, message_id",
        escalation=escalation.id,
    )  # fmt: skip
    making.ids["delivery_id"], making.ids["notice_id"] = UUID(str(made[0][0])), UUID(str(made[0][1]))
    jobs = rows.all("SELECT id FROM job WHERE case_id = %(case)s ORDER BY id LIMIT 1", case=case)
    making.ids["job_id"] = UUID(str(jobs[0][0]))


def _message(
    making: Making, viewer: Viewer, *, channel: str = "in_app", escalation_id: UUID | None = None
) -> NewMessage:
    return NewMessage(
        key=uuid4().hex, case_id=making.case_id, kind="warning", recipient_id=viewer.actor_id, channel=channel,
        subject=making.values["subject"], body="", link="", critical=False, escalation_id=escalation_id,
        link_hash=hash_of_link(making.tokens["/a/{token}"]) if escalation_id else None,
    )  # fmt: skip


def _hubs(making: Making, rows: Rows) -> None:
    """A hub elsewhere that waits for a second person, and a case in which it was asked for help."""
    making.ids["peer_id"], making.ids["mirror_id"] = add_hub(
        rows, case=making.case_id, unit=making.own.unit_id, who=making.own.first.actor_id, now=BEGIN
    )


def _kept(making: Making, rows: Rows) -> None:
    """What is due to be erased, and that another unit was asked to erase its copy."""
    case, now = making.case_id, BEGIN
    known = {"case": case, "now": now, "person": making.ids["person_id"], "who": making.own.first.actor_id}
    outside = making.staff[making.matter.asked or OUTSIDE].unit_id
    for name, query in (
        (
            "erasure_id",
            (
                "INSERT INTO erasure (id, case_id, person_id, source, ground_code, asked_by, asked_at, status)"
                " VALUES (%(id)s, %(case)s, %(person)s, 'subject', 'unlawful', %(who)s, %(now)s, 'asked')"
            ),
        ),
        (
            "proposal_id",
            (
                "INSERT INTO retention_proposal (id, case_id, act, policy, policy_version, due_at, proposed_at)"
                " VALUES (%(id)s, %(case)s, 'erase', 'IN', 1, %(now)s, %(now)s)"
            ),
        ),
        (
            "erase_notice_id",
            (
                "INSERT INTO erasure_notice (id, erasure_id, case_id, unit_id, sent_at, due_at)"
                " VALUES (%(id)s, %(erasure)s, %(case)s, %(asked)s, %(now)s, %(now)s)"
            ),
        ),
    ):
        making.ids[name] = uuid4()
        rows.all(query, **known, id=making.ids[name], erasure=making.ids["erasure_id"], asked=outside)
    (emergency,) = rows.all(
        "SELECT id FROM emergency_access WHERE grant_id = %(grant)s", grant=making.ids.pop("emergency_grant_id")
    )
    making.ids["emergency_id"] = UUID(str(emergency[0]))
