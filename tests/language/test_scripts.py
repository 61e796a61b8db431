"""One name in several scripts and spellings sounds the same, and two names do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.scripts import roman, skeleton, sound


@pytest.mark.parametrize(
    "spellings",
    [
        ("Rahima", "Rohima", "रहीमा", "রহিমা", "ৰহিমা"),
        ("Khatun", "Khatoon", "खातून", "খাতুন"),
        ("Kamala", "Kamla", "कमला", "কমলা"),
        ("Lakshmi", "Laxmi", "लक्ष्मी", "লক্ষ্মী"),
        ("Chowdhury", "Choudhury", "চৌধুরী", "চৌধুৰী"),
        ("Barua", "Boruah", "বড়ুয়া", "বৰুৱা"),
        ("Yadav", "Jadab", "यादव", "যাদব"),
        ("Swapna", "Shapna", "স্বপ্না"),
        ("Biswas", "Bishwas", "বিশ্বাস"),
        ("Saikia", "Soikia", "শইকীয়া"),
        ("Zarina", "ज़रीना", "জ়রীনা"),
        ("Yadav", "যাদৱ"),
        ("Tombi", "Tomvi"),
        ("Tamang", "तामाङ"),
        ("Khin", "ခင်"),
        ("Kyaw", "ကျော်"),
        ("Myint", "မြင့်"),
        ("Nyein", "ငြိမ်း"),
        ("Réna", "Rena", "Reena"),
    ],
)
def test_spellings_of_one_name_sound_the_same(spellings: tuple[str, ...]) -> None:
    assert len({sound(roman(one)) for one in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("Rina", "Rani"), ("Sita", "Gita"), ("Marak", "Sangma"), ("मीना", "मोना"), ("সীমা", "রীমা")]
)
def test_different_names_sound_different(one: str, other: str) -> None:
    assert sound(roman(one)) != sound(roman(other))


def test_burmese_is_written_syllable_by_syllable_where_that_is_asked_for() -> None:
    assert roman("အောင်ကျော်မိုး", between=" ").split() == ["aung", "kyaw", "mo"]


def test_a_skeleton_has_consonants_and_a_first_vowel() -> None:
    assert (skeleton("rahima"), skeleton("anita"), skeleton("oo")) == ("RHM", "aNT", "u")


@given(st.text(max_size=40))
def test_any_text_can_be_read(text: str) -> None:
    for word in roman(text).split():
        assert set(skeleton(word)) <= set("BDGHJKLMNPRSTaiu")
