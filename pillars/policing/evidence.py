"""What evidence proposes on its way: taken, handed over, certified, its chain of custody checked."""

from collections.abc import Mapping

from engine.plugin import (
    Completed,
    Concluded,
    JsonAnswer,
    Prepared,
    StepContext,
    Watch,
    given,
    notes_of_child,
    told_before,
    unless_yes,
)
from pillars.policing.custody import chain_of
from pillars.policing.places import country_of
from pillars.policing.settings import CertificateSettings
from pillars.policing.watching import watch_certificate

_DIGITAL = frozenset({"phone", "computer", "storage_device", "chat_export", "photo_or_video", "cctv"})
_HASH_NOW = "Make the hash of the files now: without it a court might not trust them."
_HASH_BY_POLICE = "The police make the hash of the files: nobody here opens them."
_ON_PAPER = {"sha256": "the hash", "certificate": "the signed paper itself"}


def prepare_evidence(context: StepContext) -> Prepared:
    """Propose the next mark, and who took and keeps things so far."""
    count = len(context.all_earlier("policing.evidence"))
    return Prepared(prefill=told_before(context, "policing.evidence", "custody_to") | {"label": f"E{count + 1}"})


def conclude_evidence(context: StepContext) -> Concluded:
    """Say what a digital piece still lacks, and open its certificate at once."""
    answers = context.answers
    notes = [*notes_of_child(answers)]
    is_digital = answers.get("item_type") in _DIGITAL and not notes
    if is_digital and not answers.get("sha256"):
        notes.append(_HASH_NOW if _shows_nobody(answers) else _HASH_BY_POLICE)
    if is_digital and not answers.get("bsa63_certificate"):
        notes.append("A certificate under BSA section 63(4) is still needed.")
    notes += unless_yes(
        answers.get("sealed"),
        no="The item is not sealed yet.",
        unknown="It is not known whether the item is sealed: look, and seal it.",
    )
    needs_paper = is_digital and not answers.get("bsa63_certificate") and country_of(context) == "IN"
    return Concluded(notes=tuple(notes), watches=(watch_certificate(context),) if needs_paper else ())


def _shows_nobody(answers: Mapping[str, JsonAnswer]) -> bool:
    """Whether it was said that nobody is shown naked or abused."""
    return answers.get("sensitive_image") is False


def prepare_handover(context: StepContext) -> Prepared:
    """Propose the latest piece, and whoever had it last as who gives it."""
    last = context.earlier("policing.handover") or context.earlier("policing.evidence")
    has_it = last.get("taken_by") or last.get("custody_to")
    seal = last.get("new_seal_no") or last.get("seal_no")
    return Prepared(prefill=given(label=last.get("label"), given_by=has_it, seal_no=seal))


def conclude_handover(context: StepContext) -> Concluded:
    """Say what follows from a broken seal, and have the chain of custody checked."""
    notes = unless_yes(
        context.answers.get("seal_intact"),
        no="The seal was broken: record who saw it, seal it again, and inform the investigating officer.",
        unknown="It is not known whether the seal was whole: ask who took it, and tell the investigating officer.",
    )
    check = Watch("custody_check", "policing.custody_check", "Check the chain of custody")
    return Concluded(notes=notes, watches=(check,))


def prepare_certificate(context: StepContext) -> Prepared:
    """Propose what is known of the piece that the certificate is for."""
    piece = _piece(context)
    child = piece.get("child_shown") or ("no" if _shows_nobody(piece) else None)
    told = given(
        label=piece.get("label"), device=piece.get("device_serial"), sha256=piece.get("sha256"), child_shown=child
    )
    return Prepared(
        prefill=told, notes=("The certificate is filled in as far as known. Two people sign it: parts A and B.",)
    )


def _piece(context: StepContext) -> Mapping[str, JsonAnswer]:
    """Give what was written down of the piece that a certificate is for; where it names none, of the latest."""
    entries, wanted = context.all_earlier("policing.evidence"), context.settings
    if not isinstance(wanted, CertificateSettings):
        return entries[-1] if entries else {}
    if wanted.piece is not None:
        return context.answers_of(wanted.piece)
    if 0 < wanted.item <= len(entries):
        return entries[wanted.item - 1]
    return entries[-1] if entries else {}


def conclude_certificate(context: StepContext) -> Concluded:
    """Say what the certificate still lacks."""
    missing = [words for name, words in _ON_PAPER.items() if not context.answers.get(name)]
    notes = notes_of_child(context.answers)
    if missing and not notes:
        notes = (f"Still missing on the certificate: {', '.join(missing)}.",)
    return Concluded(facts={"evidence_certified": not missing}, notes=notes)


def check_custody(context: StepContext) -> Completed:
    """Follow each piece of evidence from hand to hand, and find gaps, overlaps and broken seals."""
    chain = chain_of(context.all_earlier("policing.evidence"), context.all_earlier("policing.handover"))
    return Completed(
        outputs={
            "is_whole": chain.is_whole, "pieces": chain.pieces, "gaps": chain.gaps, "overlaps": chain.overlaps,
            "broken_seals": chain.broken_seals,
        },
        facts={"custody_is_whole": chain.is_whole},
        notes=chain.notes,
    )  # fmt: skip
