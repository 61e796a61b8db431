"""What the pages for hotlines and gateways say is run as it stands there, against the portal."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from httpx import Response

from tests.api.gateways import gateway_for
from tests.api.programs import key_for
from tests.kit.portal import Portal

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = (HOW_TO / "report-by-api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
OF_GATEWAYS = (HOW_TO / "take-reports-from-the-public.md").read_text(encoding="utf-8")


def run(portal: Portal, command: str, variables: Mapping[str, str]) -> Response:
    """Send what a command of curl would send."""
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    told: dict[str, list[str]] = {}
    for word in words:
        name, value = (word, next(words)) if word.startswith("--") else ("address", word)
        told.setdefault(name, []).append(value)
    headers = dict(header.split(": ", 1) for header in told["--header"])
    [method], [content] = told.get("--request", ["GET"]), told.get("--data", told.get("--data-binary", [""]))
    return portal.anybody().request(
        method, told["address"][0].removeprefix("http://127.0.0.1:8080"), headers=headers, content=content
    )


def test_the_commands_of_the_page_send_a_report_ask_for_it_and_get_the_document(portal: Portal) -> None:
    sending, asking, reading, describing = (block for block in BLOCKS if block.startswith("curl"))
    key, reader = key_for(portal, "report"), key_for(portal, "cases", account="Dashboard")
    sent = run(portal, sending, {"KEY": key})
    assert sent.status_code == 201
    assert run(portal, sending, {"KEY": key}).json() == sent.json()
    [shown] = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert json.loads(shown).keys() == sent.json().keys()
    assert json.loads(shown)["in_words"] == sent.json()["in_words"]
    assert run(portal, asking, {"KEY": key, "ID": sent.json()["id"]}).json().items() <= sent.json().items()
    for command in reading.splitlines():
        answer = run(portal, command, {"KEY": reader, "ID": sent.json()["id"]})
        assert answer.status_code == 200, command
        assert sent.json()["case_number"] in answer.text or "CaseOpened" in answer.text
    assert run(portal, describing, {"KEY": key}).json()["openapi"] == "3.1.0"


def test_the_command_for_gateways_signs_a_message_that_is_taken(portal: Portal) -> None:
    [block] = re.findall(r"^```sh\n(.*?)^```", OF_GATEWAYS, re.DOTALL | re.MULTILINE)
    made = gateway_for(portal)
    address = f"http://127.0.0.1:8080/api/v1/gateways/{made.gateway_id}"
    said = 'curl() { printf "curl"; printf " %q" "$@"; }\n' + block
    environment = {"PATH": os.environ["PATH"], "KEY": made.key, "ADDRESS": address}
    told = subprocess.run(["bash", "-euc", said], env=environment, capture_output=True, text=True, check=True)
    answer = run(portal, told.stdout, {})
    assert (answer.status_code, answer.json()) == (200, {"taken": 1})
    assert '`{"taken": 1}`' in OF_GATEWAYS
