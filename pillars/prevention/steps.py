"""The step types of prevention."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

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
    Scalar,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.told import PersonTold
from engine.plugin.values import as_day, as_number, end_of_day, given, local_day, told_before
from engine.plugin.watches import Watch
from pillars.prevention.forms import CommunityForm, InterceptForm, RecruiterForm, SafeMigrationForm, SessionForm
from pillars.prevention.licences import EXPIRED, NONE_TOLD, NOT_LISTED, READ_ON, VALID, licence_state

CHECK_IN_DAYS, CALL_OPENS_BEFORE = 7, timedelta(days=1)
"""Promises of the network: when somebody who travelled is called, and how long before that the call is shown."""
CHILDREN = frozenset({"under_14", "14_to_17"})
_AGE_BANDS = {"under_6": "under_14", "6_to_11": "under_14", "18_to_24": "18_to_24", "25_to_59": "25_or_more"}


class PatternSettings(NoSettings):
    """From how many cases on a likeness is called a pattern."""

    from_cases: int = 3


def _prepare_session(context: StepContext) -> Prepared:
    before = context.earlier("prevention.session")
    kept = ("audience", "language", "topics")
    told: dict[str, JsonAnswer] = {name: before[name] for name in kept if name in before}
    return Prepared(prefill=told | {"date": local_day(context.now, context.zone).isoformat()})


def _conclude_session(context: StepContext) -> Concluded:
    told = as_number(context.answers.get("disclosures")) or 0
    notes = ("People said that somebody may be in danger: record a report for each.",) if told > 0 else ()
    return Concluded(facts={"has_disclosures": told > 0}, notes=notes)


def _prepare_safe_migration(context: StepContext) -> Prepared:
    check_in = local_day(context.now, context.zone, plus_days=CHECK_IN_DAYS)
    band = _AGE_BANDS.get(str(context.earlier("reporting.triage").get("age_band")))
    told: dict[str, JsonAnswer] = {"age_band": band} if band else {}
    return Prepared(prefill=told | {"check_in_on": check_in.isoformat()})


def _conclude_safe_migration(context: StepContext) -> Concluded:
    """Count what speaks against the offer, and watch that whoever goes is called on the day that was agreed."""
    warnings = _warnings(context)
    day = as_day(context.answers.get("check_in_on"))
    facts: dict[str, Scalar] = {"offer_warnings": len(warnings)}
    if context.answers.get("decision") != "goes" or day is None:
        return Concluded(facts=facts, notes=warnings)
    due = end_of_day(day, context.zone)
    call = Watch(
        "check_in", "prevention.safe_migration", "Call whoever travelled, and ask how they are",
        opens_at=due - CALL_OPENS_BEFORE, due_at=due, roles=("counsellor", "prevention_officer"),
    )  # fmt: skip
    return Concluded(facts=facts, notes=warnings, watches=(call,))


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
    """Tell whether somebody was stopped who wanted to go on, and put a talk with those who did go into the worklist."""
    answers = context.answers
    was_stopped = answers.get("outcome") != "continued"
    is_child = answers.get("age_group") in {"children", "both", "unknown"}
    against_wish = (
        was_stopped
        and not is_child_alone(answers)
        and (answers.get("wants_to_continue") == "yes" or answers.get("free_choice_noted") is False)
    )
    notes = []
    if against_wish:
        notes.append("People who want to travel on were stopped: if they are adults, tell the supervisor now.")
    if is_child and answers.get("outcome") in {"shelter", "police"}:
        notes.append(
            "A child was kept safe: it is to be brought before the Committee within 24 hours, the journey apart."
        )
    if answers.get("story_mismatch") is True and not was_stopped:
        notes.append("Their stories differ and they travelled on: tell the post where they will arrive, if they agree.")
    facts: dict[str, Scalar] = {"was_stopped_against_wish": against_wish, "let_go": not was_stopped}
    return Concluded(facts=facts, notes=tuple(notes), persons=_whoever_sent_them(answers))


def _whoever_sent_them(answers: Mapping[str, JsonAnswer]) -> tuple[PersonTold, ...]:
    """Give whoever sent the travellers on their way, known or not: others may have met them."""
    told = PersonTold(
        name=_text(answers, "recruiter"), vehicles=_texts(answers, "vehicle"), routes=_texts(answers, "route")
    )
    return (told,) if told != PersonTold() and answers.get("signs") != ["none"] else ()


def _text(answers: Mapping[str, JsonAnswer], name: str) -> str:
    value = answers.get(name)
    return value if isinstance(value, str) else ""


def _texts(answers: Mapping[str, JsonAnswer], name: str) -> tuple[str, ...]:
    return tuple(word for word in (_text(answers, name),) if word)


def is_child_alone(answers: Mapping[str, JsonAnswer]) -> bool:
    """Say whether only children were met: a child's wish to go on does not decide."""
    return answers.get("age_group") == "children"


def _prepare_recruiter(context: StepContext) -> Prepared:
    seen = context.similar_persons()
    prefill: dict[str, JsonAnswer] = {"linked_cases": len(seen)} if seen else {}
    offer = context.earlier("prevention.safe_migration").get("job_offer_from")
    met = context.earlier("prevention.intercept").get("recruiter")
    if met or offer:
        prefill["name"] = met or offer
    return Prepared(prefill=prefill, notes=("Other cases may name this recruiter: ask who has them.",) if seen else ())


def _conclude_recruiter(context: StepContext) -> Concluded:
    """Look the licence up in the list of this installation, and say what speaks against the recruiter."""
    answers = context.answers
    state = licence_state(answers.get("licence_no"), local_day(context.now, context.zone))
    complaints, linked = (as_number(answers.get(name)) or 0 for name in ("complaints", "linked_cases"))
    checks = (
        (state == EXPIRED, "The licence has run out."),
        (state == NOT_LISTED, f"The licence is not on the list of {READ_ON:%d %b %Y}: ask the office that gives it."),
        (state == NONE_TOLD, "No licence was shown."),
        (
            complaints > 0 and answers.get("action") == "no_action",
            "There are complaints, and nothing is done: say why.",
        ),
        (linked > 0, "The recruiter is named in other cases of this unit."),
    )
    has_doubt = state != VALID or complaints > 0 or linked > 0
    return Concluded(
        facts={"recruiter_is_doubtful": has_doubt, "licence_is_valid": state == VALID},
        notes=tuple(sentence for is_seen, sentence in checks if is_seen),
        persons=(_recruiter(answers),) if has_doubt else (),
    )


def _recruiter(answers: Mapping[str, JsonAnswer]) -> PersonTold:
    handles = tuple(re.split(r"[\s,;]+", _text(answers, "handles").strip())) if _text(answers, "handles") else ()
    return PersonTold(name=_text(answers, "name"), phone=_text(answers, "phone"), handles=handles)


def _prepare_community(context: StepContext) -> Prepared:
    """Take over what rarely changes from the last map of the village."""
    where = given(village=context.earlier("prevention.session").get("place"))
    before = told_before(context, "prevention.community", "village", "households", "watch_group")
    return Prepared(prefill=where | before, notes=("Write numbers only: no map names a person or a house.",))


def _conclude_community(context: StepContext) -> Concluded:
    risk = context.answers.get("risk")
    is_unwatched = risk == "high" and context.answers.get("watch_group") is False
    notes = ("The risk is high and there is no watch group: plan a meeting with the village.",) if is_unwatched else ()
    return Concluded(
        facts={"needs_watch_group": is_unwatched, "village_at_risk": risk in {"medium", "high"}}, notes=notes
    )


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
    stays_with=("prevention.safe_migration",),
    time_limit="P5WD",
    prepare=_prepare_recruiter,
    conclude=_conclude_recruiter,
    compares=True,
)
COMMUNITY = ask(
    "prevention.community",
    title="Village watch and risk map",
    form=CommunityForm,
    roles=("prevention_officer",),
    time_limit="P6M",
    prepare=_prepare_community,
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
    compares=True,
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
