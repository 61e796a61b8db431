"""Prefect's processes get our settings and no others; what goes wrong with it is one error, and slow is not down."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectAlreadyExists, ObjectLimitReached, ObjectNotFound
from prefect.settings import (
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_RESULTS_PERSIST_BY_DEFAULT,
    PREFECT_SERVER_ANALYTICS_ENABLED,
    temporary_settings,
)

from engine.errors import ServiceError, SettingsError
from engine.orchestration.calls import CallPool, check_settings
from engine.orchestration.health import PrefectHealth
from engine.orchestration.server import read_address, write_address
from engine.orchestration.settings import (
    PrefectAddress,
    PrefectSecrets,
    client_environment,
    make_private,
    process_environment,
    server_environment,
)

REQUIRED_OF_THE_SERVER = {
    "PREFECT_SERVER_API_HOST": "127.0.0.1",
    "PREFECT_SERVER_API_AUTH_STRING": "icmc:word",
    "PREFECT_API_AUTH_STRING": "icmc:word",
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "http://127.0.0.1:4711",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    "PREFECT_SERVER_ENCRYPTION_KEY": "a-key",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "604800",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P1D",
}


@pytest.fixture
def address(tmp_path: Path) -> PrefectAddress:
    return PrefectAddress.on_loopback(tmp_path / "prefect", 4711, "icmc:word")


def test_the_server_gets_every_required_setting(address: PrefectAddress) -> None:
    made = server_environment(address, database_url="postgresql+asyncpg://x", encryption_key="a-key", with_ui=True)
    assert REQUIRED_OF_THE_SERVER.items() <= made.items()


@pytest.mark.parametrize(("with_ui", "value"), [(True, "true"), (False, "false")])
def test_the_page_of_prefect_can_be_switched_off(address: PrefectAddress, value: str, *, with_ui: bool) -> None:
    made = server_environment(address, database_url="-", encryption_key="-", with_ui=with_ui)
    assert made["PREFECT_SERVER_UI_ENABLED"] == value


def test_a_worker_gets_neither_prefects_database_nor_the_key_of_its_secrets(address: PrefectAddress) -> None:
    made = client_environment(address)
    assert "PREFECT_SERVER_DATABASE_CONNECTION_URL" not in made
    assert "PREFECT_SERVER_ENCRYPTION_KEY" not in made


def test_a_stray_variable_of_prefect_is_not_passed_on(address: PrefectAddress) -> None:
    base = {"PATH": "/bin", "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true", "PREFECT_API_KEY": "cloud"}
    made = process_environment(client_environment(address), base)
    assert made["PATH"] == "/bin"
    assert made["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "false"
    assert "PREFECT_API_KEY" not in made


def test_secrets_are_drawn_once_and_closed_to_others(tmp_path: Path) -> None:
    first = PrefectSecrets.load_or_make(tmp_path / "prefect")
    assert PrefectSecrets.load_or_make(tmp_path / "prefect") == first
    assert stat.S_IMODE((tmp_path / "prefect").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "prefect" / "secrets.json").stat().st_mode) == 0o600
    assert PrefectSecrets.load_or_make(tmp_path / "other") != first


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    made = PrefectSecrets.load_or_make(tmp_path)
    address = PrefectAddress.on_loopback(tmp_path, 1, made.auth)
    assert made.auth not in f"{made!r} {address!r}"
    assert made.encryption_key not in repr(made)


def test_damaged_secrets_are_named_with_the_remedy(tmp_path: Path) -> None:
    (make_private(tmp_path) / "secrets.json").write_text("{")
    with pytest.raises(SettingsError, match=r"Delete .*secrets\.json"):
        PrefectSecrets.load_or_make(tmp_path)


def test_another_process_finds_the_server(address: PrefectAddress) -> None:
    auth = PrefectSecrets.load_or_make(address.home).auth
    write_address(address)
    assert read_address(address.home) == PrefectAddress(address.home, address.api_url, auth)


def test_without_a_server_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="icmc up"):
        read_address(tmp_path)


_WHY = httpx.HTTPError("invented")


@pytest.fixture
def calls() -> Iterator[CallPool]:
    pool = CallPool(PrefectHealth(), threads=1)
    yield pool
    pool.close()


@pytest.mark.parametrize(
    "error", [ObjectAlreadyExists(_WHY), ObjectLimitReached(_WHY), httpx.ReadTimeout("late"), OSError(), RuntimeError()]
)
def test_a_call_that_fails_raises_one_error_that_is_tried_again(calls: CallPool, error: Exception) -> None:
    with pytest.raises(ServiceError):
        calls.call(lambda client: _fail(client, error))


def test_what_is_not_there_is_an_answer(calls: CallPool) -> None:
    with pytest.raises(ObjectNotFound):
        calls.call(lambda client: _fail(client, ObjectNotFound(_WHY)))


def _fail(_client: SyncPrefectClient, error: Exception) -> None:
    raise error


@pytest.fixture
def home() -> str:
    return str(PREFECT_HOME.value())


def test_our_own_environment_is_accepted(home: str) -> None:
    check_settings(os.environ, home=home)


@pytest.mark.parametrize(
    "setting",
    [PREFECT_LOGGING_TO_API_ENABLED, PREFECT_RESULTS_PERSIST_BY_DEFAULT, PREFECT_SERVER_ANALYTICS_ENABLED],
)
def test_a_setting_that_did_not_take_effect_is_named(setting: object, home: str) -> None:
    with temporary_settings({setting: True}), pytest.raises(SettingsError, match=setting.name):  # type: ignore[attr-defined]
        check_settings(os.environ, home=home)


def test_telemetry_must_be_off_in_the_environment(home: str) -> None:
    with pytest.raises(SettingsError, match="DO_NOT_TRACK"):
        check_settings({}, home=home)


def test_prefects_folder_must_be_ours(home: str) -> None:
    with pytest.raises(SettingsError, match="PREFECT_HOME"):
        check_settings(os.environ, home=home + "-other")


GOOD, SLOW, LATE, FAILED = (0.1, True), (6.0, True), (5.0, False), (0.1, False)


def _after(*calls: tuple[float, float, bool]) -> PrefectHealth:
    health = PrefectHealth()
    for at, seconds, answered in calls:
        health.note(at=at, seconds=seconds, answered=answered)
    return health


@pytest.mark.parametrize(("calls", "is_down"), [
    ([], False),
    ([(0, *FAILED), (1, *FAILED)], False),
    ([(0, *FAILED), (1, *FAILED), (2, *FAILED)], True),
    ([(0, *SLOW), (10, *SLOW), (20, *SLOW)], False),
    ([(0, *FAILED), (1, *GOOD), (2, *FAILED), (3, *GOOD), (4, *FAILED)], True),
    ([(0, *FAILED), (30, *FAILED), (61, *FAILED)], True),
    ([(0, *FAILED), (20, *GOOD), (30, *FAILED), (40, *GOOD), (61, *FAILED)], False),
    ([(0, *FAILED), (1, *FAILED), (2, *FAILED), (3, *GOOD)], True),
    ([(0, *FAILED), (1, *FAILED), (2, *FAILED), (3, *GOOD), (4, *GOOD)], False),
    ([(0, *FAILED), (1, *FAILED), (2, *FAILED), (3, *GOOD), (4, *GOOD), (5, *FAILED)], False),
    ([(10, *LATE), (11, *LATE), (12, *LATE)], False),
    ([(10, *LATE), (20, *LATE), (25, *LATE)], True),
    ([(10, *LATE), (20, *LATE), (24, *SLOW), (29, *LATE)], False),
])  # fmt: skip
def test_failed_calls_and_silence_are_down_slowness_is_not(
    calls: list[tuple[float, float, bool]], *, is_down: bool
) -> None:
    assert _after(*calls).is_down is is_down


def test_slow_answers_bring_it_up_again() -> None:
    down = _after((0, *FAILED), (1, *FAILED), (2, *FAILED))
    down.note(at=3, seconds=3.1, answered=True)
    down.note(at=9, seconds=6.1, answered=True)
    assert not down.is_down
    assert down.is_slow


def test_a_call_is_given_as_long_as_the_answers_of_the_last_minute_need_within_bounds() -> None:
    assert _after((1, *GOOD)).limit == 5.0
    slow = _after((1, 3.0, True))
    assert (slow.limit, slow.is_slow, slow.usual) == (9.0, True, 3.0)
    slow.note(at=70, seconds=0.1, answered=True)
    assert (slow.limit, slow.is_slow) == (5.0, False)
    assert _after((1, 15.0, True)).limit == 20.0


def test_a_call_that_was_cut_off_makes_the_next_wait_longer_until_something_is_answered() -> None:
    cut = _after((5, 5.0, False))
    assert cut.limit == 10.0
    cut.note(at=15, seconds=10.0, answered=False)
    assert cut.limit == 20.0
    cut.note(at=16, seconds=20.0, answered=False)
    assert cut.limit == 20.0
    cut.note(at=17, seconds=0.1, answered=True)
    assert cut.limit == 5.0


def test_a_server_that_hangs_is_down_within_half_a_minute_however_slow_it_was() -> None:
    hangs = _after((0, 8.0, True))
    at, probes = 5.0, 0
    while not hangs.is_down:
        at += hangs.limit
        hangs.note(at=at, seconds=hangs.limit, answered=False)
        at += 5.0
        probes += 1
    assert at - 5.0 <= 35.0
    assert probes <= 2


def test_nobody_asks_again_who_has_just_been_answered_unless_prefect_is_down() -> None:
    health = PrefectHealth()
    assert not health.is_fresh(100.0)
    health.note(at=100.0, seconds=0.1, answered=True)
    assert health.is_fresh(104.9)
    assert not health.is_fresh(105.0)
    for at in (106.0, 107.0, 108.0):
        health.note(at=at, seconds=0.1, answered=False)
    assert health.is_down
    assert not health.is_fresh(108.1)
