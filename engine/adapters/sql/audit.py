"""Prove the chains of events: every case, link by link."""

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import select

from engine.adapters.sql.case_store import CASE, EVENT
from engine.adapters.sql.chain import first_bad_link
from engine.ports import Vault


class BrokenChain(NamedTuple):
    """A case whose chain does not verify, and the first event that does not fit."""

    case_number: str
    seq: int


def broken_chains(sql: SqlEngine, vault: Vault, *, case_id: UUID | None = None) -> Iterator[BrokenChain]:
    """Go through all chains, or one case's; gives those that do not verify."""
    cases = select(CASE.c.id, CASE.c.number, CASE.c.chain_head, CASE.c.chain_length).order_by(CASE.c.opened_at)
    if case_id is not None:
        cases = cases.where(CASE.c.id == case_id)
    with sql.connect() as connection:
        for case in connection.execute(cases).all():
            rows = connection.execute(select(EVENT).where(EVENT.c.case_id == case.id).order_by(EVENT.c.seq)).mappings()
            bad = first_bad_link(vault, rows, head=case.chain_head, length=case.chain_length)
            if bad is not None:
                yield BrokenChain(case.number, bad)
