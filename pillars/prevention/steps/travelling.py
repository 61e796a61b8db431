"""What the talk before a journey proposes: what speaks against an offer, and the call after it."""

from datetime import timedelta
from typing import Any

from engine.plugin import Asked, Concluded, Form, Prepared, StepContext, Watch
from pillars.prevention.forms import SafeMigrationForm, Triage

CHECK_IN_DAYS, CALL_OPENS_BEFORE = 7, timedelta(days=1)
"""Promises of the network: when somebody who travelled is called, and how long before that the call is shown."""

CHILDREN = frozenset({"under_14", "14_to_17"})

_AGE_BANDS = {"under_6": "under_14", "6_to_11": "under_14", "18_to_24": "18_to_24", "25_to_59": "25_or_more"}


class SafeMigration(
    Asked[SafeMigrationForm],
    key="prevention.safe_migration",
    title="Safe-migration check",
    roles=("counsellor", "prevention_officer"),
    time_limit="PT24H",
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the day of the call, and the age that was told."""
        check_in = context.today + timedelta(days=CHECK_IN_DAYS)
        band = _AGE_BANDS.get(str(context.earlier("reporting.triage", Triage).age_band))
        told: dict[str, Any] = {"age_band": band} if band else {}
        return Prepared(prefill=told | {"check_in_on": check_in.isoformat()})

    def conclude(self, answers: SafeMigrationForm, context: StepContext) -> Concluded:
        """Count what speaks against the offer, and watch that whoever goes is called on the day that was agreed."""
        warnings = _warnings(answers)
        day = answers.check_in_on
        facts: dict[str, Any] = {"offer_warnings": len(warnings)}
        if answers.decision != "goes" or day is None:
            return Concluded(facts=facts, notes=warnings)
        due = context.end_of(day)
        call = Watch(
            "check_in", "prevention.safe_migration", "Call whoever travelled, and ask how they are",
            opens_at=due - CALL_OPENS_BEFORE, due_at=due, roles=("counsellor", "prevention_officer"),
        )  # fmt: skip
        return Concluded(facts=facts, notes=warnings, watches=(call,))


def _warnings(answers: SafeMigrationForm) -> tuple[str, ...]:
    checks = (
        (
            answers.age_band in CHILDREN,
            "A child may not leave for work: speak with the family, and with the child alone.",
        ),
        (answers.recruiter_licence in {"expired", "none"}, "The agent has no valid licence."),
        (answers.contract_seen in (False, Form.NOT_KNOWN), "Nobody is known to have seen a written contract."),
        (
            answers.decision == "goes" and answers.emergency_numbers_given == Form.NOT_KNOWN,
            "Find out whether they have the emergency numbers, and send them if not.",
        ),
        (answers.passport_held_by in {"agent", "employer"}, "Someone else keeps the passport."),
        ((answers.debt or 0) > 0, "The journey makes a debt."),
    )
    return tuple(sentence for is_seen, sentence in checks if is_seen)
