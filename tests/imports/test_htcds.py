"""Cases go out as HTCDS 2.0 without a name, into an empty installation, and come out of it the same."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.store import CaseStore
from engine.core.law.told import told_in
from engine.core.records import PersonRole, RoleStatus
from engine.core.retention import CopyMark
from engine.course.actions.steer import add_person, add_step
from engine.db.embedded.embedded import EmbeddedServer
from engine.errors import NotAllowedError
from engine.imports.actions import check_table, import_cases
from engine.imports.htcds import as_htcds
from engine.imports.records import TableError
from engine.overview.actions import ask_copy, fetch_copy, link_to_copy
from engine.overview.views.copies import sheet
from engine.persons.actions.persons import change_role
from engine.persons.store import PersonStore
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.cases import close_at_once
from tests.kit.portal import Portal, made_portal, report_case
from tests.kit.world import World

TRIAGE = {
    "risk_level": "high", "decision": "police", "reason": "x", "age_band": "12_to_17",
    "exploitation_suspected": ["forced_labour"], "means_elements": ["force", "abuse_of_power"],
}  # fmt: skip
IDENTIFIED = {
    "status": "actual", "decided_by": "ngo", "interview_lang": "hi", "lawyer_present": True, "indicators": ["debt"],
    "acts": ["recruitment"], "means": ["debt_bondage"], "purposes": ["forced_labour"], "age_claimed": 15,
    "age_document": "school_record", "sex": "female",
}  # fmt: skip
ASKED = {"prs_Gender", "x_Sex", "x_Age", "vic_MethodsOfControl", "x_MethodsOfControl"}
MARK = CopyMark(1, "Somebody", "now", "For a court")


def test_what_goes_out_comes_in_elsewhere_and_goes_out_the_same(world: World, elsewhere: World) -> None:
    first, second = world.at_look().case_id, world.at_look().case_id
    certain = world.act(
        add_person, first, by="case_manager", role=PersonRole.VICTIM, identity={"name": "Zulekha Blindtoken"}
    )
    world.act(
        change_role, certain, case_id=first, by="case_manager", role=PersonRole.VICTIM, to_role=PersonRole.VICTIM,
        status=RoleStatus.CONFIRMED,
    )  # fmt: skip
    world.act(add_person, first, by="case_manager", role=PersonRole.SUSPECT, identity={"name": "A Suspect"})
    close_at_once(world.engine, second, world.who("case_manager"))
    out = _out(world)
    told = json.loads(out)
    assert (told["standard"], told["version"], len(told["cases"])) == ("HTCDS", "2.0", 2)
    by_status = {case["cas_Status"]: case for case in told["cases"]}
    assert set(by_status) == {"Active", "Closed"}
    victims = by_status["Active"]["persons"]
    assert [one["vic_TraffickingStatus"] for one in victims] == [
        "PossibleVictimOfTrafficking", "ActualVictimOfTrafficking",
    ]  # fmt: skip
    assert victims[0]["vic_TypeOfExploitation"] == ["ForcedLabour"]
    assert "Zulekha" not in out
    assert "mill" not in out, "no answer goes out"
    given = {"viewer": elsewhere.who("case_manager"), "unit_id": elsewhere.unit}
    assert check_table(elsewhere.engine, out, **given) == 2
    import_cases(elsewhere.engine, out, command_id=uuid4(), **given)
    assert _out(elsewhere) == out
    elsewhere.later(days=0.01)
    elsewhere.fire()
    assert elsewhere.rows("SELECT count(*) FROM deadline WHERE breached_at IS NOT NULL")[0][0] == 0
    with pytest.raises(TableError) as caught:
        import_cases(elsewhere.engine, out, command_id=uuid4(), **given)
    assert {problem.words for problem in caught.value.problems} == {"There is a case with this number already."}


def test_sex_age_and_means_of_control_go_out_come_in_and_go_out_the_same(
    portal: Portal, postgres: EmbeddedServer, tmp_path: Path
) -> None:
    case_id = UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])
    _answered(portal, case_id, "reporting.triage", TRIAGE, by="supervisor")
    second = portal.act(
        add_person, case_id, by="case_manager", role=PersonRole.VICTIM, identity={"name": "Zulekha Blindtoken"}
    )
    _answered(portal, case_id, "rescue.identify", IDENTIFIED, by="caseworker", person_id=second)
    portal.let_time_pass(timedelta(days=1))
    out = _of(portal)
    [case] = json.loads(out)["cases"]
    shown = [{name: one.get(name) for name in ASKED} for one in case["persons"]]
    assert [(one["prs_Gender"], one["x_Sex"]) for one in shown] == [(None, None), ("Feminine", "female")]
    assert [one["x_MethodsOfControl"] for one in shown] == [["abuse_of_power", "force"], ["debt_bondage"]]
    assert [one["vic_MethodsOfControl"] for one in shown] == [["Other", "PhysicalAbuse"], ["DebtBondage"]]
    ages = [(one["x_Age"]["youngest"], one["x_Age"]["oldest"], one["x_Age"]["source"]) for one in shown]
    assert ages == [(12, 17, "appearance"), (15, 15, "school")]
    keeper = portal.engine.ask(sheet, portal.people["data_protection_officer"], "htcds", {})
    assert not ASKED & json.loads(as_htcds(keeper, MARK))["cases"][0]["persons"][0].keys(), "reveals no answers"
    with made_portal(postgres, tmp_path) as empty:
        given = {"viewer": empty.people["case_manager"], "unit_id": empty.unit, "command_id": uuid4()}
        import_cases(empty.engine, out, **given)
        assert _of(empty) == out
        [taken] = [row["id"] for row in empty.rows('SELECT id FROM "case"')]
        facts = told_in(empty.of(CaseStore).read(taken), "", zone="Asia/Kolkata")
        assert facts.sexes == (None, "female"), "limits of the law depend on it as they did"
        assert [age and age.youngest for age in facts.ages] == [12, 15]


def test_it_goes_out_as_every_copy_does_marked_once_and_by_those_who_may(world: World) -> None:
    world.at_look()
    stepped = world.who("supervisor").model_copy(update={"stepped_up_at": world.engine.wall_clock.now()})
    with pytest.raises(NotAllowedError):
        ask_copy(world.engine, viewer=world.who("caseworker"), what="htcds", purpose_code="court", chosen={})
    copy_id = ask_copy(world.engine, viewer=stepped, what="htcds", purpose_code="court", chosen={})
    token = link_to_copy(world.engine, copy_id, viewer=stepped)
    fetched = fetch_copy(world.engine, copy_id, token=token, viewer=stepped, write=as_htcds, at="now")
    assert fetched.what == "htcds"
    assert json.loads(fetched.content)["x_Copy"].startswith("Copy 1, made for Supervisor IN")


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"cas_Status": "Lost"}, "cas_Status"), ({"hte_Country": "BD", "hte_State": ""}, "hte_State"),
        ({"x_OpenedAt": "2099-01-01T00:00:00+00:00"}, "x_OpenedAt"), ({"x_OpenedAt": "May"}, "x_OpenedAt"),
        ({"x_CaseNumber": "17"}, "x_CaseNumber"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(world: World, change: dict[str, str], column: str) -> None:
    world.at_look()
    told = json.loads(_out(world))
    told["cases"][0] |= {"x_CaseNumber": "C-ZZZZ-ZZZZ"} | change
    given = {"viewer": world.who("case_manager"), "unit_id": world.unit, "command_id": uuid4()}
    with pytest.raises(TableError) as caught:
        import_cases(world.engine, json.dumps(told), **given)
    assert [(problem.row, problem.column) for problem in caught.value.problems] == [(1, column)]
    for broken in ("{", '{"standard": "CTDC", "version": "2.0", "cases": [{}]}', '{"cases": []}'):
        with pytest.raises(TableError):
            import_cases(world.engine, broken, **given)


def test_a_file_of_another_system_is_taken_over_with_what_it_tells_of_people(world: World) -> None:
    victim = {
        "prs_FirstName": "Zulekha", "prs_SecondName": "Blindtoken", "prs_Birthdate": "2011-05-30",
        "vic_TraffickingStatus": "ActualVictimOfTrafficking", "vic_TypeOfExploitation": ["ForcedMarriage"],
        "vic_MethodsOfControl": ["DebtBondage", "NoSuchCode"], "prs_Gender": "TransgenderFeminine",
    }  # fmt: skip
    case = {"cas_Status": "FollowUp", "cas_IncomingReferralDate": "2025-11-03", "persons": [victim]}
    told = {"standard": "HTCDS", "version": "2.0", "cases": [case, {"cas_Status": "ClosedReferred", "persons": []}]}
    given = {"viewer": world.who("case_manager"), "unit_id": world.unit}
    first, second = import_cases(world.engine, json.dumps(told), command_id=uuid4(), **given)
    assert first != second
    opened = dict(world.rows('SELECT number, opened_at FROM "case" ORDER BY opened_at'))
    assert opened[first].date() == date(2025, 11, 3)
    assert opened[second] == world.engine.clock.now()
    [case_id] = [one[0] for one in world.rows('SELECT id FROM "case" WHERE number = :number', number=first)]
    [person] = world.of(CaseStore).read(case_id).persons
    assert person.role is PersonRole.VICTIM
    identity = world.of(PersonStore).identity(person.person_id)
    assert (identity["name"], identity["ages"][0]["youngest"]) == ("Zulekha Blindtoken", 14)
    [out] = [one["persons"][0] for one in json.loads(_out(world))["cases"] if one["x_CaseNumber"] == first]
    assert (out["x_Sex"], out["x_Age"]["youngest"], out["x_MethodsOfControl"]) == ("transgender", 14, ["debt_bondage"])
    wrong: tuple[tuple[str, dict[str, Any]], ...] = (
        ("cas_IncomingReferralDate", {"cas_IncomingReferralDate": "2099-01-01"}),
        ("persons.0.x_Age", {"persons": [{"x_Age": {"youngest": 3, "oldest": 5, "as_of": "2099-01-01"}}]}),
        ("persons.0.x_Age", {"persons": [{"x_Age": {"youngest": 5, "oldest": 3}}]}),
        ("persons.0.x_MethodsOfControl.0", {"persons": [{"x_MethodsOfControl": ["<b>"]}]}),
        ("persons.0.x_Sex", {"persons": [{"x_Sex": "F"}]}),
    )
    for column, change in wrong:
        with pytest.raises(TableError) as caught:
            check_table(world.engine, json.dumps({**told, "cases": [case | change]}), **given)
        assert [problem.column for problem in caught.value.problems] == [column]


def _answered(
    portal: Portal, case_id: UUID, uses: str, answers: dict[str, Any], *, by: str, person_id: UUID | None = None
) -> None:
    step_id = portal.act(add_step, case_id, by="case_manager", uses=uses, limit="PT4H", person_id=person_id)
    with portal.engine.transaction() as tx:
        item = tx.of(ItemStore).open_of_step(step_id)
    portal.act(complete_work_item, item.id, by=by, revision=item.revision, answers=answers)


def _of(portal: Portal) -> str:
    return as_htcds(portal.engine.ask(sheet, portal.people["supervisor"], "htcds", {}), MARK).decode()


def _out(world: World) -> str:
    """Return what a copy of all cases of the unit holds, with the same mark each time."""
    return as_htcds(world.engine.ask(sheet, world.who("supervisor"), "htcds", {}), MARK).decode()
