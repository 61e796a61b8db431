"""Attack: open the demo's door, where whoever comes becomes anybody, on a database that is not a demo's."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from engine.app import build_engine, databases, ship
from engine.assembly import Engine
from engine.cli.main import app
from engine.db.embedded.databases import APP, OWNER, connected, create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.roles import urls_on
from engine.db.migrate import mark_as_demo
from engine.errors import NotAllowedError, SettingsError
from engine.people.store import DirectoryStore
from engine.rehearsal.demo import seed_demo
from engine.rehearsal.world import people_of
from engine.settings import Settings
from engine.sign_in.actions.sessions import become
from engine.site import create_app
from tests.kit.installation import Installation, installed
from tests.kit.portal import ORIGIN

REFUSED = "ICMC is set to run a demo, and this database is not one"


@pytest.fixture
def name(postgres: EmbeddedServer) -> Iterator[str]:
    made = f"test_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), made, template="icmc_template")
    yield made
    drop_database(postgres.url("postgres"), made)


@pytest.fixture
def build(postgres: EmbeddedServer, name: str, tmp_path: Path) -> Iterator[Callable[[bool | None], Engine]]:
    built: list[Engine] = []

    def make(demo: bool | None) -> Engine:  # noqa: FBT001 - the setting as somebody gives it
        built.append(build_engine(Settings(data_folder=tmp_path, demo=demo), urls_on(postgres, name)))
        return built[-1]

    yield make
    for engine in built:
        engine.dispose()


@pytest.fixture(scope="module")
def real() -> Iterator[Installation]:
    """Return an installation that is no demo, with people in it."""
    with installed(with_prefect=False) as made:
        made.rows("DELETE FROM demo RETURNING since")
        made.rows("UPDATE actor SET demo = false RETURNING id")
        yield made


@pytest.mark.parametrize(
    "words", [("doctor",), ("people", "list"), ("case", "list"), ("migrate",), ("portal",), ("audit", "verify")]
)
def test_a_variable_opens_no_demo_in_any_command(real: Installation, words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, list(words), env=real.environment | {"ICMC_DEMO": "true"})
    assert told.exit_code != 0
    assert REFUSED in told.output
    assert "icmc up --demo" in told.output


@pytest.mark.long
def test_a_demo_does_not_run_as_anything_else() -> None:
    with installed(with_prefect=False) as demo:
        told = CliRunner().invoke(app, ["people", "list"], env=demo.environment | {"ICMC_DEMO": "false"})
        assert told.exit_code != 0
        assert "this database is one: the people and cases in it are invented" in told.output
        unsaid = {key: value for key, value in demo.environment.items() if key != "ICMC_DEMO"}
        assert CliRunner().invoke(app, ["people", "list"], env=unsaid).exit_code == 0


def test_a_database_with_people_never_becomes_a_demo(
    postgres: EmbeddedServer, name: str, build: Callable[[bool | None], Engine]
) -> None:
    engine = build(None)
    people_of(engine, jurisdiction="IN-AS", label="Real")
    with pytest.raises(SettingsError, match="cannot become a demo"):
        mark_as_demo(postgres.url(name, OWNER))
    with pytest.raises(SettingsError, match="not a demo"):
        seed_demo(engine)
    with pytest.raises(SettingsError, match=REFUSED):
        build(True)


def test_the_application_cannot_write_that_its_database_is_a_demo(postgres: EmbeddedServer, name: str) -> None:
    tries = (
        "INSERT INTO demo (since) VALUES (now())",
        "UPDATE demo SET since = now()",
        "DELETE FROM demo",
        "TRUNCATE demo",
        "DROP TABLE demo",
        "ALTER TABLE demo OWNER TO icmc_app",
        "GRANT INSERT ON demo TO icmc_app",
        "SET ROLE icmc_owner",
    )
    for attack in tries:
        with suppress(psycopg.Error), connected(postgres.url(name, APP)) as connection:
            connection.execute(attack)
    with connected(postgres.url(name)) as connection:
        assert connection.execute("SELECT count(*) FROM demo").fetchone() == (0,)
        rights = "SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = 'demo' AND grantee"
        assert connection.execute(f"{rights} = 'icmc_app'").fetchall() == [("SELECT",)]


def test_nobody_real_is_offered_or_become_even_in_a_demo(
    postgres: EmbeddedServer, name: str, build: Callable[[bool | None], Engine]
) -> None:
    mark_as_demo(postgres.url(name, OWNER))
    engine = build(None)
    ship(engine)
    _, people = people_of(engine, jurisdiction="IN-AS", label="Invented")
    someone = uuid4()
    with engine.transaction() as tx:
        tx.of(DirectoryStore).add_actor(someone, name="Really Here", email="real@example.org")
        tx.of(DirectoryStore).add_role(someone, unit_id=people["caseworker"].unit_ids[0], role="caseworker")
        tx.commit()
    with pytest.raises(NotAllowedError):
        become(engine, someone)
    client = TestClient(create_app(engine), base_url=ORIGIN, raise_server_exceptions=False)
    page = client.get("/sign-in").text
    assert str(people["caseworker"].actor_id) in page
    assert str(someone) not in page
    assert client.post("/become", data={"actor_id": str(someone)}, follow_redirects=False).status_code == 403


def test_becoming_somebody_is_in_the_audit_trail(
    postgres: EmbeddedServer, name: str, build: Callable[[bool | None], Engine]
) -> None:
    mark_as_demo(postgres.url(name, OWNER))
    engine = build(None)
    _, people = people_of(engine, jurisdiction="IN-AS", label="Invented")
    become(engine, people["lawyer"].actor_id)
    assert _acts(postgres, name) == [("Became", people["lawyer"].actor_id)]


@pytest.mark.long
def test_up_makes_a_demo_of_an_empty_database_only() -> None:
    with installed(with_prefect=False) as made:
        fresh = made.settings.model_copy(update={"demo": None})
        with databases(fresh, make_demo=True):
            pass
        made.rows("DELETE FROM demo RETURNING since")
        people_of(made.engine, jurisdiction="IN-AS", label="Real")
        with pytest.raises(SettingsError, match="cannot become a demo"), databases(fresh, make_demo=True):
            pass


def _acts(postgres: EmbeddedServer, name: str) -> list[tuple[str, UUID]]:
    with connected(postgres.url(name)) as connection:
        rows = connection.execute("SELECT type, actor_id FROM audit_event WHERE stream = 'sign-in'")
        return [(str(kind), actor) for kind, actor in rows.fetchall()]
