"""The history of a case: what was done, in words, never what was said."""

from uuid import UUID

import pytest

from engine.cases.sentences import sentence
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.policy import Viewer
from engine.db.store import Within
from engine.overview.records import EventView
from engine.overview.views.case import case_page
from engine.overview.views.history import HistoryPart, case_history
from tests.kit.network import CANARY, INTAKE, Network


@pytest.fixture
def lead(network: Network, unit: UUID) -> Viewer:
    return network.actor("Sam", unit, "supervisor", "intake_officer")


def texts(network: Network, viewer: Viewer, case_id: UUID) -> list[str]:
    return [event.text for event in network.ask(case_history, viewer, case_id)]


def note(network: Network, case_id: UUID, by: Viewer, *events: tuple[str, dict[str, str]]) -> None:
    with network.sql.begin() as connection:
        store = CaseStore(Within(connection, network.vault, network.definitions))
        for event, body in events:
            store.note(store.lock(case_id), event, body, actor_id=by.actor_id, at=network.clock.now())


def test_a_case_is_told_from_its_opening_in_the_order_of_its_chain(network: Network, unit: UUID, lead: Viewer) -> None:
    case_id = network.open_case(unit, victims=1)
    network.answer(case_id, "intake", INTAKE, by=lead)
    assert texts(network, lead, case_id) == [
        "The case was opened.",
        "A person was added to the case as victim.",
        "The workflow “Inspection” began, version 1.",
        "“Report” could start.",
        "The deadline for “Report” began to run.",
        "“Report” ended: done.",
        "“First check” could start.",
        "The deadline for “Report” stopped.",
        "The deadline for “First check” began to run.",
    ]
    events = network.ask(case_history, lead, case_id)
    assert [event.seq for event in events] == list(range(1, 10))
    assert events[5].actor == "Sam"


def test_nothing_that_was_said_is_in_the_history(network: Network, unit: UUID, lead: Viewer) -> None:
    case_id = network.open_case(unit, victims=1)
    network.answer(case_id, "intake", INTAKE, by=lead)
    network.answer(case_id, "check", {"decision": "go", "reason": CANARY, "points": 41}, by=lead)
    told = " ".join(texts(network, lead, case_id))
    assert CANARY not in told
    assert "41" not in told
    assert "go there" not in told.lower()


def test_time_running_out_is_told_level_by_level(network: Network, unit: UUID, lead: Viewer) -> None:
    case_id = network.open_case(unit)
    deadline = network.ask(case_page, lead, case_id).deadlines[0]
    network.later(hours=2)
    network.do(case_id, cm.FireDeadline(deadline.id))
    network.do(case_id, cm.Acknowledge(deadline.id, lead.actor_id))
    assert texts(network, lead, case_id)[-3:] == [
        "The deadline for “Report” was missed.",
        "Escalation level 1 was notified about “Report”.",
        "Someone who was notified about “Report” confirmed that they had seen it.",
    ]


def test_acts_that_change_no_state_are_told_too(network: Network, unit: UUID, lead: Viewer) -> None:
    case_id = network.open_case(unit)
    step = network.step(case_id, "intake")
    note(
        network,
        case_id,
        lead,
        ("WorkItemClaimed", {"item_id": "1", "step_key": "intake"}),
        ("AnswersRevealed", {"step_id": str(step["id"])}),
        ("SomethingNewHappened", {"step_key": "intake"}),
    )
    assert texts(network, lead, case_id)[-3:] == [
        "“Report” was claimed.",
        "Someone looked at the masked answers of “Report”.",
        "Something new happened: “Report”.",
    ]


@pytest.mark.parametrize(
    "kind", ["StepEnded", "LevelRaised", "FactRecorded", "RunStarted", "IntervalRecorded", "", "X"]
)
def test_an_event_with_an_empty_body_is_still_a_sentence(kind: str) -> None:
    told = sentence(kind, {}, lambda _: "")
    assert told.endswith(".")
    assert "{" not in told


def test_a_long_history_takes_as_many_statements_as_a_short_one(network: Network, unit: UUID, lead: Viewer) -> None:
    short, long = network.open_case(unit), network.open_case(unit, victims=30)
    statements = network.counted(lambda: network.ask(case_history, lead, short))
    assert len(texts(network, lead, long)) > 30
    assert network.counted(lambda: network.ask(case_history, lead, long)) == statements


def test_a_long_history_is_told_in_parts_that_read_only_themselves(network: Network, unit: UUID, lead: Viewer) -> None:
    case_id = network.open_case(unit, victims=4)
    network.answer(case_id, "intake", INTAKE, by=lead)
    note(network, case_id, lead, ("WorkItemClaimed", {"item_id": "1", "step_key": "check"}))
    whole = network.ask(case_history, lead, case_id)
    assert len(whole) > 9

    def told(**at: int) -> list[EventView]:
        return list(network.ask(case_history, lead, case_id, part=HistoryPart(3, **at)))

    assert told() == list(whole[-3:])
    assert told(before=7) == list(whole[3:6])
    assert told(after=6) == list(whole[6:9])
    assert told(before=1) == told(after=len(whole)) == []
