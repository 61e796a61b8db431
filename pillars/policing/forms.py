"""What Policing asks a person: the forms of its steps."""

from engine.plugin.fields import (
    Count,
    Day,
    FileRef,
    Geo,
    Instant,
    Language,
    LongText,
    OrganisationRef,
    PersonRef,
    Phone,
    Sha256,
    Signature,
    Text,
    field,
)
from engine.plugin.rules import Some, in_order, rule, stands_alone
from engine.plugin.steps import Form
from pillars.policing import values as v


class FirForm(Form):
    """Have the crime registered by the police, and write down what they did or refused to do."""

    station: OrganisationRef = field(label="Which police station?", now=True)
    refused: bool = field(label="Did the police refuse to register it?", now=True)
    refusal_officer: Text | None = field(
        label="Which officer refused?", help="Name or rank, as far as you know.", default=None, shown_when="refused"
    )
    fir_no: Text = field(
        label="What is the FIR number?",
        help="If the police refused, write the number of your complaint, or: refused.",
        now=True,
    )
    fir_datetime: Instant = field(label="When was it registered or refused?", event_time=True, now=True)
    zero_fir: bool = field(
        label="Is it a Zero FIR?", help="A Zero FIR is taken by any station and sent on to the right one."
    )
    transferred_to: OrganisationRef | None = field(
        label="To which station was it sent on?", default=None, shown_when="zero_fir"
    )
    sections: Some[v.Section] = field(label="Under which sections?", choices=v.SECTION)
    offence_date: Day = field(label="On which day did the crime happen?", help="If it went on for long, the last day.")
    governing_code: v.Code = field(label="Which law applies?", help="The day of the crime decides.", choices=v.CODE)
    woman_officer_present: bool | None = field(label="Did a woman officer take the statement?", default=None)
    videographed: bool | None = field(label="Was it filmed?", default=None)
    copy_given_at: Instant | None = field(label="When was the free copy given?", default=None)

    @rule("Write which officer refused, or the rank, or: not known.")
    def _refusal_names_an_officer(self) -> bool:
        return not self.refused or self.refusal_officer is not None

    @rule("The copy cannot be given before the report was registered.")
    def _copy_follows(self) -> bool:
        return in_order(self.fir_datetime, self.copy_given_at)


class RefusalForm(Form):
    """Write to the Superintendent of Police when a station refused to register the crime."""

    station: OrganisationRef = field(label="Which police station refused?", now=True)
    refused_at: Instant = field(label="When did it refuse?", now=True)
    refusal_officer: Text | None = field(label="Which officer refused?", default=None)
    reason_given: LongText | None = field(label="What reason did the officer give?", default=None)
    sent_to: OrganisationRef = field(label="Which Superintendent is written to?", now=True)
    sent_at: Instant = field(label="When was the letter sent?", event_time=True, now=True)
    mode: v.LetterMode = field(label="How was it sent?", now=True)
    receipt: FileRef | None = field(label="Which file shows that it arrived?", default=None)

    @rule("The letter cannot be sent before the refusal.")
    def _sent_after_refusal(self) -> bool:
        return in_order(self.refused_at, self.sent_at)


class AhtuForm(Form):
    """Name the investigating officer and agree on a plan for the investigation."""

    io_name: Text = field(label="Who investigates?", now=True)
    io_contact: Phone = field(label="What is the officer's phone number?", identifying=True, now=True)
    unit: OrganisationRef = field(label="Which unit investigates?", now=True)
    plan: LongText = field(label="What will be done?", identifying=True, now=True)
    other_units: tuple[v.OtherUnit, ...] | None = field(
        label="Which other units take part?", choices=v.OTHER_UNIT, default=None
    )
    interstate: bool = field(label="Does it reach into another State or country?", now=True)
    inquiry_heads: tuple[v.InquiryHead, ...] | None = field(
        label="What must be found out?", choices=v.INQUIRY_HEAD, default=None
    )
    next_review: Day = field(label="When do we look at it again?", now=True)
    special_report_due: Day | None = field(label="When is the special report due?", default=None)

    @rule("Choose either 'No other unit' or the units, not both.")
    def _none_stands_alone(self) -> bool:
        return stands_alone("none", self.other_units or ())


class EvidenceForm(Form):
    """Record one piece of evidence, who took it and who keeps it, so that a court can trust it."""

    item_type: v.Item = field(label="What kind of thing is it?", choices=v.ITEM, now=True)
    description: LongText = field(
        label="What does it look like?",
        help="Marks, colour, number of pieces. Do not describe pictures of abuse.",
        now=True,
    )
    collected_at: Instant = field(label="When was it taken?", event_time=True, now=True)
    collected_by: PersonRef = field(label="Who took it?", now=True)
    custody_to: OrganisationRef = field(label="Who keeps it?", now=True)
    sealed: bool = field(label="Was it sealed?", now=True)
    place: Geo | None = field(label="Where was it taken?", default=None, identifying=True)
    device_serial: Text | None = field(
        label="What is the number of the device?", help="IMEI or serial number.", default=None, identifying=True
    )
    sha256: Sha256 | None = field(
        label="What is the SHA-256 hash?", help="64 letters and digits that prove a file was not changed.", default=None
    )
    witness_names: Text | None = field(label="Who watched?", default=None, identifying=True)
    bsa63_certificate: FileRef | None = field(
        label="Which file is the certificate under BSA section 63(4)?", default=None
    )
    sensitive_image: bool = field(
        label="Does it show a naked or abused person?",
        help="If yes, it is sealed and nobody else may open it.",
        sealed="images",
    )


class MedicalForm(Form):
    """Send the person to a doctor in time, only with consent, and follow the report."""

    consent_by: v.ConsentBy = field(
        label="Who agreed to the examination?", choices=v.CONSENT_BY, sealed="health", now=True
    )
    consent_at: Instant = field(label="When were they asked?", now=True)
    hospital: OrganisationRef = field(label="Which hospital?", now=True)
    sent_at: Instant = field(label="When was the person sent there?", event_time=True, now=True)
    examined_at: Instant | None = field(label="When was the person examined?", default=None)
    sample_list: tuple[v.Sample, ...] | None = field(
        label="Which samples were taken?", choices=v.SAMPLE, default=None, sealed="health"
    )
    report_due: Day | None = field(label="When is the report due?", default=None)
    report_received: Instant | None = field(label="When did the report come?", default=None)
    refused: bool | None = field(
        label="Did the person refuse a part of it?",
        help="Treatment goes on even if the person refuses the police examination.",
        default=None,
        sealed="health",
    )
    refusal_reason: LongText | None = field(label="Why, if the person wants to say?", default=None, sealed="health")

    @rule("The examination cannot come before the person was sent, nor the report before the examination.")
    def _in_order(self) -> bool:
        return in_order(self.sent_at, self.examined_at, self.report_received)

    @rule("Choose either 'No sample was taken' or the samples, not both.")
    def _none_stands_alone(self) -> bool:
        return stands_alone("none", self.sample_list or ())


class UpdateForm(Form):
    """Tell the survivor how the investigation goes, in their own language and by a safe channel."""

    due_on: Day = field(label="By which day must the survivor be told?")
    safe_channel_checked: bool = field(
        label="Did you check that the channel is safe?",
        help="Somebody else may read the letter or hold the phone.",
        now=True,
    )
    sent_at: Instant | None = field(label="When was the survivor told?", default=None)
    mode: v.Mode = field(label="How was the survivor told?", now=True)
    stage: v.Stage = field(label="Where does the case stand?", choices=v.STAGE, now=True)
    read_to_survivor_in: Language = field(
        label="In which language was it read out?",
        help="A language code, such as as, bn, grt, kha, ne or en.",
        now=True,
    )
    witnesses_examined: Count | None = field(label="How many witnesses were heard?", default=None)
    arrests: Count | None = field(label="How many people were arrested?", default=None)
    pending: LongText | None = field(label="What is still to be done?", default=None)
    acknowledged: Signature | None = field(label="Who signed that it was read out?", default=None)


class ChargesheetForm(Form):
    """Follow the charge sheet, and the day on which a suspect may get bail because it is late."""

    court: OrganisationRef = field(label="Which court?", now=True)
    sections: Some[v.Section] = field(label="Under which sections?", choices=v.SECTION, now=True)
    accused_count: Count = field(label="How many people are accused?", now=True)
    custody_status: v.Custody = field(label="Where are they now?", choices=v.CUSTODY, now=True)
    default_bail_on: Day = field(
        label="From which day may they get bail without a charge sheet?",
        help="60 days after the first remand, 90 days for the gravest crimes. Check with the lawyer.",
        now=True,
    )
    filed_on: Day | None = field(label="When was the charge sheet filed?", default=None)
    supplementary_expected: bool | None = field(label="Will a further charge sheet follow?", default=None)
    copy_to_victim: Instant | None = field(label="When did the survivor get a copy?", default=None)

    @rule("The survivor cannot get a copy before the charge sheet was filed.")
    def _copy_follows(self) -> bool:
        return self.copy_to_victim is None or self.filed_on is not None
