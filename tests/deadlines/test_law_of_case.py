"""The limits of the law in one case: the same told of one and of many, and the case read once."""

from uuid import UUID

import pytest

from engine.core.policy import Viewer
from engine.deadlines.views.law import explain_law, law_of_case
from engine.errors import UnknownLawLimitError
from tests.kit.network import CHECK, INTAKE, Network

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
