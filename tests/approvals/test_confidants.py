"""To whom a concern about one of us is told."""

from uuid import UUID

from engine.approvals.records import Colleague, confidant
from engine.language.names import Role

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
