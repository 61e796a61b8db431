"""Prefect's processes get all the settings that keep it quiet and shut, and no others."""

import stat
from pathlib import Path

import pytest

from engine.errors import ServiceError, SettingsError
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
