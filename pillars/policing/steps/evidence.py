"""Evidence, who has it, and its certificates."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

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
from pillars.policing.follow_ups import AFTER_AN_ARREST, AFTER_EVIDENCE, ARREST, of_an_arrest
from pillars.policing.forms import CertificateForm, CertificateSettings, EvidenceForm, HandoverForm

_HAND_TO_HAND = timedelta(minutes=15)
"""How long something may be between two hands without anybody who carried it."""
_EARLIEST = "0001-01-01T00:00:00+00:00"


class Chain(NamedTuple):
    """What was found in the chains of all pieces; the notes say where, by number, and name nobody."""

    pieces: int
    hand_overs: int
    gaps: int
    overlaps: int
    broken_seals: int
    notes: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether somebody had each piece all the time, under a seal that was whole."""
        return not (self.gaps or self.overlaps or self.broken_seals)


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
    computes={"needs_certificate": bool, **ARREST},
    follow_ups={**AFTER_EVIDENCE, **AFTER_AN_ARREST},
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
        arrest = of_an_arrest(answers.arrested_at, context)
        needs_paper = is_digital and not answers.bsa63_certificate and context.country == "IN"
        return Concluded(notes=tuple(notes), computed={"needs_certificate": needs_paper, **arrest})


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


def chain_of(evidence: Sequence[EvidenceForm], hand_overs: Sequence[HandoverForm]) -> Chain:
    """Follow each piece from hand to hand, in the order in which it was taken over.

    A gap is a time in which nobody had it: it was given by somebody who had not taken it, or lay longer than 15
    minutes between two hands with nobody who carried it, or was handed over without ever having been written down. An
    overlap is a piece given on before it was taken over.
    """
    taken = {_name(one.label): one for one in evidence if _name(one.label)}
    labels = dict.fromkeys([*taken, *(_name(one.label) for one in hand_overs)])
    gaps, overlaps, seals, notes = 0, 0, 0, list[str]()
    for number, label in enumerate(labels, start=1):
        mine = sorted((one for one in hand_overs if _name(one.label) == label), key=_taken_at)
        found = _faults(taken.get(label), mine)
        gaps += sum(kind == "gap" for kind, _ in found)
        overlaps += sum(kind == "overlap" for kind, _ in found)
        seals += sum(kind == "seal" for kind, _ in found)
        notes += [f"Piece {number}, {words}" for _, words in found]
    return Chain(len(labels), len(hand_overs), gaps, overlaps, seals, tuple(notes))


def _faults(piece: EvidenceForm | None, hand_overs: Iterable[HandoverForm]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    holders = {_name(piece.collected_by), _name(piece.custody_to)} - {""} if piece else set[str]()
    since = piece.collected_at if piece else None
    seal = _name(piece.seal_no) if piece else ""
    if piece is None:
        found.append(("gap", "its label: it was handed over, but never recorded as evidence."))
    for number, one in enumerate(hand_overs, start=1):
        given, taken = one.given_at, one.taken_at
        where = f"hand-over {number}:"
        if holders and _name(one.given_by) not in holders:
            found.append(("gap", f"{where} it was given by someone who had not taken it."))
        if since is not None and given is not None and given < since:
            found.append(("overlap", f"{where} it was given before it had been taken."))
        if one.is_unknown("given_at"):
            found.append(("gap", f"{where} it is not known when it was given."))
        if given and taken and taken - given > _HAND_TO_HAND and not _name(one.carried_by):
            found.append(("gap", f"{where} no one had it for {_words(taken - given)}."))
        doubts = Form.unless_yes(
            one.seal_intact, no="the seal was broken.", unknown="it is not known whether the seal was whole."
        )
        found += [("seal", f"{where} {doubt}") for doubt in doubts]
        if not doubts and seal and _name(one.seal_no) not in {"", seal}:
            found.append(("seal", f"{where} the seal has another number than before."))
        holders, since = {_name(one.taken_by)}, taken or since
        seal = _name(one.new_seal_no) or _name(one.seal_no) or seal
    return found


def _name(answer: str | None) -> str:
    return " ".join((answer or "").split()).casefold()


def _taken_at(one: HandoverForm) -> datetime:
    return one.taken_at or datetime.fromisoformat(_EARLIEST)


def _words(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60} min"


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
