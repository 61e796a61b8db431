"""What happened in a case as the person whom it is about may read it."""

from collections.abc import Iterator, Mapping
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Text, cast, select

from engine import views as vw
from engine.adapters.sql import tables as tb
from engine.adapters.sql.queries.audit import case_zone
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.sentences import Body, sentence
from engine.adapters.sql.queries.shape import (
    CASE,
    CASE_PERSON,
    EVENT,
    MEMBERSHIP,
    REFERRAL,
    RUN,
    STEP,
)
from engine.adapters.sql.queries.sight import require_whole
from engine.domain.paths import person_in
from engine.domain.policy import Action
from engine.domain.untold import is_untold_role, is_untold_step, untold_persons

_READ = tb.ReadingRow.metadata.tables["reading"]
_TOLD = frozenset(
    {
        "CaseOpened", "CaseClosed", "CaseReopened", "PersonAdded", "PersonIdentified", "PersonCorrected", "StepEnded",
        "StepCancelled", "ReferralOffered", "ReferralAccepted", "ReferralDeclined", "ReferralRecalled", "GlassBroken",
        "GlassConfirmed", "GlassEnded", "ConsentRecorded", "ConsentWithdrawn",
    },
)  # fmt: skip
"""What the person is told of; time limits, ladders and what our people do among each other say nothing to them."""


def account(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.AccountLine, ...]:
    """Tell what happened in a case as the person may read it: what, when, by which role; no name of anybody.

    What tells of informants, or of suspects and what is done about them, is left out, and what somebody typed is never
    quoted. Only the case's own unit makes it. Raises `NotFoundError`, `NotAllowedError`.
    """
    require_whole(reading, viewer, case_id, Action.READ_HISTORY)
    zone = case_zone(reading, viewer, case_id)
    untold = _untold(reading, case_id)
    titles, steps = _safe_titles(reading, case_id, untold)
    hidden = frozenset({*steps, *map(str, untold), *_sent_about(reading, case_id, untold)})
    lines = (*_happened(reading, case_id, titles, hidden), *_looked_at(reading, case_id, zone, hidden))
    return tuple(sorted(lines, key=lambda line: line.at))


def _happened(
    reading: Reading, case_id: UUID, titles: Mapping[str, str], hidden: frozenset[str]
) -> Iterator[vw.AccountLine]:
    roles = _roles(reading, case_id)
    rows = reading.rows(
        select(EVENT.c.at, EVENT.c.type, EVENT.c.body, EVENT.c.actor_id)
        .where(EVENT.c.case_id == case_id, EVENT.c.type.in_(sorted(_TOLD)))
        .order_by(EVENT.c.seq)
    )
    for row in rows:
        body, step_id = row["body"], _step_in(row["body"])
        if hidden.isdisjoint((step_id, *_ids_in(body))) and not is_untold_role(_came_as(body)):
            text = sentence(row["type"], body, partial(_named, titles.get(step_id, "")))
            yield vw.AccountLine(at=row["at"], role=roles.get(row["actor_id"], ""), text=text)


def _named(name: str, _body: Body) -> str:
    return name


def _step_in(body: Body) -> str:
    part = body.get("step") or body
    return str(part.get("step_id") or part.get("id") or "")


def _ids_in(body: Body) -> tuple[str, ...]:
    """Give whom an event speaks of, and which referral."""
    person = body.get("person") or {}
    return str(person.get("person_id", "")), str(body.get("person_id", "")), str(body.get("referral_id", ""))


def _came_as(body: Body) -> str:
    return str((body.get("person") or {}).get("role", ""))


def _looked_at(reading: Reading, case_id: UUID, zone: ZoneInfo, hidden: frozenset[str]) -> Iterator[vw.AccountLine]:
    """Tell once for each day of the case's zone and role that what identifies people was looked at."""
    rows = reading.rows(
        select(_READ.c.at, _READ.c.roles, _READ.c.subject_id)
        .where(_READ.c.case_id == case_id, _READ.c.classes != cast([], ARRAY(Text())))
        .order_by(_READ.c.seq)
    )
    seen = set()
    for row in rows:
        role, day = row["roles"][0] if row["roles"] else "", row["at"].astimezone(zone).date()
        if (day, role) not in seen and str(row["subject_id"]) not in hidden:
            seen.add((day, role))
            yield vw.AccountLine(at=row["at"], role=role, text="Someone looked at what you said, or at who you are.")


def _untold(reading: Reading, case_id: UUID) -> frozenset[UUID]:
    """Give the persons of a case of whom nothing is told."""
    rows = reading.rows(select(CASE_PERSON.c.person_id, CASE_PERSON.c.role).where(CASE_PERSON.c.case_id == case_id))
    return untold_persons((row["person_id"], row["role"]) for row in rows)


def _sent_about(reading: Reading, case_id: UUID, untold: frozenset[UUID]) -> set[str]:
    """Give the ids of what was sent about nobody but those persons."""
    sent = reading.rows(select(REFERRAL.c.id, REFERRAL.c.persons).where(REFERRAL.c.case_id == case_id))
    return {str(row["id"]) for row in sent if row["persons"] and untold.issuperset(row["persons"])}


def _safe_titles(reading: Reading, case_id: UUID, untold: frozenset[UUID]) -> tuple[dict[str, str], set[str]]:
    """Give the titles of steps in published words, and the steps of which the person is not told."""
    rows = reading.rows(
        select(STEP.c.id, STEP.c.key, STEP.c.uses, STEP.c.path, STEP.c.added, RUN.c.definition_hash)
        .select_from(STEP.join(RUN, RUN.c.id == STEP.c.run_id))
        .where(STEP.c.case_id == case_id)
    )
    titles, hidden = {}, set()
    for row in rows:
        step_type = reading.known.step_type(row["uses"])
        classes = {spec.sealed_class for spec in step_type.fields} if step_type else set()
        if person_in(row["path"]) in untold or is_untold_step(row["uses"], classes):
            hidden.add(str(row["id"]))
        published = "" if row["added"] else row["definition_hash"]
        titles[str(row["id"])] = reading.known.title(published, row["key"], row["uses"], None)
    return titles, hidden


def _roles(reading: Reading, case_id: UUID) -> dict[UUID, str]:
    """Give one role of each who acted in a case: that of the case's own unit before another one's."""
    rows = reading.rows(
        select(MEMBERSHIP.c.actor_id, MEMBERSHIP.c.role)
        .select_from(MEMBERSHIP.join(CASE, CASE.c.id == case_id))
        .where(MEMBERSHIP.c.actor_id.in_(select(EVENT.c.actor_id).where(EVENT.c.case_id == case_id)))
        .order_by((MEMBERSHIP.c.unit_id == CASE.c.unit_id), MEMBERSHIP.c.role.desc())
    )
    return {row["actor_id"]: row["role"] for row in rows}
