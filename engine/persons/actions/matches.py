"""Look for persons by what is known of them, and let the unit that knew one first decide whether to answer."""

import logging
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final, cast
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from engine.access.records import FOUND, MOST_FOUND_IN_AN_HOUR
from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.audit.records import AuditUnavailableError
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import reading_of, require_member
from engine.cases.store import CaseStore
from engine.core.matching import PATTERN_DAYS, PROBES_A_DAY, ComparedPerson, MatchAlert, Pattern, SharedPerson, stage_of
from engine.core.policy import ROLES_THAT_MAY, Action, Viewer, require
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, NotFoundError, TooOftenError
from engine.language.names import Role
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import Unit
from engine.people.store import DirectoryStore
from engine.persons.match_store import MatchStore
from engine.persons.records import FoundPeople
from engine.persons.views.person import found_people

PAGE: Final = 20
LONGEST: Final = 80
_HOUR: Final = timedelta(hours=1)


def find_people(engine: Engine, *, viewer: Viewer, words: str = "", page: int = 1) -> FoundPeople:
    """Find persons whom the viewer may reveal by words of their names, in any script, a number or a village.

    The search is recorded without its words, and each person on the page as a reading of their case, before either is
    shown. Raises `NotAllowedError`, `TooOftenError`, and `AuditUnavailableError` where it cannot be recorded.
    """
    require(viewer, Action.REVEAL)
    words = words[:LONGEST]
    told = {"name": words}
    found = engine.ask(
        found_people, viewer, engine.fingerprints.asked(words), offset=(page - 1) * PAGE, limit=PAGE,
        likeness=lambda known: engine.fingerprints.likeness(told, cast("Mapping[str, JsonValue]", known)).name,
    )  # fmt: skip
    _record(engine, viewer, found)
    return found


def _record(engine: Engine, viewer: Viewer, found: FoundPeople) -> None:
    at = engine.clock.now()
    actor = viewer.acting_id
    read = partial(reading_of, viewer, what=FOUND, classes=("identifying",), at=at)
    try:
        with engine.transaction() as tx:
            log = tx.of(AuditLogStore)
            _require_pace(log, viewer, since=at - _HOUR)
            log.note("access", "PeopleSearched", {"found": found.count}, actor_id=actor, at=at)
            for line in found.lines:
                log.note_reading(read(line.case_id, subject_id=line.id))
            tx.commit()
    except TooOftenError:
        raise
    except Exception as error:
        raise AuditUnavailableError from error


def _require_pace(log: AuditLogStore, viewer: Viewer, *, since: datetime) -> None:
    seen = 0 if viewer.is_system else log.count_readings(viewer.actor_id, of=(FOUND,), since=since)
    if seen >= MOST_FOUND_IN_AN_HOUR:
        raise TooOftenError(what="A full page of people who were found", most=MOST_FOUND_IN_AN_HOUR // PAGE)


log = logging.getLogger(__name__)
KIND: Final = "match_found"
ANSWERED: Final = "match_answered"
PATTERN: Final = "pattern_found"
LIMIT: Final = "match_limit"
YES, NO = "yes", "no"
_AT_ONCE: Final = 200
_WATCHING: Final = (Role.SAFEGUARDING_LEAD.value, Role.DATA_PROTECTION_OFFICER.value)
_LEADS: Final = tuple(sorted(role.value for role in ROLES_THAT_MAY[Action.SEE_MATCHES]))


def find_matches(engine: Engine) -> int:
    """Compare whoever was written down since with the persons of other units; returns how many were compared.

    It runs by itself, some time after, and writes nothing into a case: whoever wrote a person down sees the same
    whether another unit knows them or not. Each person has a transaction of their own; one that fails is logged by id.
    What one person or one unit asks beyond the limit of a day waits for the next, and those who watch over it are told.
    """
    with engine.transaction() as tx:
        waiting = tx.of(MatchStore).asked(now=engine.clock.now(), most=_AT_ONCE)
    count = 0
    for person in waiting:
        try:
            count += _compare(engine, person)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("person_could_not_be_compared", extra={"person_id": str(person)})  # noqa: TRY400
    return count


def mark_match_seen(engine: Engine, alert_id: UUID, *, viewer: Viewer) -> None:
    """Note that a lead has seen an alert. Raises `NotFoundError`, `NotAllowedError`."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        alert = _alert(tx, alert_id)
        require_member(viewer, tx.of(CaseStore).read(alert.case_id), Action.SEE_MATCHES, kind="match")
        tx.of(MatchStore).seen(alert_id, by=viewer.actor_id, at=now)
        tx.commit()


def answer_match(engine: Engine, alert_id: UUID, *, viewer: Viewer, answer: str) -> None:
    """Answer, for the unit that knew a person first, whether another one hears whom to call: only of a yes it does.

    Raises `NotFoundError`, `NotAllowedError`, `AlreadyEndedError` for what was answered otherwise or asks nothing.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        alert = _alert(tx, alert_id)
        require_member(viewer, tx.of(CaseStore).lock(alert.case_id), Action.SEE_MATCHES, kind="match")
        if not alert.is_question or (alert.answer and alert.answer != answer) or answer not in {YES, NO}:
            raise AlreadyEndedError(kind="question")
        if tx.of(MatchStore).answer(alert_id, answer=answer, by=viewer.actor_id, at=now):
            body = {"match_id": str(alert.id), "answer": answer}
            tx.of(AuditLogStore).note("access", "MatchAnswered", body, actor_id=viewer.actor_id, at=now)
            if answer == YES:
                _notify_who_asked(engine, tx, alert, now)
        tx.commit()


def _alert(tx: Transaction, alert_id: UUID) -> MatchAlert:
    found = tx.of(MatchStore).get(alert_id)
    if found is None:
        raise NotFoundError(kind="match")
    return found


def _notify_who_asked(engine: Engine, tx: Transaction, alert: MatchAlert, now: datetime) -> None:
    """Tell the leads of the unit that asked whom to call, unless one of both must not learn of the other's case now."""
    if alert.about_case_id is None:
        return
    asking = tx.of(CaseStore).read(alert.about_case_id).case
    told = SharedPerson(asking.id, asking.unit_id, alert.case_id, alert.unit_id, alert.kinds)
    if asking.unit_id == alert.unit_id or _must_not_know(tx, told):
        return
    found = _note(tx, told, now, is_question=False)
    if found is not None:
        unit = tx.of(DirectoryStore).unit(found.unit_id)
        _notify(engine, tx, ANSWERED, f"match|{found.id}", unit, (found.case_id,), now)


def _compare(engine: Engine, person: UUID) -> bool:
    now = engine.clock.now()
    with engine.transaction() as tx:
        asked = tx.of(MatchStore).claim(person)
        if asked is None:
            return False
        if not _is_within_limits(engine, tx, asked, now):
            tx.commit()
            return False
        for shared in tx.of(MatchStore).shared(person):
            if not _must_not_know(tx, shared):
                _ask(engine, tx, shared, now)
        for pattern in tx.of(MatchStore).patterns(person, since=now - PATTERN_DAYS):
            _notify_pattern(engine, tx, pattern, now)
        tx.of(MatchStore).done(person)
        tx.commit()
        return True


def _is_within_limits(engine: Engine, tx: Transaction, asked: ComparedPerson, now: datetime) -> bool:
    """Count a comparison, whatever it will find; one beyond the limits waits for the next day of its unit."""
    unit = tx.of(DirectoryStore).unit(asked.unit_id)
    zone = ZoneInfo(unit.zone if unit else "UTC")
    day = now.astimezone(zone).date()
    by_person, by_unit = tx.of(MatchStore).count_probe(asked, day=day)
    if by_person <= PROBES_A_DAY["person"] and by_unit <= PROBES_A_DAY["unit"]:
        return True
    tx.of(MatchStore).hold(asked, day=day, until=datetime.combine(day + timedelta(days=1), time(), tzinfo=zone))
    whose = asked.by if by_person > PROBES_A_DAY["person"] else None
    _notify_who_watches(engine, tx, asked.unit_id, whose, f"{day}", now)
    return False


def _notify_who_watches(
    engine: Engine, tx: Transaction, unit_id: UUID, whose: UUID | None, day: str, now: datetime
) -> None:
    """Tell those who watch over data in a unit that somebody, or all of it, has asked unusually often; once a day."""
    unit = tx.of(DirectoryStore).unit(unit_id)
    ours = [one for one in tx.of(DirectoryStore).holders(roles=_WATCHING, unit_id=unit_id) if one.id != whose]
    people = ours or [one for one in tx.of(DirectoryStore).holders(roles=_WATCHING) if one.id != whose]
    notify_of_system(
        engine, tx, kind=LIMIT, rule=f"{LIMIT}|{unit_id}|{whose or ''}|{day}", people=people,
        channels=(IN_APP, EMAIL), link="/audit", now=now, unit=unit,
    )  # fmt: skip


def _ask(engine: Engine, tx: Transaction, shared: SharedPerson, now: datetime) -> None:
    """Ask the leads of the unit that knew the person first, once for a case and another unit."""
    alert = _note(tx, shared, now, is_question=True)
    if alert is not None:
        unit = tx.of(DirectoryStore).unit(alert.unit_id)
        _notify(engine, tx, KIND, f"match|{alert.id}", unit, (alert.case_id,), now)


def _note(tx: Transaction, shared: SharedPerson, now: datetime, *, is_question: bool) -> MatchAlert | None:
    """Write for a unit which other one asks, or whom to call; None when that is written already."""
    alert = MatchAlert(
        id=uuid5(shared.case_id, f"{'question' if is_question else 'match'}|{shared.other_unit_id}"),
        unit_id=shared.unit_id, case_id=shared.case_id, other_unit_id=shared.other_unit_id, kinds=shared.kinds,
        found_at=now, is_question=is_question, about_case_id=shared.other_case_id if is_question else None,
    )  # fmt: skip
    if not tx.of(MatchStore).add(alert):
        return None
    body = {"match_id": str(alert.id), "unit_id": str(alert.unit_id), "other_unit_id": str(alert.other_unit_id)}
    tx.of(AuditLogStore).note("access", "MatchFound", body, actor_id=None, at=now)
    return alert


def _notify_pattern(engine: Engine, tx: Transaction, pattern: Pattern, now: datetime) -> None:
    """Tell each unit that had such a case before that one more shares a way, a number or a suspect with enough others.

    The unit that wrote it down last hears of its own cases alone, and the others which unit that is; they can answer.
    A case that a unit must not learn of is not counted for it, and its unit is not named.
    """
    asking_case, asking_unit = pattern.asking
    for unit_id in dict.fromkeys(unit for _, unit in pattern.cases):
        seen = [
            (case, unit)
            for case, unit in pattern.cases
            if unit == unit_id or (unit_id != asking_unit and not _is_denied(tx, case, unit_id))
        ]
        stage = stage_of(len(seen))
        if not stage:
            continue
        mine = tuple(case for case, unit in seen if unit == unit_id)
        if pattern.asking in seen and unit_id != asking_unit:
            about = SharedPerson(mine[0], unit_id, asking_case, asking_unit, ("pattern", pattern.kind))
            _note(tx, about, now, is_question=True)
        name = uuid5(unit_id, f"{pattern.token.hex()}|{stage}")
        _notify(engine, tx, PATTERN, f"pattern|{name}", tx.of(DirectoryStore).unit(unit_id), mine, now)


def _notify(
    engine: Engine, tx: Transaction, kind: str, rule: str, unit: Unit | None, cases: tuple[UUID, ...], now: datetime
) -> None:
    """Write to the leads of a unit from whom none of its cases is kept."""
    leads = tx.of(DirectoryStore).holders(roles=_LEADS, unit_id=unit.id) if unit else ()
    told = [
        one
        for one in leads
        if not any(tx.of(AccessStore).is_denied(case, actor_id=one.id, unit_ids=()) for case in cases)
    ]
    notify_of_system(
        engine, tx, kind=kind, rule=rule, people=told, channels=(IN_APP, EMAIL), link="/matches", now=now, unit=unit
    )


def _must_not_know(tx: Transaction, shared: SharedPerson) -> bool:
    """Return whether one of both units must not learn of the other's case: nobody is told then."""
    return _is_denied(tx, shared.case_id, shared.other_unit_id) or _is_denied(tx, shared.other_case_id, shared.unit_id)


def _is_denied(tx: Transaction, case_id: UUID, unit_id: UUID) -> bool:
    return tx.of(AccessStore).is_denied(case_id, actor_id=UUID(int=0), unit_ids=(unit_id,))
