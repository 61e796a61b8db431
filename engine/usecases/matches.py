"""Tell two units that they may know the same person: whom to call, and nothing of what the other one knows."""

import logging
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.domain.matching import MatchAlert, SharedPerson, is_worth_telling
from engine.domain.policy import ROLES_THAT_MAY, Action
from engine.errors import NotFoundError
from engine.stores import UnitOfWork
from engine.usecases.deciding import require_member
from engine.usecases.telling import EMAIL, IN_APP, tell_of_system
from engine.views import Viewer

log = logging.getLogger(__name__)
KIND: Final = "match_found"
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
            if is_worth_telling(shared.kinds) and not _must_not_know(work, shared):
                _alert(engine, work, shared, now)
                _alert(engine, work, _other_way(shared), now)
        work.matches.done(person)
        work.commit()
        return True


def _alert(engine: Engine, work: UnitOfWork, shared: SharedPerson, now: datetime) -> None:
    """Tell the leads of one of both units, once for a case and another unit."""
    alert = MatchAlert(
        id=uuid5(shared.case_id, f"match|{shared.other_unit_id}"), unit_id=shared.unit_id, case_id=shared.case_id,
        other_unit_id=shared.other_unit_id, kinds=shared.kinds, found_at=now,
    )  # fmt: skip
    if not work.matches.add(alert):
        return
    body = {"match_id": str(alert.id), "unit_id": str(alert.unit_id), "other_unit_id": str(alert.other_unit_id)}
    work.audit.note("access", "MatchFound", body, actor_id=None, at=now)
    leads = work.directory.holders(roles=_LEADS, unit_id=alert.unit_id)
    told = [one for one in leads if not work.access.is_denied(alert.case_id, actor_id=one.id, unit_ids=())]
    tell_of_system(
        engine, work, kind=KIND, rule=f"match|{alert.id}", people=told,
        channels=(IN_APP, EMAIL), link="/matches", now=now, unit=work.directory.unit(alert.unit_id),
    )  # fmt: skip


def _must_not_know(work: UnitOfWork, shared: SharedPerson) -> bool:
    """Say whether one of both units must not learn of the other's case: nobody is told then."""
    return _is_denied(work, shared.case_id, shared.other_unit_id) or _is_denied(
        work, shared.other_case_id, shared.unit_id
    )


def _is_denied(work: UnitOfWork, case_id: UUID, unit_id: UUID) -> bool:
    return work.access.is_denied(case_id, actor_id=UUID(int=0), unit_ids=(unit_id,))


def _other_way(shared: SharedPerson) -> SharedPerson:
    return SharedPerson(shared.other_case_id, shared.other_unit_id, shared.case_id, shared.unit_id, shared.kinds)
