"""Published figures, and what people have saved of them: every statement that writes them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update

from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.numbers.records import MonthlyNumbers, NumberSheet, SavedNumbers

_SHEET, SAVED, MONTHLY = TABLES["number_sheet"], TABLES["saved_numbers"], TABLES["monthly_numbers"]
_SAVED_COLUMNS = columns(SAVED, SavedNumbers)
NAME: Final = "encrypted_name"


class NumberStore(Store):
    """Published figures in PostgreSQL, within one transaction. None is ever changed."""

    def add(self, sheets: Iterable[NumberSheet]) -> bool:
        """Write the sheets of a quarter, once; return whether there were none."""
        new = [self._is_new(_SHEET, sheet.model_dump()) for sheet in sheets]
        return all(new)


class SavedNumbersStore(Store):
    """What people have saved of published figures, and what was made of it each month, within one transaction."""

    def add(self, saved: SavedNumbers, name: str) -> None:
        """Write what somebody saves, its name sealed under their key; the same again is written once."""
        sealed = self._vault.encrypt(name, key_of=saved.owner_id, table="saved_numbers", row=saved.id, column=NAME)
        self._is_new(SAVED, {**saved.model_dump(), NAME: sealed})

    def count(self, owner_id: UUID) -> int:
        """Count what somebody has saved."""
        query = select(func.count()).where(SAVED.c.owner_id == owner_id)
        return int(self._connection.execute(query).scalar_one())

    def locked(self, saved_id: UUID, owner_id: UUID) -> SavedNumbers | None:
        """Lock what somebody has saved; None where it is not theirs, or gone."""
        mine = (SAVED.c.id == saved_id, SAVED.c.owner_id == owner_id)
        return self._record(SavedNumbers, select(*_SAVED_COLUMNS).where(*mine).with_for_update())

    def make_monthly(self, saved_id: UUID, *, since: datetime | None) -> None:
        """Have it made each month from an instant on, or no more."""
        self._connection.execute(update(SAVED).where(SAVED.c.id == saved_id).values(monthly_since=since))

    def drop(self, saved_id: UUID) -> None:
        """Remove what was saved, and all that was made of it."""
        self._connection.execute(delete(MONTHLY).where(MONTHLY.c.saved_id == saved_id))
        self._connection.execute(delete(SAVED).where(SAVED.c.id == saved_id))

    def due(self, month: str, *, began: datetime) -> tuple[tuple[UUID, UUID], ...]:
        """List what is made each month since before an instant and was not made in this one, with whose it is."""
        made = select(MONTHLY.c.saved_id).where(MONTHLY.c.month == month)
        query = select(SAVED.c.id, SAVED.c.owner_id).where(SAVED.c.monthly_since <= began, SAVED.c.id.not_in(made))
        rows = self._connection.execute(query.order_by(SAVED.c.saved_at, SAVED.c.id))
        return tuple((saved_id, owner_id) for saved_id, owner_id in rows)

    def add_monthly(self, made: MonthlyNumbers) -> bool:
        """Write what was made in a month; return whether it had not been."""
        return self._is_new(MONTHLY, made.model_dump(mode="python"))
