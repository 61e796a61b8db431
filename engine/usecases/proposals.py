"""Publish a changed definition with two people: one proposes it, another looks at what differs and agrees."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

from engine.assembly import Engine
from engine.domain.four_eyes import FOUR_EYES, ApprovalRequest
from engine.domain.four_eyes import Kind as Asked
from engine.domain.policy import can
from engine.errors import AlreadyEndedError, ConflictError, NotAllowedError, NotFoundError
from engine.spec.differences import Difference, differences
from engine.spec.findings import has_errors
from engine.spec.library import Kind
from engine.stores import StoredDefinition, UnitOfWork
from engine.usecases.approvals import answer_as_it_stands, ask_second, others_who_may
from engine.usecases.candidates import Candidate, candidates
from engine.usecases.publish import (
    Published,
    contracts,
    lint_within,
    next_version,
    publish_now,
    published_workflows,
    publishing,
    refused,
    runs_already,
)
from engine.views import Viewer

_COUNTS_NO_TIME: Final = frozenset({Kind.WORKFLOW.value, Kind.RETENTION.value})
_VERSIONS: Final = "versions"


class Change(NamedTuple):
    """What a proposed version changes of the one that runs; `runs` is its number, 0 where none does."""

    kind: str
    name: str
    version: int
    runs: int
    content_hash: str
    source: str
    lines: tuple[Difference, ...]


def propose_definition(engine: Engine, *, source: str, viewer: Viewer, file: str = "definition.yaml") -> Published:
    """Propose one definition of any kind, as `propose_files` does."""
    return propose_files(engine, {file: source}, viewer=viewer)[0]


def propose_files(engine: Engine, sources: Mapping[str, str], *, viewer: Viewer) -> tuple[Published, ...]:
    """Ask that the definitions of some files are published, all of them or none, once a second person agrees.

    What is equal to what is published changes nothing and waits for nobody; the same proposal made twice waits once.
    Where nobody is yet, the machine ships what it is given at once. Raises `NotAllowedError`, `NoSecondPersonError`
    when nobody else may agree, or `DefinitionError` with the findings: nothing is changed then.
    """
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        findings = lint_within(engine, work, sources)
        if has_errors(findings):
            raise refused(findings)
        found = candidates(sources, published_workflows(work))
        for one in found:
            _require_author(viewer, one)
        if viewer.is_system and not work.directory.count_actors():
            done = tuple(publish_now(engine, work, one, author=viewer.name, now=now) for one in found)
            _recount(engine, work, [one for one in done if one.changed], by=viewer.actor_id, now=now)
        else:
            done = _proposed(engine, work, found, viewer=viewer, now=now)
        work.commit()
    engine.refresh_definitions()
    return done


def answer_proposal(engine: Engine, subject_id: UUID, *, viewer: Viewer, approved: bool) -> None:
    """Publish what was proposed, exactly as it was, as a second person; or refuse it. Who proposed it takes it back.

    Running cases stay on their version of a workflow. A new version of a calendar, ladder or law pack holds for every
    open deadline: a recount is asked for. When what runs has changed since, the request is over and who asked is told.
    Raises `ConflictError` then, `AlreadyEndedError`, `OwnApprovalError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    _require_may_answer(viewer)
    with engine.unit_of_work() as work:
        request = work.approvals.open_about(Asked.DEFINITION, subject_id)
        if request is None:
            raise AlreadyEndedError(kind="proposal")
        versions = _versions(work, request)
        for one in versions:
            work.definitions.hold(one.kind, one.name)
        is_in_time = answer_as_it_stands(
            engine, work, request, viewer=viewer, approved=approved, now=now,
            stands=lambda: _stands(engine, work, versions),
        )  # fmt: skip
        if approved and is_in_time:
            _publish(engine, work, versions, viewer=viewer, now=now)
        else:
            work.definitions.drop_proposed([one.id for one in versions])
        body = {"request_id": str(request.id), "agreed": approved, "overtaken": not is_in_time}
        work.audit.note("definitions", "DefinitionAnswered", body, actor_id=viewer.actor_id, at=now)
        work.commit()
    engine.refresh_definitions()
    if not is_in_time:
        raise ConflictError(kind="definition")


def proposed_changes(engine: Engine, request_id: UUID, *, viewer: Viewer) -> tuple[Change, ...]:
    """Say what differs between what runs and what is proposed, to who sees the request; raises `NotFoundError`."""
    known = next((one for one in engine.queries.waiting(viewer) if one.id == request_id), None)
    if known is None or known.kind != Asked.DEFINITION:
        raise NotFoundError(kind="proposal")
    with engine.unit_of_work() as work:
        request = work.approvals.get(request_id)
        versions = _versions(work, request) if request else ()
        return tuple(_change(one, work.definitions.current(one.kind, one.name)) for one in versions)


def drop_proposal(work: UnitOfWork, request: ApprovalRequest) -> None:
    """Keep what nobody agreed to in time as refused."""
    work.definitions.drop_proposed([one.id for one in _versions(work, request)])


def _proposed(
    engine: Engine, work: UnitOfWork, found: Sequence[Candidate], *, viewer: Viewer, now: datetime
) -> tuple[Published, ...]:
    running = {(one.kind, one.name): runs_already(work, one) for one in found}
    new = [one for one in found if running[one.kind, one.name] is None]
    waits = _ask(engine, work, new, viewer=viewer, now=now) if new else None
    versions = {(one.kind, one.name): one for one in _versions(work, waits)} if waits else {}
    done = []
    for one in found:
        known = running[one.kind, one.name]
        told = known or versions[one.kind, one.name]
        waits_for = waits.id if waits and known is None else None
        done.append(
            Published(one.kind, one.name, told.version, told.content_hash, changed=False, file=one.file,
                      waits_for=waits_for)
        )  # fmt: skip
    return tuple(done)


def _ask(
    engine: Engine, work: UnitOfWork, new: Sequence[Candidate], *, viewer: Viewer, now: datetime
) -> ApprovalRequest:
    """Write the versions and ask for a second person; the same asked for twice is the one that waits already."""
    said = [[one.kind, one.name, one.as_version(1).content_hash, one.source] for one in new]
    subject_id = uuid5(NAMESPACE_OID, json.dumps(said))
    for one in new:
        work.definitions.hold(one.kind, one.name)
    waiting = work.approvals.open_about(Asked.DEFINITION, subject_id)
    if waiting is not None and waiting.expires_at > now:
        return waiting
    if waiting is not None:
        drop_proposal(work, waiting)
    unit_id, people = others_who_may(work, Asked.DEFINITION, viewer, now)
    versions = [next_version(engine, work, one, author=viewer.name, status="proposed", at=now) for one in new]
    for version in versions:
        work.definitions.propose(version, at=now)
    request = ask_second(
        engine, work, Asked.DEFINITION, subject_id, asked_by=None if viewer.is_system else viewer.actor_id, now=now,
        unit_id=unit_id, subject={_VERSIONS: [str(one.id) for one in versions]}, seen=_stands(engine, work, versions),
        people=people,
    )  # fmt: skip
    body = {"request_id": str(request.id), "hashes": [one.content_hash for one in versions]}
    work.audit.note("definitions", "DefinitionProposed", body, actor_id=request.asked_by, at=now)
    return request


def _publish(
    engine: Engine, work: UnitOfWork, versions: Sequence[StoredDefinition], *, viewer: Viewer, now: datetime
) -> None:
    texts = {(one.kind, one.name): one for one in candidates(_sources(versions), published_workflows(work))}
    for one in versions:
        known = contracts(engine, texts[one.kind, one.name])
        work.definitions.publish_proposed(one, contract_hashes=known, approver=viewer.name, at=now)
    done = [Published(one.kind, one.name, one.version, one.content_hash, changed=True) for one in versions]
    _recount(engine, work, done, by=viewer.actor_id, now=now)


def _recount(engine: Engine, work: UnitOfWork, done: Iterable[Published], *, by: UUID, now: datetime) -> None:
    for one in done:
        if one.kind not in _COUNTS_NO_TIME:
            work.recounts.ask(engine.entropy.uuid(), kind=one.kind, name=one.name, by=by, at=now)


def _stands(engine: Engine, work: UnitOfWork, versions: Sequence[StoredDefinition]) -> str:
    """Give a hash of what would be published and of what runs: another one means that something changed since."""
    sources = _sources(versions)
    if has_errors(lint_within(engine, work, sources)):
        return "does not fit"
    texts = {(one.kind, one.name): one for one in candidates(sources, published_workflows(work))}
    lines = []
    for one in versions:
        runs, text = work.definitions.current(one.kind, one.name), texts[one.kind, one.name]
        lines.append(
            [one.kind, one.name, one.version, one.content_hash, text.as_version(one.version).content_hash,
             runs.content_hash if runs else ""]
        )  # fmt: skip
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def _sources(versions: Iterable[StoredDefinition]) -> dict[str, str]:
    return {f"{one.kind}-{one.name}.yaml": one.source for one in versions}


def _versions(work: UnitOfWork, request: ApprovalRequest) -> tuple[StoredDefinition, ...]:
    return work.definitions.proposed([UUID(one) for one in request.subject[_VERSIONS]])


def _change(one: StoredDefinition, runs: StoredDefinition | None) -> Change:
    lines = differences(runs.flattened if runs else None, one.flattened)
    return Change(one.kind, one.name, one.version, runs.version if runs else 0, one.content_hash, one.source, lines)


def _require_author(viewer: Viewer, one: Candidate) -> None:
    action = publishing(one.kind)
    if not can(viewer, action):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def _require_may_answer(viewer: Viewer) -> None:
    """Refuse who has no part in it, the machine itself too: it is not a second person."""
    action = FOUR_EYES[Asked.DEFINITION].answers
    if viewer.is_system or not can(viewer, action):
        raise NotAllowedError(actor=viewer.name, action=action.value)
