"""Say of which country the law counts in a case."""

from engine.plugin import StepContext


def country_of(context: StepContext) -> str:
    """Give the country of the case, as in `IN`: its law counts."""
    return context.jurisdiction.partition("-")[0]
