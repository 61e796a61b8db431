"""A clock that jumps fires nothing until somebody says that it is right; time that has gone by is caught up."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.assembly import Engine
from engine.core.policy import Action
from engine.deadlines.actions.clock import LastLook, audit_escalations, clock_jump, confirm_clock, jump_between
from engine.deadlines.actions.firing import fire_deadlines
from engine.errors import NotAllowedError
from engine.machine import Uptime
from engine.overview.views.board import admin_board
from engine.rehearsal.world import MovedClock
from tests.kit.world import START, World

JUMPS = [timedelta(hours=1), timedelta(days=3650), timedelta(hours=-1), timedelta(days=-365)]


@dataclass
class Machine:
    """A machine with one clock, for cases too, which can be set; its uptime goes on as time does."""

    world: World
    now: datetime = START
    up: Uptime = field(default_factory=lambda: Uptime("first", 100.0))

    @property
    def engine(self) -> Engine:
        clock = MovedClock(self.now)
        return replace(self.world.engine, clock=clock, wall_clock=clock, uptime=lambda: self.up)

    def time_goes_by(self, by: timedelta) -> None:
        self.now += by
        self.up = Uptime(self.up.boot, self.up.seconds + by.total_seconds())

    def set_clock(self, by: timedelta) -> None:
        self.now += by
        self.time_goes_by(timedelta(seconds=1))

    def start_again(self, *, after: timedelta) -> None:
        self.now += after
        self.up = Uptime("second", 5.0)

    def fired(self) -> int:
        return fire_deadlines(self.engine).count


@pytest.fixture
def machine(world: World) -> Machine:
    """Let some cases wait, whose deadlines are hours away, and look at them once."""
    for _ in range(3):
        world.at_look()
    machine = Machine(world)
    assert machine.fired() == 0
    return machine


def breaches(world: World) -> int:
    return len(world.rows("SELECT 1 FROM event WHERE type = 'DeadlineBreached'"))


@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_of_the_clock_gives_no_alarm_and_says_so(machine: Machine, jump: timedelta) -> None:
    machine.set_clock(jump)
    for _ in range(3):
        report = fire_deadlines(machine.engine)
        assert (report.count, report.is_paused) == (0, True)
        machine.time_goes_by(timedelta(seconds=1))
    assert breaches(machine.world) == 0
    known = clock_jump(machine.engine)
    assert known.jump_seconds == jump.total_seconds()
    assert ("forward" if jump > timedelta(0) else "back") in known.in_words
    board = machine.engine.ask_board(admin_board, machine.world.who("system_administrator"))
    assert board.firing.jump == known
    assert audit_escalations(machine.engine) == ()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_is_set_right_again_goes_on_by_itself(machine: Machine, jump: timedelta) -> None:
    machine.set_clock(jump)
    assert fire_deadlines(machine.engine).is_paused
    machine.set_clock(-jump)
    assert not fire_deadlines(machine.engine).is_paused
    assert clock_jump(machine.engine) is None
    machine.time_goes_by(timedelta(hours=11))
    assert machine.fired() == 3


def test_when_an_administrator_confirms_the_time_what_is_due_by_it_fires(machine: Machine) -> None:
    machine.set_clock(timedelta(hours=11))
    assert fire_deadlines(machine.engine).is_paused
    assert confirm_clock(machine.engine, viewer=machine.world.who("system_administrator"))
    assert machine.fired() == 3
    assert clock_jump(machine.engine) is None
    assert not confirm_clock(machine.engine, viewer=machine.world.who("system_administrator"))


def test_nobody_else_may_confirm_the_time(machine: Machine) -> None:
    machine.set_clock(timedelta(hours=11))
    fire_deadlines(machine.engine)
    with pytest.raises(NotAllowedError) as refused:
        confirm_clock(machine.engine, viewer=machine.world.who("supervisor"))
    assert refused.value.facts["action"] == Action.MEND.value
    assert fire_deadlines(machine.engine).is_paused


def test_an_outage_of_hours_is_no_jump_and_is_caught_up(machine: Machine) -> None:
    machine.time_goes_by(timedelta(hours=11))
    assert machine.fired() == 3


def test_a_machine_that_was_off_for_hours_catches_up(machine: Machine) -> None:
    machine.start_again(after=timedelta(hours=11))
    assert machine.fired() == 3


def test_the_clock_of_the_demo_is_moved_on_purpose_and_fires_what_is_due(world: World) -> None:
    for _ in range(3):
        world.at_look()
    world.fire()
    world.later(hours=11)
    assert world.fire() == 3


NOON = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)


def after(*, clock: timedelta, up: timedelta, boot: str = "a") -> LastLook:
    return LastLook(NOON + clock, Uptime(boot, 1000 + up.total_seconds()))


LAST = after(clock=timedelta(0), up=timedelta(0))
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("clock", "up"), [
    (SECOND, SECOND),
    (timedelta(hours=8), timedelta(hours=8)),
    (timedelta(days=3650), timedelta(days=3650)),
    (timedelta(minutes=15), SECOND),
    (timedelta(seconds=-5), SECOND),
    (timedelta(minutes=50), timedelta(hours=1)),
])  # fmt: skip
def test_time_that_goes_by_is_no_jump(clock: timedelta, up: timedelta) -> None:
    assert jump_between(LAST, after(clock=clock, up=up)) is None


@pytest.mark.parametrize(
    "jump", [timedelta(hours=1), timedelta(days=3650), timedelta(hours=-1), timedelta(days=-365), timedelta(seconds=-7)]
)
def test_a_clock_that_goes_further_than_the_machine_was_up_has_jumped(jump: timedelta) -> None:
    assert jump_between(LAST, after(clock=jump + SECOND, up=SECOND)) == jump


def test_a_clock_that_jumped_during_an_outage_of_the_process_is_found_by_the_uptime_of_the_machine() -> None:
    assert jump_between(LAST, after(clock=timedelta(hours=9), up=timedelta(hours=1))) == timedelta(hours=8)


@pytest.mark.parametrize("clock", [timedelta(days=3), timedelta(minutes=-5)])
def test_a_machine_that_was_started_again_or_another_one_catches_up(clock: timedelta) -> None:
    assert jump_between(LAST, after(clock=clock, up=timedelta(0), boot="b")) is None


@pytest.mark.parametrize("clock", [timedelta(days=3650), timedelta(hours=-1)])
def test_a_machine_that_was_started_in_another_year_or_an_hour_ago_is_asked_about(clock: timedelta) -> None:
    assert jump_between(LAST, after(clock=clock, up=timedelta(0), boot="b")) == clock


def test_the_first_pass_of_all_is_no_jump() -> None:
    assert jump_between(None, LAST) is None
