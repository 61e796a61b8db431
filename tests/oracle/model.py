"""Who may see what, written a second time, from the rules and not from the code: the oracle asks both and compares.

Nothing here may import the policy. Times do not occur: every grant of the oracle's world is live or ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CHIEFS = {"supervisor", "nodal_officer", "safeguarding_lead"}
LEAD = {"case_manager", *CHIEFS}
CARE = LEAD | {
    "intake_officer", "caseworker", "counsellor", "medical_officer", "police_liaison", "ahtu_officer", "lawyer",
    "repatriation_coordinator", "shelter_manager",
}  # fmt: skip
OFFICE = {"prevention_officer", "partnership_manager", "finance_officer", "data_protection_officer"}
WORKING = CARE | OFFICE | {"press_officer"}
RIGHTS: Mapping[str, set[str]] = {
    "see": WORKING | {"auditor"}, "history": WORKING | {"auditor"}, "any": WORKING | {"auditor"},
    "read": CARE | OFFICE, "reveal": CARE, "work": WORKING, "plan": CARE, "lead": LEAD,
    "refer": CARE | {"partnership_manager"}, "access": LEAD | {"auditor", "data_protection_officer"},
    "consent": CARE | {"data_protection_officer"}, "file": CARE | OFFICE, "report": CARE | OFFICE,
    "release": LEAD | {"lawyer", "repatriation_coordinator"}, "hold": LEAD | {"lawyer", "data_protection_officer"},
    "seal": CHIEFS - {"supervisor"} | {"data_protection_officer"}, "erase": LEAD | {"data_protection_officer"},
    "account": {"data_protection_officer", "case_manager"}, "confirm": CHIEFS,
    "correct": {"data_protection_officer", "case_manager", "caseworker", "supervisor"},
    "keeping": LEAD | {"data_protection_officer", "lawyer", "auditor"}, "admin": {"system_administrator"},
    "board": {"system_administrator", "auditor", "supervisor", "nodal_officer"},
    "audit": {"auditor", "data_protection_officer", "safeguarding_lead"},
    "publish": {"case_manager", "nodal_officer", "repatriation_coordinator", "partnership_manager"},
    "people": {"system_administrator", "supervisor"}, "rota": {"system_administrator", "supervisor", "nodal_officer"},
    "hear": {"safeguarding_lead", "nodal_officer", "data_protection_officer"},
}  # fmt: skip
SEALED: Mapping[str, set[str]] = {
    "health": {"medical_officer", "counsellor"},
    "informants": {"intake_officer", "supervisor"},
}
FIELDS: Mapping[str, tuple[str, str, bool]] = {
    "narrative": ("reporting.intake.narrative", "", False),
    "informant": ("reporting.intake.informant_name", "informants", False),
    "place": ("reporting.intake.place_last_seen", "", False),
    "findings": ("protection.health.findings", "health", False),
    "followup": ("protection.health.follow_up", "", True),
}
"""The answers that are planted: field, sealed class, and whether it is open, shown without a recorded act."""
OF_STEP = {"intake": "reporting.intake", "health": "protection.health"}


@dataclass(frozen=True)
class Persona:
    """Somebody who asks: roles by unit, and the units' organisations."""

    name: str
    roles: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Matter:
    """A case: its unit, what was granted to which unit, to whom it is denied (people, units, organisations)."""

    name: str
    unit: str
    granted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    granted_to_person: Mapping[str, frozenset[str]] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sight:
    """How somebody sees a case: their roles that count, and what is named; None for all."""

    roles: frozenset[str]
    named: frozenset[str] | None

    def may(self, right: str) -> bool:
        return not RIGHTS[right].isdisjoint(self.roles)

    def shows(self, name: str, sealed: str = "") -> bool:
        if self.named is None:
            return not sealed or not SEALED[sealed].isdisjoint(self.roles)
        if sealed:
            return f"class:{sealed}" in self.named
        return name in self.named or name.rpartition(".")[0] + ".*" in self.named


def sight(persona: Persona, matter: Matter) -> Sight | None:
    """Say how somebody sees a case; None when it does not exist for them."""
    if matter.denied & ({persona.name} | set(persona.roles)):
        return None
    own = persona.roles.get(matter.unit, frozenset())
    if own & RIGHTS["see"]:
        return Sight(own, None)
    ways = [(persona.roles[unit], named) for unit, named in matter.granted.items() if unit in persona.roles]
    if persona.name in matter.granted_to_person:
        ways += [(roles, matter.granted_to_person[persona.name]) for roles in persona.roles.values()]
    ways = [(roles, named) for roles, named in ways if roles & RIGHTS["see"]]
    if not ways:
        return None
    return Sight(frozenset().union(*(r for r, _ in ways)), frozenset().union(*(n for _, n in ways)))


def status(persona: Persona, matter: Matter, right: str, *, own: bool) -> int:
    """Say how a question for a case is answered: 200, 403 for who sees it and may not, 404 for whom it is not there."""
    seen = sight(persona, matter)
    if seen is None or (own and seen.named is not None):
        return 404
    return 200 if seen.may(right) else 403


def may_somewhere(persona: Persona, right: str) -> bool:
    """Say whether somebody has a right in any unit; what is their own is everybody's."""
    return not right or any(roles & RIGHTS[right] for roles in persona.roles.values())


def planted_on(persona: Persona, matter: Matter, page: str) -> set[str]:
    """Name the planted values that a page shows: `case`, a step, `reveal:<step>`, `person`, `paper`, `list`."""
    seen = sight(persona, matter)
    if seen is None:
        return set()
    shown = {"number"}
    step = page.removeprefix("reveal:")
    for name, (path, sealed, is_open) in FIELDS.items():
        right = "read" if is_open else "reveal"
        on_page = step in OF_STEP and path.startswith(OF_STEP[step])
        is_asked = is_open or page.startswith("reveal:")
        if on_page and is_asked and seen.may(right) and seen.shows(path, sealed):
            shown.add(name)
    if page == "person" and seen.may("reveal") and seen.shows("person.name"):
        shown.add("name")
    if page == "paper" and shows_paper(persona, matter):
        shown = {"paper"}
    if page == "list" and (seen.named is None or "case.*" in seen.named):
        shown.add("subject")
    return shown


def is_there(persona: Persona, matter: Matter, step: str) -> bool:
    """Say whether a step is there for somebody."""
    seen = sight(persona, matter)
    if seen is None or seen.named is None or "case.*" in seen.named:
        return seen is not None
    return any(name.rpartition(".")[0] == OF_STEP[step] for name in seen.named)


def shows_paper(persona: Persona, matter: Matter) -> bool:
    """Say whether the paper of the intake is shown: all of its form, every class in it, and who the persons are."""
    seen = sight(persona, matter)
    parts = ("reporting.intake.*", "person.*")
    return seen is not None and seen.may("reveal") and all(map(seen.shows, parts)) and seen.shows("", "informants")
