"""The figures of compensation law, read from `schemes.json`: code counts, the file says how much."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Code:
    """The criminal code that governs an offence of a given day."""

    code: str
    source: str


@dataclass(frozen=True, slots=True)
class ClaimLimit:
    """Within how many calendar months a claim must be made, and after how many to warn."""

    limit_id: str
    months: int
    warn_after_months: tuple[int, ...]
    source: str
    is_signed: bool


@dataclass(frozen=True, slots=True)
class Share:
    """How a payment is divided: a free part in percent, the rest in a deposit."""

    free_percent: int
    deposit: str
    source: str
    is_signed: bool

    def divide(self, amount: Decimal) -> tuple[Decimal, Decimal]:
        """Divide an amount; the free part is rounded down to the smallest coin, so nothing is lost."""
        free = (amount * self.free_percent / 100).quantize(_CENT, rounding=ROUND_DOWN)
        return free, amount - free


def governing_code(jurisdiction: str, offence: date) -> Code | None:
    """Find the code of the day of the offence; None where the file has none for the country."""
    for entry in _entries("codes", jurisdiction):
        starts, ends = entry.get("offences_from"), entry.get("offences_until")
        if (starts is None or offence.isoformat() >= starts) and (ends is None or offence.isoformat() <= ends):
            return Code(entry["code"], entry["source"])
    return None


def claim_limit(jurisdiction: str) -> ClaimLimit | None:
    """Find the limit for claims in a country; None where the file has none."""
    for entry in _entries("limits", jurisdiction):
        return ClaimLimit(
            limit_id=entry["limit_id"],
            months=entry["claim_within_months"],
            warn_after_months=tuple(entry["warn_after_months"]),
            source=entry["source"],
            is_signed=entry["signed_by"] is not None,
        )
    return None


def share(jurisdiction: str, *, is_minor: bool) -> Share | None:
    """Find how a payment is divided in a country; None where the file has no rule."""
    for entry in _entries("shares", jurisdiction):
        if entry["who"] == ("minor" if is_minor else "adult"):
            return Share(entry["free_percent"], entry["deposit"], entry["source"], entry["signed_by"] is not None)
    return None


def _entries(part: str, jurisdiction: str) -> list[dict[str, Any]]:
    country = jurisdiction.partition("-")[0]
    return [entry for entry in _file()[part] if entry["jurisdiction"] == country]


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        files("pillars.restitution").joinpath("schemes.json").read_text(encoding="utf-8")
    )
    return content
