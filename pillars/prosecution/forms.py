"""What Prosecution asks a person: the forms of its steps."""

from typing import Literal

from engine.plugin import (
    Count,
    Day,
    Form,
    Instant,
    Language,
    LongText,
    Money,
    NoSettings,
    OrganisationRef,
    PersonRef,
    Some,
    Text,
    YesNo,
    field,
)
from pillars.prosecution import values as v

_LONGEST_HALL = 40


class EngageForm(Form):
    """Give the survivor a lawyer, explain their rights, and ask whether they want to go to court."""

    counsel: PersonRef = field(label="Who is the lawyer?", now=True)
    kind: v.CounselKind = field(label="What kind of lawyer?", choices=v.COUNSEL_KIND, now=True)
    appointed_on: Day = field(label="Since what date?", now=True)
    rights_explained: Some[v.Right] = field(label="Which rights were explained?", choices=v.RIGHT, now=True)
    language: Language = field(
        label="In what language?", help="A language code, such as as, bn, grt, kha, ne or en.", now=True
    )
    wishes_to_proceed: v.Wish = field(
        label="Does the survivor want to go to court?",
        help="Whatever the answer, help goes on.",
        choices=v.WISH,
        now=True,
    )
    victim_right_to_be_heard: YesNo = field(label="Did the lawyer ask the court to hear the survivor?", default=None)


class StatementForm(Form):
    """Have the survivor's statement taken by a Magistrate, with somebody at their side."""

    magistrate: OrganisationRef = field(label="Before which Magistrate?", now=True)
    section: v.StatementSection = field(label="Under which law?", choices=v.STATEMENT_SECTION, now=True)
    date: Instant = field(label="When was the statement taken?", sensitive=True, output=True, event_time=True, now=True)
    lang: Language = field(
        label="In what language?", help="A language code, such as as, bn, grt, kha, ne or en.", now=True
    )
    video: YesNo = field(label="Was it filmed, or taken by video?", now=True)
    support_person_present: YesNo = field(label="Was a support person there?", now=True)
    interpreter: PersonRef | None = field(label="Who interpreted?", default=None)
    copy_status: v.CopyStatus | None = field(label="Was a copy given?", choices=v.COPY_STATUS, default=None)


class HearingForm(Form):
    """Note what happened at a court hearing, and when the next one is."""

    court: OrganisationRef = field(label="Which court?", now=True)
    case_no: Text = field(label="What is the court's case number?", now=True)
    hearing_on: Instant = field(label="When was the hearing?", sensitive=True, output=True, event_time=True, now=True)
    purpose: v.HearingPurpose = field(label="What was the purpose?", choices=v.HEARING_PURPOSE, now=True)
    result: LongText = field(label="What happened?", now=True)
    attendance_needed: YesNo = field(label="Did the survivor have to be there?", now=True)
    video_link: YesNo = field(label="Was it by video link?")
    travel_plan: LongText | None = field(label="How does the survivor travel safely?", default=None)
    cost: Money | None = field(
        label="What did the journey cost?", help="In local currency, such as rupees.", default=None
    )
    next_on: Day | None = field(label="On what date is the next hearing?", sensitive=True, default=None)
    next_at: Instant | None = field(
        label="At what time is the next hearing?",
        help="Only if the court has set it.",
        default=None,
        sensitive=True,
        output=True,
    )
    court_hall: Text | None = field(
        label="In which court hall is the next hearing?",
        help="The number or name of the hall only. It goes into a calendar: write no names.",
        default=None,
    )
    adjourned: YesNo = field(label="Was the hearing adjourned?", default=None)
    put_off_by: v.PutOffBy | None = field(
        label="Who asked for the adjournment?", choices=v.PUT_OFF_BY, default=None, shown_when="adjourned"
    )

    @Form.rule("The next hearing cannot be on an earlier day.")
    def _next_is_later(self) -> bool:
        return self.next_on is None or self.next_on >= self.hearing_on.date()

    @Form.rule("The time of the next hearing must be on the day that you gave for it.")
    def _time_is_on_its_day(self) -> bool:
        return self.next_at is None or self.next_on is None or abs((self.next_at.date() - self.next_on).days) <= 1

    @Form.rule("Write the number or name of the court hall only, in 40 letters at most.")
    def _hall_is_short(self) -> bool:
        return self.court_hall is None or len(self.court_hall) <= _LONGEST_HALL

    @Form.rule("The next hearing cannot be before this one.")
    def _next_follows(self) -> bool:
        return self.in_order(self.hearing_on, self.next_at)


class TestimonyForm(Form):
    """Prepare the survivor for speaking in court, so that it hurts as little as possible."""

    sessions: Count = field(label="How many times did you prepare together?", now=True)
    court_visit: YesNo = field(label="Did the survivor see the court room before?", now=True)
    screen_or_video: YesNo = field(label="Will there be a screen or a video link?", now=True)
    in_camera_order: YesNo = field(label="Did the court order a closed hearing?", now=True)
    child_evidence_due: Day | None = field(
        label="By what date must the child be heard?", help="30 days after the court took up the case.", default=None
    )
    after_care: LongText | None = field(
        label="Who cares for the survivor afterwards, and how?", default=None, restricted="testimony"
    )


class OutcomeForm(Form):
    """Record the judgment, tell the survivor, and watch the time for an appeal."""

    result: v.Result = field(label="How did it end?", choices=v.RESULT, now=True)
    told_survivor_at: Instant = field(label="When was the survivor informed?", event_time=True, now=True)
    release_risk: v.ReleaseRisk = field(label="When could the accused be free?", choices=v.RELEASE_RISK, now=True)
    sections_convicted: tuple[v.Convicted, ...] | None = field(
        label="Convicted under which sections?", choices=v.CONVICTED, default=None
    )
    sentence: Text | None = field(label="What is the sentence?", default=None)
    fine: Money | None = field(label="How much is the fine?", help="In local currency, such as rupees.", default=None)
    compensation_ordered: Money | None = field(
        label="How much compensation was ordered?", help="In local currency, such as rupees.", default=None
    )
    appeal_by: Day | None = field(
        label="By what date can we appeal?", help="Ask the lawyer: it depends on the court.", default=None
    )
    appeal_filed: YesNo = field(label="Was an appeal filed?", default=None)

    @Form.rule("An acquittal names no sections, no sentence and no fine.")
    def _acquitted_of_all(self) -> bool:
        is_free = self.result in {"acquitted", "discharged"}
        return not is_free or not (self.sections_convicted or self.sentence or self.fine)


class HearingSettings(NoSettings):
    """After how many adjournments the lawyer is told: a target of the network (BNSS s.346(2), from memory)."""

    adjournments: Literal[1, 2, 3, 4, 5] = 2


class Chargesheet(Form):
    """Of `policing.chargesheet`: Charge sheet."""

    court: OrganisationRef | None = None


class Fir(Form):
    """Of `policing.fir`: FIR or Zero FIR."""

    sections: tuple[Text, ...] = ()


class Identify(Form):
    """Of `rescue.identify`: Identification interview."""

    interpreter: PersonRef | None = None
