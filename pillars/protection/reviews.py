"""Say how soon a safety plan is looked at again: the greater the danger, the sooner."""

_FIRST = {"critical": 2}
_LATER = {"critical": 2, "high": 7}
_FIRST_DAYS, _LATER_DAYS = 7, 30


def review_days(level: str, *, is_first: bool) -> int:
    """Return the days until the next review: a week at most after the first plan, a month after later ones.

    This is a target of the programme; no law sets it.
    """
    return _FIRST.get(level, _FIRST_DAYS) if is_first else _LATER.get(level, _LATER_DAYS)
