"""When a closed case is due by a policy, and what is proposed then."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from engine.language.library import load_definitions
from engine.language.retention import DataClass, RetentionPolicy, missing_classes, policy_for
from engine.machine.files import data_folder
from engine.retention.records import Act, Proposed, proposed, still_kept

CLOSED = datetime(2024, 2, 29, 10, 0, tzinfo=UTC)


def policy(*rules: dict[str, str], jurisdiction: str = "*") -> RetentionPolicy:
    whole = [{"source": "text", "confidence": "low", **rule} for rule in rules]
    given = {"retention": "trial", "title": "Trial", "jurisdiction": jurisdiction, "rules": whole}
    return RetentionPolicy.model_validate(given)


IDENTITY = {"data": "identity", "at_least": "P1Y", "at_most": "P3Y"}
EVIDENCE = {"data": "evidence", "at_least": "P4Y", "at_most": "P10Y"}


@pytest.mark.parametrize(
    ("rules", "now", "act"),
    [
        ([IDENTITY], datetime(2027, 2, 28, 9, 59, tzinfo=UTC), None),
        ([IDENTITY], datetime(2027, 2, 28, 10, 0, tzinfo=UTC), Act.ERASE),
        ([{**IDENTITY, "then": "review"}], datetime(2027, 3, 1, tzinfo=UTC), Act.REVIEW),
        ([IDENTITY, EVIDENCE], datetime(2027, 3, 1, tzinfo=UTC), Act.RESTRICT),
        ([IDENTITY, EVIDENCE], datetime(2028, 3, 1, tzinfo=UTC), Act.ERASE),
        ([EVIDENCE], datetime(2028, 3, 1, tzinfo=UTC), None),
        ([{"data": "log", "at_least": "P1Y", "at_most": "P2Y"}], datetime(2040, 1, 1, tzinfo=UTC), None),
    ],
)
def test_a_case_is_due_when_a_longest_time_is_over_and_sealed_while_a_shortest_one_runs(
    rules: list[dict[str, str]], now: datetime, act: Act | None
) -> None:
    found = proposed(policy(*rules), closed_at=CLOSED, zone="UTC", now=now)
    assert (found.act if found else None) is act


def test_what_is_sealed_says_until_when_and_since_when_it_is_due() -> None:
    now = datetime(2027, 3, 1, tzinfo=UTC)
    found = proposed(policy(IDENTITY, EVIDENCE), closed_at=CLOSED, zone="UTC", now=now)
    assert found == Proposed(
        Act.RESTRICT, datetime(2027, 2, 28, 10, 0, tzinfo=UTC), datetime(2028, 2, 29, 10, 0, tzinfo=UTC)
    )


def test_an_open_case_is_never_due_and_every_class_of_it_is_kept() -> None:
    now = datetime(2040, 1, 1, tzinfo=UTC)
    assert proposed(policy(IDENTITY), closed_at=None, zone="UTC", now=now) is None
    assert [rule.data for rule in still_kept(policy(IDENTITY), closed_at=None, zone="UTC", now=now)] == ["identity"]


def test_only_the_classes_whose_shortest_time_runs_are_still_kept() -> None:
    kept = still_kept(policy(IDENTITY, EVIDENCE), closed_at=CLOSED, zone="UTC", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert [rule.data for rule in kept] == [DataClass.EVIDENCE]


def test_a_place_has_its_own_policy_else_its_countrys_else_that_for_everywhere() -> None:
    known = [policy(IDENTITY, jurisdiction=place) for place in ("*", "IN", "IN-AS")]
    assert [getattr(policy_for(place, known), "jurisdiction", None) for place in ("IN-AS", "IN-WB", "NP")] == [
        "IN-AS", "IN", "*",
    ]  # fmt: skip
    assert policy_for("NP", known[1:]) is None


@pytest.mark.parametrize(
    "rule",
    [
        {"data": "identity", "at_least": "P3Y", "at_most": "P1Y"},
        {"data": "identity", "at_least": "P5WD", "at_most": "P1Y"},
        {"data": "gossip", "at_least": "P1Y", "at_most": "P3Y"},
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused(rule: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        policy(rule)


def test_a_class_has_one_rule() -> None:
    with pytest.raises(ValidationError):
        policy(IDENTITY, IDENTITY)


def test_what_ships_covers_every_class_and_says_that_a_lawyer_has_still_to_set_it() -> None:
    found = load_definitions(data_folder("workflows") / "retention")
    assert not found.findings
    assert {one.jurisdiction for one in found.retentions.values()} >= {"*", "IN"}
    for one in found.retentions.values():
        assert not missing_classes(one)
        assert not one.is_set
        assert "lawyer" in one.note
