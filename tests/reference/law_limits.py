"""Write the reference of all limits of the law, as Markdown, from the shipped packs."""

from collections.abc import Iterable, Iterator

from engine.language.law import AgeOn, Force, KeptUntil, LawLimit, LawPack, Measure

_HEAD = """\
# Limits of the law

Every limit of the law packs that are shipped, by jurisdiction. This page is generated from `workflows/law`; do not edit
it.

**No lawyer has signed any of them.** Each counts, warns and escalates as a target of the network until one has, and is
never called law before. *Read* means that the text was seen in a copy, *memory* that it was written down from memory.
An id that stands twice has two texts: by the days in force, or by the day of the offence. How they are written is told
in [Time in definition files](../time.md), how they are signed in
[Check and sign the law](../../how-to/sign-the-law.md).
"""
_NO_TIME = {
    Measure.AMOUNT: "an amount, no time",
    Measure.STANDING: "always, no time",
    Measure.WITH_THE_STEP: "with the step, no time",
    Measure.NO_NUMBER: "no number",
}
_KEPT = {
    KeptUntil.INSTANT: "over at its instant, not at the end of the day",
    KeptUntil.OFFICE_CLOSE: "kept until the office closes, on its next open day where it is closed",
    KeptUntil.END_OF_DAY: "kept until the end of its last day",
}
_SHORT = "%d %B %Y"


def render_limits(packs: Iterable[LawPack]) -> str:
    """Return the page for some packs, in the order of their names, standards between countries last."""
    lines = [_HEAD]
    for pack in sorted(packs, key=lambda one: (one.name == "int", one.name)):
        lines += _pack(pack)
    return "\n".join(lines).rstrip() + "\n"


def _pack(pack: LawPack) -> Iterator[str]:
    yield f"## {pack.title}\n"
    if pack.note:
        yield f"{pack.note}\n"
    for name, area in pack.areas.items():
        yield f"- `{name}`: {area.title} ({', '.join(area.states)}). {area.source}. Confidence: {area.confidence}."
    if pack.areas:
        yield ""
    yield "| Id | What | From | How long | Owed by | Source | Known | Applies | If missed |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for versions in pack.by_id.values():
        for limit in versions:
            cells = (
                f"`{limit.id}`", limit.what, limit.trigger, _length(limit), limit.duty, limit.source,
                f"{limit.basis}; {limit.confidence}", _applies(limit), limit.if_missed,
            )  # fmt: skip
            yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
    yield ""


def _length(limit: LawLimit) -> str:
    if limit.counted_limit is None:
        return _NO_TIME[limit.measure]
    words = limit.counted_limit.in_words()
    if limit.measure is Measure.RECURRING:
        words = f"every {words}"
    elif limit.is_watched:
        said = "at once" if limit.limit is not None else "no number"
        words = f"{said}; {words} are watched"
    others = "".join(f"; {other.limit.in_words()} (`{other.option}`: {other.when})" for other in limit.alternatives)
    left_out = f"; {', '.join(limit.excludes)} not counted" if limit.excludes else ""
    kept = f"; {_KEPT[limit.kept_until]}" if limit.kept_until else ""
    return f"{words}{others}{left_out}{kept}"


def _applies(limit: LawLimit) -> str:
    only = [f"{limit.jurisdiction} only"] if limit.is_of_one_state else []
    return "; ".join([*only, *_conditions(limit)]) or "always"


def _conditions(limit: LawLimit) -> Iterator[str]:
    scope = limit.applies
    if limit.in_force_from:
        yield f"in force from {limit.in_force_from:{_SHORT}}"
    if limit.in_force_until:
        yield f"in force until {limit.in_force_until:{_SHORT}}"
    if scope.offence_from:
        yield f"offence on or after {scope.offence_from:{_SHORT}}"
    if scope.offence_until:
        yield f"offence on or before {scope.offence_until:{_SHORT}}"
    day = " on the day of the offence" if scope.age_on is AgeOn.OFFENCE else ""
    if scope.age_from:
        yield f"{scope.age_from} or older{day}"
    if scope.age_under:
        yield f"under {scope.age_under}{day}"
    if scope.sex:
        yield f"sex: {', '.join(scope.sex)}"
    if limit.force is Force.ADVISORY:
        yield "advisory everywhere"
    elif limit.exemptions:
        yield f"advisory in {', '.join(one.title for one in limit.exemptions)}"
