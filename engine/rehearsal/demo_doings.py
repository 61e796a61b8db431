"""What the demo's people have done besides their cases, so that each page of time and duty has something to show."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.core.records import Deadline, DeadlineStatus, PersonRole, Purpose
from engine.core.viewer import Viewer
from engine.deadlines.actions.limits import ask_extension, pause_deadline
from engine.definitions.actions.days import NewDay, add_special_day
from engine.errors import IcmcError
from engine.messages.actions.preferences import save_preference
from engine.people.actions.duty import hand_over, note_absence
from engine.people.duty_store import DutyStore
from engine.people.viewer import as_viewer
from engine.rehearsal.demo_people import ADMIN, person, unit_of
from engine.sharing.actions.consents import GivenConsent, record_consent
from engine.sharing.actions.referrals import ReferralRequest, offer_referral
from engine.sharing.records.consent import GivenBy, fields_of

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
