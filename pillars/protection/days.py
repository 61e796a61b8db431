"""Days and languages that several steps of Protection propose."""

from datetime import date

from engine.plugin import JsonAnswer, Scalar, StepContext, as_day, end_of_day, local_day


def today_of(context: StepContext) -> date:
    """Give the day of now in the zone of the case."""
    return local_day(context.now, context.zone)


def language_of(context: StepContext) -> dict[str, JsonAnswer]:
    """Give the language that the person was first heard in, as an answer; nothing where nobody said."""
    told = context.earlier("rescue.first_needs").get("language") or context.earlier("reporting.intake").get("language")
    return {"language": told} if told else {}


def ending_of(context: StepContext, answer: str, fact: str) -> dict[str, Scalar]:
    """Give the end of the day of an answer (UTC) as a fact; nothing where there is no such day."""
    day = as_day(context.answers.get(answer))
    return {fact: end_of_day(day, context.zone)} if day else {}
