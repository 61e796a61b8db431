"""Schemathesis asks the API, over HTTP, for what its document allows and for what it does not: nothing surprises."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from engine.api import pages
from tests.api.gateways import gateway_for
from tests.api.programs import key_for
from tests.kit.portal import Portal
from tests.kit.servers import served

pytestmark = pytest.mark.long
EXAMPLES, SEED = 60, 20
CHECKS: Final = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "missing_required_header", "unsupported_method",
    "ignored_auth", "use_after_free", "ensure_resource_availability",
)  # fmt: skip


def test_no_answer_is_a_failure_of_ours_and_none_is_undocumented(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_REPORTS_IN_AN_HOUR", 100_000)
    key, gateway = key_for(portal, "report", "cases"), gateway_for(portal)
    told = {
        "GATEWAY_ID": str(gateway.gateway_id), "GATEWAY_KEY": gateway.key,
        "SCHEMATHESIS_HOOKS": "tests.api.signing_hooks", "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip
    with served(portal.app) as port:
        done = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/api/v1/openapi.json",
                "--header", f"Authorization: Bearer {key}", "--checks", ",".join(CHECKS),
                "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--generation-database", "none",
                "--no-color", "--warnings", "off", "--request-timeout", "60",
            ],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600, env=os.environ | told,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert "No issues found" in done.stdout
    for account in ("Hotline", "SMS"):
        query = "SELECT count(*) AS n FROM report JOIN actor ON actor.id = recorded_by WHERE name = :who"
        assert portal.rows(query, who=account)[0]["n"] > 0, f"no report of {account} was valid: nothing was tried"
