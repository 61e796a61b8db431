"""A second factor: set up by its first code, asked for from then on, used once, lost before two people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pyotp
import pytest

from engine.core.policy import Viewer
from engine.errors import AlreadyEndedError, NotAllowedError, NotFoundError
from engine.people.actions import second_factor
from engine.people.actions.manage import give_role
from engine.people.actions.second_factor import (
    SetUp,
    answer_lost,
    confirm,
    lost_factor_of,
    proposal,
    propose,
    report_lost,
)
from engine.people.viewer import as_viewer
from engine.rehearsal.world import MovedClock
from engine.sign_in.actions.account import require_step_up, step_up
from engine.sign_in.actions.sessions import Begun, prove_code, sign_in, viewer_of, whose_code
from engine.sign_in.records import SignInEndedError, SignInError, StepUpNeededError, WrongCodeError
from engine.web.terminal import SYSTEM
from engine.work.actions.answers import reveal_places
from tests.kit.world import World

pytestmark = pytest.mark.long

PASSWORD = "three quiet boats at noon"


def _email(world: World, viewer: Viewer) -> str:
    return str(world.rows("SELECT email FROM actor WHERE id = :id", id=viewer.actor_id)[0][0])


def _begin(world: World, role: str) -> Begun:
    return sign_in(world.engine, email=_email(world, world.who(role)), password=PASSWORD)


def _viewer(world: World, token: str) -> Viewer:
    found = viewer_of(world.engine, token)
    assert found is not None
    return found


def _code(world: World, secret: str, *, later: int = 0) -> str:
    return pyotp.TOTP(secret).at(world.engine.wall_clock.now() + later * timedelta(seconds=30))


def _set_up(world: World, role: str) -> tuple[str, SetUp]:
    """Give somebody a second factor; returns its secret too."""
    token = _begin(world, role).token
    viewer = _viewer(world, token)
    propose(world.engine, viewer=viewer)
    found = proposal(world.engine, viewer=viewer)
    done = confirm(world.engine, viewer=viewer, token=token, code=_code(world, found.secret))
    return found.secret, done


@pytest.fixture(autouse=True)
def passwords(world: World) -> None:
    """Return four people a password, and stop the clock of this machine, so that no code grows old by itself."""
    world.engine = replace(world.engine, wall_clock=MovedClock(datetime.now(UTC)))
    kept = world.engine.passwords.hash(PASSWORD)
    for role in ("caseworker", "system_administrator", "supervisor"):
        world.change_actor(world.who(role), password_hash=kept)
    world.change_actor(world.other("system_administrator"), password_hash=kept)


def test_an_administrator_has_no_role_until_a_second_factor_is_set_up(world: World) -> None:
    token = _begin(world, "system_administrator").token
    bare = _viewer(world, token)
    assert (bare.must_enrol, bare.roles, bare.unit_ids) == (True, (), ())
    _, done = _set_up(world, "system_administrator")
    assert viewer_of(world.engine, token) is None, "all sessions but the present one ended"
    whole = _viewer(world, done.token)
    assert (whole.must_enrol, whole.roles, whole.by_factor) == (False, ("system_administrator",), True)


def test_an_installation_can_ask_everybody_for_a_second_factor(world: World) -> None:
    token = _begin(world, "caseworker").token
    assert _viewer(world, token).roles == ("caseworker",)
    world.engine = replace(world.engine, factor_for_all=True)
    bare = _viewer(world, token)
    assert (bare.must_enrol, bare.roles, bare.unit_ids, bare.memberships) == (True, (), (), ())
    _, done = _set_up(world, "caseworker")
    assert _viewer(world, done.token).roles == ("caseworker",)


def test_with_a_second_factor_the_password_alone_opens_nothing(world: World) -> None:
    secret, _ = _set_up(world, "caseworker")
    begun = _begin(world, "caseworker")
    assert begun.needs_code
    assert viewer_of(world.engine, begun.token) is None
    assert whose_code(world.engine, begun.token) == world.who("caseworker").actor_id
    token = prove_code(world.engine, begun.token, code=_code(world, secret, later=1))
    assert token != begun.token
    assert _viewer(world, token).by_factor
    assert viewer_of(world.engine, begun.token) is None, "the token from before is nobody's"


def test_five_wrong_codes_end_the_sign_in_and_its_owner_is_told(world: World) -> None:
    secret, _ = _set_up(world, "caseworker")
    who = world.who("caseworker").actor_id
    begun = _begin(world, "caseworker")
    for tried in range(4):
        with pytest.raises(WrongCodeError):
            prove_code(world.engine, begun.token, code=f"00000{tried}")
        _rest(world)
    with pytest.raises(SignInEndedError):
        prove_code(world.engine, begun.token, code="000009")
    _rest(world)
    with pytest.raises(SignInError):
        prove_code(world.engine, begun.token, code=_code(world, secret, later=1))
    told = world.rows("SELECT kind FROM message WHERE recipient_id = :who AND kind = 'wrong_codes'", who=who)
    assert told
    kept = world.rows("SELECT type, body FROM audit_event WHERE actor_id = :who ORDER BY seq", who=who)
    wrong = [dict(row.body) for row in kept if row.type == "WrongCode"]
    assert wrong == [{"by_factor": True, "wrong": number} for number in (1, 2, 3, 4, 5)]
    assert [row.type for row in kept].count("SignInEnded") == 1
    again = _begin(world, "caseworker")
    assert prove_code(world.engine, again.token, code=_code(world, secret)), "the owner comes in"


def test_codes_of_one_account_take_turns_wherever_they_come_from(world: World) -> None:
    _set_up(world, "caseworker")
    for _ in range(2):
        begun = _begin(world, "caseworker")
        for number in range(5):
            with pytest.raises(SignInError):
                prove_code(world.engine, begun.token, code="000000", network=f"10.1.0.{number}")
            _rest(world)
    tokens = [_begin(world, "caseworker").token for _ in range(8)]
    barrier, told = Barrier(8), []

    def guess(number: int) -> None:
        barrier.wait()
        try:
            prove_code(world.engine, tokens[number], code="000000", network=f"10.2.0.{number}")
        except SignInError as error:
            told.append(type(error).__name__)

    threads = [Thread(target=guess, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["TooSoonError"] * 7 + ["WrongCodeError"]


def _rest(world: World) -> None:
    """Let the longest wait after a wrong code pass."""
    clock = world.engine.wall_clock
    assert isinstance(clock, MovedClock)
    clock.move_to(clock.now() + timedelta(seconds=10))


def test_a_code_counts_once_and_those_before_it_no_more(world: World) -> None:
    secret, _ = _set_up(world, "caseworker")
    with pytest.raises(WrongCodeError):
        prove_code(world.engine, _begin(world, "caseworker").token, code=_code(world, secret))
    newer = _code(world, secret, later=1)
    prove_code(world.engine, _begin(world, "caseworker").token, code=newer)
    for used in (newer, _code(world, secret), _code(world, secret, later=-1), "000000", ""):
        with pytest.raises(WrongCodeError):
            prove_code(world.engine, _begin(world, "caseworker").token, code=used)
        _rest(world)


def test_a_recovery_code_counts_once_and_is_kept_as_a_slow_hash(world: World) -> None:
    _, done = _set_up(world, "caseworker")
    assert len(set(done.recovery_codes)) == second_factor.RECOVERY_CODES
    code = done.recovery_codes[3]
    prove_code(world.engine, _begin(world, "caseworker").token, code=code.lower().replace("-", " "))
    with pytest.raises(WrongCodeError):
        prove_code(world.engine, _begin(world, "caseworker").token, code=code)
    kept = [row[0] for row in world.rows("SELECT code_hash FROM recovery_code")]
    assert all(one.startswith("$argon2id$") for one in kept)


def test_neither_secret_nor_codes_are_readable_in_the_database(world: World) -> None:
    secret, done = _set_up(world, "caseworker")
    dump = world.dump()
    assert secret not in dump
    assert not [code for code in done.recovery_codes if code in dump or code.replace("-", "") in dump]
    assert done.token not in dump


def test_a_sign_in_that_waits_too_long_for_its_code_is_over(world: World) -> None:
    secret, _ = _set_up(world, "caseworker")
    begun = _begin(world, "caseworker")
    world.rows("UPDATE session SET created_at = created_at - interval '11 minutes'")
    with pytest.raises(SignInError):
        prove_code(world.engine, begun.token, code=_code(world, secret, later=1))


def test_a_proposed_secret_counts_for_nothing_and_the_old_one_until_the_new_one_was_tried(world: World) -> None:
    secret, done = _set_up(world, "caseworker")
    propose(world.engine, viewer=_viewer(world, done.token))
    new = proposal(world.engine, viewer=_viewer(world, done.token))
    with pytest.raises(WrongCodeError):
        prove_code(world.engine, _begin(world, "caseworker").token, code=_code(world, new.secret, later=1))
    with pytest.raises(WrongCodeError):
        confirm(world.engine, viewer=_viewer(world, done.token), token=done.token, code=_code(world, secret, later=1))
    prove_code(world.engine, _begin(world, "caseworker").token, code=_code(world, secret, later=1))
    confirm(world.engine, viewer=_viewer(world, done.token), token=done.token, code=_code(world, new.secret))
    with pytest.raises(WrongCodeError):
        prove_code(world.engine, _begin(world, "caseworker").token, code=_code(world, secret, later=1))


def test_whoever_has_a_second_factor_proves_it_before_they_change_it(world: World) -> None:
    _, done = _set_up(world, "caseworker")
    by_password = _viewer(world, done.token).model_copy(update={"by_factor": False})
    for act in (
        lambda: propose(world.engine, viewer=by_password),
        lambda: proposal(world.engine, viewer=by_password),
        lambda: second_factor.new_recovery_codes(world.engine, viewer=by_password),
    ):
        with pytest.raises(StepUpNeededError):
            act()


def test_new_recovery_codes_take_the_place_of_the_old(world: World) -> None:
    _, done = _set_up(world, "caseworker")
    second_factor.new_recovery_codes(world.engine, viewer=_viewer(world, done.token))
    with pytest.raises(WrongCodeError):
        prove_code(world.engine, _begin(world, "caseworker").token, code=done.recovery_codes[0])


def test_what_was_proved_counts_for_ten_minutes(world: World) -> None:
    token = _begin(world, "caseworker").token
    require_step_up(world.engine, _viewer(world, token))
    with pytest.raises(StepUpNeededError) as refused:
        require_step_up(world.engine, _viewer(world, token), factor=True)
    assert refused.value.factor
    world.rows("UPDATE session SET stepped_up_at = stepped_up_at - interval '10 minutes'")
    with pytest.raises(StepUpNeededError):
        require_step_up(world.engine, _viewer(world, token))
    world.refuses(SignInError, step_up, by=_viewer(world, token), token=token, password="wrong", code="")
    fresh = step_up(world.engine, viewer=_viewer(world, token), token=token, password=PASSWORD, code="")
    require_step_up(world.engine, _viewer(world, fresh))
    assert viewer_of(world.engine, token) is None, "proving gives another token"


def test_with_a_second_factor_the_password_proves_nothing(world: World) -> None:
    secret, done = _set_up(world, "caseworker")
    viewer = _viewer(world, done.token)
    world.refuses(WrongCodeError, step_up, by=viewer, token=done.token, password=PASSWORD, code="")
    fresh = step_up(world.engine, viewer=viewer, token=done.token, password="", code=_code(world, secret, later=1))
    require_step_up(world.engine, _viewer(world, fresh), factor=True)


def test_somebody_without_a_session_has_proved_nothing(world: World) -> None:
    with pytest.raises(StepUpNeededError):
        require_step_up(world.engine, world.who("caseworker"))


def test_a_lost_factor_is_taken_away_by_two_people_and_neither_is_its_owner(world: World) -> None:
    secret, done = _set_up(world, "caseworker")
    lost = world.who("caseworker").actor_id
    now = world.engine.wall_clock.now()

    def proved(viewer: Viewer) -> Viewer:
        return viewer.model_copy(update={"stepped_up_at": now, "by_factor": True})

    also = world.who("auditor").actor_id
    give_role(world.engine, also, viewer=SYSTEM, unit_id=world.unit, role="system_administrator")
    admin, second = proved(world.who("system_administrator")), proved(world.engine.ask_all(as_viewer, also))
    for stranger in (proved(world.who("lawyer")), proved(world.other("supervisor"))):
        world.refuses(NotFoundError, report_lost, lost, by=stranger)
    world.refuses(NotAllowedError, report_lost, admin.actor_id, by=admin)
    world.refuses(StepUpNeededError, report_lost, lost, by="supervisor")
    asked = report_lost(world.engine, lost, viewer=admin)
    told = world.rows("SELECT recipient_id FROM message WHERE kind = 'person_to_look_after' AND key LIKE '%|in_app'")
    assert {row[0] for row in told} == {second.actor_id}
    world.refuses(NotAllowedError, answer_lost, asked, by=admin, approved=True)
    world.refuses(NotAllowedError, answer_lost, asked, by=proved(world.who("supervisor")), approved=True)
    with pytest.raises(StepUpNeededError):
        answer_lost(world.engine, asked, viewer=second.model_copy(update={"by_factor": False}), approved=True)
    assert lost_factor_of(world.engine, lost) is not None
    assert _begin(world, "caseworker").needs_code
    answer_lost(world.engine, asked, viewer=second, approved=True)
    assert viewer_of(world.engine, done.token) is None
    assert not _begin(world, "caseworker").needs_code
    assert secret not in world.dump()
    world.refuses(AlreadyEndedError, answer_lost, asked, by=second, approved=True)


def test_a_refused_or_forgotten_request_changes_nothing(world: World) -> None:
    _set_up(world, "caseworker")
    lost = world.who("caseworker").actor_id
    now = world.engine.wall_clock.now()
    boss = world.who("supervisor").model_copy(update={"stepped_up_at": now})
    admin = world.who("system_administrator").model_copy(update={"stepped_up_at": now, "by_factor": True})
    answer_lost(world.engine, report_lost(world.engine, lost, viewer=boss), viewer=admin, approved=False)
    assert _begin(world, "caseworker").needs_code
    late = report_lost(world.engine, lost, viewer=boss)
    world.rows("UPDATE approval_request SET expires_at = asked_at + :none", none=timedelta(0))
    world.refuses(AlreadyEndedError, answer_lost, late, by=admin, approved=True)
    assert lost_factor_of(world.engine, lost) is None


def test_a_supervisor_who_vouched_by_mistake_takes_it_back_and_the_factor_stays(world: World) -> None:
    _set_up(world, "caseworker")
    lost, now = world.who("caseworker").actor_id, world.engine.wall_clock.now()
    boss = world.who("supervisor").model_copy(update={"stepped_up_at": now})
    admin = world.who("system_administrator").model_copy(update={"stepped_up_at": now, "by_factor": True})
    asked = report_lost(world.engine, lost, viewer=boss)
    world.refuses(NotAllowedError, answer_lost, asked, by="lawyer", approved=False)
    world.refuses(NotAllowedError, answer_lost, asked, by=boss, approved=True)
    answer_lost(world.engine, asked, viewer=world.who("supervisor"), approved=False)
    world.refuses(AlreadyEndedError, answer_lost, asked, by=admin, approved=True)
    assert lost_factor_of(world.engine, lost) is None
    assert _begin(world, "caseworker").needs_code


def test_where_somebody_is_opens_to_a_second_factor_only(world: World) -> None:
    opened = world.open()
    step = world.item(opened.case_id, "intake").step_id
    worker, now = world.who("caseworker"), world.engine.wall_clock.now()
    for proved in (worker, worker.model_copy(update={"stepped_up_at": now})):
        world.refuses(StepUpNeededError, reveal_places, step, case_id=opened.case_id, by=proved)
    assert world.rows("SELECT 1 FROM reading") == []
    by_factor = worker.model_copy(update={"stepped_up_at": now, "by_factor": True})
    with pytest.raises(NotFoundError, match="journey"):
        reveal_places(world.engine, step, case_id=opened.case_id, viewer=by_factor)
    assert world.rows("SELECT what FROM reading") == [("places",)]
