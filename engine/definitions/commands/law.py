"""Commands for limits of the law: which there are, and whether one counts in a case."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from engine.cases.views.lists import find_case
from engine.deadlines.records import ExplanationView
from engine.deadlines.views.law import explain_law
from engine.definitions.actions.law import Example, LawLine, example, law_lines, law_page
from engine.definitions.records import LawExplanationView
from engine.web.running import As, running_engine, viewer_by_email
from engine.web.terminal import WRONG_USAGE, Json, fail, in_words, read_instant, show

law_app = typer.Typer(
    help="Limits of the law: which there are, and whether one counts in a case.", no_args_is_help=True
)

Limit = Annotated[str, typer.Argument(metavar="LIMIT", help="The id of a limit, such as IN-JJ-PROD-24H.")]
_STATES = ("signed", "changed", "revoked", "unsigned")


@law_app.command("list")
@in_words
def list_limits(
    jurisdiction: Annotated[
        str, typer.Option("--in", help="Only those of IN, BD, NP, MM, or * between countries.")
    ] = "",
    state: Annotated[str, typer.Option(help=f"Only those that are: {', '.join(_STATES)}.")] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """List the limits of the law: how long, by which source, and whether a lawyer has signed."""
    if state and state not in _STATES:
        fail(f"{state}: one of {', '.join(_STATES)}.", status=WRONG_USAGE)
    with running_engine() as (engine, _):
        every = law_lines(engine)
    known = {line.limit.jurisdiction for line in every}
    if jurisdiction and jurisdiction not in known:
        fail(f"{jurisdiction}: one of {', '.join(sorted(known))}.", status=WRONG_USAGE)
    lines = [one for one in every if jurisdiction in {"", one.limit.jurisdiction} and (not state or one.state == state)]
    show([_as_data(line) for line in lines], as_json=as_json, words=lambda: _listed(lines))


@law_app.command("show")
@in_words
def show_limit(
    limit: Limit,
    start: Annotated[str | None, typer.Option("--from", help="Count it from here: 2026-01-31T20:00+05:30.")] = None,
    place: Annotated[str, typer.Option("--in", help="By the calendar of this place, such as IN-AS.")] = "",
    option: Annotated[str, typer.Option(help="Another of its lengths, by name.")] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show every text of a limit, with an example counted line by line."""
    begun = read_instant(start) if start else None
    with running_engine() as (engine, _):
        page = law_page(engine, limit, viewer=viewer_by_email(engine, None))
        at = begun or engine.clock.now()
        found = [
            (line, example(engine, line.limit, pack=line.pack, start=at, place=place, option=option))
            for line in page.lines
        ]
    show(
        [_as_data(line) | {"example": _example_data(one)} for line, one in found],
        as_json=as_json, words=lambda: "\n\n".join(_shown(line, one) for line, one in found),
    )  # fmt: skip
    if option and all(one.problem for _, one in found):
        raise typer.Exit(WRONG_USAGE)


@law_app.command("explain")
@in_words
def explain_in_case(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The case number.")],
    limit: Limit,
    as_: As = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Return whether a limit counts in a case, why, what is missing for that, and when it falls due."""
    with running_engine() as (engine, _):
        viewer = viewer_by_email(engine, as_)
        case_id = engine.ask(find_case, viewer, case)
        law_page(engine, limit, viewer=viewer)
        found = engine.ask(explain_law, viewer, case_id, limit)
    show(found, as_json=as_json, words=lambda: _explained(found))


def _as_data(line: LawLine) -> dict[str, Any]:
    return line.limit.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {
        "text_hash": line.limit.text_hash, "pack": line.pack, "state": line.state, "length": line.length,
        "term": line.term, "used_by": list(line.used_by),
    }  # fmt: skip


def _example_data(one: Example) -> dict[str, Any]:
    return {
        "place": one.place, "start": one.start.isoformat(), "due_at": one.due_at.isoformat() if one.due_at else None,
        "lines": [line.text for line in one.lines], "problem": one.problem,
    }  # fmt: skip


def _listed(lines: list[LawLine]) -> str:
    said = [f"{one.limit.id:22} {one.state:9} {one.length}; {one.term}" for one in lines]
    counted = Counter(one.state for one in lines)
    total = ", ".join(f"{counted[state]} {state}" for state in _STATES if counted[state])
    return "\n".join(
        [*said, f"{len({one.limit.id for one in lines})} limits in {len(lines)} texts: {total or 'none'}."]
    )


def _shown(line: LawLine, one: Example) -> str:
    limit = line.limit
    head = f"{limit.id} ({line.state}): {limit.what}.\n  {line.length}, from: {limit.trigger}. Owed by: {limit.duty}."
    source = f"  Source: {limit.source} ({limit.basis}; confidence {limit.confidence}). Called: {line.term}."
    used = f"  Used by: {', '.join(line.used_by) or 'nothing yet'}. If missed: {limit.if_missed}"
    counted = [f"  {text.text}" for text in one.lines] or [f"  {one.problem}"]
    return "\n".join([head, source, used, f"  Example in {one.place}:", *counted])


def _explained(found: LawExplanationView) -> str:
    answer = {"yes": "applies", "no": "does not apply", "unknown": "applies, though not everything is known"}[
        found.applies
    ]
    lines = [f"{found.limit_id} {answer} in case {found.case_number}: {found.what}."]
    lines += [f"  {found.term}; confidence {found.confidence}.", f"  {found.signed}"]
    lines += [f"  {reason.text}" for reason in found.reasons]
    lines += [f"  Missing: {', '.join(found.missing)}."] if found.missing else []
    lines += [f"  {found.treated}"]
    lines += [line for one in found.deadlines for line in _deadline(one)]
    if found.would_be:
        lines += [
            "No step of the case follows it now. It would be counted so:",
            *(f"  {r.text}" for r in found.would_be),
        ]
    elif not found.deadlines and found.is_used:
        lines += ["No step of the case follows it now, and what starts it is not known."]
    lines += ["Other texts of it:", *(f"  {one}" for one in found.others)] if found.others else []
    return "\n".join(lines)


def _deadline(one: ExplanationView) -> list[str]:
    it = one.deadline
    head = f"{it.step_title}{f', {it.person_label}' if it.person_label else ''}: due {_utc(it.due_at)} ({it.state})."
    return [head, *(f"  {line.text}" for line in one.lines)]


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
