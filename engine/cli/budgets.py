"""How an alert budget reads on a screen, and which budgets a change of definitions touches."""

from dataclasses import dataclass

from engine.assembly import Engine
from engine.domain.compiled import compile_workflow
from engine.domain.library import Library
from engine.replay.alert_budget import AlertBudget, Load, alert_budget
from engine.spec.workflow import Workflow
from engine.usecases.preview import Planned

_RULES = 10


@dataclass(frozen=True)
class BudgetChange:
    """The budget of a workflow before and after a change; `before` is None for a new workflow."""

    workflow: str
    before: AlertBudget | None
    after: AlertBudget

    def as_json(self) -> dict[str, object]:
        """Give the change as it is printed with `--json`."""
        before = self.before.as_json() if self.before else None
        return {"workflow": self.workflow, "before": before, "after": self.after.as_json()}


def place_of(workflow: Workflow) -> str:
    """Name the place whose calendar a workflow is simulated by: the first that it is for, else India."""
    return next(iter(workflow.jurisdictions), "IN")


def budget_changes(engine: Engine, planned: Planned) -> tuple[BudgetChange, ...]:
    """Simulate every workflow that a change touches, before and after."""
    return tuple(
        BudgetChange(
            after.workflow,
            _budget(engine, before, planned.before) if before else None,
            _budget(engine, after, planned.after),
        )
        for before, after in planned.workflows
    )


def budget_lines(budget: AlertBudget) -> str:
    """Say a budget in words."""
    lines = [
        f"{budget.workflow}, at {budget.open_cases} open cases, one step in ten late. A day, for one person:",
        f"  sent by e-mail    {_load(budget.sent)}",
        f"  in-app notices    {_load(budget.in_app)}",
        f"  critical, sent    {_load(budget.critical)}",
        "Rules that send the most, a day for all people together:",
        *(f"  {count:6.2f}  {rule}" for rule, count in list(budget.rules.items())[:_RULES]),
    ]
    return "\n".join(lines)


def change_lines(change: BudgetChange) -> str:
    """Say in words how a budget would change."""
    before = _load(change.before.sent) if change.before else "new"
    return f"{change.workflow}: sent to one person a day: {before} -> {_load(change.after.sent)}"


def _budget(engine: Engine, workflow: Workflow, library: Library) -> AlertBudget:
    compiled = compile_workflow(workflow, engine.catalogue)
    return alert_budget(compiled, library, jurisdiction=place_of(workflow))


def _load(load: Load) -> str:
    return f"median {load.median:g}, 95 % {load.p95}, worst {load.worst} ({load.worst_person})"
