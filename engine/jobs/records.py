"""Why automatic work waits, in words, with what to do: from what the parts of the system last said of themselves."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from engine.cases.records import CANCEL_REASONS
from engine.language.names import in_running_words

WORKER: Final = "fallback:"
"""How the names begin under which workers say that they are there."""
PREFECT: Final = "prefect"
PREFECT_SECONDS: Final = "prefect:seconds"
PREFECT_PAUSED: Final = "prefect:paused"
ANSWERS, SLOW, DOWN = "answers", "slow", "down"
_GONE_AFTER: Final = timedelta(minutes=2)
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
    said: Mapping[str, Said], *, due: int, held: int, waits_for: timedelta | None, workers: Collection[Said]
) -> Iterator[WaitReason]:
    """Say why jobs wait. `due` could be done now, the oldest of them `waits_for` so long; `held` wait for a person."""
    at_work = [one for one in workers if one.age <= _GONE_AFTER]
    known = {name: one for name, one in said.items() if one.age <= _GONE_AFTER}
    found = list(_of_parts(known, due, is_anybody_there=bool(at_work)))
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
        yield WaitReason(
            "jobs-held",
            f"{held} {'job is' if held == 1 else 'jobs are'} held: a flow run was cancelled in Prefect.",
            "Retry that flow run on Prefect's page, or let the jobs be tried again on the board.",
        )


def _of_parts(known: Mapping[str, Said], due: int, *, is_anybody_there: bool) -> Iterator[WaitReason]:
    if not is_anybody_there:
        if due:
            yield WaitReason("no-worker", f"No worker is running: {_jobs(due)}.", "Start `icmc worker`, or `icmc up`.")
        return
    prefect, paused = known.get(PREFECT), known.get(PREFECT_PAUSED)
    if paused is not None and paused.state:
        yield WaitReason(
            "prefect-paused",
            f"Paused in Prefect: {paused.state}. {_jobs(due).capitalize()}.",
            "Resume it on Prefect's page. Deadlines are kept meanwhile.",
        )
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


def _jobs(count: int) -> str:
    return "no job is waiting" if not count else "1 job is waiting" if count == 1 else f"{count} jobs are waiting"
