"""The figures of compensation law, read from `schemes.json`: code counts, the file says how much."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from engine.plugin import Law, StepContext
from pillars.restitution.forms import EligibilityForm, Fir

VICTIMS = frozenset({"victim", "possible_victim"})
ADULT = 18


def age_of(context: StepContext) -> int | None:
    """Return the age of the person that the case is for; None where it is not known, or they are of several ages."""
    ages = {person.age for person in context.persons if person.role in VICTIMS}
    return ages.pop() if len(ages) == 1 else None


def is_minor_of(context: StepContext) -> bool | None:
    """Whether the person that the case is for is a child; None where that is not known, or not the same for all."""
    ages = [person.age for person in context.persons if person.role in VICTIMS]
    answers = {None if age is None else age < ADULT for age in ages}
    return answers.pop() if len(answers) == 1 else None


def target(source: str) -> str:
    """Say that a figure is a target of the network, and what it rests on."""
    return based_on(source, is_signed=False)


def based_on(source: str, *, is_signed: bool) -> str:
    """Say what a figure rests on, and whether a lawyer has signed it."""
    return f"Based on {source}." if is_signed else f"Network target, based on {source}; a lawyer must confirm it."


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
    for entry in entries_of("codes", jurisdiction):
        if _covers(entry, "offences", offence):
            return Code(entry["code"], entry["source"])
    return None


def claim_limit(context: StepContext) -> ClaimLimit | None:
    """Find the limit for claims in the country of a case; None where the file has none.

    Its length is that of the pack of law; where the law does not apply to the case, that of the file, as a target.
    """
    for entry in entries_of("limits", context.jurisdiction):
        own = Law(entry["limit_id"], entry["claim_within_months"], is_signed=entry["signed_by"] is not None)
        length = context.law(own.limit_id) or own
        return ClaimLimit(length, tuple(entry["warn_months_before"]), length.source or entry["source"])
    return None


def open_routes(context: StepContext, *, is_minor: bool, offence: date | None) -> tuple[RouteRule, ...]:
    """List the routes of the country that are open to a child or an adult, for an offence of that day.

    A scheme for some only is open where its limit in the pack of law applies to the case, or the FIR names its Act.
    """
    who = "minor" if is_minor else "adult"
    return tuple(
        _route(entry)
        for entry in entries_of("routes", context.jurisdiction)
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
    return next((_route(entry) for entry in entries_of("routes", jurisdiction) if entry["route"] == route), None)


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
    for entry in entries_of("bonded_labour", jurisdiction):
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


def entries_of(part: str, jurisdiction: str) -> list[dict[str, Any]]:
    """Return what a part of the file has for the country of a jurisdiction."""
    country = jurisdiction.partition("-")[0]
    return [entry for entry in _file()[part] if entry["jurisdiction"] == country]


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        files("pillars.restitution").joinpath("schemes.json").read_text(encoding="utf-8")
    )
    return content
