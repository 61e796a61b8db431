"""The demo: cases alive from the stories, a clock that people can move, and the rest of a story at one click."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

from engine.app import DEMO_CLOCK
from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.deadlines.actions.firing import fire_deadlines
from engine.deadlines.store import DeadlineStore
from engine.errors import NotFoundError, SettingsError
from engine.jobs.store import JobStore
from engine.machine import data_folder
from engine.rehearsal.demo_people import add_doings, add_habits, add_people, add_rota, unit_for
from engine.rehearsal.replayer import Play, begin, go_on
from engine.rehearsal.story import Story, read_story
from engine.rehearsal.world import MovedClock, do_chores, next_stop, settle_jobs

STORIES = "demo_stories"
FILLED = "demo_seeded"
_PATIENCE = 8.0
_LOOK_EVERY = 0.05
SEEDED: Mapping[str, tuple[str, timedelta]] = {
    "cs-01": ("plan", timedelta(minutes=20)),
    "cs-02": ("natreq", timedelta(hours=3)),
    "cs-06": ("safety", timedelta(hours=5)),
    "cs-09": ("told", timedelta(minutes=30)),
}
"""The stories that live in the demo: the event after which each stands now, and how long ago that was."""


def seed_demo(engine: Engine) -> int:
    """Fill a demo's database with its people and cases, once; returns how many cases there are.

    Raises `SettingsError` for any other database: nobody is invented there.
    """
    if not engine.demo:
        raise SettingsError(problem="This database is not a demo.", remedy="`icmc up --demo` makes one.")
    with engine.transaction() as tx:
        if tx.of(HousekeepingStore).installation(FILLED) is not None:
            return len(_stories(engine))
        tx.of(HousekeepingStore).set_installation(FILLED, {"since": engine.wall_clock.now().isoformat()})
        tx.commit()
    add_people(engine)
    add_rota(engine)
    add_habits(engine)
    cases = {name: _seed(engine, name, label, ago) for name, (label, ago) in SEEDED.items()}
    add_doings(engine, child=cases["cs-01"], abroad=cases["cs-02"])
    return len(SEEDED)


def let_time_pass(engine: Engine, by: timedelta, *, is_alone: bool = False) -> None:
    """Move the demo's clock forward, through every instant at which something is due, as if it had been lived.

    What is due is left to Prefect, or done here where we are alone.
    """
    _Live(engine, is_alone).pass_until(engine.clock.now() + by)


def play_rest(engine: Engine, case_id: UUID, *, is_alone: bool = False) -> tuple[str, ...]:
    """Play the rest of a case's story; gives what did not go as told. Raises `NotFoundError` for a case without one."""
    known = _stories(engine).get(str(case_id))
    if known is None:
        raise NotFoundError(kind="story of this case")
    story = _read(str(known["story"])).moved(timedelta(seconds=float(known["shift"]))).without_due()
    stage = _Live(engine, is_alone)
    play = Play(stage, story, unit_for(engine, story.lead_jurisdiction).people, case_id)
    go_on(play, after=datetime.fromisoformat(str(known["until"])), until=None)
    _remember(engine, case_id, str(known["story"]), float(known["shift"]), stage.now())
    return tuple(play.differences)


def has_story(engine: Engine, case_id: UUID) -> bool:
    """Return whether a case of the demo came from a story, the rest of which can be played."""
    return str(case_id) in _stories(engine)


@dataclass(frozen=True)
class _Past:
    """The stage on which the demo's past is played: its own clock; what is due fires; jobs are left to Prefect."""

    engine: Engine
    clock: MovedClock

    def now(self) -> datetime:
        return self.clock.now()

    def pass_until(self, instant: datetime) -> int:
        while True:
            with self.engine.transaction() as tx:
                next_at = tx.of(DeadlineStore).next_at()
            if next_at is None or next_at >= instant:
                break
            self.clock.move_to(max(next_at, self.clock.now()))
            fire_deadlines(self.engine)
        self.clock.move_to(instant)
        return 0

    def settle_jobs(self) -> int:
        return 0


@dataclass(frozen=True)
class _Live:
    """The living demo as a stage: its clock is moved for all processes, and Prefect fires and does the work.

    Where we are alone there is no Prefect, and both are done here.
    """

    engine: Engine
    is_alone: bool

    def now(self) -> datetime:
        return self.engine.clock.now()

    def pass_until(self, instant: datetime) -> int:
        while (next_at := next_stop(self.engine)) is not None and next_at < instant:
            self._move_to(next_at)
            self._wait_for_deadlines()
            do_chores(self.engine)
            self.settle_jobs()
        self._move_to(instant)
        return 0

    def settle_jobs(self) -> int:
        """Wait until the jobs that are due now have been done, but not for ever: a stopped worker holds nobody up."""
        if self.is_alone:
            return settle_jobs(self.engine, is_patient=True)
        given_up_at = time.monotonic() + _PATIENCE
        while time.monotonic() < given_up_at:
            with self.engine.transaction() as tx:
                if not tx.of(JobStore).any_due(now=self.engine.clock.now()):
                    return 0
            _pause()
        return 0

    def _wait_for_deadlines(self) -> None:
        given_up_at = time.monotonic() + (0.0 if self.is_alone else _PATIENCE)
        while time.monotonic() < given_up_at:
            with self.engine.transaction() as tx:
                if not tx.of(DeadlineStore).due(now=self.engine.clock.now(), most=1):
                    return
                tx.wake_listeners()
                tx.commit()
            _pause()
        fire_deadlines(self.engine)

    def _move_to(self, instant: datetime) -> None:
        offset = (instant - self.engine.wall_clock.now()).total_seconds()
        with self.engine.transaction() as tx:
            known = tx.of(HousekeepingStore).installation(DEMO_CLOCK)
            if known is None or float(known["seconds"]) < offset:
                tx.of(HousekeepingStore).set_installation(DEMO_CLOCK, {"seconds": offset})
                tx.wake_listeners()
                tx.commit()
        self.engine.clock.look_again()


def _seed(engine: Engine, name: str, label: str, ago: timedelta) -> UUID:
    story = _read(name)
    stands_at = story.instant_of(label) or story.opened_at
    shift = engine.wall_clock.now() - ago - stands_at
    moved = story.moved(shift)
    clock = MovedClock(moved.opened_at)
    past = _Past(replace(engine, clock=clock), clock)
    unit = unit_for(engine, story.lead_jurisdiction)
    play = begin(past, moved, unit=unit.id, people=unit.people)
    until = (moved.instant_of(label) or moved.opened_at).astimezone(UTC)
    go_on(play, until=until)
    past.pass_until(engine.wall_clock.now())
    _remember(engine, play.case_id, name, shift.total_seconds(), until)
    return play.case_id


def _read(name: str) -> Story:
    return read_story(data_folder("workflows") / "stories" / f"{name}.yaml")


def _stories(engine: Engine) -> dict[str, dict[str, Any]]:
    with engine.transaction() as tx:
        return dict(tx.of(HousekeepingStore).installation(STORIES) or {})


def _remember(engine: Engine, case_id: UUID, story: str, shift: float, until: datetime) -> None:
    with engine.transaction() as tx:
        known = dict(tx.of(HousekeepingStore).installation(STORIES) or {})
        known[str(case_id)] = {"story": story, "shift": shift, "until": until.isoformat()}
        tx.of(HousekeepingStore).set_installation(STORIES, known)
        tx.commit()


def _pause() -> None:
    Event().wait(_LOOK_EVERY)
