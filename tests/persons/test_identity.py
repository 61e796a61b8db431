"""What is known of a person: nothing is lost that was written down, and a person is found by all of it."""

from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from engine.core.law.ages import AgeRange, AgeSource
from engine.persons.records import (
    CONFIRMED,
    RULED_OUT,
    candidates_of,
    names_of,
    parted,
    settled,
    with_age,
    with_candidate,
    with_name,
    written_over,
)
from engine.persons.tokens import NameTokens

ONE, TWO = UUID(int=1), UUID(int=2)
names = st.lists(st.sampled_from(["Kamala", "कमला", "কমলা", "Kamla Devi", "Moni", "ကမလာ"]), min_size=1, unique=True)


def test_the_first_name_is_the_name_and_further_ones_are_other_names_once() -> None:
    known = with_name(with_name(with_name({}, "कमला"), "Kamala"), "Kamala")
    assert known == {"name": "कमला", "aliases": ["Kamala"]}
    assert with_name(known, "कमला") == known


def test_a_name_that_is_corrected_stays_among_the_other_names_and_the_rest_stays_as_it_was() -> None:
    known = {"name": "Moni", "aliases": ["M"], "phone": "123", "ages": [{"youngest": 3}]}
    assert written_over(known, {"name": "Monira"}) == {**known, "name": "Monira", "aliases": ["M", "Moni"]}
    assert written_over(known, {"phone": "456"}) == {**known, "phone": "456"}
    assert written_over(known, {"name": "Moni", "aliases": ["Moni", "Mon"]}) == {**known, "aliases": ["M", "Mon"]}


def test_an_age_of_each_source_is_kept_and_the_same_one_once() -> None:
    school = AgeRange(youngest=14, oldest=14, source=AgeSource.SCHOOL, as_of=date(2026, 3, 1))
    looks = school.model_copy(update={"source": AgeSource.APPEARANCE, "oldest": 18})
    known = with_age(with_age(with_age({"name": "A"}, school), looks), school)
    assert [entry["source"] for entry in known["ages"]] == ["appearance", "school"]


def test_who_is_confirmed_gives_the_name_and_who_is_ruled_out_is_not_found_any_more() -> None:
    known = with_candidate(with_candidate({"name": "Girl in red"}, ONE, {"name": "Moni"}), TWO, {"name": "Farida"})
    tokens = NameTokens().tokens
    assert set(tokens({"name": "Moni"})) | set(tokens({"name": "Farida"})) < set(tokens(known))
    ruled_out = settled(known, ONE, RULED_OUT)
    assert ruled_out is not None
    assert not set(tokens({"name": "Moni"})) & set(tokens(ruled_out))
    confirmed = settled(ruled_out, TWO, CONFIRMED)
    assert (confirmed["name"], confirmed["aliases"]) == ("Farida", ["Girl in red"])
    assert [one["status"] for one in candidates_of(confirmed)] == [RULED_OUT, CONFIRMED]
    assert settled(known, UUID(int=9), CONFIRMED) is None


@given(names, st.data())
def test_a_person_who_is_parted_has_every_name_once(known: list[str], data: st.DataObject) -> None:
    taken = data.draw(st.lists(st.sampled_from(known), unique=True))
    first, second = parted({"name": known[0], "aliases": known[1:], "phone": "1", "ages": []}, taken)
    assert sorted((*names_of(first), *names_of(second))) == sorted(known)
    assert set(names_of(second)) == set(taken)
    assert first.get("phone") == "1"
