"""Why automatic work waits, in words, with what to do: from what the parts of the system last said of themselves."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import JsonValue

from engine.cases.records import CANCEL_REASONS
from engine.errors import IcmcError
from engine.language.names import in_running_words

WORKER: Final = "fallback:"
"""How the names begin under which workers say that they are there."""
PREFECT: Final = "prefect"
PREFECT_SECONDS: Final = "prefect:seconds"
PREFECT_PAUSED: Final = "prefect:paused"
DISK: Final = "disk:"
"""How the names begin under which workers say how much room their disks have, in bytes: what is free, and all."""
OUR_QUEUE: Final = "queue cases"
"""How the queue is named among what is paused in Prefect that a pause of our own pauses there."""
JOBS_PAUSED: Final = "jobs_paused"
"""The fact of the installation that says whether automatic work is paused, by whom, since when, and why."""
ANSWERS, SLOW, DOWN = "answers", "slow", "down"
GONE_AFTER: Final = timedelta(minutes=2)
"""A part that has said nothing for so long says nothing of the present."""
_LONG: Final = timedelta(minutes=3)


_FAILURES: Final[Mapping[str, str]] = {
    "step-failed": "the program of the step failed",
    "timed-out": "the program of the step did not answer in time",
    "tried-too-often": "each worker that did it stopped before the end",
    "lease-over": "the worker that did it stopped before the end",
    "unexpected": "something went wrong that no one expected",
    "asker-is-disabled": "the account of the person who asked for it is closed",
    "asker-has-no-access": "the person who asked for it has no access to the case any more",
}


def failure_words(error_code: str) -> str:
    """Return why a job failed in running words, without the place in the program that can stand behind the code."""
    code = error_code.partition(":")[0]
    return _FAILURES.get(code) or in_running_words(code) or "no reason was given"


SKIP_REASONS: Final[Mapping[str, str]] = {
    name: CANCEL_REASONS[name] for name in ("done_elsewhere", "not_needed", "not_possible", "opened_by_mistake")
}
"""Why automatic work that failed is not done."""


PAUSE_REASONS: Final[Mapping[str, str]] = {
    "wrong_work": "Jobs do something wrong",
    "service_away": "A service that jobs need is out of order",
    "repair": "This machine or its database is being repaired",
    "new_version": "A new version is being installed",
}
"""Why automatic work is paused as a whole."""


class Paused(NamedTuple):
    """Automatic work is paused: by whom (empty for the command line), since when (UTC), why; `is_told` to Prefect."""

    by: str
    since: datetime
    reason_code: str
    is_told: bool

    @property
    def reason(self) -> str:
        """Return why, in words."""
        return PAUSE_REASONS.get(self.reason_code, "No reason was given")


class DiskSpace(NamedTuple):
    """The room of the disk on which the data folder lies, in bytes."""

    free: int
    total: int

    @property
    def is_small(self) -> bool:
        """Whether somebody has to make room soon."""
        return self.free < min(max(self.total // 20, _LEAST_ROOM), _ENOUGH_ROOM)

    @property
    def in_words(self) -> str:
        """Return what is free of all, in gigabytes."""
        return f"{self.free / _GIGABYTE:.1f} of {self.total / _GIGABYTE:.0f} GB are free"


_GIGABYTE: Final = 10**9
_LEAST_ROOM, _ENOUGH_ROOM = 2 * _GIGABYTE, 20 * _GIGABYTE
"""Less than the first is too little on any disk, and more than the second is enough on any."""


class Said(NamedTuple):
    """What a part of the system last said of itself, since when (UTC), and how long ago it said so last."""

    state: str
    since: datetime
    age: timedelta


class WaitReason(NamedTuple):
    """One reason for which jobs wait, and what to do about it."""

    code: str
    problem: str
    remedy: str


def reasons(
    said: Mapping[str, Said],
    *,
    due: int,
    held: int,
    waits_for: timedelta | None,
    workers: Collection[Said],
    paused: Paused | None = None,
) -> Iterator[WaitReason]:
    """Say why jobs wait. `due` could be done now, the oldest of them `waits_for` so long; `held` wait for a person."""
    at_work = [one for one in workers if one.age <= GONE_AFTER]
    known = {name: one for name, one in said.items() if one.age <= GONE_AFTER}
    found = list(_of_parts(known, due, is_anybody_there=bool(at_work)))
    if paused is not None:
        found = [_of_pause(paused, due), *(one for one in found if one != _in_prefect(OUR_QUEUE, due))]
    if not found and due and waits_for is not None and waits_for > _LONG:
        found.append(
            WaitReason(
                "jobs-late",
                f"{_jobs(due).capitalize()}, the oldest for {waits_for // timedelta(minutes=1)} minutes,"
                " though Prefect answers.",
                "They are done one after the other. If they do not get fewer, start another `icmc worker`.",
            )
        )
    yield from found
    if held:
        one, more = "1 job is held", f"{held} jobs are held"
        yield WaitReason(
            "jobs-held",
            f"{one if held == 1 else more}: a flow run was cancelled in Prefect.",
            "Retry that flow run on Prefect's page, or let the jobs be tried again on the board.",
        )


def _of_parts(known: Mapping[str, Said], due: int, *, is_anybody_there: bool) -> Iterator[WaitReason]:
    if not is_anybody_there:
        if due:
            yield WaitReason("no-worker", f"No worker is running: {_jobs(due)}.", "Start `icmc worker`, or `icmc up`.")
        return
    prefect, paused = known.get(PREFECT), known.get(PREFECT_PAUSED)
    if paused is not None and paused.state:
        yield _in_prefect(paused.state, due)
    if prefect is not None and prefect.state == DOWN:
        yield WaitReason(
            "fallback",
            f"Prefect has not answered since {prefect.since:%Y-%m-%d %H:%M} UTC: {_jobs(due)}.",
            "Deadlines are kept meanwhile. See the log of Prefect's server in the data folder.",
        )
    if prefect is not None and prefect.state == SLOW:
        seconds = known[PREFECT_SECONDS].state if PREFECT_SECONDS in known else "some"
        yield WaitReason(
            "prefect-slow",
            f"Prefect answers slowly ({seconds} s a call): {_jobs(due)}.",
            "They go on, many in one flow run. See what else keeps this machine busy, or give it more processors.",
        )


def _in_prefect(what: str, due: int) -> WaitReason:
    problem = f"Paused in Prefect: {what}. {_jobs(due).capitalize()}."
    return WaitReason("prefect-paused", problem, "Resume it on Prefect's page. Deadlines are kept meanwhile.")


def _of_pause(paused: Paused, due: int) -> WaitReason:
    by = f" by {paused.by}" if paused.by else ""
    return WaitReason(
        "jobs-paused",
        f"Automatic work has been paused since {paused.since:%Y-%m-%d %H:%M} UTC{by}. {paused.reason}."
        f" {_jobs(due).capitalize()}.",
        "Resume it on the board. Deadlines, escalations and critical messages go on.",
    )


def _jobs(count: int) -> str:
    return "no job is waiting" if not count else "1 job is waiting" if count == 1 else f"{count} jobs are waiting"


class StepFailedError(IcmcError):
    """Raised when a pillar's function fails; the work is left as it was.

    `reason` is the kind of what was raised and its place in the pillar's code, never what it says.
    """

    code = "step-failed"
    sentence = "{step_type} failed ({reason}); nothing was changed."


class StaleJobError(IcmcError):
    """Raised when a job's fencing token is not the current one: another worker has it now."""

    code = "stale-job"
    sentence = "This job has been taken over by another worker."


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that a worker holds for a while; `token` must be shown at every later write.

    `asked_by` is the person whose act caused it, and whose rights it needs; None for what the system does by itself.
    """

    id: UUID
    case_id: UUID
    case_number: str
    kind: str
    task_name: str
    token: int
    attempt: int
    retries: int
    retry_delay: float
    timeout: float
    run_id: UUID | None
    step_id: UUID | None
    payload: Mapping[str, JsonValue]
    gateway: str = ""
    critical: bool = False
    announces: tuple[str, ...] = ()
    asked_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases with jobs to do, claimed for one flow run of one workflow's deployment."""

    id: UUID
    workflow: str
    case_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that is out; `flow_run_id` is None until Prefect has its flow run."""

    id: UUID
    workflow: str
    case_numbers: tuple[str, ...]
    flow_run_id: UUID | None


class JobPause(NamedTuple):
    """Whether automatic work is paused, and whether Prefect was told so, or that it goes on."""

    is_on: bool = False
    is_told: bool = True
