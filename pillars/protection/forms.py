"""What Protection asks a person: the forms of its steps."""

from datetime import date
from typing import Any

from engine.plugin import (
    Count,
    Day,
    Form,
    Instant,
    Language,
    LongText,
    OrganisationRef,
    PersonRef,
    Phone,
    Signature,
    Some,
    StepContext,
    Text,
    YesNo,
    field,
)
from pillars.protection import values as v


class ConsentForm(Form):
    """Ask the person what may be shared, with whom and for how long, and write down the answer."""

    person: PersonRef = field(label="Who is asked?", now=True)
    kind: v.ConsentKind = field(label="Who agrees?", choices=v.CONSENT_KIND, now=True)
    purpose: Some[v.Purpose] = field(label="What is it for?", choices=v.PURPOSE, now=True)
    recipients: Some[v.Recipient] = field(label="Who may receive the information?", choices=v.RECIPIENT, now=True)
    fields_covered: Some[v.Covered] = field(label="What may be shared?", choices=v.COVERED, now=True)
    valid_until: Day = field(label="Until what date?", now=True, must_be_known=True)
    language: Language = field(
        label="In what language was it explained?", help="A language code, such as as, bn, grt, kha, ne or en."
    )
    read_aloud: YesNo = field(label="Was it read aloud?")
    withdrawn_at: Instant | None = field(
        label="When was it withdrawn?",
        help="The person may withdraw it at any time, without giving a reason.",
        default=None,
    )
    best_interest_note: LongText | None = field(label="Why is this best for the child?", default=None)
    signed: Signature = field(label="Who signed, or put a thumb print?")

    @Form.rule("Choose either 'Nothing that identifies the person' or what may be shared, not both.")
    def _nothing_stands_alone(self) -> bool:
        return self.stands_alone("no_personal_data", self.fields_covered)


class SafetyForm(Form):
    """Make a plan with the person that keeps them safe from now on."""

    level: v.SafetyLevel = field(label="How great is the danger?", now=True, tells="safety")
    threats: Some[v.Threat] = field(label="What is the danger?", choices=v.THREAT, sensitive=True, now=True)
    review_on: Day = field(label="When will this be reviewed?", now=True, must_be_known=True)
    threat_source: Text | None = field(label="Who does the danger come from?", default=None, identifying=True)
    safe_contacts: Text | None = field(
        label="Who can the person trust?",
        help="No one who is a suspect, even in the family.",
        default=None,
        identifying=True,
    )
    code_word: Text | None = field(label="Which code word means: I am in danger?", default=None, identifying=True)
    device_checked: YesNo = field(label="Was the phone checked?")
    social_media_checked: YesNo = field(label="Were the online accounts checked?")
    location_sharing_off: YesNo = field(label="Is location sharing off?")

    @Form.rule("Choose either 'None known' or the dangers, not both.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none_known", self.threats)


class PlacementForm(Form):
    """Give the person a safe place to stay, on a lawful ground, and ask what they want."""

    shelter: OrganisationRef = field(
        label="Where does the person stay?", identifying=True, restricted="shelter_address", now=True
    )
    admitted_at: Instant = field(label="When was the person taken in?", event_time=True, now=True)
    legal_basis: v.LegalBasis = field(label="On what basis?", choices=v.LEGAL_BASIS, now=True)
    own_wish: v.OwnWish = field(label="What does the person want?", choices=v.OWN_WISH, now=True)
    order_expires: Day = field(
        label="On what date does the order end?",
        help="Without an order: the date by which the stay will be reviewed.",
        now=True,
        must_be_known=True,
    )
    review_on: Day = field(label="When will this be reviewed?", now=True, must_be_known=True)
    order_no: Text | None = field(label="What is the number of the order?", default=None)
    order_under: v.OrderUnder | None = field(
        label="Under which sub-section of ITPA section 17 is the order?",
        help="It decides how long the person can be held. If nobody knows: Not known; the shortest time counts then.",
        choices=v.ORDER_UNDER,
        default=None,
        shown_when='legal_basis == "magistrate_order"',
    )
    bed: Text | None = field(label="Which bed or room?", default=None)
    accompanied_children: Count = field(label="How many children are with the person?")
    gender_fit: YesNo = field(label="Is the place right for the person's gender?")
    language_fit: YesNo = field(label="Does someone there speak the person's language?")

    @Form.rule("The review must come on or before the day on which the order ends.")
    def _review_in_time(self) -> bool:
        return self.in_order(self.review_on, self.order_expires)


class CustodyForm(Form):
    """See to it that nobody is held longer than an order allows: released, a new order, or a petition the same day."""

    result: v.CustodyResult = field(label="How did it end?", choices=v.CUSTODY_RESULT, now=True)
    decided_at: Instant = field(label="When was that?", event_time=True, now=True)
    own_wish: v.OwnWish = field(label="What does the person want now?", choices=v.OWN_WISH, now=True)
    new_order_no: Text | None = field(
        label="What is the number of the new order?", default=None, shown_when='result == "new_order"'
    )
    new_end: Day | None = field(
        label="On what date does the new order end?", default=None, shown_when='result == "new_order"'
    )
    order_under: v.OrderUnder | None = field(
        label="Under which sub-section of ITPA section 17 is the new order?",
        help="It decides how long the person can be held. If nobody knows: Not known; the shortest time counts then.",
        choices=v.ORDER_UNDER,
        default=None,
        shown_when='result == "new_order"',
    )
    petition_at: Instant | None = field(
        label="When did the lawyer go to court for the person?",
        help="A petition to set the person free (habeas corpus) is filed the same day.",
        default=None,
        shown_when='result == "still_held"',
    )

    @Form.rule("Give the date on which the new order ends.")
    def _a_new_order_ends(self) -> bool:
        return self.result != "new_order" or self.new_end is not None

    @Form.rule("The new order cannot end before it was made.")
    def _ends_after(self) -> bool:
        return self.new_end is None or self.new_end >= self.decided_at.date()


class HealthForm(Form):
    """See to the person's body and mind; the record is closed to all but health staff."""

    triage: v.HealthTriage = field(label="How soon is care needed?", choices=v.HEALTH_TRIAGE, now=True)
    suicide_screen: v.SuicideScreen = field(
        label="Is the person at risk of harming themselves?", choices=v.SUICIDE_SCREEN, restricted="health", now=True
    )
    report_to_police_needed: YesNo = field(label="Does the law require the police to be informed?", now=True)
    follow_up: Day = field(label="When is the next visit?", sensitive=True, now=True, must_be_known=True)
    findings: LongText | None = field(label="What was found?", default=None, identifying=True, restricted="health")
    pregnancy_test_consent: YesNo = field(
        label="Does the person agree to a pregnancy test?", default=None, restricted="health"
    )
    sti_hiv_consent: YesNo = field(
        label="Does the person agree to tests for HIV and other infections?", default=None, restricted="health"
    )
    medication: LongText | None = field(label="Which medicine was given?", default=None, restricted="health")


class SupportPersonForm(Form):
    """Give the person somebody at their side: a support person, a guardian, a lawyer or an interpreter."""

    role: v.SupportRole = field(label="In what role?", choices=v.SUPPORT_ROLE, now=True)
    person_assigned: PersonRef = field(label="Who is it?", now=True)
    assigned_at: Instant = field(label="Since when have they had this role?", event_time=True, now=True)
    conflict_check: YesNo = field(label="Is it certain that they have no tie to a suspect?", now=True)
    court_informed_at: Instant | None = field(label="When was the court informed?", default=None)
    contact: Phone | None = field(label="What is their phone number?", default=None, identifying=True)
    monthly_report_due: Day = field(label="When is the next monthly report due?", must_be_known=True)

    @Form.rule("The court cannot be informed before the person was named.")
    def _court_follows(self) -> bool:
        return self.in_order(self.assigned_at, self.court_informed_at)


class WitnessForm(Form):
    """Ask for witness protection, and follow the report and the order until they end."""

    applicant: v.Applicant = field(label="Who asks for protection?", now=True)
    interim_sought: YesNo = field(label="Is protection asked for at once, before the report?", now=True)
    applied_on: Day = field(label="On what date was it asked for?", now=True)
    report_ordered_at: Instant | None = field(
        label="When did the authority order the Threat Analysis Report?",
        help="The time of the police runs from this order. Leave it empty while nobody knows.",
        default=None,
    )
    tar_due: Day = field(
        label="When is the Threat Analysis Report due?",
        help="It counts from the order of the authority; until that is known, from the application, for planning.",
        now=True,
    )
    threat_category: v.ThreatCategory | None = field(
        label="Which class of danger did the report find?", choices=v.THREAT_CATEGORY, default=None
    )
    order_on: Day | None = field(label="On what date was protection ordered?", default=None)
    measures: tuple[v.Measure, ...] | None = field(label="What was ordered?", default=None, sensitive=True)
    expires_on: Day | None = field(
        label="When does the order end?", help="Three months at most; ask again two weeks before.", default=None
    )

    @Form.rule("The days must follow each other: asked for, ordered, ended.")
    def _in_order(self) -> bool:
        return self.in_order(self.applied_on, self.order_on, self.expires_on) and self.in_order(
            self.applied_on, self.tar_due
        )


class Intake(Form):
    """Of `reporting.intake`: Record report."""

    language: Language | None = None


class Triage(Form):
    """Of `reporting.triage`: Triage and risk score."""

    risk_level: Text | None = None


class FirstNeeds(Form):
    """Of `rescue.first_needs`: First needs and safety."""

    companion_children: Count | None = None
    fear_of: Text | None = None
    language: Language | None = None
    medical_urgent: YesNo = None
    person: PersonRef | None = None


class Plan(Form):
    """Of `rescue.plan`: Pre-rescue plan."""

    shelter_reserved: OrganisationRef | None = None


class Production(Form):
    """Of `rescue.production`: Produce before authority."""

    authority: Text | None = None
    order_no: Text | None = None
    order_under: Text | None = None
    placed_at: OrganisationRef | None = None
    produced_at: Instant | None = None


def language_of(context: StepContext) -> dict[str, Any]:
    """Return the language that the person was first heard in, as an answer; nothing where nobody said."""
    told = (
        context.earlier("rescue.first_needs", FirstNeeds).language
        or context.earlier("reporting.intake", Intake).language
    )
    return {"language": told} if told else {}


def ending_of(context: StepContext, day: date | None, fact: str) -> dict[str, Any]:
    """Return the end of a day (UTC) as a fact; nothing where there is no day."""
    return {fact: context.end_of(day)} if day else {}
