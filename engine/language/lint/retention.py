"""Lint: a retention policy keeps each class of data as long as its floor, which no author can lower."""

from datetime import timedelta
from typing import Final

from engine.language.findings import Finding
from engine.language.limits import TimeLimit
from engine.language.merged import Merged
from engine.language.retention import RetentionPolicy, RetentionRule

FLOOR: Final = TimeLimit("P1Y")
"""What every class of data is kept for at least: a year of logs is the law (DPDP Rules 2025, rules 6(1)(e) and 8(3)),
and whoever comes back for their papers, or complains, does so within a year."""
_ABOUT_THE_SAME: Final = timedelta(days=1)


def kept_too_briefly(policy: RetentionPolicy, merged: Merged) -> list[Finding]:
    """Find the classes of data whose shortest or longest time is below the floor."""
    return [
        merged.finding(("rules", index, name), "below-floor", _words(rule))
        for index, rule in enumerate(policy.rules)
        for name, limit in (("at_least", rule.at_least), ("at_most", rule.at_most))
        if limit.about < FLOOR.about - _ABOUT_THE_SAME
    ]


def _words(rule: RetentionRule) -> str:
    return (
        f"No author can lower the floor of retention: {rule.data.value} is kept for at least {FLOOR.in_words()} after "
        "the case has closed. What a person asks to have erased before that is decided by two people, not by a policy."
    )
