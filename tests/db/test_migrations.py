"""A database of the first shape is brought to the newest with all that is in it; code and schema name the same."""

from typing import Any
from uuid import UUID, uuid4

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy import Engine as SqlEngine

from engine.access.actions.recusals import answer_lift, end_recusal, recuse
from engine.approvals.views import waiting
from engine.cases.access_store import AccessStore
from engine.cases.views.lists import cases
from engine.core.access import RecusalReason
from engine.db.migrate import _revisions, migrate, newest_revision, revision_of
from engine.db.migrations.upgrade import config_of_migrations
from engine.db.rights import NOBODYS
from engine.db.tables import METADATA
from engine.db.walls import gaps_in_the_wall
from engine.definitions.actions.proposals import answer_proposal, propose_definition
from engine.persons.actions.links import answer_merge, ask_merge
from tests.conftest import writer_of
from tests.kit.trial import VISIT
from tests.kit.world import LOOKED, World

_CALLS = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'calls'"


_OF_DENIALS = "SELECT id, case_id, actor_id, unit_id, reason_code, set_by, lifted_by, lifted_second_by FROM denial"
_OF_CONFLICTS = "SELECT case_id, actor_id, reason_code, noted_by, ended_at IS NULL FROM conflict ORDER BY actor_id"


def _to(connection: Connection, revision: str) -> None:
    config = config_of_migrations()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return [f"{what} {of.name}" for what, of in compare_metadata(context, METADATA)]


def _all(world: World) -> list[str]:
    return sorted(world.dump().splitlines())


def _asked(world: World) -> UUID:
    """Open a case in which work waits, a time limit runs and somebody was told that it is late."""
    case_id = world.at_look().case_id
    world.later(hours=11)
    world.fire()
    return case_id


def test_a_database_of_the_first_shape_comes_to_the_newest_and_its_cases_go_on(world: World) -> None:
    case_id, before = _asked(world), _all(world)
    sql = create_engine(world.owner_url)
    with sql.begin() as connection:
        _to(connection, "0001")
        assert revision_of(connection) == "0001"
    assert world.rows(_CALLS) == []
    assert migrate(world.owner_url) == newest_revision()
    assert _all(world) == before
    with sql.connect() as connection:
        assert _differences(connection) == [f"remove_table {name}" for name in NOBODYS]
    sql.dispose()
    assert world.engine.reader.rights_beyond() == ()
    writer = writer_of(world.urls)
    with writer.connect() as connection:
        assert gaps_in_the_wall(connection) == ()
    writer.dispose()
    world.complete(world.item(case_id, "look"), by="caseworker", answers=LOOKED)


def test_the_files_of_migrations_are_named_after_their_revisions_and_the_last_is_the_one_head() -> None:
    scripts = ScriptDirectory.from_config(config_of_migrations())
    assert {script.revision for script in scripts.walk_revisions()} == _revisions()
    assert scripts.get_heads() == [newest_revision()]


def test_a_start_changes_no_table_whose_shape_and_guard_are_there(world: World) -> None:
    told: list[str] = []

    def note(*call: Any) -> None:
        told.append(call[2])

    event.listen(SqlEngine, "before_cursor_execute", note)
    try:
        migrate(world.owner_url)
    finally:
        event.remove(SqlEngine, "before_cursor_execute", note)
    assert told
    assert [one for one in told if one.lstrip().startswith(("ALTER TABLE", "CREATE", "DROP"))] == []


def test_the_second_run_of_the_migrations_changes_nothing(world: World) -> None:
    _asked(world)
    before = _all(world)
    migrate(world.owner_url)
    assert _all(world) == before


def test_who_was_denied_a_case_or_in_conflict_with_it_is_recused(world: World) -> None:
    case_id, viewers = world.at_look().case_id, [world.who(role) for role in ("lawyer", "counsellor", "caseworker")]
    shut, shy, free = viewers
    ids = {"case": case_id, "shut": shut.actor_id, "shy": shy.actor_id, "free": free.actor_id}
    sql = create_engine(world.owner_url)
    with sql.begin() as connection:
        _to(connection, "0002")
        connection.execute(
            text(
                "INSERT INTO denial (id, case_id, actor_id, reason_code, set_by, set_at)"
                " VALUES (gen_random_uuid(), :case, :shut, 'danger', :free, now())"
            ),
            ids,
        )
        connection.execute(
            text(
                "INSERT INTO conflict VALUES (:case, :shy, 'relative', :free, now(), NULL),"
                " (:case, :free, 'interest', :shut, now(), now())"
            ),
            ids,
        )
        were = [connection.execute(text(query)).all() for query in (_OF_DENIALS, _OF_CONFLICTS)]
    migrate(world.owner_url)
    with world.engine.transaction() as tx:
        assert tx.of(AccessStore).recused(case_id) == {shut.actor_id, shy.actor_id}
        found = tx.of(AccessStore).recusals_of(case_id)
    assert {(one.actor_id, one.reason, one.reason_code, one.set_by) for one in found} == {
        (shut.actor_id, "denied", "danger", free.actor_id),
        (shy.actor_id, "conflict_of_interest", "relative", free.actor_id),
    }
    for viewer in viewers:
        assert len(world.engine.ask(cases, viewer)) == (viewer is free)
    with sql.begin() as connection:
        _to(connection, "0002")
        assert [connection.execute(text(query)).all() for query in (_OF_DENIALS, _OF_CONFLICTS)] == were
    sql.dispose()
    migrate(world.owner_url)


_AGREED = """
    SELECT kind, subject_id, asked_by, answered_by, answered_at, approved, agreed->0->>'actor_id'
    FROM approval_request ORDER BY kind
"""
_KEPT_TWICE = """
    SELECT (SELECT approved_by FROM case_link), (SELECT ended_second_by FROM recusal),
        (SELECT approver FROM definition_version WHERE title = 'Other')
"""


def test_who_agreed_stands_with_the_request_that_they_answered_and_nowhere_else(world: World) -> None:
    asker, second, third = (world.who(role) for role in ("case_manager", "supervisor", "repatriation_coordinator"))
    case_id, other = world.at_look().case_id, world.open().case_id
    by: dict[str, Any] = {"viewer": asker, "command_id": uuid4()}
    denied: dict[str, Any] = {"reason": RecusalReason.DENIED, "actor_id": world.who("lawyer").actor_id}
    denied |= {"viewer": second, "command_id": uuid4()}
    denial = recuse(world.engine, case_id, reason_code="danger", **denied)
    request = end_recusal(world.engine, case_id, denial, reason_code="mistake", **by)
    assert request is not None
    world.act(answer_lift, case_id, request, by=second, approved=True)
    by = {"viewer": asker, "command_id": uuid4()}
    link = ask_merge(world.engine, case_id, other, rests=False, reason_code="same_report", **by)
    world.act(answer_merge, link, case_id=case_id, by=second, is_approved=True)
    propose_definition(world.engine, source=VISIT.replace("title: Visit", "title: Other"), viewer=asker)
    (waits,) = world.engine.ask(waiting, asker)
    answer_proposal(world.engine, waits.subject_id, viewer=third, approved=True)
    agreed = [tuple(row) for row in world.rows(_AGREED)]
    sql = create_engine(world.owner_url)
    with sql.begin() as connection:
        _to(connection, "0003")
        assert connection.execute(text(_KEPT_TWICE)).one() == (second.actor_id, second.actor_id, third.name)
        connection.execute(text("DELETE FROM approval_request WHERE kind IN ('merge', 'lift_denial')"))
    sql.dispose()
    migrate(world.owner_url)
    assert [tuple(row) for row in world.rows(_AGREED)] == agreed
    who = {"definition": third.actor_id, "lift_denial": second.actor_id, "merge": second.actor_id}
    assert [(row[0], row[3], row[5], row[6]) for row in agreed] == [(kind, i, True, str(i)) for kind, i in who.items()]
