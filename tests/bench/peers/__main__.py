"""`make bench-peers`: ICMC beside other engines and raw SQL, in turn, on one PostgreSQL, all commits on the disk."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Final
from uuid import UUID, uuid4

import psycopg
import typer

from engine.db.embedded.embedded import EmbeddedServer
from engine.web.terminal import in_words
from tests.bench.peers import common
from tests.bench.workload import STEPS, Bench, complete, open_one, plain_address, scratch_bench

PEERS: Final = {
    "raw_sql": "raw SQL, row by row",
    "spiff": "SpiffWorkflow",
    "view_flow": "Viewflow",
    "dbos_transact": "DBOS",
}
HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[2]
_OURS: Final = "ICMC"
_SEE: Final = "SELECT id, step_key FROM work_item WHERE case_id = %s AND status IN ('ready', 'reserved')"
_LONGEST: Final = 1800
"""Seconds that a peer may take."""


@in_words
def bench_peers(
    cases: Annotated[int, typer.Option(min=1, help="How many cases each has open.")] = 40,
    rounds: Annotated[int, typer.Option(min=1, help="How often each has its turn.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(PEERS)}; repeat it for more.")] = None,
) -> None:
    """Measure completed steps a second, with one client, and how that compares."""
    chosen = [name for name in PEERS if not only or name in only]
    pythons = {name: _environment(name) for name in chosen}
    found: dict[str, list[Mapping[str, float]]] = {name: [] for name in (_OURS, *chosen)}
    with scratch_bench() as bench:
        for turn in range(rounds):
            for name, figures in found.items():
                typer.echo(f"round {turn + 1} of {rounds}: {PEERS.get(name, name)} …", err=True)
                ours = name == _OURS
                figures.append(_ours(bench, cases) if ours else _peer(bench, name, pythons[name], cases))
    for line in table(found):
        typer.echo(line)


def table(found: Mapping[str, Sequence[Mapping[str, float]]]) -> list[str]:
    """Return the lines of a table: medians of all rounds, and ours as a multiple of each."""
    rates = {name: median(one["per_second"] for one in rounds) for name, rounds in found.items()}
    times = {name: median(one["median_ms"] for one in rounds) for name, rounds in found.items()}
    lines = [f"{'':24}{'steps/s':>10}{'median ms':>12}{'ICMC is':>10}"]
    for name in sorted(rates, key=lambda one: -rates[one]):
        ratio = f"{rates[_OURS] / rates[name]:.2f} x"
        lines.append(f"{PEERS.get(name, name):24}{rates[name]:>10.1f}{times[name]:>12.2f}{ratio:>10}")
    return lines


def _environment(name: str) -> Path:
    """Make the environment of a peer, from its lock, where there is none; returns its Python."""
    lock, folder = ROOT / "requirements" / "peers" / f"{name}.txt", ROOT / ".venv" / "peers" / name
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock.read_text(encoding="utf-8"):
        return python
    typer.echo(f"Installing {lock.relative_to(ROOT)} …", err=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*install, "-r", str(lock)], check=True)
    stamp.write_text(lock.read_text(encoding="utf-8"), encoding="utf-8")
    return python


def _ours(bench: Bench, cases: int) -> Mapping[str, float]:
    begun = [str(open_one(bench)[0]) for _ in range(cases)]
    with psycopg.connect(plain_address(bench.running.urls.owner), autocommit=True) as onlooker:

        def see(case: str) -> common.TASK | None:
            found = onlooker.execute(_SEE, (case,)).fetchone()
            return found and (str(found[0]), int(found[1].removeprefix("step")) - 1)

        return common.measure(begun, STEPS, see=see, complete=lambda _case, item, _step: complete(bench, UUID(item)))


def _peer(bench: Bench, name: str, python: Path, cases: int) -> Mapping[str, float]:
    """Let a peer work in a new database of the same server."""
    server: EmbeddedServer | None = bench.running.server
    if server is None:
        message = "the peers are measured on the server that we start"
        raise RuntimeError(message)
    database = f"peer_{uuid4().hex[:12]}"
    administrator = plain_address(server.url("postgres"))
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{database}"')
    try:
        script = [str(python), str(HERE / f"{name}.py"), "--url", plain_address(server.url(database))]
        more = ["--cases", str(cases), "--steps", str(STEPS)]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [*script, *more], check=True, stdout=subprocess.PIPE, text=True, env=environment, timeout=_LONGEST
        )
        figures: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
        return figures
    finally:
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


if __name__ == "__main__":
    typer.run(bench_peers)
