"""A copy leaves once, marked, for a purpose and by the rights of now; a person sees what is held about them."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.records import MOST_COPIES_IN_AN_HOUR
from engine.approvals.records import OwnApprovalError
from engine.core.law.told import ages_of
from engine.core.policy import Viewer
from engine.core.records import PersonRole
from engine.core.retention import ROWS_ALONE
from engine.course.actions.steer import add_person
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError, TooOftenError
from engine.overview.actions import Fetched, answer_copy, ask_copy, fetch_copy, link_to_copy
from engine.overview.views.copies import as_csv, count_copied
from engine.persons.actions.subject import correct_person, report_to_subject
from engine.persons.store import PersonStore
from engine.retention.actions.retention import run_retention
from engine.sign_in.records import StepUpNeededError
from tests.kit.trial import CANARY
from tests.kit.world import World

pytestmark = pytest.mark.long

NAME = "Zulekha Blindtoken"


def test_a_small_copy_is_fetched_once_marked_and_recorded_without_a_name_or_an_answer(world: World) -> None:
    numbers = {world.at_look().case_number for _ in range(2)}
    copy_id = _ask(world)
    fetched = _fetch(world, copy_id)
    rows = list(csv.reader(io.StringIO(fetched.content.decode("utf-8-sig"))))
    mark = rows[0][0]
    assert mark.startswith("Copy 1, made for Supervisor IN on now: To review the work of the unit.")
    assert rows[1][0] == "Case"
    assert rows[1][-1] == "Copy"
    assert {row[0] for row in rows[2:]} == numbers
    assert {row[-1] for row in rows[2:]} == {"1"}
    assert CANARY not in fetched.content.decode()
    with pytest.raises(NotFoundError):
        _fetch_with(world, copy_id, token="")
    world.refuses(AlreadyEndedError, link_to_copy, copy_id, by=_stepped(world, "supervisor"))
    row = world.rows("SELECT status, rows FROM export_copy")[0]
    assert (row.status, row.rows) == ("fetched", 2)
    assert _noted(world) == ["CopyAsked", "CopyFetched"]


def test_a_link_works_for_who_asked_only_and_a_new_one_ends_the_one_before(world: World) -> None:
    world.at_look()
    copy_id = _ask(world)
    first = link_to_copy(world.engine, copy_id, viewer=_stepped(world, "supervisor"))
    second = link_to_copy(world.engine, copy_id, viewer=_stepped(world, "supervisor"))
    with pytest.raises(NotFoundError):
        _fetch_with(world, copy_id, token=first)
    with pytest.raises(NotFoundError):
        _fetch_with(world, copy_id, token=second, viewer=_stepped(world, "case_manager"))
    assert _fetch_with(world, copy_id, token=second).number == 1


def test_a_copy_that_nobody_fetches_ends_by_itself(world: World) -> None:
    world.at_look()
    copy_id = _ask(world)
    token = link_to_copy(world.engine, copy_id, viewer=_stepped(world, "supervisor"))
    world.later(hours=24)
    with pytest.raises(AlreadyEndedError):
        _fetch_with(world, copy_id, token=token)
    run_retention(world.engine)
    assert world.rows("SELECT status, token_hash FROM export_copy") == [("expired", None)]


def test_a_large_copy_needs_a_second_person_of_the_unit(world: World) -> None:
    _many_rows(world)
    copy_id = _ask(world, what="steps")
    assert world.rows("SELECT status FROM export_copy") == [("asked",)]
    world.refuses(AlreadyEndedError, link_to_copy, copy_id, by=_stepped(world, "supervisor"))
    world.refuses(OwnApprovalError, answer_copy, copy_id, by=_stepped(world, "supervisor"), agreed=True)
    world.refuses(NotAllowedError, answer_copy, copy_id, by=_stepped(world, "caseworker"), agreed=True)
    other = world.other("nodal_officer").model_copy(update={"stepped_up_at": world.engine.wall_clock.now()})
    world.refuses(NotFoundError, answer_copy, copy_id, by=other, agreed=True)
    answer_copy(world.engine, copy_id, viewer=_stepped(world, "nodal_officer"), agreed=True)
    assert world.rows("SELECT rows FROM export_copy")[0].rows is None
    _fetch(world, copy_id)
    assert world.rows("SELECT rows FROM export_copy")[0].rows > ROWS_ALONE


def test_who_asked_for_a_large_copy_takes_it_back_whatever_else_they_may(world: World) -> None:
    _many_rows(world)
    copy_id = _ask(world, what="steps")
    asker = world.who("supervisor").model_copy(update={"roles": ("caseworker",), "memberships": ()})
    world.refuses(NotAllowedError, answer_copy, copy_id, by=asker, agreed=True)
    world.refuses(NotAllowedError, answer_copy, copy_id, by="caseworker", agreed=False)
    answer_copy(world.engine, copy_id, viewer=asker, agreed=False)
    assert world.rows("SELECT status FROM export_copy") == [("refused",)]
    assert world.rows("SELECT ended_reason FROM approval_request") == [("withdrawn",)]
    world.refuses(AlreadyEndedError, answer_copy, copy_id, by=_stepped(world, "nodal_officer"), agreed=True)


def test_a_copy_that_has_grown_large_since_it_was_asked_for_is_not_handed_over(world: World) -> None:
    copy_id = _ask(world, what="steps")
    _many_rows(world)
    with pytest.raises(NotAllowedError):
        _fetch(world, copy_id)


def test_a_copy_is_made_by_the_rights_of_the_moment_in_which_it_is_fetched(world: World) -> None:
    world.at_look()
    copy_id = _ask(world)
    viewer = _stepped(world, "supervisor").model_copy(update={"roles": ("caseworker",), "memberships": ()})
    token = link_to_copy(world.engine, copy_id, viewer=_stepped(world, "supervisor"))
    with pytest.raises(NotAllowedError):
        _fetch_with(world, copy_id, token=token, viewer=viewer)


def test_a_copy_holds_the_cases_of_the_own_unit_only(world: World) -> None:
    world.at_look()
    viewer = world.other("supervisor").model_copy(update={"stepped_up_at": world.engine.wall_clock.now()})
    assert world.engine.ask(count_copied, viewer, "cases", {}) == 0
    case = world.rows('SELECT id FROM "case"')[0].id
    world.rows(
        'INSERT INTO "grant" (id, case_id, unit_id, purpose, granted_at) VALUES (:id, :case, :unit, :purpose, :at)',
        id=uuid4(), case=case, unit=world.other_unit, purpose="care", at=world.clock.now(),
    )  # fmt: skip
    assert world.engine.ask(count_copied, viewer, "cases", {}) == 0


def test_nobody_asks_for_more_copies_within_an_hour_than_work_needs(world: World) -> None:
    for _ in range(MOST_COPIES_IN_AN_HOUR):
        _ask(world)
    with pytest.raises(TooOftenError, match="20 times within an hour"):
        _ask(world)
    _ask(world, viewer=_stepped(world, "case_manager"))
    world.later(hours=1)
    _ask(world)


def test_who_may_not_copy_or_does_not_say_for_what_is_refused(world: World) -> None:
    with pytest.raises(NotAllowedError):
        _ask(world, viewer=_stepped(world, "caseworker"))
    with pytest.raises(StepUpNeededError):
        _ask(world, viewer=world.who("supervisor"))
    with pytest.raises(InvalidAnswersError) as caught:
        _ask(world, what="names", purpose_code="", chosen={"since": "yesterday"})
    assert set(caught.value.problems) == {"what", "purpose_code", "since"}


def test_a_person_is_given_what_is_held_about_them_and_that_is_written_down_first(world: World) -> None:
    case_id, person_id = _person(world)
    found = report_to_subject(world.engine, case_id, person_id, viewer=_stepped(world, "data_protection_officer"))
    assert ("Name", NAME) in {(line.label, line.text) for line in found.identity}
    assert found.roles == ("Victim",)
    assert "SubjectAnswered" in _events(world, case_id)
    read = world.rows("SELECT what, subject_id FROM reading WHERE what = 'subject_report'")
    assert read == [("subject_report", person_id)]
    for viewer in (_stepped(world, "caseworker"), _stepped(world, "supervisor")):
        world.refuses(NotAllowedError, report_to_subject, case_id, person_id, by=viewer)
    world.refuses(StepUpNeededError, report_to_subject, case_id, person_id, by="case_manager")
    world.refuses(NotFoundError, report_to_subject, case_id, uuid4(), by=_stepped(world, "case_manager"))


def test_what_is_wrong_is_put_right_and_what_was_there_before_is_kept_sealed(world: World) -> None:
    case_id, person_id = _person(world)
    command = uuid4()
    for _ in range(2):
        changes = {"name": "Zuleikha Right", "age": "16", "age_on": "2026-03-01"}
        _correct(world, case_id, person_id, command_id=command, changes=changes)
    identity = world.of(PersonStore).identity(person_id)
    assert identity["name"] == "Zuleikha Right"
    assert [(age.youngest, str(age.as_of)) for age in ages_of(identity)] == [(16, "2026-03-01")]
    [kept] = world.rows("SELECT * FROM correction")
    opened = world.engine.vault.decrypt(
        bytes(kept.encrypted_before), table="correction", row=kept.id, column="encrypted_before"
    )
    assert opened == {"name": NAME, "age": None}
    assert (kept.made_by, kept.reason_code) == (world.who("case_manager").actor_id, "person_says_so")
    assert NAME not in world.dump()
    assert _events(world, case_id).count("PersonCorrected") == 1
    _correct(world, case_id, person_id, changes={}, remark="She says that the mill was another one.")
    assert "PersonRemarked" in _events(world, case_id)
    found = report_to_subject(world.engine, case_id, person_id, viewer=_stepped(world, "case_manager"))
    assert [it.kind for it in found.corrections] == ["correction", "remark"]
    with pytest.raises(InvalidAnswersError):
        _correct(world, case_id, person_id, changes={})
    with pytest.raises(InvalidAnswersError):
        _correct(world, case_id, person_id, changes={"age": "many"})
    for changes in ({"age": "16"}, {"age": "16", "age_on": "in spring"}, {"age_on": "2026-03-01"}):
        with pytest.raises(InvalidAnswersError):
            _correct(world, case_id, person_id, changes=changes)


def _ask(world: World, **more: Any) -> UUID:
    wanted: dict[str, Any] = {
        "viewer": _stepped(world, "supervisor"), "what": "cases", "purpose_code": "supervision", "chosen": {},
    }  # fmt: skip
    return ask_copy(world.engine, **{**wanted, **more})


def _fetch(world: World, copy_id: UUID) -> Fetched:
    return _fetch_with(world, copy_id, token=link_to_copy(world.engine, copy_id, viewer=_stepped(world, "supervisor")))


def _fetch_with(world: World, copy_id: UUID, *, token: str, viewer: Viewer | None = None) -> Fetched:
    who = viewer or _stepped(world, "supervisor")
    return fetch_copy(world.engine, copy_id, token=token, viewer=who, write=as_csv, at="now")


def _many_rows(world: World) -> None:
    while world.rows("SELECT count(*) FROM step")[0].count <= ROWS_ALONE:
        world.at_talk()


def _person(world: World) -> tuple[UUID, UUID]:
    case_id = world.at_look().case_id
    person_id = world.act(add_person, case_id, by="case_manager", role=PersonRole.VICTIM, identity={"name": NAME})
    world.later(minutes=timedelta(minutes=1).seconds / 60)
    return case_id, person_id


def _correct(world: World, case_id: UUID, person_id: UUID, **more: Any) -> None:
    wanted: dict[str, Any] = {
        "viewer": _stepped(world, "case_manager"), "command_id": uuid4(), "reason_code": "person_says_so",
    }  # fmt: skip
    correct_person(world.engine, case_id, person_id, **{**wanted, **more})


def _stepped(world: World, role: str) -> Viewer:
    return world.who(role).model_copy(update={"stepped_up_at": world.engine.wall_clock.now()})


def _events(world: World, case_id: UUID) -> list[str]:
    return [row.type for row in world.rows("SELECT type FROM event WHERE case_id = :id ORDER BY seq", id=case_id)]


def _noted(world: World) -> list[str]:
    return [row.type for row in world.rows("SELECT type FROM audit_event WHERE stream = 'keeping' ORDER BY seq")]
