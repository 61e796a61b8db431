"""Look for persons by name, telephone or home; that somebody did is written first."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, cast

from engine.access.records import FOUND, MOST_FOUND_IN_AN_HOUR
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import reading_of
from engine.core.policy import Action, Viewer, can
from engine.errors import AuditUnavailableError, NotAllowedError, TooOftenError
from engine.persons.records import FoundPeople
from engine.persons.views.finding import found_people
from engine.ports import JsonValue

PAGE: Final = 20
LONGEST: Final = 80
_HOUR: Final = timedelta(hours=1)


def find_people(engine: Engine, *, viewer: Viewer, words: str = "", page: int = 1) -> FoundPeople:
    """Find persons whom the viewer may reveal by words of their names, in any script, a number or a village.

    The search is recorded without its words, and each person on the page as a reading of their case, before either is
    shown. Raises `NotAllowedError`, `TooOftenError`, and `AuditUnavailableError` where it cannot be recorded.
    """
    if not can(viewer, Action.REVEAL):
        raise NotAllowedError(actor=viewer.name, action=Action.REVEAL.value)
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
    actor = None if viewer.is_system else viewer.actor_id
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
