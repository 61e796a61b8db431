"""What evidence proposes on its way: taken, handed over, certified, its chain of custody checked."""

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Document,
    FollowUp,
    Form,
    Prepared,
    StepContext,
    automatic,
    copies,
)
from pillars.policing.custody import chain_of
from pillars.policing.forms import CertificateForm, CertificateSettings, EvidenceForm, HandoverForm
from pillars.policing.watching import AFTER_EVIDENCE

_DIGITAL = frozenset({"phone", "computer", "storage_device", "chat_export", "photo_or_video", "cctv"})
_HASH_NOW = "Make the hash of the files now: without it a court might not trust them."
_HASH_BY_POLICE = "The police make the hash of the files: nobody here opens them."
_ON_PAPER = {"sha256": "the hash", "certificate": "the signed paper itself"}


class Evidence(
    Asked[EvidenceForm],
    key="policing.evidence",
    title="Evidence and seizure",
    roles=("ahtu_officer", "police_liaison"),
    stays_with=("policing.ahtu",),
    documents=(Document("seizure-memo", "Seizure memo"),),
    time_limit="PT24H",
    reads=("policing.evidence",),
    computes={"needs_certificate": bool},
    follow_ups=AFTER_EVIDENCE,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the next mark, and who took and keeps things so far."""
        count = len(context.all_earlier("policing.evidence", EvidenceForm))
        return Prepared(prefill=context.told_before("policing.evidence", "custody_to") | {"label": f"E{count + 1}"})

    def conclude(self, answers: EvidenceForm, context: StepContext) -> Concluded:
        """Say what a digital piece still lacks, and open its certificate at once."""
        notes = [*copies.notes_of_child(answers.child_shown)]
        is_digital = answers.item_type in _DIGITAL and not notes
        if is_digital and not answers.sha256:
            notes.append(_HASH_NOW if _shows_nobody(answers) else _HASH_BY_POLICE)
        if is_digital and not answers.bsa63_certificate:
            notes.append("A certificate under BSA section 63(4) is still needed.")
        notes += Form.unless_yes(
            answers.sealed,
            no="The item is not sealed yet.",
            unknown="It is not known whether the item is sealed: look, and seal it.",
        )
        needs_paper = is_digital and not answers.bsa63_certificate and context.country == "IN"
        return Concluded(notes=tuple(notes), computed={"needs_certificate": needs_paper})


class Handover(
    Asked[HandoverForm],
    key="policing.handover",
    title="Hand-over of evidence",
    roles=("ahtu_officer", "police_liaison"),
    stays_with=("policing.evidence",),
    time_limit="PT24H",
    follow_ups={"custody_check": FollowUp(uses="policing.custody_check", title="Check the chain of custody")},
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the latest piece, and whoever had it last as who gives it."""
        last, taken = (
            context.earlier("policing.handover", HandoverForm),
            context.earlier("policing.evidence", EvidenceForm),
        )
        if not last:
            return Prepared(prefill=Prepared.given(label=taken.label, given_by=taken.custody_to, seal_no=taken.seal_no))
        seal = last.new_seal_no or last.seal_no
        return Prepared(prefill=Prepared.given(label=last.label, given_by=last.taken_by, seal_no=seal))

    def conclude(self, answers: HandoverForm, context: StepContext) -> Concluded:
        """Say what follows from a broken seal."""
        notes = Form.unless_yes(
            answers.seal_intact,
            no="The seal was broken: record who saw it, seal it again, and inform the investigating officer.",
            unknown="It is not known whether the seal was whole: ask who took it, and tell the investigating officer.",
        )
        return Concluded(notes=notes)


class Certificate(
    Asked[CertificateForm],
    key="policing.certificate",
    title="Certificate for electronic evidence",
    roles=("ahtu_officer", "police_liaison", "lawyer"),
    stays_with=("policing.handover", "policing.evidence"),
    documents=(Document("bsa63-certificate", "Certificate under BSA section 63(4)", on="prepare"),),
    time_limit="P7D",
    settings=CertificateSettings,
    reads=("policing.evidence",),
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose what is known of the piece that the certificate is for."""
        piece = _piece(context)
        child = piece.child_shown or ("no" if _shows_nobody(piece) else None)
        told = Prepared.given(label=piece.label, device=piece.device_serial, sha256=piece.sha256, child_shown=child)
        return Prepared(
            prefill=told, notes=("The certificate is filled in as far as known. Two people sign it: parts A and B.",)
        )

    def conclude(self, answers: CertificateForm, context: StepContext) -> Concluded:
        """Say what the certificate still lacks."""
        missing = [words for name, words in _ON_PAPER.items() if not getattr(answers, name)]
        notes = copies.notes_of_child(answers.child_shown)
        if missing and not notes:
            notes = (f"Still missing on the certificate: {', '.join(missing)}.",)
        return Concluded(facts={"evidence_certified": not missing}, notes=notes)


@automatic(
    "policing.custody_check",
    title="Check the chain of custody",
    outputs={
        "is_whole": False,
        "pieces": 0,
        "gaps": 0,
        "overlaps": 0,
        "broken_seals": 0,
    },
    documents=(Document("custody-chain", "Chain of custody"),),
    reads=("policing.evidence", "policing.handover"),
)
def custody_check(context: StepContext) -> Completed:
    """Follow each piece of evidence from hand to hand, and find gaps, overlaps and broken seals."""
    chain = chain_of(
        context.all_earlier("policing.evidence", EvidenceForm), context.all_earlier("policing.handover", HandoverForm)
    )
    return Completed(
        outputs={
            "is_whole": chain.is_whole, "pieces": chain.pieces, "gaps": chain.gaps, "overlaps": chain.overlaps,
            "broken_seals": chain.broken_seals,
        },
        facts={"custody_is_whole": chain.is_whole},
        notes=chain.notes,
    )  # fmt: skip


def _shows_nobody(answers: EvidenceForm) -> bool:
    """Whether it was said that nobody is shown naked or abused."""
    return answers.sensitive_image is False


def _piece(context: StepContext) -> EvidenceForm:
    """Return what was written down of the piece that a certificate is for; where it names none, of the latest."""
    entries = context.all_earlier("policing.evidence", EvidenceForm)
    wanted = context.settings_as(CertificateSettings)
    if wanted.piece is not None:
        return context.answers_of(wanted.piece, EvidenceForm)
    if 0 < wanted.item <= len(entries):
        return entries[wanted.item - 1]
    return entries[-1] if entries else EvidenceForm.unanswered()
