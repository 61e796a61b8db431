"""All that is held about one person in a case, for them to see; the action records the act before it is read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, Uuid, any_, func, literal, or_, select

from engine.cases.answers import unexplained_in_words
from engine.cases.views.sight import (
    access_to,
    answer_views,
    is_narrowed,
    opened_identity,
    opened_outputs,
    readable_answers,
    shown_answers,
)
from engine.cases.visibility import visible_to
from engine.core.access import ROLES_THAT_READ, CaseAccess
from engine.core.case_links import ReferralStatus
from engine.core.persons import TO_A_SUSPECT, is_suspect_alone, is_untold_step
from engine.core.policy import Action, Viewer, require
from engine.core.records import LIVE, PersonRole
from engine.db.reading import Reading, Row
from engine.db.shape import (
    ACTOR,
    ANSWER,
    CASE,
    CASE_PERSON,
    DEADLINE,
    DOCUMENT,
    ITEM,
    OPENING,
    PERSON,
    REFERRAL,
    RUN,
    STEP,
    UNIT,
)
from engine.db.tables import TABLES
from engine.errors import DamagedError, KeyMissingError, NotAllowedError, NotFoundError
from engine.keys.vault import Vault
from engine.language.names import RestrictedCategory, Role, in_plain_words, in_running_words
from engine.plugin.fields import FieldSpec
from engine.retention.records import CorrectionView, SubjectLine, SubjectSection, SubjectView
from engine.sharing.records.consent import titles_of

CONSENT, CORRECTION = TABLES["consent"], TABLES["correction"]
_FOR_THEM: Final = frozenset(
    {"protection", "prosecution", "rehabilitation", "repatriation", "reintegration", "restitution"}
)
"""The pillars whose steps about a whole case are told as what comes next: no rescue or search is told beforehand."""
_NOT_SENT: Final = (ReferralStatus.HELD.value, ReferralStatus.DROPPED.value)


def revealed_subject(reading: Reading, viewer: Viewer, case_id: UUID, person_id: UUID) -> SubjectView:
    """Return all that is held about a person; only the action that records the act may ask.

    Raises `NotFoundError`, `NotAllowedError`.
    """
    return _subject_view(reading, _SubjectRows(reading, viewer, case_id, person_id), reading.vault)


class _SubjectRows:
    """What the database holds about a person in a case, still sealed."""

    def __init__(self, reading: Reading, viewer: Viewer, case_id: UUID, person_id: UUID) -> None:
        """Fetch it; raises `NotFoundError`, `NotAllowedError`."""
        self.links = reading.rows(_links(reading, viewer, case_id, person_id))
        if not self.links:
            raise NotFoundError(kind="person")
        self.access = _access(reading, viewer, case_id, self.links)
        steps = reading.rows(_ended_steps(case_id, person_id))
        self.steps = [row for row in steps if not is_untold_step(row["uses"], _classes(_fields(reading, row)))]
        coming = reading.rows(_coming_steps(case_id, person_id))
        self.coming = [
            row
            for row in coming
            if (f"person:{person_id}" in row["path"] or row["uses"].partition(".")[0] in _FOR_THEM)
            and not is_untold_step(row["uses"], _classes(_fields(reading, row)))
        ]
        ids = [row["id"] for row in self.steps]
        self.papers = reading.rows(
            select(DOCUMENT.c.title, DOCUMENT.c.number, DOCUMENT.c.made_at)
            .where(DOCUMENT.c.case_id == case_id, DOCUMENT.c.step_id.in_(ids))
            .order_by(DOCUMENT.c.made_at, DOCUMENT.c.id)
        )
        self.consents = reading.rows(
            select(CONSENT)
            .where(CONSENT.c.case_id == case_id, CONSENT.c.person_id == person_id)
            .order_by(CONSENT.c.recorded_at, CONSENT.c.id)
        )
        sent = reading.rows(_sent(case_id, person_id))
        self.shared = [row for row in sent if not is_untold_step(row["uses"] or "", ())]
        self.corrections = reading.rows(
            select(CORRECTION, ACTOR.c.name.label("made_by_name"))
            .outerjoin(ACTOR, ACTOR.c.id == CORRECTION.c.made_by)
            .where(CORRECTION.c.case_id == case_id, CORRECTION.c.person_id == person_id)
            .order_by(CORRECTION.c.made_at, CORRECTION.c.kind, CORRECTION.c.id)
        )
        self.case_id, self.person_id = case_id, person_id


def _links(reading: Reading, viewer: Viewer, case_id: UUID, person_id: UUID) -> Select[Any]:
    """Ask for the places of a person in a case that the viewer may see."""
    return (
        select(
            CASE_PERSON.c.role, CASE_PERSON.c.position, CASE_PERSON.c.added_at, CASE_PERSON.c.removed_at,
            CASE.c.number, UNIT.c.name, UNIT.c.contact, UNIT.c.zone, PERSON.c.id, PERSON.c.encrypted_identity,
        )
        .select_from(
            CASE_PERSON.join(CASE, CASE.c.id == CASE_PERSON.c.case_id)
            .join(PERSON, PERSON.c.id == CASE_PERSON.c.person_id)
            .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        )
        .where(
            CASE.c.id == case_id, CASE_PERSON.c.person_id == person_id, visible_to(viewer, now=reading.present),
        )
        .order_by(CASE_PERSON.c.added_at, CASE_PERSON.c.position, CASE_PERSON.c.role)
    )  # fmt: skip


def _access(reading: Reading, viewer: Viewer, case_id: UUID, links: Sequence[Row]) -> CaseAccess:
    """Return the access to the case of who may answer the person; raise `NotFoundError`, `NotAllowedError`."""
    access = access_to(reading, viewer, case_id, kind="person")
    if is_narrowed(access):
        raise NotFoundError(kind="person")
    require(viewer, Action.ANSWER_SUBJECT, access=access)
    if is_suspect_alone(row["role"] for row in links if row["removed_at"] is None):
        raise NotAllowedError(actor=viewer.name, action=TO_A_SUSPECT)
    return access


def _ended_steps(case_id: UUID, person_id: UUID) -> Select[Any]:
    """Ask for the steps about a person that are over, with the answers that stand."""
    own = f"%person:{person_id}%"
    return (
        select(
            STEP.c.id, STEP.c.id.label("step_id"), STEP.c.key, STEP.c.uses, STEP.c.path, STEP.c.added,
            STEP.c.encrypted_outputs, STEP.c.turn, STEP.c.ended_at, RUN.c.definition_hash, RUN.c.zone,
            ANSWER.c.encrypted_answers,
        )
        .select_from(
            STEP.join(RUN, RUN.c.id == STEP.c.run_id).outerjoin(
                ANSWER, (ANSWER.c.step_id == STEP.c.id) & (ANSWER.c.turn == STEP.c.turn)
            )
        )
        .where(STEP.c.case_id == case_id, STEP.c.path.like(own), STEP.c.ended_at.is_not(None))
        .order_by(STEP.c.ended_at, STEP.c.id)
    )  # fmt: skip


def _coming_steps(case_id: UUID, person_id: UUID) -> Select[Any]:
    """Ask for the open steps about a person or about the whole case, with the first instant of each."""
    own = f"%person:{person_id}%"
    first_due = (
        select(func.min(DEADLINE.c.due_at))
        .where(DEADLINE.c.step_id == STEP.c.id, DEADLINE.c.status == "open", DEADLINE.c.purpose != OPENING)
        .scalar_subquery()
    )
    return (
        select(
            STEP.c.key, STEP.c.uses, STEP.c.added, STEP.c.path, RUN.c.definition_hash, ITEM.c.candidate_roles,
            func.coalesce(STEP.c.opens_at, first_due).label("at"), STEP.c.opens_at,
        )
        .select_from(
            STEP.join(RUN, RUN.c.id == STEP.c.run_id).outerjoin(
                ITEM, (ITEM.c.step_id == STEP.c.id) & ITEM.c.ended_at.is_(None)
            )
        )
        .where(
            STEP.c.case_id == case_id, STEP.c.status.in_(tuple(LIVE)),
            or_(STEP.c.path.like(own), STEP.c.path.not_like("%person:%")),
        )
        .order_by("at", STEP.c.id)
    )  # fmt: skip


def _sent(case_id: UUID, person_id: UUID) -> Select[Any]:
    """Ask for what was sent to others about a person."""
    of_them = literal(person_id, Uuid()) == any_(REFERRAL.c.persons)
    return (
        select(
            REFERRAL.c.kind, REFERRAL.c.status, REFERRAL.c.sent_at, REFERRAL.c.fields, UNIT.c.name, STEP.c.uses
        )
        .select_from(
            REFERRAL.outerjoin(UNIT, UNIT.c.id == REFERRAL.c.to_unit_id).outerjoin(
                STEP, STEP.c.id == REFERRAL.c.step_id
            )
        )
        .where(
            REFERRAL.c.case_id == case_id, REFERRAL.c.status.not_in(_NOT_SENT),
            or_(of_them, func.cardinality(REFERRAL.c.fields) == 0),
        )
        .order_by(REFERRAL.c.sent_at, REFERRAL.c.id)
    )  # fmt: skip


def _subject_view(reading: Reading, rows: _SubjectRows, vault: Vault) -> SubjectView:
    """Open what is held about a person; what can no longer be read is said to be so."""
    first = rows.links[0]
    zone = first["zone"]
    return SubjectView(
        case_id=rows.case_id,
        case_number=first["number"],
        person_id=rows.person_id,
        label=f"Person {first['position']}",
        roles=tuple(
            dict.fromkeys(in_plain_words(row["role"]) for row in rows.links if row["role"] != PersonRole.SUSPECT)
        ),
        unit=first["name"],
        contact=first["contact"] or "",
        zone=zone,
        since=first["added_at"],
        identity=_identity(first, vault),
        sections=tuple(_section(reading, row, rows.access, vault) for row in rows.steps),
        papers=tuple(
            SubjectLine(label=row["title"], text=f"{row['number']}, {_day(row['made_at'], zone)}")
            for row in rows.papers
        ),
        consents=tuple(_consent(row) for row in rows.consents),
        shared=tuple(_shared(row, zone) for row in rows.shared),
        coming=tuple(_coming(reading, row, zone) for row in rows.coming),
        corrections=tuple(_correction(row, vault) for row in rows.corrections),
    )


def _identity(row: Row, vault: Vault) -> tuple[SubjectLine, ...]:
    try:
        known = opened_identity(vault, row)
    except (DamagedError, KeyMissingError):
        return (SubjectLine(label="Who it is", text="can no longer be read"),)
    return tuple(
        SubjectLine(label=in_plain_words(name), text=known_text(value)) for name, value in known.items() if value
    )


def _section(reading: Reading, row: Row, access: CaseAccess, vault: Vault) -> SubjectSection:
    title = reading.known.title(row["definition_hash"], row["key"], row["uses"], row["added"])
    opened = readable_answers(vault, row) if row["encrypted_answers"] is not None else {}
    answers = {**opened_outputs(vault, row["id"], row["encrypted_outputs"]), **(opened or {})}
    fields = _fields(reading, row)
    shown, closed = shown_answers(access, row["uses"], row["path"], fields, answers)
    lines = answer_views(fields, shown, row["zone"], unmasked=True, closed=closed)
    apart = {spec.name: _whom_to_ask(spec.restricted_category) for spec in fields if spec.restricted_category}
    return SubjectSection(
        title=title,
        at=row["ended_at"],
        lines=tuple(
            SubjectLine(label=line.label, text=apart[line.name] if line.name in closed else line.text or "")
            for line in lines
        ),
        is_unreadable=opened is None,
    )


def _coming(reading: Reading, row: Row, zone: str) -> SubjectLine:
    who = " or ".join(in_running_words(role) for role in row["candidate_roles"] or ()) or "the unit"
    when = "" if row["at"] is None else f"{'from' if row['opens_at'] else 'by'} {_day(row['at'], zone)}, "
    title = reading.known.title(row["definition_hash"], row["key"], row["uses"], row["added"])
    return SubjectLine(label=title, text=f"{when}{who}")


def _fields(reading: Reading, row: Row) -> tuple[FieldSpec, ...]:
    step = None if row["added"] else reading.known.step(row["definition_hash"], row["key"])
    return reading.known.fields(row["uses"], step)


def _classes(fields: Iterable[FieldSpec]) -> set[RestrictedCategory | None]:
    return {spec.restricted_category for spec in fields}


def _whom_to_ask(encrypted: RestrictedCategory) -> str:
    """Say of an answer that the viewer's roles do not open who of the unit may give it."""
    readers = [role for role in Role if role in ROLES_THAT_READ[encrypted]]
    return f"Under special protection: ask {' or '.join(f'the {in_running_words(role)}' for role in readers)}"


def _consent(row: Row) -> SubjectLine:
    state = "withdrawn" if row["withdrawn_at"] else "given"
    purposes = ", ".join(in_running_words(one) for one in row["purposes"]) or "no purpose named"
    return SubjectLine(label=f"{in_plain_words(row['kind'])}, {state}", text=purposes)


def _shared(row: Row, zone: str) -> SubjectLine:
    to = row["name"] or "an organisation outside the network"
    what = ", ".join(_parts(row["fields"])) or "only that there is a case"
    when, status = _day(row["sent_at"], zone), in_running_words(row["status"])
    return SubjectLine(label=to, text=f"{in_plain_words(row['kind'])}, {when}, {status}: {what}")


def _parts(fields: Sequence[str]) -> tuple[str, ...]:
    """Name what fields show as a form of consent does; what is in no part of it by the words of its name."""
    plain = {name: in_plain_words(name.removesuffix(".*").replace(".", " ")) for name in fields}
    return tuple(plain.get(title, title) for title in titles_of(fields))


def _day(instant: datetime, zone: str) -> str:
    return f"{instant.astimezone(ZoneInfo(zone)):%d %b %Y}"


def _correction(row: Row, vault: Vault) -> CorrectionView:
    words: Mapping[str, str] = {}
    if row["encrypted_words"] is not None:
        try:
            opened = vault.decrypt(row["encrypted_words"], table="correction", row=row["id"], column="encrypted_words")
        except (DamagedError, KeyMissingError):
            opened = None
        words = {in_plain_words(k): known_text(v) for k, v in opened.items()} if isinstance(opened, dict) else {}
    return CorrectionView(
        made_at=row["made_at"], made_by=row["made_by_name"] or "", kind=row["kind"],
        reason=in_plain_words(row["reason_code"]), words=words,
    )  # fmt: skip


def known_text(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    """Say what is kept of a person in words, such as an age with what it was taken from: no code of it is shown."""
    match value:
        case list() | tuple():
            return ", ".join(known_text(one) for one in value)
        case dict():
            told = ((str(name), one) for name, one in value.items() if name != "id" and one not in (None, ""))
            return ", ".join(f"{in_running_words(name)}: {known_text(one)}" for name, one in told)
        case bool():
            return "yes" if value else "no"
        case str():
            return unexplained_in_words(value)
        case _:
            return str(value)
