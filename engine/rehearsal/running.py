"""What the portal simulates for people: one case at once, and comparisons in processes of their own.

A comparison is known by what was asked: whoever asks for the same again looks how far it has come. It is kept in memory
only; another portal, which does not know it, begins it itself and finds the same.
"""

import os
import signal
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Lock
from time import monotonic
from typing import Final
from uuid import UUID

from engine.builtin import REPORT
from engine.core.compiled import compile_workflow
from engine.core.library import Library
from engine.definitions.rehearsed import ComparedSoFar, ComparisonAsked, Rehearsed, ReportAsked, VersionsCompared
from engine.errors import BusyError
from engine.language.catalogue import StepCatalogue
from engine.language.workflow import Workflow
from engine.rehearsal.budget import alert_budget
from engine.rehearsal.compared import compare
from engine.rehearsal.many_cases import is_taken, report_by
from engine.rehearsal.simulator import simulate

_AT_ONCE: Final = 2
_KEPT: Final = 20
_WAITS: Final = 1.5
"""Seconds for which whoever looks waits for the end."""
_UNWATCHED: Final = 60.0
"""Seconds after which a comparison stops at which nobody looks."""
_Asked = tuple[Workflow, Workflow, ComparisonAsked]


class Rehearsals:
    """Simulates for everybody at one portal."""

    def __init__(self, catalogue: StepCatalogue, library: Callable[[], Library]) -> None:
        """Simulate with the step types and definitions that are there."""
        self._catalogue, self._library = catalogue, library
        self._running: OrderedDict[UUID, _Comparison] = OrderedDict()
        self._lock = Lock()

    def one(self, workflow: Workflow, seed: int, given: ReportAsked) -> Rehearsed:
        """Let one case of a workflow run from a report as it is `given`, the rest drawn by a number."""
        asked, compiled = self._catalogue.find(REPORT), compile_workflow(workflow, self._catalogue)
        place = given.jurisdiction or _place_of(workflow)
        drawn = report_by(seed, compiled, asked.outputs if asked else {}, place)
        answers, victims = {**drawn.answers, **given.answers}, drawn.victims if given.victims is None else given.victims
        arrived = replace(drawn, answers=answers, victims=victims)
        done = simulate(compiled, self._library(), arrived, seed=seed)
        lines = tuple((one.at, one.what, one.step, one.detail) for one in done.happenings)
        takes = compiled.start_condition is None or is_taken(compiled, answers)
        return Rehearsed(
            arrived.opened_at, lines, done.messages, done.closed_at, done.waits_for,
            ReportAsked(answers, victims, place), takes,
        )  # fmt: skip

    def compared(
        self, who: UUID, before: Workflow, after: Workflow, asked: ComparisonAsked, *, stop: bool = False
    ) -> ComparedSoFar:
        """Begin a comparison, or look how far it has come; raises `BusyError`."""
        with self._lock:
            known = self._running.get(who)
            if known is None or known.asked != (before, after, asked):
                if known is not None:
                    known.process.terminate()
                others = (one for name, one in self._running.items() if name != who)
                if sum(one.process.is_alive() for one in others) >= _AT_ONCE:
                    raise BusyError(waited_for="the comparisons that others have asked for")
                known = self._running[who] = self._begun(before, after, asked)
                while len(self._running) > _KEPT:
                    self._running.popitem(last=False)[1].process.terminate()
        so_far = known.look(stop=stop)
        if known.is_broken:
            with self._lock:
                self._running.pop(who, None)
            raise BusyError(waited_for="the simulation, which was ended from outside")
        return so_far

    def _begun(self, before: Workflow, after: Workflow, asked: ComparisonAsked) -> "_Comparison":
        found = self._catalogue.find(REPORT)
        compiled = [compile_workflow(one, self._catalogue) for one in (before, after)]
        ours, theirs = get_context("spawn").Pipe()
        more = {"report": found.outputs if found else {}, "jurisdiction": _place_of(after)}
        process = get_context("spawn").Process(
            target=_compare, args=(theirs, (*compiled, replace(self._library()), asked), more), daemon=True
        )
        process.start()
        theirs.close()
        return _Comparison((before, after, asked), process, ours, Lock(), ComparedSoFar(0))


def _place_of(workflow: Workflow) -> str:
    return next(iter(workflow.jurisdictions), "IN")


@dataclass
class _Comparison:
    """One comparison in its process, and what is known of it."""

    asked: _Asked
    process: SpawnProcess
    pipe: Connection
    lock: Lock
    so_far: ComparedSoFar
    is_broken: bool = False

    def look(self, *, stop: bool) -> ComparedSoFar:
        """Hear what it says, and tell it that somebody looks, or to stop; wait a moment for its end."""
        with self.lock:
            until = monotonic() + (10 * _WAITS if stop else _WAITS)
            if self.so_far.found is None:
                with suppress(OSError):
                    self.pipe.send(stop)
            try:
                while self.so_far.found is None and self.pipe.poll(max(until - monotonic(), 0)):
                    said = self.pipe.recv()
                    is_over = isinstance(said, VersionsCompared)
                    self.so_far = ComparedSoFar(said.after.cases, said) if is_over else ComparedSoFar(said)
            except (EOFError, OSError):
                self.is_broken = True
            return self.so_far


def _compare(pipe: Connection, given: tuple, more: dict) -> None:  # type: ignore[type-arg]
    """Compare in a process of its own, which lets others go first; say how far it is, and what was found.

    What each person gets is counted last, unless it was stopped.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    looked_at = said_at = monotonic()

    def goes_on(done: int) -> bool:
        nonlocal looked_at, said_at
        while pipe.poll():
            if pipe.recv():
                return False
            looked_at = monotonic()
        if monotonic() - said_at > _WAITS / 3:
            said_at = monotonic()
            pipe.send(done)
        return monotonic() - looked_at < _UNWATCHED

    with suppress(EOFError, OSError):
        found, (before, after, library, asked) = compare(*given, **more, goes_on=goes_on), given
        if found.after.cases == asked.cases:
            first, then = (alert_budget(one, library, jurisdiction=more["jurisdiction"]) for one in (before, after))
            found = VersionsCompared(replace(found.before, a_person=first), replace(found.after, a_person=then))
        pipe.send(found)


def rehearsal_of(catalogue: StepCatalogue, library: Callable[[], Library]) -> Rehearsals:
    """Return what simulates with these step types and definitions."""
    return Rehearsals(catalogue, library)
