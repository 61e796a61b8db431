"""`icmc simulate`: what would happen to a report, with times, and with no effect on anything."""

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engine.builtin import CORE, REPORT
from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.library import Library
from engine.core.records import Scalar
from engine.definitions.holidays import CalendarsWithHolidays
from engine.definitions.rehearsed import MOST_PEOPLE, WEEK_HOURS, AlertBudget, ComparisonAsked, Load, Staff
from engine.language.extends import load_workflow, load_workflow_text
from engine.language.library import Definitions, definitions_of
from engine.language.names import Role
from engine.language.workflow import Workflow
from engine.language.yaml_files import read_yaml, read_yaml_file
from engine.machine import shipped_sources
from engine.plugin.registry import RegistryCatalogue, load_registry
from engine.rehearsal.budget import alert_budget
from engine.rehearsal.drawn import Simulated, SimulatedReport
from engine.rehearsal.many_cases import ManyCases, simulate_many
from engine.rehearsal.running import compare, compared_lines
from engine.rehearsal.simulator import simulate
from engine.web.terminal import FOUND_PROBLEMS, WRONG_USAGE, Json, fail, in_words, read_settings, show

Name = Annotated[str, typer.Argument(metavar="WORKFLOW", help="A workflow file, or the name of one that is shipped.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="YAML or JSON: answers, opened_at, jurisdiction, victims.")
]
Budget = Annotated[bool, typer.Option("--budget", help="Say how many messages people would get a day.")]
OpenCases = Annotated[int, typer.Option("--cases", min=1, max=10_000, help="How many cases are open at a time.")]
Many = Annotated[
    int | None,
    typer.Option("--many", min=1, max=100_000, help="Let so many rough cases run, and say how many closed."),
]
Against = Annotated[
    str | None,
    typer.Option("--against", help="Compare with another version, a file or a shipped name, on the same cases."),
]
StaffOption = Annotated[
    list[str] | None,
    typer.Option("--staff", metavar="ROLE=PEOPLExHOURS", help="Let cases wait for so many people and hours a week."),
]
AWeek = Annotated[float, typer.Option("--a-week", min=0.1, max=1000, help="With --staff: cases arriving in a week.")]
Effort = Annotated[float, typer.Option("--effort", min=0.1, max=40, help="With --staff: hours of work on each step.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same answers and the same punctuality.")]

_RULES = 10


class _Report(BaseModel):
    """A report file."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[str, Scalar] = Field(default_factory=dict)
    opened_at: AwareDatetime
    jurisdiction: str
    victims: int = Field(default=1, ge=0, le=100)


@in_words
def simulate_workflow(
    workflow: Name,
    report: ReportFile = None,
    budget: Budget = False,  # noqa: FBT002 - a command-line flag
    cases: OpenCases = 200,
    many: Many = None,
    against: Against = None,
    staff: StaffOption = None,
    a_week: AWeek = 5,
    effort: Effort = 1,
    seed: Seed = 1,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Say what would happen to a report, with times, or how many messages people would get; nothing is changed.

    With `--many`, cases run as in life (steps are refused, not needed, blocked; answers are missing; people add steps
    and find a way past a gate), and the command says how many closed; with `--against` too, what differs between two
    versions on the same cases. With `--staff`, steps wait for these people: what differs is that of two versions, or
    what the staff brings beside people enough. Ctrl-C stops there and says what was found so far.
    """
    if [report is not None, budget, many is not None].count(True) != 1:
        fail(
            "Give a report (--report FILE), or ask for the messages of many cases (--budget) or their ends (--many).",
            status=WRONG_USAGE,
        )
    shipped = definitions_of([read_yaml(text, file=name) for name, text in shipped_sources().items()])
    library = Library(CalendarsWithHolidays(shipped.calendars.values()), shipped.ladders, shipped.packs)
    compiled = _compiled(workflow, shipped)
    if many is not None and (against is not None or staff):
        people = tuple(map(_staff, staff or ()))
        asked = ComparisonAsked(many, seed, people, a_week, effort, is_of_staff=against is None)
        before = compiled if against is None else _compiled(against, shipped)
        _show_compared(before, compiled, library, asked, as_json=as_json)
    elif many is not None:
        _show_many(compiled, library, place_of(compiled.workflow), many, seed, as_json=as_json)
    elif report is None:
        _show_budget(compiled, library, cases, seed, as_json=as_json)
    else:
        _show_one(simulate(compiled, library, _read(report), seed=seed), as_json=as_json)


def _show_budget(compiled: CompiledWorkflow, library: Library, cases: int, seed: int, *, as_json: bool) -> None:
    place = place_of(compiled.workflow)
    found = alert_budget(compiled, library, jurisdiction=place, open_cases=cases, seed=seed)
    show(found.as_json(), as_json=as_json, words=lambda: budget_lines(found))


def _show_one(done: Simulated, *, as_json: bool) -> None:
    show(done.as_json(), as_json=as_json, words=lambda: _words(done))
    if done.closed_at is None:
        raise typer.Exit(FOUND_PROBLEMS)


def _show_many(
    compiled: CompiledWorkflow, library: Library, place: str, many: int, seed: int, *, as_json: bool
) -> None:
    asked = RegistryCatalogue(load_registry(read_settings().pillars, builtins=(CORE,))).find(REPORT)
    found = simulate_many(
        compiled, library, report=asked.outputs if asked else {}, jurisdiction=place, cases=many, seed=seed,
        processes=os.cpu_count() or 1,
    )  # fmt: skip
    show(found.as_json(), as_json=as_json, words=lambda: _many_words(found))
    if found.stuck:
        raise typer.Exit(FOUND_PROBLEMS)


def _show_compared(
    before: CompiledWorkflow, after: CompiledWorkflow, library: Library, asked: ComparisonAsked, *, as_json: bool
) -> None:
    report = RegistryCatalogue(load_registry(read_settings().pillars, builtins=(CORE,))).find(REPORT)
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGINT, stop)
    with typer.progressbar(length=asked.cases, label="Cases", file=sys.stderr) as progress:

        def goes_on(done: int) -> bool:
            progress.update(done - progress.pos)
            return not stopped

        found = compare(
            before, after, library, asked, report=report.outputs if report else {},
            jurisdiction=place_of(after.workflow), goes_on=goes_on,
        )  # fmt: skip
    show(found.as_json(), as_json=as_json, words=lambda: "\n".join(compared_lines(found)))


def _staff(written: str) -> Staff:
    """Read `caseworker=3x40`: three people with 40 hours a week each."""
    role, _, much = written.partition("=")
    people, _, hours = much.partition("x")
    try:
        found = Staff(str(Role(role)), int(people), float(hours))
    except ValueError:
        found = Staff(role, 0, 0)
    if not (1 <= found.people <= MOST_PEOPLE and 1 <= found.hours <= WEEK_HOURS):
        fail(
            f"--staff {written}: write a role, how many people and their hours a week, as in caseworker=3x40.",
            status=WRONG_USAGE,
        )
    return found


def _many_words(found: ManyCases) -> str:
    lines = [
        f"{found.workflow}: {found.closed} of {found.cases} cases closed, the longest after {found.longest_days} days."
    ]
    lines += [f"  cancelled, since it was on hold: {step}, {count} time(s)" for step, count in found.called_off.items()]
    if found.laws:
        all_, known = Counter[str](), {"true": "applied", "false": "did not apply", "unknown": "might apply"}
        for counts in found.laws.values():
            all_.update(counts)
        said = ", ".join(f"{all_[truth]} {words}" for truth, words in known.items())
        lines += [f"  limits of the law on the steps that ended: {said}"]
    lines += [f"  stays open (seed {seed}): {waits}" for waits, seed in found.stuck.items()]
    return "\n".join(lines)


def _read(path: Path) -> SimulatedReport:
    document = read_yaml_file(path)
    if document.findings:
        fail("\n".join(map(str, document.findings)), status=WRONG_USAGE)
    try:
        read = _Report.model_validate(document.data)
    except ValidationError as error:
        detail = error.errors(include_input=False)[0]
        fail(f"{path}: {'.'.join(map(str, detail['loc'])) or 'the file'}: {detail['msg']}.", status=WRONG_USAGE)
    return SimulatedReport(read.answers, read.opened_at, read.jurisdiction, read.victims)


def _compiled(name: str, shipped: Definitions) -> CompiledWorkflow:
    source = shipped.workflow_source(name)
    if source is not None:
        workflow, findings = load_workflow_text(source.text, file=source.file, library=shipped.workflow_source)
    else:
        workflow, findings = load_workflow(Path(name), library=shipped.workflow_source)
    if workflow is None:
        fail("\n".join(map(str, findings)))
    return compile_workflow(workflow, RegistryCatalogue(load_registry(read_settings().pillars, builtins=(CORE,))))


def _words(done: Simulated) -> str:
    lines = [f"{one.at:%Y-%m-%d %H:%M} UTC  {one.what:9} {one.step} {one.detail}".rstrip() for one in done.happenings]
    lines += [f"Notified: {who}, {count} time(s)." for who, count in done.messages.items()]
    if done.closed_at is not None:
        return "\n".join([*lines, f"The case closes at {done.closed_at:%Y-%m-%d %H:%M} UTC."])
    return "\n".join([*lines, "The case stays open:", *(f"  {reason}" for reason in done.waits_for)])


def place_of(workflow: Workflow) -> str:
    """Name the place whose calendar a workflow is simulated by: the first that it is for, else India."""
    return next(iter(workflow.jurisdictions), "IN")


def budget_lines(budget: AlertBudget) -> str:
    """Say a budget in words."""
    lines = [
        f"{budget.workflow}, at {budget.open_cases} open cases, one step in three late. A day, for one person:",
        f"  sent by e-mail    {shown_load(budget.sent)}",
        f"  in-app notices    {shown_load(budget.in_app)}",
        f"  critical, sent    {shown_load(budget.critical)}",
        "Rules that send the most, a day for all people together:",
        *(f"  {count:6.2f}  {rule}" for rule, count in list(budget.rules.items())[:_RULES]),
    ]
    return "\n".join(lines)


def shown_load(load: Load) -> str:
    """Return what one person gets a day, and at most."""
    return f"median {load.median:g}, 95 % {load.p95}, worst {load.worst} ({load.worst_person})"
