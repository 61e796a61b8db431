"""What left the viewer's cases or waits to, and what a partner without an account is shown of it."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, false, func, or_, select, true

from engine.cases.views.sight import opened_answers, opened_identity, opened_outputs, text_of
from engine.cases.visibility import kept_by, named, not_denied
from engine.core.access import OF_PERSONS, CaseAccess, Via, Way, covers, of_person, shows
from engine.core.case_links import UNSEEN
from engine.core.law.told import ages_of, in_words, strongest
from engine.core.policy import Viewer, visible_units
from engine.core.values import person_in
from engine.db.reading import VIEWERS_KEPT, Reading, Row, few
from engine.db.shape import ANSWER, CASE, CASE_PERSON, PERSON, REFERRAL, RUN, STEP, UNIT
from engine.errors import NotFoundError
from engine.keys.vault import Vault
from engine.messages.records import OfferView, SentView
from engine.persons.records import SHOWN_AS
from engine.plugin.fields import FieldSpec
from engine.sharing.records.consent import PartnerPage, SharedLine
from engine.sharing.store import opened_partner

_UNSEEN = tuple(status.value for status in UNSEEN)


def sent(
    reading: Reading, viewer: Viewer, *, is_held: bool = False, offset: int = 0, limit: int = 100
) -> tuple[SentView, ...]:
    """List referrals that wait to be sent, or that were, the latest first: only to whom, when, and what came back."""
    stands = REFERRAL.c.status == "held" if is_held else REFERRAL.c.status.not_in(("held", "dropped"))
    same = ("id", "case_id", "kind", "status", "due_at", "sent_at", "answered_at", "encrypted_to_name")
    came_in = and_(REFERRAL.c.to_unit_id.in_(sorted(visible_units(viewer))), REFERRAL.c.status.not_in(_UNSEEN))
    went_out = REFERRAL.c.unit_id.in_(sorted(visible_units(viewer)))
    ours, told = func.coalesce(kept_by(viewer), false()), named(REFERRAL.c.case_id)
    rows = reading.rows(
        select(
            *(REFERRAL.c[name] for name in same),
            told.c.number.label("case_number"),
            UNIT.c.name.label("to"),
            ours.label("is_ours"),
        )
        .select_from(
            REFERRAL.join(told, true())
            .outerjoin(CASE, CASE.c.id == REFERRAL.c.case_id)
            .outerjoin(UNIT, UNIT.c.id == REFERRAL.c.to_unit_id)
        )
        .where(stands, or_(ours, or_(came_in, went_out) & not_denied(viewer, REFERRAL.c.case_id)))
        .order_by(REFERRAL.c.sent_at.desc(), REFERRAL.c.id)
        .offset(offset)
        .limit(few(limit))
    )
    return tuple(_view(row, reading.vault) for row in rows)


def _view(row: Row, vault: Vault) -> SentView:
    same = {name: value for name, value in row.items() if name != "encrypted_to_name"}
    to = row["to"] or opened_partner(vault, row)[0] or "An organisation outside the network"
    return SentView(**{**same, "to": to})


_MOST = 100


def offers(
    reading: Reading,
    viewer: Viewer,
    *,
    waits: bool | None = None,
    only: UUID | None = None,
    offset: int = 0,
    limit: int = _MOST,
) -> tuple[OfferView, ...]:
    """List referrals to the viewer's units: those that wait for an answer first, then the latest.

    With `waits` those that do, or those that were answered; with `only` that one alone.
    """
    rows = reading.rows(_offered(viewer, waits=waits, only=only, offset=offset, limit=limit))
    return tuple(_offer(reading, row) for row in rows)


@lru_cache(VIEWERS_KEPT)
def _offered(
    viewer: Viewer, *, waits: bool | None, only: UUID | None, offset: int, limit: int
) -> Select[tuple[Any, ...]]:
    to, told = UNIT.alias("to_unit"), named(REFERRAL.c.case_id, REFERRAL.c.step_id)
    statement = (
        select(
            REFERRAL.c.id, REFERRAL.c.status, REFERRAL.c.sent_at, REFERRAL.c.due_at, REFERRAL.c.answered_at,
            REFERRAL.c.case_id, REFERRAL.c.fields, REFERRAL.c.kind, REFERRAL.c.purpose, REFERRAL.c.help,
            REFERRAL.c.urgency,
            UNIT.c.name.label("from_unit"), UNIT.c.contact, UNIT.c.jurisdiction, to.c.name.label("to_unit"), *told.c,
        )
        .select_from(
            REFERRAL.join(told, true())
            .join(UNIT, UNIT.c.id == REFERRAL.c.unit_id)
            .join(to, to.c.id == REFERRAL.c.to_unit_id)
        )
        .where(REFERRAL.c.status.not_in(_UNSEEN))
        .order_by(REFERRAL.c.status != "offered", REFERRAL.c.sent_at.desc(), REFERRAL.c.id)
        .offset(offset)
        .limit(few(limit))
    )  # fmt: skip
    if waits is not None:
        statement = statement.where((REFERRAL.c.status == "offered") == waits)
    if only is not None:
        statement = statement.where(REFERRAL.c.id == only)
    if viewer.is_system:
        return statement
    units = sorted(visible_units(viewer))
    return statement.where(REFERRAL.c.to_unit_id.in_(units), not_denied(viewer, REFERRAL.c.case_id))


def _offer(reading: Reading, row: Row) -> OfferView:
    same = (
        "id", "status", "sent_at", "due_at", "answered_at", "from_unit", "contact", "jurisdiction", "to_unit", "kind",
        "purpose", "help", "urgency",
    )  # fmt: skip
    shows = row["status"] == "accepted" and (row["fields"] or row["kind"] == "transfer")
    return OfferView(
        **{name: row[name] for name in same},
        case_number=row["number"],
        what=_what(reading, row),
        case_id=row["case_id"] if shows else None,
    )


def _what(reading: Reading, row: Row) -> str:
    """Name the step as its workflow or its type does: never by words that somebody has typed."""
    if row["key"] is None:
        return "The whole case"
    return reading.known.title(row["definition_hash"], row["key"], row["uses"], None)


_OF_A_PERSON = ("name", "aliases", "age", "phone", "home")


def partner_page(reading: Reading, referral_id: UUID, note: str, *, without: Collection[str] = ()) -> PartnerPage:
    """Show a referral to the partner that was asked, with the agreed fields but those `without` once it has accepted.

    What is shown is of the persons for whom it leaves, and of nobody else in the case. Only the action that records
    the view may ask.
    """
    row = reading.first(
        select(
            REFERRAL, CASE.c.number, UNIT.c.name.label("from_unit"), UNIT.c.contact, UNIT.c.zone,
        )
        .select_from(
            REFERRAL.join(CASE, CASE.c.id == REFERRAL.c.case_id).join(UNIT, UNIT.c.id == REFERRAL.c.unit_id)
        )
        .where(REFERRAL.c.id == referral_id)
    )  # fmt: skip
    if row is None:
        raise NotFoundError(kind="referral")
    is_accepted = row["status"] == "accepted"
    same = ("number", "from_unit", "contact", "zone", "kind", "status", "purpose", "help", "urgency", "due_at")
    return PartnerPage(
        **{name: row[name] for name in same},
        until=None,
        note=note if is_accepted else "",
        lines=tuple(SharedLine(label=label, text=said) for label, said in _lines(reading, row, without))
        if is_accepted
        else (),
    )


def _lines(reading: Reading, referral: Row, without: Collection[str]) -> Iterator[tuple[str, str]]:
    fields = tuple(name for name in referral["fields"] if name not in without)
    way = Way(fields=fields, persons=frozenset(referral["persons"]))
    of_case = tuple(name for name in way.fields if not name.startswith(OF_PERSONS))
    access = CaseAccess(
        case_id=referral["case_id"], unit_id=referral["unit_id"], via=Via.GRANT, fields=of_case, ways=(way,)
    )
    yield from _persons(reading, access, way.persons)
    yield from _answers(reading, access)


def _persons(reading: Reading, access: CaseAccess, persons: frozenset[UUID]) -> Iterator[tuple[str, str]]:
    rows = reading.rows(
        select(PERSON.c.id, PERSON.c.encrypted_identity, CASE_PERSON.c.position, CASE_PERSON.c.role)
        .join(CASE_PERSON, CASE_PERSON.c.person_id == PERSON.c.id)
        .where(CASE_PERSON.c.case_id == access.case_id, CASE_PERSON.c.removed_at.is_(None))
        .where(CASE_PERSON.c.role.in_(("victim", "possible_victim")), PERSON.c.id.in_(sorted(persons)))
        .order_by(CASE_PERSON.c.position)
    )
    for row in rows:
        shown = of_person(access, row["id"])
        identity = opened_identity(reading.vault, row)
        if (age := strongest(ages_of(identity))) is not None:
            identity = {**identity, "age": in_words(age, reading.now.date())}
        for name in _OF_A_PERSON:
            value, shown_as = identity.get(name), SHOWN_AS.get(name, name)
            if value and covers(shown, f"person.{shown_as}"):
                text = ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
                yield f"Person {row['position']}: {shown_as}", text


def _answers(reading: Reading, access: CaseAccess) -> Iterator[tuple[str, str]]:
    rows = reading.rows(
        select(
            STEP.c.id, STEP.c.id.label("step_id"), STEP.c.uses, STEP.c.encrypted_outputs, STEP.c.turn, STEP.c.path,
            RUN.c.zone, ANSWER.c.encrypted_answers,
        )
        .select_from(
            STEP.join(RUN, RUN.c.id == STEP.c.run_id)
            .join(ANSWER, (ANSWER.c.step_id == STEP.c.id) & (ANSWER.c.turn == STEP.c.turn))
        )
        .where(STEP.c.case_id == access.case_id, STEP.c.status == "ended")
        .order_by(STEP.c.ended_at, STEP.c.id)
    )  # fmt: skip
    for row in rows:
        shown, step_type = of_person(access, person_in(row["path"])), reading.known.step_type(row["uses"])
        wanted = [spec for spec in step_type.fields if _is_shown(shown, row["uses"], spec)] if step_type else []
        outputs = opened_outputs(reading.vault, row["id"], row["encrypted_outputs"])
        answers = {**outputs, **opened_answers(reading.vault, row)} if wanted else {}
        for spec in wanted:
            if answers.get(spec.name) not in (None, "", []):
                yield spec.label.rstrip("?"), text_of(spec, answers[spec.name], row["zone"])


def _is_shown(access: CaseAccess, uses: str, spec: FieldSpec) -> bool:
    """Return whether an answer is shown: one that is not open only by its own name, or by that of its sealed class."""
    name = f"{uses}.{spec.name}"
    if spec.restricted_category:
        return shows(access, name, spec.restricted_category.value)
    return covers(access, name) if spec.is_open else name in (access.fields or ())
