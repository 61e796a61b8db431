"""No form, help, letter or workflow asks to keep, hash or look at what shows a child naked or abused."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from engine.language.yaml_files import read_yaml_file
from engine.plugin.copies import LABEL
from engine.plugin.steps import StepType
from tests.kit.pillars import example, form_of, render
from tests.kit.shipped import registry

ROOT: Final = Path(__file__).parents[2]
STEPS: Final = tuple(step for _, step in sorted(registry().step_types.items()))
OUR_OWN_PAPERS: Final = {
    "partnership.onboard.child_safe_policy": "rules of a partner", "partnership.onboard.data_agreement": "an agreement",
    "policing.refusal.receipt": "a receipt", "policing.handover.receipt": "a receipt",
    "press.release.image": "what is to be published", "rehabilitation.care_plan.form7": "a form of ours",
    "rehabilitation.learning.certificate": "a certificate", "repatriation.hir.photos": "a house",
    "reporting.missing.photo": "a face, given by the family", "reporting.missing.risk_form": "a form of the police",
    "reporting.mandatory.receipt": "a receipt", "rescue.plan.layout_file": "a plan of rooms",
    "rescue.production.form17": "a form", "restitution.claim.form": "a form",
}  # fmt: skip
"""Files that are made or given for the work: nothing in them was found, reported or leaked."""
ALLOWED: Final = {
    "the hash": "what a certificate still lacks, of a piece that shows nobody",
    "Tell all outlets to take name and photo back": "a face that was published to find a missing child",
    "Hash (SHA-256)": "a line of a certificate or of a chain of custody: empty for a child who is shown",
    "the hash above": "the same certificate",
    "SHA-256 of the stored text": "a paper of our own",
    "SHA-256 of the copy that is kept encrypted": "left out of the letter for a child who is shown",
    "take a picture of a screen": "what nobody can prevent",
}
"""What is said of something else, by words of it and with the reason."""
_THINGS: Final = (
    r"(?:pictures?|photos?|photographs?|images?|screenshots?|films?|videos?|cop(?:y|ies)|hash(?:es)?|leaks?|content"
    r"|proofs?|it|them|what is out there)"
)
_ACTS: Final = (
    r"(?:keep|save|store|copy|hash|make|take|send|attach|upload|add|open|look at|watch|view|download|secure|read)"
)
_ASKS: Final = re.compile(
    rf"\b{_ACTS}\b(?:\W+\w+){{0,4}}?\W+{_THINGS}\b|\b(?:encrypted|encrypted|saved|kept) cop(?:y|ies)\b|\bscreenshots?\b"
    r"|\bSHA-256\b|\bhash(?:es)?\b|\bsaved page\b",
    re.IGNORECASE,
)
_SEEN: Final = (
    r"pictures?|photos?|photographs?|images?|screenshots?|films?|filmed|videos?|intimate|naked|abuse\w*"
    r"|sealed cop\w+|encrypted cop\w+|saved cop\w+|saved page|what is out there"
)
_OF_SIGHT: Final = re.compile(rf"\b(?:{_SEEN})\b", re.IGNORECASE)
_OF_SIGHT_OR_HASH: Final = re.compile(rf"\b(?:{_SEEN}|hash\w*|SHA-256)\b", re.IGNORECASE)
"""Pages of the system itself and its documentation speak of many hashes: of records, of keys, of papers of our own."""
_SAYS_NO: Final = re.compile(
    r"\b(?:never|nobody|nothing|no one|not|no|cannot|without|unless|refus\w+|the address (?:only|is enough|alone)"
    r"|address only|only where no child)\b",
    re.IGNORECASE,
)
_ABOUT_THE_SYSTEM: Final = ("docs/", "templates/portal/")


def _sentences(text: str) -> Iterator[str]:
    yield from (one.strip() for one in re.split(r"(?<=[.!?;])\s+|\n\s*\n|\n[-|*#]", text) if one.strip())


def _of_forms() -> Iterator[tuple[str, str]]:
    """Find every text of a form, but what is asked only once it was said that no child is shown."""
    for step in STEPS:
        yield step.key, " ".join(step.doc.split())
        yield step.key, step.title
        is_guarded = any(spec.copies_after for spec in step.fields)
        for spec in step.fields:
            if not (is_guarded and spec.of_copy):
                yield f"{step.key}.{spec.name}", f"{spec.label} {spec.help}"


def _of_code() -> Iterator[tuple[str, str]]:
    """Find every text in the code of pillars: notes and titles of what follows are written there."""
    files = [file for file in (ROOT / "pillars").rglob("*.py") if file.name != "forms.py"]
    for file in sorted([*files, ROOT / "engine" / "plugin" / "copies.py"]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield str(file.relative_to(ROOT)), " ".join(node.value.split())


def _of_data(data: object) -> Iterator[str]:
    if isinstance(data, dict):
        yield from (text for value in data.values() for text in _of_data(value))
    elif isinstance(data, list):
        yield from (text for value in data for text in _of_data(value))
    elif isinstance(data, str):
        yield data


def _of_files() -> Iterator[tuple[str, str]]:
    for file in sorted([*(ROOT / "workflows").rglob("*.yaml"), *(ROOT / "pillars").rglob("*.json")]):
        if "stories" in file.parts or "calendars" in file.parts:
            continue
        is_json = file.suffix == ".json"
        data = json.loads(file.read_text(encoding="utf-8")) if is_json else read_yaml_file(file).data
        yield from ((str(file.relative_to(ROOT)), text) for text in _of_data(data))
    for folder, pattern in (
        ("templates/documents", "*.html"), ("templates/portal", "*.html"), ("templates/messages/en", "*.txt"),
        ("pillars", "README.md"), ("docs/how-to", "*.md"), ("docs/tutorial", "*.md"), ("docs/explanation", "*.md"),
    ):  # fmt: skip
        for file in sorted((ROOT / folder).rglob(pattern)):
            text = re.sub(r"\{%.*?%\}|\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
            text = re.sub(
                r"\{\{.*?\}\}", lambda found: " ".join(re.findall(r'"([^"]*)"', found[0])), text, flags=re.DOTALL
            )
            yield str(file.relative_to(ROOT)), re.sub(r"<[^>]+>", "\n\n", text)


def asks(sentence: str, where: str = "") -> bool:
    """Whether a sentence asks to keep, hash or look at what can be seen, and does not say that it must not be."""
    sight = _OF_SIGHT if where.startswith(_ABOUT_THE_SYSTEM) else _OF_SIGHT_OR_HASH
    return bool(_ASKS.search(sentence) and sight.search(sentence) and not _SAYS_NO.search(sentence))


def _found() -> list[tuple[str, str]]:
    texts = (one for source in (_of_forms(), _of_code(), _of_files()) for one in source)
    return [(where, one) for where, text in texts for one in _sentences(text) if asks(one, where)]


def test_no_text_asks_to_keep_hash_or_look_at_what_might_show_a_child() -> None:
    found = _found()
    assert [(where, one) for where, one in found if not any(words in one for words in ALLOWED)] == []
    unused = [words for words in ALLOWED if not any(words in one for _, one in found)]
    assert unused == [], "these are said nowhere any more"


@pytest.mark.parametrize("sentence", [
    "Save a sealed copy first.", "Keep a sealed copy", "With its hash.", "Look at what is out there",
    "What is the SHA-256 hash of the saved copy?", "A screenshot or a saved page, as it was: pages vanish.",
    "Next door: the police or the cyber cell, with the sealed copy and its hash.",
    "Chats, voices, wallet, page, place: the original, its hash, a sealed copy.", "Watch for pictures of her",
    "Make the hash of the files now.", "Open the picture and say what it shows.", "Download the video.",
])  # fmt: skip
def test_what_was_asked_before_is_found(sentence: str) -> None:
    assert asks(sentence)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_a_form_that_takes_a_file_or_a_hash_asks_first_or_takes_papers_of_our_own(step: StepType) -> None:
    copies = [spec for spec in step.fields if spec.of_copy and f"{step.key}.{spec.name}" not in OUR_OWN_PAPERS]
    guards = [spec for spec in step.fields if spec.copies_after]
    assert not copies or guards, "ask first whether a child is shown, or say here why nothing in it was found"
    if guards:
        names = [spec.name for spec in step.fields]
        assert [spec.label for spec in guards] == [LABEL]
        assert all(names.index(guards[0].name) < names.index(spec.name) for spec in copies)
        assert {one.settings["child_shown"] for one in guards[0].opens.values()} == {"police", "national_ways"}


def test_the_steps_that_meet_what_was_found_ask_first() -> None:
    asking = {step.key for step in STEPS if any(spec.copies_after for spec in step.fields)}
    assert asking >= {
        "press.monitor", "press.leak", "press.takedown", "reporting.intake", "policing.evidence",
        "policing.certificate",
    }  # fmt: skip


def test_every_paper_of_our_own_is_there() -> None:
    fields = {f"{step.key}.{spec.name}" for step in STEPS for spec in step.fields}
    assert fields >= set(OUR_OWN_PAPERS)


def test_a_takedown_notice_for_a_child_who_is_shown_has_the_address_and_nothing_of_a_copy() -> None:
    leak = registry().get("press.leak")
    for answer in ("yes", "not_sure"):
        told = example(form_of(leak), child_shown=answer, law=["POCSO23"])
        page = render("takedown-notice", leak, told)
        assert "gives the address only" in page
        assert "Nothing is attached" in page
        assert "a text" in page
        assert "SHA-256" not in page
        assert "a" * 64 not in page
    page = render("takedown-notice", leak, example(form_of(leak), child_shown="no", law=["BNS72"]))
    assert "SHA-256" in page
    assert "address only" not in page
