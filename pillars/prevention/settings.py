"""What a coordinator sets for the steps of Prevention."""

from engine.plugin import NoSettings


class PatternSettings(NoSettings):
    """From how many cases on a likeness is called a pattern."""

    from_cases: int = 3
