"""Links by which partners without an account answer a referral, and each time that one was used."""

from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.adapters.sql.store import Store
from engine.domain.partner_link import PartnerLink, PartnerView

_LINK, _VIEW = tb.PartnerLinkRow.__table__, tb.PartnerViewRow.__table__  # type: ignore[attr-defined]
_COLUMNS = [_LINK.c[name] for name in PartnerLink.model_fields]


class PartnerLinkStore(Store):
    """Links of partners in PostgreSQL, within one transaction. Only hashes of links and codes are kept."""

    def add(self, link: PartnerLink) -> bool:
        """Write a link once; a second one with the same id changes nothing and gives False."""
        statement = upsert(_LINK).values(link.model_dump()).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(_LINK.c.id)).first() is not None

    def by_token(self, token_hash: bytes, *, hold: bool = True) -> PartnerLink | None:
        """Load a link by the hash of its token; with `hold` nobody else uses it until the transaction ends."""
        query = select(*_COLUMNS).where(_LINK.c.token_hash == token_hash)
        row = self._connection.execute(query.with_for_update() if hold else query).mappings().first()
        return PartnerLink.model_validate(dict(row)) if row else None

    def of_referral(self, referral_id: UUID) -> tuple[PartnerLink, ...]:
        """Load the links of a referral, the earliest first."""
        query = select(*_COLUMNS).where(_LINK.c.referral_id == referral_id).order_by(_LINK.c.made_at, _LINK.c.id)
        return tuple(PartnerLink.model_validate(dict(row)) for row in self._connection.execute(query).mappings())

    def save(self, link: PartnerLink) -> None:
        """Write a link as it is now."""
        changes = link.model_dump(exclude={"id", "referral_id", "case_id", "unit_id", "token_hash"})
        self._connection.execute(update(_LINK).where(_LINK.c.id == link.id).values(changes))

    def note_view(self, view: PartnerView) -> None:
        """Write that a link was used."""
        self._connection.execute(insert(_VIEW).values(view.model_dump()))
