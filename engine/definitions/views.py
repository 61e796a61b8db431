"""The definitions that run: workflows, ladders, calendars, law packs, templates."""

from collections.abc import Iterable

from sqlalchemy import Select, String, and_, cast, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from engine.db.reading import Reading, Row, few
from engine.db.shape import ACTOR, DEFINITION, REQUEST, UNIT, is_one_of
from engine.definitions.records import DefinitionView, RetirementView
from engine.errors import NotFoundError

_SAME = ("kind", "name", "version", "title", "content_hash", "status", "author", "published_at", "source")
_PUBLISHED = is_one_of(DEFINITION.c.status, "published")
_RETIRED = is_one_of(DEFINITION.c.status, "retired")
_RAN = DEFINITION.c.status.in_(("published", "retired"))
"""What waits for a second person, or was refused, is shown to who answers it only."""


def definitions(reading: Reading, *kinds: str) -> tuple[DefinitionView, ...]:
    """List the published definitions of some kinds, or the workflows, by name, each in its newest version."""
    wanted = list(kinds or ("workflow",))
    place = func.array_position(wanted, DEFINITION.c.kind)
    newest = _select().where(_PUBLISHED, DEFINITION.c.kind.in_(wanted)).ext(distinct_on(place, DEFINITION.c.name))
    return _views(reading.rows(newest.order_by(place, DEFINITION.c.name, DEFINITION.c.version.desc())))


def definition(reading: Reading, kind: str, name: str, version: int | None = None) -> DefinitionView:
    """Return the version of a definition that runs, else the newest that ran, or the one asked for.

    Raises `NotFoundError`.
    """
    statement = _select().where(DEFINITION.c.kind == kind, DEFINITION.c.name == name, _RAN)
    wanted = true() if version is None else DEFINITION.c.version == version
    newest = ((DEFINITION.c.status == "published").desc(), DEFINITION.c.version.desc())
    rows = reading.rows(statement.where(wanted).order_by(*newest).limit(few(1)))
    if not rows:
        raise NotFoundError(kind="definition")
    return _views(rows)[0]


def versions(reading: Reading, kind: str, name: str) -> tuple[DefinitionView, ...]:
    """List the versions of a definition that run or ran, the newest first, each with who agreed to it."""
    is_about_it = REQUEST.c.subject["versions"].has_key(cast(DEFINITION.c.id, String))
    agreed = select(func.max(ACTOR.c.name)).where(
        ACTOR.c.id == REQUEST.c.answered_by, REQUEST.c.kind == "definition", REQUEST.c.approved, is_about_it
    )
    of_name = _select().add_columns(func.coalesce(agreed.scalar_subquery(), "").label("approver"))
    of_name = of_name.where(DEFINITION.c.kind == kind, DEFINITION.c.name == name, _RAN)
    return _views(reading.rows(of_name.order_by(DEFINITION.c.version.desc())))


def retirement(reading: Reading, kind: str, name: str) -> RetirementView | None:
    """Return that somebody asks to retire what runs under a name, or did where nothing runs; None for neither."""
    asker, second = ACTOR.alias("asker"), ACTOR.alias("second")
    is_about = and_(DEFINITION.c.id == REQUEST.c.subject_id, DEFINITION.c.kind == kind, DEFINITION.c.name == name)
    newer = DEFINITION.alias("newer")
    runs_since = exists().where(
        newer.c.kind == kind, newer.c.name == name, newer.c.status == "published",
        newer.c.published_at >= REQUEST.c.answered_at,
    )  # fmt: skip
    waits = and_(REQUEST.c.answered_at.is_(None), REQUEST.c.expires_at > reading.now)
    rows = reading.rows(
        select(
            DEFINITION.c.kind, DEFINITION.c.name, REQUEST.c.subject["reason"].astext.label("reason"),
            func.coalesce(asker.c.name, "").label("asked_by"), REQUEST.c.asked_at,
            func.coalesce(second.c.name, "").label("agreed_by"), REQUEST.c.answered_at.label("retired_at"),
            REQUEST.c.id.label("request_id"),
        )
        .select_from(
            REQUEST.join(DEFINITION, is_about)
            .outerjoin(asker, asker.c.id == REQUEST.c.asked_by)
            .outerjoin(second, second.c.id == REQUEST.c.answered_by)
        )
        .where(REQUEST.c.kind == "retirement", or_(waits, and_(REQUEST.c.approved, ~runs_since)))
        .order_by(REQUEST.c.asked_at.desc())
        .limit(few(1))
    )  # fmt: skip
    return RetirementView(**rows[0]) if rows else None


def retired(reading: Reading) -> tuple[DefinitionView, ...]:
    """List what ran and of which nothing runs, by kind and name, each in its newest version; rotas are their unit's."""
    newer = DEFINITION.alias("newer")
    runs = exists().where(
        newer.c.kind == DEFINITION.c.kind, newer.c.name == DEFINITION.c.name, newer.c.status == "published"
    )
    newest = _select().where(_RETIRED, DEFINITION.c.kind != "rota", ~runs)
    newest = newest.ext(distinct_on(DEFINITION.c.kind, DEFINITION.c.name))
    return _views(reading.rows(newest.order_by(DEFINITION.c.kind, DEFINITION.c.name, DEFINITION.c.version.desc())))


def published_workflows(reading: Reading) -> tuple[tuple[str, int, str, str], ...]:
    """List the workflows that run: name, version, content hash, title."""
    return tuple((view.name, view.version, view.content_hash, view.title) for view in definitions(reading, "workflow"))


def _select() -> Select[tuple[object, ...]]:
    owner = func.coalesce(UNIT.c.name, "").label("owner")
    of_unit = DEFINITION.outerjoin(UNIT, UNIT.c.id == DEFINITION.c.owner_unit_id)
    return select(*(DEFINITION.c[name] for name in _SAME), owner).select_from(of_unit)


def _views(rows: Iterable[Row]) -> tuple[DefinitionView, ...]:
    return tuple(DefinitionView(**row) for row in rows)
