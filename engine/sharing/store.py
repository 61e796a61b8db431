"""Referrals, consents, and the case that becomes another unit's."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, case, exists, or_, select, update

from engine.core.case_links import Referral
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.errors import KeyMissingError
from engine.ports import JsonValue, Vault
from engine.sharing.records.consent import Consent, ConsentRecipient

_REFERRAL, _UNIT = TABLES["referral"], TABLES["unit"]
_ORGANISATION = TABLES["organisation"]
_TO_NAME = "encrypted_to_name"
REFERRAL_COLUMNS = [_REFERRAL.c[_TO_NAME if name == "to_name" else name] for name in Referral.model_fields]
"""What a referral is read from; `opened_referral` makes one of it."""
_LIVE = ("offered", "accepted")
_NOTE = "encrypted_note"
_FIXED = frozenset({"id", "case_id", "unit_id", "fields", "persons", "to_name"})


class ReferralStore(Store):
    """Referrals in PostgreSQL, within one transaction.

    Only the names of fields are kept in them, and sealed what was typed: a note, and the name of who is outside.
    """

    def add(self, referral: Referral, *, note: str = "") -> bool:
        """Write a referral once; a second one with the same id changes nothing and gives False.

        `note` is what the other side must know at once; it is sealed.
        """
        row = referral.model_dump()
        for column, words in ((_NOTE, note), (_TO_NAME, row.pop("to_name"))):
            if words:
                row[column] = self._vault.encrypt(
                    words, key_of=referral.case_id, table="referral", row=referral.id, column=column
                )
        return self._is_new(_REFERRAL, row)

    def save(self, referral: Referral) -> None:
        """Write a referral as it is now; what was sent, and of which case, stays as it was."""
        changes = referral.model_dump(exclude=set(_FIXED))
        self._connection.execute(update(_REFERRAL).where(_REFERRAL.c.id == referral.id).values(changes))

    def get(self, referral_id: UUID) -> Referral | None:
        """Load a referral."""
        return next(iter(self._all(_REFERRAL.c.id == referral_id)), None)

    def keep_phone(self, referral: Referral, phone: str) -> None:
        """Keep the number at which whoever has accepted outside can be rung, sealed with their name."""
        words: JsonValue = {"name": referral.to_name, "phone": phone}
        sealed = self._vault.encrypt(words, key_of=referral.case_id, table="referral", row=referral.id, column=_TO_NAME)
        self._connection.execute(update(_REFERRAL).where(_REFERRAL.c.id == referral.id).values({_TO_NAME: sealed}))

    def note(self, referral_id: UUID) -> str:
        """Open what the other side must know at once; empty when nothing was written."""
        query = select(_REFERRAL.c.encrypted_note).where(_REFERRAL.c.id == referral_id)
        restricted = self._connection.execute(query).scalar()
        if restricted is None:
            return ""
        return str(self._vault.decrypt(restricted, table="referral", row=referral_id, column=_NOTE))

    def of_case(self, case_id: UUID) -> tuple[Referral, ...]:
        """Load the referrals of a case, the earliest first."""
        return self._all(_REFERRAL.c.case_id == case_id)

    def of_consent(self, consent_id: UUID) -> tuple[Referral, ...]:
        """Load the referrals that rest on a consent, the earliest first."""
        return self._all(_REFERRAL.c.consent_id == consent_id)

    def answer(self, referral_id: UUID, *, status: str, by: UUID | None, at: datetime, reason_code: str = "") -> None:
        """Write how a referral was answered, or that it was called back."""
        changes = {"status": status, "answered_by": by, "answered_at": at, "reason_code": reason_code}
        self._connection.execute(update(_REFERRAL).where(_REFERRAL.c.id == referral_id).values(changes))

    def partner_of(self, case_id: UUID, step_id: UUID) -> UUID | None:
        """Return the unit that a step, or else its case, was referred to last and that has not declined.

        The step that waits for a unit's answer belongs to that unit.
        """
        of_step = or_(_REFERRAL.c.step_id == step_id, _REFERRAL.c.answer_step_id == step_id)
        query = select(_REFERRAL.c.to_unit_id).where(
            _REFERRAL.c.case_id == case_id,
            _REFERRAL.c.to_unit_id.is_not(None),
            _REFERRAL.c.status.in_(_LIVE),
            or_(of_step, _REFERRAL.c.step_id.is_(None)),
        )
        newest = (
            _REFERRAL.c.step_id.is_(None) & _REFERRAL.c.answer_step_id.is_distinct_from(step_id),
            _REFERRAL.c.sent_at.desc(),
            _REFERRAL.c.id,
        )
        found: UUID | None = self._connection.execute(query.order_by(*newest).limit(1)).scalar()
        return found

    def recipient(self, unit_id: UUID) -> ConsentRecipient:
        """Say who a unit is, in the words of a consent; one that there is not is nobody."""
        query = (
            select(_ORGANISATION.c.kind, _UNIT.c.id, _ORGANISATION.c.id)
            .select_from(_UNIT.join(_ORGANISATION, _ORGANISATION.c.id == _UNIT.c.organisation_id))
            .where(_UNIT.c.id == unit_id)
        )
        row = self._connection.execute(query).first()
        return (
            ConsentRecipient(kind=row[0], unit_id=row[1], organisation_id=row[2]) if row else ConsentRecipient(kind="")
        )

    def partners(self, jurisdiction: str, *, but: Collection[UUID]) -> tuple[UUID, ...]:
        """List the units of a place, its own first and then those of its country, without those named."""
        country = jurisdiction.partition("-")[0]
        of_place = or_(_UNIT.c.jurisdiction == country, _UNIT.c.jurisdiction.like(f"{country}-%"))
        query = select(_UNIT.c.id).where(of_place, _UNIT.c.id.not_in(list(but)))
        order = (_UNIT.c.jurisdiction != jurisdiction, _UNIT.c.name, _UNIT.c.id)
        return tuple(self._connection.execute(query.order_by(*order)).scalars())

    def _all(self, *conditions: object) -> tuple[Referral, ...]:
        query = select(*REFERRAL_COLUMNS).where(*conditions)  # type: ignore[arg-type]
        rows = self._connection.execute(query.order_by(_REFERRAL.c.sent_at, _REFERRAL.c.id)).mappings().all()
        return tuple(opened_referral(self._vault, row) for row in rows)


def opened_referral(vault: Vault, row: RowMapping | dict[str, Any]) -> Referral:
    """Make a referral of its row."""
    known = {name: value for name, value in row.items() if name != _TO_NAME}
    return Referral.model_validate(known | {"to_name": opened_partner(vault, row)[0]})


def opened_partner(vault: Vault, row: RowMapping | dict[str, Any]) -> tuple[str, str]:
    """Open the name of the partner outside to whom a referral went, and the number that they left on accepting.

    Both are empty for a unit, and once the case is erased.
    """
    if row[_TO_NAME] is None:
        return "", ""
    try:
        opened = vault.decrypt(row[_TO_NAME], table="referral", row=row["id"], column=_TO_NAME)
    except KeyMissingError:
        return "", ""
    known = opened if isinstance(opened, dict) else {"name": opened, "phone": ""}
    return str(known["name"]), str(known["phone"])


WITH_THE_CASE: Final = (
    "report", "run", "step", "answer", "work_item", "draft", "interval", "document", "case_person", "job", "deadline",
    "escalation", "attachment", "consent", "match_alert", "approval_request", "mirror",
)  # fmt: skip
"""What belongs to the unit that has the case."""

STAYS: Final = (
    "event", "message", "delivery", "referral", "partner_link", "partner_view", "erasure_notice", "grant", "recusal",
    "case_link", "person_merge",
)  # fmt: skip
"""What names the unit that did something, or the one that may see or must not: it stays as it is."""


class TransferStore(Store):
    """The owner of cases in PostgreSQL, within one transaction."""

    def move(self, case_id: UUID, *, to_unit_id: UUID) -> tuple[UUID, ...]:
        """Return a case to another unit: its open items are nobody's, and its persons go along unless others know them.

        Gives the persons that went along. The last thing that a transaction does to a case.
        """
        self._give_items_back(case_id)
        self._take_over_jobs(case_id)
        moved = self._move_persons(case_id, to_unit_id)
        for name in WITH_THE_CASE:
            table = TABLES[name]
            self._connection.execute(update(table).where(table.c.case_id == case_id).values(unit_id=to_unit_id))
        cases = TABLES["case"]
        self._connection.execute(update(cases).where(cases.c.id == case_id).values(unit_id=to_unit_id))
        return moved

    def _give_items_back(self, case_id: UUID) -> None:
        item = TABLES["work_item"]
        open_ones = update(item).where(item.c.case_id == case_id, item.c.status.in_(("ready", "reserved")))
        status = case((item.c.status == "reserved", "ready"), else_=item.c.status)
        changes = {"status": status, "assignee_id": None, "revision": item.c.revision + 1}
        self._connection.execute(open_ones.values(changes))

    def _take_over_jobs(self, case_id: UUID) -> None:
        """Let what was still to be done go on: who asked for it has no part in the case from now on."""
        job = TABLES["job"]
        waits = job.c.status.in_(("ready", "claimed", "held"))
        self._connection.execute(update(job).where(job.c.case_id == case_id, waits).values(asked_by=None))

    def _move_persons(self, case_id: UUID, to_unit_id: UUID) -> tuple[UUID, ...]:
        person, link = TABLES["person"], TABLES["case_person"]
        here = select(link.c.person_id).where(link.c.case_id == case_id)
        elsewhere = exists().where(link.c.person_id == person.c.id, link.c.case_id != case_id)
        moved = update(person).where(person.c.id.in_(here), ~elsewhere).values(unit_id=to_unit_id)
        return tuple(self._connection.execute(moved.returning(person.c.id)).scalars())


_CONSENT = TABLES["consent"]
ANSWERS: Final = ("language", "read_aloud", "assent")
"""What was answered of how they agreed; what access is decided by is beside it."""
_COLUMNS = [*columns(_CONSENT, Consent), _CONSENT.c.encrypted_answers]


class ConsentStore(Store):
    """Consents in PostgreSQL, within one transaction."""

    def add(self, consent: Consent) -> bool:
        """Write a consent once; a second one with the same id changes nothing and gives False."""
        row = consent.model_dump()
        told: JsonValue = {name: row.pop(name) for name in ANSWERS}
        row["encrypted_answers"] = self._vault.encrypt(
            told, key_of=consent.case_id, table="consent", row=consent.id, column="encrypted_answers"
        )
        return self._is_new(_CONSENT, row)

    def get(self, consent_id: UUID) -> Consent | None:
        """Load a consent."""
        return next(iter(self._all(_CONSENT.c.id == consent_id)), None)

    def of_case(self, case_id: UUID) -> tuple[Consent, ...]:
        """Load the consents of a case, the earliest first."""
        return self._all(_CONSENT.c.case_id == case_id)

    def withdraw(self, consent_id: UUID, *, by: UUID | None, at: datetime) -> bool:
        """Write that a consent was taken back; returns whether it still held."""
        held = (_CONSENT.c.id == consent_id, _CONSENT.c.withdrawn_at.is_(None))
        changed = update(_CONSENT).where(*held).values(withdrawn_at=at, withdrawn_by=by)
        return bool(self._connection.execute(changed).rowcount)

    def run_out(self, *, now: datetime, most: int) -> tuple[Consent, ...]:
        """Load the consents that have run out and for which nothing was done yet, the earliest first."""
        waits = (
            _CONSENT.c.withdrawn_at.is_(None), _CONSENT.c.expired_at.is_(None), _CONSENT.c.valid_until <= now,
        )  # fmt: skip
        return self._all(*waits)[:most]

    def note_expired(self, consent_id: UUID, *, at: datetime) -> None:
        """Write that what follows from a consent that has run out was done."""
        self._connection.execute(update(_CONSENT).where(_CONSENT.c.id == consent_id).values(expired_at=at))

    def _all(self, *conditions: object) -> tuple[Consent, ...]:
        query = select(*_COLUMNS).where(*conditions)  # type: ignore[arg-type]
        rows = self._connection.execute(query.order_by(_CONSENT.c.recorded_at, _CONSENT.c.id)).mappings()
        return tuple(self._opened(row) for row in rows)

    def _opened(self, row: Mapping[Any, Any]) -> Consent:
        known = {name: value for name, value in row.items() if name != "encrypted_answers"}
        return Consent.model_validate(known | opened_consent(self._vault, row["id"], row["encrypted_answers"]))


def opened_consent(vault: Vault, consent_id: UUID, restricted: bytes | None) -> dict[str, Any]:
    """Open how somebody agreed; nothing where the key was destroyed. Raise `DamagedError`."""
    if restricted is None:
        return {}
    try:
        opened = vault.decrypt(restricted, table="consent", row=consent_id, column="encrypted_answers")
    except KeyMissingError:
        return {}
    return opened if isinstance(opened, dict) else {}
