"""The step types of repatriation."""

from collections.abc import Mapping
from datetime import timedelta

from engine.plugin.fields import OutputKind
from engine.plugin.pillar import Pillar
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    Law,
    OutputSpec,
    Prepared,
    Scalar,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import as_day, as_instant, local_day
from pillars.repatriation.forms import DecisionForm, HandoverForm, HomeInvestigationForm, NationalityForm, TravelForm

FOLLOW_UP_DAYS = 15
FIRST_CALL_WITHIN = timedelta(hours=48)


def _prepare_home_report(context: StepContext) -> Prepared:
    return Prepared(prefill={"requested_on": local_day(context.now, context.zone).isoformat()})


def _prepare_nationality(context: StepContext) -> Prepared:
    today = local_day(context.now, context.zone).isoformat()
    return Prepared(
        prefill={"sent_on": today},
        notes=("Ask a lawyer first: no identity goes to an authority that the person fears.",),
    )


def _conclude_nationality(context: StepContext) -> Concluded:
    if context.answers.get("result") == "confirmed":
        return Concluded(facts={"nationality_confirmed": True})
    sent_on = as_day(context.answers.get("sent_on"))
    notes = (f"Ask again by {sent_on + timedelta(days=FOLLOW_UP_DAYS):%d %b %Y}.",) if sent_on else ()
    return Concluded(facts={"nationality_confirmed": False}, notes=notes)


def _prepare_decision(context: StepContext) -> Prepared:
    recommendation = context.earlier("repatriation.hir").get("recommendation")
    if recommendation is None:
        return Prepared(notes=("There is no home report yet: a return cannot be decided.",))
    notes = ("The home report calls the home unsafe: look for another place.",) if recommendation == "unsafe" else ()
    return Prepared(prefill={"hir_ok": recommendation != "unsafe"}, notes=notes)


def _conclude_decision(context: StepContext) -> Concluded:
    is_return = context.answers.get("decision") == "return"
    doubts = (
        (
            context.answers.get("wishes_return") != "yes",
            "A return was decided without the person's clear wish: speak to a lawyer.",
        ),
        (
            context.answers.get("hir_ok") is not True,
            "A return was decided without a satisfactory home report: speak to a supervisor.",
        ),
    )
    return Concluded(
        facts={"return_decided": is_return},
        notes=tuple(sentence for is_doubtful, sentence in doubts if is_return and is_doubtful),
    )


def _prepare_handover(context: StepContext) -> Prepared:
    first_call = context.now + FIRST_CALL_WITHIN
    return Prepared(
        prefill={"tz": context.zone, "sender_tz": context.zone, "first_call_on": first_call.isoformat()},
        notes=("If the handover is in another country, write that country's time zone.",),
    )


def _conclude_handover(context: StepContext) -> Concluded:
    handed_over, first_call = as_instant(context.answers.get("at")), as_instant(context.answers.get("first_call_on"))
    facts: dict[str, Scalar] = {}
    if handed_over is not None:
        facts["handed_over_at"] = handed_over
    if first_call is not None:
        facts["first_call_at"] = first_call
    is_late = handed_over is not None and first_call is not None and first_call - handed_over > FIRST_CALL_WITHIN
    return Concluded(
        facts=facts, notes=("The first call is later than 48 hours after the handover.",) if is_late else ()
    )


HOME_REPORT = ask(
    "repatriation.hir",
    title="Home Investigation Report",
    form=HomeInvestigationForm,
    roles=("partnership_manager", "caseworker", "ahtu_officer"),
    documents=(Document("home-investigation-report", "Home Investigation Report"),),
    time_limit=Law("IN-JJ-SIR-15D"),
    prepare=_prepare_home_report,
)
NATIONALITY = ask(
    "repatriation.nationality",
    title="Nationality verification",
    form=NationalityForm,
    roles=("repatriation_coordinator", "case_manager"),
    time_limit="P15D",
    prepare=_prepare_nationality,
    conclude=_conclude_nationality,
)
DECISION = ask(
    "repatriation.decision",
    title="Return decision",
    form=DecisionForm,
    roles=("case_manager", "supervisor", "repatriation_coordinator"),
    time_limit="P7D",
    prepare=_prepare_decision,
    conclude=_conclude_decision,
)
TRAVEL = ask(
    "repatriation.travel",
    title="Travel papers and escort",
    form=TravelForm,
    roles=("repatriation_coordinator", "case_manager"),
    time_limit="P30D",
)
HANDOVER = ask(
    "repatriation.handover",
    title="Handover and receipt",
    form=HandoverForm,
    roles=("repatriation_coordinator", "caseworker", "partnership_manager"),
    documents=(Document("handover-receipt", "Handover receipt"),),
    time_limit="PT24H",
    prepare=_prepare_handover,
    conclude=_conclude_handover,
)


@automatic(
    "repatriation.travel_checklist",
    title="Travel checklist",
    outputs={"is_ready": OutputSpec(OutputKind.BOOL), "missing": OutputSpec(OutputKind.NUMBER)},
)
def travel_checklist(context: StepContext) -> Completed:
    """Check that nothing is missing before the journey: home report, wish, decision, papers, escort and health."""
    missing = _missing(
        context.earlier("repatriation.hir"),
        context.earlier("repatriation.decision"),
        context.earlier("repatriation.travel"),
    )
    return Completed(outputs={"is_ready": not missing, "missing": len(missing)}, notes=missing)


def _missing(
    home: Mapping[str, JsonAnswer], decision: Mapping[str, JsonAnswer], travel: Mapping[str, JsonAnswer]
) -> tuple[str, ...]:
    checks = (
        (
            home.get("recommendation") in {"safe", "safe_with_conditions"},
            "There is no home report that calls the home safe.",
        ),
        (decision.get("wishes_return") == "yes", "The person's own wish to return is not recorded."),
        (decision.get("decision") == "return", "The return is not decided."),
        (bool(travel.get("document")), "There is no travel paper."),
        (bool(travel.get("escort_names")), "There is no escort."),
        (travel.get("female_escort") is True, "There is no woman among the escorts."),
        (travel.get("medical_fit") is True, "The health check before the journey is not settled."),
        (travel.get("route_secret") is True, "The route is not kept to those who must know it."),
    )
    return tuple(sentence for is_there, sentence in checks if not is_there)


PILLAR = Pillar(
    key="repatriation",
    name="Repatriation",
    letter="R",
    summary="Take the person home after a satisfactory home report, with their consent, safely, and with a receipt.",
    step_types=(HOME_REPORT, NATIONALITY, DECISION, TRAVEL, HANDOVER, travel_checklist),
)
