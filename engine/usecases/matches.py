"""Tell two units that they may know the same person: whom to call, and nothing of what the other one knows."""

import logging
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.domain.matching import PATTERN_DAYS, MatchAlert, Pattern, SharedPerson, stage_of
from engine.domain.policy import ROLES_THAT_MAY, Action
from engine.errors import NotFoundError
from engine.stores import Unit, UnitOfWork
from engine.usecases.deciding import require_member
from engine.usecases.telling import EMAIL, IN_APP, tell_of_system
from engine.views import Viewer

log = logging.getLogger(__name__)
KIND: Final = "match_found"
PATTERN: Final = "pattern_found"
_AT_ONCE: Final = 200
_LEADS: Final = tuple(sorted(role.value for role in ROLES_THAT_MAY[Action.SEE_MATCHES]))


def find_matches(engine: Engine) -> int:
    """Compare whoever was written down since with the persons of other units; gives how many were compared.

    It runs by itself, some time after, and writes nothing into a case: whoever wrote a person down sees the same
    whether another unit knows them or not. Each person has a transaction of their own; one that fails is logged by id.
    """
    with engine.unit_of_work() as work:
        waiting = work.matches.asked(most=_AT_ONCE)
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
    with engine.unit_of_work() as work:
        alert = work.matches.get(alert_id)
        if alert is None:
            raise NotFoundError(kind="match")
        require_member(viewer, work.cases.read(alert.case_id), Action.SEE_MATCHES)
        work.matches.seen(alert_id, by=viewer.actor_id, at=now)
        work.commit()


def _compare(engine: Engine, person: UUID) -> bool:
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        if not work.matches.claim(person):
            return False
        for shared in work.matches.shared(person):
            if not _must_not_know(work, shared):
                _alert(engine, work, shared, now)
                _alert(engine, work, _other_way(shared), now)
        for pattern in work.matches.patterns(person, since=now - PATTERN_DAYS):
            _tell_pattern(engine, work, pattern, now)
        work.matches.done(person)
        work.commit()
        return True


def _alert(engine: Engine, work: UnitOfWork, shared: SharedPerson, now: datetime) -> None:
    """Tell the leads of one of both units, once for a case and another unit."""
    alert = _note(work, shared, now)
    if alert is not None:
        unit = work.directory.unit(alert.unit_id)
        _tell(engine, work, KIND, f"match|{alert.id}", unit, (alert.case_id,), now)


def _note(work: UnitOfWork, shared: SharedPerson, now: datetime) -> MatchAlert | None:
    """Write for one of both units whom to call; None when that is written already."""
    alert = MatchAlert(
        id=uuid5(shared.case_id, f"match|{shared.other_unit_id}"), unit_id=shared.unit_id, case_id=shared.case_id,
        other_unit_id=shared.other_unit_id, kinds=shared.kinds, found_at=now,
    )  # fmt: skip
    if not work.matches.add(alert):
        return None
    body = {"match_id": str(alert.id), "unit_id": str(alert.unit_id), "other_unit_id": str(alert.other_unit_id)}
    work.audit.note("access", "MatchFound", body, actor_id=None, at=now)
    return alert


def _tell_pattern(engine: Engine, work: UnitOfWork, pattern: Pattern, now: datetime) -> None:
    """Tell each unit with a case that shares a way, a number or a suspect with enough others, and whom to call.

    A case that a unit must not learn of is not counted for it, and its unit is not named.
    """
    for unit_id in dict.fromkeys(unit for _, unit in pattern.cases):
        seen = [(case, unit) for case, unit in pattern.cases if unit == unit_id or not _is_denied(work, case, unit_id)]
        stage = stage_of(len(seen))
        if not stage:
            continue
        mine = tuple(case for case, unit in seen if unit == unit_id)
        for case, unit in seen:
            if unit != unit_id:
                _note(work, SharedPerson(mine[0], unit_id, case, unit, ("pattern", pattern.kind)), now)
        name = uuid5(unit_id, f"{pattern.token.hex()}|{stage}")
        _tell(engine, work, PATTERN, f"pattern|{name}", work.directory.unit(unit_id), mine, now)


def _tell(
    engine: Engine, work: UnitOfWork, kind: str, rule: str, unit: Unit | None, cases: tuple[UUID, ...], now: datetime
) -> None:
    """Write to the leads of a unit from whom none of its cases is kept."""
    leads = work.directory.holders(roles=_LEADS, unit_id=unit.id) if unit else ()
    told = [
        one for one in leads if not any(work.access.is_denied(case, actor_id=one.id, unit_ids=()) for case in cases)
    ]
    tell_of_system(
        engine, work, kind=kind, rule=rule, people=told, channels=(IN_APP, EMAIL), link="/matches", now=now, unit=unit
    )


def _must_not_know(work: UnitOfWork, shared: SharedPerson) -> bool:
    """Say whether one of both units must not learn of the other's case: nobody is told then."""
    return _is_denied(work, shared.case_id, shared.other_unit_id) or _is_denied(
        work, shared.other_case_id, shared.unit_id
    )


def _is_denied(work: UnitOfWork, case_id: UUID, unit_id: UUID) -> bool:
    return work.access.is_denied(case_id, actor_id=UUID(int=0), unit_ids=(unit_id,))


def _other_way(shared: SharedPerson) -> SharedPerson:
    return shared._replace(
        case_id=shared.other_case_id, unit_id=shared.other_unit_id,
        other_case_id=shared.case_id, other_unit_id=shared.unit_id,
    )  # fmt: skip
