"""What people do on pages beside forms: claims, facts, persons, steps, journeys, workflows, notices, jobs, the demo."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from engine.cases.actions.open import open_case
from engine.definitions.actions.publish import publish_shipped
from engine.definitions.views import definition
from engine.jobs.actions.serve import claim_jobs, close_batch, dispatchable, fail_job
from engine.overview.views.board import admin_board
from engine.site import create_app
from engine.web.visit import DemoControls
from engine.work.views.worklist import worklist
from tests.kit.portal import ORIGIN, REPORT, Portal, Reported, agree, hidden, report_case

pytestmark = pytest.mark.long

WHOLE = REPORT | {
    "a-language": "as", "a-channel": "walk_in", "a-informant_relation": "neighbour", "a-informant_anonymous": "yes",
    "a-interpreter_needed": "no", "a-received_at": "2026-03-07T18:30", "action": "complete",
}  # fmt: skip

WITH_FACTS = """workflow: with-facts
version: 1
title: A case with facts
case_type: trafficking
start: {on: hand}
facts:
  fear_stated: {type: bool, default: false, title: Fear was stated}
  place: {type: choice, choices: [home, shelter]}
  rooms: {type: number}
steps:
  intake:
    uses: reporting.intake
    time: {from: start, limit: PT30M, ladder: critical}
"""

WITH_APPROVAL = """workflow: with-approval
version: 1
title: A decision by two
case_type: trafficking
start: {on: hand}
steps:
  decide:
    uses: core.decide
    assign: {role: case_manager}
    time: {from: start, limit: P2D, ladder: standard}
    approve: {role: supervisor, limit: P1D}
"""


def complete_intake(portal: Portal) -> tuple[Reported, str]:
    """Report a case and complete its first step; give the case and the address of the item that follows."""
    client = portal.as_role("intake_officer")
    case = report_case(client)
    page = client.get(case.item).text
    keys = {name: hidden(page, name) for name in ("command_id", "revision")}
    received = portal.clock.now() + timedelta(hours=5, minutes=29)
    done = client.post(case.item, data=WHOLE | keys | {"a-received_at": f"{received:%Y-%m-%dT%H:%M}"})
    following = re.search(r'href="(/items/[0-9a-f-]+)"', done.text)
    assert following, done.text
    return case, following.group(1)


def test_an_item_is_given_back_taken_by_another_and_given_to_a_colleague(portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer"))
    back = portal.as_role("intake_officer").post(f"{case.item}/release", data={"command_id": str(uuid4())})
    assert "You gave it back: others can take it now." in back.text
    client = portal.as_role("case_manager")
    taken = client.post(f"{case.item}/claim", data={"command_id": str(uuid4())})
    assert "You have taken this work" in taken.text
    assert case.item in client.get("/worklist").text.split('id="free"')[0]
    other = str(portal.people["caseworker"].actor_id)
    assert other in taken.text
    assert str(portal.people["lawyer"].actor_id) not in taken.text, "a lawyer could not do this step"
    nobody = client.post(f"{case.item}/delegate", data={"to": "", "command_id": str(uuid4())})
    assert nobody.status_code == 422
    assert "Choose who you are giving it to" in nobody.text
    given = client.post(f"{case.item}/delegate", data={"to": other, "command_id": str(uuid4())})
    assert "given to someone else" in given.text
    assert f"{portal.people['caseworker'].name}</strong> is working on this" in client.get(case.item).text


def test_of_two_who_take_one_item_the_second_is_told(portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer"))
    portal.as_role("intake_officer").post(f"{case.item}/release", data={"command_id": str(uuid4())})
    portal.as_role("caseworker").post(f"{case.item}/claim", data={"command_id": str(uuid4())})
    late = portal.as_role("case_manager").post(f"{case.item}/claim", data={"command_id": str(uuid4())})
    assert late.status_code == 409
    assert "Traceback" not in late.text


def test_a_fact_can_be_recorded_and_only_a_declared_one(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    published = client.post("/workflows/new", data={"source": WITH_FACTS, "action": "publish"})
    assert "is waiting for a second person" in published.text
    agree(portal)
    viewer = portal.people["intake_officer"]
    report = {"narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
              "safe_to_call": True, "consent_to_record": "yes"}  # fmt: skip
    opened = portal.act(open_case, answers=report, unit_id=portal.unit, by=viewer, workflow="with-facts")
    page = f"/cases/{opened.case_id}/facts"
    assert "Fear was stated" in client.get(page).text
    for fact, shown in (("fear_stated=yes", "Yes"), ("place=home", "Home"), ("rooms=", "4")):
        said = client.post(page, data={"fact": fact, "value-rooms": "4", "command_id": str(uuid4())})
        assert "The fact was recorded" in said.text
        assert f"<dd>{shown}</dd>" in said.text
    for wrong in ("unheard_of=yes", "fear_stated=perhaps", "place=moon", "rooms=many"):
        assert client.post(page, data={"fact": wrong, "command_id": str(uuid4())}).status_code == 422, wrong


@pytest.mark.parametrize(("pressed", "said"), [("yes", "You approved it"), ("no", "You sent it back")])
def test_an_answer_is_approved_or_sent_back_by_somebody_else(portal: Portal, pressed: str, said: str) -> None:
    portal.as_role("case_manager").post("/workflows/new", data={"source": WITH_APPROVAL, "action": "publish"})
    agree(portal)
    first = open_by_hand(portal, "with-approval")
    client = portal.as_role("case_manager")
    page = client.get(first).text
    keys = {name: hidden(page, name) for name in ("command_id", "revision")}
    answers = {"a-decision": "yes", "a-reason": "It is safe there.", "action": "complete"}
    assert client.post(first, data=keys | answers).status_code == 200
    supervisor = portal.as_role("supervisor")
    listed = re.search(
        r'href="(/items/[0-9a-f-]+)">[^<]+</a> <strong[^>]*>To approve', supervisor.get("/worklist").text
    )
    page = supervisor.get(listed.group(1)).text
    assert "It is safe there." in page, "nobody can approve what they cannot read"
    keys = {name: hidden(page, name) for name in ("command_id", "revision")}
    for _ in range(2):
        answer = supervisor.post(f"{listed.group(1)}/approve", data=keys | {"approved": pressed})
        assert said in answer.text
    late = supervisor.post(f"{listed.group(1)}/approve", data=keys | {"approved": pressed, "command_id": str(uuid4())})
    assert late.status_code == 409


def open_by_hand(portal: Portal, workflow: str) -> str:
    """Open a case in a named workflow; give the address of the case manager's first item in it."""
    report = {"narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
              "safe_to_call": True, "consent_to_record": "yes"}  # fmt: skip
    opened = portal.act(open_case, answers=report, unit_id=portal.unit, by="case_manager", workflow=workflow)
    items = portal.engine.ask(worklist, portal.people["case_manager"])
    return next(f"/items/{item.id}" for item in items if item.case_id == opened.case_id)


def test_a_person_is_added_masked(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    case = report_case(portal.as_role("intake_officer"))
    name = f"Invented {uuid4().hex[:6]}"
    data = {"role": "witness", "name": name, "age": "40", "age_on": "2026-03-01", "command_id": str(uuid4())}
    undated = client.post(f"{case.page}/add-person", data=data | {"age_on": ""})
    assert undated.status_code == 422
    assert "Give the date on which the person was this age" in undated.text
    added = client.post(f"{case.page}/add-person", data=data)
    assert "The person was added" in added.text
    assert "Witness" in added.text
    assert name not in added.text
    nobody = client.post(f"{case.page}/add-person", data={"role": "king", "command_id": str(uuid4())})
    assert nobody.status_code == 422


def test_a_step_is_added_once_with_a_limit_of_its_own(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    case = report_case(portal.as_role("intake_officer"))
    data = {"uses": "core.decide", "title": "Decide about the bus", "limit": "PT4H", "command_id": str(uuid4())}
    for _ in range(2):
        assert "The step was added" in client.post(f"{case.page}/add-step", data=data).text
    page = client.get(f"{case.page}/steps").text
    assert page.count("Decide about the bus") == 1
    assert "in 4 h" in page
    assert client.post(f"{case.page}/add-step", data={"command_id": str(uuid4())}).status_code == 422


def test_a_step_that_is_done_in_another_country_counts_by_the_calendar_there(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    case = report_case(portal.as_role("intake_officer"))
    data = {"uses": "prevention.recruiter", "limit": "", "place": "NP", "command_id": str(uuid4())}
    assert "The step was added" in client.post(f"{case.page}/add-step", data=data).text
    shown = client.get(f"{case.page}/steps").text
    [step] = re.findall(rf'href="({case.page}/steps/[0-9a-f-]+)"[^>]*>[^<]*Recruiter', shown)
    [why] = set(re.findall(r'href="(/cases/[^"]*/deadlines/[^"]*)"', client.get(step).text))
    assert "whoever added this step said that it is done there" in client.get(why).text


def test_a_step_is_found_by_words_explained_and_confirmed_before_it_is_added(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    page = f"{report_case(portal.as_role('intake_officer')).page}/add-step"
    line = r'<li( hidden)?><button [^>]*name="uses" value="([^"]+)">([^<]+)</button> ([^<]+)</li>'
    everything = re.findall(line, client.get(page).text)
    types = portal.engine.registry.step_types
    assert {(key, unescape(title), unescape(purpose)) for _, key, title, purpose in everything} == {
        (step.key, step.title, step.purpose) for step in types.values()
    }
    assert all(purpose.endswith(".") and not is_hidden for is_hidden, _, _, purpose in everything)
    found = client.get(page, params={"q": "POLICE missing"}).text
    lines = {key: bool(is_hidden) for is_hidden, key, _, _ in re.findall(line, found)}
    fitting = [key for key, is_hidden in lines.items() if not is_hidden]
    assert "reporting.missing" in fitting
    assert 0 < len(fitting) < 12
    assert f"{len(fitting)} step" in found
    asked = client.get(page, params={"uses": "reporting.missing"}).text
    assert types["reporting.missing"].purpose in unescape(asked)
    assert "Who can take it: " in asked
    assert 'name="uses" value="reporting.missing"' in asked
    offered = client.get(page, params={"uses": "no.such"}).text.partition('data-filtered-by="uses"')[2]
    assert offered.count("<details") == len(portal.engine.registry.installed)


@pytest.mark.parametrize(("form", "right", "wrong"), [
    ("add-step", {"uses": "core.decide"}, {"title": "9" * 121, "limit": "x", "person": "x", "from_at": "soon"}),
    ("add-step", {"uses": "core.decide"}, {"place": "XX"}),
    ("add-step", {}, {"uses": "no.such"}),
    ("add-person", {}, {"role": "king", "phone": "9" * 41, "age": "old", "age_on": "then"}),
    ("diary", {}, {"kind": "song", "words": "", "happened_at": "soon", "step": "no.such"}),
    ("diary", {"kind": "call"}, {"words": "", "happened_at": "2126-01-01T10:00", "person": str(UUID(int=1))}),
    ("{step}/journey", {"evidence": "A ticket"}, {"start": "", "end": "soon", "place": ""}),
    ("{step}/journey", {"evidence": "A ticket"}, {"start": "2126-01-01T10:00", "end": "2126-01-02T10:00", "place": ""}),
    ("{person}/age", {"oldest": "3"}, {"youngest": "old", "source": "stars", "as_of": "then"}),
    ("{person}/age", {"source": "stated", "oldest": "3"}, {"youngest": "9", "as_of": "2126-01-01"}),
])  # fmt: skip
def test_all_that_is_wrong_with_a_form_is_said_in_one_round(
    portal: Portal, form: str, right: dict[str, str], wrong: dict[str, str]
) -> None:
    client = portal.as_role("case_manager")
    case = report_case(portal.as_role("intake_officer")).page
    within = {
        name: re.findall(rf'"{case}/({name}s/[0-9a-f-]{{36}})', client.get(case + at).text)[0]
        for name, at in (("step", "/steps"), ("person", "/people"))
        if f"{{{name}}}" in form
    }
    answer = client.post(f"{case}/{form.format(**within)}", data=right | wrong | {"command_id": str(uuid4())})
    assert (answer.status_code, set(re.findall(r'id="(\w+)-error"', answer.text))) == (422, {*wrong})


def test_a_journey_is_recorded_on_an_open_step_and_must_end_after_it_began(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    case = report_case(portal.as_role("intake_officer"))
    step = re.search(rf'href="({case.page}/steps/[0-9a-f-]+)"', client.get(f"{case.page}/steps").text)
    start = portal.clock.now() + timedelta(hours=4)
    times = {"start": f"{start:%Y-%m-%dT%H:%M}", "end": f"{start - timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    wrong = client.post(f"{step.group(1)}/journey", data=times | {"command_id": str(uuid4())})
    assert wrong.status_code == 422
    assert "before the start" in wrong.text
    assert times["start"] in wrong.text
    times["end"] = f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}"
    right = client.post(f"{step.group(1)}/journey", data=times | {"command_id": str(uuid4())})
    assert "The journey was recorded" in right.text


def test_a_mistake_in_a_workflow_is_told_by_its_line_and_nothing_is_published(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    source = portal.engine.ask_all(definition, "workflow", "reported-concern").source
    broken = source + "\nsurprise: true\n"
    checked = client.post("/workflows/reported-concern/edit", data={"source": broken, "action": "check"})
    assert checked.status_code == 200
    line = broken.index("surprise")
    number = broken[:line].count("\n") + 1
    assert f'href="#L{number}"' in checked.text
    refused = client.post("/workflows/reported-concern/edit", data={"source": broken, "action": "publish"})
    assert refused.status_code == 422
    assert "surprise: true" in refused.text
    assert portal.engine.ask_all(definition, "workflow", "reported-concern").source == source


def test_a_workflow_and_a_ladder_say_on_their_pages_what_they_are_for(portal: Portal) -> None:
    about = "case_type: leaving-home\ndescription: For those who leave home."
    told = WITH_FACTS.replace("case_type: trafficking", about).replace("with-facts", "leaving-home")
    levels = "levels: [{level: 1, after: PT0M, to: supervisor, last_resort: true}]"
    ladder = f"ladder: slow\nversion: 1\ntitle: Slow\nnote: For what may wait.\n{levels}\n"
    publish_shipped(portal.engine, {"told.yaml": told, "slow.yaml": ladder})
    reader = portal.as_role("caseworker")
    [(name, title)] = re.findall(r"^workflow: (\S+)\n(?:.*\n)*?title: (.*)$", told, re.MULTILINE)
    of_workflow = reader.get(f"/workflows/{name}").text.partition("<h2")[0]
    assert [words for words in (title, "For those who leave home.", "Leaving home") if words not in of_workflow] == []
    of_ladder = reader.get("/definitions/ladder/slow").text.partition('class="icmc-source')[0]
    assert all(words in of_ladder for words in ("Slow</h1>", "For what may wait."))


def test_a_text_that_is_published_already_changes_nothing(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    source = portal.engine.ask_all(definition, "workflow", "reported-concern").source
    same = client.post("/workflows/reported-concern/edit", data={"source": source, "action": "publish"})
    assert "nothing was changed" in same.text


def test_only_those_who_may_publish_see_the_editor(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    assert client.get("/workflows/reported-concern").status_code == 200
    assert "/edit" not in client.get("/workflows/reported-concern").text
    assert client.get("/workflows/reported-concern/edit").status_code == 403
    assert client.post("/workflows/new", data={"source": "x", "action": "check"}).status_code == 403


@pytest.mark.parametrize("name", ["child-labour", "child-sexual-exploitation", "reported-concern", "trafficking-base"])
def test_each_shipped_workflow_is_drawn_without_anything_that_the_policy_blocks(portal: Portal, name: str) -> None:
    page = portal.as_role("case_manager").get(f"/workflows/{name}/diagram")
    if page.status_code == 404:
        pytest.skip("this one is only extended, never published")
    assert "<svg" in page.text
    drawn = page.text[page.text.index("<svg") : page.text.index("</svg>")]
    assert "<script" not in drawn
    assert " style=" not in drawn


def test_a_breach_comes_in_as_a_notice_that_can_be_read_away(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    case = report_case(client)
    portal.let_time_pass(timedelta(hours=2))
    pages = (client.get(f"/transmit?page={number}").text for number in range(1, 50))
    page = next(text for text in pages if case.number in text)
    notice = re.search(r'action="(/notices/[0-9a-f-]+/read)"', page)
    assert notice.group(1) not in client.post(notice.group(1)).text


def test_notices_are_read_away_at_once_but_for_critical_ones(portal: Portal) -> None:
    client = portal.as_role("supervisor")
    for _ in range(3):
        report_case(portal.as_role("intake_officer"))
    portal.let_time_pass(timedelta(hours=30))
    page = client.get("/transmit").text
    shown = re.findall(r'name="notice_ids" value="([0-9a-f-]+)"', page)
    critical = re.findall(r'icmc-critical">.*?/notices/([0-9a-f-]+)/read', page, re.DOTALL)
    assert len(shown) > 1
    assert critical
    assert set(shown).isdisjoint(critical)
    assert f"Mark {len(shown)} as read" in page
    after = client.post("/notices/read", data={"notice_ids": shown}).text
    assert "The notices were marked as read" in after
    assert 'action="/notices/read"' not in after
    assert set(re.findall(r"/notices/([0-9a-f-]+)/read", after)) == set(critical)
    assert client.post("/notices/read", data={"notice_ids": ["nonsense"]}).status_code == 404


def test_a_failed_job_is_on_the_board_and_can_be_tried_again(portal: Portal) -> None:
    failed = fail_every_job(portal)
    client = portal.as_role("system_administrator")
    page = client.get("/board").text
    action = f"/jobs/{failed}/retry"
    assert action in page
    assert "tried again" in client.post(action).text
    assert action not in client.get("/board").text
    assert portal.as_role("lawyer").post(action).status_code == 403


def test_a_failed_job_is_skipped_with_a_reason_that_the_history_of_its_case_names(portal: Portal) -> None:
    fail_every_job(portal)
    board = portal.engine.ask_board(admin_board, portal.people["system_administrator"])
    job = next(one for one in board.failed_jobs if one.kind in {"prepare", "conclude", "run"})
    failed, case_id = job.id, job.case_id
    client, action = portal.as_role("system_administrator"), f"/jobs/{failed}/skip"
    page = client.get("/board").text
    above = [page.index(f'id="{part}"') for part in ("late", "stuck", "failed", "days", "waiting", "firing", "runs")]
    assert above == sorted(above), "what is overdue, stuck or failed stands above the pictures"
    for given in ({}, {"reason": "because"}):
        refused = client.post(action, data=given)
        assert (refused.status_code, "Choose why it is skipped." in refused.text) == (422, True)
    assert portal.as_role("supervisor").post(action, data={"reason": "not_needed"}).status_code == 403
    assert action in page
    said = client.post(action, data={"reason": "done_elsewhere"})
    assert "The job was skipped" in said.text
    assert f"/jobs/{failed}/retry" not in said.text
    history = portal.as_role("supervisor").get(f"/cases/{case_id}/history").text
    assert "failed and was skipped: it was done elsewhere." in history
    assert client.post(action, data={"reason": "done_elsewhere"}).status_code == 404


def test_an_administrator_pauses_automatic_work_with_a_reason_and_resumes_it(portal: Portal) -> None:
    client, led = portal.as_role("system_administrator"), portal.as_role("supervisor")
    refused = client.post("/jobs/pause", data={"reason": ""})
    assert (refused.status_code, "Choose why automatic work is paused." in refused.text) == (422, True)
    assert {led.post(f"/jobs/{act}", data={"reason": "repair"}).status_code for act in ("pause", "resume")} == {403}
    said = client.post("/jobs/pause", data={"reason": "repair"}).text
    name = portal.people["system_administrator"].name
    assert "Automatic work is paused. What was begun is finished" in said
    assert f"{name} paused it on" in said
    assert 'action="/jobs/pause"' not in said
    seen = led.get("/board").text
    assert ("This machine or its database is being repaired." in seen, "/jobs/resume" in seen) == (True, False)
    assert "Automatic work goes on." in client.post("/jobs/resume").text
    assert "jobs: JobsResumed" in portal.as_role("auditor").get("/audit").text


def silence(portal: Portal, case_id: UUID) -> None:
    """Take from a case all that could go on by itself or through someone, except what failed."""
    portal.rows("UPDATE work_item SET status = 'cancelled' WHERE case_id = :case RETURNING id", case=case_id)
    left = "case_id = :case AND status IN ('ready', 'claimed', 'held')"
    portal.rows(f"UPDATE job SET status = 'done' WHERE {left} RETURNING id", case=case_id)


def _of_stuck(page: str, case_id: UUID) -> str:
    """Return the line of a case among the stuck ones of a page."""
    stuck = page[page.index('id="stuck"') : page.index('id="failed"')] if 'id="stuck"' in page else page
    return next(row for row in stuck.split("<tr>") if f"/cases/{case_id}" in row).partition("</tr>")[0]


def test_a_stuck_case_says_what_it_waits_for_and_leads_to_what_mends_it(portal: Portal) -> None:
    [one] = portal.rows("SELECT case_id FROM job WHERE id = :id", id=fail_every_job(portal))
    silence(portal, one["case_id"])
    of_a_step = "case_id = :case AND status IN ('aside', 'failed') AND step_id IS NOT NULL ORDER BY finished_at, id"
    failed = portal.rows(f"SELECT id FROM job WHERE {of_a_step}", case=one["case_id"])[0]["id"]
    unasked, empty = (UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2]) for _ in range(2))
    silence(portal, unasked)
    silence(portal, empty)
    ended = "UPDATE step SET status = 'ended', ended_at = now() WHERE case_id = :case RETURNING id"
    portal.rows(ended, case=empty)
    [step] = portal.rows("SELECT id FROM step WHERE case_id = :case AND status = 'ready'", case=unasked)
    lead = portal.as_role("supervisor")
    for page in (lead.get("/board").text, lead.get("/board/stuck").text):
        assert "did not succeed" in (line := _of_stuck(page, one["case_id"]))
        assert "Those who keep the system running can try it again or skip it." in line
        assert "is open, and no one is asked to do it." in (line := _of_stuck(page, unasked))
        assert f'href="/cases/{unasked}/steps/{step["id"]}"' in line
        assert f'href="/cases/{unasked}/steps/{step["id"]}/cancel"' in line
        assert "No step is open, and the case is not closed" in (line := _of_stuck(page, empty))
        for act in ("steps", "add-step", "close"):
            assert f'href="/cases/{empty}/{act}"' in line
    for link in re.findall(r'href="(/cases/[^"]+)"', lead.get("/board/stuck").text):
        assert lead.get(link).status_code == 200, link
    admin = portal.as_role("system_administrator")
    for page in (admin.get("/board").text, admin.get("/board/stuck").text):
        stuck = page[page.index('id="stuck"') : page.index('id="failed"')] if 'id="stuck"' in page else page
        assert f'action="/jobs/{failed}/retry"' in stuck
        assert f'action="/jobs/{failed}/skip"' in stuck
        assert unescape(stuck).count("Those who lead “") == 2, "who does not see the cases learns whom to tell"
        ids = re.findall(r' id="([^"]+)"', page)
        assert sorted(set(ids)) == sorted(ids), "each id stands once"
    assert "tried again" in admin.post(f"/jobs/{failed}/retry").text
    assert f'action="/jobs/{failed}/retry"' not in admin.get("/board/stuck").text


def fail_every_job(portal: Portal) -> UUID:
    complete_intake(portal)
    failed = None
    for _ in range(40):
        for batch in dispatchable(portal.engine, limit=5):
            for job in claim_jobs(portal.engine, batch_id=batch.id, worker="test", limit=20):
                if fail_job(portal.engine, job, code="test-failure") in {"aside", "failed"}:
                    failed = job.id
            close_batch(portal.engine, batch_id=batch.id)
        if failed is not None:
            return failed
        portal.clock.move_to(portal.clock.now() + timedelta(hours=12))
    raise AssertionError("no job was ever given up")


def test_the_demo_lets_time_pass_and_plays_a_story_on(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    case = report_case(portal.as_role("intake_officer"))
    before = portal.clock.now()
    assert "Time has passed" in client.post("/demo/time", data={"span": "PT6H"}).text
    assert portal.clock.now() - before == timedelta(hours=6)
    assert client.post("/demo/time", data={"span": "P9Y"}).status_code == 404
    case_id = case.page.rpartition("/")[2]
    assert "was played" in client.post(f"/demo/cases/{case_id}/play").text
    assert portal.played == [UUID(case_id)]


def test_time_has_passed_only_when_it_has(portal: Portal) -> None:
    still_going = DemoControls(lambda _by: False, lambda _case_id: False)
    app = create_app(portal.engine, demo=still_going)
    client = TestClient(app, base_url=ORIGIN)
    client.post("/become", data={"actor_id": str(portal.people["case_manager"].actor_id)})
    told = client.post("/demo/time", data={"span": "PT6H"}).text
    assert "Time is passing" in told
    assert "Time has passed" not in told
