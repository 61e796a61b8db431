"""Drafts of definitions, which their author saves, undoes and proposes; and versions, compared and gone back to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import yaml

from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.definitions.actions.proposals import Change, change_of, propose_definition
from engine.definitions.actions.publish import (
    Published,
    candidates,
    mark_of,
    published_workflows,
    require_author,
    rota_problems,
)
from engine.definitions.records import StoredDefinition, StoredDraft
from engine.definitions.store import DefinitionDraftStore, DefinitionStore
from engine.errors import NotFoundError
from engine.language.extends import LoadedWorkflow, Source, assemble
from engine.language.findings import Finding
from engine.language.library import DefinitionKind, Definitions
from engine.language.lint.other_files import rota_of_another_unit
from engine.language.telling import Tell, in_english
from engine.language.yaml_files import read_yaml


class DefinitionDraft(NamedTuple):
    """A draft as its author sees it: `number` is 0 for what runs, of which nothing was changed yet.

    `is_behind` when something else was published since it was begun. `others` have a draft of it too. `loaded` is the
    workflow that the text amounts to, `inherited` what it extends as plain data. `change` is what it would change of
    what runs, None where the text does not fit; `findings` say why.
    """

    kind: str
    name: str
    source: str
    number: int
    saved_at: datetime | None
    is_behind: bool
    others: tuple[str, ...]
    loaded: LoadedWorkflow | None
    inherited: Mapping[str, Any]
    change: Change | None
    findings: tuple[Finding, ...]


def open_draft(
    engine: Engine, kind: str, name: str, *, viewer: Viewer, begun_from: str = "", tell: Tell = in_english
) -> DefinitionDraft:
    """Return the viewer's draft of a definition, or what runs, or the text that one is begun from.

    Raises `NotFoundError`, `NotAllowedError`.
    """
    require_author(viewer, kind, name)
    with engine.transaction() as tx:
        drafts = tx.of(DefinitionDraftStore).newest(kind, name)
        runs = tx.of(DefinitionStore).current(kind, name)
        known = next((one for one, _ in drafts if one.author_id == viewer.actor_id), None)
        source = (known.source if known else runs.source if runs else "") or begun_from
        if not source:
            raise NotFoundError(kind="definition")
        around, file = published_workflows(tx), f"{name}.yaml"
        base = mark_of(tx, runs)
        change, strangers = _change(engine, tx, (kind, name), Source(file, source), around, runs, tell)
    loaded, inherited = _loaded(source, around, file) if kind == "workflow" else (None, {})
    return DefinitionDraft(
        kind, name, source, known.number if known else 0, known.saved_at if known else None,
        is_behind=known is not None and base != known.base_hash,
        others=tuple(who for one, who in drafts if one.author_id != viewer.actor_id), loaded=loaded,
        inherited=inherited, change=change, findings=(*engine.lint({file: source}, around), *strangers),
    )  # fmt: skip


def my_drafts(engine: Engine, *, viewer: Viewer) -> tuple[tuple[str, str, datetime], ...]:
    """List what the viewer has drafts of: kind, name, and when it was saved last (UTC)."""
    with engine.transaction() as tx:
        return tx.of(DefinitionDraftStore).of(viewer.actor_id)


def save_draft(engine: Engine, kind: str, name: str, source: str, *, viewer: Viewer) -> None:
    """Save what the viewer has written; the same text again is not saved twice. Raises `NotAllowedError`."""
    require_author(viewer, kind, name)
    with engine.transaction() as tx:
        tx.of(DefinitionStore).hold(kind, name)
        drafts = tx.of(DefinitionDraftStore).newest(kind, name)
        known = next((one for one, _ in drafts if one.author_id == viewer.actor_id), None)
        runs = tx.of(DefinitionStore).current(kind, name)
        if source == (known.source if known else runs.source if runs else None):
            return
        number = known.number + 1 if known else 1
        base_hash = known.base_hash if known else mark_of(tx, runs)
        tx.of(DefinitionDraftStore).add(
            StoredDraft(
                engine.entropy.uuid(), kind, name, viewer.actor_id, number, source, base_hash, engine.clock.now()
            )
        )
        tx.commit()


def undo_draft(engine: Engine, kind: str, name: str, *, viewer: Viewer, whole: bool = False) -> None:
    """Forget what the viewer saved last, or the `whole` draft; raises `NotAllowedError`."""
    require_author(viewer, kind, name)
    with engine.transaction() as tx:
        drafts = tx.of(DefinitionDraftStore).newest(kind, name)
        known = next((one for one, _ in drafts if one.author_id == viewer.actor_id), None)
        if known is not None:
            tx.of(DefinitionDraftStore).drop(kind, name, viewer.actor_id, number=0 if whole else known.number)
            tx.commit()


def _loaded(source: str, around: Definitions, file: str) -> tuple[LoadedWorkflow, Mapping[str, Any]]:
    """Return the workflow of a text, and what it inherits."""
    document = read_yaml(source, file=file)
    base = document.data.get("extends") if isinstance(document.data, dict) else None
    below = around.workflow_source(base) if isinstance(base, str) else None
    known = around.names(DefinitionKind.WORKFLOW)
    loaded = assemble(document, library=around.workflow_source, known=known)
    if below is None:
        return loaded, {}
    inherited = assemble(read_yaml(below.text, file=below.file), library=around.workflow_source)
    return loaded, inherited.merged.data


def _change(
    engine: Engine,
    tx: Transaction,
    of: tuple[str, str],
    source: Source,
    around: Definitions,
    runs: StoredDefinition | None,
    tell: Tell,
) -> tuple[Change | None, tuple[Finding, ...]]:
    """Return what would change of what runs, None where the text does not fit; and what is wrong with whom it names.

    Of a rota of another unit nothing is said: who wrote it may not know who is there.
    """
    found = candidates(engine, {source.file: source.text}, around)
    if not found:
        return None, ()
    one = found[0]
    if DefinitionKind.ROTA in {one.kind, of[0]} and (one.kind, one.name) != of:
        return None, (rota_of_another_unit(source.file),)
    new = StoredDefinition(
        engine.entropy.uuid(), one.kind, one.name, one.version, one.title, "draft", one.content_hash, source.text,
        one.flattened,
    )  # fmt: skip
    return change_of(engine, tx, runs, new, tell), rota_problems(tx, found)


def compare_versions(
    engine: Engine, kind: str, name: str, before: int, after: int, *, tell: Tell = in_english
) -> Change:
    """Say what version `after` changes of version `before`; raises `NotFoundError` where one of them never ran."""
    with engine.transaction() as tx:
        ran = {one.version: one for one in tx.of(DefinitionStore).versions(kind, name)}
        if before not in ran or after not in ran:
            raise NotFoundError(kind="definition")
        return change_of(engine, tx, ran[before], ran[after], tell)


def roll_back(engine: Engine, kind: str, name: str, version: int, *, viewer: Viewer) -> Published:
    """Propose that a version runs again that ran before: the same content, with the same hash, under a new number.

    Where what it extended has changed since, its text is written out whole. Raises like `propose_definition`, and
    `NotFoundError`.
    """
    with engine.transaction() as tx:
        former = next((one for one in tx.of(DefinitionStore).versions(kind, name) if one.version == version), None)
        if former is None:
            raise NotFoundError(kind="definition")
        found = candidates(engine, {"former.yaml": former.source}, published_workflows(tx))
    is_same = any(one.is_content_of(former) for one in found)
    whole = yaml.safe_dump(dict(former.flattened), sort_keys=False, allow_unicode=True, width=120)
    return propose_definition(engine, source=former.source if is_same else whole, viewer=viewer)
