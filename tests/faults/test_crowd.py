"""People work side by side through the pages, a worker beside them: no error, and nothing that was told is lost."""

import pytest

from tests.faults.crowd import let_work, lost, portal_of
from tests.kit.installation import installed

pytestmark = pytest.mark.long


@pytest.mark.parametrize(("people", "seconds", "think", "with_prefect"), [
    (12, 10.0, 0.5, False),
    pytest.param(50, 120.0, 5.0, True, marks=pytest.mark.faults),
], ids=["a-few", "fifty-for-two-minutes"])  # fmt: skip
def test_many_people_at_once_meet_no_error_and_lose_nothing(
    people: int, seconds: float, think: float, *, with_prefect: bool
) -> None:
    with installed(with_prefect=with_prefect) as site, portal_of(site, site.folder) as address:
        done = let_work(site, address, people=people, seconds=seconds, think=think, seed=11)
        assert done.wrong == []
        assert len(done.items) >= people // 2, done.statuses
        assert done.reports
        assert lost(site, done) == []
        assert not list(site.engine.broken_chains())
