"""Whether what was told points to trafficking: by the Palermo Protocol and by BNS s.143, each for itself.

It is never a finding: it says what the answers point to, and what is missing, so that a person decides. Sources: the
Palermo Protocol (2000), article 3 (a) to (d); Bharatiya Nyaya Sanhita, 2023, s.143 (1) with its explanations, and
s.143 (4) and (5). Read from secondary texts and memory; no lawyer has looked at them yet.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from engine.core.law.told import AgeRange, oldest_on, youngest_on
from engine.language.conditions.values import Truth

OF_AGE: Final = 18


class TraffickingDefinition(StrEnum):
    """The two definitions."""

    PALERMO = "palermo"
    BNS = "bns143"


class Element(StrEnum):
    """What both definitions are made of."""

    ACT = "act"
    MEANS = "means"
    PURPOSE = "purpose"


@dataclass(frozen=True, slots=True)
class Elements:
    """What was told, as the codes of answers, and how old the person is as far as anybody knows."""

    acts: frozenset[str] = frozenset()
    means: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    age: AgeRange | None = None


@dataclass(frozen=True, slots=True)
class PointsTo:
    """What the answers point to under one definition, line by line. `missing` names what is not known for an answer."""

    law: TraffickingDefinition
    truth: Truth
    elements: Mapping[Element, Truth]
    reasons: tuple[str, ...]
    missing: tuple[str, ...] = field(default=())

    @property
    def words(self) -> str:
        """The answer in words; never more than that it points to something."""
        name = {
            TraffickingDefinition.PALERMO: "trafficking under the Palermo Protocol",
            TraffickingDefinition.BNS: "trafficking under BNS s.143",
        }[self.law]
        return {
            Truth.TRUE: f"Points to {name}",
            Truth.FALSE: f"Does not point to {name}, as far as is known",
            Truth.UNKNOWN: f"Not enough is known to say whether it points to {name}",
        }[self.truth]


_NOTHING: Final = frozenset({"none", "none_seen"})
_ACTS: Final = frozenset({"recruitment", "transportation", "transfer", "harbouring", "receipt"})
_THREAT = {"threat", "physical_threats", "threats_of_police", "threats_to_family"}
_FORCE = {"force", "physical_abuse", "sexual_abuse"}
_COERCION = {
    "debt_bondage", "takes_earnings", "restricts_money", "restricts_medical_care", "withholds_necessities",
    "psychological_abuse", "drugs_or_alcohol", "withholds_papers",
}  # fmt: skip
_SHARED = _THREAT | _FORCE | _COERCION | {"abduction", "fraud", "deception", "false_promises", "abuse_of_power",
                                          "payment_for_control"}  # fmt: skip
_MEANS: Final[Mapping[TraffickingDefinition, frozenset[str]]] = {
    TraffickingDefinition.PALERMO: frozenset(_SHARED | {"abuse_of_weakness"}),
    TraffickingDefinition.BNS: frozenset(_SHARED),
}
"""Both name threat, force, coercion, abduction, fraud, deception, abuse of power, and payment to who has control.

Only the Protocol names the abuse of a position of weakness: under the BNS alone that is for a lawyer to say.
"""
_EXPLOITED = {
    "sexual_exploitation", "online_sexual_abuse", "servitude", "domestic_servitude", "forced_labour", "bonded_labour",
    "forced_begging", "organ_removal",
}  # fmt: skip
_PURPOSES: Final[Mapping[TraffickingDefinition, frozenset[str]]] = {
    TraffickingDefinition.PALERMO: frozenset(_EXPLOITED | {"forced_criminality"}),
    TraffickingDefinition.BNS: frozenset(_EXPLOITED),
}
"""The Protocol's list is open ("at a minimum"); the BNS names physical and sexual exploitation, slavery and the like,
servitude, beggary and the removal of organs. What neither list names, such as forced marriage, is for a lawyer."""
_NAMES: Final = {Element.ACT: "act", Element.MEANS: "means", Element.PURPOSE: "purpose"}


def points_to(told: Elements, *, on: date) -> tuple[PointsTo, PointsTo]:
    """Say what the answers point to under each of the two definitions; `on` is the day on which the age counts."""
    return _palermo(told, on), _bns(told, on)


def _palermo(told: Elements, on: date) -> PointsTo:
    """Art.3: act, means and purpose; of somebody under 18, act and purpose are enough, and means do not matter."""
    elements = _elements(TraffickingDefinition.PALERMO, told)
    reasons = [_line(element, truth) for element, truth in elements.items()]
    is_child, truth = _is_child(told.age, on), elements[Element.MEANS]
    if is_child is Truth.TRUE:
        reasons[1] = "The person is under 18: the means do not matter, since a child can never agree (art.3 (c))."
        needed = [elements[Element.ACT], elements[Element.PURPOSE]]
        return _answer(TraffickingDefinition.PALERMO, needed, elements, reasons, ignores_means=True)
    if is_child is Truth.UNKNOWN and truth is not Truth.TRUE:
        reasons.append(
            "The age is not known. Under 18 the means would not matter (art.3 (c)): a child until shown otherwise."
        )
        needed = [elements[Element.ACT], Truth.UNKNOWN, elements[Element.PURPOSE]]
        return _answer(TraffickingDefinition.PALERMO, needed, elements, reasons, age_matters=True)
    if truth is Truth.TRUE:
        reasons.append("Where such means were used, it does not matter that the person agreed (art.3 (b)).")
    return _answer(TraffickingDefinition.PALERMO, list(elements.values()), elements, reasons)


def _bns(told: Elements, on: date) -> PointsTo:
    """s.143 (1): act, means and purpose, whatever the age; that it was a child makes the punishment graver."""
    elements = _elements(TraffickingDefinition.BNS, told)
    reasons = [_line(element, truth) for element, truth in elements.items()]
    is_child = _is_child(told.age, on)
    if "abuse_of_weakness" in told.means and elements[Element.MEANS] is not Truth.TRUE:
        reasons[1] = "Abuse of a weak position was reported: the section names abuse of power only. Ask a lawyer."
    if is_child is Truth.TRUE:
        reasons.append(
            "The section asks for one of its means for a child too. That it is a child makes the punishment graver "
            "(s.143 (4) and (5)); other sections protect children without means, such as ss.98, 99 and 144."
        )
    elif is_child is Truth.UNKNOWN:
        reasons.append("The age is not known: for a child the punishment is graver (s.143 (4) and (5)).")
    if elements[Element.MEANS] is Truth.TRUE:
        reasons.append("That the person agreed does not matter (s.143, explanation 2).")
    return _answer(TraffickingDefinition.BNS, list(elements.values()), elements, reasons)


def _elements(law: TraffickingDefinition, told: Elements) -> dict[Element, Truth]:
    return {
        Element.ACT: _element(told.acts, _ACTS),
        Element.MEANS: _element(told.means, _MEANS[law]),
        Element.PURPOSE: _element(told.purposes, _PURPOSES[law]),
    }


def _element(told: Collection[str], named: frozenset[str]) -> Truth:
    """Return whether an element is there: one that the definition names was told; it is not when none was seen."""
    if not named.isdisjoint(told):
        return Truth.TRUE
    return Truth.FALSE if told and _NOTHING.issuperset(told) else Truth.UNKNOWN


def _is_child(age: AgeRange | None, on: date) -> Truth:
    """Return whether somebody counts as a child: whoever may be under 18 does, and of nobody unknown it can be said."""
    if age is None:
        return Truth.UNKNOWN
    if oldest_on(age, on) < OF_AGE or youngest_on(age, on) < OF_AGE:
        return Truth.TRUE
    return Truth.FALSE


def _answer(
    law: TraffickingDefinition,
    needed: list[Truth],
    elements: Mapping[Element, Truth],
    reasons: list[str],
    *,
    ignores_means: bool = False,
    age_matters: bool = False,
) -> PointsTo:
    missing = [
        f"the {_NAMES[element]}"
        for element, truth in elements.items()
        if truth is Truth.UNKNOWN and not (ignores_means and element is Element.MEANS)
    ]
    missing += ["the age"] if age_matters else []
    if Truth.FALSE in needed:
        return PointsTo(law, Truth.FALSE, elements, tuple(reasons), ())
    truth = Truth.UNKNOWN if Truth.UNKNOWN in needed else Truth.TRUE
    return PointsTo(law, truth, elements, tuple(reasons), tuple(missing) if truth is Truth.UNKNOWN else ())


def _line(element: Element, truth: Truth) -> str:
    what = {
        Element.ACT: "An act that the definition names (recruiting, moving, keeping, handing over, receiving)",
        Element.MEANS: "A means that the definition names (threat, force, deception, abuse and the like)",
        Element.PURPOSE: "A purpose of exploitation that the definition names",
    }[element]
    return {
        Truth.TRUE: f"{what}: reported.",
        Truth.FALSE: f"{what} was looked for and not seen.",
        Truth.UNKNOWN: f"{what} is not known yet, or is one that only a lawyer can judge.",
    }[truth]
