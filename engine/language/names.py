"""The shapes of names in definition files."""

from typing import Annotated

from pydantic import StringConstraints

RESERVED = frozenset(
    {
        "start",
        "ready",
        "report",
        "case",
        "outcome",
        "true",
        "false",
        "null",
        "in",
        "has",
        "exists",
        "all",
        "size",
        "timestamp",
        "duration",
    },
)

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Steps, facts and fields."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
"""Workflows, ladders, gates, calendars."""

StepTypeKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
AnswerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}\.[a-z][a-z0-9_]{0,63}$")]
"""An answer of a step, as `step.output`."""

JurisdictionCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500)]
ConditionText = Annotated[str, StringConstraints(min_length=1, max_length=500)]
