"""The directory of partners: keep what steps say of them, show who offers what, and how they answer."""

from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

from engine.assembly import Engine
from engine.core.viewer import Viewer
from engine.db.transaction import Transaction
from engine.plugin.told import PartnerOffer, PartnerTold
from engine.sharing.partner_store import PartnerStore
from engine.sharing.records.partners import Partner, Score, offering, partner_id, scores_of, written


class Directory(NamedTuple):
    """Who offers what was asked for, and how those who were asked by the viewer's units answered."""

    partners: tuple[Partner, ...]
    scores: tuple[Score, ...]


def read_directory(
    engine: Engine, *, viewer: Viewer, service: str = "", area: str = "", language: str = ""
) -> Directory:
    """Show the directory to anybody of the network, and the numbers of what their own units have asked.

    What was asked in a case that they do not see counts for nothing.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        known, asked = tx.of(PartnerStore).all(), tx.of(PartnerStore).asked_by(viewer)
    found = offering(known, service=service, area=area, language=language, now=now)
    return Directory(found, scores_of(asked, now=now))


def keep_partner(tx: Transaction, told: PartnerTold | None, *, now: datetime) -> None:
    """Write what a step says of a partner into the directory; a name of nobody writes nothing."""
    if told is None or not told.name.strip():
        return
    known = tx.of(PartnerStore).get(partner_id(told.name))
    tx.of(PartnerStore).save(written(known, told.name, asdict(told), at=now))


def offers(tx: Transaction, *, now: datetime) -> tuple[PartnerOffer, ...]:
    """Give the directory to a step that asks for a partner, those with free places first."""
    return tuple(
        PartnerOffer(
            one.name, one.services, one.areas, one.languages, one.capacity_free if one.counts_at(now) else None,
            one.takes_children,
        )
        for one in offering(tx.of(PartnerStore).all(), now=now)
    )  # fmt: skip
