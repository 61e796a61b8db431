"""Compare what a page of a case shows, and how it answers, with what the model says."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from httpx import Response

from tests.oracle.asking import ask
from tests.oracle.model import THINGS, Sight, is_there, of_answer, of_paper, shown, sight, status, was_asked
from tests.oracle.objects import Objects
from tests.oracle.people import CASES, MATTERS
from tests.oracle.records import Matter, Persona, Thing
from tests.oracle.routes import RULES, Rule
from tests.oracle.world import OracleWorld

SHOWN: Final = 200
ANY_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
OF_STEP: Final = {
    "intake": "reporting.intake", "health": "protection.health", "plan": "protection.safety",
    "theirs": "protection.health",
}  # fmt: skip
WHOSE: Final = {"theirs": "second"}
"""The steps of one person; the others belong to the whole case."""
_STEPWISE: Final = frozenset({"step", "reveal", "journey"})
_HELD: Final = "/persons/{person_id}/held"
_SURE: Final = frozenset(
    {"case", "step", "reveal", "person", "links", "consents", "sent", "send", "held", "reason", "paper"}
)
"""Pages that show all that they may to whomever they are shown: less than the model says is a fault too."""
ALL_THINGS: Final[Mapping[str, Thing]] = {
    **THINGS,
    "narrative": of_answer("intake", "reporting.intake.narrative", "", is_open=False),
    "informant": of_answer("intake", "reporting.intake.informant_name", "informants", is_open=False),
    "place": of_answer("intake", "reporting.intake.place_last_seen", "", is_open=False),
    "findings": of_answer("health", "protection.health.findings", "health", is_open=False),
    "followup": of_answer("health", "protection.health.follow_up", "", is_open=False),
    "paper": of_paper("paper", "reporting.intake", ("informants",)),
}


def seen_alike(persona: Persona) -> tuple[Matter, ...]:
    """Return one case for each way in which somebody sees any."""
    alike = {(sight(persona, matter), was_asked(persona, matter, "refer")): matter for matter in reversed(MATTERS)}
    return tuple(alike.values())


def hidden_alike(persona: Persona) -> tuple[Matter, ...]:
    """Return one case for each way in which one is hidden from somebody: of their unit or not, denied, once granted."""
    hidden = [matter for matter in reversed(MATTERS) if sight(persona, matter) is None]
    return tuple({_how(persona, matter): matter for matter in hidden}.values())


def _how(persona: Persona, matter: Matter) -> tuple[bool, ...]:
    mine = set(persona.roles)
    barred = bool(matter.denied & (mine | {persona.name}))
    return matter.unit in mine, barred, bool(mine & set(matter.granted)), matter.asked in mine, "ended" in matter.name


def of_cases() -> Iterator[tuple[str, Rule]]:
    """Return the addresses of cases and of parts of them."""
    return ((address, rule) for address, rule in RULES.items() if rule.kind in {"case", "paper", "item"})


def variants(address: str, objects: Objects) -> Iterator[tuple[str, dict[str, UUID]]]:
    """Return the objects that an address is asked for: each step and file, both persons, or the one that there is."""
    if "{step_id}" in address:
        yield from ((step, {"step_id": objects.steps[step]}) for step in OF_STEP)
    elif "{file_id}" in address:
        yield from ((name, {"file_id": objects.ids[f"{name}_id"]}) for name in ("file", "medical_file"))
    elif address.endswith(_HELD):
        yield from (("", {}), ("theirs", {"person_id": objects.ids["secondary_id"]}))
    else:
        yield "", {}


def all_text(answer: Response) -> str:
    """Return all of an answer that can be read: the name of a file is in no body."""
    return f"{answer.text}\n{answer.headers}"


def numbers_alone(persona: Persona, values: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Leave out of what was seen the numbers of cases that somebody may know to be there."""
    known = {name for name, matter in CASES.items() if sight(persona, matter) or was_asked(persona, matter)}
    left = {name: things - ({"number"} if name in known else set()) for name, things in values.items()}
    return {name: things for name, things in left.items() if things}


def check(
    world: OracleWorld, persona: Persona, matter: Matter, address: str, rule: Rule
) -> Iterator[tuple[object, ...]]:
    """Ask for a page of a case that somebody sees; returns what is shown and should not be, or is not and should."""
    objects, seen = world.objects[matter.name], sight(persona, matter)
    for which, ids in variants(address, objects):
        page = f"{rule.page}:{which}" if rule.page in _STEPWISE or which == "theirs" else rule.page
        answer = ask(world, persona, address, objects, form={}, **ids)
        told = (matter.name, address, which, int(answer.status_code))
        found = numbers_alone(persona, world.values_in(all_text(answer)))
        here = found.pop(matter.name, set())
        if rule.page in {"case", "tab"} and is_there(seen, "whatever waits for a day"):
            here.discard("followup")  # the time of the next visit is this day: it is shown to whom all times are
        allowed = _of_variant(shown(seen, ALL_THINGS, page), which) if answer.status_code == SHOWN else set()
        if rule.page == "item" and seen is not None and objects.roles.isdisjoint(seen.roles):
            allowed = set()
        if found or answer.status_code >= 500 or not here <= allowed:
            yield (*told, "shows", found, here - allowed)
        due = expected(seen, persona, matter, rule, which) if rule.exact else answer.status_code
        if answer.status_code != due:
            yield (*told, "should be", due)
        elif due == SHOWN and rule.page in _SURE and not allowed <= here:
            yield (*told, "lacks", allowed - here)


def _of_variant(things: set[str], which: str) -> set[str]:
    """Leave only what is of the file that is asked for."""
    other = {"file": {"medical file", "name of medical file"}, "medical_file": {"file", "name of file"}}
    return things - other.get(which, set())


def expected(seen: Sight | None, persona: Persona, matter: Matter, rule: Rule, which: str) -> int:
    """Say how a page must answer."""
    if rule.page == "paper":
        return SHOWN if shown(seen, ALL_THINGS, "paper") else 404 if seen is None or seen.named is not None else 403
    if which in OF_STEP and not is_there(seen, OF_STEP[which], WHOSE.get(which, "")):
        return 404
    return status(persona, matter, rule.right, own=rule.own)
