"""What would happen by a draft: to one invented case, and to many, by what runs too, with the staff that there is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from engine.builtin import REPORT
from engine.core.compiled import compile_workflow
from engine.definitions.actions.drafts import open_draft
from engine.definitions.pages.condition_form import YES_OR_NO
from engine.definitions.rehearsed import (
    MOST_PEOPLE,
    WEEK_HOURS,
    ComparisonAsked,
    FigureDifference,
    Figures,
    Rehearsed,
    ReportAsked,
    Staff,
    VersionsCompared,
)
from engine.definitions.views import versions
from engine.errors import InvalidAnswersError
from engine.language.findings import has_errors
from engine.language.lanes import in_lanes
from engine.language.names import in_plain_words, role_words
from engine.language.workflow import Workflow
from engine.numbers.charts import GREY, TEAL, Bar, bars
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.web.dependencies import SignedIn
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import FIRST, Again
from engine.web.times import short
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
_Number = Annotated[int, Query(ge=1, le=1_000_000)]
_WORKFLOW: Final = "workflow"
CASES: Final = (20, 100, 300, 1000)
_VICTIMS: Final = ("0", "1", "2", "3")
_LOOKS_AGAIN: Final = "3"
"""Seconds after which a browser looks again how far a comparison has come."""
_A_HUNDRED: Final = 100
_DUE: Final = "%Y-%m-%d %H:%M UTC"
_DRAWN: Final = 8
"""So many steps are drawn; the table has all."""
_MOST_A_WEEK, _MOST_EFFORT = 1000, 40


class Section(NamedTuple):
    """What differs of one kind: a title, what is counted, the lines (what, before, after), and their picture."""

    title: str
    unit: str
    lines: tuple[tuple[str, float, float], ...]
    picture: str


class LostAtStep(NamedTuple):
    """What a step costs: how often it was done, its days (median), limits missed, hours until someone had time."""

    title: str
    times: int
    days: float | None
    late: int
    waited: float | None


class Lost(NamedTuple):
    """Where one version loses time: its steps, and pictures of those that lose most; `has_staff` where they wait."""

    steps: tuple[LostAtStep, ...]
    pictures: tuple[tuple[str, str], ...]
    has_staff: bool


@router.get("/workflows/{name}/draft/simulation")
def simulation(visit: SignedIn, name: Name, case: _Number = 1) -> Response:
    """Show what would happen to one report by the draft, on a time line, and when the same case closes by what runs.

    What is said of the report stands in the address; the rest of it is drawn by the number of the case.
    """
    known, rehearsal = open_draft(visit.engine, _WORKFLOW, name, viewer=visit.viewer), visit.portal.rehearsal
    workflow = known.loaded.workflow if known.loaded else None
    before, version = _what_runs(visit, name)
    done = by_what_runs = None
    asked = deciding(visit, workflow) if workflow else ()
    if workflow is not None and rehearsal is not None and not has_errors(known.findings):
        given = _given(visit.request.query_params, asked, workflow)
        done = rehearsal.one(workflow, case, given)
        by_what_runs = rehearsal.one(before, case, done.report) if before and known.number else None
    return visit.page(
        "simulation.html",
        title=say("Simulation of {name}", name=name),
        section="workflows",
        draft=known,
        case=case,
        done=done,
        version=version,
        by_what_runs=by_what_runs,
        selects=tuple(_selects(asked, done, workflow)) if done and workflow else (),
        lines=tuple(_lines(done, _titles(visit, workflow), visit.viewer.zone)) if done and workflow else (),
    )


def _lines(done: Rehearsed, titles: Mapping[str, str], zone: str) -> Iterator[tuple[datetime, str, str, str]]:
    """Return what happens with the titles of its steps, and each due time where the viewer is."""
    for at, what, step, detail in done.lines:
        follow_up, _, of = step.partition(" of ")
        title = f"{in_plain_words(follow_up)}, after “{titles.get(of, of)}”" if of else titles.get(step, step)
        due = datetime.strptime(detail, _DUE).replace(tzinfo=UTC) if what == "due" else None
        said = re.sub(r"\br:(\d+)", r"time \1", detail).replace(", told: ", ", notified: ").replace("_", " ")
        yield at, what, title, short(due, zone) if due else said


def deciding(visit: Visit, workflow: Workflow) -> tuple[FieldSpec, ...]:
    """List the questions of a report on whose answers a workflow decides something."""
    written, asked = workflow.model_dump_json(), visit.engine.registry.step_types.get(REPORT)
    kinds = {FieldKind.BOOL, FieldKind.CHOICE}
    fields = asked.fields if asked else ()
    return tuple(one for one in fields if one.kind in kinds and re.search(rf"\.{one.name}\b", written))


def _answers_of(field: FieldSpec) -> Mapping[str, str]:
    return YES_OR_NO if field.kind is FieldKind.BOOL else field.choices


def _given(typed: Mapping[str, str], asked: Sequence[FieldSpec], workflow: Workflow) -> ReportAsked:
    """Read what was chosen; what is no answer counts as not said."""
    chosen = [(one, typed.get(f"answer-{one.name}", "")) for one in asked]
    answers = {
        one.name: said == "yes" if one.kind is FieldKind.BOOL else said
        for one, said in chosen
        if said in _answers_of(one)
    }
    victims, place = typed.get("victims", ""), typed.get("place", "")
    return ReportAsked(
        answers, int(victims) if victims in _VICTIMS else None, place if place in workflow.jurisdictions else ""
    )


def _selects(
    asked: Sequence[FieldSpec], done: Rehearsed, workflow: Workflow
) -> Iterator[tuple[str, str, tuple[Item, ...]]]:
    """Return what can be said of the report, each with its answers, of which the one that counted is chosen."""
    for one in asked:
        said = done.report.answers.get(one.name)
        value = {True: "yes", False: "no"}.get(said, said) if isinstance(said, bool) else said
        items = (Item(key, words, checked=key == value) for key, words in _answers_of(one).items())
        yield f"answer-{one.name}", one.label, tuple(items)
    yield "victims", "How many people", tuple(Item(one, one, int(one) == done.report.victims) for one in _VICTIMS)
    places = tuple(Item(one, one, one == done.report.jurisdiction) for one in workflow.jurisdictions)
    if len(places) > 1:
        yield "place", "Where", places


@router.get("/workflows/{name}/draft/comparison")
def comparison(visit: SignedIn, name: Name, cases: int = 0, seed: _Number = 1, stop: str = "") -> Response:
    """Show where the draft loses time on invented cases, and what differs from what runs, or how far that has come.

    What is asked for stands in the address: nothing is stored, and any portal can answer it.
    """
    known, rehearsal = open_draft(visit.engine, _WORKFLOW, name, viewer=visit.viewer), visit.portal.rehearsal
    after = known.loaded.workflow if known.loaded else None
    before, version = _what_runs(visit, name)
    if after is None or rehearsal is None or has_errors(known.findings):
        return visit.page(
            "comparison.html", title=say("Comparison of {name}", name=name), section="workflows", draft=known, may=False
        )
    has_changed = before is not None and known.number > 0
    form, again, so_far, asked = StaffForm(visit.request.query_params, _roles(visit, after)), FIRST, None, None
    if cases:
        try:
            asked = form.asked(cases, seed, is_same=not has_changed)
            so_far = rehearsal.compared(visit.viewer.actor_id, before or after, after, asked, stop=bool(stop))
        except InvalidAnswersError as error:
            again = Again(dict(error.problems))
    found = so_far.found if so_far else None
    titles = _titles(visit, after)
    page = visit.page(
        "comparison.html", title=say("Comparison of {name}", name=name),
        section="workflows", draft=known, may=True, form=form,
        asked=asked, so_far=so_far, found=found, offered=CASES, again=again, titles=titles,
        sections=tuple(sections(found, titles)) if found else (), lost=lost(found.after, titles) if found else None,
        shown=_shown(found, version, asked) if found and asked else (),
        stop_at=f"?{urlencode([*visit.request.query_params.multi_items(), ('stop', '1')])}",
    )  # fmt: skip
    if so_far and not found:
        page.headers["Refresh"] = _LOOKS_AGAIN
    return page


def _what_runs(visit: Visit, name: str) -> tuple[Workflow | None, int]:
    """Return the workflow that runs, and its version; None for a new one."""
    ran = visit.engine.ask_all(versions, _WORKFLOW, name)
    runs = next((one for one in ran if one.status == "published"), None)
    compiled = visit.engine.definitions.get(runs.content_hash) if runs else None
    return (compiled.workflow if compiled else None), runs.version if runs else 0


class StaffForm:
    """The staff that is asked for: a line for each role that has work in the workflow."""

    def __init__(self, typed: Mapping[str, str], roles: Sequence[str]) -> None:
        """Show what was typed, or what is usual."""
        self._typed, self.roles = typed, roles
        self.a_week = self._typed.get("a_week") or "5"
        self.effort = self._typed.get("effort") or "1"

    def people(self, role: str) -> str:
        """Return what was typed of how many they are."""
        return self._typed.get(f"people-{role}") or ""

    def hours(self, role: str) -> str:
        """Return what was typed of how many hours each of them works in a week."""
        return self._typed.get(f"hours-{role}") or "40"

    def asked(self, cases: int, seed: int, *, is_same: bool) -> ComparisonAsked:
        """Return what is asked for; `is_same` where the draft is what runs. Raises `InvalidAnswersError`."""
        problems: dict[str, str] = {}

        def number(name: str, typed: str, most: int, *, least: int = 0) -> float:
            try:
                found = float(typed.replace(",", "."))
            except ValueError:
                found = 0
            if not 0 < found <= most:
                problems[name] = say("Type a number above 0, and at most {number}.", number=most)
            elif found < least:
                problems[name] = say("Type {number} or more.", number=least)
            return 0 if name in problems else found

        if cases not in CASES:
            problems["cases"] = "Choose how many cases."
        a_week, effort = number("a_week", self.a_week, _MOST_A_WEEK), number("effort", self.effort, _MOST_EFFORT)
        staff = tuple(
            Staff(
                role, int(number(f"people-{role}", self.people(role), MOST_PEOPLE, least=1)),
                number(f"hours-{role}", self.hours(role), WEEK_HOURS, least=1),
            )
            for role in self.roles
            if self.people(role)
        )  # fmt: skip
        if problems:
            raise InvalidAnswersError(problems)
        return ComparisonAsked(cases, seed, staff, a_week, effort, is_of_staff=is_same and bool(staff))


def _roles(visit: Visit, workflow: Workflow) -> list[str]:
    steps = compile_workflow(workflow, visit.engine.catalogue).steps.values()
    second = {role for step in steps if step.spec.approve for role in step.spec.approve.role}
    return sorted({role for step in steps for role in step.roles} | second, key=role_words)


def _titles(visit: Visit, workflow: Workflow) -> Mapping[str, str]:
    """Name steps by their keys, and step types by theirs: what follows of each step of a type is named by the type."""
    catalogue = visit.engine.catalogue
    types = ((key, catalogue.find(key)) for key in sorted(catalogue.keys()))
    of_types = {key: found.title for key, found in types if found}
    return of_types | {row.key: row.node.title for row in in_lanes(workflow, catalogue).rows if row.key}


def _shown(found: VersionsCompared, version: int, asked: ComparisonAsked) -> tuple[tuple[str, Figures], ...]:
    """Say what stands beside what: the draft alone where no version is that it could differ from."""
    if asked.is_of_staff:
        return ("With people enough", found.before), ("With these people", found.after)
    draft = ("Your draft", found.after)
    return ((say("What runs, version {number}", number=version), found.before), draft) if version else (draft,)


def lost(found: Figures, titles: Mapping[str, str]) -> Lost:
    """Say where cases spend their time, the longest first, with pictures of what stands out."""
    names = {**found.step_days, **found.late, **found.waited}
    steps = [
        LostAtStep(
            step_words(name, titles), found.ended.get(name, 0), found.step_days.get(name),
            found.late.get(name, 0), found.waited.get(name),
        )
        for name in sorted(names, key=lambda one: (-found.step_days.get(one, 0), one))
    ]  # fmt: skip
    queues = [(role_words(role), load.mean_hours) for role, load in found.loads.items()]
    pictures = (
        _most("Days of a step, median", [(one.title, one.days or 0) for one in steps]),
        _most("Limits missed, times", [(one.title, one.late) for one in steps]),
        _most("Waiting for someone of a role, hours, mean", queues),
    )
    return Lost(tuple(steps), tuple(one for one in pictures if one[1]), bool(found.waited))


def _most(title: str, counted: Sequence[tuple[str, float]]) -> tuple[str, str]:
    most = sorted((one for one in counted if one[1] > 0), key=lambda one: -one[1])[:_DRAWN]
    return title, bars(title, [(name, (Bar(number, TEAL, title),)) for name, number in most])


def sections(found: VersionsCompared, titles: Mapping[str, str]) -> Iterator[Section]:
    """Say what differs, kind by kind; messages are those of a hundred open cases."""
    differs = found.differences()
    days = [one for one in differs if one.what == "step_days"]
    more = {what: [one for one in differs if one.what == what] for what in ("late", "waited", "a_day", "ended")}
    messages = [one._replace(before=_A_HUNDRED * one.before, after=_A_HUNDRED * one.after) for one in more["a_day"]]
    for title, unit, lines in (
        ("Limits missed", "times", more["late"]),
        ("Later", "days, median", [one for one in days if one.after > one.before]),
        ("Sooner", "days, median", [one for one in days if one.after < one.before]),
        ("Waiting for someone", "hours, mean", more["waited"]),
        ("Messages", "a day from 100 open cases", messages),
        ("Done more or less often", "times", more["ended"]),
    ):
        if lines:
            shown = tuple((_words_of(one, titles), round(one.before, 2), round(one.after, 2)) for one in lines)
            rows = [(what, (Bar(old, GREY, "before"), Bar(new, TEAL, "after"))) for what, old, new in shown]
            yield Section(title, unit, shown, bars(f"{title}, {unit}", rows))


def _words_of(one: FigureDifference, titles: Mapping[str, str]) -> str:
    return role_words(one.of) if one.what == "a_day" else step_words(one.of, titles)


def step_words(name: str, titles: Mapping[str, str]) -> str:
    """Name a step by its title, and a follow-up (`order of production`) by its name and the step that brings it."""
    follow_up, _, step = name.partition(" of ")
    return f"{in_plain_words(follow_up)}, after “{titles.get(step, step)}”" if step else titles.get(name, name)
