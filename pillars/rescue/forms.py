"""What Rescue asks a person: the forms of its steps."""

from engine.plugin import (
    Count,
    Day,
    Duration,
    FileRef,
    Form,
    Geo,
    Instant,
    Intervals,
    Language,
    LongText,
    Money,
    OrganisationRef,
    PersonRef,
    Some,
    Text,
    YesNo,
    field,
)
from pillars.rescue import values as v


class PlanForm(Form):
    """Plan the rescue so that nobody is hurt and nobody is left without a place to go."""

    site: Geo = field(label="Where is the place?", identifying=True, now=True)
    information_source: v.Source = field(label="Who told us about the place?", choices=v.SOURCE, now=True)
    verified: YesNo = field(label="Has someone checked the information?", now=True)
    expected_persons: Count = field(label="How many people might be there?", now=True)
    expected_children: Count = field(label="How many of them might be children?", now=True)
    shelter_reserved: OrganisationRef = field(label="Which shelter keeps beds free?", now=True)
    layout_file: FileRef | None = field(label="Which file shows the doors and rooms?", default=None, identifying=True)
    team_women: Count = field(label="How many women are in the team?")
    ngo_members: Some[v.TeamMember] = field(label="Who comes from an NGO?", choices=v.TEAM_MEMBER)
    interpreter_langs: Some[v.SpokenLanguage] = field(
        label="Which languages must the interpreters speak?", choices=v.SPOKEN_LANGUAGE
    )
    vehicles: Count = field(label="How many vehicles are there?", help="Survivors and suspects never ride together.")
    medical_standby: YesNo = field(label="Is a doctor or nurse ready?")
    search_warrant: v.SearchWarrant = field(label="Is there a search warrant?", choices=v.SEARCH_WARRANT)
    secrecy_level: v.Secrecy = field(label="Who may know about the plan?", choices=v.SECRECY)
    abort_rule: LongText = field(label="When do we call the rescue off?")
    contingency: LongText = field(label="What do we do if it goes wrong?")

    @Form.rule("There cannot be more children than people.")
    def _children_are_people(self) -> bool:
        return self.expected_children <= self.expected_persons

    @Form.rule("Choose either 'none' or what is needed, not both.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none", self.ngo_members) and self.stands_alone("none", self.interpreter_langs)


class ExecuteForm(Form):
    """Record how the rescue went, who was found and what was done for them."""

    start_at: Instant = field(label="When did the rescue begin?", now=True)
    end_at: Instant = field(
        label="When were the people in safety?",
        help="The legal deadline for bringing them before the authority starts at this time.",
        event_time=True,
        now=True,
    )
    persons_found: Count = field(label="How many people were found?", now=True)
    children_found: Count = field(label="How many of them are children?", now=True)
    injuries: YesNo = field(label="Was anyone hurt?", sensitive=True, now=True)
    separated_from_suspects: YesNo = field(label="Were survivors kept apart from suspects?", now=True)
    suspects_held: Count = field(label="How many suspects were held?")
    belongings_recovered: LongText | None = field(label="Which belongings were taken along?", default=None)
    documents_recovered: tuple[v.PaperRecovered, ...] | None = field(
        label="Which papers were found?", choices=v.PAPER_RECOVERED, default=None, identifying=True
    )
    wages_claim_noted: Money | None = field(
        label="How much in unpaid wages was recorded?", help="In local currency, such as rupees.", default=None
    )
    body_camera: YesNo = field(label="Was it filmed by a body camera?", default=None)
    media_kept_out: YesNo = field(label="Were reporters and cameras kept away?")

    @Form.rule("The rescue cannot end before it begins.")
    def _ends_after_start(self) -> bool:
        return self.in_order(self.start_at, self.end_at)

    @Form.rule("There cannot be more children than people.")
    def _children_are_people(self) -> bool:
        return self.children_found <= self.persons_found

    @Form.rule("Choose either 'None were found' or the papers, not both.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none", self.documents_recovered or ())


class FirstNeedsForm(Form):
    """See to the first needs of one rescued person: food, clothes, a doctor, and a feeling of safety."""

    person: PersonRef = field(label="Who is it about?", now=True)
    medical_urgent: YesNo = field(label="Is a doctor needed at once?", sensitive=True, now=True)
    food_clothing: YesNo = field(label="Did the person get food and clothes?", now=True)
    family_call_safe: v.FamilyCall = field(label="Is it safe to call the family?", choices=v.FAMILY_CALL, now=True)
    rights_explained: YesNo = field(label="Were the person's rights explained?", now=True)
    photo_taken: YesNo = field(
        label="Was a photo taken?",
        help="A photo is not needed. If one was taken, keep it with the case only.",
        now=True,
    )
    specific_needs: tuple[v.Need, ...] = field(
        label="Which specific needs does the person have?",
        help="Home, doctor and escort have to know them. What nobody knows yet: Not known.",
        choices=v.NEED,
        default=(),
        sensitive=True,
    )
    interpreter_needed: YesNo = field(label="Does the person need an interpreter?", default=None)
    fear_of: Text | None = field(label="Who is the person afraid of?", default=None, identifying=True)
    language: Language = field(
        label="Which language does the person speak?", help="A language code, such as as, bn, grt, kha, ne or en."
    )
    companion_children: Count | None = field(label="How many children are with the person?", default=None)
    immediate_wish: LongText | None = field(label="What does the person want now?", default=None, identifying=True)

    @Form.rule("Choose either 'None of these' or the needs, not both.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none", self.specific_needs) and self.stands_alone("unknown", self.specific_needs)


class ProductionForm(Form):
    """Bring the person before the authority in time, and record the order that was made."""

    person: PersonRef = field(label="Who was brought?", now=True)
    authority: v.Authority = field(label="Before which authority?", choices=v.AUTHORITY, now=True)
    taken_charge_at: Instant = field(label="When was the person taken into our care?", now=True)
    produced_at: Instant = field(
        label="When was the person brought before the authority?",
        sensitive=True,
        output=True,
        event_time=True,
        now=True,
    )
    journey: Intervals = field(
        label="When was the person travelling?",
        help="The journey does not count. Give start, end and place for each.",
        default=(),
        excluded_time="journey",
    )
    journey_hours: Duration | None = field(
        label="How long was the journey in total?", help="Such as PT1H30M.", default=None
    )
    order_type: v.OrderType = field(label="What was ordered?", choices=v.ORDER_TYPE)
    order_no: Text | None = field(label="What is the number of the order?", default=None)
    order_under: v.OrderUnder | None = field(
        label="Under which sub-section of ITPA section 17 is the order?",
        help="It decides how long the person can be held. If nobody knows: Not known; the shortest time counts then.",
        choices=v.ORDER_UNDER,
        default=None,
        shown_when='authority == "Magistrate"',
    )
    placed_at: OrganisationRef = field(
        label="Where will the person stay?", identifying=True, restricted="shelter_address"
    )
    escort: PersonRef = field(label="Who went with the person?")
    form17: FileRef | None = field(label="Which file is the signed Form 17?", default=None)

    @Form.rule("The person cannot be brought before the authority before being taken into care.")
    def _produced_after_charge(self) -> bool:
        return self.in_order(self.taken_charge_at, self.produced_at)

    @Form.rule("Each journey must end after it begins.")
    def _journeys_end(self) -> bool:
        return all(self.in_order(leg.start, leg.end) for leg in self.journey)


class IdentifyForm(Form):
    """Find out, in a calm talk, whether the person was trafficked; never in the first hour."""

    status: v.Status = field(label="What did you find?", choices=v.STATUS, now=True)
    decided_by: v.DecidedBy = field(label="Who decides this?", choices=v.DECIDED_BY, now=True)
    interview_lang: Language = field(label="In what language did you talk?", now=True)
    lawyer_present: YesNo = field(label="Was a lawyer there?", now=True)
    interpreter: PersonRef | None = field(label="Who interpreted?", default=None)
    indicators: Some[v.Indicator] = field(label="Which signs did you see?", choices=v.INDICATOR, sensitive=True)
    acts: Some[v.Act] = field(label="What did others do?", choices=v.ACT, tells="acts")
    means: Some[v.Means] = field(
        label="How did they do it?",
        help="For a child this does not matter: a child can never agree.",
        choices=v.MEANS,
        sensitive=True,
        tells="means",
    )
    purposes: Some[v.Purpose] = field(
        label="What exploitation do you suspect?", choices=v.PURPOSE, sensitive=True, tells="purposes"
    )
    age_claimed: Count = field(label="How old does the person say they are?", tells="age")
    date_of_birth: Day | None = field(
        label="What is the date of birth, if it is known?", default=None, identifying=True
    )
    age_document: v.AgeDocument = field(label="Which paper shows the age?", choices=v.AGE_DOCUMENT, tells="age_paper")
    age_test_ordered: YesNo = field(label="Was an age test ordered?", default=None)
    sex: v.Sex | None = field(
        label="What is the person's sex?",
        help="Some schemes are for women only: this decides which limits apply.",
        default=None,
        tells="sex",
    )
    recruited_how: tuple[v.Recruitment, ...] = field(
        label="How was the person found and won over?", choices=v.RECRUITMENT, default=()
    )
    trafficker_relation: v.TraffickerRelation | None = field(
        label="Who was the trafficker to the person?", choices=v.TRAFFICKER_RELATION, default=None, sensitive=True
    )
    industry: v.Industry | None = field(
        label="In what kind of work was the person exploited?", choices=v.INDUSTRY, default=None
    )
    reflection_until: Day | None = field(label="Until when may the person take time to decide?", default=None)
    note: LongText | None = field(label="What else is important?", default=None, identifying=True)

    @Form.rule("Choose either 'None of these' or what you saw, not both.")
    def _none_stands_alone(self) -> bool:
        return all(
            self.stands_alone("none", chosen) for chosen in (self.indicators, self.acts, self.means, self.purposes)
        )

    @Form.rule("Choose either 'Not known' or what you know, not both.")
    def _unknown_stands_alone(self) -> bool:
        return self.stands_alone("unknown", self.recruited_how)


class Intake(Form):
    """Of `reporting.intake`: Record report."""

    is_child_suspected: Text | None = None
    language: Language | None = None
    place_last_seen: Geo | None = None


class Missing(Form):
    """Of `reporting.missing`: Missing-person report."""

    age: Count | None = None
    sex: Text | None = None
