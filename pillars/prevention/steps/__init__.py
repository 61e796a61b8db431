"""The step types of Prevention."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

from engine.plugin import Asked, Completed, Concluded, FollowUp, Form, Pillar, Prepared, StepContext, automatic
from pillars.prevention.forms import (
    CommunityForm,
    InterceptForm,
    PatternSettings,
    RecruiterForm,
    SafeMigrationForm,
    SessionForm,
    Triage,
)
from pillars.prevention.licences import EXPIRED, NONE_TOLD, NOT_LISTED, READ_ON, VALID, licence_state
from pillars.prevention.steps.intercepting import Intercept

CHECK_IN_DAYS = 7
"""A promise of the network: when somebody who travelled is called; the call is shown a day before."""
CHILDREN = frozenset({"under_14", "14_to_17"})
_AGE_BANDS = {"under_6": "under_14", "6_to_11": "under_14", "18_to_24": "18_to_24", "25_to_59": "25_or_more"}


class Session(
    Asked[SessionForm],
    key="prevention.session",
    title="Awareness session",
    roles=("prevention_officer", "caseworker"),
    time_limit="P3D",
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over the audience, language and topics of the last session."""
        told = context.told_before("prevention.session", "audience", "language", "topics")
        return Prepared(prefill=told | {"date": context.today.isoformat()})

    def conclude(self, answers: SessionForm, context: StepContext) -> Concluded:
        """Ask for a report where people said that somebody may be in danger."""
        is_told = answers.perhaps_some("disclosures")
        said = "People said" if answers.disclosures else "It is not known whether people said"
        note = f"{said} that someone could be in danger: record a report for each."
        return Concluded(facts={"has_disclosures": is_told}, notes=(note,) if is_told else ())


class Community(
    Asked[CommunityForm],
    key="prevention.community",
    title="Village watch and risk map",
    roles=("prevention_officer",),
    time_limit="P6M",
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over what rarely changes from the last map of the village."""
        where = Prepared.given(village=context.earlier("prevention.session", SessionForm).place)
        before = context.told_before("prevention.community", "village", "households", "watch_group")
        return Prepared(prefill=where | before, notes=("Write numbers only: no map names a person or a house.",))

    def conclude(self, answers: CommunityForm, context: StepContext) -> Concluded:
        """Ask for a watch group where the risk is high and there is none."""
        risk = answers.risk
        is_unwatched = risk == "high" and answers.watch_group in (False, Form.NOT_KNOWN)
        note = "The risk is high and no watch group is known: plan a meeting with the village."
        notes = (note,) if is_unwatched else ()
        return Concluded(
            facts={"needs_watch_group": is_unwatched, "village_at_risk": risk in {"medium", "high"}}, notes=notes
        )


class Recruiter(
    Asked[RecruiterForm],
    key="prevention.recruiter",
    title="Recruiter or agent check",
    roles=("prevention_officer", "case_manager"),
    stays_with=("prevention.safe_migration",),
    time_limit="P5WD",
    reads=("similar_persons",),
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose whom an earlier step named, and how many cases know somebody alike."""
        seen = context.similar_persons()
        prefill: dict[str, Any] = {"linked_cases": len(seen)} if seen else {}
        offer = context.earlier("prevention.safe_migration", SafeMigrationForm).job_offer_from
        met = context.earlier("prevention.intercept", InterceptForm).recruiter
        if met or offer:
            prefill["name"] = met or offer
        return Prepared(
            prefill=prefill, notes=("Other cases might name this recruiter: ask who has them.",) if seen else ()
        )

    def conclude(self, answers: RecruiterForm, context: StepContext) -> Concluded:
        """Look the licence up in the list of this installation, and say what speaks against the recruiter."""
        state = licence_state(answers.licence_no, context.today)
        complaints, linked = answers.complaints or 0, answers.linked_cases or 0
        checks = (
            (state == EXPIRED, "The licence has expired."),
            (
                state == NOT_LISTED,
                f"The licence is not on the list of {READ_ON:%d %b %Y}: ask the office that issues it.",
            ),
            (state == NONE_TOLD, "No licence was shown."),
            (
                complaints > 0 and answers.action == "no_action",
                "There are complaints, but nothing has been done: say why.",
            ),
            (answers.is_unknown("complaints"), "It is not known whether there are complaints: ask."),
            (linked > 0, "The recruiter is named in other cases of this unit."),
        )
        has_doubt = state != VALID or complaints > 0 or linked > 0
        return Concluded(
            facts={"recruiter_is_doubtful": has_doubt, "licence_is_valid": state == VALID},
            notes=tuple(sentence for is_seen, sentence in checks if is_seen),
            persons=(_recruiter(answers),) if has_doubt else (),
        )


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


@automatic(
    "prevention.pattern",
    title="Likeness with other cases",
    outputs={
        "matches": int,
        "units": int,
        "best_score": int,
        "is_pattern": bool,
    },
    settings=PatternSettings,
    reads=("similar_persons",),
)
def pattern(context: StepContext) -> Completed:
    """Count how often people of this case look like people of other cases, and say whether it is a pattern."""
    settings = PatternSettings.model_validate(context.settings.model_dump())
    matches = context.similar_persons()
    kinds = Counter(match.kind for match in matches)
    return Completed(
        outputs={
            "matches": len(matches),
            "units": len({match.owning_unit for match in matches}),
            "best_score": max((match.score for match in matches), default=0),
            "is_pattern": len(matches) + 1 >= settings.from_cases,
        },
        matches=matches,
        notes=tuple(f"Alike by {kind.replace('_', ' ')}: {count}." for kind, count in sorted(kinds.items())),
    )


def _recruiter(answers: RecruiterForm) -> Concluded.Person:
    handles = tuple(re.split(r"[\s,;]+", answers.handles.strip())) if answers.handles else ()
    return Concluded.Person(name=answers.name or "", phone=answers.phone or "", handles=handles)


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


PILLAR = Pillar(
    key="prevention",
    name="Prevention",
    letter="P",
    summary="Stop trafficking before it starts: safe migration, awareness, checks of recruiters, help at borders.",
    step_types=(Session, SafeMigration, Intercept, Recruiter, Community, pattern),
)
