"""The forms of prevention."""

from typing import Literal

from engine.plugin import (
    Count,
    Country,
    Day,
    Form,
    Geo,
    Instant,
    Language,
    LongText,
    Money,
    NoSettings,
    Phone,
    Some,
    Text,
    YesNo,
    field,
)

HIGHEST_SCORE = 100


class SessionForm(Form):
    """Report an awareness session: how many came and what it was about, never who."""

    place: Geo = field(label="Where was the session?", now=True)
    date: Day = field(label="On what date?", now=True)
    audience: Literal[
        "school", "village", "youth_group", "parents", "workers", "church", "police", "transport_staff", "other"
    ] = field(label="Who was it for?", now=True)
    male: Count = field(label="How many men and boys came?", now=True)
    female: Count = field(label="How many women and girls came?", now=True)
    another_gender: Count | None = field(label="How many people of another gender came?", default=None)
    under18: Count = field(label="How many of them in total were under 18?", now=True)
    language: Language = field(label="In what language was it?")
    topics: Some[
        Literal[
            "safe_migration",
            "false_job_offers",
            "online_grooming",
            "child_labour",
            "child_marriage",
            "rights_and_help",
            "livelihood",
            "other",
        ]
    ] = field(label="What was it about?")
    pre_score: Count | None = field(label="What percentage of answers were right before?", default=None)
    post_score: Count | None = field(label="What percentage of answers were right after?", default=None)
    disclosures: Count = field(
        label="How many people said that they, or someone they know, could be in danger?",
        help="Do not write names here. Record a report for each.",
    )

    @Form.rule("Those under 18 cannot be more than all who came.")
    def _children_are_among_all(self) -> bool:
        return self.under18 <= self.male + self.female + (self.another_gender or 0)

    @Form.rule("The percentage of right answers is a number from 0 to 100.")
    def _scores_are_on_the_scale(self) -> bool:
        return all(score is None or score <= HIGHEST_SCORE for score in (self.pre_score, self.post_score))


class SafeMigrationForm(Form):
    """Help somebody who wants to leave for work to see whether the offer is honest."""

    age_band: Literal["under_14", "14_to_17", "18_to_24", "25_or_more", "unknown"] = field(
        label="How old is the person?",
        choices={"under_14": "Under 14", "14_to_17": "14 to 17", "18_to_24": "18 to 24", "25_or_more": "25 or more"},
        now=True,
    )
    destination: Country = field(label="To which country do they want to go?", now=True)
    job_offer_from: Text | None = field(label="Who offers the work?", default=None)
    recruiter_licence: Literal["valid", "expired", "none", "not_needed", "unknown"] = field(
        label="Does the agent have a licence?",
        choices={"valid": "A valid licence", "expired": "An expired licence", "none": "No licence"},
        now=True,
    )
    contract_seen: YesNo = field(label="Did you see a written contract?", now=True)
    passport_held_by: Literal["person", "agent", "family", "employer", "no_passport", "unknown"] = field(
        label="Who has the passport?",
        choices={"person": "The person themselves", "no_passport": "There is none"},
        now=True,
    )
    debt: Money | None = field(label="How much do they owe for the journey?", help="In local currency.", default=None)
    emergency_numbers_given: YesNo = field(label="Did you give them the emergency numbers?")
    check_in_on: Day | None = field(label="When will you call to ask how they are?", default=None)
    decision: Literal["goes", "waits", "does_not_go", "referred", "undecided"] = field(
        label="What does the person decide?", help="It is their decision.", now=True
    )

    @Form.rule("Whoever goes is given the emergency numbers first.")
    def _numbers_go_along(self) -> bool:
        return self.decision != "goes" or self.emergency_numbers_given is not False


class InterceptForm(Form):
    """Note a talk with travellers at a border or station who may be in danger, and what they chose."""

    point: Text = field(label="At which border post or station?", now=True)
    at: Instant = field(label="When did you meet them?", sensitive=True, output=True, event_time=True, now=True)
    persons: Count = field(label="How many people could be in danger?", now=True)
    age_group: Literal["adults", "children", "both", "unknown"] | None = field(
        label="Are they adults or children?",
        help="If you do not know, choose Unknown: they are treated as children until it is known.",
        choices={"both": "Adults and children"},
        default=None,
    )
    companions: Count = field(label="How many people travel with them?")
    signs: Some[
        Literal[
            "none",
            "does_not_know_where_to",
            "story_learned_by_heart",
            "papers_held_by_other",
            "fear",
            "injuries",
            "false_papers",
            "child_without_family",
            "debt",
            "new_acquaintance",
            "other",
        ]
    ] = field(
        label="Which signs did you see?",
        sensitive=True,
        choices={
            "none": "No sign", "does_not_know_where_to": "They do not know where they are going",
            "story_learned_by_heart": "A story learned by heart",
            "papers_held_by_other": "Someone else holds their papers",
            "child_without_family": "A child without family", "new_acquaintance": "Someone they met recently",
        },
    )  # fmt: skip
    story_mismatch: YesNo = field(label="Do their stories differ when they are asked separately?", now=True)
    wants_to_continue: Literal["yes", "no", "unsure"] = field(
        label="Do they want to travel on?", help="Ask them separately from those who travel with them.", now=True
    )
    outcome: Literal["returned", "police", "continued", "shelter"] = field(
        label="What happened?",
        choices={
            "returned": "Went back home",
            "police": "Police were called",
            "continued": "Travelled on",
            "shelter": "Went to a shelter",
        },
        now=True,
    )
    free_choice_noted: YesNo = field(
        label="Was it their free choice?", help="An adult may not be held against their will."
    )

    route: Text | None = field(
        label="From where to where, and by what route?",
        help="Places and the line of the bus or train. No names.",
        default=None,
    )
    recruiter: Text | None = field(
        label="Who sent them or promised the work?", default=None, identifying=True, help="As they say it."
    )
    vehicle: Text | None = field(label="What is the number of the vehicle?", default=None, identifying=True)

    @Form.rule("No sign was seen, or some were: choose one of the two.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none", self.signs)

    @Form.rule(
        "An adult who wants to travel on travels on: end the step as refused by the person, or say that they went on."
    )
    def _adults_who_want_to_go_are_let_go(self) -> bool:
        wants = self.age_group == "adults" and self.wants_to_continue == "yes"
        return not wants or self.outcome in {"continued", "police"}

    @Form.rule("A child does not travel on alone with those who worry you: call the police, a shelter or the family.")
    def _children_are_not_let_go(self) -> bool:
        return not (self.age_group == "children" and self.outcome == "continued" and "none" not in self.signs)


class RecruiterForm(Form):
    """Check a recruiter or agent, and decide what to do."""

    name: Text = field(label="What is the recruiter called?", identifying=True, now=True)
    licence_no: Text | None = field(label="What is the number of the licence?", default=None)
    phone: Phone | None = field(label="What is the telephone number?", default=None, identifying=True)
    handles: Text | None = field(label="Which names do they use online?", default=None, identifying=True)
    complaints: Count = field(label="How many complaints do you know of?", now=True)
    linked_cases: Count | None = field(label="In how many cases do they appear?", default=None)
    action: Literal[
        "no_action", "watch", "warning_letter", "told_labour_office", "told_police", "told_migration_office"
    ] = field(
        label="What has been done?",
        choices={
            "no_action": "Nothing",
            "watch": "Keep an eye on them",
            "told_labour_office": "The labour office is informed",
            "told_police": "The police are informed",
            "told_migration_office": "The migration office is informed",
        },
        now=True,
    )


class CommunityForm(Form):
    """Draw the risk map of a village with its people: numbers, never names."""

    village: Text = field(label="Which village or neighbourhood?", now=True)
    households: Count = field(label="How many households are there?", now=True)
    out_migrants: Count = field(label="How many people left for work in the last year?", now=True)
    school_dropouts: Count = field(label="How many children left school in the last year?", now=True)
    missing: Count = field(label="How many people are missing?", now=True)
    risk: Literal["low", "medium", "high"] = field(label="How high is the risk?", now=True)
    watch_group: YesNo = field(label="Is there a village watch group?")
    first_steps: LongText | None = field(
        label="What will the village do first?", default=None, shown_when='risk != "low"'
    )

    @Form.rule("More people cannot have left school than a village has: check the numbers.")
    def _numbers_fit(self) -> bool:
        return self.households > 0 or self.out_migrants + self.school_dropouts + self.missing == 0


class PatternSettings(NoSettings):
    """From how many cases on a likeness is called a pattern."""

    from_cases: int = 3


class Triage(Form):
    """Of `reporting.triage`: Triage and risk score."""

    age_band: Text | None = None
