"""Who may do what."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from engine.core.access import CaseAccess, Via
from engine.core.policy import ROLES_THAT_MAY, Action, board_units, can, visible_units
from engine.language.names import Role

HERE, THERE = UUID(int=1), UUID(int=2)


@dataclass(frozen=True)
class Membership:
    unit_id: UUID
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Someone:
    roles: tuple[str, ...] = ()
    unit_ids: tuple[UUID, ...] = (HERE,)
    is_system: bool = False
    actor_id: UUID = HERE
    memberships: tuple[Membership, ...] = ()


@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_allowed_to_somebody_and_to_nobody_without_a_role(action: Action) -> None:
    assert ROLES_THAT_MAY[action]
    assert not can(Someone(), action)
    assert can(Someone(is_system=True), action)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (
            Role.SYSTEM_ADMINISTRATOR,
            {
                Action.SEE_BOARD,
                Action.MEND,
                Action.MANAGE_PEOPLE,
                Action.SEE_PEOPLE,
                Action.MANAGE_ROTA,
                Action.KEEP_CHANNELS,
                Action.KEEP_CALENDARS,
                Action.KEEP_KEYS,
                Action.AGREE_DEFINITION,
                Action.AGREE_LINK,
            },
        ),
        (
            Role.AUDITOR,
            {
                Action.SEE_CASES,
                Action.READ_HISTORY,
                Action.SEE_BOARD,
                Action.SEE_ACCESS,
                Action.SEE_AUDIT,
                Action.SEE_RETENTION,
                Action.SEE_STATISTICS,
            },
        ),
        (Role.PRESS_OFFICER, {Action.SEE_CASES, Action.READ_HISTORY, Action.WORK, Action.SEE_STATISTICS}),
    ],
)
def test_who_must_not_read_answers_may_do_only_this(role: Role, allowed: set[Action]) -> None:
    assert {action for action in Action if can(Someone((role,)), action)} == allowed


@pytest.mark.parametrize("role", list(Role))
def test_who_may_reveal_may_also_read_and_see_the_case(role: Role) -> None:
    if can(Someone((role,)), Action.REVEAL):
        assert can(Someone((role,)), Action.READ_ANSWERS)
    if can(Someone((role,)), Action.READ_ANSWERS):
        assert can(Someone((role,)), Action.SEE_CASES)


def test_a_role_counts_only_in_the_units_of_its_holder() -> None:
    lead = Someone((Role.SUPERVISOR,))
    assert can(lead, Action.DELEGATE, unit_id=HERE)
    assert not can(lead, Action.DELEGATE, unit_id=THERE)


def test_an_unknown_role_allows_nothing() -> None:
    assert not any(can(Someone(("wizard",)), action) for action in Action)


def test_the_units_of_an_administrator_are_not_seen_but_counted() -> None:
    admin = Someone((Role.SYSTEM_ADMINISTRATOR,))
    assert visible_units(admin) == frozenset()
    assert board_units(admin) is None


@pytest.mark.parametrize(
    ("role", "seen", "counted"),
    [
        (Role.CASEWORKER, {HERE}, set()),
        (Role.SUPERVISOR, {HERE}, {HERE}),
        (Role.AUDITOR, {HERE}, {HERE}),
    ],
)
def test_the_units_that_a_role_sees_and_whose_counts_it_sees(role: Role, seen: set[UUID], counted: set[UUID]) -> None:
    assert visible_units(Someone((role,))) == seen
    assert board_units(Someone((role,))) == counted


def test_a_role_counts_only_in_the_unit_in_which_somebody_has_it() -> None:
    who = Someone(
        ("supervisor", "press_officer"),
        (HERE, THERE),
        memberships=(Membership(HERE, ("supervisor",)), Membership(THERE, ("press_officer",))),
    )
    assert can(who, Action.STEER)
    assert can(who, Action.STEER, unit_id=HERE)
    assert not can(who, Action.STEER, unit_id=THERE)
    assert (visible_units(who), board_units(who)) == ({HERE, THERE}, {HERE})


@pytest.mark.parametrize(
    ("via", "fields", "roles", "field", "may"),
    [
        (Via.OWN, None, {"caseworker"}, "a.b.c", True),
        (Via.OWN, None, {"caseworker"}, "class:health", False),
        (Via.OWN, None, {"medical_officer"}, "class:health", True),
        (Via.GRANT, ("a.b.c",), {"caseworker"}, "a.b.c", True),
        (Via.GRANT, ("a.b.c",), {"caseworker"}, "a.b.d", False),
        (Via.GRANT, ("a.b.*",), {"caseworker"}, "a.b.d", True),
        (Via.GRANT, ("a.b.*", "person.*"), {"medical_officer"}, "class:health", False),
        (Via.GRANT, ("class:health",), {"caseworker"}, "class:health", True),
        (Via.GRANT, ("a.b.c",), {"press_officer"}, "a.b.c", False),
        (Via.GRANT, (), {"caseworker"}, "case.steps", False),
        (Via.NONE, None, set(), "a.b.c", False),
    ],
)
def test_a_field_of_a_case_is_shown_by_the_way_in_which_it_is_seen(
    via: Via, fields: tuple[str, ...] | None, roles: set[str], field: str, *, may: bool
) -> None:
    access = CaseAccess(case_id=HERE, unit_id=THERE, via=via, fields=fields, roles=frozenset(roles))
    who = Someone(("caseworker",))
    assert can(who, Action.READ_ANSWERS, access=access, field=field) is may
    assert not can(who, Action.READ_ANSWERS, access=access.model_copy(update={"is_denied": True}), field=field)
