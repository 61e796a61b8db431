"""The forms of partnership."""

from typing import Literal

from engine.plugin import (
    CaseRef,
    Count,
    Day,
    FileRef,
    Form,
    Instant,
    LongText,
    OrganisationRef,
    PersonRef,
    Some,
    Text,
    YesNo,
    field,
)
from pillars.partnership.values import AREAS, LANGUAGES, MEMBERS, Area, Member, PartnerLanguage, PillarName, Role

EVERYTHING = 100
_RECORDED = "is_colleague != true"


class OnboardForm(Form):
    """Take a partner into the network: who they are, what they may do, and what both sides signed."""

    org: OrganisationRef = field(label="Which body is it?", now=True)
    type: Literal[
        "ngo",
        "police",
        "government",
        "court_or_legal_aid",
        "shelter",
        "hospital",
        "embassy",
        "media",
        "business",
        "faith_group",
        "other",
    ] = field(label="What kind of body is it?", choices={"ngo": "Non-governmental organisation"}, now=True)
    mandate: Some[
        Literal["legal_duty", "government_order", "court_order", "registered_aim", "agreement_only", "other"]
    ] = field(label="What entitles them to do this work?")
    pillars: Some[PillarName] = field(label="Which parts of the work do they take on?", now=True)
    areas: Some[Area] = field(label="Where do they work?", choices=AREAS, now=True)
    languages: Some[PartnerLanguage] = field(label="Which languages do they speak?", choices=LANGUAGES)
    hours: Text = field(label="When can they be reached?")
    focal_person: PersonRef = field(label="Who is our contact there?", identifying=True, now=True)
    child_safe_policy: FileRef = field(label="Add their child safeguarding rules")
    vetted_on: Day = field(label="When was the body checked?", now=True)
    mou_from: Day = field(label="From what date is the agreement valid?")
    mou_to: Day = field(label="Until what date is the agreement valid?", must_be_known=True)
    data_agreement: FileRef = field(label="Add the signed agreement on data")

    @Form.rule("The agreement cannot end before it begins.")
    def _agreement_is_in_order(self) -> bool:
        return self.in_order(self.mou_from, self.mou_to)


class DirectoryForm(Form):
    """Say what a partner can offer now, so that nobody is sent to a full house."""

    org: OrganisationRef | None = field(label="Which partner is it?", default=None)
    service: Some[
        Literal[
            "shelter",
            "medical",
            "counselling",
            "legal_aid",
            "interpreter",
            "transport",
            "training",
            "school",
            "livelihood",
            "home_visit",
            "other",
        ]
    ] = field(label="What does the partner offer?", now=True)
    capacity_total: Count | None = field(label="How many places are there in total?", default=None)
    capacity_free: Count = field(label="How many places are free now?", now=True)
    takes_men: YesNo = field(label="Do they take men?", now=True)
    takes_children: YesNo = field(label="Do they take children?", now=True)
    takes_foreigners: YesNo = field(label="Do they take people from other countries?", now=True)
    valid_until: Instant = field(label="Until when can we rely on this?", now=True, must_be_known=True)

    @Form.rule("Free places cannot be more than all places.")
    def _free_places_are_among_all(self) -> bool:
        return self.in_order(self.capacity_free, self.capacity_total)


class ConferenceForm(Form):
    """Record what a case conference decided and who does what."""

    case: CaseRef = field(label="Which case is it about?", now=True)
    members: Some[Member] = field(label="Who took part?", choices=MEMBERS, now=True)
    need_to_know: Some[Member] = field(label="Which of them need to know who the person is?", choices=MEMBERS, now=True)
    decisions: LongText = field(label="What was decided?", help="Do not write names.", now=True)
    tasks: Some[
        Literal[
            "safety",
            "shelter",
            "health",
            "police",
            "court",
            "papers",
            "travel",
            "family",
            "money",
            "press",
            "none",
            "other",
        ]
    ] = field(label="What kinds of tasks follow from it?", choices={"none": "No tasks"}, now=True)
    next: Day | None = field(label="When is the next conference?", default=None)

    @Form.rule("Only people who took part can be informed who the person is.")
    def _told_are_members(self) -> bool:
        return set(self.need_to_know) <= set(self.members)


class ReviewForm(Form):
    """Look with a partner at how the last months went, in numbers without persons."""

    period: Text = field(label="Which months?", help="For example: January to March 2026.", now=True)
    cases_in: Count = field(label="How many cases were received?", now=True)
    on_time_pct: Count = field(label="What percentage of time limits were kept?", now=True)
    breaches: Count = field(label="How many time limits were missed?", now=True)
    causes: Some[
        Literal[
            "our_delay",
            "other_body",
            "persons_choice",
            "no_place_free",
            "no_money",
            "distance",
            "weather",
            "none",
            "other",
        ]
    ] = field(
        label="Why were they missed?",
        choices={
            "persons_choice": "The person's own choice",
            "none": "No limit was missed",
            "other_body": "Another authority",
        },
        now=True,
    )
    actions: Some[
        Literal[
            "training",
            "more_staff",
            "new_partner",
            "change_agreement",
            "change_workflow",
            "talk_to_body",
            "none",
            "other",
        ]
    ] = field(
        label="What will you do about it?",
        choices={"none": "Nothing is needed", "talk_to_body": "Talk to the authority"},
        now=True,
    )

    @Form.rule("The percentage is a number from 0 to 100.")
    def _share_is_a_percentage(self) -> bool:
        return self.on_time_pct <= EVERYTHING


class AccessForm(Form):
    """Give somebody access, look at it again, or end it: as little as the work needs, and for a time."""

    is_colleague: YesNo | None = field(
        label="Does this change what a colleague can do in this system?",
        help="A role that you give counts when someone else who leads the unit has agreed. A role that you take away"
        " ends at once.",
        default=None,
        comes_first=True,
    )
    colleague: PersonRef | None = field(
        label="Which colleague is it?", colleague=True, default=None, shown_when="is_colleague", comes_first=True
    )
    changes: Literal["role_given", "role_taken", "all_ended"] | None = field(
        label="What changes in the unit of this case?",
        choices={
            "role_given": "They are given a role",
            "role_taken": "They lose a role",
            "all_ended": "They lose every role",
        },
        default=None,
        shown_when="is_colleague",
        comes_first=True,
    )
    until: Day | None = field(
        label="Until when do they have the role?",
        help="The last day. Empty: until someone takes the role away.",
        default=None,
        shown_when='changes == "role_given"',
        comes_first=True,
    )
    user: PersonRef = field(label="Who is it?", shown_when=_RECORDED, now=True)
    role: Role = field(label="In which role?", shown_when='changes != "all_ended"', now=True)
    unit: OrganisationRef = field(label="In which unit?", shown_when=_RECORDED)
    scope: Some[
        Literal["own_cases", "unit_cases", "referred_cases", "directory", "statistics", "administration", "none"]
    ] = field(
        label="What may they see?", choices={"none": "Nothing any more: access ends"}, shown_when=_RECORDED, now=True
    )
    approved_by: PersonRef = field(label="Who allows it?", shown_when=_RECORDED)
    from_date: Day = field(label="From when?", shown_when=_RECORDED, key="from")
    to: Day = field(label="Until when?", shown_when=_RECORDED, must_be_known=True)
    training_done: YesNo = field(label="Has this person been trained to keep data safe?", now=True)
    last_used: Instant | None = field(label="When was it last used?", shown_when=_RECORDED, default=None)

    @Form.rule("Access cannot end before it begins.")
    def _access_is_in_order(self) -> bool:
        return self.in_order(self.from_date, self.to)

    @Form.rule("Choose the colleague, and what changes for them.")
    def _says_what_changes(self) -> bool:
        return self.is_colleague is not True or bool(self.colleague and self.changes)

    @Form.rule("No one can allow their own access.")
    def _is_allowed_by_another(self) -> bool:
        return self.user is None or bool(self.approved_by != self.user)
