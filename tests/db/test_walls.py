"""The walls: what the database itself keeps from a viewer, when no condition of a question does."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection as RawConnection
from sqlalchemy import Column, Connection, Table, create_engine, delete, event, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from engine.cases.views.lists import cases
from engine.core.policy import Viewer
from engine.db.tables import METADATA, TABLES
from engine.db.transaction import FOR, enter_for
from engine.db.walls import OUTSIDE, WALLED, gaps_in_the_wall
from engine.errors import BusyError
from engine.sharing.views.sent import sent
from tests.conftest import FreshDatabase, rows_of
from tests.kit.network import START, Network

OF_THE_CASE = WALLED - {
    "concern", "definition_draft", "export_copy", "match_probe", "monthly_numbers", "number_sheet", "saved_numbers",
}  # fmt: skip
"""What is told to one person, what they asked for, how often a unit was compared and what was counted is of no case."""
SAY_SO = {"recusal", "restriction", "erasure_notice"}
"""What says that a case is kept from somebody, or that their copy is to be erased, they may see."""
NO_RIGHT = "42501"
_VALUES: Mapping[type, Any] = {
    bytes: b"x", int: 1, bool: False, datetime: START, date: START.date(), dict: {}, list: [],
}  # fmt: skip


@pytest.fixture
def case_id(network: Network, unit: UUID) -> UUID:
    """Return a case with a row in every table that is walled."""
    case_id = network.open_case(unit, victims=1)
    officer = network.actor("Asha", unit, "intake_officer", "supervisor")
    network.answer(case_id, "intake", {"concern": "labour", "is_child": True}, by=officer)
    nobody = network.actor("Nobody", network.unit("Nowhere"), "caseworker")
    given = {
        "unit_id": unit, "case_id": case_id, "other_case_id": case_id, "actor_id": nobody.actor_id,
        "recipient_id": nobody.actor_id, "raised_by": nobody.actor_id, "about_id": nobody.actor_id,
        "holder_id": nobody.actor_id, "asked_by": nobody.actor_id, "other_unit_id": nobody.unit_ids[0],
        "ref": uuid4(),
    }  # fmt: skip
    with network.sql.begin() as connection:
        for table in METADATA.sorted_tables:
            if table.name in WALLED | {"peer_hub"} and connection.execute(select(table).limit(1)).first() is None:
                connection.execute(insert(table).values(_row(connection, table, given)))
    return case_id


def _row(connection: Connection, table: Table, given: Mapping[str, object]) -> dict[str, object]:
    """Make a row of any table that belongs to the case; what shuts out or grants is over."""
    row = {
        column.name: given.get(column.name) or _value(connection, column)
        for column in table.c
        if not column.nullable and column.server_default is None
    }
    if "case_id" in table.c:
        row["case_id"] = given["case_id"]
    if table.name == "grant":
        row["unit_id"] = given["other_unit_id"]
    if table.name == "number_sheet":
        row["unit_id"] = given["unit_id"]
    if table.name == "recusal":
        row |= {"actor_id": given["actor_id"], "reason": "denied"}
    if table.name == "restriction":
        row["lifted_at"] = START
    return row


def _value(connection: Connection, column: Column[Any]) -> object:
    for key in column.foreign_keys:
        found = connection.execute(select(key.column).limit(1)).scalar()
        if found is not None:
            return found
    kind = column.type.python_type
    return uuid4() if kind is UUID else _VALUES.get(kind, "x")


@pytest.fixture
def stranger(network: Network, case_id: UUID) -> Viewer:
    assert case_id
    return network.actor("Eve", network.unit("Elsewhere"), "supervisor")


def seen(network: Network, viewer: Viewer | None) -> set[str]:
    """Return the walled tables of which a plain question without any condition gives a row."""
    with acting(network, viewer) as connection:
        found = _seen_over(connection)
    if viewer is not None:
        with network.reader.connect() as connection:
            enter_for(connection, viewer, network.clock.now(), network.secret)
            assert _seen_over(connection) == found, "the two roles are shown the same"
    return found


@contextmanager
def acting(network: Network, viewer: Viewer | None) -> Iterator[Connection]:
    """Begin a transaction of the role that writes for a viewer, or of the system."""
    bound = viewer and network.app.execution_options(**{FOR: (viewer, network.clock.now())})
    with (bound or network.writer).connect() as connection:
        yield connection


def _seen_over(connection: Connection) -> set[str]:
    return {name for name in OF_THE_CASE if connection.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first()}


def test_no_row_of_another_unit_appears_without_any_condition(
    network: Network, case_id: UUID, stranger: Viewer
) -> None:
    assert case_id
    assert seen(network, stranger) == set()


def test_the_unit_that_has_the_case_and_who_is_no_viewer_see_every_row(
    network: Network, unit: UUID, case_id: UUID
) -> None:
    assert case_id
    assert seen(network, network.actor("Ben", unit, "caseworker")) == OF_THE_CASE
    assert seen(network, None) == OF_THE_CASE


def test_who_is_in_no_unit_sees_nothing(network: Network, stranger: Viewer) -> None:
    assert seen(network, stranger.model_copy(update={"unit_ids": (), "memberships": ()})) == set()


def test_a_transaction_begins_and_proves_for_whom_it_acts_in_one_trip(network: Network, stranger: Viewer) -> None:
    with acting(network, stranger) as connection, tempfile.TemporaryFile("w+") as said:
        wire = _raw(connection).pgconn
        wire.trace(said.fileno())
        connection.begin()
        wire.untrace()
        said.seek(0)
        assert said.read().count("ReadyForQuery") == 1


def test_the_transaction_of_a_viewer_begins_as_it_was_asked_for(network: Network, stranger: Viewer) -> None:
    still = network.reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    for sql, is_still in ((still, ("repeatable read", "on")), (network.reader, ("read committed", "off"))):
        with sql.connect() as connection:
            enter_for(connection, stranger, START, network.secret)
            shown = [
                connection.execute(text(f"SHOW transaction_{name}")).scalar_one() for name in ("isolation", "read_only")
            ]
            assert tuple(shown) == is_still


def test_a_connection_that_breaks_before_the_proof_is_used_no_more(
    network: Network, stranger: Viewer, database: FreshDatabase
) -> None:
    with acting(network, stranger) as connection:
        rows_of(database.urls.admin, "SELECT pg_terminate_backend(:pid, 5000)", pid=_raw(connection).info.backend_pid)
        with pytest.raises(BusyError, match="the database"):
            connection.begin()
    with acting(network, stranger) as connection:
        assert connection.execute(text("SELECT count(*) FROM answer")).scalar_one() == 0


def _raw(connection: Connection) -> RawConnection[Any]:
    raw = connection.connection.driver_connection
    assert isinstance(raw, RawConnection)
    return raw


def test_the_wall_is_gone_with_the_transaction(network: Network, stranger: Viewer) -> None:
    with network.reader.connect() as connection:
        enter_for(connection, stranger, START, network.secret)
        assert connection.execute(text("SELECT count(*) FROM answer")).scalar_one() == 0
        connection.rollback()
        with pytest.raises(ProgrammingError, match="nobody reads here"):
            connection.execute(text("SELECT count(*) FROM answer"))


def test_a_grant_opens_the_wall_until_it_ends(network: Network, case_id: UUID, stranger: Viewer) -> None:
    unit_id = stranger.unit_ids[0]
    network.grant(case_id, unit_id, valid_until=START + timedelta(hours=2))
    assert seen(network, stranger) == OF_THE_CASE
    network.later(hours=2)
    assert seen(network, stranger) == set()

    network.grant(case_id, unit_id)
    assert seen(network, stranger) == OF_THE_CASE
    network.change("grant", TABLES["grant"].c.case_id == case_id, ended_at=network.clock.now())
    assert seen(network, stranger) == set()


def test_a_grant_to_one_person_opens_it_to_nobody_else(network: Network, case_id: UUID, stranger: Viewer) -> None:
    colleague = network.actor("Gil", stranger.unit_ids[0], "supervisor")
    network.grant(case_id, stranger.unit_ids[0], actor_id=stranger.actor_id)
    assert seen(network, stranger) == OF_THE_CASE
    assert seen(network, colleague) == set()


@pytest.mark.parametrize("whom", ["actor_id", "unit_id", "organisation_id"])
def test_a_denial_beats_a_grant_and_the_own_unit(
    network: Network, case_id: UUID, unit: UUID, stranger: Viewer, whom: str
) -> None:
    network.grant(case_id, stranger.unit_ids[0])
    own = network.actor("Ben", unit, "caseworker")
    for viewer in (stranger, own):
        unit_id = viewer.unit_ids[0]
        named = {"actor_id": viewer.actor_id, "unit_id": unit_id, "organisation_id": network.organisation_of(unit_id)}
        assert seen(network, viewer) == OF_THE_CASE
        network.recuse(case_id, "denied", **{whom: named[whom]})
        assert seen(network, viewer) <= SAY_SO
    network.change("recusal", TABLES["recusal"].c.case_id == case_id, ended_at=START)
    assert seen(network, stranger) == seen(network, own) == OF_THE_CASE


def test_a_conflict_of_interest_hides_a_case_from_that_person_only(network: Network, case_id: UUID, unit: UUID) -> None:
    own, other = network.actor("Ben", unit, "caseworker"), network.actor("Cleo", unit, "caseworker")
    network.recuse(case_id, "conflict_of_interest", actor_id=own.actor_id)
    assert seen(network, own) <= SAY_SO
    assert seen(network, other) == OF_THE_CASE


def test_a_sealed_case_is_shown_to_its_holder_and_the_officer_of_its_unit_only(
    network: Network, case_id: UUID, unit: UUID, stranger: Viewer
) -> None:
    holder, other = network.actor("Ben", unit, "caseworker"), network.actor("Cleo", unit, "caseworker")
    officer = network.actor("Dev", unit, "data_protection_officer")
    network.grant(case_id, stranger.unit_ids[0])
    network.add(
        "restriction", id=uuid4(), case_id=case_id, ground_code="asked", holder_id=holder.actor_id, placed_at=START
    )
    assert seen(network, holder) == seen(network, officer) == OF_THE_CASE
    assert seen(network, other) | seen(network, stranger) <= SAY_SO


def test_a_transfer_hands_over_what_was_noted_before(
    network: Network, case_id: UUID, unit: UUID, stranger: Viewer
) -> None:
    """The events keep the name of the unit that acted, and belong to the one that has the case."""
    network.change("case", TABLES["case"].c.id == case_id, unit_id=stranger.unit_ids[0])
    own = network.actor("Ben", unit, "caseworker")
    assert {"event", "correction"} <= seen(network, stranger)
    assert not {"event", "correction"} & seen(network, own)


def test_every_question_about_content_of_a_case_is_asked_behind_the_wall(network: Network, stranger: Viewer) -> None:
    acted_for: list[Any] = []
    ask = "SELECT current_setting('icmc.seen_viewer', true)"
    event.listen(
        network.reader, "before_cursor_execute", lambda *about: acted_for.append(_raw(about[0]).execute(ask).fetchone())
    )
    network.ask(cases, stranger)
    assert acted_for
    assert all(str(stranger.actor_id) in one for (one,) in acted_for)


def test_nothing_of_another_unit_can_be_read_changed_removed_or_added(
    network: Network, case_id: UUID, stranger: Viewer
) -> None:
    assert case_id
    with network.sql.connect() as connection:
        rows = {name: _first(connection, name) for name in sorted(WALLED)}
    with acting(network, stranger) as connection:
        _assert_nothing_goes(connection, rows)


def test_a_session_that_says_for_nobody_that_it_acts_can_do_nothing_at_all(
    database: FreshDatabase, network: Network, case_id: UUID
) -> None:
    assert case_id
    with network.sql.connect() as connection:
        rows = {name: _first(connection, name) for name in sorted(WALLED)}
    silent = create_engine(database.urls.app)
    with silent.connect() as connection:
        _assert_nothing_goes(connection, rows)
    silent.dispose()


def _first(connection: Connection, name: str) -> dict[str, object]:
    return dict(connection.execute(select(TABLES[name]).limit(1)).mappings().one())


def _assert_nothing_goes(connection: Connection, rows: Mapping[str, Mapping[str, object]]) -> None:
    for name, row in rows.items():
        table = TABLES[name]
        first = next(iter(table.primary_key))
        assert _done(connection, select(table).limit(1)) == 0, name
        assert _done(connection, update(table).values({first: row[first.name]})) == 0, name
        assert _done(connection, delete(table)) == 0, name
        with pytest.raises(ProgrammingError) as refused, connection.begin_nested():
            connection.execute(insert(table).values(row))
        assert getattr(refused.value.orig, "sqlstate", "") == NO_RIGHT, name


def _done(connection: Connection, statement: Any) -> int:
    """Count the rows that a statement changed; none where the application has no right to such a statement."""
    try:
        with connection.begin_nested():
            return int(connection.execute(statement).rowcount)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != NO_RIGHT:
            raise
        return 0


def test_a_concern_is_seen_by_who_told_it_and_to_whom(network: Network, case_id: UUID, unit: UUID) -> None:
    assert case_id
    teller, told, third = (network.actor(name, unit, "supervisor") for name in ("Ben", "Cleo", "Dev"))
    network.change("concern", text("true"), raised_by=teller.actor_id, recipient_id=told.actor_id)
    assert [_count(network, viewer, "concern") for viewer in (teller, told, third)] == [1, 1, 0]


def test_the_unit_that_something_was_sent_to_sees_that_and_the_number_only(
    network: Network, case_id: UUID, unit: UUID, stranger: Viewer
) -> None:
    network.change("referral", text("true"), to_unit_id=stranger.unit_ids[0], unit_id=unit, status="sent")
    assert seen(network, stranger) == {"referral"}
    assert [view.case_number for view in network.ask(sent, stranger)] == ["C-0001"]
    network.recuse(case_id, "denied", unit_id=stranger.unit_ids[0])
    assert seen(network, stranger) <= SAY_SO
    assert not network.ask(sent, stranger)


def _count(network: Network, viewer: Viewer, name: str) -> int:
    with acting(network, viewer) as connection:
        return int(connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one())


def test_every_table_of_cases_units_and_persons_is_walled_or_says_why_not() -> None:
    named = {"case_id", "case_ids", "unit_id", "person_id", "step_id", "deadline_id", "after_case_id"}
    concerned = {name for name, table in TABLES.items() if named & set(table.c.keys())}
    assert concerned <= WALLED | set(OUTSIDE)
    assert set(OUTSIDE) <= concerned
    assert not WALLED & set(OUTSIDE)
    assert all(OUTSIDE.values())


def test_a_wall_that_is_missing_off_or_passed_is_told(database: FreshDatabase, network: Network) -> None:
    def gaps() -> tuple[str, ...]:
        return network.questions.gaps_in_the_wall()

    assert gaps() == ()
    owner = create_engine(database.urls.owner, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("ALTER TABLE step DISABLE ROW LEVEL SECURITY"))
        connection.execute(text("DROP POLICY writer_wall ON answer"))
        connection.execute(text("CREATE POLICY hole ON report USING (true)"))
        connection.execute(text("ALTER POLICY writer_wall ON run USING (true)"))
        assert gaps() == ("answer", "report", "run", "step")
        assert gaps_in_the_wall(connection) == tuple(sorted(WALLED))
    owner.dispose()
