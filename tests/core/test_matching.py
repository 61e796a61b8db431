"""How much it says that two persons agree: enough for a call, or not."""

import pytest

from engine.core.matching import Agreement, Likeness, bits_of, bits_when_opened, is_worth_telling, kind_of, score_of

FEW, MANY = 10, 50_000
BESIDE = frozenset({"part_home", "part_parent", "part_born"})


def tells(others: dict[str, int], *, persons: int = FEW, known: frozenset[str] = frozenset()) -> bool:
    return is_worth_telling(bits_of(Agreement(others, known), persons=persons), persons=persons)


@pytest.mark.parametrize(("others", "is_told"), [
    ({"name": 1, "name_sound": 1, "name_part": 1}, True),
    ({"phone": 1}, True),
    ({"vehicle": 1}, True),
    ({"name_part": 1}, False),
    ({"name_near": 1, "name_part": 1}, False),
    ({"name_part": 1, "part_home": 1, "part_parent": 1}, True),
    ({}, False),
])  # fmt: skip
def test_a_whole_name_or_a_number_is_worth_telling_and_a_part_of_a_name_is_not(
    others: dict[str, int], *, is_told: bool
) -> None:
    assert tells(others) is is_told


def test_among_many_persons_a_common_name_alone_is_not_worth_telling() -> None:
    common = {"name": 30, "name_sound": 30, "name_part": 300}
    assert not tells(common, persons=MANY)
    assert tells(common | {"part_home": 1}, persons=MANY)


def test_parts_that_seldom_come_together_make_a_whole_name_rarer_than_who_has_it_shows() -> None:
    whole = {"name": 1, "name_sound": 1, "name_part": 300}
    seldom, often = Agreement(whole, parts=(300, 350, 400)), Agreement(whole, parts=(300, 900))
    assert bits_of(seldom, persons=MANY) > bits_of(often, persons=MANY) == bits_of(Agreement(whole), persons=MANY)


def test_years_of_birth_say_much_where_they_are_the_same_and_little_where_they_are_near() -> None:
    name = {"name": 3, "name_sound": 3, "name_part": 300}
    known = {"part_born", "part_year"}
    same = bits_of(Agreement(name | {"part_born": 40, "part_year": 10}, known), persons=MANY)
    near = bits_of(Agreement(name | {"part_born": 40}, known), persons=MANY)
    far = bits_of(Agreement(name, known), persons=MANY)
    assert same > near + 2 > far + 6


def test_the_area_of_a_village_that_agrees_adds_little_and_another_village_of_the_area_takes_off() -> None:
    name, known = {"name": 3, "name_sound": 3, "name_part": 300}, {"part_home", "part_area"}
    village = bits_of(Agreement(name | {"part_home": 1}, {"part_home"}), persons=MANY)
    both = bits_of(Agreement(name | {"part_home": 1, "part_area": 10}, known), persons=MANY)
    only_area = bits_of(Agreement(name | {"part_area": 10}, known), persons=MANY)
    assert village < both < village + 2
    assert only_area < bits_of(Agreement(name | {"part_area": 10}, {"part_area"}), persons=MANY) < village


def test_a_name_in_one_word_counts_what_is_known_beside_it() -> None:
    joined = {"name_run": 2, "name_near": 2}
    beside = joined | {"part_home": 1, "part_area": 1, "part_year": 1}
    assert bits_of(Agreement(beside), persons=MANY) > bits_of(Agreement(joined), persons=MANY) + 7


def test_another_number_says_little() -> None:
    name = {"name": 1, "name_sound": 1, "name_part": 1}
    less = bits_of(Agreement(name), persons=FEW) - bits_of(Agreement(name, {"phone"}), persons=FEW)
    assert 0 < less <= 1


def test_what_is_known_of_both_and_differs_speaks_against_them_and_what_is_not_known_says_nothing() -> None:
    name = {"name_sound": 1, "name": 1, "name_part": 1}
    assert tells(name)
    assert not tells(name, known=BESIDE)
    assert bits_of(Agreement({"name": 1}, BESIDE), persons=FEW) == bits_of(Agreement({"name": 1}), persons=FEW)


@pytest.mark.parametrize(("likeness", "is_told"), [
    (Likeness(1.0), True),
    (Likeness(1.0, home=0.0, years_apart=20), False),
    (Likeness(0.7), False),
    (Likeness(0.95, home=1.0, parent=1.0, years_apart=1), True),
])  # fmt: skip
def test_who_was_opened_is_judged_by_what_is_written(likeness: Likeness, *, is_told: bool) -> None:
    name = Agreement({"name": 1, "name_part": 1})
    assert is_worth_telling(bits_when_opened(name, likeness, persons=FEW), persons=FEW) is is_told


def test_a_score_is_a_number_out_of_100_and_grows_with_what_agrees() -> None:
    scores = [score_of(bits) for bits in (-40.0, 0.0, 6.0, 13.2, 20.0, 30.0, 99.0)]
    assert scores == sorted(scores)
    assert (scores[0], scores[3], scores[-1]) == (0, 60, 100)


def test_a_number_that_is_shared_is_named_before_a_name() -> None:
    assert kind_of(Agreement({"name": 1, "phone": 1})) == "phone"
    assert kind_of(Agreement({"name": 1})) == "person"
