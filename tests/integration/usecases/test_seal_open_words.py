"""What stood open in a database of before is set aside by the migration, sealed at the start, and then nowhere open."""

from datetime import date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from engine.adapters.sql import migrate
from engine.adapters.sql.entering import secret_of
from engine.errors import NotFoundError
from engine.usecases.acknowledge import acknowledge_by_link
from engine.usecases.concerns import raise_concern, read_concern
from engine.usecases.seal_open_words import seal_open_words
from engine.usecases.special_days import NewDay, add_special_day
from tests.conftest import writer_of
from tests.integration.usecases.world import World

BEFORE = "0020"
WORD = "KANARIENVOGEL"
NUMBER = "Z-KANA-RIEN"
CODE = "48151623"
DAY = date(2031, 3, 5)


_OF_PERIOD = """
    UPDATE data_key k SET period = o.period FROM of_period o WHERE o.owner_id = k.owner_id AND o.version = k.version
"""


def _shape(world: World, revision: str, *, secret: bytes = b"") -> bytes:
    """Bring the database to a shape; gives by what its secret proved before, and takes it for the newest one."""
    if revision == "head":
        migrate.migrate(world.owner_url)
        world.rows(_OF_PERIOD)  # keys of these rows are wrapped in a period, which the shape of before had no name of
        world.rows("DROP TABLE of_period")
        world.rows("UPDATE wall_secret SET secret = :secret", secret=secret)
        return secret
    secret = secret_of(world.owner_url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    engine = create_engine(world.owner_url)
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            connection.execute(text("CREATE TABLE of_period AS SELECT owner_id, version, period FROM data_key"))
            command.downgrade(config, revision)
            connection.commit()
    finally:
        engine.dispose()
    return secret


def _concern(world: World) -> UUID:
    return raise_concern(
        world.engine, viewer=world.who("counsellor"), command_id=uuid4(), kind="concern",
        about_id=world.who("caseworker").actor_id, case_number="", words="She was seen with a stranger.",
    )  # fmt: skip


def _referral(world: World, case_id: UUID, at: datetime) -> UUID:
    found = uuid4()
    world.rows(
        "INSERT INTO referral (id, case_id, unit_id, kind, status, sent_at, to_name, to_kind)"
        " VALUES (:id, :case, :unit, 'referral', 'offered', :at, :name, 'shelter')",
        id=found, case=case_id, unit=world.unit, at=at, name=WORD,
    )  # fmt: skip
    return found


def _glass(world: World, at: datetime) -> None:
    world.rows(
        "INSERT INTO break_glass (id, actor_id, number, reason_code, hours, asked_at, ends_at)"
        " VALUES (:id, :who, :number, 'life_at_risk', 1, :at, :at)",
        id=uuid4(), who=world.who("caseworker").actor_id, number=NUMBER, at=at,
    )  # fmt: skip


def _mailed_code(world: World, at: datetime) -> None:
    world.rows(
        "WITH told AS ("
        "INSERT INTO message (id, key, kind, recipient_id, subject, body, html, link, critical, created_at)"
        " VALUES (:id, 'old', 'sign_in_code', :who, 'A code', :code, :code, '', true, :at) RETURNING id)"
        " INSERT INTO delivery (id, message_id, channel, address, status, attempt, next_at)"
        " SELECT gen_random_uuid(), id, 'email', 'kept@example.org', 'waiting', 0, :at FROM told",
        id=uuid4(), who=world.who("caseworker").actor_id, code=f"Type {CODE}", at=at,
    )  # fmt: skip


def _holiday(world: World) -> str | None:
    world.engine.refresh_definitions()
    return world.engine.library().calendars["IN"].why_closed(DAY)


def test_old_rows_are_sealed_at_the_start_and_what_cannot_be_is_forgotten(world: World) -> None:
    kept, erased = world.at_look().case_id, world.at_look().case_id
    concern, now = _concern(world), world.clock.now()
    add_special_day(
        world.engine, NewDay("IN", DAY, "x", "x"), viewer=world.who("system_administrator")
    )  # fmt: skip
    secret = _shape(world, BEFORE)
    referrals = [_referral(world, case_id, now) for case_id in (kept, erased)]
    _glass(world, now)
    _mailed_code(world, now)
    world.rows("UPDATE concern SET case_number = :number WHERE id = :id", number=NUMBER, id=concern)
    world.rows("UPDATE special_day SET name = :name, reason = :name", name=WORD)
    world.rows("UPDATE data_key SET wrapped = NULL, destroyed_at = now() WHERE owner_id = :case", case=erased)
    world.engine.vault.forget()  # type: ignore[attr-defined]
    _shape(world, "head", secret=secret)
    assert not [word for word in (CODE, "kept@example.org") if word in world.dump()]
    assert world.rows("SELECT d.status FROM delivery d JOIN message m ON m.id = message_id WHERE m.key = 'old'") == [
        ("dropped",)
    ]
    assert _holiday(world) == "A day that was added by hand"
    assert seal_open_words(world.engine) == 5
    assert _holiday(world) == WORD
    assert not [word for word in (WORD, NUMBER) if word in world.dump()]
    with world.engine.unit_of_work() as work:
        found = [work.referrals.get(one) for one in referrals]
        (day,) = work.special_days.live("IN")
    assert [one.to_name for one in found if one] == [WORD, ""]
    assert (day.name, day.reason) == (WORD, WORD)
    assert [one.number for one in world.engine.queries.my_glass(world.who("caseworker"))] == [NUMBER]
    assert read_concern(world.engine, concern, viewer=world.who("counsellor"))[0].case_number == NUMBER
    assert seal_open_words(world.engine) == 0


def test_a_link_that_was_readable_is_known_by_its_hash_and_still_opens(world: World) -> None:
    case_id = world.at_look().case_id
    world.later(hours=11)
    world.fire()
    [kept] = world.rows("SELECT id, deadline_id FROM escalation LIMIT 1")
    reader, message, words = world.who("caseworker"), uuid4(), f"Open it: https://example.org/a/{WORD}"
    secret = _shape(world, "0021")
    world.rows(
        "INSERT INTO message (id, key, case_id, unit_id, escalation_id, kind, recipient_id, subject, body, html, link,"
        " critical, created_at, token) VALUES (:id, 'old link', :case, :unit, :line, 'escalated', :who, 'Late', :words,"
        " :words, '', true, :at, :token)",
        id=message, case=case_id, unit=world.unit, line=kept.id, who=reader.actor_id, words=words,
        at=world.clock.now(), token=WORD,
    )  # fmt: skip
    _shape(world, "head", secret=secret)
    assert WORD not in world.dump()
    [row] = world.rows("SELECT body, html FROM message WHERE id = :id", id=message)
    assert row.body == row.html == f"Open it: https://example.org/a/{message}"
    found = acknowledge_by_link(world.engine, WORD, viewer=reader, command_id=uuid4())
    assert found.deadline_id == kept.deadline_id
    with pytest.raises(NotFoundError):
        acknowledge_by_link(world.engine, str(message), viewer=reader, command_id=uuid4())
    _shape(world, "0021")
    assert world.rows("SELECT token FROM message WHERE id = :id", id=message)[0].token == str(message)


@pytest.mark.parametrize(
    "act", ["INSERT INTO open_words VALUES (gen_random_uuid())", "UPDATE open_words SET of_table = 'x'"]
)
def test_the_application_can_add_no_open_words(world: World, act: str) -> None:
    sql = writer_of(world.urls)
    try:
        with sql.begin() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(act))
    finally:
        sql.dispose()
