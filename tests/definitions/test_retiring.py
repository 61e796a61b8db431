"""A definition is retired by two people: nothing begins with it, what refers to it holds it, and it can come back."""

import re
from functools import partial

import pytest

from engine.approvals.records import NoSecondPersonError, OwnApprovalError
from engine.approvals.views import waiting
from engine.course.actions.moving import move_run
from engine.course.actions.steer import start_run
from engine.definitions.actions.drafts import roll_back
from engine.definitions.actions.proposals import answer_proposal, propose_definition
from engine.definitions.actions.publish import differing, publish_shipped
from engine.definitions.actions.retire import answer_retirement, propose_retirement
from engine.definitions.records import RetirementError
from engine.definitions.views import definition, definitions, retired, retirement
from engine.errors import ConflictError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.people.store import DutyStore
from engine.retention.actions.retention import retention_policies
from tests.definitions.test_proposals import LAW
from tests.definitions.test_rotas import at, publish, text_of
from tests.kit.portal import Portal
from tests.kit.trial import CALENDAR, LADDER, SOURCES, VISIT
from tests.kit.world import INTAKE, World
from tests.retention.test_retention import POLICY

pytestmark = pytest.mark.long

WHY = "No one works by it any more."
SPARE = LADDER.replace("ladder: steps-up", "ladder: spare").replace("title: ", "title: Spare ", 1)
OTHER = VISIT.replace("workflow: visit", "workflow: other")


def ask(world: World, kind: str, name: str, by: str = "case_manager") -> None:
    propose_retirement(world.engine, kind, name, reason=WHY, viewer=world.who(by))


def answer(world: World, by: str = "nodal_officer", *, approved: bool = True) -> None:
    query = "SELECT subject_id FROM approval_request WHERE kind = 'retirement' AND answered_at IS NULL"
    answer_retirement(world.engine, world.rows(query)[0][0], viewer=world.who(by), approved=approved)


def retire(world: World, kind: str, name: str) -> None:
    ask(world, kind, name)
    answer(world)


def names(world: World, kind: str) -> set[str]:
    return {one.name for one in world.engine.ask_all(definitions, kind)}


def test_a_workflow_is_retired_by_two_people_and_its_cases_go_on(world: World) -> None:
    world.publish(OTHER)
    case = world.open(workflow="other")
    ask(world, "workflow", "other")
    assert "other" in names(world, "workflow"), "nothing is retired by one person"
    with pytest.raises(OwnApprovalError):
        answer(world, "case_manager")
    with pytest.raises(NotAllowedError):
        answer(world, "caseworker")
    answer(world)
    assert "other" not in names(world, "workflow")
    with pytest.raises(NotFoundError):
        world.open(workflow="other")
    beside = world.open().case_id
    world.refuses(NotFoundError, start_run, beside, by="case_manager", command_id=beside, workflow="other")
    world.refuses(NotFoundError, move_run, beside, by="case_manager", command_id=beside, workflow="other")
    world.complete(world.item(case.case_id, "intake"), by="intake_officer", answers=INTAKE)
    world.do_look_and_talk(case.case_id)
    assert "count" in {step.key for step in world.state(case.case_id).steps.values()}, "the open case goes on"
    known = world.engine.ask_all(retirement, "workflow", "other")
    assert known
    assert (known.reason, known.asked_by, known.agreed_by) == (
        WHY, world.who("case_manager").name, world.who("nodal_officer").name
    )  # fmt: skip
    told = [
        row[0]
        for row in world.rows("SELECT type FROM audit_event WHERE type LIKE 'Retirement%' ORDER BY at, type DESC")
    ]
    assert told == ["RetirementProposed", "RetirementAnswered"]


def test_what_is_retired_comes_back_with_its_hash_when_two_people_publish_it_again(world: World) -> None:
    (first,) = world.publish(OTHER)
    retire(world, "workflow", "other")
    assert [one.name for one in world.engine.ask_all(retired)] == ["other"]
    done = roll_back(world.engine, "workflow", "other", first.version, viewer=world.who("case_manager"))
    assert done.content_hash == first.content_hash
    (line,) = world.engine.ask(waiting, world.who("nodal_officer"))
    answer_proposal(world.engine, line.subject_id, viewer=world.who("nodal_officer"), approved=True)
    now = world.engine.ask_all(definition, "workflow", "other", None)
    assert (now.version, now.content_hash) == (2, first.content_hash)
    assert world.engine.ask_all(retirement, "workflow", "other") is None
    assert world.engine.ask_all(retired) == ()
    assert world.open(workflow="other").case_number


def test_a_ladder_of_a_workflow_that_runs_or_of_an_open_case_is_not_retired(world: World) -> None:
    with pytest.raises(RetirementError, match=r"The workflow “[^”]+” uses it"):
        ask(world, "ladder", "steps-up")
    world.publish({"spare.yaml": SPARE, "other.yaml": OTHER.replace("ladder: steps-up", "ladder: spare")})
    case = world.open(workflow="other")
    world.publish(OTHER)
    with pytest.raises(RetirementError, match=r"Version 1 of the workflow “[^”]+”, which open cases follow, uses it"):
        ask(world, "ladder", "spare")
    move_run(world.engine, case.case_id, viewer=world.who("case_manager"), command_id=case.case_id, workflow="other")
    retire(world, "ladder", "spare")
    assert "spare" not in world.engine.library().ladders
    with pytest.raises(RetirementError, match="Every time limit that names no ladder leads to it"):
        ask(world, "ladder", "standard")


def test_what_is_referred_to_between_asking_and_agreeing_is_kept(world: World) -> None:
    world.publish(SPARE)
    ask(world, "ladder", "spare")
    world.publish(OTHER.replace("ladder: steps-up", "ladder: spare"), by="partnership_manager")
    with pytest.raises(RetirementError, match="uses it"):
        answer(world)
    assert "spare" in names(world, "ladder")


def test_what_refers_to_a_retired_ladder_is_not_published(world: World) -> None:
    world.publish(SPARE)
    propose_definition(
        world.engine, source=OTHER.replace("ladder: steps-up", "ladder: spare"), viewer=world.who("case_manager")
    )
    (late,) = world.engine.ask(waiting, world.who("nodal_officer"))
    retire(world, "ladder", "spare")
    with pytest.raises(ConflictError):
        answer_proposal(world.engine, late.subject_id, viewer=world.who("nodal_officer"), approved=True)
    assert "other" not in names(world, "workflow")


def test_a_new_version_in_between_ends_the_request_to_retire_the_old_one(world: World) -> None:
    world.publish(SPARE)
    ask(world, "ladder", "spare")
    world.publish(SPARE.replace("PT1H", "PT2H", 1), by="partnership_manager")
    with pytest.raises(ConflictError):
        answer(world)
    assert "spare" in names(world, "ladder")
    assert world.engine.ask_all(retirement, "ladder", "spare") is None


@pytest.mark.parametrize("by", ["nodal_officer", "case_manager"])
def test_what_is_refused_or_taken_back_runs_on(world: World, by: str) -> None:
    world.publish(SPARE)
    ask(world, "ladder", "spare")
    answer(world, by, approved=False)
    assert "spare" in names(world, "ladder")


def test_a_base_a_part_and_the_last_workflow_for_every_report_are_not_retired(world: World) -> None:
    world.publish("workflow: child\nversion: 1\ntitle: Child\ncase_type: trafficking\nextends: visit\n")
    with pytest.raises(RetirementError, match="The workflow “child” is made from it"):
        ask(world, "workflow", "visit")
    retire(world, "workflow", "child")
    with pytest.raises(RetirementError, match="Reports that fit no other workflow open their case with it"):
        ask(world, "workflow", "visit")


def test_a_calendar_by_which_somebody_counts_and_a_named_limit_of_the_law_are_not_retired(world: World) -> None:
    with pytest.raises(RetirementError, match=r"The calendar IN cannot be retired yet\. The unit “[^”]+” counts by"):
        ask(world, "calendar", "IN", "system_administrator")
    world.publish(CALENDAR.replace("calendar: IN", "calendar: IN-GA"), by="system_administrator")
    propose_retirement(world.engine, "calendar", "IN-GA", reason=WHY, viewer=world.who("system_administrator"))
    answer(world)
    assert "IN-GA" not in world.engine.library().calendars
    world.publish(LAW, by="repatriation_coordinator")
    by_law = OTHER.replace("limit: PT10H", "law: IN-X", 1).replace(", exclude: [journey]", "")
    assert by_law != OTHER
    world.publish(by_law)
    with pytest.raises(RetirementError, match=r"^The law pack in cannot .* names it: IN-X, in its step “look”"):
        ask(world, "law", "in", "repatriation_coordinator")
    retire(world, "workflow", "other")
    ask(world, "law", "in", "repatriation_coordinator")
    answer(world)
    assert "in" not in world.engine.library().packs


def test_a_retention_policy_is_retired_where_no_case_and_no_unit_needs_it(world: World) -> None:
    def kept_in(name: str, place: str) -> str:
        return POLICY.replace("retention: trial", f"retention: {name}").replace('"*"', f'"{place}"')

    by = "data_protection_officer"
    world.publish({"all.yaml": POLICY, "in.yaml": kept_in("in", "IN"), "np.yaml": kept_in("np", "NP")}, by=by)
    retire_kept = partial(ask, world, "retention", by=by)
    with pytest.raises(
        RetirementError,
        match=r"The retention policy trial .* Every place without a policy of its own keeps its data by it",
    ):
        retire_kept("trial")
    with pytest.raises(RetirementError, match=r"“Unit IN \(Here\)” keeps its data by it\. Change what it says instead"):
        retire_kept("in")
    retire_kept("np")
    answer(world)
    assert "np" not in {one.name for one in retention_policies(world.engine)}
    world.open()
    world.rows("""UPDATE unit SET jurisdiction = 'IN-AS'""")
    world.rows("""UPDATE "case" SET jurisdiction = 'IN-AS'""")
    with pytest.raises(
        RetirementError, match=r"Cases in IN-AS are kept by it\. First publish a policy for IN-AS itself"
    ):
        retire_kept("in")
    world.publish(kept_in("own", "IN-AS"), by=by)
    with pytest.raises(RetirementError, match=r"Cases in IN-AS are kept by it\. Change what it says instead"):
        retire_kept("own")
    retire_kept("in")
    world.rows("""UPDATE "case" SET jurisdiction = 'IN-WB', status = 'closed'""")
    with pytest.raises(RetirementError, match="Cases in IN-WB are kept by it"):
        answer(world)
    assert "in" in {one.name for one in retention_policies(world.engine)}, "a case needs it by now"


def test_a_text_that_is_retired_gives_way_to_that_of_the_release(world: World) -> None:
    world.publish("message: overdue.hi\nversion: 1\ntext: |\n  Subject: Late\n\n  {{ link }}\n")
    assert "overdue.hi" in world.engine.library().messages
    retire(world, "message", "overdue.hi")
    assert "overdue.hi" not in world.engine.library().messages


def test_a_new_release_does_not_bring_back_what_was_retired(world: World) -> None:
    publish_shipped(world.engine, {"other.yaml": OTHER})
    retire(world, "workflow", "other")
    publish_shipped(world.engine, {"other.yaml": OTHER, "spare.yaml": SPARE})
    assert "other" not in names(world, "workflow")
    assert differing(world.engine, {**SOURCES, "other.yaml": OTHER}) == (), "it is meant not to run"


def test_a_reason_somebody_else_and_the_right_to_publish_are_needed(world: World) -> None:
    world.publish(SPARE)
    for reason, problem in (("  ", "Write why it is retired."), ("x" * 301, "Write why in at most 300 characters.")):
        with pytest.raises(InvalidAnswersError) as told:
            propose_retirement(world.engine, "ladder", "spare", reason=reason, viewer=world.who("case_manager"))
        assert told.value.problems == {"reason": problem}
    with pytest.raises(NotAllowedError):
        ask(world, "ladder", "spare", "caseworker")
    with pytest.raises(NotFoundError):
        ask(world, "ladder", "nothing")
    with pytest.raises(NotFoundError):
        ask(world, "retention", "spare", "data_protection_officer")
    others = ("nodal_officer", "repatriation_coordinator", "partnership_manager", "system_administrator")
    for role in (*others, "data_protection_officer"):
        world.change_actor(world.who(role), disabled=True)
    with pytest.raises(NoSecondPersonError):
        ask(world, "ladder", "spare")


def test_asked_for_twice_it_waits_once(world: World) -> None:
    world.publish(SPARE)
    first, second = (
        propose_retirement(world.engine, "ladder", "spare", reason=WHY, viewer=world.who("case_manager"))
        for _ in range(2)
    )
    assert first == second


def test_a_rota_is_retired_in_its_unit_and_holds_on_no_day(portal: Portal) -> None:
    publish(portal, text_of(portal, "caseworker"))
    here = f"/definitions/rota/{portal.unit}/versions"
    asked = portal.as_role("supervisor").post(here, data={"action": "retire", "reason": WHY})
    assert asked.url.path.startswith("/waiting/")
    page = portal.as_role("case_manager").get(asked.url.path).text
    assert f"Rota, version 1: it would be retired. From then on no one is on call by it. {WHY}" in page
    portal.as_role("case_manager").post(asked.url.path, data={"answer": "yes"})
    with portal.engine.transaction() as tx:
        assert tx.of(DutyStore).on_call(portal.unit, at=at(8, 20)) == ()


def test_the_pages_ask_show_why_and_bring_it_back(portal: Portal) -> None:
    publish_shipped(portal.engine, {"spare.yaml": SPARE})
    here = "/definitions/ladder/spare/versions"
    author, second = portal.as_role("case_manager"), portal.as_role("nodal_officer")
    assert "Write why it is retired." in author.post(here, data={"action": "retire", "reason": ""}).text
    used = author.post("/definitions/ladder/critical/versions", data={"action": "retire", "reason": WHY}).text
    assert "The ladder critical cannot be retired yet. The workflow “" in used
    assert f'value="{WHY}"' in used, "what was typed is kept"
    assert "Ask to retire it" not in portal.as_role("caseworker").get(here).text
    asked = author.post(here, data={"action": "retire", "reason": WHY})
    assert "someone else has to answer" in asked.text
    assert "A second person has not agreed yet." in author.get(here).text
    assert "ask to retire" not in author.get(here).text.lower(), "it is asked for once"
    assert "Look at what changes" in second.get("/waiting").text
    assert "<strong>Ladder “Spare" in second.get(asked.url.path).text
    second.post(asked.url.path, data={"answer": "yes"})
    page = author.get(here).text
    assert "It is retired: nothing new begins with it." in page
    assert f"“{WHY}”" in page
    assert f'href="{here}"' in author.get("/workflows").text
    old = author.get("/definitions/ladder/spare").text
    assert "It is retired: nothing new begins with it." in old, "who has its address still reads it"
    assert "levels:" in old
    (number,) = re.findall(r'name="version" value="(\d+)"', page)
    back = author.post(here, data={"version": number})
    second.post(back.url.path, data={"answer": "yes"})
    now = author.get("/definitions/ladder/spare").text
    assert "It is retired" not in now
    assert "It is retired: nothing" not in author.get(here).text


def test_one_is_told_what_holds_a_ladder_when_agreeing_comes_too_late(portal: Portal) -> None:
    publish_shipped(portal.engine, {"held.yaml": SPARE.replace("ladder: spare", "ladder: held")})
    author, second = portal.as_role("case_manager"), portal.as_role("nodal_officer")
    asked = author.post("/definitions/ladder/held/versions", data={"action": "retire", "reason": WHY})
    begins = "workflow: other\nversion: 1\ntitle: Other\nextends: reported-concern\n"
    other = f"{begins}steps:\n  triage:\n    time: {{from: ready, limit: PT1H, ladder: held}}\n"
    publish_shipped(portal.engine, {"other.yaml": other})
    page = second.post(asked.url.path, data={"answer": "yes"}).text
    assert "The ladder held cannot be retired yet. The workflow “Other” uses it." in page


def test_any_two_versions_are_compared_from_the_page(portal: Portal) -> None:
    first = SPARE.replace("ladder: spare", "ladder: thrice")
    publish_shipped(portal.engine, {"thrice.yaml": first})
    author, second, here = portal.as_role("case_manager"), portal.as_role("nodal_officer"), "/definitions/ladder/thrice"
    assert "Compare them" not in author.get(f"{here}/versions").text, "there is one"
    for title in ("Second", "Third"):
        propose_definition(
            portal.engine, source=first.replace("title: Spare", f"title: {title}"), viewer=portal.people["case_manager"]
        )
        line = next(one for one in portal.engine.ask(waiting, portal.people["nodal_officer"]) if title in one.about)
        second.post(f"/waiting/{line.id}", data={"answer": "yes"})
    page = author.get(f"{here}/versions").text
    chosen = re.findall(r'<option value="(\d)" selected>', page)
    assert chosen == ["2", "3"], "what the newest one changed comes first"
    for before, after in ((1, 3), (3, 1), (2, 2)):
        page = author.get(f"{here}/versions?before={before}&after={after}").text
        assert f"version {before} to version {after}" in page
        assert re.findall(r'<option value="(\d)" selected>', page) == [str(before), str(after)]
    assert "Nothing but its number differs." in page
    assert author.get(f"{here}/versions?before=1&after=9").status_code == 404
    assert "From version 1 to version 3" in author.get(f"{here}/versions?before=1").text
