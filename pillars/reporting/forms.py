"""What Reporting asks a person: the forms of its steps."""

from typing import Literal

from engine.plugin import (
    Count,
    FileRef,
    Form,
    Geo,
    Instant,
    Language,
    LongText,
    NoSettings,
    OrganisationRef,
    Phone,
    Some,
    Text,
    YesNo,
    copies,
    field,
)
from pillars.reporting import values as v


class IntakeForm(Form):
    """Write down what was reported, so that the case gets a number and help can start."""

    immediate_danger: YesNo = field(
        label="Is anyone in danger right now?",
        help="If so, call for help first. Not known counts as danger.",
        now=True,
        public_help="If so, and it is safe for you, call for help first. The numbers are above.",
        kept_anyway=True,
        tells="safety",
    )
    safe_to_call: YesNo = field(
        label="Is it safe to talk, now and if we call back?",
        help="Someone else could have the phone or be listening. If it is not safe, ask only what you must.",
        now=True,
        public_label="Is it safe for you if we call?",
        public_help="Answer No if someone else could listen. To be called, write a number and a good time below.",
    )
    safe_to_leave_message: YesNo = field(
        label="Is it safe to leave a message?",
        help="If it is not known, leave none.",
        default=None,
        now=True,
        public_help="Answer No if someone else could hear or read it.",
    )
    consent_to_record: v.ConsentToRecord = field(
        label="May we write this down?",
        help="Ask before you record what happened. After a no, they get a number, and nothing else is kept.",
        choices=v.CONSENT_TO_RECORD,
        now=True,
        public_label="Is it all right if we keep what you tell us?",
        public_help="Only those who work on it can read it. If you answer No, your words are thrown away.",
        asks_consent=True,
        kept_anyway=True,
    )
    is_child_suspected: v.YesNoUnsure = field(
        label="Could the person be under 18?",
        help="If you do not know the age, choose Not sure. A child has to be reported in any case.",
        choices=v.YES_NO_UNSURE,
        now=True,
        public_help="If you do not know, choose Not sure. A child in danger has to be reported to the authorities.",
        kept_anyway=True,
    )
    concern: v.Concern = field(
        label="What is it about?",
        help="Found or rescued elsewhere already, and to be received here? Then it is about coming home, whatever they"
        " were made to do there.",
        choices=v.CONCERN,
        now=True,
        kept_anyway='is_child_suspected != "no"',
    )
    narrative: LongText = field(
        label="What happened?",
        help="Use the person's own words. Do not ask for more than they want to tell.",
        identifying=True,
        now=True,
        public_help="Use your own words, in any language. Write only what you want to tell. You need give no name.",
        shown_when='consent_to_record != "no"',
    )
    received_at: Instant = field(label="When did the report reach us?", event_time=True, kept_anyway=True)
    channel: v.Channel = field(label="How did it reach us?", choices=v.CHANNEL)
    informant_relation: v.Relation = field(label="Who is reporting?", choices=v.RELATION)
    informant_anonymous: YesNo = field(
        label="Do they want to stay anonymous?", help="If yes, do not write their name or number."
    )
    informant_name: Text | None = field(
        label="What is their name?",
        default=None,
        identifying=True,
        restricted="informants",
        shown_when="informant_anonymous == false",
    )
    informant_phone: Phone | None = field(
        label="What is their phone number?",
        default=None,
        identifying=True,
        restricted="informants",
        shown_when="informant_anonymous == false",
    )
    safe_time_and_code_word: Text | None = field(
        label="When may we call, and what is the code word?",
        default=None,
        identifying=True,
        restricted="informants",
        shown_when="safe_to_call",
    )
    language: Language = field(
        label="What language do they speak?", help="A language code, such as as, bn, grt, kha, ne or en."
    )
    interpreter_needed: YesNo = field(label="Is an interpreter needed?")
    place_last_seen: Geo | None = field(
        label="Where was the person last seen?",
        default=None,
        identifying=True,
        kept_anyway='is_child_suspected != "no"',
    )
    recruited_online: YesNo = field(
        label="Did the offer or the threat come over the internet?",
        help="A job advertisement, a chat, a page, a game.",
        default=None,
    )
    online_platform: v.Platform | None = field(
        label="On which platform?", choices=v.PLATFORM, default=None, shown_when="recruited_online"
    )
    online_handle: Text | None = field(
        label="Which name, number or group did they use there?",
        help="Copy it letter by letter. Do not write to it, and do not call it.",
        default=None,
        identifying=True,
        shown_when="recruited_online",
    )
    online_url: Text | None = field(
        label="What is the address of the page or message?",
        help="The whole link, such as https://...",
        default=None,
        identifying=True,
        shown_when="recruited_online",
    )
    child_shown: copies.ChildShown | None = copies.child_shown(shown_when="recruited_online", comes_first=False)
    online_copy: FileRef | None = field(
        label="Which file is the copy of it that was kept?",
        help="A saved page or chat, as it was: pages vanish. Only where no child is shown naked or abused.",
        default=None,
        identifying=True,
        shown_when='child_shown == "no"',
    )

    @Form.rule("Name the platform or the address, so that someone can find it again.")
    def _online_can_be_found_again(self) -> bool:
        return not self.recruited_online or bool(self.online_platform or self.online_url)

    @Form.rule("Write a name or a number only of a person who does not want to stay anonymous.")
    def _anonymous_is_nameless(self) -> bool:
        return self.informant_anonymous is False or not (self.informant_name or self.informant_phone)


class TriageForm(Form):
    """Judge how great the danger is, and decide what happens first."""

    risk_level: v.RiskLevel = field(label="How great is the danger?", now=True, tells="safety")
    decision: v.TriageDecision = field(label="What do we do first?", choices=v.TRIAGE_DECISION, now=True)
    reason: LongText = field(label="Why?", now=True)
    age_band: v.AgeBand = field(label="How old might the person be?", choices=v.AGE_BAND, tells="age_band")
    exploitation_suspected: Some[v.Exploitation] = field(
        label="What exploitation do you suspect?", choices=v.EXPLOITATION, sensitive=True, tells="purposes"
    )
    act_elements: tuple[v.Act, ...] | None = field(
        label="What did others do?", choices=v.ACT, default=None, tells="acts"
    )
    means_elements: tuple[v.Means, ...] | None = field(
        label="How did they do it?",
        help="For a child this does not matter: a child can never agree.",
        choices=v.MEANS,
        default=None,
        tells="means",
    )
    trafficker_present: YesNo = field(label="Is a suspect near the person?", default=None)
    medical_need: YesNo = field(label="Does the person need a doctor?", default=None, sensitive=True)
    suicidal_risk: YesNo = field(label="Is the person at risk of harming themselves?", default=None, sensitive=True)
    border_crossing_risk: YesNo = field(label="Could the person be taken across a border?", default=None)

    @Form.rule("Choose either 'None of these' or what was seen, not both.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none_seen", self.act_elements or ()) and self.stands_alone(
            "none_seen", self.means_elements or ()
        )


class MatchForm(Form):
    """Say whether a person in another case is the same, after you asked who has it."""

    match_type: v.MatchType = field(label="What do the cases have in common?", choices=v.MATCH_TYPE)
    match_score: Count = field(label="How similar are they, from 0 to 100?")
    owning_unit: OrganisationRef = field(label="Which unit has the other case?", now=True)
    contact_request: YesNo = field(label="Did you ask that unit to call?", now=True)
    outcome: v.MatchOutcome = field(
        label="Is it the same person or thing?", choices={"unknown": "We cannot tell"}, now=True, output=False
    )
    note: LongText | None = field(label="What should the next person know?", default=None)

    @Form.rule("The score is a number from 0 to 100.")
    def _score_is_a_percentage(self) -> bool:
        return self.match_score <= 100  # noqa: PLR2004 - a percentage


class MissingForm(Form):
    """Report a missing person to the police and to all who search, with a photo and the last place."""

    missing_name: Text = field(label="What is the missing person's name?", identifying=True, now=True)
    age: Count = field(label="How old is the person?", now=True, tells="age")
    sex: v.Sex = field(label="What is the person's sex?", now=True, tells="sex")
    last_seen_at: Instant = field(label="When was the person last seen?", now=True)
    last_seen_place: Geo = field(label="Where was the person last seen?", identifying=True, now=True)
    photo: FileRef = field(
        label="Which photo shows the person best?",
        help="An everyday photo of the face. Never one that shows the person naked or hurt.",
        identifying=True,
    )
    clothing: Text | None = field(label="What was the person wearing?", default=None, identifying=True)
    phone_and_handles: Text | None = field(
        label="Which phone numbers and online names does the person use?", default=None, identifying=True
    )
    last_contact: Text | None = field(label="Who last heard from the person, and how?", default=None, identifying=True)
    companion: Text | None = field(label="Who was with the person?", default=None, identifying=True)
    agent_or_job_offer: LongText | None = field(
        label="Had anyone offered a job, a marriage or a journey?", default=None
    )
    previous_missing: YesNo = field(label="Has the person been missing before?", default=None)
    fir_no: Text | None = field(label="What is the FIR number?", default=None)
    trackchild_id: Text | None = field(label="What is the TrackChild number?", default=None)
    risk_form: FileRef | None = field(label="Which file is the police risk form?", default=None)


class MandatoryForm(Form):
    """Tell the authority that the law says must be told, and keep the proof."""

    law: v.NotifyLaw = field(label="Which law requires it?", choices=v.NOTIFY_LAW, now=True)
    notified_body: OrganisationRef = field(label="Who was informed?", now=True)
    notified_at: Instant = field(label="When were they informed?", event_time=True, now=True)
    mode: v.NotifyMode = field(label="How were they informed?", choices=v.NOTIFY_MODE, now=True)
    reference_no: Text = field(
        label="What diary or reference number did they give?", help="If they gave none, write who took the report."
    )
    receipt: FileRef = field(
        label="Which file shows that they were informed?",
        help="A stamped letter, a photo of the diary entry or a call note. Never anything of what was reported.",
    )
    child_assent_recorded: v.Assent | None = field(
        label="Did the child agree to it?",
        help="The law requires the report in any case.",
        default=None,
        sensitive=True,
    )


class ReferForm(Form):
    """Send the case, or a part of the work, to another unit, and share only what was agreed."""

    to_org: OrganisationRef = field(label="Who should take it?", now=True)
    kind: v.ReferralKind = field(label="What are you asking for?", choices=v.REFERRAL_KIND, now=True)
    purpose: v.ReferralPurpose = field(label="What is the purpose?", choices=v.REFERRAL_PURPOSE, now=True)
    urgency: v.Urgency = field(label="How soon must they answer?", choices=v.URGENCY, now=True)
    shared_fields: Some[v.SharedField] = field(
        label="What do you share?", help="Only what the consent covers.", choices=v.SHARED_FIELD
    )
    consent_ref: Text = field(label="Which consent or legal ground allows it?")
    accept_by: Instant = field(label="By when must they answer?", must_be_known=True)
    accepted_at: Instant | None = field(label="When did they accept?", default=None)
    declined_reason: LongText | None = field(label="If they said no, why?", default=None)
    handover_note: LongText | None = field(label="What must they know immediately?", default=None, identifying=True)

    @Form.rule("A unit cannot both accept and decline.")
    def _one_answer(self) -> bool:
        return not (self.accepted_at and self.declined_reason)

    @Form.rule("Choose either 'Nothing that identifies the person' or what you share, not both.")
    def _nothing_stands_alone(self) -> bool:
        return self.stands_alone("no_personal_data", self.shared_fields)


class MandatorySettings(NoSettings):
    """That a statutory notification is of a child who might be shown naked or abused, and by which way it goes."""

    child_shown: Literal["", "police", "national_ways"] = ""


class Fir(Form):
    """Of `policing.fir`: FIR or Zero FIR."""

    fir_no: Text | None = None
