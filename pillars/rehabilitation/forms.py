"""The forms of rehabilitation."""

from typing import Literal

from engine.plugin import (
    Count,
    Day,
    FileRef,
    Form,
    Instant,
    Language,
    LongText,
    Money,
    NoSettings,
    OrganisationRef,
    Some,
    Text,
    YesNo,
    field,
)
from pillars.rehabilitation.leaving import PLAN_DAYS_BEFORE

HIGHEST_SCORE = 10
EVERY_DAY = 100
Domain = Literal["safety", "health", "mind", "learning", "income", "family", "papers", "housing"]
DOMAINS = {
    "mind": "Feelings and mind",
    "learning": "School or learning",
    "income": "Work and income",
    "family": "Family and friends",
    "papers": "Papers and rights",
    "housing": "A place to live",
}
Service = Literal[
    "shelter", "medical_care", "counselling", "legal_help", "interpreter", "school", "training", "work", "money",
    "papers", "family_tracing", "way_home", "safety_planning", "other",
]  # fmt: skip
SERVICES = {"money": "Money and schemes", "way_home": "The way home", "safety_planning": "A plan to stay safe"}
Change = Literal[
    "safety_better",
    "safety_same",
    "safety_worse",
    "health_better",
    "health_same",
    "health_worse",
    "mind_better",
    "mind_same",
    "mind_worse",
    "learning_better",
    "learning_same",
    "learning_worse",
    "income_better",
    "income_same",
    "income_worse",
    "family_better",
    "family_same",
    "family_worse",
]


class AssessForm(Form):
    """Find out, together with the person, what they need and what they are good at."""

    domains: Some[Domain] = field(label="Which parts of life need help?", choices=DOMAINS, now=True)
    individual_risk: LongText = field(label="What risks does the person face?", sensitive=True)
    household_risk: LongText = field(label="What risks are there in the home?", sensitive=True)
    community_risk: LongText = field(label="What risks are there in the village or town?", sensitive=True)
    strengths: LongText = field(label="What is the person good at, and who helps them?", now=True)
    score: Count = field(label="How is the person doing, from 0 (very badly) to 10 (well)?", now=True)
    own_goals: LongText = field(
        label="What does the person want?", help="In their own words.", identifying=True, now=True
    )

    @Form.rule("The score is a number from 0 to 10.")
    def _score_is_on_the_scale(self) -> bool:
        return self.score <= HIGHEST_SCORE


class CarePlanForm(Form):
    """Write the plan for recovery with the person: what is done, by whom, until when."""

    plan_type: Some[Domain] = field(label="Which parts of life is the plan for?", choices=DOMAINS, now=True)
    objectives: LongText = field(label="What should be better at the end?", now=True)
    actions: LongText = field(label="What will be done?", now=True)
    responsible: Some[
        Literal[
            "caseworker",
            "counsellor",
            "medical_officer",
            "shelter",
            "school",
            "skill_trainer",
            "labour_office",
            "family",
            "person",
            "other",
        ]
    ] = field(label="Who is responsible for it?", choices={"person": "The person themselves"}, now=True)
    services_offered: tuple[Service, ...] = field(label="Which services were offered?", choices=SERVICES, default=())
    services_accepted: tuple[Service, ...] = field(
        label="Which of them does the person want?", choices=SERVICES, default=()
    )
    services_declined: tuple[Service, ...] = field(
        label="Which did the person decline?",
        help="It can be asked for again at any time.",
        choices=SERVICES,
        default=(),
    )
    start: Day = field(label="When does the plan start?", now=True)
    planned_end: Day = field(label="When should this be achieved?", now=True)
    form7: FileRef | None = field(label="Add the signed plan form, for a child", default=None)
    child_view: LongText = field(
        label="What does the person say about the plan?", help="For a child this is a duty: write the child's own view."
    )

    @Form.rule("Only what was offered can be wanted or declined, and nothing can be both.")
    def _answers_are_to_offers(self) -> bool:
        wanted, declined = set(self.services_accepted), set(self.services_declined)
        return wanted | declined <= set(self.services_offered) and not wanted & declined

    @Form.rule("The plan cannot end before it starts.")
    def _end_follows_start(self) -> bool:
        return self.in_order(self.start, self.planned_end)


class CounselForm(Form):
    """Note that a counselling session took place, how the person is, and when the next one is."""

    date: Instant = field(label="When was the session?", sensitive=True, output=True, event_time=True, now=True)
    kind: Literal["individual", "group", "family", "crisis", "by_phone"] = field(
        label="What kind of session was it?", now=True
    )
    lang: Language = field(label="In what language?", now=True)
    risk_now: Literal["none", "low", "medium", "high", "acute", "not_assessed"] = field(
        label="How great is the risk of self-harm now?",
        help="High or acute: stay with the person and call the medical officer now.",
        choices={"none": "No risk"},
        restricted="counselling",
        now=True,
    )
    next: Day | None = field(label="When is the next session?", sensitive=True, default=None)
    private_note: LongText | None = field(
        label="Note that only counsellors may read", default=None, identifying=True, restricted="counselling"
    )

    @Form.rule("The next session cannot be before this one.")
    def _next_follows(self) -> bool:
        return self.in_order(self.date.date(), self.next)


class LearningForm(Form):
    """Enrol the person in school or training, and follow how it goes."""

    track: Literal[
        "school", "open_school", "bridge_course", "vocational", "apprenticeship", "literacy", "college", "other"
    ] = field(label="What does the person learn?", now=True)
    provider: OrganisationRef = field(label="Where?", now=True)
    start: Day = field(label="Since when, or from when?", now=True)
    stipend: Money | None = field(label="How much money does the person get each month?", default=None)
    savings_account: YesNo = field(label="Does the person have a savings account?", default=None)
    attendance: Count | None = field(label="On what percentage of days did the person attend?", default=None)
    certificate: FileRef | None = field(label="Add the certificate", default=None)

    @Form.rule("The percentage of days is a number from 0 to 100.")
    def _attendance_is_a_percentage(self) -> bool:
        return self.attendance is None or self.attendance <= EVERY_DAY


class EntitlementsForm(Form):
    """Get the papers and the help from the State that the person has a right to."""

    scheme: Some[
        Literal[
            "identity_card",
            "ration_card",
            "health_insurance",
            "housing",
            "pension",
            "scholarship",
            "bonded_labour_cash",
            "child_sponsorship",
            "disability",
            "livelihood_grant",
            "other",
        ]
    ] = field(label="What help is being applied for?", now=True)
    papers_missing: Some[
        Literal[
            "birth_record",
            "identity_card",
            "address_proof",
            "caste_or_tribe",
            "school_record",
            "bank_account",
            "photo",
            "none",
            "other",
        ]
    ] = field(label="Which documents are missing?", identifying=True, choices={"none": "None is missing"}, now=True)
    applied_on: Day = field(label="When was the application made?", now=True)
    ref_no: Text | None = field(label="What is the number of the application?", default=None)
    granted_on: Day | None = field(label="When was it granted?", default=None)
    amount: Money | None = field(label="How much is it?", default=None)
    bank_ready: YesNo = field(label="Can the money be paid into an account of the person?", now=True)

    @Form.rule("It cannot be granted before it was applied for.")
    def _grant_follows_application(self) -> bool:
        return self.in_order(self.applied_on, self.granted_on)

    @Form.rule("No paper is missing, or some are: choose one of the two.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none", self.papers_missing)


class ProgressForm(Form):
    """Look together at what has become better, and decide how to go on."""

    date: Day = field(label="When did you meet?", sensitive=True, now=True)
    members: Some[
        Literal[
            "person",
            "caseworker",
            "counsellor",
            "medical_officer",
            "shelter_manager",
            "school",
            "family",
            "cwc",
            "lawyer",
            "other",
        ]
    ] = field(
        label="Who was there?", choices={"person": "The person themselves", "cwc": "Child Welfare Committee"}, now=True
    )
    domains_score: Some[Change] = field(label="What is better, the same, or worse?", now=True)
    decision: Literal["continue", "change_plan", "more_support", "ready_to_leave_care", "end_plan"] = field(
        label="What happens next?", now=True
    )
    next: Day = field(label="When will you meet again?", sensitive=True, now=True, must_be_known=True)

    @Form.rule("The next meeting cannot be before this one.")
    def _next_follows(self) -> bool:
        return self.in_order(self.date, self.next)

    @Form.rule("Each part of life has one answer: better, the same, or worse.")
    def _one_score_for_each_domain(self) -> bool:
        domains = [score.partition("_")[0] for score in self.domains_score]
        return len(domains) == len(set(domains))


class AgeingOutSettings(NoSettings):
    """How early to plan for leaving care (days before 18), and which step knows the day of birth, if one does."""

    plan_days_before: int = PLAN_DAYS_BEFORE
    from_step: str = "rescue.identify"
    from_field: str = "date_of_birth"


class CarePlanSettings(NoSettings):
    """Whether the plan is the one for leaving care: the system sets that when a child nears 18."""

    leaving_care: str = ""


class FirstNeeds(Form):
    """Of `rescue.first_needs`: First needs and safety."""

    language: Language | None = None


PLAN_MONTHS, MONTHLY_FOR = 6, 3
LOW_SCORE, LOW_SCORE_DAYS = 3, 30
OFTEN_THERE = 60
ASK_AGAIN_DAYS, ASK_FOR_CASH_DAYS = 30, 1
REVIEW_DAYS, FIRST_REVIEW_MONTHS = 90, 1
NEXT_SESSION_DAYS = 7
"""Promises of the network, all of these, as is how soon a step is shown: no law names a day for care."""
