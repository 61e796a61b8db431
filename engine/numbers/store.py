"""Published figures: every statement that writes them."""

from collections.abc import Iterable

from engine.db.store import Store
from engine.db.tables import TABLES
from engine.numbers.records import NumberSheet

_SHEET = TABLES["number_sheet"]


class NumberStore(Store):
    """Published figures in PostgreSQL, within one transaction. None is ever changed."""

    def add(self, sheets: Iterable[NumberSheet]) -> bool:
        """Write the sheets of a quarter, once; return whether there were none."""
        new = [self._is_new(_SHEET, sheet.model_dump()) for sheet in sheets]
        return all(new)
