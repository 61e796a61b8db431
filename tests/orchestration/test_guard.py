"""A process refuses to go on with a Prefect that was imported without our settings."""

import os

import pytest
from prefect.settings import (
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_RESULTS_PERSIST_BY_DEFAULT,
    PREFECT_SERVER_ANALYTICS_ENABLED,
    temporary_settings,
)

from engine.errors import SettingsError
from engine.orchestration.guard import check_settings


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
