"""A decision in the making: events so far, and the state that they lead to."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow
from engine.core.library import Library
from engine.core.records import Run, RunStatus
from engine.core.state import CaseState, evolve
from engine.core.values import RunSteps
from engine.errors import NotFoundError


class Draft:
    """Collects events while a decision is made. It lives inside one call of `decide` and is never shared."""

    def __init__(
        self, state: CaseState, definitions: Mapping[str, CompiledWorkflow], library: Library, now: datetime
    ) -> None:
        """Begin with the state as it was."""
        self.state = state
        self.definitions = definitions
        self.library = library
        self.now = now
        self.events: list[ev.Event] = []
        self.cause = ""
        self.plans_again = False
        self._views: dict[UUID, RunSteps] = {}
        self._seen: tuple[UUID, RunSteps] | None = None

    def emit(self, event: ev.Event) -> None:
        """Add an event, and go on from the state after it."""
        self.events.append(event)
        self.state = evolve(self.state, event)
        self._seen = None
        if isinstance(event, ev.STEP_EVENTS):
            view = self._views.get(event.step.run_id)
            if view is not None:
                self._views[event.step.run_id] = view.with_step(self.state, event.step)

    def view(self, run_id: UUID) -> RunSteps:
        """See a run through its definition, as things stand now; raises `NotFoundError` without the definition."""
        if self._seen is not None and self._seen[0] is run_id:
            return self._seen[1]
        found = self._views.get(run_id)
        if found is None or found.state is not self.state:
            definition = self.definitions.get(self.state.runs[run_id].definition_hash)
            if definition is None:
                raise NotFoundError(kind="definition")
            found = self._views[run_id] = RunSteps(definition, self.state, run_id, earlier=found)
        self._seen = (run_id, found)
        return found

    def open_runs(self) -> list[Run]:
        """List the runs that go on and whose definition is at hand."""
        return [
            run
            for run in self.state.runs.values()
            if run.status is RunStatus.OPEN and self.definitions.get(run.definition_hash) is not None
        ]
