"""The ledger of consents of a case and all that was sent of it, for the unit that has the case."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import FromClause, func, select, true

from engine.cases.visibility import kept_by
from engine.core.policy import Action, Viewer, require, units_that_let
from engine.db.reading import Reading, Row, few
from engine.db.shape import ACTOR, CASE, CASE_PERSON, REFERRAL, UNIT
from engine.db.tables import TABLES
from engine.errors import NotFoundError
from engine.language.names import in_running_words
from engine.sharing.records.consent import (
    ConsentView,
    MatchView,
    NamedView,
    ProbeLine,
    SharedView,
    SharingView,
    law_of,
    titles_of,
)
from engine.sharing.store import opened_consent, opened_partner

CONSENT, LINK, VIEW, ORGANISATION = (
    TABLES[name] for name in ("consent", "partner_link", "partner_view", "organisation")
)
ALERT, PROBE = TABLES["match_alert"], TABLES["match_probe"]
_SHOWN_FOR: Final = timedelta(days=30)
Names = Mapping[UUID, str]


def sharing(reading: Reading, viewer: Viewer, case_id: UUID) -> SharingView:
    """Show what was agreed and sent of a case to those of the unit that has it; raises `NotFoundError`."""
    found = reading.soon(
        reading.first,
        select(CASE.c.id, CASE.c.number, CASE.c.unit_id, CASE.c.jurisdiction, UNIT.c.zone, UNIT.c.name.label("unit"))
        .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        .where(CASE.c.id == case_id, kept_by(viewer)),
    )
    given = reading.soon(
        reading.rows,
        select(CONSENT).where(CONSENT.c.case_id == case_id).order_by(CONSENT.c.recorded_at.desc(), CONSENT.c.id),
    )
    named = [reading.soon(_names, reading, table) for table in (UNIT, ORGANISATION, ACTOR)]
    numbered, sent = reading.soon(_labels, reading, case_id), reading.soon(_sent_rows, reading, case_id)
    case = found()
    if case is None:
        raise NotFoundError(kind="case")
    labels, consents = numbered(), given()
    units, organisations, people = (names() for names in named)
    return SharingView(
        case_id=case_id,
        number=case["number"],
        zone=case["zone"],
        jurisdiction=case["jurisdiction"],
        unit=case["unit"],
        consents=tuple(_consent(reading, row, labels, people, {**units, **organisations}) for row in consents),
        sent=tuple(
            _sent(row, opened_partner(reading.vault, row), case["jurisdiction"], units, people, labels)
            for row in sent()
        ),
        persons=_named(labels),
        units=_named({key: name for key, name in units.items() if key != case["unit_id"]}),
        organisations=_named(organisations),
    )


def matches(reading: Reading, viewer: Viewer) -> tuple[MatchView, ...]:
    """List what other units ask about persons of the viewer's cases, and which may know them, new ones first.

    Raises `NotAllowedError`.
    """
    require(viewer, Action.SEE_MATCHES)
    other, by = UNIT.alias("other_unit"), ACTOR.alias("answered_by")
    rows = reading.rows(
        select(
            ALERT.c.id, ALERT.c.case_id, CASE.c.number.label("case_number"), other.c.name.label("unit"),
            other.c.contact, ALERT.c.found_at, ALERT.c.seen_at, func.coalesce(ACTOR.c.name, "").label("seen_by"),
            ALERT.c.is_question, ALERT.c.answer, ALERT.c.answered_at, func.coalesce(by.c.name, "").label("answered_by"),
        )
        .select_from(
            ALERT.join(CASE, CASE.c.id == ALERT.c.case_id)
            .join(other, other.c.id == ALERT.c.other_unit_id)
            .outerjoin(ACTOR, ACTOR.c.id == ALERT.c.seen_by)
            .outerjoin(by, by.c.id == ALERT.c.answered_by)
        )
        .where(kept_by(viewer, Action.SEE_MATCHES))
        .order_by(func.coalesce(ALERT.c.seen_at, ALERT.c.answered_at).is_not(None), ALERT.c.found_at.desc(), ALERT.c.id)
        .limit(few(200))
    )  # fmt: skip
    return tuple(MatchView(**row) for row in rows)


def probes(reading: Reading, viewer: Viewer) -> tuple[ProbeLine, ...]:
    """List who had how many persons compared with those of other units, day by day, for who reads the audit there.

    Raises `NotAllowedError`.
    """
    require(viewer, Action.SEE_AUDIT)
    since = (reading.now - _SHOWN_FOR).date()
    rows = reading.rows(
        select(
            PROBE.c.day, UNIT.c.name.label("unit"), func.coalesce(ACTOR.c.name, "The system").label("actor"),
            PROBE.c.compared, PROBE.c.held,
        )
        .select_from(
            PROBE.join(UNIT, UNIT.c.id == PROBE.c.unit_id).outerjoin(ACTOR, ACTOR.c.id == PROBE.c.actor_id)
        )
        .where(PROBE.c.day >= since)
        .where(true() if viewer.is_system else PROBE.c.unit_id.in_(sorted(units_that_let(viewer, Action.SEE_AUDIT))))
        .order_by(PROBE.c.day.desc(), PROBE.c.compared.desc(), UNIT.c.name, PROBE.c.actor_id)
        .limit(few(500))
    )  # fmt: skip
    return tuple(ProbeLine(**row) for row in rows)


def _sent_rows(reading: Reading, case_id: UUID) -> list[Row]:
    views = (
        select(
            LINK.c.referral_id,
            func.count(VIEW.c.id).label("views"),
            func.max(VIEW.c.at).label("last_view_at"),
            func.max(LINK.c.expires_at)
            .filter(LINK.c.ended_at.is_(None), LINK.c.expires_at > reading.now)
            .label("link_until"),
        )
        .select_from(LINK.outerjoin(VIEW, VIEW.c.link_id == LINK.c.id))
        .where(LINK.c.case_id == case_id)
        .group_by(LINK.c.referral_id)
        .subquery()
    )
    return reading.rows(
        select(REFERRAL, views.c.views, views.c.last_view_at, views.c.link_until)
        .select_from(REFERRAL.outerjoin(views, views.c.referral_id == REFERRAL.c.id))
        .where(REFERRAL.c.case_id == case_id)
        .order_by(REFERRAL.c.sent_at.desc(), REFERRAL.c.id)
    )


def _sent(
    row: Row, partner: tuple[str, str], jurisdiction: str, units: Names, people: Names, labels: Names
) -> SharedView:
    same = (
        "id", "kind", "status", "purpose", "help", "urgency", "consent_id", "ground", "sent_at", "due_at",
        "answered_at", "reason_code", "ended_at", "ended_reason", "last_view_at", "link_until",
    )  # fmt: skip
    fields = tuple(row["fields"])
    return SharedView(
        **{name: row[name] for name in same},
        to=units.get(row["to_unit_id"], partner[0] or "An organisation outside the network"),
        phone=partner[1],
        is_outside=row["to_unit_id"] is None,
        is_hub=row["to_hub_id"] is not None,
        parts=titles_of(fields),
        fields=fields,
        persons=tuple(labels.get(one, "A person who is no longer in the case") for one in row["persons"]),
        law=law_of(row["ground"], jurisdiction),
        asked_by=people.get(row["asked_by"], ""),
        released_by=people.get(row["released_by"], ""),
        released_by_id=row["released_by"],
        second_by=people.get(row["second_by"], ""),
        answered_by=people.get(row["answered_by"], ""),
        views=row["views"] or 0,
    )


def _consent(reading: Reading, row: Row, labels: Names, people: Names, bodies: Names) -> ConsentView:
    same = ("id", "kind", "valid_until", "recorded_at", "withdrawn_at", "step_id")
    told = {"language": "", "read_aloud": None, "assent": ""}
    told |= opened_consent(reading.vault, row["id"], row["encrypted_answers"])
    has_run_out = row["valid_until"] is not None and row["valid_until"] <= reading.now
    state = "withdrawn" if row["withdrawn_at"] else "ran_out" if has_run_out else "live"
    fields = tuple(row["fields"])
    return ConsentView(
        **{name: row[name] for name in same},
        **told,
        person=labels.get(row["person_id"], "A person in the case"),
        purposes=tuple(row["purposes"]),
        recipients=tuple(_recipient(name, bodies) for name in row["recipients"]),
        parts=titles_of(fields),
        fields=fields,
        state=state,
        recorded_by=people.get(row["recorded_by"], ""),
        withdrawn_by=people.get(row["withdrawn_by"], ""),
    )


def _recipient(name: str, bodies: Names) -> str:
    kind, _, value = name.partition(":")
    if kind == "kind":
        return in_running_words(value)
    try:
        return bodies.get(UUID(value), "An organisation that is no longer here")
    except ValueError:
        return value


def _named(names: Names) -> tuple[NamedView, ...]:
    return tuple(NamedView(id=key, name=name) for key, name in names.items())


def _labels(reading: Reading, case_id: UUID) -> dict[UUID, str]:
    is_here = func.bool_or(CASE_PERSON.c.removed_at.is_(None))
    rows = reading.rows(
        select(CASE_PERSON.c.person_id, func.min(CASE_PERSON.c.position).label("number"))
        .where(CASE_PERSON.c.case_id == case_id)
        .group_by(CASE_PERSON.c.person_id)
        .having(is_here)
    )
    here = sorted((row["number"], row["person_id"]) for row in rows)
    return {person: f"Person {number}" for number, person in here}


def _names(reading: Reading, table: FromClause) -> dict[UUID, str]:
    columns = table.c
    return {row["id"]: row["name"] for row in reading.rows(select(columns.id, columns.name).order_by(columns.name))}
