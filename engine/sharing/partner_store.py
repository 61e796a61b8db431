"""The directory of partners, and the links that they were sent."""

from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.cases.visibility import not_denied
from engine.core.case_links import Referral
from engine.core.policy import Viewer, visible_units
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.sharing.records.partners import Partner, PartnerLink, PartnerView
from engine.sharing.store import REFERRAL_COLUMNS, opened_referral

_PARTNER, _REFERRAL = TABLES["partner"], TABLES["referral"]
_UNIT = TABLES["unit"]
_WORDS: Final = ("name", "services", "areas", "languages", "hours")
_LISTS: Final = frozenset({"services", "areas", "languages"})


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
_COLUMNS = columns(_LINK, PartnerLink)


class PartnerLinkStore(Store):
    """Links of partners in PostgreSQL, within one transaction. Only hashes of links and codes are kept."""

    def add(self, link: PartnerLink) -> bool:
        """Write a link once; a second one with the same id changes nothing and gives False."""
        return self._is_new(_LINK, link.model_dump())

    def by_token(self, token_hash: bytes, *, hold: bool = True) -> PartnerLink | None:
        """Load a link by the hash of its token; with `hold` nobody else uses it until the transaction ends."""
        query = select(*_COLUMNS).where(_LINK.c.token_hash == token_hash)
        return self._record(PartnerLink, query.with_for_update() if hold else query)

    def of_referral(self, referral_id: UUID) -> tuple[PartnerLink, ...]:
        """Load the links of a referral, the earliest first."""
        query = select(*_COLUMNS).where(_LINK.c.referral_id == referral_id).order_by(_LINK.c.made_at, _LINK.c.id)
        return self._records(PartnerLink, query)

    def save(self, link: PartnerLink) -> None:
        """Write a link as it is now."""
        changes = link.model_dump(exclude={"id", "referral_id", "case_id", "unit_id", "token_hash"})
        self._connection.execute(update(_LINK).where(_LINK.c.id == link.id).values(changes))

    def note_view(self, view: PartnerView) -> None:
        """Write that a link was used."""
        self._connection.execute(insert(_VIEW).values(view.model_dump()))
