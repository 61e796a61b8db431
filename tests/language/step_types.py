"""A small catalogue of step types, for tests of definitions."""

import re

from engine.language.catalogue import Output, StepTypeInfo, ValueKind
from engine.language.lint.subject import KnownLaw, KnownNames

OUTCOMES = ("done", "refused_by_person", "not_needed", "blocked_by_other_body")
BOOL = Output(kind=ValueKind.BOOL)
NUMBER = Output(kind=ValueKind.NUMBER)
INSTANT = Output(kind=ValueKind.INSTANT)


def choice(*choices: str) -> Output:
    """Make an output that is one of several words."""
    return Output(kind=ValueKind.CHOICE, choices=choices)


def step_type(
    key: str,
    outputs: dict[str, Output] | None = None,
    *,
    automatic: bool = False,
    encrypted: tuple[str, ...] = (),
    event_time: str | None = None,
    excluded: tuple[str, ...] = (),
    limit: str | None = None,
    untold: tuple[str, ...] = (),
    not_known: tuple[str, ...] = (),
) -> StepTypeInfo:
    """Make a step type as definitions see it."""
    return StepTypeInfo(
        key=key, title=key.partition(".")[2].capitalize(), automatic=automatic,
        roles=() if automatic else ("caseworker",), outcomes=OUTCOMES, outputs=outputs or {},
        event_times=(event_time,) if event_time else (), event_time_field=event_time, excluded_times=excluded,
        field_names=(*(outputs or {}), *encrypted, *((event_time,) if event_time else ())), time_limit=limit,
        law_limit=None, contract_hash="0" * 64, retries=3, retry_delay="PT5S", timeout="PT1M", untold=untold,
        not_known=not_known, moments=tuple(name for name in not_known if name.endswith("_at")),
    )  # fmt: skip


class Shelf:
    """A catalogue of the step types that it is given."""

    def __init__(self, *infos: StepTypeInfo) -> None:
        self._infos = {info.key: info for info in infos}

    def find(self, key: str) -> StepTypeInfo | None:
        """Return a step type, or None."""
        return self._infos.get(key)

    def keys(self) -> tuple[str, ...]:
        """List the step types."""
        return tuple(self._infos)


CATALOGUE = Shelf(
    step_type("reporting.intake", {"immediate_danger": BOOL, "children": NUMBER}, encrypted=("name",)),
    step_type("reporting.triage", {"decision": choice("rescue", "refer", "close")}),
    step_type("reporting.dedupe", {"found": BOOL}, automatic=True),
    step_type(
        "rescue.execute",
        {"rescued": NUMBER, "is_safe": BOOL},
        event_time="rescued_at",
        not_known=("is_safe", "left_at"),
    ),
    step_type("rescue.production", event_time="produced_at", excluded=("journey",)),
    step_type("protection.safety", {"risk": choice("high", "low")}),
    step_type("repatriation.hir", {"recommendation": choice("safe", "unsafe", "unclear")}),
    step_type("repatriation.decision", {"decision": choice("return", "stay"), "wishes_return": choice("yes", "no")}),
    step_type("repatriation.handover", {"at": INSTANT, "signed_at": INSTANT}, untold=("signed_at",)),
    step_type("reintegration.visit", limit="P7D"),
)
NAMES = KnownNames(
    ladders=frozenset({"standard", "critical", "child-not-produced", "partner-silent"}),
    laws={
        "IN-JJ-PROD-24H": KnownLaw(jurisdiction="IN"),
        "IN-JJ-SIR-15D": KnownLaw(options=frozenset({"with_reasons"}), jurisdiction="IN"),
        "IN-AMOUNT": KnownLaw(is_timed=False, jurisdiction="IN"),
        "NP-FIR": KnownLaw(jurisdiction="NP"),
    },
    calendars=frozenset({"IN", "NP"}),
    report={"is_child_suspected": choice("yes", "no", "unsure")},
)


def shout(message: str, /, **values: object) -> str:
    """Tell a message with great letters, and its values as they are told themselves."""
    return re.sub(r"\{(\w+)\}|[^{]+", lambda one: str(values[one[1]]) if one[1] else one[0].upper(), message)
