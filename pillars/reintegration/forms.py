"""The forms of re-integration."""

from typing import Literal

from engine.plugin import Count, Day, Form, Instant, LongText, Money, PersonRef, Some, Text, YesNo, field


class PlanForm(Form):
    """Plan life after the return: income, people, and peace of mind."""

    economic: LongText = field(label="How will the person earn, or go to school?", now=True)
    social: LongText = field(label="Who will the person live with, and who helps?", now=True)
    psychosocial: LongText = field(label="What help does the person need to feel well?", sensitive=True)
    owner: PersonRef = field(label="Who looks after this plan?", now=True)
    budget: Money | None = field(label="How much is there for it, in local money?", default=None)
    start: Day = field(label="When does it start?", now=True)
    review_on: Day = field(label="When will you look at it again?", now=True, must_be_known=True)

    @Form.rule("The review cannot be before the start.")
    def _review_follows_start(self) -> bool:
        return self.in_order(self.start, self.review_on)


class VisitForm(Form):
    """Visit or call the person after the return, and see whether they are safe."""

    due_on: Day = field(label="For what date was the visit planned?", sensitive=True, now=True)
    done_at: Instant | None = field(
        label="When was the visit?", sensitive=True, output=True, default=None, event_time=True
    )
    mode: Literal["home_visit", "met_elsewhere", "phone", "video", "through_partner", "not_reached"] = field(
        label="How did you meet?", now=True
    )
    alone_with_person: YesNo = field(
        label="Did you speak with the person alone?", help="If not, do not write that the person is safe.", now=True
    )
    safety: Literal["safe", "some_worry", "in_danger", "unknown"] = field(
        label="Is the person safe?", sensitive=True, now=True, tells="safety"
    )
    school_or_work: Literal["school", "training", "work", "at_home", "looking", "none", "unknown"] = field(
        label="What does the person do in the day?", choices={"none": "Nothing"}, now=True
    )
    income: Money | None = field(label="How much does the person earn in a month, in local money?", default=None)
    re_trafficking_sign: Some[
        Literal[
            "none",
            "contact_by_trafficker",
            "new_job_offer",
            "debt",
            "moved_without_word",
            "phone_controlled",
            "forced_marriage",
            "missing",
            "other",
        ]
    ] = field(
        label="Are there signs that the person could be trafficked again?",
        choices={"none": "No sign", "moved_without_word": "Moved without saying where"},
        sensitive=True,
        now=True,
    )
    needs: LongText | None = field(label="What does the person need?", default=None)
    next: Day = field(label="When is the next visit?", sensitive=True, must_be_known=True)

    @Form.rule("No sign was seen, or some were: choose one of the two.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none", self.re_trafficking_sign)

    @Form.rule("Someone who was not reached cannot have been spoken to alone.")
    def _not_reached_is_not_alone(self) -> bool:
        return self.mode != "not_reached" or not self.alone_with_person

    @Form.rule("The next visit must be after the one that was planned.")
    def _next_follows(self) -> bool:
        return self.in_order(self.due_on, self.next)


class LivelihoodForm(Form):
    """Help the person to earn a living of their own."""

    kind: Literal["grant", "tools", "job", "cooperative", "weaving", "farming", "shop", "training", "other"] = field(
        label="What help does the person get?", now=True
    )
    amount: Money = field(label="How much is it worth, in local money?", now=True)
    assets: LongText | None = field(label="Which things were given?", default=None)
    mentor: PersonRef | None = field(label="Who advises the person?", default=None)
    income_before: Money | None = field(
        label="How much did the person earn in a month before, in local money?", default=None
    )
    income_after: Money | None = field(
        label="How much does the person earn in a month now, in local money?", default=None
    )

    @Form.rule("Say how much the person earned before, if you say how much it is now.")
    def _now_has_a_before(self) -> bool:
        return self.income_after is None or self.income_before is not None


class MediationForm(Form):
    """Help the person and their family or village to live together again."""

    parties: Text = field(label="Who took part?", identifying=True, now=True)
    issue: LongText = field(label="What was it about?", now=True)
    agreement: LongText | None = field(label="What was agreed?", default=None)
    safe: YesNo = field(label="Does the person feel safe with what was agreed?", help="Ask alone.", now=True)


class CloseForm(Form):
    """Look back with the person and decide whether the case can be closed."""

    all_pillars_settled: YesNo = field(label="Is nothing left to do in any part of the case?", now=True)
    open_clocks: Count = field(label="How many time limits are still open?", now=True)
    survivor_view: LongText = field(label="What does the person say about closing?", now=True)
    reason: Literal[
        "goals_reached",
        "person_asked",
        "moved_away",
        "lost_contact",
        "handed_to_other_body",
        "not_trafficked",
        "person_died",
        "other",
    ] = field(
        label="Why is the case closed?",
        choices={"person_asked": "The person asked for it", "handed_to_other_body": "Handed over to another authority"},
        now=True,
    )
    data_keep_until: Day = field(label="Until when will the records be kept?")
    reopen_rule: LongText = field(label="When would you open the case again?", help="And how can the person reach you?")

    @Form.rule("A case with open time limits is not settled: close them first, or say that something is left to do.")
    def _is_settled_without_open_limits(self) -> bool:
        return self.open_clocks == 0 or not self.all_pillars_settled


class Handover(Form):
    """Of `repatriation.handover`: Handover and receipt."""

    at: Instant | None = None


class Hir(Form):
    """Of `repatriation.hir`: Home Investigation Report."""

    school_or_work_option: LongText | None = None
