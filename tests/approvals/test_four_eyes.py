"""What one person alone may not do, and to whom a concern about one of us is told."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.app import ASK_A_SECOND_PERSON
from engine.approvals.actions.approvals import HANDLERS, register
from engine.approvals.records import (
    FOUR_EYES,
    Agreed,
    ApprovalKind,
    ApprovalRequest,
    Colleague,
    Ending,
    OwnApprovalError,
    confidant,
    require_answerable,
    require_open,
    require_other,
)
from engine.core.policy import ROLES_THAT_MAY, Viewer
from engine.errors import AlreadyEndedError, NotAllowedError
from engine.language.names import Role

NOW = datetime(2026, 3, 10, tzinfo=UTC)
FIRST, SECOND, THIRD = UUID(int=1), UUID(int=2), UUID(int=4)
DPO, SUPERVISOR = "data_protection_officer", "supervisor"


def viewer(actor_id: UUID) -> Viewer:
    return Viewer(actor_id=actor_id, name="Sam", unit_ids=(), roles=())


def request(**values: Any) -> ApprovalRequest:
    given = {
        "id": UUID(int=3), "kind": "lift_denial", "subject_id": UUID(int=9), "asked_by": FIRST, "asked_at": NOW,
        "reason_code": "error", "expires_at": NOW + timedelta(hours=24),
    }  # fmt: skip
    return ApprovalRequest.model_validate(given | values)


def erasure(**values: Any) -> ApprovalRequest:
    return request(kind="erasure", needed=2, **values)


def test_whoever_asked_cannot_be_the_second_person() -> None:
    with pytest.raises(OwnApprovalError):
        require_other(FIRST, viewer(FIRST))
    assert issubclass(OwnApprovalError, NotAllowedError)
    require_other(FIRST, viewer(SECOND))
    require_other(None, viewer(SECOND))


@pytest.mark.parametrize("values", [{"answered_at": NOW}, {"expires_at": NOW}])
def test_what_is_answered_or_has_run_out_cannot_be_answered(values: dict[str, Any]) -> None:
    with pytest.raises(AlreadyEndedError):
        require_answerable(request(**values), viewer(SECOND), now=NOW)
    with pytest.raises(AlreadyEndedError):
        request(**values).refuse(viewer(SECOND), now=NOW)
    require_answerable(request(), viewer(SECOND), now=NOW)
    require_open(request(), now=NOW)


def test_two_people_can_do_each_of_these_in_some_role() -> None:
    assert set(FOUR_EYES) == set(ApprovalKind)
    assert all(ROLES_THAT_MAY[rule.answers] for rule in FOUR_EYES.values())
    assert all(rule.waits > timedelta() for rule in FOUR_EYES.values())


def test_each_of_these_is_answered_by_the_subject_that_asks_for_it_and_by_one_only() -> None:
    assert set(HANDLERS) == set(ApprovalKind)
    assert len(ASK_A_SECOND_PERSON) == len(HANDLERS)
    with pytest.raises(ValueError, match="merge"):
        register(ApprovalKind.MERGE, HANDLERS["merge"])


@pytest.mark.parametrize("kind", [kind for kind, rule in FOUR_EYES.items() if not rule.own_counts])
def test_who_asked_never_agrees_whatever_it_is(kind: ApprovalKind) -> None:
    with pytest.raises(OwnApprovalError):
        request(kind=kind.value).agree(viewer(FIRST), set(ROLES_THAT_MAY[FOUR_EYES[kind].answers]), seen="", now=NOW)


def test_one_who_agrees_is_enough_where_one_is_needed() -> None:
    answered = request().agree(viewer(SECOND), {SUPERVISOR}, seen="", now=NOW)
    assert (answered.approved, answered.answered_by, answered.answered_at) == (True, SECOND, NOW)
    with pytest.raises(AlreadyEndedError):
        answered.agree(viewer(THIRD), {SUPERVISOR}, seen="", now=NOW)


def test_with_the_second_who_agrees_in_another_role_it_is_approved() -> None:
    once = erasure().agree(viewer(SECOND), {DPO}, seen="", now=NOW)
    assert (once.approved, once.answered_at) == (None, None)
    twice = once.agree(viewer(THIRD), {DPO, SUPERVISOR}, seen="", now=NOW)
    assert twice.approved
    assert [one.role for one in twice.agreed] == [DPO, SUPERVISOR]


@pytest.mark.parametrize(("who", "roles", "error"), [
    (FIRST, {SUPERVISOR}, OwnApprovalError),
    (SECOND, {SUPERVISOR}, OwnApprovalError),
    (THIRD, {DPO}, NotAllowedError),
    (THIRD, {"caseworker"}, NotAllowedError),
    (THIRD, set(), NotAllowedError),
])  # fmt: skip
def test_nobody_agrees_to_their_own_wish_twice_or_in_a_role_that_has_agreed(
    who: UUID, roles: set[str], error: type[Exception]
) -> None:
    once = erasure().agree(viewer(SECOND), {DPO}, seen="", now=NOW)
    with pytest.raises(error):
        once.agree(viewer(who), roles, seen="", now=NOW)


def test_who_asks_to_send_something_may_be_one_of_the_two_but_never_both() -> None:
    asked = request(kind="release", needed=2, agreed=(Agreed(actor_id=FIRST, at=NOW),))
    with pytest.raises(OwnApprovalError):
        asked.agree(viewer(FIRST), {SUPERVISOR}, seen="", now=NOW)
    assert asked.agree(viewer(SECOND), {SUPERVISOR}, seen="", now=NOW).approved
    unproved = request(kind="release", needed=2)
    assert not unproved.agree(viewer(FIRST), {SUPERVISOR}, seen="", now=NOW).approved


def test_what_has_changed_since_it_was_asked_for_is_not_agreed_to() -> None:
    late = request(seen="two cases").agree(viewer(SECOND), {SUPERVISOR}, seen="three cases", now=NOW)
    assert (late.approved, late.is_overtaken, late.agreed) == (False, True, ())
    assert not request(seen="two cases").agree(viewer(SECOND), {SUPERVISOR}, seen="two cases", now=NOW).is_overtaken
    assert request(seen="two cases").refuse(viewer(SECOND), now=NOW).approved is False


def test_who_asked_takes_it_back_and_what_nobody_answers_runs_out() -> None:
    assert request().refuse(viewer(FIRST), now=NOW).ended_reason == "withdrawn"
    assert request().refuse(viewer(SECOND), now=NOW).ended_reason == ""
    late = request().end(Ending.LAPSED, now=NOW)
    assert (late.approved, late.answered_by, late.ended_reason) == (False, None, "lapsed")


HERE, THERE = UUID(int=100), UUID(int=200)
RAISER = UUID(int=50)


def person(number: int, *roles: Role, unit: UUID = HERE, above: int | None = None, disabled: bool = False) -> Colleague:
    supervisor = UUID(int=above) if above else None
    return Colleague(UUID(int=number), (unit,), tuple(role.value for role in roles), supervisor, disabled)


LEAD, OTHER_LEAD = person(1, Role.SAFEGUARDING_LEAD), person(2, Role.SAFEGUARDING_LEAD, unit=THERE)
NODAL, OTHER_NODAL = person(3, Role.NODAL_OFFICER), person(4, Role.NODAL_OFFICER, unit=THERE)
OFFICER = person(5, Role.DATA_PROTECTION_OFFICER)
ALL = (OTHER_LEAD, OTHER_NODAL, OFFICER, NODAL, LEAD)


def test_the_safeguarding_lead_of_the_own_unit_is_told_first() -> None:
    assert confidant(person(9, Role.CASEWORKER), RAISER, ALL) == LEAD.id


def test_the_supervisor_of_the_person_concerned_is_never_told() -> None:
    assert confidant(person(9, Role.CASEWORKER, above=1), RAISER, ALL) == OTHER_LEAD.id
    assert confidant(person(9, Role.CASEWORKER, above=1), RAISER, [LEAD]) is None


def test_whom_the_person_concerned_supervises_is_never_told() -> None:
    below = person(1, Role.SAFEGUARDING_LEAD, above=9)
    assert confidant(person(9, Role.SUPERVISOR), RAISER, [below, OTHER_LEAD]) == OTHER_LEAD.id


def test_of_a_safeguarding_lead_a_nodal_officer_of_another_unit_is_told() -> None:
    assert confidant(LEAD, RAISER, ALL) == OTHER_NODAL.id
    assert confidant(LEAD, RAISER, [LEAD, OTHER_LEAD, NODAL, OFFICER]) == OFFICER.id


def test_nobody_tells_themselves_and_nobody_who_is_disabled_is_told() -> None:
    assert confidant(person(9, Role.CASEWORKER), LEAD.id, ALL) == OTHER_LEAD.id
    off = person(1, Role.SAFEGUARDING_LEAD, disabled=True)
    assert confidant(person(9, Role.CASEWORKER), RAISER, [off]) is None
