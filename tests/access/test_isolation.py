"""What is not yours does not exist for you: not in lists, counts, searches, pages, papers or messages."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.views import case_access
from engine.cases.views.lists import cases, count_cases, find_case
from engine.cases.views.sight import revealed_answers
from engine.core.policy import Membership, Viewer
from engine.db.tables import TABLES
from engine.deadlines.views.why import explain_deadline, explain_step
from engine.documents.views import document_text
from engine.errors import IcmcError, NotAllowedError, NotFoundError
from engine.messages.views import notices, unread
from engine.overview.views.board import admin_board
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.people.viewer import actors
from engine.persons.views.person import revealed_person
from engine.work.views.form import item_form
from engine.work.views.worklist import work_item, worklist
from tests.kit.network import CANARY, START, Network

Ids = dict[str, UUID]
ANSWERS = {"words": CANARY, "concern": "labour", "is_child": True}

QUESTIONS: dict[str, Callable[[Network, Viewer, Ids], object]] = {
    "work_item": lambda network, viewer, ids: network.ask(work_item, viewer, ids["item"]),
    "form": lambda network, viewer, ids: network.ask(item_form, viewer, ids["item"]),
    "case": lambda network, viewer, ids: network.ask(case_page, viewer, ids["case"]),
    "history": lambda network, viewer, ids: network.ask(case_history, viewer, ids["case"]),
    "explain_deadline": lambda network, viewer, ids: network.ask(explain_deadline, viewer, ids["deadline"]),
    "explain_step": lambda network, viewer, ids: network.ask(explain_step, viewer, ids["case"], "check"),
    "document": lambda network, viewer, ids: network.ask(document_text, viewer, ids["document"]),
    "unsealed_answers": lambda network, viewer, ids: network.ask(revealed_answers, viewer, ids["step"]),
    "unsealed_person": lambda network, viewer, ids: network.ask(revealed_person, viewer, ids["person"]),
}


@pytest.fixture
def stranger(network: Network) -> Viewer:
    """Give somebody of another unit who could do all of it at home."""
    return network.actor("Eve", network.unit("Elsewhere"), "supervisor", "caseworker", "intake_officer")


@pytest.fixture
def ids(network: Network, unit: UUID, lead: Viewer) -> Ids:
    """Open a case with an answer, a person, a paper and a message, and name each."""
    case_id = network.open_case(unit, victims=1, number="C-HOME")
    step = network.answer(case_id, "intake", ANSWERS, by=network.actor("Ina", unit, "intake_officer"))
    document = uuid4()
    html = network.vault.encrypt(CANARY, key_of=case_id, table="document", row=document, column="encrypted_html")
    network.add(
        "document", id=document, case_id=case_id, unit_id=unit, step_id=step, name="slip", title="Slip",
        number="1", version=1, sha256="0", encrypted_html=html, made_at=START,
    )  # fmt: skip
    page = network.ask(case_page, lead, case_id)
    return {
        "case": case_id,
        "step": step,
        "document": document,
        "item": network.item(case_id, "check"),
        "person": page.persons[0].id,
        "deadline": page.deadlines[0].id,
    }


def told(network: Network, viewer: Viewer, case_id: UUID) -> None:
    message = uuid4()
    network.add(
        "message", id=message, key=str(message), case_id=case_id, kind="warning", recipient_id=viewer.actor_id,
        subject="Time runs out", body="b", link="", critical=False, created_at=START,
    )  # fmt: skip
    network.add(
        "delivery", id=uuid4(), message_id=message, case_id=case_id, channel="in_app",
        status="delivered", attempt=0, next_at=START,
    )  # fmt: skip


def refused(question: Callable[[], object]) -> tuple[type[IcmcError], str, dict[str, Any]]:
    with pytest.raises(IcmcError) as caught:
        question()
    return type(caught.value), str(caught.value), caught.value.facts


def test_my_own_unit_gets_an_answer_to_every_question(network: Network, lead: Viewer, ids: Ids) -> None:
    assert {name for name, question in QUESTIONS.items() if question(network, lead, ids)} == set(QUESTIONS)


def test_what_is_anothers_and_what_is_not_there_give_the_same_refusal(
    network: Network, stranger: Viewer, ids: Ids
) -> None:
    absent = dict.fromkeys(ids, UUID(int=7))
    for question in QUESTIONS.values():
        anothers = refused(partial(question, network, stranger, ids))
        assert anothers[0] is NotFoundError
        assert anothers == refused(partial(question, network, stranger, absent))


@pytest.mark.parametrize(("grant", "sees"), [
    ({}, True),
    ({"valid_until": START + timedelta(seconds=1)}, True),
    ({"valid_until": START}, False),
    ({"ended_at": START}, False),
])  # fmt: skip
def test_another_unit_sees_a_case_as_long_as_it_is_granted(
    network: Network, stranger: Viewer, ids: Ids, grant: dict[str, Any], *, sees: bool
) -> None:
    network.grant(ids["case"], stranger.unit_ids[0], **grant)
    network.item(ids["case"], "check", status="reserved", assignee_id=stranger.actor_id)
    for question in QUESTIONS.values():
        if sees:
            assert question(network, stranger, ids)
        else:
            assert refused(partial(question, network, stranger, ids))[0] is NotFoundError


def test_lists_counts_and_searches_leave_out_what_is_anothers(network: Network, stranger: Viewer, ids: Ids) -> None:
    told(network, stranger, ids["case"])
    ask = network.ask
    assert ask(cases, stranger, status="all") == ()
    assert ask(cases, stranger) == ()
    assert ask(cases, stranger, number="C-HOME") == ()
    assert ask(count_cases, stranger) == 0
    assert ask(worklist, stranger) == ()
    assert ask(notices, stranger) == ()
    assert ask(unread, stranger) == 0
    assert refused(lambda: ask(find_case, stranger, "C-HOME")) == refused(lambda: ask(find_case, stranger, "C-NONE"))
    assert network.ask_board(admin_board, stranger).open_cases == 0
    assert network.ask_board(admin_board, stranger).open_items == 0
    assert network.ask_board(admin_board, stranger).waiting == {}


def test_a_grant_brings_the_case_into_lists_counts_and_searches(network: Network, stranger: Viewer, ids: Ids) -> None:
    told(network, stranger, ids["case"])
    network.grant(ids["case"], stranger.unit_ids[0])
    assert [line.number for line in network.ask(cases, stranger)] == ["C-HOME"]
    assert [line.number for line in network.ask(cases, stranger, number="C-H")] == ["C-HOME"]
    assert network.ask(count_cases, stranger) == 1
    assert network.ask(find_case, stranger, "C-HOME") == ids["case"]
    assert [notice.case_number for notice in network.ask(notices, stranger)] == ["C-HOME"]
    assert network.ask(unread, stranger) == 1


def test_two_roles_of_one_unit_see_the_same_case_once(network: Network, unit: UUID, ids: Ids) -> None:
    both = network.actor("Bo", unit, "supervisor", "caseworker")
    network.grant(ids["case"], unit)
    assert len(network.ask(cases, both)) == 1
    assert network.ask(count_cases, both) == 1


def test_who_only_keeps_the_system_running_sees_no_case(network: Network, unit: UUID, ids: Ids) -> None:
    admin = network.actor("Ada", unit, "system_administrator")
    for question in QUESTIONS.values():
        assert refused(partial(question, network, admin, ids))[0] is NotFoundError
    assert network.ask(cases, admin) == ()
    assert network.ask(count_cases, admin) == 0


@pytest.mark.usefixtures("ids")
def test_the_administrators_board_counts_every_unit_and_holds_no_content(network: Network) -> None:
    admin = network.actor("Ada", network.unit("Head office"), "system_administrator")
    board = network.ask_board(admin_board, admin)
    assert (board.open_cases, board.open_items) == (1, 1)
    assert board.waiting == {"supervisor": 1}
    assert CANARY not in board.model_dump_json()


def test_the_board_is_refused_to_who_has_no_role_for_it(network: Network, unit: UUID) -> None:
    worker = network.actor("Wim", unit, "caseworker")
    assert refused(lambda: network.ask_board(admin_board, worker))[0] is NotAllowedError


def test_an_auditor_reads_the_history_and_no_answer(network: Network, unit: UUID, ids: Ids) -> None:
    auditor = network.actor("Aud", unit, "auditor")
    page = network.ask(case_page, auditor, ids["case"])
    assert all(step.answers == () for step in page.steps)
    assert (dict(page.facts), page.concern) == ({}, "")
    assert network.ask(cases, auditor)[0].concern == ""
    assert network.ask(case_history, auditor, ids["case"])
    for name in ("document", "unsealed_answers", "unsealed_person"):
        assert refused(partial(QUESTIONS[name], network, auditor, ids))[0] is NotAllowedError
    assert network.ask(worklist, auditor) == ()


def test_everybody_sees_their_own_notices_only(network: Network, lead: Viewer, unit: UUID, ids: Ids) -> None:
    colleague = network.actor("Col", unit, "supervisor")
    told(network, lead, ids["case"])
    assert len(network.ask(notices, lead)) == 1
    assert network.ask(notices, colleague) == ()
    assert network.ask(unread, colleague) == 0


def test_people_of_other_units_are_listed_only_in_the_demo(
    network: Network, lead: Viewer, stranger: Viewer, becomes_a_demo: Callable[[], None]
) -> None:
    assert {actor.id for actor in network.ask(actors, lead)} == {lead.actor_id}
    becomes_a_demo()
    assert {actor.id for actor in network.ask(actors, lead)} == {lead.actor_id}, "not invented for the demo"
    network.change("actor", TABLES["actor"].c.id == stranger.actor_id, demo=True)
    assert {actor.id for actor in network.ask(actors, lead)} == {lead.actor_id, stranger.actor_id}


def test_who_is_in_conflict_with_a_case_is_for_its_own_unit_even_where_the_case_is_granted(
    network: Network, lead: Viewer, stranger: Viewer, ids: Ids
) -> None:
    network.grant(ids["case"], stranger.unit_ids[0])
    network.recuse(ids["case"], "conflict_of_interest", actor_id=stranger.actor_id)
    assert [one.whom for one in network.ask(case_access, lead, ids["case"]).recusals] == ["Eve"]
    other = network.actor("Ulf", stranger.unit_ids[0], "supervisor")
    for viewer in (stranger, other):
        with pytest.raises(NotFoundError):
            network.ask(case_access, viewer, ids["case"])


DENIALS: dict[str, Callable[[Network, Viewer, UUID], None]] = {
    "conflict": lambda network, viewer, case_id: network.recuse(
        case_id, "conflict_of_interest", actor_id=viewer.actor_id
    ),
    "actor": lambda network, viewer, case_id: denied(network, case_id, actor_id=viewer.actor_id),
    "unit": lambda network, viewer, case_id: denied(network, case_id, unit_id=viewer.unit_ids[0]),
    "organisation": lambda network, viewer, case_id: denied(
        network, case_id, organisation_id=network.organisation_of(viewer.unit_ids[0])
    ),
}


def denied(network: Network, case_id: UUID, **whom: UUID) -> None:
    network.recuse(case_id, "denied", **whom)


@pytest.mark.parametrize("how", list(DENIALS))
def test_who_is_denied_a_case_meets_it_nowhere_in_their_own_unit(
    network: Network, unit: UUID, lead: Viewer, ids: Ids, how: str
) -> None:
    told(network, lead, ids["case"])
    both = network.actor("Mo", unit, "supervisor", "system_administrator")
    assert (len(network.ask(cases, lead)), network.ask_board(admin_board, lead).open_cases) == (1, 1)
    for viewer in (lead, both):
        if how in {"conflict", "actor"} or viewer is lead:
            DENIALS[how](network, viewer, ids["case"])
    for viewer in (lead, both):
        for question in QUESTIONS.values():
            assert refused(partial(question, network, viewer, ids))[0] is NotFoundError
        ask, board = network.ask, network.ask_board(admin_board, viewer)
        assert (
            ask(cases, viewer),
            ask(cases, viewer, status="all"),
            ask(worklist, viewer),
        ) == ((), (), ())
        assert (ask(count_cases, viewer), ask(unread, viewer), ask(notices, viewer)) == (
            0,
            0,
            (),
        )
        assert (board.open_cases, board.open_items, board.waiting, board.overdue) == (0, 0, {}, ())
        assert refused(partial(ask, find_case, viewer, "C-HOME")) == refused(partial(ask, find_case, viewer, "C-NONE"))


def test_a_denial_beats_a_grant_and_ends_when_it_is_lifted(network: Network, stranger: Viewer, ids: Ids) -> None:
    network.grant(ids["case"], stranger.unit_ids[0])
    denied(network, ids["case"], actor_id=stranger.actor_id)
    assert refused(partial(network.ask, case_page, stranger, ids["case"]))[0] is NotFoundError
    assert network.ask(cases, stranger) == ()
    network.change("recusal", TABLES["recusal"].c.case_id == ids["case"], ended_at=START)
    assert len(network.ask(cases, stranger)) == 1


def test_a_role_counts_only_in_its_unit(network: Network, unit: UUID, lead: Viewer, ids: Ids) -> None:
    elsewhere = network.unit("Elsewhere")
    mixed = lead.model_copy(
        update={
            "actor_id": uuid4(),
            "unit_ids": (unit, elsewhere),
            "roles": ("press_officer", "supervisor"),
            "memberships": (
                Membership(unit_id=unit, roles=("press_officer",)),
                Membership(unit_id=elsewhere, roles=("supervisor",)),
            ),
        }
    )
    assert [item.step_key for item in network.ask(worklist, lead)] == ["check"]
    assert network.ask(worklist, mixed) == ()
    assert len(network.ask(cases, mixed)) == 1
    assert network.ask(case_page, mixed, ids["case"]).facts == {}
    assert refused(partial(network.ask, document_text, mixed, ids["document"]))[0] is NotAllowedError
    assert network.ask_board(admin_board, mixed).open_cases == 0
