"""Lint: titles say what is done or reported, and judge nobody: they are the label that a case bears for all to see."""

import re
from collections.abc import Iterable, Iterator

from engine.language.lint.subject import Subject
from engine.language.yaml_nodes import Path

_COUNTRIES = {
    "india": "IN", "bangladesh": "BD", "nepal": "NP", "myanmar": "MM", "burma": "MM", "bhutan": "BT", "thailand": "TH",
    "laos": "LA", "cambodia": "KH", "china": "CN", "sri lanka": "LK", "malaysia": "MY", "pakistan": "PK",
}  # fmt: skip
_PEOPLES = (
    "indian", "bangladeshi", "nepali", "nepalese", "burmese", "rohingya", "bhutanese", "thai", "laotian", "cambodian",
    "chinese", "sri lankan", "malaysian", "pakistani", "foreigner", "refugee", "migrant",
)  # fmt: skip
_JUDGEMENTS = (
    "victim", "trafficker", "trafficked", "prostitute", "prostitution", "offender", "criminal", "illegal", "runaway",
)  # fmt: skip


def check_titles(subject: Subject) -> None:
    """Find titles that name a country, a people or a judgement about a person which nothing establishes."""
    workflow = subject.workflow
    for path, title, unit, peoples in _titles(subject):
        for word in _found(title, (*_JUDGEMENTS, *peoples)):
            _warn(subject, path, word)
        known = {unit[:2], *(place[:2] for place in workflow.jurisdictions)}
        is_begun_by_hand = workflow.start.on == "hand"
        for word in _found(title, _COUNTRIES):
            if not is_begun_by_hand and _COUNTRIES[word] not in known:
                _warn(subject, path, word)


def _titles(subject: Subject) -> Iterator[tuple[Path, str, str, tuple[str, ...]]]:
    """Give each title with the place of its step, and the names of peoples that it must not bear.

    A step may be named after a people: after its language, or after a body, such as the one for refugees.
    """
    workflow = subject.workflow
    yield ("title",), workflow.title, "", _PEOPLES
    for key, step in workflow.steps.items():
        if step.title:
            yield ("steps", key, "title"), step.title, step.assign.unit or "", ()


def _found(title: str, words: Iterable[str]) -> Iterator[str]:
    return (word for word in words if re.search(rf"\b{word}s?\b", title, re.IGNORECASE))


def _warn(subject: Subject, path: Path, word: str) -> None:
    message = (
        f'This title says "{word}", which a report does not establish: say what is reported, or what is done, '
        "and leave out what somebody is and where they come from."
    )
    subject.warn(path, "title-says-more", message)
