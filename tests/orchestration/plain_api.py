"""Speak with Prefect's API by plain HTTP, as an admin's script would."""

import base64
import json
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from engine.orchestration.settings import PrefectAddress


@dataclass(frozen=True)
class PlainApi:
    """Requests with the password and a token against forged requests."""

    address: PrefectAddress

    def request(self, method: str, path: str, body: object = None) -> Any:
        client = str(uuid.uuid4())
        headers = {} if method == "GET" else {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": self._token(client)}
        return self._send(method, path, body, headers)

    def _token(self, client: str) -> str:
        return str(self._send("GET", f"/csrf-token?client={client}", None, {})["token"])

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> Any:
        request = Request(self.address.api_url + path, method=method, headers=headers)  # noqa: S310 - on loopback
        request.add_header("Authorization", "Basic " + base64.b64encode(self.address.auth.encode()).decode())
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=20) as response:  # noqa: S310 - on loopback
            text = response.read()
        return json.loads(text) if text else None

    def flow_runs(self, *, tag: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.request(
            "POST", "/flow_runs/filter", {"flow_runs": {"tags": {"all_": [tag]}}}
        )
        return found

    def flow_run(self, run_id: object) -> dict[str, Any]:
        found: dict[str, Any] = self.request("GET", f"/flow_runs/{run_id}")
        return found

    def task_runs(self, run_id: object) -> list[dict[str, Any]]:
        wanted = {"flow_runs": {"id": {"any_": [str(run_id)]}}}
        found: list[dict[str, Any]] = self.request("POST", "/task_runs/filter", wanted)
        return found

    def set_state(self, run_id: object, type_: str, *, name: str | None = None) -> None:
        self.request(
            "POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": type_, "name": name or type_.title()}}
        )

    def pause_pool(self, name: str, *, paused: bool) -> None:
        self.request("PATCH", f"/work_pools/{name}", {"is_paused": paused})

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {found["name"]: found for found in self.request("POST", "/deployments/filter", {})}
