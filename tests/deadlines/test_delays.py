"""How units keep their limits, by whose delay, and which limits of the law hold in one case."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from engine.core.policy import Viewer
from engine.db.tables import TABLES
from engine.deadlines.views.law import explain_law, law_of_case
from engine.deadlines.views.lists import delays
from engine.definitions.records import UnknownLawLimitError
from engine.errors import NotAllowedError
from tests.kit.network import CHECK, INTAKE, Network

MIDNIGHT_IN_INDIA = datetime(2026, 3, 31, 19, 0, tzinfo=UTC)
"""Half past midnight on 1 April in Kolkata."""


def test_only_our_own_delay_counts_against_the_staff_and_all_count_in_the_total(network: Network) -> None:
    unit = network.unit("Shillong")
    for number, (status, owner) in enumerate(
        (("met", None), ("met", "ours"), ("open", "other_body"), ("ended", "persons_choice"), ("open", None))
    ):
        case = network.open_case(unit, number=f"C-{number}")
        late = {} if number == 0 else {"breached_at": MIDNIGHT_IN_INDIA}
        network.change(
            "deadline", TABLES["deadline"].c.case_id == case, status=status, delay_owner=owner,
            due_at=MIDNIGHT_IN_INDIA, **late,
        )  # fmt: skip
    (line,) = network.ask_board(delays, network.actor("Sam", unit, "supervisor"))
    each = line.kept
    assert line.month == "2026-04", "in the zone of the unit"
    assert line.late == {"ours": 2 * each, "other_body": each, "persons_choice": each}
    assert line.late_in_all == 4 * each
    assert line.share_kept == 33


def test_a_unit_sees_its_own_numbers_only_and_a_caseworker_none(network: Network) -> None:
    unit, other = network.unit("Shillong"), network.unit("Elsewhere")
    case = network.open_case(unit, number="C-1")
    network.change("deadline", TABLES["deadline"].c.case_id == case, status="met")
    assert network.ask_board(delays, network.actor("Eve", other, "supervisor")) == ()
    assert len(network.ask_board(delays, network.actor("Ada", other, "system_administrator"))) == 1
    with pytest.raises(NotAllowedError):
        network.ask_board(delays, network.actor("Wim", unit, "caseworker"))


LIMIT = "IN-VISIT-24H"


def test_the_law_of_a_case_takes_the_same_number_of_statements_however_many_limits_it_has(
    network: Network, unit: UUID, lead: Viewer, worker: Viewer, visited: UUID
) -> None:
    few = network.counted(lambda: network.ask(law_of_case, lead, visited, [LIMIT]))
    long_case = network.open_case(unit, victims=25)
    network.answer(long_case, "intake", INTAKE, by=worker)
    network.answer(long_case, "check", CHECK, by=lead)
    found = network.ask(law_of_case, lead, long_case, [LIMIT] * 20)
    assert [len(one.followed_by) for one in found] == [25] * 20
    assert network.counted(lambda: network.ask(law_of_case, lead, long_case, [LIMIT] * 20)) == few


def test_a_limit_is_explained_as_the_law_of_its_case_tells_it(network: Network, lead: Viewer, visited: UUID) -> None:
    (told,) = network.ask(law_of_case, lead, visited, [LIMIT])
    explained = network.ask(explain_law, lead, visited, LIMIT)
    assert explained.model_dump(exclude={"deadlines"}) == told.model_dump()
    assert tuple(one.deadline for one in explained.deadlines) == told.followed_by
    with pytest.raises(UnknownLawLimitError):
        network.ask(law_of_case, lead, visited, [LIMIT, "IN-NOTHING"])
