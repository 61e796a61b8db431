"""The second wall: what the database itself keeps from a viewer, when no condition of a question does."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text

from engine.adapters.sql import tables as tb
from engine.adapters.sql.second_wall import raise_wall
from engine.views import Viewer
from tests.conftest import FreshDatabase
from tests.integration.queries.world import START, World, build_world

WALLED = {
    "answer", "attachment", "case_person", "consent", "correction", "document", "draft", "event", "interval", "person",
    "report",
}  # fmt: skip
_TABLES = tb.CaseRow.metadata.tables


@pytest.fixture
def world(database: FreshDatabase) -> Iterator[World]:
    sql = create_engine(database.app_url)
    yield build_world(sql)
    sql.dispose()


@pytest.fixture
def home(world: World) -> UUID:
    return world.unit("Shillong")


@pytest.fixture
def case_id(world: World, home: UUID) -> UUID:
    """Give a case with a row in every table that is walled."""
    case_id = world.open_case(home, victims=1)
    officer = world.actor("Asha", home, "intake_officer", "supervisor")
    step_id = world.answer(case_id, "intake", {"concern": "labour", "is_child": True}, by=officer)
    item_id = world.item(case_id, "check")
    with world.sql.connect() as connection:
        person_id = connection.execute(text("SELECT id FROM person")).scalar_one()
    of = {"case_id": case_id, "unit_id": home}
    world.add(tb.ReportRow, id=uuid4(), received_at=START, recorded_at=START, **of)
    world.add(tb.DraftRow, item_id=item_id, notes=[], saved_at=START, **of)
    world.add(tb.IntervalRow, step_id=step_id, name="journey", start=START, **of)
    world.add(tb.DocumentRow, id=uuid4(), name="memo", title="Memo", number="1", sha256="", made_at=START, **of)
    world.add(tb.AttachmentRow, id=uuid4(), media_type="image/png", size=1, added_at=START, **of)
    world.add(
        tb.ConsentRow, id=uuid4(), person_id=person_id, kind="share", purposes=[], fields=[], recipients=[],
        recorded_at=START, **of,
    )  # fmt: skip
    world.add(
        tb.CorrectionRow, id=uuid4(), case_id=case_id, person_id=person_id, kind="correction", reason_code="asked",
        made_at=START,
    )  # fmt: skip
    return case_id


@pytest.fixture
def stranger(world: World, case_id: UUID) -> Viewer:
    assert case_id
    return world.actor("Eve", world.unit("Elsewhere"), "supervisor")


def seen(world: World, viewer: Viewer | None) -> set[str]:
    """Give the walled tables of which a plain question without any condition gives a row."""
    with world.sql.connect() as connection:
        if viewer is not None:
            raise_wall(connection, viewer, world.clock.now())
        return {name for name in WALLED if connection.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first()}


def test_no_row_of_another_unit_appears_without_any_condition(world: World, case_id: UUID, stranger: Viewer) -> None:
    assert case_id
    assert seen(world, stranger) == set()


def test_the_unit_that_has_the_case_and_who_is_no_viewer_see_every_row(
    world: World, home: UUID, stranger: Viewer
) -> None:
    assert seen(world, world.actor("Ben", home, "caseworker")) == WALLED
    assert seen(world, None) == WALLED
    assert seen(world, stranger.model_copy(update={"is_system": True})) == WALLED


def test_who_is_in_no_unit_sees_nothing(world: World, stranger: Viewer) -> None:
    assert seen(world, stranger.model_copy(update={"unit_ids": (), "memberships": ()})) == set()


def test_the_wall_is_gone_with_the_transaction(world: World, stranger: Viewer) -> None:
    with world.sql.connect() as connection:
        raise_wall(connection, stranger, START)
        assert connection.execute(text("SELECT count(*) FROM answer")).scalar_one() == 0
        connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM answer")).scalar_one() == 1


def test_a_grant_opens_the_wall_until_it_ends(world: World, case_id: UUID, stranger: Viewer) -> None:
    unit_id = stranger.unit_ids[0]
    world.grant(case_id, unit_id, valid_until=START + timedelta(hours=2))
    assert seen(world, stranger) == WALLED
    world.later(hours=2)
    assert seen(world, stranger) == set()

    world.grant(case_id, unit_id)
    assert seen(world, stranger) == WALLED
    world.change(tb.GrantRow, _TABLES["grant"].c.case_id == case_id, ended_at=world.clock.now())
    assert seen(world, stranger) == set()


def test_a_grant_to_one_person_opens_it_to_nobody_else(world: World, case_id: UUID, stranger: Viewer) -> None:
    colleague = world.actor("Gil", stranger.unit_ids[0], "supervisor")
    world.grant(case_id, stranger.unit_ids[0], actor_id=stranger.actor_id)
    assert seen(world, stranger) == WALLED
    assert seen(world, colleague) == set()


@pytest.mark.parametrize("whom", ["actor_id", "unit_id", "organisation_id"])
def test_a_denial_beats_a_grant_and_the_own_unit(
    world: World, case_id: UUID, home: UUID, stranger: Viewer, whom: str
) -> None:
    world.grant(case_id, stranger.unit_ids[0])
    own = world.actor("Ben", home, "caseworker")
    for viewer in (stranger, own):
        unit_id = viewer.unit_ids[0]
        named = {"actor_id": viewer.actor_id, "unit_id": unit_id, "organisation_id": world.organisation_of(unit_id)}
        assert seen(world, viewer) == WALLED
        world.add(tb.DenialRow, id=uuid4(), case_id=case_id, reason_code="safety", set_at=START, **{whom: named[whom]})
        assert seen(world, viewer) == set()
    world.change(tb.DenialRow, _TABLES["denial"].c.case_id == case_id, lifted_at=START)
    assert seen(world, stranger) == seen(world, own) == WALLED


def test_a_conflict_of_interest_hides_a_case_from_that_person_only(world: World, case_id: UUID, home: UUID) -> None:
    own, other = world.actor("Ben", home, "caseworker"), world.actor("Cleo", home, "caseworker")
    world.add(tb.ConflictRow, case_id=case_id, actor_id=own.actor_id, reason_code="relative", noted_at=START)
    assert seen(world, own) == set()
    assert seen(world, other) == WALLED


def test_a_sealed_case_is_shown_to_its_holder_and_the_officer_of_its_unit_only(
    world: World, case_id: UUID, home: UUID, stranger: Viewer
) -> None:
    holder, other = world.actor("Ben", home, "caseworker"), world.actor("Cleo", home, "caseworker")
    officer = world.actor("Dev", home, "data_protection_officer")
    world.grant(case_id, stranger.unit_ids[0])
    world.add(
        tb.RestrictionRow, id=uuid4(), case_id=case_id, ground_code="asked", holder_id=holder.actor_id, placed_at=START
    )
    assert seen(world, holder) == seen(world, officer) == WALLED
    assert seen(world, other) == seen(world, stranger) == set()


def test_a_transfer_hands_over_what_was_noted_before(world: World, case_id: UUID, home: UUID, stranger: Viewer) -> None:
    """The events keep the name of the unit that acted, and belong to the one that has the case."""
    world.change(tb.CaseRow, _TABLES["case"].c.id == case_id, unit_id=stranger.unit_ids[0])
    own = world.actor("Ben", home, "caseworker")
    assert {"event", "correction"} <= seen(world, stranger)
    assert not {"event", "correction"} & seen(world, own)


def test_every_question_about_content_of_a_case_is_asked_behind_the_wall(world: World, stranger: Viewer) -> None:
    world.statements.clear()
    world.queries.cases(stranger)
    assert "icmc.viewer_units" in world.statements[0]


def test_no_table_with_sealed_values_of_a_case_is_left_outside_by_mistake(world: World) -> None:
    """A new table with a sealed column and a case is walled, or is named here with who else reads it."""
    read_by_both_sides = {"referral", "break_glass"}
    kept_by_officers = {"legal_hold"}
    sealed = {
        name for name, table in _TABLES.items()
        if "case_id" in table.c and any(column.name.startswith("sealed_") for column in table.c)
    }  # fmt: skip
    with world.sql.connect() as connection:
        walled = set(connection.execute(text("SELECT tablename FROM pg_policies")).scalars())
    assert walled == WALLED
    assert sealed - walled == read_by_both_sides | kept_by_officers
