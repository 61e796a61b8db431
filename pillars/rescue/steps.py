"""The step types of Rescue, what they propose and what they do by themselves."""

from datetime import timedelta

from engine.plugin import (
    NOT_KNOWN,
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    Law,
    LawTime,
    OutputKind,
    OutputSpec,
    Prepared,
    StepContext,
    Watch,
    as_day,
    as_instant,
    as_number,
    ask,
    automatic,
    day_by_law,
    given,
    local_day,
    specs_of,
    told_before,
    unless_yes,
    watch_for_day,
)
from pillars.rescue import forms
from pillars.rescue.checklist import in_words, open_points

_ADULT = 18
_REFLECTION, _REFLECTION_DAYS, _REFLECTION_OPENS_BEFORE_DAYS = "INT-REFLECT", 30, 3
"""How long somebody has to think it over; the 30 days count where no pack of law has it, the 3 are ours."""
_ONE_DAY, _REST = timedelta(hours=24), timedelta(hours=1)
"""Promises of the network: a first health check and a missing order within a day, an hour of rest before questions."""
_SURVIVORS = frozenset({"victim", "possible_victim"})


def _language(context: StepContext) -> JsonAnswer:
    return context.earlier("rescue.first_needs").get("language") or context.earlier("reporting.intake").get("language")


def _prepare_plan(context: StepContext) -> Prepared:
    place = context.earlier("reporting.intake").get("place_last_seen")
    before = told_before(context, "rescue.plan", *(spec.name for spec in specs_of(forms.PlanForm)))
    notes = ("Confirm the place; do not ask the person again.",) if place else ()
    return Prepared(prefill=given(site=place) | before, notes=notes)


def _conclude_plan(context: StepContext) -> Concluded:
    points = open_points(context.answers)
    return Concluded(facts={"rescue_plan_complete": not points}, notes=in_words(points))


def _prepare_execute(context: StepContext) -> Prepared:
    plan = context.earlier("rescue.plan")
    if not plan:
        return Prepared(notes=("There is no rescue plan yet.",))
    people, children = (as_number(plan.get(name)) for name in ("expected_persons", "expected_children"))
    expected = () if people is None else (f"The plan expects {people} people, {children or 0} of these, children.",)
    return Prepared(notes=(*in_words(open_points(plan)), *expected))


def _conclude_execute(context: StepContext) -> Concluded:
    answers = context.answers
    found, children = (as_number(answers.get(name)) for name in ("persons_found", "children_found"))
    notes = [
        *unless_yes(
            answers.get("separated_from_suspects", False),
            no="Survivors were not kept apart from suspects: inform the supervisor.",
            unknown="It is not known whether survivors were kept apart from suspects: tell the supervisor.",
        ),
        *unless_yes(
            answers.get("media_kept_out"),
            no="Reporters or cameras were there: inform the press officer, so that no one is shown.",
            unknown="Perhaps reporters or cameras were there: inform the press officer, so that no one is shown.",
        ),
    ]
    if as_number(answers.get("wages_claim_noted")):
        notes.append("Unpaid wages were recorded: a claim for wages can follow.")
    return Concluded(facts={"anyone_rescued": bool(found), "child_rescued": bool(children)}, notes=tuple(notes))


def _prepare_first_needs(context: StepContext) -> Prepared:
    known = ("person", "food_clothing", "fear_of", "language", "companion_children", "immediate_wish")
    told = given(language=_language(context)) | told_before(context, "protection.consent", "person")
    return Prepared(prefill=told | told_before(context, "rescue.first_needs", *known))


def _conclude_first_needs(context: StepContext) -> Concluded:
    """Point out what is still to be done; how the person is stays sealed, and the first check is for everybody."""
    answers = context.answers
    notes = [
        *unless_yes(
            answers.get("food_clothing"),
            no="Food and clothes are still missing.",
            unknown="Ask whether the person has food and clothes.",
        ),
        *unless_yes(
            answers.get("rights_explained"),
            no="The person's rights are not explained yet.",
            unknown="Nobody knows whether the person's rights were explained: explain them.",
        ),
    ]
    if answers.get("photo_taken") is True:
        notes.append("A photo was taken: it stays with the case, protected. Never one of someone naked or hurt.")
    if answers.get("photo_taken") == NOT_KNOWN:
        notes.append("Find out whether a photo was taken. Never one of someone naked or hurt.")
    if as_number(answers.get("companion_children")):
        notes.append("Children are with the person: add each of them to the case.")
    title = "First health check"
    check = Watch("first_check", "protection.health", title, due_at=context.now + _ONE_DAY, from_at=context.now)
    return Concluded(notes=tuple(notes), watches=(check,))


def _prepare_production(context: StepContext) -> Prepared:
    told = given(
        person=context.earlier("rescue.first_needs").get("person"),
        taken_charge_at=context.earlier("rescue.execute").get("end_at"),
        authority=_authority_for(context),
    )
    known = ("person", "authority", "taken_charge_at", "order_no", "placed_at", "escort")
    note = "Write each journey with start, end and place as soon as it is over: only then does it not count."
    return Prepared(prefill=told | told_before(context, "rescue.production", *known), notes=(note,))


def _authority_for(context: StepContext) -> str | None:
    """Propose the Child Welfare Committee in India as soon as somebody may be a child; else leave it to the person."""
    if context.jurisdiction.partition("-")[0] != "IN":
        return None
    told_child = context.earlier("reporting.intake").get("is_child_suspected") in {"yes", "unsure"}
    is_child = any(
        person.role in _SURVIVORS and person.age is not None and person.age < _ADULT for person in context.persons
    )
    return "CWC" if told_child or is_child else None


def _conclude_production(context: StepContext) -> Concluded:
    answers, notes = context.answers, []
    journeys = answers.get("journey")
    legs = [leg for leg in journeys if isinstance(leg, dict)] if isinstance(journeys, list) else []
    if any(not leg.get("place") or not leg.get("end") for leg in legs):
        notes.append("The law does not leave out a journey without its place or its end: complete it.")
    waits = answers.get("order_type") == "no_order_yet"
    if not waits and not answers.get("order_no"):
        notes.append("The number of the order is still missing.")
    at = as_instant(answers.get("produced_at")) or context.now
    title = "There was no order yet: has one been made since?"
    order = Watch("order", "rescue.production", title, due_at=at + _ONE_DAY, from_at=at, ladder="high")
    watches = (order,) if waits else (Watch("order", is_over=True),)
    return Concluded(facts={"has_order": not waits}, notes=tuple(notes), watches=watches)


def _prepare_identify(context: StepContext) -> Prepared:
    length = context.law(_REFLECTION) or LawTime(_REFLECTION, days=_REFLECTION_DAYS)
    reflection = day_by_law(length, local_day(context.now, context.zone)).isoformat()
    known = (
        "interpreter",
        "acts",
        "means",
        "purposes",
        "indicators",
        "age_claimed",
        "age_document",
        "reflection_until",
        "sex",
    )
    missing = context.earlier("reporting.missing")
    rescued = as_instant(context.earlier("rescue.execute").get("end_at"))
    too_early = rescued is not None and context.now - rescued < _REST
    notes = ("Less than an hour has passed since the rescue: let the person rest first.",) if too_early else ()
    told = given(interview_lang=_language(context), age_claimed=missing.get("age"), sex=missing.get("sex"))
    told["reflection_until"] = reflection
    return Prepared(prefill=told | told_before(context, "rescue.identify", *known), notes=notes)


def _conclude_identify(context: StepContext) -> Concluded:
    answers = context.answers
    status, until = answers.get("status"), as_day(answers.get("reflection_until"))
    no_paper = answers.get("age_document") == "none"
    notes = ("No document shows the age: anyone who could be a child is treated as one.",) if no_paper else ()
    title, before = "The time to decide is ending: talk again", _REFLECTION_OPENS_BEFORE_DAYS
    watches = (
        (watch_for_day("reflection", "rescue.identify", title, until, zone=context.zone, days_before=before),)
        if status == "possible" and until
        else (Watch("reflection", is_over=True),)
    )
    return Concluded(facts={"is_victim": status in {"possible", "actual"}}, notes=notes, watches=watches)


PLAN = ask(
    "rescue.plan",
    title="Pre-rescue plan",
    form=forms.PlanForm,
    roles=("ahtu_officer", "case_manager"),
    documents=(Document("rescue-plan", "Rescue plan", leaves=False),),
    time_limit="PT24H",
    prepare=_prepare_plan,
    conclude=_conclude_plan,
)

EXECUTE = ask(
    "rescue.execute",
    title="Rescue operation",
    form=forms.ExecuteForm,
    roles=("ahtu_officer", "police_liaison", "caseworker"),
    stays_with=("rescue.plan",),
    documents=(Document("rescue-memo", "Rescue memo"), Document("rescued-list", "List of people who were rescued")),
    time_limit="PT24H",
    prepare=_prepare_execute,
    conclude=_conclude_execute,
)

FIRST_NEEDS = ask(
    "rescue.first_needs",
    title="First needs and safety",
    form=forms.FirstNeedsForm,
    roles=("caseworker", "counsellor", "case_manager"),
    documents=(Document("first-needs-sheet", "First-needs sheet", leaves=False),),
    time_limit="PT2H",
    prepare=_prepare_first_needs,
    conclude=_conclude_first_needs,
)

PRODUCTION = ask(
    "rescue.production",
    title="Produce before authority",
    form=forms.ProductionForm,
    roles=("police_liaison", "caseworker", "ahtu_officer"),
    stays_with=("rescue.execute",),
    documents=(Document("form-17", "Form 17"), Document("production-memo", "Production memo")),
    time_limit=Law("IN-JJ-PROD-24H"),
    prepare=_prepare_production,
    conclude=_conclude_production,
)

IDENTIFY = ask(
    "rescue.identify",
    title="Identification interview",
    form=forms.IdentifyForm,
    roles=("counsellor", "caseworker", "case_manager"),
    stays_with=("rehabilitation.counsel",),
    documents=(Document("identification-record", "Record of the identification interview", leaves=False),),
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
    """Name what the rescue plan still lacks: answers, checked information, women in the team, a doctor, a warrant."""
    points = open_points(context.earlier("rescue.plan"))
    return Completed(
        outputs={"complete": not points, "missing": len(points)},
        facts={"rescue_plan_complete": not points},
        notes=in_words(points),
    )
