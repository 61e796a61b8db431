"""Links: each sets one password of one person once; the first of all makes the first administrator."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.policy import Viewer
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.people.actions.invitations import (
    FirstAnswers,
    ask_for_link,
    begin,
    first_link,
    new_link,
    open_link,
    require_first_link,
    set_first_password,
)
from engine.people.actions.manage import deactivate, invite
from engine.people.records import LinkOverError
from engine.sign_in.actions.account import (
    change_password,
    end_other_sessions,
    end_session,
    forget_sign_ins,
    keep_form,
    sessions_of,
)
from engine.sign_in.actions.sessions import Device, sign_in, viewer_of
from engine.sign_in.passwords import Argon2Passwords
from engine.sign_in.records import SignInError, StepUpNeededError
from engine.web.terminal import SYSTEM
from tests.kit.world import World, with_channels

pytestmark = pytest.mark.long

PASSWORD = "three quiet boats at noon"
OTHER = "seven herons under a bridge"
MARY = "mary@example.org"


@pytest.fixture
def link(world: World) -> str:
    added = invite(
        world.engine, viewer=SYSTEM, name="Mary Lyngdoh", email=MARY, unit_id=world.unit, roles=("caseworker",)
    )
    return added.token


@pytest.fixture
def mary(world: World, link: str) -> Viewer:
    set_first_password(world.engine, link, password=PASSWORD)
    return _viewer(world, _token(world))


def _token(world: World, password: str = PASSWORD, **more: Any) -> str:
    return sign_in(world.engine, email=MARY, password=password, **more).token


def _viewer(world: World, token: str) -> Viewer:
    found = viewer_of(world.engine, token)
    assert found is not None
    return found


def _kinds(world: World) -> list[str]:
    return [row[0] for row in world.rows("SELECT kind FROM message WHERE key LIKE '%|in_app'")]


def test_a_link_sets_one_password_and_only_its_hash_is_kept(world: World, link: str) -> None:
    assert link not in world.dump()
    assert open_link(world.engine, link).email == MARY
    with pytest.raises(SignInError):
        _token(world)
    set_first_password(world.engine, link, password=PASSWORD)
    assert viewer_of(world.engine, _token(world)) is not None
    for act in (lambda: open_link(world.engine, link), lambda: set_first_password(world.engine, link, password=OTHER)):
        with pytest.raises(LinkOverError):
            act()


def test_an_unfit_password_does_not_use_the_link_up(world: World, link: str) -> None:
    for password in ("short", "passwordpassword", "mary lyngdoh 1234"):
        with pytest.raises(InvalidAnswersError) as refused:
            set_first_password(world.engine, link, password=password)
        assert list(refused.value.problems) == ["password"]
    set_first_password(world.engine, link, password=PASSWORD)


def test_a_link_counts_for_72_hours_and_a_new_one_takes_its_place(world: World, link: str) -> None:
    held = world.rows("SELECT extract(epoch FROM expires_at - created_at) FROM invitation")
    assert held == [(72 * 3600,)]
    mary = world.rows("SELECT id FROM actor WHERE email = :email", email=MARY)[0][0]
    newer = new_link(world.engine, mary, viewer=SYSTEM).token
    with pytest.raises(LinkOverError):
        open_link(world.engine, link)
    world.rows("UPDATE invitation SET expires_at = now() - interval '1 second'")
    with pytest.raises(LinkOverError):
        set_first_password(world.engine, newer, password=PASSWORD)


def test_a_link_for_another_password_ends_every_session_and_tells_the_person(world: World, mary: Viewer) -> None:
    token = _token(world)
    reset = new_link(world.engine, mary.actor_id, viewer=SYSTEM).token
    assert open_link(world.engine, reset).kind == "reset"
    set_first_password(world.engine, reset, password=OTHER)
    assert viewer_of(world.engine, token) is None
    with pytest.raises(SignInError):
        _token(world)
    assert viewer_of(world.engine, _token(world, OTHER)) is not None
    assert _kinds(world).count("sign_in_changed") == 2


def test_links_are_made_by_who_manages_people_for_who_still_acts(world: World, mary: Viewer) -> None:
    world.refuses(NotAllowedError, new_link, mary.actor_id, by="supervisor")
    world.refuses(StepUpNeededError, new_link, mary.actor_id, by="system_administrator")
    link = new_link(world.engine, mary.actor_id, viewer=SYSTEM).token
    deactivate(world.engine, mary.actor_id, viewer=SYSTEM)
    with pytest.raises(LinkOverError):
        open_link(world.engine, link)
    world.refuses(NotFoundError, new_link, mary.actor_id, by=SYSTEM)


def test_whoever_forgot_their_password_is_told_of_to_administrators_and_nothing_tells_who_exists(
    world: World, mary: Viewer
) -> None:
    for email in (MARY, "nobody@example.org", MARY.upper()):
        ask_for_link(world.engine, email=email)
    told = world.rows(
        "SELECT recipient_id, link FROM message WHERE kind = 'person_to_look_after' AND key LIKE '%|in_app'"
    )
    admins = {world.who("system_administrator").actor_id}
    assert {(row[0], row[1]) for row in told} == {(admin, f"/people/{mary.actor_id}") for admin in admins}
    assert len(told) == len(admins), "one message an hour for a person"


def test_a_changed_password_ends_the_other_sessions_and_gives_this_one_another_token(
    world: World, mary: Viewer
) -> None:
    here, elsewhere = _token(world), _token(world)
    assert _viewer(world, here).actor_id == mary.actor_id
    with pytest.raises(InvalidAnswersError) as refused:
        change_password(world.engine, viewer=_viewer(world, here), token=here, old="wrong", new=OTHER)
    assert list(refused.value.problems) == ["old"]
    fresh = change_password(world.engine, viewer=_viewer(world, here), token=here, old=PASSWORD, new=OTHER)
    assert viewer_of(world.engine, fresh) is not None
    assert viewer_of(world.engine, here) is None
    assert viewer_of(world.engine, elsewhere) is None


def test_people_see_and_end_their_own_sessions_only(world: World, mary: Viewer) -> None:
    here, elsewhere = _token(world, device=Device("mark", "Firefox on Linux")), _token(world)
    viewer = _viewer(world, here)
    assert viewer.actor_id == mary.actor_id
    found = sessions_of(world.engine, viewer=viewer)
    assert sum(is_present for _, is_present in found) == 1
    assert {session.device for session, is_present in found if is_present} == {"Firefox on Linux"}
    foreign = next(session for session, is_present in found if not is_present)
    world.refuses(NotFoundError, end_session, foreign.id, by="lawyer")
    end_other_sessions(world.engine, viewer=viewer)
    assert viewer_of(world.engine, elsewhere) is None
    assert viewer_of(world.engine, here) is not None


def test_somebody_is_told_of_a_browser_that_is_new_to_them_but_not_of_their_first(world: World, mary: Viewer) -> None:
    world = with_channels(world)
    for mark in ("one", "one", "two", "two"):
        _token(world, device=Device(mark, "Firefox"))
    assert _kinds(world).count("new_device") == 1
    assert world.rows("SELECT DISTINCT recipient_id FROM message WHERE kind = 'new_device'") == [(mary.actor_id,)]
    assert "one" not in {str(row[0]) for row in world.rows("SELECT mark_hash FROM known_device")}


def test_a_hash_of_older_parameters_is_made_anew_at_sign_in(world: World, mary: Viewer) -> None:
    old = Argon2Passwords(memory_kib=8 * 1024, passes=1).hash(PASSWORD)
    world.change_actor(mary, password_hash=old)
    _token(world)
    kept = world.rows("SELECT password_hash FROM actor WHERE id = :id", id=mary.actor_id)[0][0]
    assert "m=19456,t=2" in kept
    _token(world)


ANSWERS = FirstAnswers("Mary Lyngdoh", MARY, "Impulse", "Hill office", "IN-ML", PASSWORD)


@pytest.fixture
def empty(world: World) -> World:
    """Return a world in which nobody is."""
    world.rows("TRUNCATE actor CASCADE")
    return world


def test_nobody_is_there_until_the_first_link_is_used_once(empty: World) -> None:
    token = first_link(empty.engine)
    assert token is not None
    assert token not in empty.dump()
    begin(empty.engine, token, ANSWERS)
    viewer = _viewer(empty, _token(empty))
    assert viewer.must_enrol, "an administrator sets up a second factor before anything else"
    with pytest.raises(LinkOverError):
        begin(empty.engine, token, ANSWERS._replace(email="other@example.org"))
    assert first_link(empty.engine) is None
    assert empty.rows("SELECT count(*) FROM actor") == [(1,)]


@pytest.mark.parametrize(("field", "value"), [
    ("name", " "), ("email", "mary"), ("organisation", ""), ("unit", ""), ("jurisdiction", ""), ("password", "short"),
])  # fmt: skip
def test_what_the_first_one_says_is_looked_at_and_the_link_still_counts(empty: World, field: str, value: str) -> None:
    token = first_link(empty.engine)
    assert token is not None
    with pytest.raises(InvalidAnswersError) as refused:
        begin(empty.engine, token, ANSWERS._replace(**{field: value}))
    assert list(refused.value.problems) == [field]
    begin(empty.engine, token, ANSWERS)


def test_a_first_link_is_over_after_a_day_and_when_replaced(empty: World) -> None:
    old, new = first_link(empty.engine), first_link(empty.engine)
    assert old
    assert new
    with pytest.raises(LinkOverError):
        require_first_link(empty.engine, old)
    require_first_link(empty.engine, new)
    empty.rows("UPDATE invitation SET expires_at = created_at")
    with pytest.raises(LinkOverError):
        require_first_link(empty.engine, new)


def test_a_demo_and_a_place_with_people_have_no_first_link(world: World) -> None:
    assert first_link(world.engine) is None
    world.rows("TRUNCATE actor CASCADE")
    assert first_link(replace(world.engine, demo=True)) is None


def test_what_signing_in_needs_no_more_is_forgotten(world: World, mary: Viewer) -> None:
    token = _token(world, device=Device("mark", "Firefox"), network="10.0.0.1")
    keep_form(world.engine, mary.actor_id, path="/report", fields=[("a-narrative", "x")])
    tables = ("sign_in_try", "kept_form", "known_device", "session", "invitation")
    forget_sign_ins(world.engine)
    assert viewer_of(world.engine, token) is not None
    assert all(world.rows(f"SELECT 1 FROM {table}") for table in tables)
    for change in (
        "UPDATE sign_in_try SET last_at = last_at - interval '2 days'",
        "UPDATE kept_form SET created_at = created_at - interval '169 hours'",
        "UPDATE known_device SET seen_at = seen_at - interval '401 days'",
        "UPDATE session SET created_at = created_at - interval '91 days'",
        "UPDATE invitation SET expires_at = expires_at - interval '94 days'",
    ):
        world.rows(change)
    forget_sign_ins(world.engine)
    assert not any(world.rows(f"SELECT 1 FROM {table}") for table in tables)
