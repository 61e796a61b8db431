"""Attack: learn of a case, by what was shared of it, more than was shared; and put something into it unasked."""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from engine.access.store import AccessStore
from engine.cases.store import CaseStore
from engine.cases.views.lists import cases, count_cases
from engine.core.access import Grant
from engine.core.policy import Viewer
from engine.course.actions.steer import add_step
from engine.db.embedded.databases import connected
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.rehearsal.world import people_of
from engine.sharing.views.sent import offers
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.documents.test_file_types import pdf
from tests.documents.test_files_pages import send
from tests.kit.portal import BEGIN, ORIGIN, Portal, report_case

NARROW = ("reporting.intake.narrative", "person.name")
WORDS = "A girl of about twelve works in a house."


@dataclass(frozen=True)
class Shared:
    """A case of which a part was granted to another unit, and somebody of that unit."""

    case_id: UUID
    page: str
    number: str
    partner: TestClient
    holder: Viewer
    unit: UUID
    steps: tuple[UUID, ...]


@pytest.fixture(scope="module")
def shared(portal: Portal) -> Shared:
    made = report_case(portal.as_role("intake_officer"))
    case_id = UUID(made.page.rpartition("/")[2])
    engine, lead = portal.engine, portal.people["case_manager"]
    with engine.transaction() as tx:
        intake = next(one for one in tx.of(ItemStore).open_of_case(case_id) if one.uses == "reporting.intake")
    answers = {
        "narrative": WORDS, "concern": "forced_labour", "is_child_suspected": "yes", "immediate_danger": False,
        "safe_to_call": True, "consent_to_record": "yes", "received_at": BEGIN.isoformat(), "channel": "walk_in",
        "informant_relation": "passer_by", "informant_anonymous": False, "informant_name": "Nobody",
        "place_last_seen": "Dhubri", "language": "en", "interpreter_needed": False,
    }  # fmt: skip
    complete_work_item(
        engine, intake.id, viewer=portal.people["intake_officer"], command_id=uuid4(), revision=intake.revision,
        answers=answers,
    )  # fmt: skip
    add_step(engine, case_id, viewer=lead, command_id=uuid4(), uses="protection.safety", title="", limit="PT24H")
    assert "application/pdf" in send(portal, made.page).text
    unit, people = people_of(engine, jurisdiction="IN-WB", label="Narrow")
    holder = people["supervisor"]
    partner = TestClient(portal.app, base_url=ORIGIN, raise_server_exceptions=False)
    partner.post("/become", data={"actor_id": str(holder.actor_id)}, follow_redirects=False)
    grant(portal, case_id, unit, NARROW)
    with engine.transaction() as tx:
        steps = tuple(tx.of(CaseStore).read(case_id).steps)
    return Shared(case_id, made.page, made.number, partner, holder, unit, steps)


def grant(portal: Portal, case_id: UUID, unit: UUID, fields: tuple[str, ...]) -> UUID:
    made = uuid4()
    with portal.engine.transaction() as tx:
        here = tuple(one.person_id for one in tx.of(CaseStore).read(case_id).persons)
        tx.of(AccessStore).add_grant(
            Grant(
                id=made, case_id=case_id, unit_id=unit, purpose="help", granted_at=portal.clock.now(), fields=fields,
                persons=here,
            )
        )  # fmt: skip
        tx.commit()
    return made


def titles(portal: Portal, shared: Shared) -> set[str]:
    """Return what the own unit reads of the work: workflows and steps."""
    case = portal.engine.ask(case_page, portal.people["case_manager"], shared.case_id)
    return {run.title for run in case.runs} | {step.title for step in case.steps if step.uses != "reporting.intake"}


def test_a_narrow_grant_shows_its_answers_and_nothing_of_the_work(portal: Portal, shared: Shared) -> None:
    page = shared.partner.get(shared.page).text
    assert "A part is shared with you" in page
    for untold in (*titles(portal, shared), "Time limit", "/workflows/", "Opened", "open of", "no step", "not known"):
        assert untold not in page, untold
    case = portal.engine.ask(case_page, shared.holder, shared.case_id)
    assert (case.runs, case.deadlines, case.escalations, case.documents, case.jobs, case.findings) == ((),) * 6
    assert (case.status, case.opened_at, case.closed_at, case.shows_work) == ("shared", None, None, False)
    [step] = case.steps
    told = step.model_dump(exclude={"id", "path", "uses", "pillar", "title", "answers", "person_label", "status"})
    assert not {name: value for name, value in told.items() if value not in (None, "", (), False)}
    assert len(step.answers) == 1


def test_what_it_names_is_shown_and_each_other_step_is_not_there(shared: Shared, portal: Portal) -> None:
    case = portal.engine.ask(case_page, shared.holder, shared.case_id)
    there = {step.id for step in case.steps}
    nothing = shared.partner.get(f"{shared.page}/steps/{uuid4()}")
    for step in shared.steps:
        seen = shared.partner.get(f"{shared.page}/steps/{step}")
        revealed = shared.partner.post(f"{shared.page}/steps/{step}/reveal")
        if step in there:
            assert WORDS in revealed.text
            assert "Happened" not in revealed.text
            assert "Dhubri" not in revealed.text
        else:
            assert (seen.status_code, revealed.status_code) == (404, 404)
            assert _plain(seen.text) == _plain(nothing.text)


def test_a_question_that_was_not_answered_shows_no_step(portal: Portal, shared: Shared) -> None:
    _, people = people_of(portal.engine, jurisdiction="IN-WB", label="Unanswered")
    who = people["supervisor"]
    grant(portal, shared.case_id, who.unit_ids[0], ("reporting.intake.informant_phone", "protection.safety.*"))
    assert portal.engine.ask(case_page, who, shared.case_id).steps == ()


def test_history_files_list_and_counts_tell_a_narrow_holder_nothing_else(portal: Portal, shared: Shared) -> None:
    assert portal.engine.ask(case_history, shared.holder, shared.case_id) == ()
    files = shared.partner.get(f"{shared.page}/files").text
    assert "No file is shown to you here." in files
    for untold in ("application/pdf", "Set aside", "kB<", "Add this file", "Order of"):
        assert untold not in files, untold
    lines = portal.engine.ask(cases, shared.holder, status="open", number="", offset=0, limit=50)
    [line] = [one for one in lines if one.id == shared.case_id]
    assert (line.status, line.opened_at, line.open_items, line.next_due_at, line.waiting_for, line.concern) == (
        "shared", None, 0, None, "", "",
    )  # fmt: skip
    assert line.is_overdue is False
    for number in ("", shared.number):
        closed = portal.engine.ask(cases, shared.holder, status="closed", number=number, offset=0, limit=50)
        assert shared.case_id not in {one.id for one in closed}
    for status, count in (("open", 1), ("closed", 0), ("all", 1)):
        assert portal.engine.ask(count_cases, shared.holder, status=status) == count


def test_whether_a_case_was_closed_is_not_counted_to_who_is_shown_nothing_of_its_work(
    portal: Portal, shared: Shared
) -> None:
    before = {status: portal.engine.ask(count_cases, shared.holder, status=status) for status in ("open", "closed")}
    with portal.engine.transaction() as tx:
        state = tx.of(CaseStore).lock(shared.case_id)
        assert state.case.status == "open"
    _force(portal, shared.case_id, "closed")
    try:
        after = {s: portal.engine.ask(count_cases, shared.holder, status=s) for s in ("open", "closed")}
        case = portal.engine.ask(case_page, shared.holder, shared.case_id)
        assert shared.number in shared.partner.get("/cases").text
        assert shared.number not in shared.partner.get("/cases?status=closed").text
    finally:
        _force(portal, shared.case_id, "open")
    assert after == before
    assert (case.status, case.closed_at) == ("shared", None)


def test_a_narrow_holder_adds_no_file_and_a_file_of_it_is_not_there(portal: Portal, shared: Shared) -> None:
    own = portal.as_role("case_manager").get(f"{shared.page}/files").text
    found = re.search(r"/files/([0-9a-f-]{36})/", own)
    for kind in ("copy", "original"):
        real, made_up = (
            shared.partner.post(f"{shared.page}/files/{one}/{kind}") for one in (found.group(1), uuid4())
        )  # fmt: skip
        assert (real.status_code, _plain(real.text)) == (404, _plain(made_up.text))
    assert _add(shared).status_code == 403
    assert portal.as_role("case_manager").get(f"{shared.page}/files").text.count("application/pdf") == 1


@pytest.mark.parametrize("fields", [("case.*", "person.*", "reporting.intake.*"), ("may:add_files",)])
def test_only_the_right_that_is_named_lets_a_file_be_added_and_it_shows_none(
    portal: Portal, shared: Shared, fields: tuple[str, ...]
) -> None:
    given, may = grant(portal, shared.case_id, shared.unit, fields), fields == ("may:add_files",)
    try:
        page = shared.partner.get(f"{shared.page}/files").text
        assert ("Add this file" in page) is may
        assert (_add(shared).status_code == 200) is may
        if may:
            assert "application/pdf" not in shared.partner.get(f"{shared.page}/files").text
            said = portal.as_role("supervisor").get(f"{shared.page}/access").text
            assert "They can also add files." in said
    finally:
        with portal.engine.transaction() as tx:
            tx.of(AccessStore).end_grant(given, at=portal.clock.now() - timedelta(seconds=1), reason="recalled")
            tx.commit()


def test_the_right_is_named_where_access_is_given_and_asks_for_no_consent(portal: Portal, shared: Shared) -> None:
    page = portal.as_role("case_manager").get(f"{shared.page}/send").text
    assert 'name="rights"' in page
    assert "Can add files to the case" in page
    given = {
        "kind": "referral", "to": str(shared.unit), "purpose": "health", "help": "medical_care", "urgency": "high",
        "rights": "add_files", "command_id": str(uuid4()), "keep_days": "0",
    }  # fmt: skip
    sent = portal.as_role("case_manager").post(f"{shared.page}/send", data=given)
    assert sent.status_code == 200, sent.text
    assert "Can add files to the case" in sent.text
    [offer] = [one for one in portal.engine.ask(offers, shared.holder) if one.case_number == shared.number]
    taken = shared.partner.post(f"/referrals/{offer.id}/accept", data={"command_id": str(uuid4())})
    assert taken.status_code == 200
    assert _add(shared, content=pdf() + b"\n% another").status_code == 200


def _add(shared: Shared, *, content: bytes = b"") -> Response:
    sent = {"file": ("order.pdf", content or pdf() + b"\n% theirs")}
    return shared.partner.post(f"{shared.page}/files", data={"kind": "order", "child_shown": "no"}, files=sent)


def _force(portal: Portal, case_id: UUID, status: str) -> None:
    with connected(portal.urls.admin) as connection:
        connection.execute('UPDATE "case" SET status = %s WHERE id = %s', (status, case_id))


def _plain(page: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", page)
