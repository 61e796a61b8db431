"""Who asks in the oracle's world, and which cases there are: who is in which unit, what was granted to whom."""

from tests.oracle.model import ENCRYPTED
from tests.oracle.records import Matter, Persona

OWNER, PARTNER, THIRD, OUTSIDE = "Unit Alpha", "Unit Beta", "Unit Gamma", "Unit Delta"
"""Nobody who asks is of the last one: its people do what only strangers can."""


def _persona(name: str, **where: set[str]) -> Persona:
    units = {"own": OWNER, "partner": PARTNER, "third": THIRD}
    return Persona(name, {units[unit]: frozenset(roles) for unit, roles in where.items()})


PERSONAS = (
    _persona("intake", own={"intake_officer"}),
    _persona("worker", own={"caseworker"}),
    _persona("lead", own={"supervisor"}),
    _persona("nurse", own={"medical_officer"}),
    _persona("press", own={"press_officer"}),
    _persona("money", own={"finance_officer"}),
    _persona("auditor", own={"auditor"}),
    _persona("admin", own={"system_administrator"}),
    _persona("shut out", own={"supervisor", "counsellor"}),
    _persona("in conflict", own={"case_manager"}),
    _persona("partner", partner={"caseworker", "supervisor"}),
    _persona("partner press", partner={"press_officer"}),
    _persona("partner alone", partner={"medical_officer"}),
    _persona("third", third={"supervisor", "medical_officer"}),
    _persona("mixed", own={"press_officer"}, partner={"caseworker"}),
    _persona("admin of partner", partner={"system_administrator"}),
)
"""Who is asked for on every address."""
HOLDERS = tuple(_persona(f"holder of {name}", third={"caseworker"}) for name in ENCRYPTED)
"""Those to whom one sealed class of a case was granted, and of what was asked and done only that it was."""
READERS = (
    *HOLDERS,
    _persona("one field", third={"caseworker"}),
    _persona("one form", third={"caseworker"}),
    _persona("counsellor", own={"counsellor"}),
    _persona("lawyer", own={"lawyer"}),
    _persona("police", own={"police_liaison"}),
    _persona("shelter", own={"shelter_manager"}),
    _persona("manager", own={"case_manager"}),
    _persona("officer", own={"data_protection_officer"}),
)
"""Who is asked for, besides, where it is about the answers of forms."""
EVERYBODY = PERSONAS + READERS
ONE_FIELD = "protection.safety.code_word"
ONE_FORM = "press.release"
_BOTH = frozenset({"first", "second"})
_SHUT = frozenset({"shut out", "in conflict"})
MATTERS = (
    Matter("own", OWNER, denied=_SHUT, asked=PARTNER),
    Matter(
        "granted narrowly", OWNER, {PARTNER: frozenset({"reporting.intake.narrative", "person.name"})}, denied=_SHUT
    ),
    Matter(
        "granted widely",
        OWNER,
        {
            THIRD: frozenset({"case.*", "protection.health.*", "class:health", "person.*", "may:add_files"}),
            PARTNER: frozenset(),
        },
        denied=_SHUT,
        whom=_BOTH,
    ),
    Matter(
        "granted for one", OWNER, {PARTNER: frozenset({"case.*", "protection.health.*", "class:health", "person.*"})},
        denied=_SHUT,
    ),
    Matter("ended and denied", OWNER, denied=_SHUT | {THIRD}),
    Matter("of the partner", PARTNER, asked=THIRD),
    Matter(
        "granted to one", OWNER, denied=_SHUT,
        granted_to_person={"partner alone": frozenset({"protection.health.findings", "class:health"})},
    ),
)  # fmt: skip
BESIDE = tuple(Matter(f"beside {matter.name}", matter.unit) for matter in MATTERS)
"""Cases that are linked to those, and to which nobody else was let in."""
CASES = {matter.name: matter for matter in (*MATTERS, *BESIDE)}


def every_question(one_field: str, one_form: str) -> Matter:
    """Return the case in which every question of every form is answered."""
    narrow = {f"holder of {name}": frozenset({"case.*", f"class:{name}"}) for name in ENCRYPTED}
    return Matter(
        "every question", OWNER, {PARTNER: frozenset({"case.*", "class:testimony", f"{one_form}.*"})},
        {**narrow, "one field": frozenset({one_field}), "one form": frozenset({f"{one_form}.*", "person.*"})},
        denied=_SHUT, whom=_BOTH,
    )  # fmt: skip
