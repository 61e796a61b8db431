"""Units and people are added by those who may, and whoever leaves leaves nothing without an owner."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.core.policy import Viewer
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.calendars import NoCalendarError
from engine.language.names import Role
from engine.people.actions.invitations import set_first_password
from engine.people.actions.manage import (
    activate,
    add_unit,
    change_unit,
    deactivate,
    end_all_sessions,
    give_role,
    invite,
    invite_to,
    set_disabled,
    set_supervisor,
    take_role,
)
from engine.people.records import (
    ANOTHER,
    LANGUAGES,
    SMALL_TEAM,
    LastAdministratorError,
    Shift,
    language_words,
    region_words,
    roles_of,
    to_choose,
)
from engine.people.store import DutyStore
from engine.people.views import member, members, unit_list
from engine.sign_in.actions.sessions import sign_in, viewer_of
from engine.sign_in.records import SignInError, StepUpNeededError
from engine.web.terminal import SYSTEM
from engine.work.actions.items import claim_work_item
from tests.kit.shipped import library
from tests.kit.world import World

PASSWORD = "four words make one"
MARY = "mary@example.org"


def _add(world: World, **changes: object) -> UUID:
    given = {"name": "Mary", "email": MARY, "unit": "Hill office", "roles": ("caseworker",)}
    added = invite_to(world.engine, viewer=SYSTEM, **(given | changes))  # type: ignore[arg-type]
    set_first_password(world.engine, added.token, password=PASSWORD)
    return added.actor_id


def _token(world: World) -> str:
    return sign_in(world.engine, email=MARY.upper(), password=PASSWORD).token


def _told(world: World, kind: str = "person_to_look_after") -> set[tuple[str, str]]:
    """Return who was told of a kind, by role, and the link."""
    query = (
        "SELECT DISTINCT m.role, message.link FROM message JOIN membership m ON m.actor_id = message.recipient_id "
        "WHERE message.kind = :kind"
    )
    return {(row[0], row[1]) for row in world.rows(query, kind=kind)}


@pytest.fixture
def office(world: World) -> World:
    add_unit(
        world.engine, viewer=SYSTEM, organisation="Hills", name="Hill office", jurisdiction="IN-ML", contact="desk"
    )
    return world


@pytest.fixture
def admin(world: World) -> Viewer:
    """Return an administrator who has just proved who they are."""
    now = world.engine.wall_clock.now()
    return world.who("system_administrator").model_copy(update={"stepped_up_at": now, "by_factor": True})


def test_a_new_person_signs_in_and_acts_in_their_unit(office: World) -> None:
    _add(office)
    viewer = viewer_of(office.engine, _token(office))
    assert (viewer.name, viewer.roles, viewer.zone) == ("Mary", ("caseworker",), "Asia/Kolkata")


def test_a_disabled_person_is_out_at_the_next_request_and_cannot_come_back(office: World) -> None:
    _add(office)
    token = _token(office)
    set_disabled(office.engine, viewer=SYSTEM, email=MARY, disabled=True)
    assert viewer_of(office.engine, token) is None
    with pytest.raises(SignInError):
        _token(office)
    set_disabled(office.engine, viewer=SYSTEM, email=MARY, disabled=False)
    assert viewer_of(office.engine, token) is None, "the old session does not come back"
    assert viewer_of(office.engine, _token(office)) is not None


@pytest.mark.parametrize(("changes", "field"), [
    ({"roles": ("wizard",)}, "role"),
    ({"roles": ()}, "role"),
    ({"email": "nobody"}, "email"),
    ({"email": "two words@example.org"}, "email"),
    ({"name": " "}, "name"),
])  # fmt: skip
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


def test_two_units_of_one_organisation_share_it_and_a_name_is_given_once(office: World) -> None:
    more = {"viewer": SYSTEM, "organisation": "Hills", "jurisdiction": "IN-ML", "contact": ""}
    add_unit(office.engine, name="Valley office", **more)
    assert office.rows("SELECT count(*) FROM organisation WHERE name = 'Hills'") == [(1,)]
    with pytest.raises(InvalidAnswersError):
        add_unit(office.engine, name="valley OFFICE", **more)
    with pytest.raises(NoCalendarError):
        add_unit(office.engine, name="Elsewhere", **(more | {"jurisdiction": "XX"}))


def test_a_unit_keeps_its_place_when_its_name_changes(office: World, admin: Viewer) -> None:
    unit = office.rows("SELECT id FROM unit WHERE name = 'Hill office'")[0][0]
    change_unit(office.engine, unit, viewer=admin, name="High office", language="ne", contact="9")
    found = office.rows("SELECT name, language, contact, jurisdiction FROM unit WHERE id = :id", id=unit)
    assert found == [("High office", "ne", "9", "IN-ML")]


def test_only_those_who_manage_people_may_and_only_after_proving_who_they_are(office: World, admin: Viewer) -> None:
    unit = office.unit
    mary = _add(office)
    stale = admin.model_copy(update={"stepped_up_at": office.engine.wall_clock.now() - timedelta(minutes=11)})
    for viewer, refusal in ((office.who("supervisor"), NotAllowedError), (stale, StepUpNeededError)):
        office.refuses(refusal, add_unit, by=viewer, organisation="x", name="y", jurisdiction="IN", contact="")
        office.refuses(refusal, invite, by=viewer, name="A", email="a@b", unit_id=unit, roles=("lawyer",))
        office.refuses(refusal, give_role, mary, by=viewer, unit_id=unit, role="lawyer")
        office.refuses(refusal, take_role, mary, by=viewer, unit_id=unit, role="caseworker")
        office.refuses(refusal, set_supervisor, mary, by=viewer, supervisor_id=None)
        office.refuses(refusal, deactivate, mary, by=viewer)
        office.refuses(refusal, activate, mary, by=viewer)
        office.refuses(refusal, end_all_sessions, mary, by=viewer)


def test_a_changed_role_holds_at_once_under_a_new_sign_in(office: World, admin: Viewer) -> None:
    mary, token = _add(office), _token(office)
    unit = office.rows("SELECT id FROM unit WHERE name = 'Hill office'")[0][0]
    assert not give_role(office.engine, mary, viewer=admin, unit_id=unit, role="lawyer"), "a lead has to agree"
    assert viewer_of(office.engine, token) is not None
    assert give_role(office.engine, mary, viewer=SYSTEM, unit_id=unit, role="lawyer")
    assert viewer_of(office.engine, token) is None
    token = _token(office)
    viewer = viewer_of(office.engine, token)
    assert set(viewer.roles) == {"caseworker", "lawyer"}
    take_role(office.engine, mary, viewer=admin, unit_id=unit, role="lawyer")
    assert viewer_of(office.engine, token) is None


def test_the_last_administrator_stays(office: World, admin: Viewer) -> None:
    other = office.other("system_administrator")
    deactivate(office.engine, other.actor_id, viewer=admin)
    office.refuses(LastAdministratorError, deactivate, admin.actor_id, by=admin)
    with pytest.raises(LastAdministratorError):
        take_role(office.engine, admin.actor_id, viewer=admin, unit_id=office.unit, role="system_administrator")
    held = "SELECT disabled FROM actor WHERE id = :id"
    assert office.rows(held, id=admin.actor_id) == [(False,)]


def test_what_somebody_had_claimed_goes_back_when_their_role_is_taken(office: World, admin: Viewer) -> None:
    opened = office.at_look()
    item = office.item(opened.case_id, "look")
    worker = office.who("caseworker")
    office.act(claim_work_item, item.id, by=worker)
    take_role(office.engine, worker.actor_id, viewer=admin, unit_id=office.unit, role="caseworker")
    assert office.load(item.id).assignee_id is None
    assert ("supervisor", f"/items/{item.id}") in _told(office, "reassigned")


def test_whoever_leaves_leaves_no_shift_no_person_and_no_role_without_an_owner(office: World, admin: Viewer) -> None:
    boss, worker, lead = office.who("supervisor"), office.who("caseworker"), office.who("nodal_officer")
    set_supervisor(office.engine, worker.actor_id, viewer=admin, supervisor_id=boss.actor_id)
    set_supervisor(office.engine, boss.actor_id, viewer=admin, supervisor_id=lead.actor_id)
    now = office.clock.now()
    spans = [(now - timedelta(hours=1), now + timedelta(hours=7)), (now + timedelta(days=1), now + timedelta(days=2))]
    with office.engine.transaction() as tx:
        for start, end in spans:
            shift = Shift(id=uuid4(), unit_id=office.unit, actor_id=boss.actor_id, starts_at=start, ends_at=end)
            tx.of(DutyStore).add_shift(shift, by=None, at=now)
        tx.commit()
    deactivate(office.engine, boss.actor_id, viewer=admin)
    assert office.of(DutyStore).shifts(office.unit, since=now) == ()
    assert office.rows("SELECT supervisor_id FROM actor WHERE id = :id", id=worker.actor_id) == [(lead.actor_id,)]
    told = _told(office)
    assert ("nodal_officer", "/on-call") in told
    assert ("system_administrator", f"/units/{office.unit}") in told, "nobody supervises the unit now"


def test_a_unit_is_told_of_only_while_work_waits_for_a_role_that_nobody_has(office: World, admin: Viewer) -> None:
    deactivate(office.engine, office.who("finance_officer").actor_id, viewer=admin)
    assert _told(office) == set()
    office.at_look()
    deactivate(office.engine, office.who("caseworker").actor_id, viewer=admin)
    assert _told(office) == set(), "the case manager may do the work too"
    deactivate(office.engine, office.who("case_manager").actor_id, viewer=admin)
    assert ("supervisor", f"/units/{office.unit}") in _told(office)


def test_nobody_supervises_themselves(office: World, admin: Viewer) -> None:
    mary = _add(office)
    office.refuses(InvalidAnswersError, set_supervisor, mary, by=admin, supervisor_id=mary)


def test_the_list_of_units_says_which_roles_nobody_has(office: World, admin: Viewer) -> None:
    found = {unit.name: unit for unit in office.engine.ask(unit_list, admin)}
    assert set(found["Hill office"].missing) == {Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD}
    here = next(unit for unit in found.values() if unit.id == office.unit)
    assert here.missing == ()
    with pytest.raises(NotAllowedError):
        office.engine.ask(unit_list, office.who("supervisor"))


def test_three_people_have_between_them_every_role_that_work_can_wait_for(office: World, admin: Viewer) -> None:
    of_team = [role for key in SMALL_TEAM for role in roles_of(key)]
    assert sorted(of_team) == sorted({role.value for role in Role} - {"system_administrator", "auditor"})
    assert (roles_of("caseworker"), roles_of("")) == (("caseworker",), ())
    for number, key in enumerate(SMALL_TEAM):
        person = _add(office, name=key, email=f"three{number}@example.org", roles=roles_of(key))
        shown = office.engine.ask(member, admin, person)
        assert sorted(one.role for one in shown.roles) == sorted(roles_of(key))
    hill = next(one for one in office.engine.ask(unit_list, admin) if one.name == "Hill office")
    assert hill.missing == ()


def test_a_supervisor_sees_their_own_people_only(office: World) -> None:
    boss = office.who("supervisor")
    assert office.engine.ask(member, boss, office.who("caseworker").actor_id).email
    seen = {person.id for person in office.engine.ask(members, boss)}
    assert seen == {viewer.actor_id for viewer in office.staff.people.values()}
    with pytest.raises(NotAllowedError):
        office.engine.ask(members, office.who("lawyer"))
    for foreign in (office.other("caseworker").actor_id, uuid4()):
        with pytest.raises(NotFoundError):
            office.engine.ask(member, boss, foreign)
    with pytest.raises(NotFoundError):
        office.engine.ask(member, office.who("lawyer"), office.who("caseworker").actor_id)


def test_everything_is_written_down_without_a_name(office: World, admin: Viewer) -> None:
    mary = _add(office)
    deactivate(office.engine, mary, viewer=admin)
    kept = [f"{row[0]} {row[1]}" for row in office.rows("SELECT type, body FROM audit_event WHERE stream = 'people'")]
    assert [line.split()[0] for line in kept] == ["UnitAdded", "PersonInvited", "RoleGiven", "PersonDisabled"]
    assert "Mary" not in "".join(kept)
    assert MARY not in "".join(kept)


CODE = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
"""How a form of a pillar wants a language written."""


def test_every_choice_is_a_code_that_a_form_takes_and_has_a_name_of_its_own() -> None:
    offered = to_choose()
    assert all(CODE.fullmatch(code) for code in offered)
    assert len(set(offered.values())) == len(offered) > 40
    assert list(offered) == [*sorted(LANGUAGES, key=LANGUAGES.__getitem__), ANOTHER]


def test_what_was_chosen_before_stays_a_choice() -> None:
    assert to_choose("fr-CA")["fr-CA"] == "fr-CA"
    assert to_choose("grt") == to_choose()


def test_a_language_is_said_by_its_name() -> None:
    assert language_words("kha") == "Khasi"
    assert language_words(ANOTHER) == "Another language"
    assert language_words("xx") == "xx"


@pytest.mark.parametrize(("code", "words"), [
    ("IN-AS", "Assam, India"), ("NP", "Nepal"), ("BD-G", "Sylhet, Bangladesh"), ("MM-14", "Chin, Myanmar"),
    ("IN-XX", "India (IN-XX)"), ("ZZ-1", "ZZ-1"), ("", ""),
])  # fmt: skip
def test_a_code_of_iso_3166_reads_as_a_name(code: str, words: str) -> None:
    assert region_words(code) == words


def test_every_place_with_a_calendar_has_a_name_of_its_own() -> None:
    places = library().calendars
    names = {region_words(place) for place in places}
    assert len(names) == len(places) > 10
    assert not [name for name in names if any(place in name for place in places)]
