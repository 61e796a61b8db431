"""Every text that people see keeps the rules of plain words, and the page of the rules tells of them truly."""

import re
from collections.abc import Iterable
from functools import cache

from tests.wording.texts import ROOT, RULES, Rule, Seen, every_text, of_code, of_definition, of_message, of_template

_FOR_DEVELOPERS = (
    "engine/db/", "engine/language/", "engine/machine.py", "engine/orchestration/",
    "engine/plugin/", "engine/rehearsal/",
)  # fmt: skip
"""What only those read who write definitions and pillars, or keep the machine running."""
_SEEN_ALL_THE_SAME = (
    "engine/language/calendars.py", "engine/language/findings.py", "engine/language/conditions/tree.py",
    "engine/language/conditions/values.py", "engine/plugin/registry.py", "engine/rehearsal/story.py",
)  # fmt: skip
"""Of that what holds errors, which everybody may meet."""
_LISTS_OF_WORDS = ("pillars/press/telling_words.py", "pillars/press/days.py")
_PAGE = ROOT / "docs" / "reference" / "plain-words.md"
_EXAMPLE = re.compile(r"^\| (?P<before>[^|]+) \| \*(?P<after>[^|]+)\* \|", re.MULTILINE)
_AT_LEAST = 36


@cache
def _texts() -> tuple[Seen, ...]:
    return tuple(one for one in every_text() if _is_for_people(one.file))


def _is_for_people(file: str) -> bool:
    if file.startswith(_LISTS_OF_WORDS):
        return False
    return file.startswith(_SEEN_ALL_THE_SAME) or not file.startswith(_FOR_DEVELOPERS)


def test_every_text_that_people_see_keeps_the_rules() -> None:
    assert not _broken(_texts(), RULES)


def test_texts_are_found_wherever_people_read_them() -> None:
    folders = {one.file.split("/")[0] + "/" + one.file.split("/")[1] for one in _texts()}
    assert {"templates/portal", "templates/documents", "templates/messages", "workflows/cases"} <= folders
    assert {"workflows/ladders", "pillars/reporting", "engine/web", "engine/cases", "engine/cli"} <= folders


def test_a_broken_rule_is_named_with_file_and_line() -> None:
    page = ROOT / "templates" / "portal" / "sent.html"
    found = [Seen(str(page.relative_to(ROOT)), 7, "Somebody may be in danger, and nobody is told of it.")]
    broken = _broken(found, RULES)
    assert all(one.startswith("templates/portal/sent.html:7: ") for one in broken)
    assert {one.split("”")[0].split("“")[1] for one in broken} == {"may", "Somebody", "is told"}


def test_permission_keeps_its_word() -> None:
    allowed = ("You may say no.", "An adult may not be held against their will.", "Who may see this case?")
    assert not _broken((Seen("page", 1, text) for text in allowed), RULES)
    refused = ("Another unit may know the person.", "The date may still move.", "May the person hurt themselves?")
    assert len(_broken((Seen("page", 1, text) for text in refused), RULES)) == len(refused)


def test_texts_are_read_from_every_sort_of_file() -> None:
    kinds = (
        (of_template, "templates/portal/consents.html", "Withdraw this consent: …"),
        (of_template, "templates/portal/send.html", "What allows you to share this?"),
        (of_message, "templates/messages/en/emergency_broken.txt", "Subject: Case …: emergency access was used"),
        (of_definition, "workflows/cases/adult-base.yaml", "Does the person want our help?"),
        (of_code, "engine/web/words.py", "On hold: something is needed first"),
    )
    for read, file, text in kinds:
        assert text in {one.text for one in read(ROOT / file)}, file


def test_the_page_of_the_rules_says_what_texts_say() -> None:
    examples = [(one["before"].strip(), one["after"].strip()) for one in _EXAMPLE.finditer(_PAGE.read_text())]
    assert len(examples) >= _AT_LEAST
    texts = "\n".join(one.text for one in _texts())
    assert [after for _, after in examples if after not in texts] == []
    assert [before for before, _ in examples if before in texts] == []


def _broken(texts: Iterable[Seen], rules: Iterable[Rule]) -> list[str]:
    return [line for seen in texts for rule in rules for line in rule.breaks(seen)]
