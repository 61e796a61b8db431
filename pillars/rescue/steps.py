"""The step types of Rescue, what they propose and what they do by themselves."""

from datetime import timedelta

from engine.plugin.fields import OutputKind
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    Law,
    OutputSpec,
    Prepared,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import as_instant, as_number, local_day
from pillars.rescue import forms
from pillars.rescue.checklist import open_points

_ADULT = 18
_REFLECTION_DAYS = 30
_SURVIVORS = frozenset({"victim", "possible_victim"})


def _prepare_plan(context: StepContext) -> Prepared:
    place = context.earlier("reporting.intake").get("place_last_seen")
    return Prepared(
        prefill={"site": place} if place else {},
        notes=("Confirm the place; do not ask the person again.",) if place else (),
    )


def _prepare_execute(context: StepContext) -> Prepared:
    plan = context.earlier("rescue.plan")
    if not plan:
        return Prepared(notes=("There is no rescue plan yet.",))
    missing = open_points(plan)
    return Prepared(notes=(f"Points of the plan that are still open: {missing}.",) if missing else ())


def _conclude_execute(context: StepContext) -> Concluded:
    found, children = (as_number(context.answers.get(name)) for name in ("persons_found", "children_found"))
    notes = (
        ()
        if context.answers.get("separated_from_suspects")
        else ("Survivors were not kept apart from suspects: tell the supervisor.",)
    )
    return Concluded(facts={"anyone_rescued": bool(found), "child_rescued": bool(children)}, notes=notes)


def _prepare_first_needs(context: StepContext) -> Prepared:
    language = context.earlier("reporting.intake").get("language")
    return Prepared(prefill={"language": language} if language else {})


def _prepare_production(context: StepContext) -> Prepared:
    ended = context.earlier("rescue.execute").get("end_at")
    prefill: dict[str, JsonAnswer] = {"taken_charge_at": ended} if ended else {}
    authority = _authority_for(context)
    return Prepared(prefill=prefill | ({"authority": authority} if authority else {}))


def _authority_for(context: StepContext) -> str | None:
    """Propose the Child Welfare Committee in India as soon as somebody may be a child; else leave it to the person."""
    if context.jurisdiction.partition("-")[0] != "IN":
        return None
    told_child = context.earlier("reporting.intake").get("is_child_suspected") in {"yes", "unsure"}
    is_child = any(
        person.role in _SURVIVORS and person.age is not None and person.age < _ADULT for person in context.persons
    )
    return "CWC" if told_child or is_child else None


def _prepare_identify(context: StepContext) -> Prepared:
    language = context.earlier("rescue.first_needs").get("language") or context.earlier("reporting.intake").get(
        "language"
    )
    prefill: dict[str, JsonAnswer] = {
        "reflection_until": local_day(context.now, context.zone, plus_days=_REFLECTION_DAYS).isoformat()
    }
    rescued = as_instant(context.earlier("rescue.execute").get("end_at"))
    too_early = rescued is not None and context.now - rescued < timedelta(hours=1)
    notes = ("Less than an hour has passed since the rescue: let the person rest first.",) if too_early else ()
    return Prepared(prefill=prefill | ({"interview_lang": language} if language else {}), notes=notes)


def _conclude_identify(context: StepContext) -> Concluded:
    return Concluded(facts={"is_victim": context.answers.get("status") in {"possible", "actual"}})


PLAN = ask(
    "rescue.plan",
    title="Pre-rescue plan",
    form=forms.PlanForm,
    roles=("ahtu_officer", "case_manager"),
    time_limit="PT24H",
    prepare=_prepare_plan,
)

EXECUTE = ask(
    "rescue.execute",
    title="Rescue operation",
    form=forms.ExecuteForm,
    roles=("ahtu_officer", "police_liaison", "caseworker"),
    documents=(Document("rescue-memo", "Rescue memo"),),
    time_limit="PT24H",
    prepare=_prepare_execute,
    conclude=_conclude_execute,
)

FIRST_NEEDS = ask(
    "rescue.first_needs",
    title="First needs and safety",
    form=forms.FirstNeedsForm,
    roles=("caseworker", "counsellor", "case_manager"),
    time_limit="PT2H",
    prepare=_prepare_first_needs,
)

PRODUCTION = ask(
    "rescue.production",
    title="Produce before authority",
    form=forms.ProductionForm,
    roles=("police_liaison", "caseworker", "ahtu_officer"),
    documents=(Document("form-17", "Form 17"), Document("production-memo", "Production memo")),
    time_limit=Law("IN-JJ-PROD-24H"),
    prepare=_prepare_production,
)

IDENTIFY = ask(
    "rescue.identify",
    title="Victim identification interview",
    form=forms.IdentifyForm,
    roles=("counsellor", "caseworker", "case_manager"),
    time_limit="PT72H",
    prepare=_prepare_identify,
    conclude=_conclude_identify,
)


@automatic(
    "rescue.checklist",
    title="Check that the rescue plan is complete",
    outputs={
        "complete": OutputSpec(OutputKind.BOOL, default=False),
        "missing": OutputSpec(OutputKind.NUMBER, default=0),
    },
)
def CHECKLIST(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Count what the rescue plan still lacks: answers, checked information, women in the team, a doctor, a warrant."""
    missing = open_points(context.earlier("rescue.plan"))
    return Completed(
        outputs={"complete": not missing, "missing": missing},
        notes=(f"Points of the plan that are still open: {missing}.",) if missing else (),
    )
