"""Conditions and keys in plain words, and one name in several scripts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.conditions.parse import parse_condition
from engine.language.conditions.rendering import in_words
from engine.language.names import in_plain_words, in_running_words
from engine.language.scripts import roman, skeleton, sound
from engine.plugin.registry import load_registry


def title(path: tuple[str, ...]) -> str:
    return ": ".join(part.replace("_", " ") for part in path).capitalize()


@pytest.mark.parametrize(("text", "words"), [
    (
        'home_report.recommendation != "unsafe" && decision.wishes_return == "yes" && !fear_stated',
        "Home report: recommendation is not “unsafe” and Decision: wishes return is “yes” and Fear stated is false",
    ),
    ("a || b && c", "A is true or (B is true and C is true)"),
    ("!(a || b)", "A is false and B is false"),
    ("!(a && b) && c", "(A is false or B is false) and C is true"),
    ("!(!(a && b)) || c", "(A is true and B is true) or C is true"),
    ("!(s.n < 3)", "S: n is at least 3"),
    ("3 < s.n", "S: n is more than 3"),
    ('s.k in ["x"]', "S: k is “x”"),
    ('s.k in ["x", "y", "z"]', "S: k is “x”, “y” or “z”"),
    ('!(s.k in ["x", "y"])', "S: k is none of “x” or “y”"),
    ('s.outcome in ["skipped", "cancelled"]', "S is left out"),
    ('!(s.outcome in ["cancelled", "skipped"])', "S is not left out"),
    ('s.outcome in ["skipped", "done"]', "S: outcome is “skipped” or “done”"),
    ('"x" in s.l', "S: l includes “x”"),
    ('!("x" in s.l)', "S: l does not include “x”"),
    ("has(s.k)", "S: k is answered"),
    ("!has(s.k)", "S: k is not answered"),
    ("size(s.l) >= 2", "the number of entries of S: l is at least 2"),
    ('s.l.exists(x, x == "p" || x == "q")', "for at least one entry x of S: l: (x is “p” or x is “q”)"),
    ('!s.l.exists(x, x == "p")', "for every entry x of S: l: (x is not “p”)"),
    ('!s.l.all(x, x == "p")', "for at least one entry x of S: l: (x is not “p”)"),
    ('s.t - s.u > duration("72h")', "the time from S: u to S: t is more than 3 days"),
    ('s.t < s.u + duration("48h")', "S: t is before 48 hours after S: u"),
    ('s.t >= s.u - duration("1m")', "S: t is not before 1 minute before S: u"),
    ('s.t - s.u == duration("90m")', "the time from S: u to S: t is 90 minutes"),
    ('s.t - s.u == duration("86399s")', "the time from S: u to S: t is 23 hours, 59 minutes and 59 seconds"),
    ('s.k == "not_sure" || s.k == "IN"', "S: k is “not sure” or S: k is “India”"),
    ('s.t >= timestamp("2026-01-31T18:00:00+05:30")', "S: t is not before 31 January 2026, 12:30 UTC"),
    ("s.a == s.b", "S: a is S: b"),
    ("s.a == true", "S: a is true"),
    ("true", "always"),
    ("!true", "never"),
])  # fmt: skip
def test_a_condition_is_told_in_plain_english(text: str, words: str) -> None:
    assert in_words(parse_condition(text), title) == words


@pytest.mark.parametrize(("key", "label", "inside"), [
    ("blocked_by_other_body", "Blocked by other body", "blocked by other body"),
    ("partner_ngo", "Partner NGO", "partner NGO"),
    ("ahtu_officer", "AHTU officer", "AHTU officer"),
    ("web-form", "Web form", "web form"),
    ("ngoma", "Ngoma", "ngoma"),
    ("", "", ""),
])  # fmt: skip
def test_a_key_reads_as_a_label_and_inside_a_sentence(key: str, label: str, inside: str) -> None:
    assert (in_plain_words(key), in_running_words(key)) == (label, inside)


def test_no_choice_of_a_form_shows_its_key() -> None:
    specs = [spec for step_type in load_registry().step_types.values() for spec in step_type.fields]
    labels = {label for spec in specs for label in spec.choices.values()}
    assert len(labels) > 400
    assert [label for label in labels if "_" in label] == []
    assert "Ri Bhoi" in labels


@pytest.mark.parametrize("spellings", [
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
])  # fmt: skip
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
