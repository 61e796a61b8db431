"""What Policing asks a person: the forms of its steps."""

from typing import Literal
from uuid import UUID

from engine.plugin import (
    Count,
    Day,
    FileRef,
    Form,
    Geo,
    Instant,
    Language,
    LongText,
    NoSettings,
    OrganisationRef,
    PersonRef,
    Phone,
    Sha256,
    Signature,
    Some,
    Text,
    YesNo,
    copies,
    field,
)
from pillars.policing import values as v


class FirForm(Form):
    """Have the crime registered by the police, and write down what they did or refused to do."""

    station: OrganisationRef = field(label="Which police station?", now=True)
    refused: YesNo = field(label="Did the police refuse to register it?", now=True)
    refusal_officer: Text | None = field(
        label="Which officer refused?", help="Name or rank, as far as you know.", default=None, shown_when="refused"
    )
    fir_no: Text = field(
        label="What is the FIR number?",
        now=True,
        shown_when="refused == false",
    )
    fir_datetime: Instant = field(label="When was it registered or refused?", event_time=True, now=True)
    zero_fir: YesNo = field(
        label="Is it a Zero FIR?",
        help="Any station can take a Zero FIR and forwards it to the right one.",
        shown_when="refused == false",
    )
    transferred_to: OrganisationRef | None = field(
        label="To which station was it forwarded?", default=None, shown_when="zero_fir"
    )
    sections: Some[v.Section] = field(
        label="Under which sections?",
        help="For BNS 143 choose the sub-section, if you know it: it decides how long the police have.",
        choices=v.SECTION,
        tells="sections",
    )
    offence_date: Day = field(
        label="On what date did the crime happen?", help="If it went on for long, the last day.", tells="offence_day"
    )
    governing_code: v.Code = field(
        label="Which law applies?", help="The date of the crime decides this.", choices=v.CODE
    )
    e_report: Literal["sent", "signed"] | None = field(
        label="Was it sent electronically?",
        help="Whoever sent it signs it at the station within three days. Leave it empty once it is registered.",
        choices={"sent": "Sent, and not signed yet", "signed": "Signed, and not registered yet"},
        default=None,
        shown_when="refused == false",
    )
    arrested_at: Instant | None = field(
        label="Was someone arrested? When?", help="Leave it empty if no one was.", default=None,
        shown_when="refused == false",
    )  # fmt: skip
    woman_officer_present: YesNo = field(
        label="Did a woman officer take the statement?", default=None, shown_when="refused == false"
    )
    videographed: YesNo = field(label="Was it filmed?", default=None, shown_when="refused == false")
    copy_given_at: Instant | None = field(
        label="When was the free copy given?", default=None, shown_when="refused == false"
    )
    complaint_no: Text | None = field(
        label="Which number did the station or the post give your complaint?",
        help="If there is none, leave it empty: the letter to the Superintendent goes all the same.",
        default=None,
        shown_when="refused",
    )
    refusal_words: LongText | None = field(
        label="What did they say, and who heard it?", default=None, identifying=True, shown_when="refused"
    )
    district: v.District | None = field(
        label="In which district is the station?",
        help="In some districts the new procedure code only guides. For all that are not named: Another district.",
        choices=v.DISTRICT,
        default=None,
        tells="district",
    )

    @Form.rule("Write which officer refused, or the rank, or: not known.")
    def _refusal_names_an_officer(self) -> bool:
        return not self.refused or self.refusal_officer is not None

    @Form.rule("The copy cannot be given before the report was registered.")
    def _copy_follows(self) -> bool:
        return self.in_order(self.fir_datetime, self.copy_given_at)


class RefusalForm(Form):
    """Write to the Superintendent of Police when a station refused to register the crime."""

    station: OrganisationRef = field(label="Which police station refused?", now=True)
    refused_at: Instant = field(label="When did it refuse?", now=True)
    refusal_officer: Text | None = field(label="Which officer refused?", default=None)
    reason_given: LongText | None = field(label="What reason did the officer give?", default=None)
    sent_to: OrganisationRef = field(label="Which Superintendent is the letter for?", now=True)
    sent_at: Instant = field(label="When was the letter sent?", event_time=True, now=True)
    mode: v.LetterMode = field(label="How was it sent?", now=True)
    receipt: FileRef | None = field(label="Which file shows that it arrived?", default=None)

    @Form.rule("The letter cannot be sent before the refusal.")
    def _sent_after_refusal(self) -> bool:
        return self.in_order(self.refused_at, self.sent_at)


class MagistrateForm(Form):
    """Apply to the Magistrate when station and Superintendent did not register the crime."""

    court: OrganisationRef = field(label="To which Magistrate?", now=True)
    applied_at: Instant = field(label="When was the application filed?", event_time=True, now=True)
    affidavit: YesNo = field(label="Is an affidavit attached?", help="The Magistrate asks for one.", now=True)
    order: v.Order = field(label="What did the Magistrate decide?", choices=v.ORDER, now=True)
    order_on: Day | None = field(label="On what date was it decided?", default=None)
    next_on: Day | None = field(label="When will we ask again?", default=None, shown_when='order == "pending"')
    reason_given: LongText | None = field(label="Which reason was given?", default=None)

    @Form.rule("Give the date on which it was decided.")
    def _a_decision_has_its_day(self) -> bool:
        return self.order == "pending" or self.order_on is not None

    @Form.rule("The decision cannot come before the application.")
    def _decided_after(self) -> bool:
        return self.order_on is None or self.order_on >= self.applied_at.date()


class AhtuForm(Form):
    """Name the investigating officer and agree on a plan for the investigation."""

    io_name: Text = field(label="Who investigates?", now=True)
    io_contact: Phone = field(label="What is the officer's phone number?", identifying=True, now=True)
    unit: OrganisationRef = field(label="Which unit investigates?", now=True)
    plan: LongText = field(label="What will be done?", identifying=True, now=True)
    other_units: tuple[v.OtherUnit, ...] | None = field(
        label="Which other units take part?", choices=v.OTHER_UNIT, default=None
    )
    interstate: YesNo = field(label="Does the crime extend to another State or country?", now=True)
    inquiry_heads: tuple[v.InquiryHead, ...] | None = field(
        label="What must be found out?", choices=v.INQUIRY_HEAD, default=None
    )
    next_review: Day = field(label="When will the plan be reviewed?", now=True, must_be_known=True)
    special_report_due: Day | None = field(label="When is the special report due?", default=None)
    arrested_at: Instant | None = field(
        label="Was someone arrested? When?",
        help="Leave it empty if no one was. The first hearing is due 24 hours later.",
        default=None,
    )

    @Form.rule("Choose either 'No other unit' or the units, not both.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none", self.other_units or ())


class EvidenceForm(Form):
    """Record one piece of evidence, who took it and who keeps it, so that a court can trust it."""

    sensitive_image: YesNo = field(
        label="Does it show a naked or abused person?",
        help="Answer from what you know: do not look to find out. If yes, it is protected and no one else may open it.",
        restricted="images",
        comes_first=True,
    )
    child_shown: copies.ChildShown | None = copies.child_shown(
        copies_also="sensitive_image == false", shown_when="sensitive_image != false"
    )
    item_type: v.Item = field(label="What kind of thing is it?", choices=v.ITEM, now=True)
    description: LongText = field(
        label="What does it look like?",
        help="The thing itself: marks, colour, number of pieces. Never what a picture or film shows.",
        now=True,
    )
    collected_at: Instant = field(label="When was it taken?", event_time=True, now=True)
    collected_by: PersonRef = field(label="Who took it?", now=True)
    custody_to: OrganisationRef = field(label="Who keeps it?", now=True)
    sealed: YesNo = field(label="Was it sealed?", now=True)
    label: Text | None = field(
        label="Which number or mark is on the label?", help="Such as E1. Hand-overs name it again.", default=None
    )
    seal_no: Text | None = field(label="What is the number of the seal?", default=None, shown_when="sealed")
    place: Geo | None = field(label="Where was it taken?", default=None, identifying=True)
    device_serial: Text | None = field(
        label="What is the number of the device?", help="IMEI or serial number.", default=None, identifying=True
    )
    file: FileRef | None = field(
        label="Which file of this case is it?",
        help="Add the file to the case first. Never one that might show a child naked or abused.",
        default=None,
    )
    sha256: Sha256 | None = field(
        label="What is the SHA-256 hash?",
        help="For a file of this case, leave this empty: the system fills it in. It proves that a file was not"
        " changed.",
        default=None,
        hash_of="file",
    )
    witness_names: Text | None = field(label="Who watched?", default=None, identifying=True)
    arrested_at: Instant | None = field(
        label="Was someone arrested? When?",
        help="Leave it empty if no one was. The first hearing is due 24 hours later.",
        default=None,
    )
    bsa63_certificate: FileRef | None = field(
        label="Which file is the certificate under BSA section 63(4)?", default=None
    )


class HandoverForm(Form):
    """Write down that a piece of evidence went from one hand to another, so that no gap is left."""

    label: Text = field(label="Which piece? The number or mark on its label.", now=True)
    given_by: PersonRef = field(label="Who gave it?", now=True)
    given_at: Instant = field(label="When was it given?", now=True)
    taken_by: PersonRef = field(label="Who took it?", now=True)
    taken_at: Instant = field(label="When was it taken over?", event_time=True, now=True)
    seal_intact: YesNo = field(label="Was the seal unbroken?", now=True)
    carried_by: PersonRef | None = field(label="Who carried it?", help="If someone else carried it.", default=None)
    seal_no: Text | None = field(label="What is the number of the seal?", default=None)
    new_seal_no: Text | None = field(label="What is the number of the new seal, if there is one?", default=None)
    reason: v.HandReason | None = field(label="What for?", choices=v.HAND_REASON, default=None)
    receipt: FileRef | None = field(label="Which file is the receipt?", default=None)

    @Form.rule("It cannot be taken over before it was given.")
    def _taken_after(self) -> bool:
        return self.in_order(self.given_at, self.taken_at)


class CertificateForm(Form):
    """Have the certificate under BSA section 63(4) signed by both who must sign it: parts A and B."""

    child_shown: copies.ChildShown | None = copies.child_shown()
    label: Text = field(label="Which piece? The number or mark on its label.", now=True)
    part_a_signer: Signature = field(
        label="Who signs part A?", help="The person in charge of the device, or of its use.", now=True
    )
    part_a_on: Day = field(label="When was part A signed?", now=True)
    part_b_signer: Signature = field(label="Which expert signs part B?", now=True)
    part_b_on: Day = field(label="When was part B signed?", now=True)
    device: Text | None = field(
        label="Which device is it?", help="Make, model, colour, serial number or IMEI.", default=None, identifying=True
    )
    sha256: Sha256 | None = field(
        label="What is the SHA-256 hash?",
        help="64 letters and digits that prove a file was not changed.",
        default=None,
        shown_when='child_shown == "no"',
    )
    certificate: FileRef | None = field(label="Which file is the signed certificate?", default=None)

    @Form.rule("Parts A and B are signed by two different people.")
    def _two_people_sign(self) -> bool:
        return bool(self.part_a_signer.strip().casefold() != self.part_b_signer.strip().casefold())


class MedicalForm(Form):
    """Send the person to a doctor in time, only with consent, and follow the report."""

    consent_by: v.ConsentBy = field(
        label="Who agreed to the examination?", choices=v.CONSENT_BY, restricted="health", now=True
    )
    consent_at: Instant = field(label="When were they asked?", now=True)
    hospital: OrganisationRef = field(label="Which hospital?", now=True)
    sent_at: Instant = field(label="When was the person sent there?", event_time=True, now=True)
    examined_at: Instant | None = field(label="When was the person examined?", default=None)
    sample_list: tuple[v.Sample, ...] | None = field(
        label="Which samples were taken?", choices=v.SAMPLE, default=None, restricted="health"
    )
    report_due: Day | None = field(label="When is the report due?", default=None)
    report_received: Instant | None = field(label="When did the report come?", default=None)
    refused: YesNo = field(
        label="Did the person refuse a part of it?",
        help="Treatment goes on even if the person refuses the police examination.",
        default=None,
        restricted="health",
    )
    refusal_reason: LongText | None = field(label="Why, if the person wants to say?", default=None, restricted="health")

    @Form.rule("The examination cannot come before the person was sent, nor the report before the examination.")
    def _in_order(self) -> bool:
        return self.in_order(self.sent_at, self.examined_at, self.report_received)

    @Form.rule("Choose either 'No sample was taken' or the samples, not both.")
    def _none_stands_alone(self) -> bool:
        return self.stands_alone("none", self.sample_list or ())


class UpdateForm(Form):
    """Tell the survivor how the investigation is going, in their own language and by a safe channel."""

    due_on: Day = field(label="By what date must the survivor be informed?", must_be_known=True)
    safe_channel_checked: YesNo = field(
        label="Did you check that the channel is safe?",
        help="Someone else could read the letter or have the phone.",
        now=True,
    )
    sent_at: Instant | None = field(label="When was the survivor informed?", default=None)
    mode: v.Mode = field(label="How was the survivor informed?", now=True)
    stage: v.Stage = field(label="What stage is the case at?", choices=v.STAGE, now=True)
    read_to_survivor_in: Language = field(
        label="In what language was it read aloud?",
        help="A language code, such as as, bn, grt, kha, ne or en.",
        now=True,
    )
    witnesses_examined: Count | None = field(label="How many witnesses were heard?", default=None)
    arrests: Count | None = field(label="How many people were arrested?", default=None)
    pending: LongText | None = field(label="What is still to be done?", default=None)
    acknowledged: Signature | None = field(label="Who signed that it was read aloud?", default=None)


class ChargesheetForm(Form):
    """Follow the charge sheet, and the day on which a suspect may get bail because it is late."""

    court: OrganisationRef = field(label="Which court?", now=True)
    sections: Some[v.Section] = field(label="Under which sections?", choices=v.SECTION, now=True, tells="sections")
    accused_count: Count = field(label="How many people are accused?", now=True)
    custody_status: v.Custody = field(label="Where are they now?", choices=v.CUSTODY, now=True)
    default_bail_on: Day = field(
        label="From what date could they get bail without a charge sheet?",
        help="Counted from the first remand, that day too. The section says how long it is: check with the lawyer.",
        now=True,
        must_be_known=True,
    )
    first_remand_on: Day | None = field(
        label="On what date was a suspect first sent into custody (remand)?",
        help="From this day bail by default is counted, and it counts too.",
        default=None,
    )
    ten_years_or_more: YesNo = field(
        label="Is the punishment ten years or more, life or death?",
        help="Then the police have the longer time. Ten years must be the least, as in BNS 143(3) to (7).",
        default=None,
    )
    filed_on: Day | None = field(label="When was the charge sheet filed?", default=None)
    supplementary_expected: YesNo = field(label="Will a further charge sheet follow?", default=None)
    copy_to_victim: Instant | None = field(label="When did the survivor get a copy?", default=None)

    @Form.rule("Bail by default cannot come before the first remand.")
    def _bail_after_remand(self) -> bool:
        return self.first_remand_on is None or self.default_bail_on >= self.first_remand_on

    @Form.rule("The survivor cannot get a copy before the charge sheet was filed.")
    def _copy_follows(self) -> bool:
        return self.copy_to_victim is None or self.filed_on is not None


class DefaultBailSettings(NoSettings):
    """Which time of BNSS s.187(3) counts: 60 days, or 90 for the gravest crimes; the pack of law has how long it is."""

    days: Literal[60, 90] = 60


class CertificateSettings(NoSettings):
    """Which piece of evidence of the case the certificate is for.

    The system names it by the id of the step that wrote it down. A workflow may say the number of its entry, from 1, by
    when the pieces were taken; 0 for the latest.
    """

    piece: UUID | None = None
    item: int = 0


class Hearing(Form):
    """Of `prosecution.hearing`: Hearing."""

    purpose: Text | None = None
    hearing_on: Instant | None = None


class Intake(Form):
    """Of `reporting.intake`: Record report."""

    language: Language | None = None


class Execute(Form):
    """Of `rescue.execute`: Rescue operation."""

    end_at: Instant | None = None
    suspects_held: Count | None = None


class Triage(Form):
    """Of `reporting.triage`: Triage and risk score."""

    border_crossing_risk: YesNo = None


class FirstNeeds(Form):
    """Of `rescue.first_needs`: First needs and safety."""

    language: Language | None = None
