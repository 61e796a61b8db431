"""The step types of repatriation."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Document,
    FollowUp,
    Form,
    Law,
    Pillar,
    Prepared,
    StepContext,
    automatic,
)
from pillars.repatriation import before_return as chase
from pillars.repatriation.before_return import SAFE, has_child, is_open, reminder_now, return_missing, travel_missing
from pillars.repatriation.forms import (
    DecisionForm,
    HandoverForm,
    HomeInvestigationForm,
    NationalityForm,
    TravelForm,
    Visit,
)
from pillars.repatriation.steps.border import Border, BorderForm, differences, is_over, missing_receipt

DOUBT = frozenset({"yes", "unsure"})
FOLLOW_UP_DAYS = 15
FIRST_CALL_WITHIN = timedelta(hours=48)
"""Promises of the network: when to ask again about a nationality, and the first call after a handover."""


class HomeReport(
    Asked[HomeInvestigationForm],
    key="repatriation.hir",
    title="Home Investigation Report",
    roles=("partnership_manager", "caseworker", "ahtu_officer"),
    documents=(Document("home-investigation-report", "Home Investigation Report (Form 22 for a child)"),),
    time_limit=Law("IN-JJ-SIR-15D"),
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over an earlier report, to be confirmed on the spot; what the person wants is asked anew each time."""
        names = ("visited_by", "family_identity", "income_source", "community_attitude", "school_or_work_option")
        told = context.told_before("repatriation.hir", *names)
        note = "Do not say in the village why you ask, and name no case."
        return Prepared(prefill=told | {"requested_on": context.today.isoformat()}, notes=(note,))

    def conclude(self, answers: HomeInvestigationForm, context: StepContext) -> Concluded:
        recommendation = answers.recommendation
        is_safe = recommendation in SAFE
        has_doubt = (
            answers.violence_at_home in DOUBT
            or answers.trafficker_nearby in DOUBT
            or answers.family_role_in_trafficking in {"suspected", "confirmed"}
            or answers.community_attitude == "hostile"
        )
        notes = ["Something in the report suggests that the home is not safe: read it again before a decision."]
        notes = notes if has_doubt and is_safe else []
        if recommendation == "safe_with_conditions" and not answers.conditions:
            notes.append("Record what must be in place before the return.")
        if recommendation == "unsafe":
            notes.append("Home is not safe: plan another place with the person.")
        return Concluded(facts={"home_is_safe": is_safe}, notes=tuple(notes))


class Nationality(
    Asked[NationalityForm],
    key="repatriation.nationality",
    title="Nationality verification",
    roles=("repatriation_coordinator", "case_manager"),
    documents=(Document("nationality-request", "Request to confirm the nationality"),),
    time_limit="P15D",
    computes=chase.COMPUTES,
    follow_ups=chase.FOLLOW_UPS,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over the request that was sent, and say whom to ask now; which country is asked was looked at before."""
        before = context.earlier("repatriation.nationality", NationalityForm)
        country = context.earlier("repatriation.border", BorderForm).country
        names = ("claimed_country", "proof", "sent_to", "sent_on", "stateless_risk", "asylum_claim", "legal_advice_on")
        prefill: dict[str, Any] = {"sent_on": context.today.isoformat()}
        prefill |= {"claimed_country": country} if country and country != "other" else {}
        prefill |= context.told_before("repatriation.nationality", *names)
        notes = ["Ask a lawyer first: no identity goes to an authority that the person fears."]
        if before and is_open(before.result):
            reminder = reminder_now(context, before.claimed_country or "", before.sent_on)
            if reminder is not None:
                notes.append(f"{reminder.days} days without an answer: ask {reminder.body}.")
                notes.append(f"These days are a network target. {reminder.source}.")
        return Prepared(prefill=prefill, notes=tuple(notes))

    def conclude(self, answers: NationalityForm, context: StepContext) -> Concluded:
        result = answers.result
        notes = []
        if result == "not_confirmed" or Form.perhaps(answers.asylum_claim) or Form.perhaps(answers.stateless_risk):
            notes.append("Send nothing more before a lawyer has advised, and plan a place to stay.")
        sent_on = answers.sent_on
        if answers.asylum_claim == Form.NOT_KNOWN:
            notes.append(
                "It is not known whether the person fears that country: find out before anything else is sent."
            )
        if is_open(result) and sent_on and not Form.perhaps(answers.asylum_claim):
            notes.append(f"Ask again by {sent_on + timedelta(days=FOLLOW_UP_DAYS):%d %b %Y}.")
        return Concluded(
            facts={"nationality_confirmed": result == "confirmed"},
            notes=tuple(notes),
            computed=chase.computed(answers, context),
        )


class Decision(
    Asked[DecisionForm],
    key="repatriation.decision",
    title="Return decision",
    roles=("case_manager", "supervisor", "repatriation_coordinator"),
    time_limit="P7D",
):
    def prepare(self, context: StepContext) -> Prepared:
        recommendation = context.earlier("repatriation.hir", HomeInvestigationForm).recommendation
        told = context.told_before("repatriation.decision", "consent_ref", "pending_evidence_plan", "order_no")
        if recommendation is None:
            return Prepared(prefill=told, notes=("There is no home report yet: a return cannot be decided.",))
        notes = (
            ("The home report calls the home unsafe: look for another place.",) if recommendation == "unsafe" else ()
        )
        return Prepared(prefill=told | {"hir_ok": recommendation != "unsafe"}, notes=notes)

    def conclude(self, answers: DecisionForm, context: StepContext) -> Concluded:
        """Hold the return until the home report, the person's own will and, for a child, an order allow it."""
        is_return = answers.decision == "return"
        is_wanted, is_home_ok = answers.wishes_return == "yes", answers.hir_ok is True
        is_ordered = bool(answers.order_no) or not has_child(context)
        doubts = (
            (not is_wanted, "A return was decided without the person's clear wish: speak to a lawyer."),
            (not is_home_ok, "A return was decided without a satisfactory home report: speak to a supervisor."),
            (not is_ordered, "A child goes home only with an order: record its number."),
        )
        return Concluded(
            facts={
                "return_decided": is_return,
                "wishes_return": is_wanted,
                "return_is_ordered": is_ordered,
                "may_return": is_return and is_wanted and is_home_ok and is_ordered,
            },
            notes=tuple(sentence for is_doubtful, sentence in doubts if is_return and is_doubtful),
        )


class Travel(
    Asked[TravelForm],
    key="repatriation.travel",
    title="Travel papers and escort",
    roles=("repatriation_coordinator", "case_manager"),
    stays_with=("repatriation.nationality",),
    documents=(
        Document("exit-permit-request", "Request for the exit permit"),
        Document("escort-order", "Request for an escort order"),
    ),
    time_limit="P30D",
    computes={"is_handed_over": bool},
    follow_ups={
        "journey": FollowUp(
            uses="repatriation.handover",
            title="The day of the journey: hand over, and have both sides sign",
            when="!this.is_handed_over",
            due="date",
            opens_before="P0D",
            ladder="repatriation-stuck",
            once=True,
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        names = ("document", "exit_permit", "border_point", "mode", "escort_names", "female_escort", "budget")
        notes = ["Share the route only with those who need to know it."]
        country = context.earlier("repatriation.nationality", NationalityForm).claimed_country
        if country and country != context.country:
            notes.append("The journey crosses a border: ask for the exit permit; the request is prepared here.")
        if context.earlier("repatriation.decision", DecisionForm).decision != "return":
            notes.append("No return is decided for the person yet.")
        return Prepared(prefill=context.told_before("repatriation.travel", *names), notes=tuple(notes))

    def conclude(self, answers: TravelForm, context: StepContext) -> Concluded:
        """Say what is missing, which holds nothing up; the day of the journey is followed, also where it has come."""
        missing = travel_missing(answers)
        is_abroad = context.earlier("repatriation.nationality", NationalityForm).claimed_country not in {
            None, context.country,
        }  # fmt: skip
        if is_abroad and not answers.exit_permit:
            missing = (*missing, "The number of the exit permit is not known.")
        is_handed_over = bool(context.earlier("repatriation.handover", HandoverForm))
        return Concluded(
            facts={"travel_is_ready": not missing}, notes=missing, computed={"is_handed_over": is_handed_over}
        )


class Handover(
    Asked[HandoverForm],
    key="repatriation.handover",
    title="Handover and receipt",
    counts_as="returned",
    roles=("repatriation_coordinator", "caseworker", "partnership_manager"),
    stays_with=("repatriation.travel",),
    documents=(
        Document("custody-consent", "Letter of consent to take the person into care", leaves=False, on="prepare"),
        Document("handover-receipt", "Handover receipt of the sending side"),
        Document("handover-receipt-receiving", "Handover receipt of the receiving side"),
    ),
    time_limit="PT24H",
    computes={"must_call": bool},
    follow_ups={
        "second_receipt": FollowUp(
            uses="repatriation.handover",
            title="Handover: a receipt is missing, both sides sign",
            when="!(has(this.sender_signed_at) && has(this.receiver_signed_at))",
            otherwise="end",
            limit="P1D",
            ladder="repatriation-stuck",
        ),
        "first_call": FollowUp(
            uses="reintegration.visit",
            title="The first call after the handover",
            when="this.must_call",
            from_="at",
            due="first_call_on",
            ladder="high",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose zones and first call; of a handover whose receipts are not both there, all that was told."""
        first_call = context.now + FIRST_CALL_WITHIN
        prefill: dict[str, Any] = {
            "tz": context.zone, "sender_tz": context.zone, "first_call_on": first_call.isoformat(),
        }  # fmt: skip
        before = context.earlier("repatriation.handover", HandoverForm)
        if not before:
            note = "If the handover is in another country, write that country's time zone."
            return Prepared(prefill=prefill, notes=(note,))
        side = missing_receipt(before)
        notes = (f"The receipt of the {side} side is missing.",) if side else ()
        return Prepared(
            prefill=prefill | context.told_before("repatriation.handover", *sorted(before.model_fields_set)),
            notes=notes,
        )

    def conclude(self, answers: HandoverForm, context: StepContext) -> Concluded:
        handed_over, first_call = answers.at, answers.first_call_on
        facts: dict[str, Any] = {"both_receipts_signed": is_over(answers)}
        if handed_over is not None:
            facts["handed_over_at"] = handed_over
        if first_call is not None:
            facts["first_call_at"] = first_call
        notes = list(differences(answers))
        facts["receipts_agree"] = is_over(answers) and not notes
        if handed_over is not None and first_call is not None and first_call - handed_over > FIRST_CALL_WITHIN:
            notes.append("The first call is later than 48 hours after the handover.")
        must_call = not context.earlier("repatriation.handover", HandoverForm) and not _is_called(context, handed_over)
        return Concluded(facts=facts, notes=tuple(notes), computed={"must_call": must_call})


@automatic(
    "repatriation.travel_checklist",
    title="Travel checklist",
    outputs={"is_ready": bool, "missing": int},
)
def travel_checklist(context: StepContext) -> Completed:
    """Check that nothing is missing before the journey: home report, wish, decision, order, papers, escort, health."""
    missing = return_missing(context) + travel_missing(context.earlier("repatriation.travel", TravelForm))
    return Completed(outputs={"is_ready": not missing, "missing": len(missing)}, notes=missing)


def _is_called(context: StepContext, handed_over: datetime | None) -> bool:
    """Return whether somebody reached the person since the handover, as far as it is written down before it."""
    visit = context.earlier("reintegration.visit", Visit)
    at = visit.done_at
    return bool(at and handed_over and at >= handed_over and visit.mode != "not_reached")


PILLAR = Pillar(
    key="repatriation",
    name="Repatriation",
    letter="R",
    summary="Take the person home after a satisfactory home report, with their consent, safely, and with a receipt.",
    step_types=(Border, HomeReport, Nationality, Decision, Travel, Handover, travel_checklist),
)
