"""Give every batch of cases with due jobs a flow run, as soon as a commit says so."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import psycopg

from engine.jobs.records import Batch
from engine.log_lines import why
from engine.orchestration.deployments import Registrar
from engine.orchestration.seams import Work
from engine.orchestration.settings import OPEN_BATCHES

log = logging.getLogger(__name__)

CHANNEL: Final = "icmc_jobs"
POLL_SECONDS: Final = 3.0
_LOST_AFTER: Final = timedelta(seconds=20)
_MEND_EVERY_POLLS: Final = 5


class Dispatcher(threading.Thread):
    """Listen for jobs, claim their cases in batches, create the flow runs; the thread itself never calls Prefect."""

    def __init__(
        self,
        work: Work,
        registrar: Registrar,
        *,
        wake_worker: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        super().__init__(name="icmc-dispatcher", daemon=True)
        self._work = work
        self._registrar = registrar
        self._wake_worker = wake_worker
        self._stop_asked = stop
        self._owed: dict[UUID, Batch] = {}

    def run(self) -> None:
        """Dispatch until asked to stop, whatever happens to the database or to Prefect in between."""
        while not self._stop_asked.is_set():
            try:
                self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("dispatcher_lost_database", extra=why(error))
                self._stop_asked.wait(1)

    def _listen(self) -> None:
        with psycopg.connect(self._work.listening_address(), autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            polls = 0
            while not self._stop_asked.is_set():
                self._guarded(self.pass_on_pause)
                self._guarded(self.dispatch)
                self._guarded(partial(self._mend_if_due, polls))
                heard = self._wait(connection)
                polls += not heard

    def _wait(self, connection: psycopg.Connection[tuple[object, ...]]) -> bool:
        """Wait for a notification, a poll's time at most; look every half second whether to stop."""
        for _ in range(int(POLL_SECONDS * 2)):
            if self._stop_asked.is_set() or any(True for _ in connection.notifies(timeout=0.5, stop_after=1)):
                return True
        return False

    def _mend_if_due(self, polls: int) -> None:
        """Mend now and then, and at once where a batch is out for so long that its worker may be gone."""
        may_look = not self._registrar.is_prefect_slow
        if polls % _MEND_EVERY_POLLS == 0 or (may_look and self._work.open_batches(older_than=_LOST_AFTER)):
            self.mend()

    def _guarded(self, step: Callable[[], object]) -> None:
        try:
            step()
        except psycopg.Error:
            raise
        except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
            log.warning("dispatch_failed", extra=why(error))

    def pass_on_pause(self) -> None:
        """Let Prefect pause or resume its queue too, once automatic work was paused or resumed."""
        pause = self._work.job_pause()
        if not pause.is_told and not self._registrar.is_prefect_down:
            self._registrar.pause(is_on=pause.is_on)
            self._work.note_pause_known(is_on=pause.is_on)
            self._wake_worker()

    def dispatch(self) -> int:
        """Create the flow runs of all batches that may be open now, and those owed since a failure; return how many."""
        if self._registrar.is_prefect_down:
            return 0
        claimed = self._work.dispatchable(limit=OPEN_BATCHES, bundled=self._registrar.is_prefect_slow)
        self._owed |= {batch.id: batch for batch in claimed}
        owed = len(self._owed)
        try:
            for batch_id, run_id, _ in self._registrar.create_runs(list(self._owed.values())):
                self._work.note_flow_run(batch_id=batch_id, flow_run_id=run_id)
                del self._owed[batch_id]
        finally:
            if len(self._owed) < owed:
                self._wake_worker()
        return owed

    def mend(self) -> None:
        """Create again the flow runs that are missing in Prefect, and close the batches whose flow run is over."""
        if self._registrar.is_prefect_down:
            return
        self._registrar.end_lost_runs()
        old = {
            batch.id: batch for batch in self._work.open_batches(older_than=_LOST_AFTER) if batch.id not in self._owed
        }
        runs = self._registrar.states_of(list(old.values()))
        for batch in old.values():
            if batch.flow_run_id in runs:
                self._close_if_over(batch.id, runs[batch.flow_run_id])
        missing = [batch for batch in old.values() if batch.flow_run_id not in runs]
        for batch_id, run_id, state in self._registrar.create_runs(missing):
            self._work.note_flow_run(batch_id=batch_id, flow_run_id=run_id)
            self._close_if_over(batch_id, state)

    def _close_if_over(self, batch_id: UUID, state: str) -> None:
        if state == "CANCELLED":
            self._work.hold_batch(batch_id=batch_id)
        elif state in {"COMPLETED", "FAILED", "CRASHED"}:
            self._work.abandon_batch(batch_id=batch_id)
