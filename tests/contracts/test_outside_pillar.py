"""A pillar from elsewhere: built, installed beside the twelve, at work, taken away with a case in it, and put back."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.jobs.actions.serve import retry_job
from engine.plugin.skeleton import write_skeleton
from engine.rehearsal.world import people_of
from tests.kit.installation import Installation, installed, until

pytestmark = pytest.mark.long

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "icmc-pillar-transport"
WORKFLOW = EXAMPLE / "workflows" / "journey.yaml"
ICMC = "import sys; from engine.cli.main import main; sys.argv[0] = 'icmc'; main()"
BOOKING = {
    "leaves_at": "2026-03-05T06:00:00Z", "arrives_at": "2026-03-05T12:00:00Z", "seats": 3, "driver_vetted": True,
    "woman_escort": "yes", "driver_name": "A driver", "vehicle_number": "AS 01 0000",
}  # fmt: skip
REPORT = {
    "narrative": "A journey is needed.", "concern": "other", "is_child_suspected": "no", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """An environment of its own: the twelve pillars are there, and what is installed into it besides."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def pip(self, *words: str) -> None:
        _run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", self.python, *words])

    def add(self, wheel: Path) -> None:
        self.pip("install", "--no-deps", "--no-index", str(wheel))

    def icmc(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-c", ICMC, *words], env=os.environ | environment, capture_output=True, text=True, check=False
        )


def build(source: Path, folder: Path) -> Path:
    """Build the wheel of a package from a copy of its folder."""
    copy = shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    _run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir",
          str(folder / "wheels"), str(copy)])  # fmt: skip
    (wheel,) = (folder / "wheels").glob(f"{source.name.replace('-', '_')}-*.whl")
    return wheel


def _run(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("place") / "venv"
    venv.create(folder, symlinks=True)
    ours = sysconfig.get_paths()["purelib"]
    (theirs,) = folder.glob("lib/python3*/site-packages")
    (theirs / "beside.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    return Place(folder)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(EXAMPLE, tmp_path_factory.mktemp("wheel"))


@dataclass(frozen=True)
class Site:
    """An installation whose worker runs in the place, where the thirteenth pillar is."""

    place: Place
    site: Installation
    notices: Path
    worker: str
    supervisor: str

    def icmc(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in self.site.environment.items() if name.startswith("ICMC_")}
        return self.place.icmc(*words, **environment)

    def said(self, *words: str) -> Any:
        done = self.icmc(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stdout

    def file(self, name: str, value: object) -> str:
        written = self.site.folder / name
        written.write_text(json.dumps(value))
        return str(written)

    def restart_worker(self) -> None:
        for worker in self.site.workers:
            worker.kill()
            worker.wait()
        self.site.start_worker()


@pytest.fixture(scope="module")
def site(place: Place, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    place.add(wheel)
    notices = tmp_path_factory.mktemp("roads") / "notices"
    with installed(python=place.python, more_environment={"ICMC_ROAD_NOTICES": str(notices)}) as made:
        Site(place, made, notices, "", "").said("publish", str(WORKFLOW))  # nobody is there yet: the machine ships it
        unit, _ = people_of(made.engine, jurisdiction="IN-AS", label="Outside")
        worker, supervisor = (f"{role}.{unit.hex[:12]}@example.org" for role in ("caseworker", "supervisor"))
        yield Site(place, made, notices, worker, supervisor)


def test_the_tests_that_come_with_the_example_pass(place: Place, wheel: Path) -> None:
    place.add(wheel)
    _run([place.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(EXAMPLE),
          str(EXAMPLE / "tests")])  # fmt: skip


def test_it_is_listed_with_where_it_comes_from_and_keeps_the_contract(place: Place, wheel: Path) -> None:
    place.add(wheel)
    listed = json.loads(place.icmc("pillars", "--json").stdout)
    (found,) = [pillar for pillar in listed if pillar["key"] == "transport"]
    assert found["origin"] == "icmc-pillar-transport 0.1.0"
    assert len(listed) == 14
    assert "Transport (outside package; from icmc-pillar-transport 0.1.0)" in place.icmc("pillars").stdout
    checked = place.icmc("pillars", "check", "transport")
    assert (checked.returncode, checked.stdout.strip()) == (0, "The pillar transport keeps the contract.")


def test_a_workflow_that_uses_it_is_in_order_only_where_it_is_installed(place: Place, wheel: Path) -> None:
    place.add(wheel)
    assert place.icmc("lint", str(WORKFLOW)).returncode == 0
    without = subprocess.run(
        [sys.executable, "-c", ICMC, "lint", str(WORKFLOW), "--json"], capture_output=True, text=True, check=False
    )
    assert without.returncode == 1
    assert {found["line"] for found in json.loads(without.stdout)} == {10, 12}


def test_its_steps_are_done_by_prefect_taken_away_with_a_case_in_them_and_go_on_when_it_is_back(
    site: Site, wheel: Path
) -> None:
    site.notices.write_text("NH 6\n")
    opened = site.said(
        "case", "open", "--answers", site.file("report.json", REPORT), "--workflow", "safe-journey", "--as",
        site.worker, "--json",
    )  # fmt: skip
    number = opened["case"]
    _see_it_tried_again_and_done(site, number)
    item = _item(site)
    assert item["title"] == "Book a journey"

    site.place.pip("uninstall", "--yes", "icmc-pillar-transport")
    site.restart_worker()
    found = site.icmc("doctor", "--json")
    assert found.returncode == 1
    ailments = [ailment for ailment in json.loads(found.stdout) if ailment["code"] == "step-type"]
    assert [ailment["problem"] for ailment in ailments] == [
        f"No installed pillar has the step type transport.booking. Open in 1 case: {number}."
    ]
    assert number in site.said("case", "show", number, "--as", site.worker)
    answers = site.file("booking.json", BOOKING)
    refused = site.icmc("item", "complete", item["id"], "--answers", answers, "--as", site.worker)
    assert refused.returncode == 1
    assert "transport.booking" in refused.stderr + refused.stdout
    assert "Traceback" not in refused.stderr

    site.place.add(wheel)
    site.restart_worker()
    assert "step-type" not in site.icmc("doctor", "--json").stdout
    site.said("item", "complete", item["id"], "--answers", answers, "--as", site.worker)
    until(site.site.are_all_jobs_over)
    rows = site.site.rows(
        'SELECT d.name FROM document d JOIN "case" c ON c.id = d.case_id WHERE c.number = %(n)s', n=number
    )
    assert [row["name"] for row in rows] == ["transport-slip"]


def _see_it_tried_again_and_done(site: Site, number: str) -> None:
    def runs() -> list[dict[str, Any]]:
        flows = site.site.api.flow_runs(tag=number)
        found = [task for flow in flows for task in site.site.api.task_runs(flow["id"])]
        return [task for task in found if task["name"] == "transport.notices"]

    until(lambda: any(task["run_count"] > 1 for task in runs()))
    site.notices.write_text("NH 6\nEND\n")
    until(lambda: any(task["state_type"] == "COMPLETED" for task in runs()))
    states = site.site.api.request("GET", f"/task_run_states/?task_run_id={runs()[0]['id']}")
    assert "AwaitingRetry" in {state["name"] for state in states}
    until(lambda: bool(_items(site)))


def _items(site: Site) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = site.said("item", "list", "--as", site.worker, "--json")
    return [item for item in listed if item["title"] == "Book a journey"]


def _item(site: Site) -> dict[str, Any]:
    (item,) = _items(site)
    return item


def test_one_of_the_twelve_is_replaced_by_a_setting(place: Place, tmp_path: Path) -> None:
    write_skeleton("press", tmp_path)
    place.add(build(tmp_path / "icmc-pillar-press", tmp_path / "built"))
    try:
        both = place.icmc("pillars")
        assert both.returncode == 1
        assert "ICMC_PILLARS" in both.stderr + both.stdout
        for wanted, origin in (("icmc-pillar-press", "icmc-pillar-press 0.1.0"), ("icmc", "icmc 0.1.0")):
            chosen = place.icmc("pillars", "--json", ICMC_PILLARS=json.dumps({"press": wanted}))
            assert {p["origin"] for p in json.loads(chosen.stdout) if p["key"] == "press"} == {origin}
    finally:
        place.pip("uninstall", "--yes", "icmc-pillar-press")
    gone = place.icmc("pillars", ICMC_PILLARS='{"press": "icmc-pillar-press"}')
    assert gone.returncode == 1
    assert "does not offer it" in gone.stderr + gone.stdout


GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-pillar.md"
TOLD = "## 8. From the first line to the last"


class Forecast(BaseHTTPRequestHandler):
    """A server of somebody else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"storm": false}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server_outside() -> Iterator[tuple[str, int]]:
    """A server under an address of this machine that is not its own loop, as one elsewhere would be."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        try:
            found.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no network")
        host = found.getsockname()[0]
    server = HTTPServer((host, 0), Forecast)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield host, server.server_port
    server.shutdown()


def told_files() -> dict[str, str]:
    """Return the files that the guide tells to write, by name."""
    section = GUIDE.read_text(encoding="utf-8").partition(TOLD)[2]
    blocks = re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", section, re.DOTALL)
    return dict(blocks)


@pytest.fixture(scope="module")
def written(server_outside: tuple[str, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a pillar that asks a server outside, written as the guide says."""
    host, port = server_outside
    folder = tmp_path_factory.mktemp("written")
    write_skeleton("weather", folder)
    package = folder / "icmc-pillar-weather"
    for name, text in told_files().items():
        (package / name).write_text(text.replace("https://api.example.org", f"http://{host}:{port}"))
    return package


def test_a_pillar_that_is_written_as_the_guide_says_keeps_the_contract_and_passes_its_own_tests(
    place: Place, written: Path, tmp_path: Path
) -> None:
    place.add(build(written, tmp_path / "built"))
    assert place.icmc("pillars", "check", "weather").stdout.strip() == "The pillar weather keeps the contract."
    _run([place.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(written),
          str(written / "tests")])  # fmt: skip
    place.pip("uninstall", "--yes", "icmc-pillar-weather")


@pytest.mark.faults
def test_a_pillar_that_asks_a_server_outside_is_broken_found_mended_and_removed_as_the_guide_says(
    place: Place, server_outside: tuple[str, int], written: Path, tmp_path: Path
) -> None:
    host, _ = server_outside
    place.add(build(written, tmp_path / "built"))
    with installed(python=place.python, demo=False) as made:
        there = Site(place, made, tmp_path, "", "")
        there.said("publish", str(written / "weather-journey.yaml"))
        unit, people = people_of(made.engine, jurisdiction="IN-AS", label="Weather")
        worker = f"caseworker.{unit.hex[:12]}@example.org"
        report = there.file("report.json", REPORT)
        number = there.said(
            "case", "open", "--answers", report, "--workflow", "weather-journey", "--as", worker, "--json"
        )["case"]

        def failed() -> list[dict[str, Any]]:
            return made.rows("SELECT id FROM job WHERE status = 'aside'")

        until(lambda: bool(failed()))
        found = there.icmc("doctor").stdout
        assert "URLError (ICMC_PILLAR_HOSTS does not name this host) at icmc_weather.steps:" in found
        assert host not in found
        assert re.search(r"job_failed attempt=3 of 3 .*icmc_weather\.steps", (made.logs / "worker-0.log").read_text())

        made.more_environment["ICMC_PILLAR_HOSTS"] = json.dumps([host])
        there.restart_worker()
        for row in failed():
            retry_job(made.engine, UUID(str(row["id"])), viewer=people["system_administrator"])
        until(lambda: bool(json.loads(there.icmc("item", "list", "--as", worker, "--json").stdout)))

        place.pip("uninstall", "--yes", "icmc-pillar-weather")
        there.restart_worker()
        assert (
            f"No installed pillar has the step type weather.plan. Open in 1 case: {number}."
            in there.icmc("doctor").stdout
        )
        (item,) = there.said("item", "list", "--as", worker, "--json")
        there.said(
            "item", "complete", item["id"], "--answers", there.file("none.json", {}), "--outcome", "not_needed",
            "--reason", "We do this without the pillar now.", "--as", worker,
        )  # fmt: skip
        until(lambda: made.rows('SELECT status FROM "case" WHERE number = %(n)s', n=number)[0]["status"] == "closed")
        assert "weather." not in there.icmc("doctor").stdout
