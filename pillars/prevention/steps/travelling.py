"""What the talk before a journey proposes: what speaks against an offer, and the call after it."""

from datetime import timedelta
from typing import Any

from engine.plugin import Asked, Concluded, FollowUp, Form, Prepared, StepContext
from pillars.prevention.forms import SafeMigrationForm, Triage

CHECK_IN_DAYS = 7
"""A promise of the network: when somebody who travelled is called; the call is shown a day before."""

CHILDREN = frozenset({"under_14", "14_to_17"})

_AGE_BANDS = {"under_6": "under_14", "6_to_11": "under_14", "18_to_24": "18_to_24", "25_to_59": "25_or_more"}


class SafeMigration(
    Asked[SafeMigrationForm],
    key="prevention.safe_migration",
    title="Safe-migration check",
    roles=("counsellor", "prevention_officer"),
    time_limit="PT24H",
    follow_ups={
        "check_in": FollowUp(
            uses="prevention.safe_migration",
            title="Call whoever travelled, and ask how they are",
            when='this.decision == "goes"',
            due="check_in_on",
            opens_before="PT24H",
            roles=("counsellor", "prevention_officer"),
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the day of the call, and the age that was told."""
        check_in = context.today + timedelta(days=CHECK_IN_DAYS)
        band = _AGE_BANDS.get(str(context.earlier("reporting.triage", Triage).age_band))
        told: dict[str, Any] = {"age_band": band} if band else {}
        return Prepared(prefill=told | {"check_in_on": check_in.isoformat()})

    def conclude(self, answers: SafeMigrationForm, context: StepContext) -> Concluded:
        """Count what speaks against the offer; whoever goes is called on the day that was agreed."""
        warnings = _warnings(answers)
        return Concluded(facts={"offer_warnings": len(warnings)}, notes=warnings)


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
