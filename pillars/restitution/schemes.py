"""The figures of compensation law, read from `schemes.json`: code counts, the file says how much."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

from engine.plugin import Law, StepContext
from pillars.restitution.forms import EligibilityForm, Fir

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Code:
    """The criminal code that governs an offence of a given day."""

    code: str
    source: str


@dataclass(frozen=True, slots=True)
class ClaimLimit:
    """Within how long of an offence a claim must be made, and how many months before the end to warn."""

    length: Law
    warn_months_before: tuple[int, ...]
    source: str

    @property
    def is_signed(self) -> bool:
        """Whether a lawyer has signed it."""
        return self.length.is_signed

    def last_day(self, offence: date) -> date:
        """Return the last day to claim for an offence of that day."""
        return self.length.day_after(offence)

    def warn_on(self, offence: date) -> tuple[date, ...]:
        """Return the days on which to warn, the first one first; none of them lies before the offence."""
        return tuple(
            max(offence, replace(self.length, months=self.length.months - months).day_after(offence))
            for months in self.warn_months_before
        )


@dataclass(frozen=True, slots=True)
class Share:
    """How a payment is divided: a free part in percent, the rest in a deposit."""

    free_percent: int
    deposit: str
    source: str
    is_signed: bool
    deposit_months: int | None = None
    deposit_until_age: int | None = None

    def divide(self, amount: Decimal) -> tuple[Decimal, Decimal]:
        """Divide an amount; the free part is rounded down to the smallest coin, so nothing is lost."""
        free = (amount * self.free_percent / 100).quantize(_CENT, rounding=ROUND_DOWN)
        return free, amount - free

    def deposit_ends(self, paid: date, age: int | None) -> date | None:
        """Give the day the deposit ends: so many months after the payment, or the latest day that the birthday can be.

        Ages are known in whole years, so the deposit never ends too early. None where the age is not known.
        """
        if self.deposit_months is not None:
            return StepContext.add_months(paid, self.deposit_months)
        if self.deposit_until_age is None or age is None:
            return None
        return StepContext.add_months(paid, 12 * max(self.deposit_until_age - age, 0))


@dataclass(frozen=True, slots=True)
class Term:
    """A time of a route: the limit of the law that says how long, and the days that count where that is no law."""

    law: str
    otherwise_days: int

    def length(self, context: StepContext) -> Law:
        """Return how long it is in a case."""
        return context.law(self.law) or Law(self.law, days=self.otherwise_days)


@dataclass(frozen=True, slots=True)
class RouteRule:
    """What a route to compensation gives: cash at once in rupees, a part in advance, time to appeal and to be paid."""

    route: str
    interim_percent: int | None
    cash_at_once: tuple[int, int] | None
    appeal: Term | None
    order_is_paid: Term | None
    source: str


@dataclass(frozen=True, slots=True)
class BondedLabourGrant:
    """What a person freed from bonded labour gets, in rupees: up to so much at once, and a grant by class."""

    at_once_up_to: int
    grants: Mapping[str, int]
    source: str
    is_signed: bool
    at_once_more: str = ""
    who: Mapping[str, str] = field(default_factory=dict)
    annuity_at_least: Mapping[str, int] = field(default_factory=dict)

    @property
    def in_words(self) -> str:
        """Say what comes at once, the grant by class, and how much of it at least goes into an annuity."""
        more = f", {self.at_once_more}" if self.at_once_more else ""
        slabs = "; ".join(f"{amount:,} for {self.who[name]}" for name, amount in self.grants.items())
        annuity = " and ".join(f"{least:,} of {self.grants[name]:,}" for name, least in self.annuity_at_least.items())
        held = (
            f" Of the grant at least {annuity} goes into an annuity; the rest is the person's at once."
            if annuity
            else ""
        )
        return f"At once: up to {self.at_once_up_to:,} rupees{more}. The grant, in rupees: {slabs}.{held}"


def governing_code(jurisdiction: str, offence: date) -> Code | None:
    """Find the code of the day of the offence; None where the file has none for the country."""
    for entry in _entries("codes", jurisdiction):
        if _covers(entry, "offences", offence):
            return Code(entry["code"], entry["source"])
    return None


def claim_limit(context: StepContext) -> ClaimLimit | None:
    """Find the limit for claims in the country of a case; None where the file has none.

    Its length is that of the pack of law; where the law does not apply to the case, that of the file, as a target.
    """
    for entry in _entries("limits", context.jurisdiction):
        own = Law(entry["limit_id"], entry["claim_within_months"], is_signed=entry["signed_by"] is not None)
        length = context.law(own.limit_id) or own
        return ClaimLimit(length, tuple(entry["warn_months_before"]), length.source or entry["source"])
    return None


def share(context: StepContext, *, is_minor: bool) -> Share | None:
    """Find how an award is divided by the scheme that the person's routes name; None where none of them divides it.

    A scheme divides its own awards only: grants, wages and what a court orders are paid whole.
    """
    routes: tuple[str, ...] = context.earlier("restitution.eligibility", EligibilityForm).routes
    for entry in _entries("shares", context.jurisdiction):
        if entry["who"] == ("minor" if is_minor else "adult") and entry["if_route"] in routes:
            return Share(
                entry["free_percent"], entry["deposit"], entry["source"], entry["signed_by"] is not None,
                entry["deposit_months"], entry["deposit_until_age"],
            )  # fmt: skip
    return None


def open_routes(context: StepContext, *, is_minor: bool, offence: date | None) -> tuple[RouteRule, ...]:
    """List the routes of the country that are open to a child or an adult, for an offence of that day.

    A scheme for some only is open where its limit in the pack of law applies to the case, or the FIR names its Act.
    """
    who = "minor" if is_minor else "adult"
    return tuple(
        _route(entry)
        for entry in _entries("routes", context.jurisdiction)
        if entry["who"] in {who, "any"} and (offence is None or _covers(entry, "offences", offence))
        if _is_for(entry, context)
    )


def _is_for(entry: Mapping[str, Any], context: StepContext) -> bool:
    """Return whether a route is for this case: the women's scheme is not for a man."""
    limit, section = entry.get("if_law"), entry.get("if_section")
    sections = context.earlier("policing.fir", Fir).sections
    is_in_law = limit is None or context.law(limit) is not None
    return is_in_law and (section is None or section in sections)


def route_rule(jurisdiction: str, route: str) -> RouteRule | None:
    """Find what a route gives; None where the file does not say."""
    return next((_route(entry) for entry in _entries("routes", jurisdiction) if entry["route"] == route), None)


def routes_told(context: StepContext) -> tuple[RouteRule, ...]:
    """List the rules of the routes that the lawyer found for the person, as far as the file has them."""
    routes = context.earlier("restitution.eligibility", EligibilityForm).routes
    found = (route_rule(context.jurisdiction, route) for route in routes)
    return tuple(rule for rule in found if rule is not None)


def paid_by(context: StepContext, ordered: date) -> date | None:
    """Return the day by which ordered money must be there by a route of the person; the first one, or None for none."""
    terms = (rule.order_is_paid for rule in routes_told(context))
    return min((term.length(context).day_after(ordered) for term in terms if term), default=None)


def last_day_to_appeal(context: StepContext, awarded: date) -> date | None:
    """Return the last day to appeal against an award by a route of the person; the first one, or None for none."""
    terms = (rule.appeal for rule in routes_told(context))
    return min((term.length(context).day_after(awarded) for term in terms if term), default=None)


def bonded_labour_grant(jurisdiction: str, released: date) -> BondedLabourGrant | None:
    """Find the scheme for a person who was released on that day; None where the file has none."""
    for entry in _entries("bonded_labour", jurisdiction):
        if _covers(entry, "released", released):
            return BondedLabourGrant(
                entry["at_once_up_to"], entry["grants"], entry["source"], entry["signed_by"] is not None,
                entry["at_once_more"], entry["who"], entry["annuity_at_least"],
            )  # fmt: skip
    return None


def _route(entry: Mapping[str, Any]) -> RouteRule:
    cash = entry["cash_at_once"]
    return RouteRule(
        route=entry["route"],
        interim_percent=entry["interim_percent"],
        cash_at_once=(cash[0], cash[1]) if cash else None,
        appeal=_term(entry["appeal"]),
        order_is_paid=_term(entry["order_is_paid"]),
        source=entry["source"],
    )


def _term(entry: Mapping[str, Any] | None) -> Term | None:
    return Term(entry["law"], entry["days"]) if entry else None


def _covers(entry: Mapping[str, Any], what: str, day: date) -> bool:
    starts, ends = entry.get(f"{what}_from"), entry.get(f"{what}_until")
    return (starts is None or day.isoformat() >= starts) and (ends is None or day.isoformat() <= ends)


def _entries(part: str, jurisdiction: str) -> list[dict[str, Any]]:
    country = jurisdiction.partition("-")[0]
    return [entry for entry in _file()[part] if entry["jurisdiction"] == country]


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        files("pillars.restitution").joinpath("schemes.json").read_text(encoding="utf-8")
    )
    return content
