"""The words and colours of statuses."""

from dataclasses import dataclass

from engine.spec.plain_words import in_plain_words
from engine.spec.roles import Role
from engine.views import StepView

OUTCOMES = {
    "done": "Done",
    "refused_by_person": "The person does not want it",
    "not_needed": "Not needed",
    "blocked_by_other_body": "Waiting on another agency",
}


@dataclass(frozen=True, slots=True)
class Status:
    """A status in words; `tone` is one of: late, near, running, good, quiet."""

    words: str
    tone: str


def status_of_step(step: StepView) -> Status:
    """Say where a step stands."""
    if step.status == "ended":
        outcome = step.outcome or "done"
        return Status(OUTCOMES.get(outcome, in_plain_words(outcome)), "good" if outcome == "done" else "quiet")
    known = {
        "scheduled": Status("Set for later", "quiet"),
        "held": Status("On hold: something is needed first", "near"),
        "approval": Status("Waiting for approval", "running"),
        "skipped": Status("Not on this path", "quiet"),
        "cancelled": Status("Cancelled", "quiet"),
        "ready": Status(_at_work(step), "running"),
    }
    return known.get(step.status, Status(in_plain_words(step.status), "quiet"))


def _at_work(step: StepView) -> str:
    if step.item_id is None:
        return "The system does it"
    return "In progress" if step.assignee else "Waiting to be taken"


def status_of_job(status: str) -> Status:
    """Say where a job stands."""
    known = {
        "ready": Status("Waiting", "running"),
        "claimed": Status("In progress", "running"),
        "done": Status("Done", "good"),
        "failed": Status("Failed", "late"),
        "aside": Status("Set aside", "late"),
        "held": Status("On hold", "near"),
    }
    return known.get(status, Status(in_plain_words(status), "quiet"))


def role_words(role: str) -> str:
    """Give a role in plain words."""
    try:
        return Role(role).label
    except ValueError:
        return in_plain_words(role)
