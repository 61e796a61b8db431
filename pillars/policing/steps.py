"""The step types of Policing."""

from engine.plugin import Document, Law, OutputKind, OutputSpec, ask, automatic
from pillars.policing import forms
from pillars.policing.charging import conclude_chargesheet, prepare_chargesheet, work_out_bail
from pillars.policing.evidence import (
    check_custody,
    conclude_certificate,
    conclude_evidence,
    conclude_handover,
    prepare_certificate,
    prepare_evidence,
    prepare_handover,
)
from pillars.policing.investigating import (
    conclude_ahtu,
    conclude_medical,
    conclude_update,
    prepare_ahtu,
    prepare_medical,
    prepare_update,
)
from pillars.policing.registering import (
    conclude_fir,
    conclude_magistrate,
    conclude_refusal,
    prepare_fir,
    prepare_magistrate,
    prepare_refusal,
)
from pillars.policing.settings import CertificateSettings, DefaultBailSettings

FIR = ask(
    "policing.fir",
    title="FIR or Zero FIR",
    form=forms.FirForm,
    roles=("police_liaison", "ahtu_officer"),
    documents=(Document("fir-complaint", "Complaint letter to the police station", on="prepare"),),
    time_limit=Law("IN-FIR-REG"),
    prepare=prepare_fir,
    conclude=conclude_fir,
)

REFUSAL = ask(
    "policing.refusal",
    title="Letter to the Superintendent after a refusal",
    form=forms.RefusalForm,
    roles=("police_liaison", "lawyer", "case_manager"),
    stays_with=("policing.fir",),
    documents=(
        Document("fir-station-letter", "Letter to the officer in charge of the station", on="prepare"),
        Document("fir-refusal-letter", "Letter to the Superintendent of Police", on="prepare"),
    ),
    time_limit=Law("IN-FIR-SP"),
    prepare=prepare_refusal,
    conclude=conclude_refusal,
)

MAGISTRATE = ask(
    "policing.magistrate",
    title="Application to the Magistrate after a refusal",
    form=forms.MagistrateForm,
    roles=("lawyer", "police_liaison", "case_manager"),
    stays_with=("policing.refusal", "policing.fir"),
    documents=(Document("fir-magistrate-application", "Application to the Magistrate", on="prepare"),),
    time_limit="P3D",
    prepare=prepare_magistrate,
    conclude=conclude_magistrate,
)

AHTU = ask(
    "policing.ahtu",
    title="AHTU assignment and plan",
    form=forms.AhtuForm,
    roles=("ahtu_officer", "police_liaison"),
    documents=(Document("investigation-plan", "Assignment and plan of the investigation", leaves=False),),
    time_limit="PT24H",
    prepare=prepare_ahtu,
    conclude=conclude_ahtu,
)

EVIDENCE = ask(
    "policing.evidence",
    title="Evidence and seizure",
    form=forms.EvidenceForm,
    roles=("ahtu_officer", "police_liaison"),
    stays_with=("policing.ahtu",),
    documents=(Document("seizure-memo", "Seizure memo"),),
    time_limit="PT24H",
    prepare=prepare_evidence,
    conclude=conclude_evidence,
    history=("policing.evidence",),
)

HANDOVER = ask(
    "policing.handover",
    title="Hand-over of evidence",
    form=forms.HandoverForm,
    roles=("ahtu_officer", "police_liaison"),
    stays_with=("policing.evidence",),
    time_limit="PT24H",
    prepare=prepare_handover,
    conclude=conclude_handover,
)

CERTIFICATE = ask(
    "policing.certificate",
    title="Certificate for electronic evidence",
    form=forms.CertificateForm,
    roles=("ahtu_officer", "police_liaison", "lawyer"),
    stays_with=("policing.handover", "policing.evidence"),
    documents=(Document("bsa63-certificate", "Certificate under BSA section 63(4)", on="prepare"),),
    time_limit="P7D",
    settings=CertificateSettings,
    prepare=prepare_certificate,
    conclude=conclude_certificate,
    history=("policing.evidence",),
)

MEDICAL = ask(
    "policing.medical",
    title="Medical examination",
    form=forms.MedicalForm,
    roles=("police_liaison", "ahtu_officer", "medical_officer"),
    stays_with=("policing.fir",),
    documents=(Document("medical-request", "Request for care and a medical examination", on="prepare"),),
    time_limit=Law("IN-MED-RAPE"),
    prepare=prepare_medical,
    conclude=conclude_medical,
)

UPDATE = ask(
    "policing.update",
    title="Progress notice for the person",
    form=forms.UpdateForm,
    roles=("police_liaison", "ahtu_officer"),
    stays_with=("policing.fir",),
    documents=(
        Document("progress-letter-draft", "Progress letter, to be read aloud", on="prepare", leaves=False),
        Document("progress-letter", "Progress letter"),
    ),
    time_limit=Law("IN-VICTIM-90D"),
    prepare=prepare_update,
    conclude=conclude_update,
)

CHARGESHEET = ask(
    "policing.chargesheet",
    title="Charge sheet",
    form=forms.ChargesheetForm,
    roles=("ahtu_officer", "police_liaison", "lawyer"),
    stays_with=("policing.ahtu", "policing.fir"),
    time_limit=Law("IN-DEFAULT-BAIL"),
    prepare=prepare_chargesheet,
    conclude=conclude_chargesheet,
    history=("prosecution.hearing",),
)

DEFAULT_BAIL = automatic(
    "policing.default_bail",
    title="Work out the bail day",
    outputs={
        "known": OutputSpec(OutputKind.BOOL, default=False),
        "from_remand": OutputSpec(OutputKind.BOOL, default=False),
        "default_bail_at": OutputSpec(OutputKind.INSTANT),
        "latest_bail_at": OutputSpec(OutputKind.INSTANT),
        "watch_from": OutputSpec(OutputKind.INSTANT),
    },
    settings=DefaultBailSettings,
    history=("prosecution.hearing",),
)(work_out_bail)

CUSTODY_CHECK = automatic(
    "policing.custody_check",
    title="Check the chain of custody",
    outputs={
        "is_whole": OutputSpec(OutputKind.BOOL, default=False),
        "pieces": OutputSpec(OutputKind.NUMBER, default=0),
        "gaps": OutputSpec(OutputKind.NUMBER, default=0),
        "overlaps": OutputSpec(OutputKind.NUMBER, default=0),
        "broken_seals": OutputSpec(OutputKind.NUMBER, default=0),
    },
    documents=(Document("custody-chain", "Chain of custody"),),
    history=("policing.evidence", "policing.handover"),
)(check_custody)
