"""How quickly people's steps go through: steps a second, and the time until the next item can be read."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

from engine.work.views.worklist import work_item
from tests.bench.workload import STEPS, Bench, complete, open_one


@dataclass(frozen=True)
class Rate:
    """So many things in so many seconds."""

    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        """How many a second."""
        return self.count / self.seconds if self.seconds else 0.0


def steps_per_second(bench: Bench, *, clients: int, cases_each: int) -> Rate:
    """Let each client complete every step of its own cases, all clients at once; opening is not counted."""
    first_items = [[open_one(bench)[1] for _ in range(cases_each)] for _ in range(clients)]
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        done = sum(pool.map(lambda items: sum(complete_all(bench, item) for item in items), first_items))
    return Rate(done, time.perf_counter() - began)


def next_item_seconds(bench: Bench, *, cases: int) -> list[float]:
    """Measure, for each step of some cases, from "complete" until the next item has been read."""
    measured = []
    for _ in range(cases):
        item = open_one(bench)[1]
        for _ in range(STEPS - 1):
            began = time.perf_counter()
            (item,) = complete(bench, item).next_item_ids
            bench.engine.ask(work_item, bench.viewer, item)
            measured.append(time.perf_counter() - began)
    return measured


def complete_all(bench: Bench, item: UUID) -> int:
    """Complete an item and all that follow it, one by one; returns how many there were."""
    done = 0
    following: tuple[UUID, ...] = (item,)
    while following:
        following = complete(bench, following[0]).next_item_ids
        done += 1
    return done
