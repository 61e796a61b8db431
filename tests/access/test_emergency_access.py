"""Seeing a case that is not one's own for a few hours: told, checked by a second person, and no way to find cases."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.actions.emergency import answer_emergency_access, emergency_access, flag_unconfirmed_emergencies
from engine.access.actions.restrict import restrict_case
from engine.access.store import AccessStore
from engine.access.views import my_emergencies
from engine.cases.views.lists import cases
from engine.core.access import Recusal, RecusalReason, covers
from engine.core.policy import Viewer
from engine.course.actions.steer import identify_person
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.names import RestrictedCategory
from engine.overview.views.case import case_page
from engine.work.actions.answers import reveal_person
from tests.kit.world import World

WORDS = "She stands before us and bleeds."


@pytest.fixture(autouse=True)
def proved(world: World) -> None:
    """Let everybody have proved who they are: how they do is proved elsewhere."""
    world.engine = replace(world.engine, demo=True)


def test_the_case_is_seen_at_once_and_its_leads_are_told_at_once(world: World) -> None:
    opened, helper = world.open(), world.other("caseworker")
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, helper, opened.case_id)
    ask(world, helper, opened.case_number)
    assert world.engine.ask(case_page, helper, opened.case_id).number == opened.case_number
    told = world.rows("SELECT recipient_id, critical FROM message WHERE kind = 'emergency_broken'")
    assert {row.recipient_id for row in told} == {
        world.who("supervisor").actor_id, world.who("safeguarding_lead").actor_id,
    }  # fmt: skip
    assert all(row.critical for row in told)
    assert "EmergencyAccessGiven" in types(world, opened.case_id)


def test_it_ends_by_itself(world: World) -> None:
    opened, helper = world.open(), world.other("caseworker")
    ask(world, helper, opened.case_number, hours=2)
    world.later(hours=1, minutes=59)
    assert world.engine.ask(case_page, helper, opened.case_id)
    world.later(minutes=2)
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, helper, opened.case_id)


def test_a_colleague_of_who_broke_the_emergency_sees_nothing(world: World) -> None:
    opened = world.open()
    ask(world, world.other("caseworker"), opened.case_number)
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, world.other("lawyer"), opened.case_id)


@pytest.mark.parametrize("which", ["made_up", "denied", "conflict", "own"])
def test_where_nothing_is_opened_the_answer_is_the_same_and_the_request_is_kept(world: World, which: str) -> None:
    opened, helper = world.open(), world.other("caseworker")
    number = opened.case_number
    if which == "made_up":
        number = "C-ZZZZ-ZZZZ"
    if which == "own":
        helper = world.who("caseworker")
    with world.engine.transaction() as tx:
        now = world.clock.now()
        if which == "denied":
            tx.of(AccessStore).recuse(
                Recusal(
                    reason=RecusalReason.DENIED,
                    id=uuid4(),
                    case_id=opened.case_id,
                    actor_id=helper.actor_id,
                    reason_code="x",
                    set_at=now,
                )
            )
        if which == "conflict":
            conflict = Recusal(
                id=uuid4(), set_at=now, reason=RecusalReason.CONFLICT_OF_INTEREST, case_id=opened.case_id,
                actor_id=helper.actor_id, reason_code="x",
            )  # fmt: skip
            tx.of(AccessStore).recuse(conflict)
        tx.commit()
    ask(world, helper, number)
    row = world.rows("SELECT case_id, grant_id, actor_id FROM emergency_access")[0]
    assert tuple(row) == (None, None, helper.actor_id)
    assert [line.number for line in world.engine.ask(my_emergencies, helper)] == [number]
    assert which != "made_up" or number not in world.dump()
    assert world.rows('SELECT count(*) FROM "grant"')[0][0] == 0
    assert world.rows("SELECT count(*) FROM message WHERE kind = 'emergency_broken'")[0][0] == 0
    assert [tuple(row) for row in world.rows("SELECT type, actor_id FROM audit_event WHERE stream = 'access'")] == [
        ("EmergencyAsked", helper.actor_id)
    ]


def test_what_does_not_fit_is_said_whether_there_is_such_a_case_or_not(world: World) -> None:
    opened = world.open()
    problems = []
    for number in (opened.case_number, "C-ZZZZ-ZZZZ"):
        with pytest.raises(InvalidAnswersError) as caught:
            ask(world, world.other("caseworker"), number, words="now", hours=5, reason_code="curious")
        problems.append(caught.value.problems)
    assert problems[0] == problems[1]
    assert set(problems[0]) == {"words", "hours", "reason_code"}


@pytest.mark.parametrize("role", ["press_officer", "system_administrator", "auditor", "finance_officer"])
def test_only_those_who_care_for_people_may_break_the_emergency(world: World, role: str) -> None:
    opened = world.open()
    with pytest.raises(NotAllowedError):
        ask(world, world.other(role), opened.case_number)


def test_a_second_person_confirms_it_or_ends_it_at_once(world: World) -> None:
    one, two, helper = world.open(), world.open(), world.other("caseworker")
    first, second = ask(world, helper, one.case_number), ask(world, helper, two.case_number)
    lead = world.who("safeguarding_lead")
    world.act(answer_emergency_access, first, by=lead, approved=True)
    world.act(answer_emergency_access, second, by=lead, approved=False)
    assert world.engine.ask(case_page, helper, one.case_id)
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, helper, two.case_id)
    world.refuses(AlreadyEndedError, answer_emergency_access, first, by="supervisor", approved=False)
    assert world.rows('SELECT second_by FROM "grant" WHERE case_id = :c', c=one.case_id)[0][0] == lead.actor_id


@pytest.mark.parametrize("how", ["denied", "conflict", "sealed"])
def test_who_must_not_know_of_the_case_neither_hears_of_it_nor_answers(world: World, how: str) -> None:
    opened, barred, other = world.open(), world.who("safeguarding_lead"), world.who("supervisor")
    request = ask(world, world.other("caseworker"), opened.case_number)
    _barred(world, opened.case_id, barred, how)
    for approved in (True, False):
        world.refuses(NotFoundError, answer_emergency_access, request, by=barred, approved=approved)
    if how != "sealed":
        ask(world, world.other("counsellor"), opened.case_number)
        [(again,)] = world.rows("SELECT id FROM emergency_access WHERE id <> :first", first=request)
        world.act(answer_emergency_access, again, by=other, approved=True)
        told = world.rows(
            "SELECT recipient_id, kind FROM message WHERE link = :link", link=f"/emergency-access/{again}"
        )
        assert {(row.recipient_id, row.kind) for row in told} == {(other.actor_id, "emergency_broken")}
    world.act(answer_emergency_access, request, by=other, approved=False)


@pytest.mark.parametrize("role", ["caseworker", "auditor"])
def test_nobody_else_can_confirm_it(world: World, role: str) -> None:
    opened = world.open()
    request = ask(world, world.other("caseworker"), opened.case_number)
    for viewer in (world.who(role), world.other("safeguarding_lead"), world.other("caseworker")):
        world.refuses(NotFoundError, answer_emergency_access, request, by=viewer, approved=True)


def test_what_nobody_confirmed_within_a_day_is_told_above_once(world: World) -> None:
    one, two = world.open(), world.open()
    confirmed, forgotten = (ask(world, world.other("caseworker"), case.case_number) for case in (one, two))
    world.act(answer_emergency_access, confirmed, by="supervisor", approved=True)
    world.later(hours=23, minutes=59)
    assert flag_unconfirmed_emergencies(world.engine) == 0
    world.later(minutes=1)
    assert flag_unconfirmed_emergencies(world.engine) == 1
    assert flag_unconfirmed_emergencies(world.engine) == 0
    told = {row.recipient_id for row in world.rows("SELECT * FROM message WHERE kind = 'emergency_unconfirmed'")}
    assert world.who("nodal_officer").actor_id in told
    assert "EmergencyUnconfirmed" in types(world, two.case_id)
    assert "EmergencyUnconfirmed" not in types(world, one.case_id)
    assert world.rows("SELECT id FROM emergency_access WHERE flagged_at IS NOT NULL")[0][0] == forgotten


def test_the_words_are_sealed_and_the_same_command_asks_once(world: World) -> None:
    opened, command = world.open(), uuid4()
    for _ in range(2):
        ask(world, world.other("caseworker"), opened.case_number, command_id=command)
    assert world.rows("SELECT count(*) FROM emergency_access")[0][0] == 1
    assert WORDS not in world.dump()


def ask(world: World, viewer: Viewer, number: str, **more: object) -> UUID:
    wanted = {"command_id": uuid4(), "reason_code": "life_at_risk", "words": WORDS, "hours": 4} | more
    emergency_access(world.engine, viewer=viewer, number=number, **wanted)  # type: ignore[arg-type]
    return next(
        row.id for row in world.rows("SELECT id, encrypted_number FROM emergency_access") if typed(world, row) == number
    )


def typed(world: World, row: Any) -> str:
    encrypted = {"table": "emergency_access", "row": row.id, "column": "encrypted_number"}
    return str(world.engine.vault.decrypt(bytes(row.encrypted_number), **encrypted))


def types(world: World, case_id: UUID) -> list[str]:
    return [row[0] for row in world.rows("SELECT type FROM event WHERE case_id = :c ORDER BY seq", c=case_id)]


def test_who_broke_the_emergency_sees_who_the_person_is_and_that_is_written_down(world: World) -> None:
    opened, helper = world.open(), world.other("caseworker")
    person = world.state(opened.case_id).persons[0].person_id
    world.act(identify_person, person, case_id=opened.case_id, by="intake_officer", identity={"name": "Mira"})
    world.refuses(NotFoundError, reveal_person, person, case_id=opened.case_id, by=helper)
    assert not world.rows("SELECT 1 FROM reading")
    ask(world, helper, opened.case_number)
    assert reveal_person(world.engine, person, case_id=opened.case_id, viewer=helper).name == "Mira"
    row = world.rows("SELECT actor_id, what, classes FROM reading")[0]
    assert tuple(row) == (helper.actor_id, "person", ["identifying"])
    access = world.of(AccessStore).access_of(helper, opened.case_id, world.clock.now())
    assert not [one for one in RestrictedCategory if covers(access, f"class:{one.value}")]


def _barred(world: World, case_id: UUID, helper: Viewer, how: str) -> None:
    """Keep somebody out of a case by a denial, a conflict of interest, both, or a seal."""
    now = world.clock.now()
    if how == "sealed":
        world.act(restrict_case, case_id, by="data_protection_officer", ground_code="objection",
            holder_id=world.who("supervisor").actor_id,
        )  # fmt: skip
    with world.engine.transaction() as tx:
        if how in {"denied", "both"}:
            tx.of(AccessStore).recuse(
                Recusal(
                    reason=RecusalReason.DENIED,
                    id=uuid4(),
                    case_id=case_id,
                    actor_id=helper.actor_id,
                    reason_code="x",
                    set_at=now,
                )
            )
        if how in {"conflict", "both"}:
            conflict = Recusal(
                id=uuid4(), set_at=now, reason=RecusalReason.CONFLICT_OF_INTEREST, case_id=case_id,
                actor_id=helper.actor_id, reason_code="x",
            )  # fmt: skip
            tx.of(AccessStore).recuse(conflict)
        tx.commit()


@pytest.mark.parametrize("how", ["sealed", "denied", "conflict", "both"])
def test_what_keeps_somebody_out_ends_an_emergency_on_their_next_request(world: World, how: str) -> None:
    opened, helper = world.open(), world.other("caseworker")
    ask(world, helper, opened.case_number)
    assert world.engine.ask(case_page, helper, opened.case_id)
    _barred(world, opened.case_id, helper, how)
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, helper, opened.case_id)
    assert world.engine.ask(cases, helper) == ()
    ask(world, helper, opened.case_number)
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, helper, opened.case_id)


@pytest.mark.parametrize("how", ["sealed", "both"])
def test_no_emergency_opens_what_is_sealed_or_kept_from_them_and_the_answer_tells_nothing(
    world: World, how: str
) -> None:
    opened, helper = world.open(), world.other("caseworker")
    _barred(world, opened.case_id, helper, how)
    ask(world, helper, opened.case_number)
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, helper, opened.case_id)
    assert [row[0] for row in world.rows("SELECT case_id FROM emergency_access")] == [None]
    assert world.rows("SELECT count(*) FROM approval_request WHERE kind = 'emergency_access'")[0][0] == 0
    assert world.rows("SELECT count(*) FROM message WHERE kind = 'emergency_broken'")[0][0] == 0
