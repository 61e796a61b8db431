"""Words made of keys: a capital at the start of a label only, acronyms and names as people write them."""

import pytest

from engine.language.names import in_plain_words, in_running_words
from engine.plugin.registry import load_registry


@pytest.mark.parametrize(
    ("key", "label", "inside"),
    [
        ("blocked_by_other_body", "Blocked by other body", "blocked by other body"),
        ("partner_ngo", "Partner NGO", "partner NGO"),
        ("ahtu_officer", "AHTU officer", "AHTU officer"),
        ("web-form", "Web form", "web form"),
        ("ngoma", "Ngoma", "ngoma"),
        ("", "", ""),
    ],
)
def test_a_key_reads_as_a_label_and_inside_a_sentence(key: str, label: str, inside: str) -> None:
    assert (in_plain_words(key), in_running_words(key)) == (label, inside)


def test_no_choice_of_a_form_shows_its_key() -> None:
    specs = [spec for step_type in load_registry().step_types.values() for spec in step_type.fields]
    labels = {label for spec in specs for label in spec.choices.values()}
    assert len(labels) > 400
    assert [label for label in labels if "_" in label] == []
    assert "Ri Bhoi" in labels
