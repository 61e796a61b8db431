"""What programs bring: a message or a missed call, which opens a case or belongs to one; and how far a report is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from unicodedata import category
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from engine.assembly import Engine
from engine.builtin import REPORT
from engine.cases.actions.deciding import is_barred
from engine.cases.actions.open import MOST_REPORTS_IN_AN_HOUR, CaseToOpen, open_within
from engine.cases.actions.public import Progress, add_within, may_add, progress_of_case, with_those_it_rests_in
from engine.cases.answers import check_answers
from engine.cases.housekeeping import HousekeepingStore, mark_of, require_same
from engine.cases.records import ONE_MATTER, TooManyReportsError
from engine.cases.store import CaseStore
from engine.core.policy import Action, Viewer, can
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.plugin.kinds import NOT_KNOWN

MOST_OF_A_NUMBER: Final = 100
"""Messages and calls of one number that are added to its case within a day; then its gateway is asked to wait."""
_KIND: Final = "sender"
_KEPT_SIGNS: Final = "\n\t"
_NO_WORDS: Final = "[A message without words came.]"
_NOT_TAKEN: Final = (
    "[Something was sent with this message that is not text, such as a picture or a voice message. It was not taken.]"
)
_MISSED: Final = (
    "[A call was missed on {at}. Call back, and say nothing of why you call until you know who is speaking.]"
)


class Brought(NamedTuple):
    """A message or a missed call: its id at the gateway, the number it is from, when it was sent or rung (UTC)."""

    id: str
    number: str
    at: datetime
    words: str = ""
    is_missed_call: bool = False
    has_more: bool = False
    """Whether something was sent that is no text."""


def take_brought(engine: Engine, brought: Brought, *, viewer: Viewer) -> None:
    """Open a case from what a gateway brings, or add it to the open case to which its number wrote of late.

    The same id is taken once. Raises `ChangedContentError` for an id that comes back with other content,
    `TooManyReportsError`, `NotAllowedError`, `NotFoundError`.
    """
    if len(viewer.unit_ids) != 1 or not can(viewer, Action.OPEN_CASE, unit_id=viewer.unit_ids[0]):
        raise NotAllowedError(actor=viewer.name, action=Action.OPEN_CASE.value)
    answers, command_id = _answers(brought, viewer.zone), uuid5(viewer.actor_id, f"brought|{brought.id}")
    check_answers(engine.registry.get(REPORT), answers, partly=True)
    sender = f"{viewer.unit_ids[0]}|{_digits(brought.number)}"
    tokens = list(engine.vault.blinds(_KIND, sender).values())
    with engine.transaction() as tx:
        store, now = tx.of(HousekeepingStore), engine.clock.now()
        for turn in (command_id, UUID(bytes=tokens[0])):  # two messages of one number at once open one case
            store.take_turn(turn)
        before = store.answer_to(command_id)
        if before is not None:
            require_same(before, mark_of(engine.vault, answers))
            return
        state = _open_case_of(tx, store.case_of_sender(tokens, since=now - ONE_MATTER), command_id)
        if state is not None and _is_added(engine, tx, state, answers, command_id, viewer):
            case_id = state.case.id
        else:
            wanted = CaseToOpen(answers, viewer.unit_ids[0], command_id, most_in_an_hour=MOST_REPORTS_IN_AN_HOUR)
            case_id = open_within(engine, tx, wanted, viewer=viewer).case_id
        store.keep_sender(tokens[0], case_id, at=now)
        tx.commit()


def _is_added(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    answers: Mapping[str, JsonValue],
    command_id: UUID,
    viewer: Viewer,
) -> bool:
    words, mark = str(answers["narrative"]), mark_of(engine.vault, answers)
    try:
        return add_within(
            engine, tx, state, words, command_id, most=MOST_OF_A_NUMBER, by=viewer.actor_id, mark=mark
        )  # fmt: skip
    except InvalidAnswersError:
        raise TooManyReportsError(most=MOST_OF_A_NUMBER) from None


def _open_case_of(tx: Transaction, case_id: UUID | None, command_id: UUID) -> CaseState | None:
    """Return the case to be added to, under its lock: the one in which work goes on, where that is open."""
    if case_id is None:
        return None
    state, _ = tx.of(CaseStore).lock_for(with_those_it_rests_in(tx, case_id)[-1].case.id, command_id)
    return state if may_add(state) else None


def _answers(brought: Brought, zone: str) -> dict[str, JsonValue]:
    """Return what a report says of it: nobody was asked anything yet, so nothing is known but the words."""
    return {
        "immediate_danger": NOT_KNOWN, "safe_to_call": NOT_KNOWN, "consent_to_record": "not_asked",
        "is_child_suspected": "unsure", "concern": "other", "narrative": _words(brought, zone),
        "channel": "phone_call" if brought.is_missed_call else "message",
        "informant_anonymous": False, "informant_phone": brought.number,
    }  # fmt: skip


def _words(brought: Brought, zone: str) -> str:
    if brought.is_missed_call:
        return _MISSED.format(at=f"{brought.at.astimezone(ZoneInfo(zone)):%d %B %Y at %H:%M} ({zone})")
    one_line_end = brought.words.replace("\r\n", "\n").replace("\r", "\n")
    words = "".join(sign for sign in one_line_end if category(sign) != "Cc" or sign in _KEPT_SIGNS).strip()
    if brought.has_more:
        return f"{words}\n{_NOT_TAKEN}".strip()
    return words or _NO_WORDS


def _digits(number: str) -> str:
    """Return a number as it is compared: gateways write the sign and the noughts before a country differently."""
    return "".join(sign for sign in number if sign.isdigit()).lstrip("0")


class OwnReport(NamedTuple):
    """A report as its sender may know it: what is told to whoever reported, and nothing of the case."""

    case_id: UUID
    case_number: str
    progress: Progress


def own_report(engine: Engine, case_id: UUID, *, viewer: Viewer) -> OwnReport:
    """Say how far a report is to who sent it, as `come_back` says it to whoever knows its code.

    Raises `NotFoundError` for one of somebody else as for one that is not there, and for a case that is denied to who
    sent its report.
    """
    with engine.transaction() as tx:
        if tx.of(HousekeepingStore).reporter_of(case_id) != viewer.actor_id:
            raise NotFoundError(kind="report")
        state = tx.of(CaseStore).read(case_id)
        if is_barred(viewer, state) or not can(viewer, Action.OPEN_CASE):
            raise NotFoundError(kind="report")
        progress = progress_of_case(tx, case_id)
    return OwnReport(case_id, state.case.number, progress)
