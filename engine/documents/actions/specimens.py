"""Make a paper with invented values, to look at its words. Never a case."""

from collections.abc import Iterable, Mapping
from typing import Final

from engine.assembly import Engine
from engine.cases.answers import for_templates, jurisdiction_in_words, key_in_words
from engine.plugin.answers import JsonAnswer
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepType

PLACES: Final[Mapping[str, str]] = {
    "IN": "Asia/Kolkata", "BD": "Asia/Dhaka", "NP": "Asia/Kathmandu", "MM": "Asia/Yangon",
}  # fmt: skip
"""Where a paper can be looked at for, since some of its words depend on the country; each with its zone."""

_NUMBER, _WHO = "K7M2-9QXD", "A. Invented"
_AT: Final = "2026-03-08T17:10:00+00:00"
_INVENTED: Final[Mapping[FieldKind, JsonAnswer]] = {
    FieldKind.BOOL: True, FieldKind.INT: 3, FieldKind.MONEY: "1500.50", FieldKind.DATETIME: _AT,
    FieldKind.DATE: "2026-03-08", FieldKind.DURATION: "PT1H30M", FieldKind.PHONE: "+91 00000 00000",
    FieldKind.PERSON: _WHO, FieldKind.SIGN: _WHO, FieldKind.COLLEAGUE: "invented@example.org", FieldKind.LANG: "hi",
    FieldKind.HASH: "ab" * 32, FieldKind.COUNTRY: "IN", FieldKind.CASE: _NUMBER,
    FieldKind.INTERVALS: [{"start": _AT, "end": "2026-03-08T20:10:00+00:00", "place": "Invented place"}],
}  # fmt: skip
_LATE: Final = {
    "what": "An invented matter", "since": "01 Mar 2026", "due": "08 Mar 2026", "is_over": "yes",
    "law": "An invented law",
}  # fmt: skip


def makers(engine: Engine, name: str) -> tuple[StepType, ...]:
    """Return the step types that make a paper, by their keys; none makes a letter that a step's settings name."""
    found = sorted(engine.registry.step_types.values(), key=lambda one: one.key)
    return tuple(one for one in found if any(document.name == name for document in one.documents))


def specimen(engine: Engine, name: str, *, place: str, published: Mapping[str, Mapping[str, str]]) -> str:
    """Return a paper as HTML with invented values, in the words that are published, marked as a draft."""
    types, made = engine.registry.step_types, makers(engine, name)
    fields = made[0].fields if made else types["core.release"].fields

    def earlier(uses: str) -> Mapping[str, object]:
        return _answers(types[uses].fields if uses in types else ())

    people = (_person("victim", 15), _person("possible_victim", None))
    return engine.papers.document(
        name,
        {
            "case_number": _NUMBER, "unit": "Unit One", "jurisdiction": jurisdiction_in_words(place), "persons": people,
            "made_at": engine.clock.now(), "zone": PLACES[place], "answers": _answers(fields), "earlier": earlier,
            "all_earlier": lambda uses: (earlier(uses),), "answers_of": lambda _: {}, "fields": fields,
            "settings": {"to": "the office that is responsible"}, "late": _LATE, "version": 1, "draft": True,
            "step_title": made[0].title if made else "", "document_number": f"{_NUMBER}-{name}",
        },
        published=published,
    )  # fmt: skip


def _answers(fields: Iterable[FieldSpec]) -> Mapping[str, object]:
    fields = tuple(fields)
    return for_templates(fields, {one.name: _invented(one) for one in fields})


def _invented(spec: FieldSpec) -> JsonAnswer:
    match spec.kind:
        case FieldKind.CHOICE:
            return next(iter(spec.choices), "")
        case FieldKind.MULTI:
            return list[object](spec.choices)[:2]
        case kind:
            return _INVENTED.get(kind, "Something invented")


def _person(role: str, age: int | None) -> Mapping[str, object]:
    return {"role": key_in_words(role), "name": _WHO, "age": age}
