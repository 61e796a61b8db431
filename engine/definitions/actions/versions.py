"""The versions of a definition: what differs between two of them, and going back to one that ran."""

import yaml

from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.definitions.actions.proposals import Change, change_of, propose_definition
from engine.definitions.actions.publish import Published, candidates, published_workflows
from engine.definitions.store import DefinitionStore
from engine.errors import NotFoundError


def compare_versions(engine: Engine, kind: str, name: str, before: int, after: int) -> Change:
    """Say what version `after` changes of version `before`; raises `NotFoundError` where one of them never ran."""
    with engine.transaction() as tx:
        ran = {one.version: one for one in tx.of(DefinitionStore).versions(kind, name)}
        if before not in ran or after not in ran:
            raise NotFoundError(kind="definition")
        return change_of(engine, ran[before], ran[after])


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
