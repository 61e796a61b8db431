"""Many people at work at once, through the pages: each looks at the worklist, answers an item, reports a case.

`python -m tests.faults.crowd 100000` lets fifty work for a minute beside so many open cases, with two seconds to
think, and prints how long they waited for each page.
"""

import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from statistics import quantiles
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from engine.cases.actions.open import open_case
from engine.core.policy import THIS_MACHINE, Viewer
from engine.definitions.actions.proposals import propose_definition
from engine.people.store import DirectoryStore
from engine.rehearsal.answers import report_answers
from engine.rehearsal.world import people_of
from engine.sign_in.actions.sessions import become
from tests.bench.crowd import copy_case
from tests.bench.workload import WORKFLOW, workflow_text
from tests.kit.installation import Installation, installed, story
from tests.kit.portal import REPORT

_ITEM: Final = re.compile(r'href="/items/([0-9a-f-]{36})"')
_NUMBER: Final = re.compile(r"Case number<br><strong>([^<]+)</strong>")
_ANSWERS: Final = {"a-decision": "yes", "a-reason": "All that was asked for is there, and everybody agrees with it."}
_ROLES: Final = ("supervisor", "case_manager", "intake_officer")
_PATIENCE: Final = 60.0


@dataclass
class Done:
    """What the people were told is done, and every answer that was none of the expected ones."""

    items: set[UUID] = field(default_factory=set)
    reports: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    waited: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    """For each page when an answer came, and after how many seconds."""
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Person:
    """One of them, at a browser."""

    token: str
    address: str
    random: random.Random
    done: Done
    think: float

    def work(self, ends_at: float) -> None:
        """Work until the time is over; think between two pages."""
        cookies = {"icmc_session": self.token}
        with httpx.Client(base_url=self.address, cookies=cookies, timeout=_PATIENCE, follow_redirects=True) as client:
            threading.Event().wait(self.random.uniform(0, 5 * self.think))  # nobody comes at the same instant
            while time.monotonic() < ends_at:
                try:
                    self._report(client) if self.random.random() < 0.2 else self._answer(client)
                except httpx.HTTPError as error:
                    self._wrong(type(error).__name__)
                self._think()

    def _answer(self, client: httpx.Client) -> None:
        found = sorted(set(_ITEM.findall(self._got(client.get("/worklist?whose=free&due=all"), "worklist").text)))
        if not found:
            return
        item = self.random.choice(found)
        self._think()
        page = self._got(client.get(f"/items/{item}"), "work item", but=404).text
        command, revision = _hidden(page, "command_id"), _hidden(page, "revision")
        if 'name="a-decision"' not in page or command is None or revision is None:
            return
        self._think()
        sent = _ANSWERS | {"action": "complete", "command_id": command, "revision": revision}
        answer = self._got(client.post(f"/items/{item}", data=sent), "complete", but=409)
        if answer.status_code == httpx.codes.OK and "govuk-error-summary" not in answer.text:
            with self.done.lock:
                self.done.items.add(UUID(item))

    def _report(self, client: httpx.Client) -> None:
        told = REPORT | {"a-narrative": f"A girl of about twelve works in a house. {uuid4()}"}
        answer = self._got(client.post("/report", data=told | {"command_id": str(uuid4())}), "report")
        number = _NUMBER.search(answer.text)
        if number is None:
            self._wrong(f"a report without a number: {answer.text[:300]}")
            return
        with self.done.lock:
            self.done.reports.append(unescape(number[1]))

    def _got(self, answer: httpx.Response, page: str, *, but: int = 0) -> httpx.Response:
        with self.done.lock:
            self.done.statuses[answer.status_code] += 1
            waited = sum(one.elapsed.total_seconds() for one in (*answer.history, answer))
            self.done.waited[page].append((time.monotonic(), waited))
        if answer.status_code not in {httpx.codes.OK, but}:
            heading = re.search(r"<h1[^>]*>([^<]+)", answer.text)
            self._wrong(
                f"{answer.request.method} {answer.request.url.path} {answer.status_code} {heading and heading[1]}"
            )
        return answer

    def _wrong(self, words: str) -> None:
        with self.done.lock:
            self.done.wrong.append(words)

    def _think(self) -> None:
        threading.Event().wait(self.random.uniform(0.5, 1.5) * self.think)


def let_work(
    site: Installation, address: str, *, people: int, seconds: float, think: float, seed: int, beside: int = 0
) -> Done:
    """Let so many people work for so long, over enough open cases and beside so many, and give what they were told."""
    propose_definition(site.engine, source=workflow_text(), viewer=THIS_MACHINE)  # while nobody is there to agree
    unit, known = people_of(site.engine, jurisdiction="IN-AS", label="Crowd")
    for _ in range(people * 2):
        _open(site, unit, known["case_manager"])
    if beside:
        copy_case(site.urls.owner, _open(site, unit, known["case_manager"]), cases=beside)
    done, chosen = Done(), random.Random(seed)  # noqa: S311 - the same people do the same
    crowd = [
        Person(become(site.engine, actor), address, random.Random(chosen.random()), done, think)  # noqa: S311
        for actor in _hired(site, unit, people)
    ]
    ends_at = time.monotonic() + seconds
    threads = [threading.Thread(target=person.work, args=(ends_at,), daemon=True) for person in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 4 * _PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "somebody still waits for an answer"
    return done


@contextmanager
def portal_of(site: Installation, folder: Path) -> Iterator[str]:
    """Run the portal as a process of its own; returns its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    with (folder / "portal.log").open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("icmc"), "portal", "--port", str(port)],
            env=site.environment | {"PATH": os.environ["PATH"]}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        for _ in range(600):
            try:
                httpx.get(f"{address}/health", timeout=2)
                break
            except httpx.HTTPError:
                threading.Event().wait(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def lost(site: Installation, done: Done) -> list[str]:
    """Say of what was told to be done that it is not there exactly once."""
    found = []
    query = """SELECT w.id, w.status, (SELECT count(*) FROM command c WHERE c.case_id = w.case_id) AS commands
        FROM work_item w WHERE w.id = ANY(%(ids)s)"""
    items = {row["id"]: row for row in site.rows(query, ids=list(done.items))}
    found += [f"item {one}" for one in done.items if one not in items or items[one]["status"] != "completed"]
    numbers: dict[str, Any] = Counter(row["number"] for row in site.rows('SELECT number FROM "case"'))
    found += [f"case {number}" for number in done.reports if numbers[number] != 1]
    twice = site.rows("SELECT id FROM step WHERE status = 'ended' GROUP BY id HAVING count(*) > 1")
    return found + [f"step {row['id']}" for row in twice]


def _open(site: Installation, unit: UUID, viewer: Viewer) -> UUID:
    opened = site.act(open_case, answers=report_answers(story("cs-01")), unit_id=unit, by=viewer, workflow=WORKFLOW)
    case_id: UUID = opened.case_id
    return case_id


def _hired(site: Installation, unit: UUID, people: int) -> list[UUID]:
    actors = [uuid4() for _ in range(people)]
    with site.engine.transaction() as tx:
        for number, actor in enumerate(actors):
            tx.of(DirectoryStore).add_actor(
                actor, name=f"Worker {number}", email=f"worker{number}@example.org", demo=True
            )
            for role in _ROLES:
                tx.of(DirectoryStore).add_role(actor, unit_id=unit, role=role)
        tx.commit()
    return actors


def _hidden(page: str, name: str) -> str | None:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else None


def main(beside: int) -> None:
    """Measure how long fifty people wait for their pages beside so many open cases; print medians and p95.

    What they waited in the first twenty seconds, in which the portal meets each page for the first time, is left out.
    """
    with installed(with_prefect=False, durable=True) as site, portal_of(site, site.folder) as address:
        done = let_work(site, address, people=50, seconds=80, think=2.0, seed=11, beside=beside)
        print(f"{len(done.items)} items, {len(done.reports)} reports, wrong: {done.wrong}, lost: {lost(site, done)}")  # noqa: T201
        began = min(at for answers in done.waited.values() for at, _ in answers)
        for page, answers in done.waited.items():
            cuts = quantiles([waited for at, waited in answers if at > began + 20], n=20, method="inclusive")
            print(f"{page:10} {len(answers):5} times, p50 {cuts[9] * 1000:5.0f} ms, p95 {cuts[18] * 1000:5.0f} ms")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
