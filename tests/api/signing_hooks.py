"""What Schemathesis is told of gateways: it signs what it sends to one, as the gateway would, with each body."""

import os
import time
from contextlib import suppress
from typing import Any
from uuid import UUID

import schemathesis
from requests import PreparedRequest

from tests.api.gateways import signed


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Let a message that names some gateway come from ours, signed; what is no id stays as it is."""
    if case.operation.path == "/gateways/{id}" and case.method == "POST":
        with suppress(ValueError):
            UUID(str(case.path_parameters.get("id")))
            case.path_parameters["id"] = os.environ["GATEWAY_ID"]
        kwargs["auth"] = _sign


def _sign(request: PreparedRequest) -> PreparedRequest:
    if "icmc-signature" not in request.headers or not str(request.headers.get("icmc-timestamp", "0")).isdecimal():
        return request  # that a header is missing, or does not fit, is what is tried
    body = request.body or b""
    sent = body.encode() if isinstance(body, str) else body
    told = signed(os.environ["GATEWAY_KEY"], sent, int(time.time()))
    request.headers.update({name: told[name] for name in ("icmc-timestamp", "icmc-signature")})
    return request
