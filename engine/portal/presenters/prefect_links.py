"""Where admins see Prefect's own page of a run."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.views import JobView


@dataclass(frozen=True, slots=True)
class RunLink:
    """A job with the address of its flow run in Prefect's pages; empty when Prefect did not do it or has no pages."""

    job: JobView
    href: str


def run_links(jobs: Iterable[JobView], prefect_ui_url: str | None) -> tuple[RunLink, ...]:
    """Give each job its link."""
    return tuple(RunLink(job, _href(job, prefect_ui_url)) for job in jobs)


def _href(job: JobView, prefect_ui_url: str | None) -> str:
    if prefect_ui_url is None or job.flow_run_id is None:
        return ""
    return f"{prefect_ui_url.rstrip('/')}/runs/flow-run/{job.flow_run_id}"
