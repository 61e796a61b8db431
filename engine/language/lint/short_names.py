"""Lint: parameters, named conditions and named starts of a file are used somewhere."""

from typing import Final

from engine.language.lint.subject import Subject
from engine.language.names import nearest, shown
from engine.language.used_names import texts, uses

_WORDS: Final = {"parameters": "parameter", "conditions": "named condition", "starts": "named start"}


def check_short_names(subject: Subject) -> None:
    """Find names that this file gives and that nothing uses: often an inherited one was meant."""
    own = [
        (group, name)
        for group in _WORDS
        for name in getattr(subject.workflow, group)
        if subject.merged.is_own((group, name))
    ]
    found = list(texts(subject.merged.data, ())) if own else []
    for group, name in own:
        if any(uses(group, name, path, text) for path, text in found):
            continue
        near = nearest(name, {*getattr(subject.workflow, group)} - {name})
        remedy = f'did you mean "{near}"? Otherwise use it, or take it out' if near else "use it, or take it out"
        subject.warn(
            (group, name), "unused-name", f"Nothing uses the {_WORDS[group]} {shown(name)}: {remedy}.", of_key=True
        )
