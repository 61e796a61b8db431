"""Retire a definition with two people: nothing new begins with it, what runs goes on, and it can be brought back."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from engine.approvals.actions.approvals import Answer, Handler, ask_second, register, take_answer, who_answers
from engine.approvals.records import ApprovalKind, ApprovalRequest
from engine.approvals.store import ApprovalStore
from engine.approvals.views import waiting as waiting_view
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.follow_ups import ORDINARY_LADDER
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.definitions.actions.proposals import lock_all, notify_leads, require_may_answer, units_that_agree
from engine.definitions.actions.publish import ladders_of, require_author
from engine.definitions.records import RetirementError, StoredDefinition
from engine.definitions.store import DefinitionStore
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError, NotFoundError
from engine.language.calendars import calendar_for
from engine.language.law import LawPack
from engine.language.library import DefinitionKind
from engine.language.lint.other_files import steps_that_name
from engine.language.retention import EVERYWHERE, RetentionPolicy, policy_for
from engine.language.workflow import Workflow
from engine.language.yaml_files import read_yaml
from engine.people.store import DirectoryStore
from engine.retention.store import RetentionStore

_MOST: Final = 300
_WHAT_FOLLOWS: Final = {
    "workflow": "No new case begins with it, and open cases go on.",
    "rota": "From then on no one is on call by it.",
    "message": "The text that came with ICMC is sent instead.",
    "retention": "No data is kept by it any more.",
    "document": "The words that came with ICMC are printed instead.",
}
_ASKED: Final = {
    "workflow": "Workflow “{title}”, version {version}: it would be retired.",
    "ladder": "Ladder “{title}”, version {version}: it would be retired.",
    "law": "Law pack “{title}”, version {version}: it would be retired.",
    "calendar": "Calendar “{title}”, version {version}: it would be retired.",
    "retention": "Retention policy “{title}”, version {version}: it would be retired.",
    "message": "Text of a message “{title}”, version {version}: it would be retired.",
    "document": "Words of a paper “{title}”, version {version}: it would be retired.",
    "rota": "Rota, version {version}: it would be retired.",
}
_NOT_YET: Final[Mapping[str, str]] = {
    "workflow": "The workflow {name} cannot be retired yet.",
    "ladder": "The ladder {name} cannot be retired yet.",
    "law": "The law pack {name} cannot be retired yet.",
    "calendar": "The calendar {name} cannot be retired yet.",
    "retention": "The retention policy {name} cannot be retired yet.",
}
_LEADS: Final = {
    "uses": (
        "The workflow “{workflow}” uses it.",
        "Version {version} of the workflow “{workflow}”, which open cases follow, uses it.",
    ),
    "places": (
        "The workflow “{workflow}” uses it for {place}.",
        "Version {version} of the workflow “{workflow}”, which open cases follow, uses it for {place}.",
    ),
    "names": (
        "The workflow “{workflow}” names it: {limit}, in its step “{step}”.",
        "Version {version} of the workflow “{workflow}”, which cases follow, names it: {limit}, in its step “{step}”.",
    ),
}
"""What is said of a workflow that is published, and of an earlier version that open cases follow."""


class Retirement(NamedTuple):
    """That somebody asks to retire a definition: who may agree to it, by which request."""

    waits_for: UUID
    version: int
    people: tuple[str, ...]


def propose_retirement(engine: Engine, kind: str, name: str, *, reason: str, viewer: Viewer) -> Retirement:
    """Ask that a definition that runs is retired, for a reason, once a second person agrees as they do to a new one.

    Asked for twice, the first request waits on. Raises `RetirementError` with what still refers to it, `NotFoundError`,
    `NotAllowedError`, `NoSecondPersonError`, `InvalidAnswersError` without a reason.
    """
    require_author(viewer, kind, name)
    said, now = " ".join(reason.split()), engine.clock.now()
    if not said or len(said) > _MOST:
        problem = f"Write why in at most {_MOST} characters." if said else "Write why it is retired."
        raise InvalidAnswersError({"reason": problem}, {"reason": "Reason"})
    with engine.transaction() as tx:
        tx.of(DefinitionStore).hold(kind, name)
        stored = tx.of(DefinitionStore).current(kind, name)
        if stored is None:
            raise NotFoundError(kind="definition")
        _require_unused(engine, tx, stored)
        unit_id, people = who_answers(
            tx, ApprovalKind.RETIREMENT,
            units_that_agree(tx, stored.owner_unit_id, viewer, is_rota=kind == DefinitionKind.ROTA),
            but={viewer.actor_id},
        )  # fmt: skip
        names = tuple(one.name for one in people)
        request = tx.of(ApprovalStore).open_about(ApprovalKind.RETIREMENT, stored.id)
        if request is None or request.expires_at <= now:
            request = ask_second(
                engine, tx, ApprovalKind.RETIREMENT, stored.id, asked_by=viewer.acting_id, now=now, unit_id=unit_id,
                subject={"kind": kind, "name": name, "reason": said, "about": f"{_said(stored)} {said}"},
                seen=stored.content_hash, people=people,
            )  # fmt: skip
            _note(tx, "RetirementProposed", request, stored)
            tx.commit()
    return Retirement(request.id, stored.version, names)


def answer_retirement(engine: Engine, subject_id: UUID, *, viewer: Viewer, approved: bool) -> None:
    """Retire a definition as a second person, or keep it. Who asked takes it back.

    Those who lead the units whose cases it touches are notified. Raises `RetirementError` where something refers to it
    by now, `ConflictError` where another version runs, `AlreadyEndedError`, `OwnApprovalError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    require_may_answer(viewer)
    with engine.transaction() as tx:
        request = tx.of(ApprovalStore).open_about(ApprovalKind.RETIREMENT, subject_id)
        if request is None:
            raise AlreadyEndedError(kind="proposal")
        kind, name = request.subject["kind"], request.subject["name"]
        lock_all(tx, [(kind, name)])
        stored = tx.of(DefinitionStore).current(kind, name)
        runs = stored is not None and stored.id == subject_id
        answered = take_answer(
            engine, tx, ApprovalKind.RETIREMENT, subject_id, viewer=viewer, approved=approved, now=now,
            stands=lambda: request.seen if runs else "another one runs",
        )  # fmt: skip
        if stored is not None and approved and not answered.is_overtaken:
            _require_unused(engine, tx, stored)
            tx.of(DefinitionStore).retire(stored)
            notify_leads(tx, engine, request, (stored,), viewer=viewer, now=now)
        _note(tx, "RetirementAnswered", answered, stored, agreed=approved, overtaken=answered.is_overtaken)
        tx.commit()
    engine.refresh_definitions()
    if answered.is_overtaken:
        raise ConflictError(kind="definition")


def _note(tx: Transaction, type_: str, request: ApprovalRequest, stored: StoredDefinition | None, **more: bool) -> None:
    at, by = request.answered_at or request.asked_at, request.answered_by or request.asked_by
    body = {"request_id": str(request.id), "hash": stored.content_hash if stored else "", **more}
    tx.of(AuditLogStore).note("definitions", type_, body, actor_id=by, at=at)


def _said(stored: StoredDefinition) -> str:
    asked = _ASKED[stored.kind].format(title=stored.title or stored.name, version=stored.version)
    return f"{asked} {_WHAT_FOLLOWS.get(stored.kind, '')}".strip()


def _require_unused(engine: Engine, tx: Transaction, stored: StoredDefinition) -> None:
    """Refuse what something that runs refers to; raises `RetirementError` with the first few that do."""
    users = list(dict.fromkeys(_users(engine, tx, stored)))
    if users:
        more = f" And {len(users) - 3} more." if len(users) > 3 else ""  # noqa: PLR2004 - a few are enough to begin with
        raise RetirementError(
            refused=_NOT_YET[stored.kind].format(name=stored.name), problem=" ".join(users[:3]) + more
        )


def _users(engine: Engine, tx: Transaction, stored: StoredDefinition) -> Iterator[str]:
    match stored.kind:
        case DefinitionKind.WORKFLOW:
            yield from _workflows_from(tx, stored.name)
            yield from _last_for_reports(tx, stored)
        case DefinitionKind.LADDER:
            yield from _on_ladder(tx, stored.name)
        case DefinitionKind.LAW:
            ids = {limit.id for limit in LawPack.model_validate(dict(stored.flattened)).limits}
            for one, workflow in _in_use(tx):
                for limit, step in steps_that_name(ids, workflow, engine.catalogue):
                    yield _leads(one, "names", limit=limit, step=step)
        case DefinitionKind.CALENDAR:
            yield from _places_of(tx, stored.name)
        case DefinitionKind.RETENTION:
            yield from _kept_by(tx, stored.name)


def _on_ladder(tx: Transaction, name: str) -> Iterator[str]:
    if name == ORDINARY_LADDER:
        yield "Every time limit that names no ladder leads to it."
    for one, workflow in _in_use(tx):
        if name in ladders_of(workflow):
            yield _leads(one, "uses")
    if count := tx.of(DefinitionStore).open_deadlines(name):
        yield f"Open time limits lead to it: {count}."


def _in_use(tx: Transaction) -> Iterator[tuple[StoredDefinition, Workflow]]:
    """Yield the workflows that are published, and the versions that open cases follow."""
    for one in tx.of(DefinitionStore).in_use():
        yield one, Workflow.model_validate(dict(one.flattened))


def _leads(one: StoredDefinition, how: str, **values: str) -> str:
    published, followed = _LEADS[how]
    words = published if one.status == "published" else followed
    return words.format(workflow=one.title or one.name, version=one.version, **values)


def _workflows_from(tx: Transaction, name: str) -> Iterator[str]:
    for other, source in tx.of(DefinitionStore).sources(DefinitionKind.WORKFLOW.value).items():
        said: Any = read_yaml(source, file=f"{other}.yaml").data
        parts = said.get("parts") or {}
        if name in {said.get("extends"), *(part.get("workflow") for part in parts.values())}:
            yield f"The workflow “{other}” is made from it."


def _last_for_reports(tx: Transaction, stored: StoredDefinition) -> Iterator[str]:
    """Say that reports would be refused: nothing else takes those that no condition fits."""
    published = tx.of(DefinitionStore).published(DefinitionKind.WORKFLOW.value)
    others = [_taken(one) for one in published if one.id != stored.id and one.owner_unit_id is None]
    mine = _taken(stored)
    if mine is not None and stored.owner_unit_id is None and not any(_covers(one, mine) for one in others):
        yield "Reports that fit no other workflow open their case with it, and would be refused."


def _taken(stored: StoredDefinition) -> frozenset[str] | None:
    """Return the places whose every report a workflow takes, empty for all places; None where it has a condition."""
    workflow = Workflow.model_validate(dict(stored.flattened))
    takes = workflow.start.on == "report" and workflow.start.when is None
    return frozenset(workflow.jurisdictions) if takes else None


def _covers(other: frozenset[str] | None, places: frozenset[str]) -> bool:
    return other is not None and (not other or (bool(places) and places <= other))


def _places_of(tx: Transaction, name: str) -> Iterator[str]:
    calendars = tx.library().calendars
    places: Iterable[tuple[str, str]] = (
        *((unit.jurisdiction, f"The unit “{unit.name}” counts by it.") for unit in tx.of(DirectoryStore).units()),
        *((place, f"Open cases in {place} count by it.") for place in tx.of(DefinitionStore).open_places()),
        *((place, _leads(one, "places", place=place)) for one, flow in _in_use(tx) for place in flow.jurisdictions),
    )
    known = {place for place, _ in places if place in calendars or place.partition("-")[0] in calendars}
    for place, said in places:
        if place in known and calendar_for(place, calendars).name == name:
            yield said


def _kept_by(tx: Transaction, name: str) -> Iterator[str]:
    """Say whose data would be kept by another policy, or by none; and what to do about it."""
    stored = tx.of(DefinitionStore).published(DefinitionKind.RETENTION.value)
    policies = [RetentionPolicy.model_validate(dict(one.flattened)) for one in stored]
    mine = next(one for one in policies if one.name == name)
    if mine.jurisdiction == EVERYWHERE and policy_for(EVERYWHERE, policies) == mine:
        yield "Every place without a policy of its own keeps its data by it: change what it says instead."
        return
    places: Iterable[tuple[str, str]] = (
        *((place, f"Cases in {place} are kept by it.") for place in tx.of(RetentionStore).places()),
        *(
            (unit.jurisdiction, f"The unit “{unit.name}” keeps its data by it.")
            for unit in tx.of(DirectoryStore).units()
        ),
    )
    for place, said in places:
        if policy_for(place, policies) == mine:
            is_own = place == mine.jurisdiction
            instead = "Change what it says instead." if is_own else f"First publish a policy for {place} itself."
            yield f"{said} {instead}"


def proposed_retirement(engine: Engine, request_id: UUID, *, viewer: Viewer) -> StoredDefinition | None:
    """Return what would be retired, for who sees the request; None where another version runs by now.

    A rota is shown to nobody outside its unit. Raises `NotFoundError`.
    """
    known = next((one for one in engine.ask(waiting_view, viewer) if one.id == request_id), None)
    if known is None or known.kind != ApprovalKind.RETIREMENT:
        raise NotFoundError(kind="proposal")
    with engine.transaction() as tx:
        request = tx.of(ApprovalStore).get(request_id)
        said = request.subject if request else {}
        stored = tx.of(DefinitionStore).current(said.get("kind", ""), said.get("name", ""))
    if stored is None or stored.id != known.subject_id:
        return None
    if stored.kind == DefinitionKind.ROTA and not viewer.is_system and stored.owner_unit_id not in viewer.unit_ids:
        raise NotFoundError(kind="proposal")
    return stored


def _answer(given: Answer) -> None:
    answer_retirement(given.engine, given.asked.subject_id, viewer=given.viewer, approved=given.approved)


register(
    ApprovalKind.RETIREMENT,
    Handler(
        "asks to retire a definition", "Retire it", "Keep it",
        look=lambda view: f"/waiting/{view.id}", answer=_answer, looks_first=True,
    ),
)  # fmt: skip
