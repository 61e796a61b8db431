"""What all of `icmc up` costs while nobody does anything: processor, memory, growth (`python -m tests.bench.idle`)."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import psycopg
import typer
from sqlalchemy import make_url

from engine.app import reached
from engine.settings import Settings

_STARTS_WITHIN: Final = 180.0
_DAY: Final = 86_400
_PARTS: Final = (("postgres", "PostgreSQL"), ("server_main", "Prefect's server"), ("orchestration.service", "worker"))

Seconds = Annotated[int, typer.Option(min=1, help="For how long to measure.")]
Settle = Annotated[int, typer.Option(min=0, help="How long after the portal answers to begin.")]


@dataclass(frozen=True)
class _Part:
    """Processor time since its processes began, in seconds, and memory now, in MB: each page shared by n counts 1/n."""

    seconds: float
    megabytes: float


def idle(seconds: Seconds = 120, settle: Settle = 90) -> None:
    """Start an installation of its own, leave it alone, and print what its parts used."""
    with TemporaryDirectory(prefix="icmc-idle-") as scratch, _running(Path(scratch) / "data") as process:
        folder = Path(scratch) / "data"
        _wait(settle)
        before, sizes, began = _parts(process, folder), _sizes(folder), time.monotonic()
        _wait(seconds)
        after, took = _parts(process, folder), time.monotonic() - began
        grown = {name: size - sizes[name] for name, size in _sizes(folder).items()}
    shares = {name: 100 * (part.seconds - before[name].seconds) / took for name, part in after.items()}
    for name, part in after.items():
        typer.echo(f"{shares[name]:7.2f} % of a core {part.megabytes:6.0f} MB  {name}")
    typer.echo(f"{sum(shares.values()):7.2f} % of a core {sum(p.megabytes for p in after.values()):6.0f} MB  together")
    for name, size in grown.items():
        typer.echo(f"{size * _DAY / took / 1e6:7.1f} MB a day, as it grew in {took:.0f} s: the database {name}")


@contextmanager
def _running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `icmc up` over a data folder of its own until the block ends."""
    folder.parent.chmod(0o711)  # PostgreSQL may run as another user
    process = subprocess.Popen(
        [sys.executable, "-c", "from engine.cli.main import main; main()", "up"],
        env=os.environ | {"ICMC_DATA_FOLDER": str(folder)}, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        for line in process.stdout or ():
            if line.startswith("ICMC is at"):
                break
        else:
            raise RuntimeError("icmc up ended before its portal answered.")
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(_STARTS_WITHIN)


def _parts(process: subprocess.Popen[str], folder: Path) -> dict[str, _Part]:
    children = _children()
    found: dict[str, _Part] = defaultdict(lambda: _Part(0, 0))
    postmasters = [int(file.read_text().split()[0]) for file in folder.rglob("postmaster.pid")]
    for pid in _below([process.pid, *postmasters], children):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        name = next((name for word, name in _PARTS if word in command), "portal")
        part = found[name]
        found[name] = _Part(part.seconds + _seconds(pid), part.megabytes + _megabytes(pid))
    return dict(found)


def _children() -> Mapping[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children[parent].append(int(stat.parent.name))
    return children


def _below(pids: list[int], children: Mapping[int, list[int]]) -> Iterator[int]:
    for pid in pids:
        yield pid
        yield from _below(children.get(pid, []), children)


def _seconds(pid: int) -> float:
    """Return the processor time of a process and of those of its children that have ended."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    found = re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _sizes(folder: Path) -> dict[str, int]:
    """Return the size of each database in bytes."""
    with reached(Settings(data_folder=folder)) as running:
        address = make_url(running.urls.admin).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address) as connection:
            rows = connection.execute(
                "SELECT datname, pg_database_size(oid) FROM pg_database"
                " WHERE NOT datistemplate AND datname <> 'postgres'"
            ).fetchall()
    return dict(rows)


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)


if __name__ == "__main__":
    typer.run(idle)
