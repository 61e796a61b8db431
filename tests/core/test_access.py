"""How somebody comes to see a case and what of it, and who may do what."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.core.access import (
    ROLES_THAT_READ,
    CaseAccess,
    Grant,
    GrantKind,
    Via,
    access_through,
    covers,
    of_everybody,
    of_person,
    problem_of,
    shows,
    shows_person,
    shows_whole,
)
from engine.core.policy import ROLES_THAT_MAY, Action, board_units, can, visible_units
from engine.language.names import WITHOUT_WORK, RestrictedCategory, Role

CASE, OWNER, PARTNER = UUID(int=1), UUID(int=2), UUID(int=3)
ASHA, BINA = UUID(int=5), UUID(int=6)
NOW = datetime(2026, 3, 10, tzinfo=UTC)


def grant(**values: Any) -> Grant:
    given = {"id": UUID(int=4), "case_id": CASE, "unit_id": PARTNER, "purpose": "help", "granted_at": NOW}
    return Grant.model_validate(given | values)


def through(*granted: tuple[Grant, set[str]], own: set[str] | None = None, is_denied: bool = False) -> CaseAccess:
    return access_through(
        CASE, OWNER, own_roles=own or set(), granted=granted, is_denied=is_denied, everybody=(ASHA, BINA)
    )


def test_the_own_unit_sees_all_and_beats_a_grant() -> None:
    access = through((grant(fields=("a.b.c",)), {"lawyer"}), own={"caseworker"})
    assert (access.via, access.fields, access.roles) == (Via.OWN, None, frozenset({"caseworker"}))


def test_a_denial_beats_unit_grant_and_emergency_access() -> None:
    broken = grant(kind=GrantKind.EMERGENCY_ACCESS)
    access = through((grant(), {"lawyer"}), (broken, {"supervisor"}), own={"supervisor"}, is_denied=True)
    assert (access.via, access.roles, access.is_denied) == (Via.NONE, frozenset(), True)


def test_several_grants_add_up_and_the_last_one_to_end_counts() -> None:
    first = grant(fields=("a.b.c",), valid_until=NOW + timedelta(hours=1))
    second = grant(fields=("a.b.d", "a.b.c"), valid_until=NOW + timedelta(hours=2), kind=GrantKind.EMERGENCY_ACCESS)
    access = through((first, {"lawyer"}), (second, {"supervisor"}))
    assert access.fields == ("a.b.c", "a.b.d")
    assert (access.via, access.until, access.roles) == (
        Via.GRANT,
        second.valid_until,
        frozenset({"lawyer", "supervisor"}),
    )
    assert through((second, {"supervisor"})).via is Via.EMERGENCY_ACCESS
    assert through((first, {"lawyer"}), (grant(), {"lawyer"})).until is None


def test_a_grant_to_a_unit_in_which_somebody_has_no_role_opens_nothing() -> None:
    assert through((grant(), set())).via is Via.NONE
    assert through().via is Via.NONE


@pytest.mark.parametrize(("valid_until", "ended_at", "live"), [
    (None, None, True),
    (NOW + timedelta(seconds=1), None, True),
    (NOW, None, False),
    (None, NOW - timedelta(seconds=1), False),
])  # fmt: skip
def test_a_grant_is_live_before_its_end(valid_until: datetime | None, ended_at: datetime | None, *, live: bool) -> None:
    assert grant(valid_until=valid_until, ended_at=ended_at).is_live(NOW) is live


def test_an_empty_grant_shows_nothing_but_that_the_case_is_there() -> None:
    access = through((grant(), {"supervisor"}))
    assert access.via is Via.GRANT
    assert not any(covers(access, field) for field in ("case.steps", "person.name", "a.b.c", "class:health"))


def test_every_sealed_class_needs_to_be_named_however_much_else_is() -> None:
    both = (ASHA, BINA)
    everything = through(
        (grant(fields=("a.b.*", "person.*", "case.*"), persons=both), {"supervisor", "medical_officer"})
    )
    for encrypted in RestrictedCategory:
        assert not shows(everything, "a.b.c", encrypted)
        assert not shows_whole(everything, "a.b", [encrypted])
        named = through((grant(fields=("a.b.*", "person.*", f"class:{encrypted}"), persons=both), {"caseworker"}))
        assert shows(named, "a.b.c", encrypted)
        assert shows_whole(named, "a.b", [encrypted])
        assert all(shows(through(own={role}), "a.b.c", encrypted) for role in ROLES_THAT_READ[encrypted])
        assert not shows(through(own={"finance_officer"}), "a.b.c", encrypted)
    assert shows_whole(everything, "a.b")


def test_a_grant_shows_of_each_person_what_was_granted_for_them_and_several_do_not_mix() -> None:
    of_asha = grant(fields=("person.*", "a.b.*", "class:health"), persons=(ASHA,))
    of_bina = grant(id=UUID(int=7), fields=("person.age", "case.*"), persons=(BINA,))
    access = through((of_asha, {"caseworker"}), (of_bina, {"caseworker"}))
    assert not covers(access, "person.age"), "without saying of whom nothing of a person is shown"
    assert covers(of_person(access, ASHA), "person.name")
    assert not covers(of_person(access, BINA), "person.name")
    assert covers(of_person(access, BINA), "person.age")
    assert not any(covers(of_person(access, BINA), field) for field in ("a.b.c", "class:health"))
    assert not covers(of_person(access, UUID(int=8)), "case.*"), "nobody has agreed for a third one"
    assert [shows_person(access, who) for who in (ASHA, BINA, UUID(int=8))] == [True, True, False]
    everybody = of_everybody(access)
    assert covers(everybody, "person.age")
    assert not any(covers(everybody, field) for field in ("person.name", "person.*", "class:health"))


def test_a_paper_is_shown_only_where_everybody_is_who_may_be_named_on_it() -> None:
    whole = ("a.b.*", "person.*")
    for persons, is_shown in (((ASHA,), False), ((ASHA, BINA), True)):
        access = through((grant(fields=whole, persons=persons), {"caseworker"}))
        assert [shows_whole(access, "a.b", person_id=who) for who in (None, ASHA)] == [is_shown, is_shown]
        assert not shows_whole(access, "a.b", person_id=UUID(int=8))


def test_the_own_unit_sees_everybody() -> None:
    access = through(own={"caseworker"})
    assert all(covers(one, "person.name") for one in (access, of_person(access, ASHA), of_everybody(access)))


def test_a_class_that_nobody_knows_is_shown_to_nobody_of_the_unit() -> None:
    assert not shows(through(own={"supervisor"}), "a.b.c", "secrets")


@pytest.mark.parametrize(("field", "right"), [
    ("rescue.production.authority", True),
    ("rescue.production.*", True),
    ("person.name", True),
    ("person.*", True),
    ("case.*", True),
    ("class:health", True),
    ("class:gossip", False),
    ("*", False),
    ("rescue.*", False),
    ("rescue", False),
    ("", False),
    ("a b.c.d", False),
])  # fmt: skip
def test_how_a_field_is_named(field: str, *, right: bool) -> None:
    assert (problem_of(field) == "") is right


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


@pytest.mark.parametrize(("role", "allowed"), [
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
])  # fmt: skip
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


@pytest.mark.parametrize(("role", "seen", "counted"), [
    (Role.CASEWORKER, {HERE}, set()), (Role.SUPERVISOR, {HERE}, {HERE}), (Role.AUDITOR, {HERE}, {HERE}),
])  # fmt: skip
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


@pytest.mark.parametrize(("via", "fields", "roles", "field", "may"), [
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
])  # fmt: skip
def test_a_field_of_a_case_is_shown_by_the_way_in_which_it_is_seen(
    via: Via, fields: tuple[str, ...] | None, roles: set[str], field: str, *, may: bool
) -> None:
    access = CaseAccess(case_id=HERE, unit_id=THERE, via=via, fields=fields, roles=frozenset(roles))
    who = Someone(("caseworker",))
    assert can(who, Action.READ_ANSWERS, access=access, field=field) is may
    assert not can(who, Action.READ_ANSWERS, access=access.model_copy(update={"is_denied": True}), field=field)


ROLES_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "roles.md"


def test_the_page_lists_every_role_with_what_it_lets_people_do() -> None:
    assert ROLES_PAGE.read_text(encoding="utf-8") == _roles_page(), "run: python -m tests.core.test_access, and commit"


def _roles_page() -> str:
    """Return the page of roles as the policy has them."""
    lines = [
        "# Roles",
        "",
        "A role counts in the unit in which somebody has it. Its key stands in workflow files and in the step types",
        "of a [pillar](../how-to/write-a-pillar.md); its name stands on pages. What of a case somebody is shown is",
        "told in [Who sees what](../explanation/who-sees-what.md); how roles are given, in",
        "[Add units and people](../how-to/add-people.md).",
        "",
        "| Role | Key | Lets them |",
        "|---|---|---|",
        *(
            f"| {role.label} | `{role.value}` | {'; '.join(a.value for a in Action if role in ROLES_THAT_MAY[a])} |"
            for role in Role
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    ROLES_PAGE.write_text(_roles_page(), encoding="utf-8")


def test_lint_refuses_work_for_just_the_roles_that_may_not_work_on_a_case() -> None:
    assert set(Role) - ROLES_THAT_MAY[Action.WORK] == WITHOUT_WORK
