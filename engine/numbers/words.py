"""Published figures in words: titles of tables, and of what each line counts."""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.db.reading import Known
from engine.language.names import in_plain_words
from engine.numbers.records import OTHERS, TABLES_OF, Figure, FigureTable, MedianLine, MedianTable
from engine.people.records import region_words

_WORDS: Final[Mapping[str, str]] = {
    "age/under_12": "Under 12", "age/12_to_17": "12 to 17", "age/18_to_24": "18 to 24",
    "age/25_and_over": "25 and over",
    "age/not_known": "Age not known", "sex/female": "Female", "sex/male": "Male", "sex/other": "Transgender or other",
    "sex/not_known": "Sex not known", "form/not_known": "Not known", "place/elsewhere": "Elsewhere",
    "outcome/rescued": "Rescued, and first needs met", "outcome/returned": "Returned, and handed over",
    "outcome/paid": "Paid compensation", "outcome/visited": "Visited 11 months or more after the return",
    "answer/in_time": "Answered in time", "answer/late": "Answered late", "answer/none": "Not answered",
    "kept": "Kept", "missed": "Missed",
}  # fmt: skip


def tables_in_words(figures: Mapping[str, tuple[int | None, bool]], known: Known) -> Iterator[FigureTable]:
    """Return the published tables, each with its title and its lines in words."""
    names = {one.pillar.key: one.pillar.name for one in known.registry.installed}
    for page, tables in TABLES_OF.items():
        for start, title in tables:
            keys = sorted((key for key in figures if key.startswith(f"{start}/")), key=_order)
            lines = (
                Figure(words=_words(key, known, names), number=figures[key][0], at_least=figures[key][1])
                for key in keys
            )
            yield FigureTable(page=page, title=title, lines=tuple(lines))


def medians_in_words(medians: Mapping[str, Mapping[str, float]], known: Known) -> Iterator[MedianTable]:
    """Return by quarter and pillar how long each step took, the shortest first."""
    names = {one.pillar.key: one.pillar.name for one in known.registry.installed}
    for period, hours in medians.items():
        for pillar in sorted({uses.partition(".")[0] for uses in hours}):
            lines = sorted((one for one in hours.items() if one[0].partition(".")[0] == pillar), key=lambda one: one[1])
            titled = tuple(MedianLine(words=known.title("", "", uses, None), hours=number) for uses, number in lines)
            yield MedianTable(period=period, pillar=names.get(pillar, in_plain_words(pillar)), lines=titled)


def _order(key: str) -> tuple[int, str]:
    known = list(_WORDS)
    return (
        (known.index(key), "") if key in known and "not_known" not in key else (len(known) + ("not_known" in key), key)
    )


def _words(key: str, known: Known, pillars: Mapping[str, str]) -> str:
    sort, _, name = key.partition("/")
    if key in _WORDS:
        return _WORDS[key]
    match sort:
        case "form":
            return known.choice_label("concern", name)
        case "place":
            return region_words(name)
        case "pillar":
            return pillars.get(name, in_plain_words(name))
        case "limits":
            return _WORDS[name.partition("/")[2]]
        case _:
            partner, _, answer = name.rpartition("/")
            return f"{_partner(partner)}: {_WORDS[f'answer/{answer}'].lower()}" if partner else _partner(name)


def _partner(name: str) -> str:
    return "Bodies outside the network" if name == OTHERS else name
