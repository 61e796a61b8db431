"""The demo: invented people, cases alive from the stories, a clock to move, and the rest of a story at one click."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from engine.app import DEMO_CLOCK
from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.records import PUBLIC_REPORTS
from engine.cases.store import CaseStore
from engine.core.policy import Viewer
from engine.core.records import Deadline, DeadlineStatus, PersonRole, Purpose
from engine.deadlines.actions.firing import fire_deadlines
from engine.deadlines.actions.limits import ask_extension, pause_deadline
from engine.deadlines.store import DeadlineStore
from engine.definitions.actions.days import NewDay, add_special_day
from engine.errors import IcmcError, NotFoundError, SettingsError
from engine.jobs.store import JobStore
from engine.language.names import Role
from engine.machine import data_folder
from engine.messages.actions.channels import save_preference
from engine.people.actions.duty import hand_over, note_absence
from engine.people.records import Shift
from engine.people.store import DirectoryStore, DutyStore
from engine.people.viewer import as_viewer
from engine.rehearsal.replayer import Play, begin, go_on
from engine.rehearsal.story import Story, read_story
from engine.rehearsal.world import MovedClock, do_chores, next_stop, settle_jobs
from engine.sharing.actions.consents import GivenConsent, record_consent
from engine.sharing.actions.referrals import ReferralRequest, offer_referral
from engine.sharing.records.consent import GivenBy, fields_of

_NAMESPACE = UUID("6d0c0a51-5ad5-4f4e-9a58-2f8f7b8f1c3a")
_PLACES = {
    "IN-AS": ("Guwahati office", ("Anjali", "Bikash", "Chitra", "Deepak", "Esha", "Farid", "Gita", "Hiren", "Indira")),
    "IN-TR": ("Agartala office", ("Jaya", "Kamal", "Lipika", "Manik", "Nandita", "Omar", "Purnima", "Rajib", "Sima")),
}
_PARTNERS = {"IN-ML": ("Partner in Tura", "Balsan"), "BD-G": ("Partner in Sylhet", "Rahima")}
_OFFICE_ROLES = (
    (Role.INTAKE_OFFICER,),
    (Role.CASEWORKER, Role.COUNSELLOR),
    (Role.SUPERVISOR,),
    (Role.CASE_MANAGER, Role.REPATRIATION_COORDINATOR),
    (Role.POLICE_LIAISON, Role.AHTU_OFFICER),
    (Role.LAWYER, Role.FINANCE_OFFICER),
    (Role.MEDICAL_OFFICER, Role.SHELTER_MANAGER),
    (Role.PARTNERSHIP_MANAGER, Role.PRESS_OFFICER, Role.PREVENTION_OFFICER),
    (Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD, Role.DATA_PROTECTION_OFFICER),
)
_ON_CALL = {"IN-AS": ("Chitra", "Deepak"), "IN-TR": ("Lipika", "Manik"), "IN-ML": ("Balsan",), "BD-G": ("Rahima",)}
_WEEK = timedelta(days=7)
_WEEKS_BEFORE, _WEEKS_AFTER = 26, 52
ADMIN = uuid5(_NAMESPACE, "admin")

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


class DemoUnit(NamedTuple):
    """A unit of the demo, with who plays each role in it."""

    id: UUID
    jurisdiction: str
    people: dict[str, Viewer]


def add_people(engine: Engine) -> tuple[DemoUnit, ...]:
    """Write the demo's units and people, unless they are there; returns the two offices that keep cases."""
    library = engine.library()
    with engine.transaction() as tx:
        for jurisdiction in (*_PLACES, *_PARTNERS):
            name = _PLACES[jurisdiction][0] if jurisdiction in _PLACES else _PARTNERS[jurisdiction][0]
            tx.of(DirectoryStore).add_organisation(_id("organisation", jurisdiction), name=name)
            tx.of(DirectoryStore).add_unit(
                _id("unit", jurisdiction), organisation_id=_id("organisation", jurisdiction), name=name,
                jurisdiction=jurisdiction, zone=library.calendar(jurisdiction).zone, contact=f"duty desk, {name}",
            )  # fmt: skip
        tx.of(DirectoryStore).make_hub(_id("organisation", "IN-AS"))
        for jurisdiction, (_, names) in _PLACES.items():
            for name, roles in zip(names, _OFFICE_ROLES, strict=True):
                actor = _id(jurisdiction, name)
                tx.of(DirectoryStore).add_actor(actor, name=name, email=f"{name.lower()}@demo.example", demo=True)
                for role in roles:
                    tx.of(DirectoryStore).add_role(actor, unit_id=_id("unit", jurisdiction), role=role.value)
        for jurisdiction, (_, name) in _PARTNERS.items():
            actor = _id(jurisdiction, name)
            tx.of(DirectoryStore).add_actor(actor, name=name, email=f"{name.lower()}@demo.example", demo=True)
            for role in (Role.CASEWORKER, Role.PARTNERSHIP_MANAGER):
                tx.of(DirectoryStore).add_role(actor, unit_id=_id("unit", jurisdiction), role=role.value)
        tx.of(DirectoryStore).add_actor(ADMIN, name="Tomba", email="tomba@demo.example", demo=True)
        tx.of(DirectoryStore).add_role(ADMIN, unit_id=_id("unit", "IN-AS"), role=Role.SYSTEM_ADMINISTRATOR.value)
        tx.of(HousekeepingStore).set_installation(PUBLIC_REPORTS, {"unit_id": str(unit_of("IN-AS"))})
        tx.commit()
    return tuple(_unit(engine, jurisdiction) for jurisdiction in _PLACES)


def add_rota(engine: Engine) -> None:
    """Put somebody of each unit on call around the clock, by turns of a week: half a year back and a year ahead."""
    now = engine.clock.now()
    first = now.replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
    with engine.transaction() as tx:
        for jurisdiction, names in _ON_CALL.items():
            for week in range(-_WEEKS_BEFORE, _WEEKS_AFTER):
                shift = _shift(jurisdiction, names[week % len(names)], first + week * _WEEK)
                tx.of(DutyStore).add_shift(shift, by=None, at=now)
        tx.commit()


def unit_of(jurisdiction: str) -> UUID:
    """Return the id of a unit of the demo, partners included."""
    return _id("unit", jurisdiction)


def person(jurisdiction: str, name: str) -> UUID:
    """Return the id of somebody of the demo."""
    return _id(jurisdiction, name)


def unit_for(engine: Engine, jurisdiction: str) -> DemoUnit:
    """Return the office of a jurisdiction; the Guwahati office for one without an office."""
    return _unit(engine, jurisdiction if jurisdiction in _PLACES else "IN-AS")


def _shift(jurisdiction: str, name: str, starts_at: datetime) -> Shift:
    return Shift(
        id=_id("shift", jurisdiction, starts_at.isoformat()), unit_id=unit_of(jurisdiction),
        actor_id=_id(jurisdiction, name), starts_at=starts_at, ends_at=starts_at + _WEEK,
    )  # fmt: skip


def _unit(engine: Engine, jurisdiction: str) -> DemoUnit:
    people: dict[str, Viewer] = {}
    for name, roles in zip(_PLACES[jurisdiction][1], _OFFICE_ROLES, strict=True):
        viewer = engine.ask_all(as_viewer, _id(jurisdiction, name))
        people |= {role.value: viewer for role in roles}
    return DemoUnit(_id("unit", jurisdiction), jurisdiction, people)


def _id(*parts: str) -> UUID:
    return uuid5(_NAMESPACE, "|".join(parts))


_HOME = "IN-AS"
_DAY = timedelta(days=1)


def add_habits(engine: Engine) -> None:
    """Let somebody be away, a shift be handed over, and somebody read one message a day: before any case begins."""
    now = engine.clock.now()
    supervisor = _viewer(engine, "Chitra")
    note_absence(
        engine, viewer=supervisor, command_id=engine.entropy.uuid(), actor_id=person(_HOME, "Gita"),
        starts_at=now - _DAY, ends_at=now + 6 * _DAY, deputy_id=person(_HOME, "Deepak"),
    )  # fmt: skip
    with engine.transaction() as tx:
        present = tx.of(DutyStore).on_call(unit_of(_HOME), at=now)[0]
    taker = next(actor for name in ("Chitra", "Deepak") if (actor := person(_HOME, name)) != present.actor_id)
    hand_over(
        engine, viewer=supervisor, command_id=engine.entropy.uuid(), unit_id=present.unit_id, to=taker,
    )  # fmt: skip
    save_preference(engine, viewer=_viewer(engine, "Indira"), digest="daily")


def add_doings(engine: Engine, *, child: UUID, abroad: UUID) -> None:
    """Pause a limit, ask for more time, offer work to other units, add a holiday: once the cases have come to now."""
    now = engine.clock.now()

    def stand_still(deadline: Deadline) -> None:
        pause_deadline(
            engine, deadline.id, case_id=child, viewer=_viewer(engine, "Deepak"), command_id=engine.entropy.uuid(),
            until=now + 2 * _DAY, reason_code="person_unwell",
        )  # fmt: skip

    def ask(deadline: Deadline) -> None:
        ask_extension(
            engine, deadline.id, case_id=child, viewer=_viewer(engine, "Bikash"), command_id=engine.entropy.uuid(),
            more="PT6H", reason_code="interpreter",
        )  # fmt: skip

    limits = _limits_of_the_programme(engine, child)
    _with_the_first_that_allows_it(limits, stand_still)
    _with_the_first_that_allows_it(limits, ask)
    _send(engine, child, _viewer(engine, "Deepak"), to="IN-ML", purpose="home_investigation", help_="home_visit")
    abroad_lead = engine.ask_all(as_viewer, person("IN-TR", "Manik"))
    _send(engine, abroad, abroad_lead, to=_HOME, purpose="shelter", help_="safe_place")
    _add_holiday(engine, now)


def _send(engine: Engine, case_id: UUID, lead: Viewer, *, to: str, purpose: str, help_: str) -> None:
    """Write down what the guardian agreed to, and ask another unit for help on it; it has not answered yet."""
    with engine.transaction() as tx:
        victim = next(one for one in tx.of(CaseStore).read(case_id).persons if one.role is PersonRole.POSSIBLE_VICTIM)
    fields = fields_of(("name", "age_and_sex", "language"))
    agreed = GivenConsent(
        person_id=victim.person_id, kind=GivenBy.GUARDIAN, purposes=(purpose,), recipients=(f"unit:{unit_of(to)}",),
        fields=fields, valid_until=engine.clock.now() + 90 * _DAY, language="as", read_aloud=True, assent="yes",
    )  # fmt: skip
    consent = record_consent(engine, case_id, viewer=lead, command_id=engine.entropy.uuid(), agreed=agreed)
    wanted = ReferralRequest(purpose=purpose, help=help_, fields=fields, consent_id=consent)
    offer_referral(
        engine, case_id, viewer=lead, command_id=engine.entropy.uuid(), to_unit_id=unit_of(to), wanted=wanted
    )


def _limits_of_the_programme(engine: Engine, case_id: UUID) -> Iterator[Deadline]:
    """Go once through the open limits that are not of the law, the last due first."""
    with engine.transaction() as tx:
        deadlines = tx.of(CaseStore).lock(case_id).deadlines.values()
    mine = [d for d in deadlines if d.purpose is Purpose.LIMIT and d.law is None and d.status is DeadlineStatus.OPEN]
    yield from sorted(mine, key=lambda one: (one.due_at, one.key), reverse=True)


def _with_the_first_that_allows_it(limits: Iterator[Deadline], act: Callable[[Deadline], None]) -> None:
    """Do something to a limit; a workflow may have none that can be paused, or that more time can be asked for."""
    for deadline in limits:
        try:
            act(deadline)
        except IcmcError:
            continue
        return


def _add_holiday(engine: Engine, now: datetime) -> None:
    calendar = engine.library().calendar(_HOME)
    day = now.astimezone(calendar.zone_info).date() + 10 * _DAY
    while not calendar.is_working_day(day):
        day += _DAY
    new = NewDay(_HOME, day, "Flood holiday", "By order of the district magistrate (invented)")
    add_special_day(engine, new, viewer=engine.ask_all(as_viewer, ADMIN))


def _viewer(engine: Engine, name: str) -> Viewer:
    return engine.ask_all(as_viewer, person(_HOME, name))


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
