"""Refuse to work with a Prefect that does not keep to our settings."""

from collections.abc import Callable, Mapping
from typing import Final

from prefect.settings import Settings, get_current_settings

from engine.errors import ServiceError, SettingsError
from engine.orchestration.health import OK, status_of
from engine.orchestration.settings import LONGEST_CALL_SECONDS, PrefectAddress

_REMEDY: Final = "Start it with `icmc worker` or `icmc up`, which set what Prefect needs, and with a server of ICMC."
_UNAUTHORISED: Final = 401
_FORBIDDEN: Final = 403

_SHOWN: Final[Mapping[str, Callable[[Settings], bool]]] = {
    "PREFECT_LOGGING_TO_API_ENABLED": lambda s: not s.logging.to_api.enabled,
    "PREFECT_LOGGING_LOG_PRINTS": lambda s: not s.logging.log_prints,
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": lambda s: not s.results.persist_by_default,
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": lambda s: s.results.default_serializer == "json",
    "PREFECT_SERVER_ANALYTICS_ENABLED": lambda s: not s.server.analytics_enabled,
    "PREFECT_API_REQUEST_TIMEOUT": lambda s: s.api.request_timeout <= LONGEST_CALL_SECONDS,
    "PREFECT_API_AUTH_STRING": lambda s: s.api.auth_string is not None,
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": lambda s: s.client.csrf_support_enabled,
    "PREFECT_SERVER_EPHEMERAL_ENABLED": lambda s: not s.server.ephemeral.enabled,
}


def check_settings(environment: Mapping[str, str], *, home: str) -> None:
    """Read the settings of this process back from Prefect; raise SettingsError when one did not take effect."""
    settings = get_current_settings()
    wrong = [name for name, holds in _SHOWN.items() if not holds(settings)]
    wrong += [] if environment.get("DO_NOT_TRACK") == "1" else ["DO_NOT_TRACK"]
    wrong += [] if str(settings.home) == home else ["PREFECT_HOME"]
    if wrong:
        raise SettingsError(problem=f"Prefect was imported without {', '.join(wrong)}.", remedy=_REMEDY)


def check_server(address: PrefectAddress) -> None:
    """Try the server's doors; raise SettingsError when one is open that must be shut, ServiceError for no answer."""
    stranger = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}

    def status(method: str, path: str, *, auth: str | None, headers: dict[str, str] | None = None) -> int:
        answer = status_of(address, method, path, auth=auth, headers=headers)
        if answer is None:
            raise ServiceError(service="Prefect", problem="its server did not answer.", remedy="It is asked again.")
        return answer

    is_kept = {
        "its API answers without the password": status("GET", "/admin/version", auth=None) == _UNAUTHORISED,
        "its API takes a wrong password": status("GET", "/admin/version", auth="icmc:-") == _UNAUTHORISED,
        "its API does not know our password": status("GET", "/admin/version", auth=address.auth) == OK,
        "it takes a change without a token against forged requests": (
            status("POST", "/flows/count", auth=address.auth) == _FORBIDDEN
        ),
        "it lets other sites call it": status("OPTIONS", "/flows/count", auth=None, headers=stranger) != OK,
    }
    wrong = [problem for problem, holds in is_kept.items() if not holds]
    if wrong:
        raise SettingsError(problem=f"The Prefect server is not safe: {'; '.join(wrong)}.", remedy=_REMEDY)
