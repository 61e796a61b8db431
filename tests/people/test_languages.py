"""Languages are chosen by their names."""

import re

from engine.people.records import ANOTHER, LANGUAGES, language_words, to_choose

CODE = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
"""How a form of a pillar wants a language written."""


def test_every_choice_is_a_code_that_a_form_takes_and_has_a_name_of_its_own() -> None:
    offered = to_choose()
    assert all(CODE.fullmatch(code) for code in offered)
    assert len(set(offered.values())) == len(offered) > 40
    assert list(offered) == [*sorted(LANGUAGES, key=LANGUAGES.__getitem__), ANOTHER]


def test_what_was_chosen_before_stays_a_choice() -> None:
    assert to_choose("fr-CA")["fr-CA"] == "fr-CA"
    assert to_choose("grt") == to_choose()


def test_a_language_is_said_by_its_name() -> None:
    assert language_words("kha") == "Khasi"
    assert language_words(ANOTHER) == "Another language"
    assert language_words("xx") == "xx"
