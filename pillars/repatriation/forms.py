"""The forms of repatriation."""

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.plugin import (
    Count,
    Country,
    Day,
    FileRef,
    Form,
    Geo,
    Instant,
    LongText,
    Money,
    OrganisationRef,
    PersonRef,
    Signature,
    Text,
    YesNo,
    field,
)

HIGHEST_RISK = 10
YesNoUnsure = Literal["yes", "no", "unsure"]


class HomeInvestigationForm(Form):
    """Find out, on the spot, whether the person's home is safe to return to."""

    requested_on: Day = field(label="When was the home visit asked for?")
    visit_on: Day = field(label="When was the home visited?", sensitive=True, now=True)
    visited_by: PersonRef = field(label="Who visited the home?", now=True)
    family_identity: LongText = field(
        label="Who lives in the home?",
        help="Names, how they are related, and how you checked who they are.",
        identifying=True,
    )
    family_role_in_trafficking: Literal["none_found", "suspected", "confirmed", "unknown"] = field(
        label="Did anyone in the family help the traffickers?", sensitive=True, now=True
    )
    income_source: Text | None = field(label="What does the family live on?", default=None)
    violence_at_home: YesNoUnsure = field(label="Is there violence in the home?", sensitive=True, now=True)
    community_attitude: Literal["welcoming", "mixed", "hostile", "unknown"] = field(
        label="How are neighbours and the village likely to treat the person?", sensitive=True
    )
    trafficker_nearby: YesNoUnsure = field(label="Does a trafficker live nearby, or visit?", sensitive=True, now=True)
    school_or_work_option: LongText | None = field(label="What school or work is there for the person?", default=None)
    child_view: LongText | None = field(
        label="What does the child say about going home?",
        help="In the child's own words.",
        default=None,
        identifying=True,
    )
    recommendation: Literal["safe", "safe_with_conditions", "unsafe"] = field(
        label="Is it safe to go home?",
        choices={
            "safe": "Yes, it is safe",
            "safe_with_conditions": "Only with conditions",
            "unsafe": "No, it is not safe",
        },
        now=True,
    )
    conditions: LongText | None = field(
        label="What must be in place first?", default=None, shown_when='recommendation == "safe_with_conditions"'
    )
    photos: FileRef | None = field(
        label="Add photos of the home", help="Of the house, never of a person.", default=None, identifying=True
    )

    @Form.rule("The visit cannot be earlier than the day on which it was asked for.")
    def _visit_follows_request(self) -> bool:
        return self.in_order(self.requested_on, self.visit_on)

    @Form.rule("A home where someone in the family helped the traffickers cannot be called safe without conditions.")
    def _is_not_safe_with_a_trafficker(self) -> bool:
        return self.recommendation != "safe" or self.family_role_in_trafficking != "confirmed"


class NationalityForm(Form):
    """Have the person's nationality confirmed, so that papers can be given."""

    claimed_country: Country = field(label="Which country does the person say is theirs?", now=True)
    proof: tuple[
        Literal[
            "birth_record",
            "school_record",
            "voter_or_id_card",
            "passport",
            "family_statement",
            "village_letter",
            "none",
            "other",
        ],
        ...,
    ] = field(
        label="What proof is there?",
        choices={"none": "No proof", "voter_or_id_card": "Voter or identity card"},
        default=(),
        identifying=True,
    )
    sent_to: OrganisationRef = field(label="Who was asked to confirm it?", now=True)
    sent_on: Day = field(label="When was the request sent?", now=True, must_be_known=True)
    reply_on: Day | None = field(label="When did the answer come?", default=None)
    result: Literal["confirmed", "not_confirmed", "more_proof_asked", "no_answer"] | None = field(
        label="What was the answer?", default=None
    )
    stateless_risk: YesNo = field(label="Could it be that no country accepts the person?", sensitive=True, now=True)
    asylum_claim: YesNo = field(
        label="Does the person ask for protection from their own country?",
        help="If yes, nothing may be sent to that country before a lawyer has advised.",
        sensitive=True,
        now=True,
    )
    legal_advice_on: Day = field(label="When did a lawyer advise the person?", now=True)

    @Form.rule("Say when the answer came, if there is one.")
    def _answer_has_a_day(self) -> bool:
        return self.result in {None, "no_answer"} or self.reply_on is not None

    @Form.rule("The answer cannot be earlier than the request.")
    def _reply_follows_request(self) -> bool:
        return self.in_order(self.sent_on, self.reply_on)


class DecisionForm(Form):
    """Decide, with the person, whether they go home, stay, or go somewhere else."""

    wishes_return: YesNoUnsure = field(
        label="Does the person want to go home?",
        help="Ask alone, in the person's language, and not only once.",
        now=True,
    )
    consent_ref: Text = field(label="Where is the consent or assent recorded?", help="The number in the consent list.")
    hir_ok: YesNo = field(label="Was the home report satisfactory?", now=True)
    pending_evidence_plan: Literal[
        "none_needed", "statement_done", "video_link", "return_for_court", "stay_until_heard", "unknown"
    ] = field(
        label="How will the person give evidence, if the court still needs it?",
        choices={"none_needed": "No evidence is needed", "statement_done": "The statement is already recorded"},
    )
    risk_score: Count = field(label="How high is the risk, from 0 (none) to 10 (very high)?", now=True)
    decision: Literal["return", "stay", "third_option"] = field(
        label="What was decided?",
        choices={"return": "Go home", "stay": "Stay here", "third_option": "Go to another safe place"},
        now=True,
    )
    order_no: Text | None = field(label="What is the number of the order?", default=None)

    @Form.rule("The risk is a number from 0 to 10.")
    def _risk_is_on_the_scale(self) -> bool:
        return self.risk_score <= HIGHEST_RISK


class TravelForm(Form):
    """Prepare the journey: papers, route, escort and money."""

    document: Literal["passport", "travel_permit", "temporary"] = field(
        label="Which travel document does the person have?",
        identifying=True,
        choices={"temporary": "Temporary travel document"},
        now=True,
    )
    exit_permit: Text | None = field(label="What is the number of the exit permit?", default=None)
    date: Day = field(label="On what date do they travel?", sensitive=True, now=True, must_be_known=True)
    border_point: Text = field(label="Where do they cross the border, or arrive?")
    mode: Literal["road", "rail", "air", "boat", "on_foot", "mixed"] = field(label="How do they travel?")
    escort_names: Text = field(label="Who goes with the person?", identifying=True, now=True)
    female_escort: YesNo = field(label="Is there a woman among the escorts?", now=True)
    budget: Money = field(label="How much is set aside for the journey, in your unit's currency?")
    medical_fit: YesNo = field(label="Did a doctor or nurse say the person can travel?", sensitive=True, now=True)
    route_secret: YesNo = field(label="Is the route known only to those who need to know it?", now=True)


class HandoverForm(Form):
    """Hand the person over to those who receive them, and have both sides sign."""

    at: Instant = field(
        label="When was the person handed over?",
        help="Local time of the place.",
        event_time=True,
        now=True,
        sensitive=True,
        output=True,
    )
    place: Geo = field(label="Where was the handover?", identifying=True, now=True)
    tz: Text = field(
        label="Which time zone is that place in?", help="For example Asia/Kolkata or Asia/Dhaka.", now=True
    )
    sender_tz: Text | None = field(
        label="Which time zone is the sending unit in?", help="Filled in for you.", default=None
    )
    received_by: PersonRef = field(label="Who received the person?", now=True)
    receiving_org: OrganisationRef = field(label="For which organisation or authority?", now=True)
    condition: LongText = field(label="What condition was the person in at the handover?", sensitive=True)
    belongings: LongText | None = field(label="What belongings were handed over?", default=None)
    money_handed: Money | None = field(label="How much money was handed over?", default=None)
    both_signed: Signature = field(label="Signatures of both sides", now=True)
    sender_signed_at: Instant | None = field(
        label="When did the sending side sign its receipt?", help="Local time of the sending unit.", default=None
    )
    receiver_signed_at: Instant | None = field(
        label="When did the receiving side sign its receipt?", help="Local time where they are.", default=None
    )
    receiver_tz: Text | None = field(
        label="Which time zone is the receiving side in?",
        help="Only if it is different from that of the place.",
        default=None,
    )
    money_received: Money | None = field(
        label="How much money does the receiving side say it received?", help="In the same currency.", default=None
    )
    belongings_complete: YesNo = field(label="Did the receiving side receive all belongings?", default=None)
    condition_agreed: YesNo = field(
        label="Do both sides agree on the condition of the person?", default=None, sensitive=True
    )
    first_call_on: Instant = field(
        label="When will the first call be?",
        help="Within 48 hours, to a phone the person trusts.",
        must_be_known=True,
    )

    @Form.rule("Write the time zone as continent and city, such as Asia/Kolkata.")
    def _zones_are_known(self) -> bool:
        return all(_is_zone(zone) for zone in (self.tz, self.sender_tz, self.receiver_tz) if zone is not None)

    @Form.rule("The receiving side cannot sign before the handover.")
    def _receipt_follows_handover(self) -> bool:
        return self.in_order(self.at, self.receiver_signed_at)

    @Form.rule("The first call must come after the handover.")
    def _call_follows_handover(self) -> bool:
        return self.first_call_on > self.at


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return "/" in name


class Visit(Form):
    """Of `reintegration.visit`: Follow-up visit or call."""

    done_at: Instant | None = None
    mode: Text | None = None
