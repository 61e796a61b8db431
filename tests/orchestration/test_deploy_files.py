"""The units, the image and the compose file name what exists, and what they start is a command of ICMC."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.cli.main import COMMANDS
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PAGE = (ROOT / "docs" / "how-to" / "run-on-several-machines.md").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8").replace("/opt/icmc/.venv/bin", str(Path(sys.executable).parent))
    copy = tmp_path / unit.name.replace("@", "@1")
    copy.write_text(text.replace("User=icmc", "User=root"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "PrivatePIDs" not in line]  # known from systemd 257 on
    assert unit.stem.rstrip("@") not in "\n".join(said), done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_of_icmc(unit: Path) -> None:
    [command] = re.findall(
        r"^ExecStart=/opt/icmc/.venv/bin/icmc (\S+)(?: start)?$", unit.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert command in COMMANDS


def test_the_image_copies_what_is_there_and_what_running_needs() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE) for name in line.split()]
    assert {"engine", "pillars", "workflows", "templates", "requirements", "pyproject.toml"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_compose_file_starts_commands_of_icmc_and_sets_settings_that_exist() -> None:
    ours = [service for service in COMPOSE["services"].values() if service["image"] == "icmc"]
    assert {service["command"][0] for service in ours} == {"up", "worker"} <= set(COMMANDS)
    for service in ours:
        assert service["volumes"] == ["data:/var/lib/icmc"]
        assert {name.removeprefix("ICMC_").lower() for name in service["environment"]} <= set(Settings.model_fields)
    assert COMPOSE["services"]["worker"]["network_mode"] == "service:icmc"
    assert (DEPLOY / COMPOSE["services"]["icmc"]["build"]["context"]).resolve() == ROOT


def _has_compose() -> bool:
    docker = shutil.which("docker")
    ls = [docker or "", "compose", "ls"]
    return docker is not None and subprocess.run(ls, capture_output=True, check=False).returncode == 0


@pytest.mark.faults
@pytest.mark.skipif(not _has_compose(), reason="no containers can be started here")
def test_the_containers_start_and_the_portal_answers() -> None:
    compose = ["docker", "compose", "-f", str(DEPLOY / "compose.yaml"), "-p", "icmc-test"]
    given = {"PATH": "/usr/bin:/usr/local/bin:/bin", "POSTGRES_PASSWORD": "word", "ICMC_PORTAL_URL": "http://localhost"}
    try:
        subprocess.run([*compose, "up", "-d", "--build", "--scale", "worker=2"], check=True, env=given, timeout=1800)
        look = "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/sign-in')"
        command = [*compose, "exec", "icmc", "sh", "-c", f'until python3 -c "{look}"; do sleep 1; done']
        subprocess.run(command, check=True, env=given, timeout=300)
    finally:
        subprocess.run([*compose, "down", "-v"], check=False, env=given)


def test_the_page_names_settings_that_exist() -> None:
    named = {name.removeprefix("ICMC_").lower() for name in re.findall(r"\bICMC_[A-Z_]+", PAGE)}
    assert named <= set(Settings.model_fields)
