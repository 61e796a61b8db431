"""Published definitions, and what a change of one would do."""

from datetime import datetime
from uuid import UUID

from engine.views.base import View


class DefinitionView(View):
    """A published definition; `owner` is the unit whose own cases it is for, empty for what is everybody's."""

    kind: str
    name: str
    version: int
    title: str
    content_hash: str
    status: str
    author: str
    published_at: datetime | None
    owner: str = ""
    source: str
    differs_from_file: bool = False


class MovedDeadline(View):
    """A deadline that a change would move, set or end.

    `effect` is one of: would_breach, stays_breached, moves, told_at_another_time, begins, ends. `told_before` and
    `told_after` are when something fires of it next.
    """

    case_id: UUID
    case_number: str
    step_key: str
    step_title: str
    zone: str
    effect: str
    before: datetime | None
    after: datetime | None
    told_before: datetime | None
    told_after: datetime | None


class LimitChange(View):
    """A step whose time limits a new version of a workflow changes, in words; empty where there is no such step."""

    workflow: str
    step_key: str
    before: str
    after: str


class PreviewView(View):
    """What a change would do to the open cases that the viewer sees: of those of others nothing is told."""

    lines: tuple[MovedDeadline, ...]
    looked_at: int
    left_out: int
    limits: tuple[LimitChange, ...] = ()
