"""Find where the chain of custody of a piece of evidence is broken: gaps, overlaps, seals."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from engine.plugin import Form
from pillars.policing.forms import EvidenceForm, HandoverForm

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
