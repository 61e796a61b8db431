"""Tell in confidence of a concern about one of us, or of a conflict of interest; and answer it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from engine.access.records import is_case_number
from engine.approvals.records import Colleague, Concern, confidant
from engine.approvals.store import ConcernStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotFoundError
from engine.language.names import Role
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore

KINDS: Final = {"concern": "A concern about how someone works", "conflict": "A conflict of interest"}
STATUSES: Final = {"new": "Not read yet", "looked_into": "Being looked into", "closed": "Closed"}
_SHORTEST: Final = 10
_LONGEST: Final = 10_000
_HEARERS: Final = (Role.SAFEGUARDING_LEAD.value, Role.NODAL_OFFICER.value, Role.DATA_PROTECTION_OFFICER.value)


def raise_concern(
    engine: Engine, *, viewer: Viewer, command_id: UUID, kind: str, about_id: UUID | None, case_number: str, words: str
) -> UUID:
    """Tell it to one person: a safeguarding lead, never the person concerned nor their supervisor; returns its id.

    Everybody who is signed in may. Raises `InvalidAnswersError`.
    """
    now, concern_id = engine.clock.now(), engine.entropy.uuid()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command_id)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["concern_id"]))
        about = tx.of(DirectoryStore).actor(about_id) if about_id else None
        problems = _problems(kind, about, words, viewer, case_number)
        if problems or about is None:
            raise InvalidAnswersError(problems)
        hearers = [_colleague(one) for one in tx.of(DirectoryStore).holders(roles=_HEARERS)]
        recipient_id = confidant(_colleague(about), viewer.actor_id, hearers)
        if recipient_id is None:
            nobody = (
                "There is no one in this system who can receive this concern: speak to the head of your organisation."
            )
            raise InvalidAnswersError({"about_id": nobody})
        concern = Concern(
            id=concern_id, kind=kind, about_id=about.id, case_number=case_number.strip()[:40],
            raised_by=viewer.actor_id, raised_at=now, recipient_id=recipient_id, status="new", answered_at=None,
        )  # fmt: skip
        tx.of(ConcernStore).add(concern, words=words.strip())
        _notify(engine, tx, recipient_id, concern_id, "concern")
        tx.of(AuditLogStore).note(
            "safeguarding", "ConcernRaised", {"concern_id": str(concern_id)}, actor_id=None, at=now
        )
        tx.of(HousekeepingStore).remember(command_id, {"concern_id": str(concern_id)}, case_id=None, at=now)
        tx.commit()
    return concern_id


def read_concern(engine: Engine, concern_id: UUID, *, viewer: Viewer) -> tuple[Concern, str, str]:
    """Return a concern with its words and its answer, to who told it and to whom it was told.

    That it was read is written first. Raises `NotFoundError` for everybody else, the person concerned too.
    """
    with engine.transaction(viewer) as tx:
        concern = _mine(tx, concern_id, viewer)
        body = {"concern_id": str(concern_id)}
        tx.of(AuditLogStore).note("safeguarding", "ConcernRead", body, actor_id=viewer.actor_id, at=engine.clock.now())
        words, answer = tx.of(ConcernStore).words_of(concern_id)
        tx.commit()
    return concern, words, answer


def answer_concern(
    engine: Engine, concern_id: UUID, *, viewer: Viewer, command_id: UUID, status: str, words: str
) -> None:
    """Say how it stands; who told it hears that there is an answer. Raises `NotFoundError`, `InvalidAnswersError`."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command_id)
        concern = _mine(tx, concern_id, viewer)
        if concern.recipient_id != viewer.actor_id:
            raise NotFoundError(kind="concern")
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        problems = {}
        if status not in STATUSES or status == "new":
            problems["status"] = "Choose a status."
        if not _SHORTEST <= len(words.strip()) <= _LONGEST:
            problems["words"] = "Write a sentence or two."
        if problems:
            raise InvalidAnswersError(problems)
        tx.of(ConcernStore).answer(concern_id, status=status, words=words.strip(), at=now)
        _notify(engine, tx, concern.raised_by, concern_id, "concern_answered", command_id)
        body = {"concern_id": str(concern_id), "status": status}
        tx.of(AuditLogStore).note("safeguarding", "ConcernAnswered", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"status": status}, case_id=None, at=now)
        tx.commit()


def pass_on_concerns(engine: Engine, tx: Transaction, *, now: datetime) -> int:
    """Tell each open concern whose hearer acts no longer to another one; returns how many nobody may be told of."""
    hearers, left = [_colleague(one) for one in tx.of(DirectoryStore).holders(roles=_HEARERS)], 0
    for concern_id in tx.of(ConcernStore).unheard():
        concern = tx.of(ConcernStore).get(concern_id)
        about = tx.of(DirectoryStore).actor(concern.about_id) if concern else None
        chosen = confidant(_colleague(about), concern.raised_by, hearers) if concern and about else None
        if chosen is None:
            left += 1
            continue
        tx.of(ConcernStore).pass_on(concern_id, recipient_id=chosen)
        _notify(engine, tx, chosen, concern_id, "concern", engine.entropy.uuid())
        tx.of(AuditLogStore).note(
            "safeguarding", "ConcernPassedOn", {"concern_id": str(concern_id)}, actor_id=None, at=now
        )
    return left


def colleagues_who_hear(tx: Transaction, about_id: UUID) -> tuple[ActorRecord, ...]:
    """Return the one person who is told of what somebody does: as for a concern about them."""
    about = tx.of(DirectoryStore).actor(about_id)
    people = tx.of(DirectoryStore).holders(roles=_HEARERS)
    if about is None:
        return ()
    chosen = confidant(_colleague(about), about_id, [_colleague(one) for one in people])
    return tuple(one for one in people if one.id == chosen)


def _mine(tx: Transaction, concern_id: UUID, viewer: Viewer) -> Concern:
    concern = tx.of(ConcernStore).get(concern_id)
    if concern is None or viewer.actor_id not in {concern.raised_by, concern.recipient_id}:
        raise NotFoundError(kind="concern")
    return concern


def _notify(
    engine: Engine, tx: Transaction, recipient_id: UUID, concern_id: UUID, kind: str, act_id: UUID | None = None
) -> None:
    person = tx.of(DirectoryStore).actor(recipient_id)
    if person is not None:
        notify_of_system(
            engine, tx, kind=kind, rule=f"{kind}|{act_id or concern_id}", people=(person,),
            channels=(IN_APP, EMAIL), link=f"/concerns/{concern_id}", now=engine.clock.now(), critical=True,
        )  # fmt: skip


def _problems(kind: str, about: ActorRecord | None, words: str, viewer: Viewer, case_number: str) -> dict[str, str]:
    problems = {}
    if case_number.strip() and not is_case_number(case_number):
        problems["case_number"] = "Give the number of a case, such as C-7K3M-2Q9D, or leave it out."
    if kind not in KINDS:
        problems["kind"] = "Choose what your concern is about."
    if about is None or (about.id == viewer.actor_id and kind == "concern"):
        problems["about_id"] = "Choose who it is about."
    if not _SHORTEST <= len(words.strip()) <= _LONGEST:
        problems["words"] = "Write in a few sentences what you saw or know."
    return problems


def _colleague(one: ActorRecord) -> Colleague:
    return Colleague(one.id, tuple(one.unit_ids), tuple(one.roles), one.supervisor_id, one.disabled)
