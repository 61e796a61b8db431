"""Referrals, consents, partners with their links, and the case that becomes another unit's."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import RowMapping, case, exists, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.cases.visibility import not_denied
from engine.core.case_links import Referral
from engine.core.policy import Viewer, visible_units
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.errors import KeyMissingError
from engine.keys.vault import Vault
from engine.sharing.records.consent import Consent, ConsentRecipient
from engine.sharing.records.partners import Partner, PartnerLink, PartnerView

_REFERRAL, _UNIT = TABLES["referral"], TABLES["unit"]
_ORGANISATION = TABLES["organisation"]
_TO_NAME = "encrypted_to_name"
REFERRAL_COLUMNS = [_REFERRAL.c[_TO_NAME if name == "to_name" else name] for name in Referral.model_fields]
"""What a referral is read from; `opened_referral` makes one of it."""
_LIVE = ("offered", "accepted")
_NOTE = "encrypted_note"
_FIXED = frozenset({"id", "case_id", "unit_id", "fields", "persons", "to_name"})

_PARTNER, _REFERRAL = TABLES["partner"], TABLES["referral"]
_UNIT = TABLES["unit"]
_WORDS: Final = ("name", "services", "areas", "languages", "hours")
_LISTS: Final = frozenset({"services", "areas", "languages"})


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
_CONSENT_COLUMNS = [*columns(_CONSENT, Consent), _CONSENT.c.encrypted_answers]


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
        query = select(*_CONSENT_COLUMNS).where(*conditions)  # type: ignore[arg-type]
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


class PartnerStore(Store):
    """Partners, within one transaction."""

    def all(self) -> tuple[Partner, ...]:
        """List all partners by name."""
        rows = self._connection.execute(select(_PARTNER).where(_PARTNER.c.encrypted_words.is_not(None))).mappings()
        return tuple(sorted((self._partner(row) for row in rows), key=lambda one: (one.name, one.id)))

    def get(self, partner_id: UUID) -> Partner | None:
        """Load a partner."""
        query = select(_PARTNER).where(_PARTNER.c.id == partner_id, _PARTNER.c.encrypted_words.is_not(None))
        row = self._connection.execute(query).mappings().first()
        return self._partner(row) if row else None

    def save(self, partner: Partner) -> None:
        """Write a partner as they are now."""
        told = partner.model_dump()
        words = {name: list(told.pop(name)) if name in _LISTS else told.pop(name) for name in _WORDS}
        restricted = self._vault.encrypt(
            words, key_of=partner.id, table="partner", row=partner.id, column="encrypted_words"
        )
        row = told | {"encrypted_words": restricted}
        statement = upsert(_PARTNER).values(row)
        changes = {name: statement.excluded[name] for name in row if name != "id"}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changes))

    def _partner(self, row: RowMapping) -> Partner:
        words = self._vault.decrypt(row["encrypted_words"], table="partner", row=row["id"], column="encrypted_words")
        open_ones = {name: value for name, value in row.items() if name != "encrypted_words"}
        return Partner.model_validate(open_ones | cast("dict[str, Any]", words))

    def asked_by(self, viewer: Viewer) -> tuple[tuple[str, Referral], ...]:
        """List what was asked of others in the cases of the viewer's units, with the name of whom was asked."""
        name = _UNIT.c.name.label("unit_name")
        query = (
            select(name, *REFERRAL_COLUMNS)
            .select_from(_REFERRAL.outerjoin(_UNIT, _UNIT.c.id == _REFERRAL.c.to_unit_id))
            .where(_REFERRAL.c.unit_id.in_(sorted(visible_units(viewer))), not_denied(viewer, _REFERRAL.c.case_id))
            .order_by(_REFERRAL.c.sent_at, _REFERRAL.c.id)
        )
        rows = [dict(row) for row in self._connection.execute(query).mappings()]
        asked = [(row.pop("unit_name"), opened_referral(self._vault, row)) for row in rows]
        return tuple((unit or one.to_name or "A body outside the network", one) for unit, one in asked)

    def asked_between(self, unit_id: UUID, begin: datetime, end: datetime) -> tuple[tuple[str, Referral], ...]:
        """List what a unit asked of others from one instant (UTC) to before another, by the name of whom it asked."""
        name = _UNIT.c.name.label("unit_name")
        query = (
            select(name, *REFERRAL_COLUMNS)
            .select_from(_REFERRAL.outerjoin(_UNIT, _UNIT.c.id == _REFERRAL.c.to_unit_id))
            .where(_REFERRAL.c.unit_id == unit_id, _REFERRAL.c.sent_at >= begin, _REFERRAL.c.sent_at < end)
        )
        rows = [dict(row) for row in self._connection.execute(query).mappings()]
        asked = [(row.pop("unit_name"), opened_referral(self._vault, row)) for row in rows]
        return tuple((unit or one.to_name or "", one) for unit, one in asked)


_LINK, _VIEW = TABLES["partner_link"], TABLES["partner_view"]
_LINK_COLUMNS = columns(_LINK, PartnerLink)


class PartnerLinkStore(Store):
    """Links of partners in PostgreSQL, within one transaction. Only hashes of links and codes are kept."""

    def add(self, link: PartnerLink) -> bool:
        """Write a link once; a second one with the same id changes nothing and gives False."""
        return self._is_new(_LINK, link.model_dump())

    def by_token(self, token_hash: bytes, *, hold: bool = True) -> PartnerLink | None:
        """Load a link by the hash of its token; with `hold` nobody else uses it until the transaction ends."""
        query = select(*_LINK_COLUMNS).where(_LINK.c.token_hash == token_hash)
        return self._record(PartnerLink, query.with_for_update() if hold else query)

    def of_referral(self, referral_id: UUID) -> tuple[PartnerLink, ...]:
        """Load the links of a referral, the earliest first."""
        query = select(*_LINK_COLUMNS).where(_LINK.c.referral_id == referral_id).order_by(_LINK.c.made_at, _LINK.c.id)
        return self._records(PartnerLink, query)

    def save(self, link: PartnerLink) -> None:
        """Write a link as it is now."""
        changes = link.model_dump(exclude={"id", "referral_id", "case_id", "unit_id", "token_hash"})
        self._connection.execute(update(_LINK).where(_LINK.c.id == link.id).values(changes))

    def note_view(self, view: PartnerView) -> None:
        """Write that a link was used."""
        self._connection.execute(insert(_VIEW).values(view.model_dump()))
