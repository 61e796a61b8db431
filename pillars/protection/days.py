"""Days and languages that several steps of Protection propose."""

from datetime import date
from typing import Any

from engine.plugin import StepContext
from pillars.protection.forms import FirstNeeds, Intake


def language_of(context: StepContext) -> dict[str, Any]:
    """Return the language that the person was first heard in, as an answer; nothing where nobody said."""
    told = (
        context.earlier("rescue.first_needs", FirstNeeds).language
        or context.earlier("reporting.intake", Intake).language
    )
    return {"language": told} if told else {}


def ending_of(context: StepContext, day: date | None, fact: str) -> dict[str, Any]:
    """Return the end of a day (UTC) as a fact; nothing where there is no day."""
    return {fact: context.end_of(day)} if day else {}
