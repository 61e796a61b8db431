"""How a condition is told to people who do not read conditions."""

import pytest

from engine.language.conditions.parse import parse_condition
from engine.language.conditions.words import in_words


def title(path: tuple[str, ...]) -> str:
    return ": ".join(part.replace("_", " ") for part in path).capitalize()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'home_report.recommendation != "unsafe" && decision.wishes_return == "yes" && !fear_stated',
            "Home report: recommendation is not 'unsafe' and Decision: wishes return is 'yes' and Fear stated is false",
        ),
        ("a || b && c", "A is true or (B is true and C is true)"),
        ("!(a || b)", "A is false and B is false"),
        ("!(a && b) && c", "(A is false or B is false) and C is true"),
        ("!(!(a && b)) || c", "(A is true and B is true) or C is true"),
        ("!(s.n < 3)", "S: n is at least 3"),
        ("3 < s.n", "S: n is more than 3"),
        ('s.k in ["x"]', "S: k is 'x'"),
        ('s.k in ["x", "y", "z"]', "S: k is 'x', 'y' or 'z'"),
        ('!(s.k in ["x", "y"])', "S: k is none of 'x' or 'y'"),
        ('"x" in s.l', "S: l includes 'x'"),
        ('!("x" in s.l)', "S: l does not include 'x'"),
        ("has(s.k)", "S: k is answered"),
        ("!has(s.k)", "S: k is not answered"),
        ("size(s.l) >= 2", "the number of entries of S: l is at least 2"),
        ('s.l.exists(x, x == "p" || x == "q")', "for at least one entry x of S: l: (x is 'p' or x is 'q')"),
        ('!s.l.exists(x, x == "p")', "for every entry x of S: l: (x is not 'p')"),
        ('!s.l.all(x, x == "p")', "for at least one entry x of S: l: (x is not 'p')"),
        ('s.t - s.u > duration("72h")', "the time from S: u to S: t is more than 3 days"),
        ('s.t < s.u + duration("48h")', "S: t is before 48 hours after S: u"),
        ('s.t >= s.u - duration("1m")', "S: t is not before 1 minute before S: u"),
        ('s.t - s.u == duration("90m")', "the time from S: u to S: t is 90 minutes"),
        ('s.t >= timestamp("2026-01-31T18:00:00+05:30")', "S: t is not before 31 January 2026, 12:30 UTC"),
        ("s.a == s.b", "S: a is S: b"),
        ("s.a == true", "S: a is true"),
        ("true", "always"),
        ("!true", "never"),
    ],
)
def test_a_condition_is_told_in_plain_english(text: str, words: str) -> None:
    assert in_words(parse_condition(text), title) == words
