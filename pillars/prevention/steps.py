"""The step types of prevention."""

from collections import Counter

from engine.plugin.fields import OutputKind
from engine.plugin.pillar import Pillar
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    NoSettings,
    OutputSpec,
    Prepared,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import as_number, local_day
from pillars.prevention.forms import CommunityForm, InterceptForm, RecruiterForm, SafeMigrationForm, SessionForm

CHECK_IN_DAYS = 7
CHILDREN = frozenset({"under_14", "14_to_17"})


class PatternSettings(NoSettings):
    """From how many cases on a likeness is called a pattern."""

    from_cases: int = 3


def _prepare_session(context: StepContext) -> Prepared:
    return Prepared(prefill={"date": local_day(context.now, context.zone).isoformat()})


def _conclude_session(context: StepContext) -> Concluded:
    told = as_number(context.answers.get("disclosures")) or 0
    notes = ("People said that somebody may be in danger: record a report for each.",) if told > 0 else ()
    return Concluded(facts={"has_disclosures": told > 0}, notes=notes)


def _prepare_safe_migration(context: StepContext) -> Prepared:
    check_in = local_day(context.now, context.zone, plus_days=CHECK_IN_DAYS)
    return Prepared(prefill={"check_in_on": check_in.isoformat()})


def _conclude_safe_migration(context: StepContext) -> Concluded:
    warnings = _warnings(context)
    return Concluded(facts={"offer_warnings": len(warnings)}, notes=warnings)


def _warnings(context: StepContext) -> tuple[str, ...]:
    answers = context.answers
    checks = (
        (
            answers.get("age_band") in CHILDREN,
            "A child may not leave for work: speak with the family, and with the child alone.",
        ),
        (answers.get("recruiter_licence") in {"expired", "none"}, "The agent has no valid licence."),
        (answers.get("contract_seen") is False, "Nobody has seen a written contract."),
        (answers.get("passport_held_by") in {"agent", "employer"}, "Somebody else keeps the passport."),
        ((as_number(answers.get("debt")) or 0) > 0, "The journey makes a debt."),
    )
    return tuple(sentence for is_seen, sentence in checks if is_seen)


def _prepare_intercept(context: StepContext) -> Prepared:
    return Prepared(
        prefill={"at": context.now.isoformat()},
        notes=("Speak with each person apart. An adult decides for themselves whether to travel on.",),
    )


def _conclude_intercept(context: StepContext) -> Concluded:
    answers = context.answers
    was_stopped = answers.get("outcome") != "continued"
    against_wish = was_stopped and (
        answers.get("wants_to_continue") == "yes" or answers.get("free_choice_noted") is False
    )
    notes = (
        ("People who want to travel on were stopped: if they are adults, tell the supervisor now.",)
        if against_wish
        else ()
    )
    return Concluded(facts={"was_stopped_against_wish": against_wish}, notes=notes)


def _prepare_recruiter(context: StepContext) -> Prepared:
    seen = {match.owning_unit for match in context.similar_persons()}
    prefill: dict[str, JsonAnswer] = {"linked_cases": len(context.similar_persons())} if seen else {}
    return Prepared(prefill=prefill, notes=("Other cases may name this recruiter: ask who has them.",) if seen else ())


def _conclude_community(context: StepContext) -> Concluded:
    is_unwatched = context.answers.get("risk") == "high" and context.answers.get("watch_group") is False
    notes = ("The risk is high and there is no watch group: plan a meeting with the village.",) if is_unwatched else ()
    return Concluded(facts={"needs_watch_group": is_unwatched}, notes=notes)


SESSION = ask(
    "prevention.session",
    title="Awareness session",
    form=SessionForm,
    roles=("prevention_officer", "caseworker"),
    time_limit="P3D",
    prepare=_prepare_session,
    conclude=_conclude_session,
)
SAFE_MIGRATION = ask(
    "prevention.safe_migration",
    title="Safe-migration check",
    form=SafeMigrationForm,
    roles=("counsellor", "prevention_officer"),
    time_limit="PT24H",
    prepare=_prepare_safe_migration,
    conclude=_conclude_safe_migration,
)
INTERCEPT = ask(
    "prevention.intercept",
    title="Border or station interception",
    form=InterceptForm,
    roles=("prevention_officer", "police_liaison", "partnership_manager"),
    documents=(Document("interception-form", "Interception form"),),
    time_limit="PT6H",
    prepare=_prepare_intercept,
    conclude=_conclude_intercept,
)
RECRUITER = ask(
    "prevention.recruiter",
    title="Recruiter or agent check",
    form=RecruiterForm,
    roles=("prevention_officer", "case_manager"),
    time_limit="P5WD",
    prepare=_prepare_recruiter,
)
COMMUNITY = ask(
    "prevention.community",
    title="Village watch and risk map",
    form=CommunityForm,
    roles=("prevention_officer",),
    time_limit="P6M",
    conclude=_conclude_community,
)


@automatic(
    "prevention.pattern",
    title="Likeness with other cases",
    outputs={
        "matches": OutputSpec(OutputKind.NUMBER),
        "units": OutputSpec(OutputKind.NUMBER),
        "best_score": OutputSpec(OutputKind.NUMBER),
        "is_pattern": OutputSpec(OutputKind.BOOL),
    },
    settings=PatternSettings,
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


PILLAR = Pillar(
    key="prevention",
    name="Prevention",
    letter="P",
    summary="Stop trafficking before it starts: safe migration, awareness, checks of recruiters, help at borders.",
    step_types=(SESSION, SAFE_MIGRATION, INTERCEPT, RECRUITER, COMMUNITY, pattern),
)
