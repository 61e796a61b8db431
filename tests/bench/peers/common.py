"""What each peer's script shares: its options, a connection that looks on, the loop that is measured, the figures.

The work is the same for all: cases of a workflow of twelve steps of people, one after the other. Step i of every case
is completed before step i+1 of any, so that all cases stay open. A completion counts when the next open task was read
back over another connection. Every commit reaches the disk.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import psycopg

TASK = tuple[str, int]
"""The id of an open task, and its step."""


class Asked(NamedTuple):
    """What a script is asked to do."""

    url: str
    cases: int
    steps: int


def asked() -> Asked:
    """Read the options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True, help="an empty database of the peer's own, as libpq reads addresses")
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--steps", type=int, default=12)
    return Asked(**vars(parser.parse_args()))


def connect(url: str) -> "psycopg.Connection[Any]":
    """Connect; each statement is its own transaction unless one is begun."""
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("SET synchronous_commit = on")
    return connection


def measure(
    cases: Sequence[str],
    steps: int,
    *,
    see: Callable[[str], TASK | None],
    complete: Callable[[str, str, int], object],
) -> dict[str, float]:
    """Complete every step of every case; returns steps a second, and the median time to the next task in ms."""
    taken = []
    began = time.perf_counter()
    for step in range(steps):
        for case in cases:
            found = see(case)
            if found is None or found[1] != step:
                message = f"step {step} of {case} is not open"
                raise RuntimeError(message)
            at = time.perf_counter()
            complete(case, found[0], step)
            following = see(case)
            taken.append(time.perf_counter() - at)
            if (following is None) != (step == steps - 1):
                message = f"after step {step} of {case} the wrong thing is open: {following}"
                raise RuntimeError(message)
    seconds = time.perf_counter() - began
    taken.sort()
    return {"per_second": len(taken) / seconds, "median_ms": taken[len(taken) // 2] * 1000}


def tell(figures: dict[str, float]) -> None:
    """Print the figures as the last line."""
    print(json.dumps(figures))  # noqa: T201 - what the one who started the script reads
