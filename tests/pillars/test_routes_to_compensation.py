"""The routes to compensation that are proposed are those of the person: the scheme for women is not for a man."""

import pytest

from tests.kit.one_case import Work


@pytest.mark.parametrize(
    ("sex", "routes"),
    [("male", ["StateVCS"]), ("female", ["NALSA", "StateVCS"]), ("unknown", ["NALSA", "StateVCS"])],
)
def test_the_scheme_for_women_is_proposed_unless_another_sex_was_told(case: Work, sex: str, routes: list[str]) -> None:
    path = case.joins(name="Alpha Person", age=30)
    case.answer(case.add_for("rescue.identify", path), sex=sex)
    assert case.proposed(case.add_for("restitution.eligibility", path), "routes") == routes
