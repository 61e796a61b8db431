"""After an answer the page says what followed from it, to whom and until when, and what its doer can do next."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.core.policy import Viewer
from engine.errors import NotFoundError
from engine.work.views.followed import what_followed
from tests.kit.network import INSPECTION, START, Network
from tests.kit.portal import REPORT, Portal, hidden, report_case

INTAKE = {"words": "x", "concern": "labour", "is_child": True}
_STEP = {"uses": "field.check", "after": ["intake"]}
BRANCHING: dict[str, Any] = INSPECTION | {
    "workflow": "branching",
    "steps": {
        "intake": INSPECTION["steps"]["intake"],
        "check": _STEP | {"title": "First check", "assign": {"role": "supervisor"}, "time": {"limit": "PT10H"}},
        "later": {"uses": "field.visit", "title": "Next visit", "after": ["check"], "not_before": "P7D"},
        "talk": _STEP | {"title": "First talk"},
        "home": {"uses": "field.check", "title": "Way home", "after": ["check"]},
    },
    "cancels": {"stopped": {"when": 'check.decision == "stop"', "steps": ["talk"]}},
}


def titles(lines: Any) -> list[str]:
    return [line.title for line in lines]


def test_what_opened_is_told_with_whose_it_is_and_until_when(network: Network, unit: UUID, lead: Viewer) -> None:
    case_id = network.open_case(unit)
    item_id = network.item(case_id, "intake")
    network.answer(case_id, "intake", INTAKE, by=network.actor("Ina", unit, "intake_officer"))
    found = network.ask(what_followed, lead, item_id)
    assert (found.item.title, titles(found.opened)) == ("Report", ["First check"])
    (opened,) = found.opened
    assert (opened.candidate_roles, opened.due_at) == (("supervisor",), START + timedelta(hours=10))
    assert found.next == opened
    assert not found.is_closed


def test_each_answer_has_its_own_and_a_later_one_is_not_told_with_it(
    network: Network, unit: UUID, lead: Viewer
) -> None:
    case_id = network.open_case(unit, victims=2)
    first = network.item(case_id, "intake")
    network.answer(case_id, "intake", INTAKE, by=network.actor("Ina", unit, "intake_officer"))
    second = network.item(case_id, "check")
    network.answer(case_id, "check", {"decision": "go", "reason": "y"}, by=lead)
    assert titles(network.ask(what_followed, lead, first).opened) == []
    assert sorted(one.person_label for one in network.ask(what_followed, lead, second).opened) == [
        "Person 1", "Person 2",
    ]  # fmt: skip


def test_what_comes_later_says_when_or_what_is_needed_first_and_what_was_called_off_is_told(
    network: Network, unit: UUID, lead: Viewer
) -> None:
    case_id = network.open_case(unit, compiled=network.publish(BRANCHING))
    network.answer(case_id, "intake", INTAKE, by=network.actor("Ina", unit, "intake_officer"))
    item_id = network.item(case_id, "check")
    network.answer(case_id, "check", {"decision": "stop", "reason": "y"}, by=lead)
    found = network.ask(what_followed, lead, item_id)
    later = {one.title: one for one in found.later}
    assert later["Next visit"].opens_at == START + timedelta(days=7)
    assert later["Way home"].reason == "Nobody goes home without an order."
    assert titles(found.called_off) == ["First talk"]


def test_where_nothing_is_for_the_viewer_the_most_urgent_of_their_work_is_next(network: Network, unit: UUID) -> None:
    ina = network.actor("Ina", unit, "intake_officer")
    case_id, other = network.open_case(unit), network.open_case(unit)
    item_id = network.item(case_id, "intake")
    network.answer(case_id, "intake", INTAKE, by=ina)
    found = network.ask(what_followed, ina, item_id)
    assert titles(found.opened) == ["First check"]
    assert (found.next.case_id, found.next.title) == (other, "Report")


def test_it_takes_few_statements_however_much_followed(network: Network, unit: UUID, lead: Viewer) -> None:
    counts = []
    for victims in (1, 9):
        case_id = network.open_case(unit, victims=victims)
        network.answer(case_id, "intake", INTAKE, by=network.actor(f"Ina {victims}", unit, "intake_officer"))
        item_id = network.item(case_id, "check")
        network.answer(case_id, "check", {"decision": "go", "reason": "y"}, by=lead)
        counts.append(network.counted(lambda item_id=item_id: network.ask(what_followed, lead, item_id)))
    assert counts[0] == counts[1] <= 6


def test_who_does_not_see_the_case_is_told_nothing(network: Network, unit: UUID) -> None:
    elsewhere = network.actor("Eve", network.unit("Elsewhere"), "supervisor")
    item_id = network.item(network.open_case(unit), "intake")
    with pytest.raises(NotFoundError):
        network.ask(what_followed, elsewhere, item_id)


def test_the_page_leads_on(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    item = report_case(client).item
    page = client.get(item).text
    sent = REPORT | {
        "action": "complete", "command_id": hidden(page, "command_id"), "revision": hidden(page, "revision"),
        "a-language": "as", "a-channel": "walk_in", "a-informant_relation": "neighbour", "a-informant_anonymous": "yes",
        "a-interpreter_needed": "no", "a-received_at": "2026-03-07T18:30",
    }  # fmt: skip
    done = client.post(item, data=sent)
    assert done.url.path == f"{item}/done", done.text[-4000:]
    assert "What opened" in done.text
    assert 'id="next"><a class="govuk-button" href="/items/' in done.text
    assert "For: " in done.text or "With you." in done.text
