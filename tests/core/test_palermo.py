"""What answers point to, by the Palermo Protocol and by BNS s.143: a table, with the rule for children."""

from datetime import date

import pytest

from engine.core.law.palermo import Element, Elements, TraffickingDefinition, points_to
from engine.core.law.told import AgeRange
from engine.language.conditions.values import Truth

ON = date(2026, 3, 10)
YES, NO, OPEN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
ADULT, CHILD = AgeRange(youngest=24, oldest=24, as_of=ON), AgeRange(youngest=13, oldest=13, as_of=ON)
PERHAPS = AgeRange(youngest=16, oldest=20, as_of=ON)
MOVED, LIED, WORKED = ("transportation",), ("deception",), ("forced_labour",)


def told(acts: tuple[str, ...], means: tuple[str, ...], purposes: tuple[str, ...], age: AgeRange | None) -> Elements:
    return Elements(frozenset(acts), frozenset(means), frozenset(purposes), age)


@pytest.mark.parametrize(("acts", "means", "purposes", "age", "palermo", "bns"), [
    (MOVED, LIED, WORKED, ADULT, YES, YES),
    (MOVED, LIED, WORKED, CHILD, YES, YES),
    (MOVED, LIED, WORKED, None, YES, YES),
    (MOVED, ("none_seen",), WORKED, ADULT, NO, NO),
    (MOVED, ("none_seen",), WORKED, CHILD, YES, NO),
    (MOVED, ("none",), WORKED, PERHAPS, YES, NO),
    (MOVED, ("none_seen",), WORKED, None, OPEN, NO),
    (MOVED, (), WORKED, CHILD, YES, OPEN),
    (MOVED, (), WORKED, ADULT, OPEN, OPEN),
    (MOVED, ("unknown",), WORKED, ADULT, OPEN, OPEN),
    (MOVED, ("abuse_of_weakness",), WORKED, ADULT, YES, OPEN),
    (MOVED, ("abuse_of_weakness",), WORKED, CHILD, YES, OPEN),
    (MOVED, ("abuse_of_power",), WORKED, ADULT, YES, YES),
    (MOVED, ("payment_for_control",), WORKED, ADULT, YES, YES),
    (MOVED, ("debt_bondage",), WORKED, ADULT, YES, YES),
    (MOVED, ("excessive_hours",), WORKED, ADULT, OPEN, OPEN),
    (("none_seen",), LIED, WORKED, ADULT, NO, NO),
    (("none",), LIED, WORKED, CHILD, NO, NO),
    ((), LIED, WORKED, CHILD, OPEN, OPEN),
    (("harbouring", "unknown"), LIED, WORKED, ADULT, YES, YES),
    (MOVED, LIED, ("none",), ADULT, NO, NO),
    (MOVED, LIED, ("none",), CHILD, NO, NO),
    (MOVED, LIED, ("unknown",), CHILD, OPEN, OPEN),
    (MOVED, LIED, ("forced_begging",), ADULT, YES, YES),
    (MOVED, LIED, ("organ_removal",), ADULT, YES, YES),
    (MOVED, LIED, ("sexual_exploitation",), CHILD, YES, YES),
    (MOVED, LIED, ("forced_criminality",), ADULT, YES, OPEN),
    (MOVED, LIED, ("forced_marriage",), ADULT, OPEN, OPEN),
    (MOVED, LIED, ("child_labour",), CHILD, OPEN, OPEN),
    (MOVED, LIED, ("forced_marriage", "servitude"), ADULT, YES, YES),
    ((), (), (), None, OPEN, OPEN),
])  # fmt: skip
def test_each_definition_is_asked_by_itself(
    acts: tuple[str, ...], means: tuple[str, ...], purposes: tuple[str, ...], age: AgeRange | None, palermo: Truth,
    bns: Truth,
) -> None:  # fmt: skip
    by_law = {one.law: one for one in points_to(told(acts, means, purposes, age), on=ON)}
    assert (by_law[TraffickingDefinition.PALERMO].truth, by_law[TraffickingDefinition.BNS].truth) == (palermo, bns)


def test_of_a_child_the_means_do_not_matter_under_the_protocol_and_do_under_the_section() -> None:
    palermo, bns = points_to(told(MOVED, ("none_seen",), WORKED, CHILD), on=ON)
    assert palermo.elements[Element.MEANS] is NO
    assert any("the means do not matter" in line for line in palermo.reasons)
    assert any("asks for one of its means for a child too" in line for line in bns.reasons)
    assert any("s.143 (4) and (5)" in line for line in bns.reasons)
    assert palermo.missing == bns.missing == ()


def test_what_is_missing_for_an_answer_is_named() -> None:
    palermo, bns = points_to(told((), (), WORKED, None), on=ON)
    assert palermo.missing == ("the act", "the means", "the age")
    assert bns.missing == ("the act", "the means")
    (of_child, _) = points_to(told((), (), WORKED, CHILD), on=ON)
    assert of_child.missing == ("the act",)


def test_the_words_never_say_more_than_that_it_points_to_something() -> None:
    for age in (ADULT, CHILD, None):
        for means in (LIED, ("none_seen",), ()):
            for one in points_to(told(MOVED, means, WORKED, age), on=ON):
                assert one.words.startswith(("Points to", "Does not point to", "Not enough is known"))
                assert not any(word in one.words for word in (" is trafficking", "guilty", "proved"))


def test_who_turned_eighteen_since_was_a_child_on_the_day_that_counts() -> None:
    grown = AgeRange(youngest=19, oldest=19, as_of=ON)
    then, now = (points_to(told(MOVED, ("none",), WORKED, grown), on=day)[0] for day in (date(2024, 3, 10), ON))
    assert (then.truth, now.truth) == (YES, NO)
