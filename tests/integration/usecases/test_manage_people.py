"""Units and people are added by those who may, and a disabled person is out at once."""

import pytest

from engine.cli.common import SYSTEM
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError, SignInError
from engine.usecases.manage_people import add_person_who_acts, add_unit, set_disabled
from engine.usecases.sign_in import sign_in, viewer_of
from tests.integration.usecases.world import World

PASSWORD = "four words make one"


def _add(world: World, **changes: object) -> None:
    given = {
        "name": "Mary", "email": "mary@example.org", "password": PASSWORD, "unit": "Hill office",
        "roles": ("caseworker",),
    }  # fmt: skip
    add_person_who_acts(world.engine, viewer=SYSTEM, **(given | changes))  # type: ignore[arg-type]


@pytest.fixture
def office(world: World) -> World:
    add_unit(
        world.engine, viewer=SYSTEM, organisation="Hills", name="Hill office", jurisdiction="IN-ML", contact="desk"
    )
    return world


def test_a_new_person_signs_in_and_acts_in_their_unit(office: World) -> None:
    _add(office)
    viewer = viewer_of(office.engine, sign_in(office.engine, email="Mary@example.org", password=PASSWORD).token)
    assert viewer is not None
    assert (viewer.name, viewer.roles, viewer.zone) == ("Mary", ("caseworker",), "Asia/Kolkata")


def test_a_disabled_person_is_out_at_the_next_request_and_cannot_come_back(office: World) -> None:
    _add(office)
    token = sign_in(office.engine, email="mary@example.org", password=PASSWORD).token
    set_disabled(office.engine, viewer=SYSTEM, email="mary@example.org", disabled=True)
    assert viewer_of(office.engine, token) is None
    with pytest.raises(SignInError):
        sign_in(office.engine, email="mary@example.org", password=PASSWORD)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password": "too short"}, "password"),
        ({"roles": ("wizard",)}, "role"),
        ({"roles": ()}, "role"),
        ({"email": "nobody"}, "email"),
        ({"name": " "}, "name"),
    ],
)
def test_what_does_not_fit_is_told_by_field(office: World, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidAnswersError) as refused:
        _add(office, **changes)
    assert list(refused.value.problems) == [field]


def test_an_address_belongs_to_one_person(office: World) -> None:
    _add(office)
    with pytest.raises(InvalidAnswersError):
        _add(office, name="Another Mary")


def test_an_unknown_unit_is_refused(office: World) -> None:
    with pytest.raises(NotFoundError):
        _add(office, unit="No such office")


def test_only_those_who_manage_people_may_add_them(office: World) -> None:
    with pytest.raises(NotAllowedError):
        add_unit(
            office.engine, viewer=office.who("caseworker"), organisation="x", name="y", jurisdiction="IN", contact=""
        )
