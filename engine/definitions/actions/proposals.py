"""Publish a changed definition with two people: one proposes it, one of its owner's looks at what differs and agrees.

What is everybody's belongs to the hub's body: calendars, law packs and retention policies always, workflows and ladders
unless a unit made them for its own cases.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

from engine.approvals.actions.approvals import (
    Answer,
    Handler,
    ask_second,
    names_of_answerers,
    register,
    take_answer,
    who_answers,
)
from engine.approvals.records import FOUR_EYES, ApprovalKind, ApprovalRequest
from engine.approvals.store import ApprovalStore
from engine.approvals.views import waiting as waiting_view
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.policy import Viewer, can, units_that_let
from engine.db.transaction import Transaction
from engine.deadlines.actions.limits import recount_deadlines
from engine.definitions.actions.publish import (
    COUNTS_NO_TIME,
    Candidate,
    Published,
    candidates,
    contracts,
    ladders_of,
    look_through,
    mark_of,
    next_version,
    publish_now,
    published_workflows,
    publishing,
    refused,
    require_author,
    rota_problems,
    runs_already,
)
from engine.definitions.records import StoredDefinition
from engine.definitions.store import DefinitionStore, RecountStore
from engine.errors import AlreadyEndedError, ConflictError, NotAllowedError, NotFoundError
from engine.language.changes import ChangeSentence, changes_in_words, name_changes
from engine.language.editing import Difference, differences
from engine.language.findings import has_errors
from engine.language.library import DefinitionKind
from engine.language.lint.other_files import of_another_unit
from engine.language.rotas import with_names
from engine.language.telling import Tell, in_english
from engine.language.texts import replaced
from engine.language.workflow import Workflow, own_changes
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import Unit
from engine.people.store import DirectoryStore
from engine.people.viewer import hub_units, leads_of

_AT_ONCE: Final = 200
_PAGES: Final = {DefinitionKind.WORKFLOW.value: "/workflows/{name}", DefinitionKind.ROTA.value: "/on-call"}
_VERSIONS: Final = "versions"
_MAY_BE_OF_A_UNIT: Final = frozenset({DefinitionKind.WORKFLOW.value, DefinitionKind.LADDER.value})
_OF_A_PLACE: Final = frozenset({DefinitionKind.CALENDAR.value, DefinitionKind.RETENTION.value})
_COUNTRY: Final = re.compile(r"[A-Z]{2}(-|$)")


class Change(NamedTuple):
    """What a proposed version changes of the one that runs; `runs` is its number, 0 where none does.

    Of a workflow, `workflows` are the one that runs, None where none does, and the one that is proposed.
    """

    kind: str
    name: str
    version: int
    runs: int
    content_hash: str
    source: str
    lines: tuple[Difference, ...]
    said: tuple[ChangeSentence, ...]
    title: str = ""
    workflows: tuple[Workflow | None, Workflow] | None = None

    @property
    def about(self) -> str:
        """What it is, and what weighs most of its changes, for a list."""
        if self.kind == DefinitionKind.ROTA:
            return f"Who is on call: {len(self.said)} {'change' if len(self.said) == 1 else 'changes'}."
        more = f" And {len(self.said) - 1} more." if len(self.said) > 1 else ""
        said = self.said[0].words if self.said else "Nothing but its number differs."
        return f"{self.kind.capitalize()} “{self.title or self.name}”: {said}{more}"


def propose_definition(engine: Engine, *, source: str, viewer: Viewer, file: str = "definition.yaml") -> Published:
    """Propose one definition of any kind, as `propose_files` does."""
    return propose_files(engine, {file: source}, viewer=viewer)[0]


def propose_files(engine: Engine, sources: Mapping[str, str], *, viewer: Viewer) -> tuple[Published, ...]:
    """Ask that the definitions of some files are published, all of them or none, once a second person agrees.

    It goes to those who may agree in the unit that owns all of them, else in the hub's body: never to anybody else.
    What is equal to what is published changes nothing and waits for nobody; the same proposal made twice waits once.
    Where nobody is yet, the machine ships what it is given at once. Raises `NotAllowedError`, `NoSecondPersonError`
    when nobody else may agree, or `DefinitionError` with the findings: nothing is changed then.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        findings, found = look_through(engine, tx, sources)
        if has_errors(findings):
            raise refused(findings)
        for one in found:
            require_author(viewer, one.kind, one.name)
        if strangers := rota_problems(tx, found):
            raise refused(strangers)
        if viewer.is_system and not tx.of(DirectoryStore).count_actors():
            done = tuple(publish_now(engine, tx, one, author=viewer.name, now=now) for one in found)
            _recount(engine, tx, [one for one in done if one.changed], by=viewer.actor_id, now=now)
        else:
            done = _proposed(engine, tx, found, viewer=viewer, now=now)
        tx.commit()
    engine.refresh_definitions()
    return done


def answer_proposal(engine: Engine, subject_id: UUID, *, viewer: Viewer, approved: bool) -> None:
    """Publish what was proposed, exactly as it was, as a second person; or refuse it. Who proposed it takes it back.

    Running cases stay on their version of a workflow, and escalations that have begun on their ladder. A new version of
    a calendar, ladder or law pack holds for every other open deadline: a recount is asked for. Those who lead the units
    whose cases it touches are told. When what runs, or whose it is, has changed since, the request is over and who
    asked is told.
    Raises `ConflictError` then, `AlreadyEndedError`, `OwnApprovalError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    require_may_answer(viewer)
    with engine.transaction() as tx:
        request = tx.of(ApprovalStore).open_about(ApprovalKind.DEFINITION, subject_id)
        if request is None:
            raise AlreadyEndedError(kind="proposal")
        versions = _versions(tx, request)
        lock_all(tx, [(one.kind, one.name) for one in versions])
        answered = take_answer(
            engine, tx, ApprovalKind.DEFINITION, subject_id, viewer=viewer, approved=approved, now=now,
            stands=lambda: _stands(engine, tx, versions) if _is_its_owners(tx, request, versions) else "",
        )  # fmt: skip
        is_in_time = not answered.is_overtaken
        if approved and is_in_time:
            _publish(engine, tx, versions, viewer=viewer, now=now)
            notify_leads(tx, engine, request, versions, viewer=viewer, now=now)
        else:
            tx.of(DefinitionStore).drop_proposed([one.id for one in versions])
        body = {"request_id": str(request.id), "agreed": approved, "overtaken": not is_in_time}
        tx.of(AuditLogStore).note("definitions", "DefinitionAnswered", body, actor_id=viewer.actor_id, at=now)
        tx.commit()
    engine.refresh_definitions()
    if not is_in_time:
        raise ConflictError(kind="definition")


def lock_all(tx: Transaction, names: Iterable[tuple[str, str]]) -> None:
    """Keep others from agreeing to any definition until the transaction ends, and see what they agreed to before.

    What one refers to is retired, or published, before or after it: never at once.
    """
    tx.of(DefinitionStore).hold("definitions", "agreed")
    for kind, name in names:
        tx.of(DefinitionStore).hold(kind, name)
    tx.library()


def proposed_changes(
    engine: Engine, request_id: UUID, *, viewer: Viewer, tell: Tell = in_english
) -> tuple[Change, ...]:
    """Return what differs between what runs and what is proposed, for who sees the request; raises `NotFoundError`.

    A rota is shown to nobody outside its unit, nor to who proposed it and has left.
    """
    known = next((one for one in engine.ask(waiting_view, viewer) if one.id == request_id), None)
    if known is None or known.kind != ApprovalKind.DEFINITION:
        raise NotFoundError(kind="proposal")
    with engine.transaction() as tx:
        request = tx.of(ApprovalStore).get(request_id)
        versions = _versions(tx, request) if request else ()
        owners = {one.owner_unit_id for one in versions if one.kind == DefinitionKind.ROTA}
        if not viewer.is_system and not owners <= {*viewer.unit_ids}:
            raise NotFoundError(kind="proposal")
        return _changes(engine, tx, versions, tell)


def drop_proposal(tx: Transaction, request: ApprovalRequest) -> None:
    """Keep what nobody agreed to in time as refused."""
    tx.of(DefinitionStore).drop_proposed([one.id for one in _versions(tx, request)])


def _proposed(
    engine: Engine, tx: Transaction, found: Sequence[Candidate], *, viewer: Viewer, now: datetime
) -> tuple[Published, ...]:
    running = {(one.kind, one.name): runs_already(tx, one) for one in found}
    new = [one for one in found if running[one.kind, one.name] is None]
    waits = _ask(engine, tx, new, viewer=viewer, now=now) if new else None
    people = names_of_answerers(tx, waits) if waits else ()
    versions = {(one.kind, one.name): one for one in _versions(tx, waits)} if waits else {}
    done = []
    for one in found:
        known = running[one.kind, one.name]
        told = known or versions[one.kind, one.name]
        waits_for = waits.id if waits and known is None else None
        done.append(
            Published(one.kind, one.name, told.version, told.content_hash, changed=False, file=one.file,
                      waits_for=waits_for, people=people if waits_for else ())
        )  # fmt: skip
    return tuple(done)


def _ask(
    engine: Engine, tx: Transaction, new: Sequence[Candidate], *, viewer: Viewer, now: datetime
) -> ApprovalRequest:
    """Write the versions and ask for a second person; the same asked for twice is the one that waits already."""
    said = [[one.kind, one.name, one.as_version(1).content_hash, one.source] for one in new]
    subject_id = uuid5(NAMESPACE_OID, json.dumps(said))
    for one in new:
        tx.of(DefinitionStore).hold(one.kind, one.name)
    waiting = tx.of(ApprovalStore).open_about(ApprovalKind.DEFINITION, subject_id)
    if waiting is not None and waiting.expires_at > now:
        return waiting
    if waiting is not None:
        drop_proposal(tx, waiting)
    owners = {(one.kind, one.name): _owner(tx, one, viewer) for one in new}
    _require_own_ladders(tx, new, owners)
    whose = set(owners.values())
    is_rota = any(one.kind == DefinitionKind.ROTA for one in new)
    units = units_that_agree(tx, whose.pop() if len(whose) == 1 else None, viewer, is_rota=is_rota)
    unit_id, people = who_answers(tx, ApprovalKind.DEFINITION, units, but={viewer.actor_id})
    versions = [
        next_version(engine, tx, one, author=viewer.name, status="proposed", at=now, owner=owners[one.kind, one.name])
        for one in new
    ]
    for version in versions:
        tx.of(DefinitionStore).propose(version, at=now)
    request = ask_second(
        engine, tx, ApprovalKind.DEFINITION, subject_id, asked_by=viewer.acting_id,
        now=now, unit_id=unit_id,
        subject={_VERSIONS: [str(one.id) for one in versions],
                 "about": " ".join(one.about for one in _changes(engine, tx, versions))},
        seen=_stands(engine, tx, versions), people=people,
    )  # fmt: skip
    body = {"request_id": str(request.id), "hashes": [one.content_hash for one in versions]}
    tx.of(AuditLogStore).note("definitions", "DefinitionProposed", body, actor_id=request.asked_by, at=now)
    return request


def _owner(tx: Transaction, one: Candidate, viewer: Viewer) -> UUID | None:
    """Return the unit for whose own cases a definition is; None for what is everybody's, which is the hub's."""
    if one.kind == DefinitionKind.ROTA:
        return UUID(one.name)
    if known := tx.of(DefinitionStore).versions(one.kind, one.name):
        return known[0].owner_unit_id
    mine = units_that_let(viewer, publishing(one.kind))
    is_everybodys = viewer.is_system or one.kind not in _MAY_BE_OF_A_UNIT or not mine.isdisjoint(hub_units(tx))
    return None if is_everybodys else min(mine)


def units_that_agree(tx: Transaction, own: UUID | None, viewer: Viewer, *, is_rota: bool) -> tuple[UUID, ...]:
    """Return the units one of which agrees: the owner, then those of the hub's body, that of who proposes first.

    A rota names people of its unit, and is shown to nobody else.
    """
    hub = () if is_rota else sorted(hub_units(tx), key=lambda unit_id: unit_id not in viewer.unit_ids)
    return tuple(hub) if own is None else (own, *hub)


def _is_its_owners(tx: Transaction, request: ApprovalRequest, versions: Sequence[StoredDefinition]) -> bool:
    """Whether a request waits in a unit whose people may agree to it, as things are now."""
    owners = {one.owner_unit_id for one in versions}
    return request.unit_id in hub_units(tx) or owners == {request.unit_id}


def _require_own_ladders(
    tx: Transaction, new: Sequence[Candidate], owners: Mapping[tuple[str, str], UUID | None]
) -> None:
    """Refuse a workflow that leads to a ladder of a unit whose it is not: that unit could change it alone."""
    findings = []
    for one in new:
        for name in sorted(ladders_of(one.record)):
            known = tx.of(DefinitionStore).current(DefinitionKind.LADDER.value, name)
            whose = known.owner_unit_id if known else owners.get((DefinitionKind.LADDER.value, name))
            if whose is not None and whose != owners[one.kind, one.name]:
                findings.append(of_another_unit(one.file, name))
    if findings:
        raise refused(findings)


def notify_leads(
    tx: Transaction,
    engine: Engine,
    request: ApprovalRequest,
    versions: Sequence[StoredDefinition],
    *,
    viewer: Viewer,
    now: datetime,
) -> None:
    """Tell those who lead a unit whose cases a changed definition touches, not who proposed it or agreed."""
    one = versions[0]
    page = _PAGES.get(one.kind, f"/definitions/{one.kind}/{{name}}").format(name=one.name)
    touched = [unit for unit in tx.of(DirectoryStore).units() if any(_touches(each, unit) for each in versions)]
    people = {
        person.id: person
        for unit in touched
        for person in leads_of(tx, unit.id, but={viewer.actor_id, request.asked_by})
    }
    notify_of_system(
        engine, tx, kind="rules_changed", rule=f"{request.id}|published", people=people.values(),
        channels=(IN_APP, EMAIL), link=page if len(versions) == 1 else "/workflows", now=now,
    )  # fmt: skip


def _touches(one: StoredDefinition, unit: Unit) -> bool:
    """Whether the cases of a unit may count by a definition: its own, or one of everybody in its country."""
    place = one.name if one.kind == DefinitionKind.CALENDAR else str(one.flattened.get("jurisdiction", ""))
    country = place.partition("-")[0]
    is_elsewhere = one.kind in _OF_A_PLACE and _COUNTRY.match(place) and country != unit.jurisdiction.partition("-")[0]
    return one.serves(unit.id) and not is_elsewhere


def _publish(
    engine: Engine, tx: Transaction, versions: Sequence[StoredDefinition], *, viewer: Viewer, now: datetime
) -> None:
    texts = {(one.kind, one.name): one for one in candidates(engine, _sources(versions), published_workflows(tx))}
    for one in versions:
        known = contracts(engine, texts[one.kind, one.name])
        tx.of(DefinitionStore).publish_proposed(one, contract_hashes=known, at=now)
    done = [Published(one.kind, one.name, one.version, one.content_hash, changed=True) for one in versions]
    _recount(engine, tx, done, by=viewer.actor_id, now=now)


def _recount(engine: Engine, tx: Transaction, done: Iterable[Published], *, by: UUID, now: datetime) -> None:
    for one in done:
        if one.kind not in COUNTS_NO_TIME:
            tx.of(RecountStore).ask(engine.entropy.uuid(), kind=one.kind, name=one.name, by=by, at=now)


def _stands(engine: Engine, tx: Transaction, versions: Sequence[StoredDefinition]) -> str:
    """Return a hash of what would be published and of what runs: another one means that something changed since."""
    sources = _sources(versions)
    findings, found = look_through(engine, tx, sources)
    if has_errors(findings) or rota_problems(tx, found):
        return "does not fit"
    texts = {(one.kind, one.name): one for one in found}
    lines = []
    for one in versions:
        runs, text = tx.of(DefinitionStore).current(one.kind, one.name), texts[one.kind, one.name]
        lines.append(
            [one.kind, one.name, one.version, one.content_hash, text.as_version(one.version).content_hash,
             mark_of(tx, runs)]
        )  # fmt: skip
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def _sources(versions: Iterable[StoredDefinition]) -> dict[str, str]:
    return {f"{one.kind}-{one.name}.yaml": one.source for one in versions}


def _versions(tx: Transaction, request: ApprovalRequest) -> tuple[StoredDefinition, ...]:
    return tx.of(DefinitionStore).proposed([UUID(one) for one in request.subject[_VERSIONS]])


def _changes(
    engine: Engine, tx: Transaction, versions: Sequence[StoredDefinition], tell: Tell = in_english
) -> tuple[Change, ...]:
    stored = tx.of(DefinitionStore)
    return tuple(change_of(engine, tx, stored.current(one.kind, one.name), one, tell) for one in versions)


def change_of(
    engine: Engine, tx: Transaction, runs: StoredDefinition | None, one: StoredDefinition, tell: Tell
) -> Change:
    """Say what differs between two versions, in sentences as `tell` has them and line by line."""
    before, after, name = runs.flattened if runs else None, one.flattened, one.name
    library, workflows = engine.library(), None
    laws = library.law_words(engine.clock.now().date(), tell)
    if one.kind == DefinitionKind.WORKFLOW:
        before, after = own_changes(before, engine.catalogue) if before else None, own_changes(after, engine.catalogue)
        workflows = Workflow.model_validate(before) if before else None, Workflow.model_validate(after)
    elif one.kind == DefinitionKind.MESSAGE:
        shipped = engine.renderer.shipped(one.name)
        before, after = {"text": shipped, **(before or {})}, {"text": shipped, **after}
    elif one.kind == DefinitionKind.DOCUMENT:
        before, after = ({"text": _printed(engine, one.name, said)} for said in (before or {}, after))
    elif one.kind == DefinitionKind.ROTA:
        unit = tx.of(DirectoryStore).unit(UUID(one.name))
        name = unit.name if unit else ""
        names = {person.email: person.name for person in tx.of(DirectoryStore).of_unit(UUID(one.name))}
        before, after = (with_names(said, names) for said in (before or {"begins": one.flattened["begins"]}, after))
    said = changes_in_words(one.kind, before, after, engine.catalogue, laws, library.ladders, tell=tell)
    if runs and workflows:
        said += name_changes(runs.source, one.source, after, engine.catalogue, tell=tell)
    return Change(
        one.kind, name, one.version, runs.version if runs else 0, one.content_hash, one.source,
        differences(before, after), said, one.title, workflows,
    )  # fmt: skip


def _printed(engine: Engine, name: str, flattened: Mapping[str, Any]) -> str:
    """Return all words of a paper, each on a line, with those that a definition of it puts in their place."""
    texts = replaced(flattened)
    return "\n".join(texts.get(one.release, one.release) for one in engine.papers.words(name))


def require_may_answer(viewer: Viewer) -> None:
    """Refuse who has no part in it, the machine itself too: it is not a second person."""
    action = FOUR_EYES[ApprovalKind.DEFINITION].answers
    if viewer.is_system or not can(viewer, action):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def _answer(given: Answer) -> None:
    answer_proposal(given.engine, given.asked.subject_id, viewer=given.viewer, approved=given.approved)
    recount_deadlines(given.engine, limit=_AT_ONCE)


register(
    ApprovalKind.DEFINITION,
    Handler(
        "asks to publish a changed definition", "Publish this", "Do not publish it",
        look=lambda view: f"/waiting/{view.id}", answer=_answer,
        lapse=lambda late: drop_proposal(late.tx, late.request), looks_first=True,
    ),
)  # fmt: skip
