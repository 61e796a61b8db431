"""Say for whom a claim is: their age, and whether they are a child."""

from engine.plugin import StepContext

VICTIMS = frozenset({"victim", "possible_victim"})
ADULT = 18


def age_of(context: StepContext) -> int | None:
    """Return the age of the person that the case is for; None where it is not known, or they are of several ages."""
    ages = {person.age for person in context.persons if person.role in VICTIMS}
    return ages.pop() if len(ages) == 1 else None


def is_minor_of(context: StepContext) -> bool | None:
    """Whether the person that the case is for is a child; None where that is not known, or not the same for all."""
    ages = [person.age for person in context.persons if person.role in VICTIMS]
    answers = {None if age is None else age < ADULT for age in ages}
    return answers.pop() if len(answers) == 1 else None
