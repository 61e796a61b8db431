"""What retention keeps: holds, erasures, proposals, corrections, copies; and what a restored backup brings back."""

import json
import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue, ValidationError
from sqlalchemy import ColumnElement, Table, any_, delete, exists, func, insert, literal, or_, select, text, update
from sqlalchemy.types import Uuid

from engine.core.access import SUSPENDED, Grant
from engine.core.case_links import ReferralStatus
from engine.core.retention import CaseOfPerson, Erasure, ExportCopy, Hold, LegalHoldKind, Restriction, Tombstone
from engine.db.locks import NUMBER_COPY
from engine.db.store import R, Store, columns
from engine.db.tables import TABLES
from engine.errors import ConflictError, DamagedError, ServiceError
from engine.retention.records import (
    ClosedCase,
    Correction,
    ErasureNotice,
    Proposed,
    RetentionProposal,
    Revived,
    RevivedGrant,
    RevivedOffer,
    RevivedPerson,
)

HOLD, RESTRICTION, ERASURE, TOMBSTONE, NOTICE, PROPOSAL, CORRECTION, COPY = (
    TABLES[name]
    for name in (
        "legal_hold", "restriction", "erasure", "tombstone", "erasure_notice",
        "retention_proposal", "correction", "export_copy",
    )
)  # fmt: skip
_CASE, _UNIT, _LINK, _PERSON, _TOKEN = (TABLES[n] for n in ("case", "unit", "case_person", "person", "person_token"))
_DEADLINE, _GRANT, _REFERRAL = (TABLES[name] for name in ("deadline", "grant", "referral"))
_DRAFT, _STEP, _ITEM, _DELIVERY = (TABLES[name] for name in ("draft", "step", "work_item", "delivery"))
_FILE, _PART, _CHECK = (TABLES[name] for name in ("attachment", "attachment_part", "match_check"))
_ASKED = {"id", "asked_by", "asked_at"}
_NEXT_COPY = text(f"SELECT pg_advisory_xact_lock({NUMBER_COPY})")

_ACTOR, _UNIT, _MEMBER = TABLES["actor"], TABLES["unit"], TABLES["membership"]
_GRANT, _CASE = TABLES["grant"], TABLES["case"]
_REFERRAL = TABLES["referral"]
_NOT_GIVEN_BACK: Final = "not_given_back"


class RetentionStore(Store):
    """The end of data's life in PostgreSQL, within one transaction."""

    def add_hold(self, hold: Hold, *, reason: str) -> None:
        """Write a hold, its reason sealed under the key of the case."""
        restricted = self._vault.encrypt(
            reason, key_of=hold.case_id, table="legal_hold", row=hold.id, column="encrypted_reason"
        )
        self._connection.execute(insert(HOLD), hold.model_dump() | {"encrypted_reason": restricted})

    def hold(self, hold_id: UUID) -> Hold | None:
        """Load a hold, and keep others from changing it until the transaction ends."""
        return self._held(HOLD, Hold, HOLD.c.id == hold_id)

    def reason_of(self, hold: Hold) -> str:
        """Open why a case is held; empty when that can no longer be read."""
        restricted = self._connection.execute(select(HOLD.c.encrypted_reason).where(HOLD.c.id == hold.id)).scalar()
        if restricted is None:
            return ""
        return str(self._vault.decrypt(restricted, table="legal_hold", row=hold.id, column="encrypted_reason"))

    def save_hold(self, hold: Hold) -> None:
        """Write a hold as it is now."""
        changed = hold.model_dump(exclude={"id", "case_id", "kind", "placed_by", "placed_at"})
        self._connection.execute(update(HOLD).where(HOLD.c.id == hold.id).values(changed))

    def add_restriction(self, restriction: Restriction) -> bool:
        """Seal a case; returns whether it was not sealed already."""
        return self._is_new(RESTRICTION, restriction.model_dump())

    def restriction_of(self, case_id: UUID) -> Restriction | None:
        """Load the seal that holds for a case now, and keep others from changing it until the transaction ends."""
        return self._held(RESTRICTION, Restriction, RESTRICTION.c.case_id == case_id, RESTRICTION.c.lifted_at.is_(None))

    def restrictions_of(self, holder_id: UUID) -> tuple[Restriction, ...]:
        """List the seals that hold now and whose holder somebody is."""
        mine = (RESTRICTION.c.holder_id == holder_id, RESTRICTION.c.lifted_at.is_(None))
        return self._records(
            Restriction, select(*columns(RESTRICTION, Restriction)).where(*mine).order_by(RESTRICTION.c.id)
        )

    def save_restriction(self, restriction: Restriction) -> None:
        """Write a seal as it is now."""
        changed = restriction.model_dump(exclude={"id", "case_id", "ground_code", "placed_by", "placed_at"})
        self._connection.execute(update(RESTRICTION).where(RESTRICTION.c.id == restriction.id).values(changed))

    def add_erasure(self, erasure: Erasure) -> bool:
        """Write that somebody is to be erased; returns False when that was asked for already and is not over."""
        return self._is_new(ERASURE, erasure.model_dump())

    def erasure(self, erasure_id: UUID) -> Erasure | None:
        """Load an erasure with who agreed, and keep others from changing it until the transaction ends."""
        return self._held(ERASURE, Erasure, ERASURE.c.id == erasure_id)

    def save_erasure(self, erasure: Erasure) -> None:
        """Write an erasure over the revision before it; raises `ConflictError` when somebody else was first."""
        values = erasure.model_dump(exclude=_ASKED | {"case_id", "person_id", "source", "ground_code"})
        before = (ERASURE.c.id == erasure.id, ERASURE.c.revision == erasure.revision - 1)
        if self._connection.execute(update(ERASURE).where(*before).values(values)).rowcount != 1:
            raise ConflictError(kind="erasure")

    def ripe(self, *, now: datetime, most: int) -> tuple[UUID, ...]:
        """List the erasures that were agreed to and have cooled off, the earliest first."""
        query = select(ERASURE.c.id).where(ERASURE.c.status == "approved", ERASURE.c.cooling_until <= now)
        return tuple(self._connection.execute(query.order_by(ERASURE.c.cooling_until).limit(most)).scalars())

    def is_erased(self, person_id: UUID) -> bool:
        """Return whether a person was erased."""
        query = select(_is_erased(literal(person_id, Uuid())))
        return bool(self._connection.execute(query).scalar())

    def cases_of(self, person_ids: Sequence[UUID]) -> tuple[CaseOfPerson, ...]:
        """Load what must be known of every case of a person, under all of their ids, those too that they have left."""
        other = _LINK.alias("other")
        others = exists().where(
            other.c.case_id == _CASE.c.id, other.c.person_id.not_in(person_ids), ~_is_erased(other.c.person_id)
        )
        danger = select(func.max(_DEADLINE.c.breached_at)).where(
            _DEADLINE.c.case_id == _CASE.c.id, _DEADLINE.c.critical
        )
        holds = select(func.array_agg(HOLD.c.kind.distinct())).where(
            HOLD.c.case_id == _CASE.c.id, HOLD.c.lifted_at.is_(None)
        )
        query = (
            select(
                _CASE.c.id.label("case_id"), _CASE.c.number, _CASE.c.unit_id, _CASE.c.jurisdiction, _UNIT.c.zone,
                _CASE.c.closed_at, _CASE.c.status, (~others).label("is_last"),
                danger.scalar_subquery().label("danger_at"), holds.scalar_subquery().label("holds"),
            )
            .join(_UNIT, _UNIT.c.id == _CASE.c.unit_id)
            .where(_CASE.c.id.in_(select(_LINK.c.case_id).where(_LINK.c.person_id.in_(person_ids))))
            .order_by(_CASE.c.opened_at, _CASE.c.id)
        )  # fmt: skip
        return tuple(_case_of_person(dict(row)) for row in self._connection.execute(query).mappings())

    def receivers_of(self, case_ids: Sequence[UUID]) -> tuple[tuple[UUID, UUID], ...]:
        """List which other units were given something of cases, ever: case and unit."""
        granted = select(_GRANT.c.case_id, _GRANT.c.unit_id).where(_GRANT.c.case_id.in_(case_ids))
        referred = select(_REFERRAL.c.case_id, _REFERRAL.c.to_unit_id).where(
            _REFERRAL.c.case_id.in_(case_ids), _REFERRAL.c.to_unit_id.is_not(None),
            _REFERRAL.c.status.in_(("accepted", "ended")),
        )  # fmt: skip
        found = self._connection.execute(granted.union(referred)).all()
        return tuple(sorted((row[0], row[1]) for row in found))

    def bury(self, tombstone: Tombstone) -> None:
        """Write what was erased, once."""
        self._is_new(TOMBSTONE, tombstone.model_dump())

    def tombstones(self) -> tuple[Tombstone, ...]:
        """Load all tombstones, the earliest first."""
        return self._records(Tombstone, select(TOMBSTONE).order_by(TOMBSTONE.c.erased_at, TOMBSTONE.c.id))

    def wipe(self, tombstone: Tombstone) -> None:
        """Delete what a person could be found by, their files, and what waits unsent of cases that nobody is left in.

        What is sealed stays as it is: without its key it is noise, and the chain that covers it still verifies.
        """
        owners = tombstone.key_owners
        whole = [one for one in owners if one in tombstone.case_ids]
        self._connection.execute(delete(_TOKEN).where(_TOKEN.c.person_id.in_(owners)))
        self._connection.execute(update(_PERSON).where(_PERSON.c.id.in_(owners)).values(encrypted_identity=None))
        own = or_(*(_STEP.c.path.like(f"%person:{owner}%") for owner in owners))
        steps = select(_STEP.c.id).where(_STEP.c.case_id.in_(tombstone.case_ids), own)
        items = select(_ITEM.c.id).where(_ITEM.c.step_id.in_(steps))
        self._connection.execute(delete(_DRAFT).where(or_(_DRAFT.c.item_id.in_(items), _DRAFT.c.case_id.in_(whole))))
        files = select(_FILE.c.id).where(or_(_FILE.c.step_id.in_(steps), _FILE.c.case_id.in_(whole)))
        self._connection.execute(update(_PART).where(_PART.c.attachment_id.in_(files)).values(encrypted_content=None))
        self._connection.execute(delete(_CHECK).where(_CHECK.c.person_id.in_(owners)))
        unsent = (_DELIVERY.c.case_id.in_(whole), _DELIVERY.c.status.in_(("waiting", "storm", "digest", "dead")))
        self._connection.execute(update(_DELIVERY).where(*unsent).values(status="dropped", drop_reason="erased"))

    def add_notice(self, notice: ErasureNotice) -> bool:
        """Write that a unit is asked to erase its copy, once."""
        values = {name: value for name, value in notice._asdict().items() if name in NOTICE.c}
        return self._is_new(NOTICE, values)

    def notice(self, notice_id: UUID) -> ErasureNotice | None:
        """Load such a request."""
        query = (
            select(NOTICE, _CASE.c.number.label("case_number"))
            .join(_CASE, _CASE.c.id == NOTICE.c.case_id)
            .where(NOTICE.c.id == notice_id)
        )
        return self._record(ErasureNotice, query)

    def answer_notice(self, notice_id: UUID, *, answer: str, by: UUID, at: datetime) -> bool:
        """Write what a unit did with its copy; returns whether it had not answered yet."""
        waits = update(NOTICE).where(NOTICE.c.id == notice_id, NOTICE.c.answered_at.is_(None))
        values = {"answer": answer, "answered_by": by, "answered_at": at}
        return bool(self._connection.execute(waits.values(values)).rowcount)

    def closed_cases(self, *, after: UUID | None, most: int) -> tuple[ClosedCase, ...]:
        """List closed cases by id in which somebody is still known, those after one that was looked at already."""
        query = (
            select(_CASE.c.id, _CASE.c.unit_id, _CASE.c.jurisdiction, _UNIT.c.zone, _CASE.c.closed_at)
            .join(_UNIT, _UNIT.c.id == _CASE.c.unit_id)
            .where(
                _CASE.c.status == "closed", _CASE.c.closed_at.is_not(None),
                exists().where(_LINK.c.case_id == _CASE.c.id, ~_is_erased(_LINK.c.person_id)),
                *([_CASE.c.id > after] if after else []),
            )
            .order_by(_CASE.c.id)
            .limit(most)
        )  # fmt: skip
        return self._records(ClosedCase, query)

    def places(self) -> tuple[str, ...]:
        """List the jurisdictions of the cases that are open, or in which somebody is still known."""
        is_known = exists().where(_LINK.c.case_id == _CASE.c.id, ~_is_erased(_LINK.c.person_id))
        query = select(_CASE.c.jurisdiction).where(or_(_CASE.c.status != "closed", is_known)).distinct()
        return tuple(self._connection.execute(query.order_by(_CASE.c.jurisdiction)).scalars())

    def propose(
        self,
        proposal_id: UUID,
        case: ClosedCase,
        proposed: Proposed,
        *,
        policy: str,
        version: int,
        at: datetime,
    ) -> bool:
        """Write that a case is due, unless that waits for a decision or was decided in the same way since it closed."""
        decided = exists().where(
            PROPOSAL.c.case_id == case.id, PROPOSAL.c.decided_at.is_not(None), PROPOSAL.c.act == proposed.act.value,
            PROPOSAL.c.proposed_at > case.closed_at,
        )  # fmt: skip
        if self._connection.execute(select(decided)).scalar():
            return False
        values = {
            "id": proposal_id, "case_id": case.id, "act": proposed.act.value, "policy": policy,
            "policy_version": version, "due_at": proposed.due_at, "kept_until": proposed.kept_until, "proposed_at": at,
        }  # fmt: skip
        return self._is_new(PROPOSAL, values)

    def drop_proposals(self, case_id: UUID, *, by: UUID | None, at: datetime) -> None:
        """Let what waits for a decision about a case be off, since it goes on."""
        waits = update(PROPOSAL).where(PROPOSAL.c.case_id == case_id, PROPOSAL.c.decided_at.is_(None))
        self._connection.execute(waits.values(decision="reopened", decided_by=by, decided_at=at))

    def proposal(self, proposal_id: UUID) -> RetentionProposal | None:
        """Load what is proposed, and keep others from deciding it until the transaction ends."""
        return self._held(PROPOSAL, RetentionProposal, PROPOSAL.c.id == proposal_id)

    def decide(self, proposal_id: UUID, *, decision: str, by: UUID, at: datetime) -> None:
        """Write what somebody decided about what is proposed."""
        values = {"decision": decision, "decided_by": by, "decided_at": at}
        self._connection.execute(update(PROPOSAL).where(PROPOSAL.c.id == proposal_id).values(values))

    def add_correction(
        self, correction: Correction, *, before: Mapping[str, JsonValue], words: Mapping[str, JsonValue]
    ) -> None:
        """Write a correction or a remark; what was known before and what is said now are sealed for the person."""
        row: dict[str, Any] = correction._asdict()
        for column, value in (("encrypted_before", before), ("encrypted_words", words)):
            row[column] = self._vault.encrypt(
                dict(value), key_of=correction.person_id, table="correction", row=correction.id, column=column
            )
        self._connection.execute(insert(CORRECTION), row)

    def add_copy(self, copy: ExportCopy) -> ExportCopy:
        """Write that a copy is wanted; returns it with its number, which nobody else has."""
        self._connection.execute(_NEXT_COPY)
        number = self._connection.execute(select(func.coalesce(func.max(COPY.c.number), 0) + 1)).scalar_one()
        numbered = copy.model_copy(update={"number": number})
        self._connection.execute(insert(COPY), numbered.model_dump() | {"chosen": dict(copy.chosen)})
        return numbered

    def count_copies(self, asked_by: UUID, *, since: datetime) -> int:
        """Count how many copies somebody has asked for after an instant."""
        mine = select(func.count()).select_from(COPY).where(COPY.c.asked_by == asked_by, COPY.c.asked_at > since)
        return int(self._connection.execute(mine).scalar_one())

    def copy(self, copy_id: UUID) -> ExportCopy | None:
        """Load a copy, and keep others from changing it until the transaction ends."""
        return self._held(COPY, ExportCopy, COPY.c.id == copy_id)

    def save_copy(self, copy: ExportCopy) -> None:
        """Write a copy over the revision before it; raises `ConflictError` when somebody else was first."""
        before = (COPY.c.id == copy.id, COPY.c.revision == copy.revision - 1)
        values = copy.model_dump(exclude=_ASKED | {"number", "unit_id", "what", "chosen"})
        if self._connection.execute(update(COPY).where(*before).values(values)).rowcount != 1:
            raise ConflictError(kind="copy")

    def expire_copies(self, *, now: datetime) -> int:
        """End the copies that nobody fetched or answered in time; returns how many."""
        over = update(COPY).where(COPY.c.status.in_(("asked", "ready")), COPY.c.expires_at <= now)
        values = {"status": "expired", "token_hash": None, "revision": COPY.c.revision + 1}
        return self._connection.execute(over.values(values)).rowcount

    def _held(self, table: Table, record: type[R], *conditions: Any) -> R | None:  # noqa: ANN401
        return self._record(record, select(*columns(table, record)).where(*conditions).with_for_update())


def _is_erased(person_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    return exists().where(person_id == any_(TOMBSTONE.c.key_owners))


def _case_of_person(row: dict[str, Any]) -> CaseOfPerson:
    is_open = row.pop("status") == "open"
    holds = tuple(LegalHoldKind(kind) for kind in row.pop("holds") or ())
    return CaseOfPerson.model_validate({**row, "holds": holds, "closed_at": None if is_open else row["closed_at"]})


class CustodyStore(Store):
    """What stood at the time of a backup, within one transaction."""

    def end_all(self, *, at: datetime) -> Revived:
        """End every session, key, invitation and partner's link, suspend every grant, let every request run out."""
        over = {"ended_at": at, "ended_reason": SUSPENDED}
        invitation = TABLES["invitation"]
        return Revived(
            sessions=self._set("session", "ended_at", {"ended_at": at}),
            keys=self._set("api_key", "revoked_at", {"revoked_at": at}),
            invitations=self._set(
                "invitation", "cancelled_at", {"cancelled_at": at}, invitation.c.used_at.is_(None)
            ),
            partner_links=self._set("partner_link", "ended_at", over | {"session_until": at}),
            grants=self._set("grant", "ended_at", over),
            requests=self._set("approval_request", "answered_at", {"expires_at": at}),
        )  # fmt: skip

    def suspended(self, *, but: Collection[UUID]) -> tuple[Grant, ...]:
        """Load the grants that are suspended, those of some cases not, the earliest first."""
        query = select(*columns(_GRANT, Grant)).where(_GRANT.c.ended_reason == SUSPENDED, _GRANT.c.case_id.not_in(but))
        return self._records(Grant, query.order_by(_GRANT.c.granted_at, _GRANT.c.id))

    def give_back(self, grant_id: UUID) -> bool:
        """Let a suspended grant hold again; returns whether it was suspended still."""
        given = update(_GRANT).where(_GRANT.c.id == grant_id, _GRANT.c.ended_reason == SUSPENDED)
        return bool(self._connection.execute(given.values(ended_at=None, ended_reason="")).rowcount)

    def end_suspended(self) -> None:
        """Write that the grants which are suspended still are over for good."""
        left = update(_GRANT).where(_GRANT.c.ended_reason == SUSPENDED)
        self._connection.execute(left.values(ended_reason=_NOT_GIVEN_BACK))

    def people(self) -> tuple[RevivedPerson, ...]:
        """List who can act, by name."""
        columns = (_ACTOR.c.id, _ACTOR.c.name, _ACTOR.c.email, _MEMBER.c.role, _UNIT.c.name.label("unit"))
        query = select(*columns).select_from(
            _ACTOR.outerjoin(_MEMBER, _MEMBER.c.actor_id == _ACTOR.c.id).outerjoin(
                _UNIT, _UNIT.c.id == _MEMBER.c.unit_id
            )
        )
        roles: dict[tuple[UUID, str, str], list[str]] = defaultdict(list)
        for row in self._connection.execute(query.where(_ACTOR.c.disabled.is_(False)).order_by(_ACTOR.c.name)):
            has_role = [f"{row.role.replace('_', ' ')} of {row.unit}"] if row.role else []
            roles[row.id, row.name, row.email or ""] += has_role
        return tuple(RevivedPerson(*who, tuple(sorted(had))) for who, had in roles.items())

    def suspended_grants(self) -> tuple[RevivedGrant, ...]:
        """List the grants that are suspended, the earliest first."""
        query = (
            select(_CASE.c.number, _UNIT.c.name, _GRANT.c.granted_at)
            .select_from(_GRANT.join(_CASE, _CASE.c.id == _GRANT.c.case_id).join(_UNIT, _UNIT.c.id == _GRANT.c.unit_id))
            .where(_GRANT.c.ended_reason == SUSPENDED)
            .order_by(_GRANT.c.granted_at, _GRANT.c.id)
        )
        return tuple(RevivedGrant(*row) for row in self._connection.execute(query))

    def offers(self) -> tuple[RevivedOffer, ...]:
        """List the referrals that wait for an answer, the earliest first."""
        of_case = _REFERRAL.join(_CASE, _CASE.c.id == _REFERRAL.c.case_id)
        query = (
            select(_CASE.c.number, _UNIT.c.name, _REFERRAL.c.sent_at)
            .select_from(of_case.outerjoin(_UNIT, _UNIT.c.id == _REFERRAL.c.to_unit_id))
            .where(_REFERRAL.c.status == ReferralStatus.OFFERED)
            .order_by(_REFERRAL.c.sent_at, _REFERRAL.c.id)
        )
        return tuple(RevivedOffer(*row) for row in self._connection.execute(query))

    def _set(self, name: str, open_while_null: str, values: dict[str, Any], *also: Any) -> int:  # noqa: ANN401
        table: Table = TABLES[name]
        still = update(table).where(table.c[open_while_null].is_(None), *also)
        return self._connection.execute(still.values(**values)).rowcount


_NAME: Final = "tombstones.jsonl"


class TombstoneFile:
    """One line of JSON a tombstone: random ids, instants, who agreed; nothing of the person. Lines are only added."""

    def __init__(self, folder: Path) -> None:
        """Keep the file in `folder`, which should lie on another disk than the database."""
        self._path = folder / _NAME

    def add(self, tombstone: Tombstone) -> None:
        """Add a line, on disk when this returns; raises `ServiceError` when that fails: then nothing is erased."""
        line = json.dumps(tombstone.model_dump(mode="json"), sort_keys=True) + "\n"
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ServiceError(
                service="The list of what was erased",
                problem=f"it cannot be written ({type(error).__name__}).",
                remedy="Nothing was erased. Look at the disk that keeps it.",
            ) from error

    def read(self) -> tuple[Tombstone, ...]:
        """Read all lines, the earliest first; a line that was cut off by a crash in the end is left out.

        Raises `DamagedError` for any other line that is none.
        """
        if not self._path.exists():
            return ()
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        try:
            found = {one.id: one for one in map(Tombstone.model_validate_json, whole)}
        except ValidationError:
            raise DamagedError(what=f"The list of what was erased ({self._path})") from None
        return tuple(found.values())
