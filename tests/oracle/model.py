"""Who may see what, written a second time, from the rules and not from the code: the oracle asks both and compares.

Nothing here may import the policy. Times do not occur: every grant of the oracle's world is live or ended.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.oracle.records import Matter, Persona, Thing

CHIEFS = {"supervisor", "nodal_officer", "safeguarding_lead"}
LEAD = {"case_manager", *CHIEFS}
CARE = LEAD | {
    "intake_officer", "caseworker", "counsellor", "medical_officer", "police_liaison", "ahtu_officer", "lawyer",
    "repatriation_coordinator", "shelter_manager",
}  # fmt: skip
OFFICE = {"prevention_officer", "partnership_manager", "finance_officer", "data_protection_officer"}
WORKING = CARE | OFFICE | {"press_officer"}
RIGHTS: Mapping[str, set[str]] = {
    **dict.fromkeys(("see", "history", "any"), WORKING | {"auditor"}),
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
    "agree": {"case_manager", "nodal_officer", "repatriation_coordinator", "partnership_manager",
              "system_administrator", "data_protection_officer"},
    "identify": CARE | {"prevention_officer"},
    "people": LEAD | {"system_administrator"}, "rota": {"system_administrator", "supervisor", "nodal_officer"},
    "hear": {"safeguarding_lead", "nodal_officer", "data_protection_officer"}, "law": {"lawyer"},
}  # fmt: skip
ENCRYPTED: Mapping[str, set[str]] = {
    "health": {"medical_officer", "counsellor"}, "counselling": {"counsellor"},
    "images": {"lawyer", "police_liaison", "case_manager"}, "informants": {"intake_officer", "supervisor"},
    "shelter_address": {"shelter_manager", "case_manager"}, "testimony": {"lawyer", "case_manager"},
}  # fmt: skip


def _thing(*names: str, own: bool = False, whom: frozenset[str] = frozenset(), **where: str) -> Thing:
    return Thing(where, names, own, whom)


_FIRST, _BOTH = frozenset({"first"}), frozenset({"first", "second"})
_PLAN, _WHY, _HELD, _AT = "protection.safety", ("reason", "late_reason"), "held:theirs", ("step", "reveal", "journey")
THINGS: Mapping[str, Thing] = {
    "title": Thing(dict.fromkeys(("case", "tab", "history", *(f"{at}:health" for at in _AT)), "read"), own=True),
    "subject": _thing("case.*", list="see"),
    **{thing: _thing(f"person.{name}", whom=_FIRST, person="reveal", held="account") for thing, name in {
        "name": "name", "alias": "aliases", "phone": "phone", "home": "address", "candidate": "candidates",
        "other name": "candidates", "other phone": "candidates"}.items()},
    "second name": Thing({"person": "reveal", _HELD: "account"}, ("person.name",), own=True),
    "their findings": Thing({"reveal:theirs": "reveal", _HELD: "account"}, ("class:health",), whom=_BOTH - _FIRST),
    **{f"{of}{sort}file": _thing("person.files", *encrypted, whom=_BOTH, file="reveal") for of in ("", "name of ")
       for sort, encrypted in (("", ()), ("medical ", ("class:health",)))},
    "draft": _thing(own=True, item="work"), "draft of a class": _thing("class:health", own=True, item="work"),
    **{thing.replace("_", " "): Thing({"reveal:plan": "reveal"}, (f"{_PLAN}._{thing}",)) for thing in _WHY},
    **{thing: _thing(f"{_PLAN}.*", "person.*", whom=_BOTH, places="reveal") for thing in ("led to", "ticket")},
    "purpose": _thing(own=True, send="any", held="account"), "recipient": _thing(own=True, consents="any"),
    "partner's name": _thing(own=True, sent="any", list="any"), "remark": _thing(own=True, held="account"),
    "emergency words": _thing(own=True, emergency="confirm"), "hold": _thing(own=True, reason="hold"),
    **dict.fromkeys(("words", "said"), _thing(own=True, words="reveal")), "noted": _thing(own=True, notes="reveal"),
    **{thing: _thing() for thing in ("note outside", "concern", "note", "number")},
}  # fmt: skip
"""What is no answer of a form; a note is shown to who took the work on, a number to who sees that the case is there."""


class Sight(NamedTuple):
    """How somebody sees a case: their roles that count, and what is named of which persons; None for all."""

    roles: frozenset[str]
    named: frozenset[str] | None
    whom: frozenset[str] = frozenset()

    def may(self, right: str) -> bool:
        return not RIGHTS[right].isdisjoint(self.roles)

    def shows(self, name: str) -> bool:
        if name.startswith("step:"):
            return is_there(self, name.removeprefix("step:"))
        if self.named is None:
            return not name.startswith("class:") or not ENCRYPTED[name.removeprefix("class:")].isdisjoint(self.roles)
        return name in self.named or (":" not in name and name.rpartition(".")[0] + ".*" in self.named)


def sight(persona: Persona, matter: Matter) -> Sight | None:
    """Say how somebody sees a case; None when it does not exist for them."""
    if matter.denied & ({persona.name} | set(persona.roles)):
        return None
    if (own := persona.roles.get(matter.unit, frozenset())) & RIGHTS["see"]:
        return Sight(own, None)
    ways = [(persona.roles[unit], named) for unit, named in matter.granted.items() if unit in persona.roles]
    if persona.name in matter.granted_to_person:
        ways += [(roles, matter.granted_to_person[persona.name]) for roles in persona.roles.values()]
    ways = [(roles, named) for roles, named in ways if roles & RIGHTS["see"]]
    if not ways:
        return None
    return Sight(frozenset().union(*(r for r, _ in ways)), frozenset().union(*(n for _, n in ways)), matter.whom)


def status(persona: Persona, matter: Matter, right: str, *, own: bool) -> int:
    """Say how a question for a case is answered: 200, 403 for who sees it and may not, 404 for whom it is not there."""
    seen = sight(persona, matter)
    if seen is None or (own and seen.named is not None):
        return 404
    return 200 if seen.may(right) and (right != "file" or seen.named is None or "may:add_files" in seen.named) else 403


def may_somewhere(persona: Persona, right: str) -> bool:
    """Return whether somebody has a right in any unit; what is their own is everybody's."""
    return not right or any(roles & RIGHTS[right] for roles in persona.roles.values())


def was_asked(persona: Persona, matter: Matter, right: str = "see") -> bool:
    """Return whether somebody is of the unit that was offered work of a case, and so knows that it is there."""
    barred, roles = matter.denied & ({persona.name} | set(persona.roles)), persona.roles.get(matter.asked, frozenset())
    return not barred and bool(roles & RIGHTS[right])


def of_answer(step: str, path: str, encrypted: str, *, is_open: bool) -> Thing:
    """Say who is shown an answer: an open one by reading, another only by a recorded act; one of a class by it."""
    where = {f"reveal:{step}": "reveal"} | ({f"step:{step}": "read"} if is_open else {})
    return Thing(where, (f"class:{encrypted}" if encrypted else path,))


def of_paper(page: str, step_type: str, classes: Iterable[str]) -> Thing:
    """Say who is shown a paper: whoever is shown all of its step, every class in it, and who the persons are."""
    return Thing({page: "reveal"}, (f"{step_type}.*", "person.*", *(f"class:{one}" for one in classes)), whom=_BOTH)


def shown(seen: Sight | None, things: Mapping[str, Thing], page: str) -> set[str]:
    """Name the planted values that a page shows."""
    return set() if seen is None else {
        name for name, thing in things.items()
        if page in thing.where and seen.may(thing.where[page]) and all(map(seen.shows, thing.names))
        and not ((thing.own or not thing.whom <= seen.whom) and seen.named is not None)
    }  # fmt: skip


def is_there(seen: Sight | None, step_type: str, whom: str = "") -> bool:
    """Return whether a step that was answered is there: one of a person only where a grant holds for them."""
    if seen is None or seen.named is None or "case.*" in seen.named:
        return seen is not None and (seen.named is None or not whom or whom in seen.whom)
    of = {name.rpartition(".")[0] for name in seen.named} if seen.may("read") else set()
    return step_type in of and (not whom or whom in seen.whom)
