"""What authors of a pillar test it with: a case as a step sees it, a step run in it, and the check of the contract."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from engine import plugin
from engine.errors import place_in
from engine.plugin.answers import without
from engine.plugin.context import Completed, Concluded, Law, Match, PartnerOffer, PersonView, Prepared, StepContext
from engine.plugin.copies import not_shown
from engine.plugin.registry import ENTRY_POINT_GROUP, Pillar, problems_of
from engine.plugin.steps import Asked, NoSettings, StepType

NOW = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)


def fake_context(
    *,
    answers: Mapping[str, Any] | None = None,
    before: Mapping[str, Mapping[str, Any]] | None = None,
    history: Mapping[str, tuple[Mapping[str, Any], ...]] | None = None,
    by_id: Mapping[UUID, Mapping[str, Any]] | None = None,
    persons: tuple[PersonView, ...] = (),
    matches: tuple[Match, ...] = (),
    directory: tuple[PartnerOffer, ...] = (),
    law: Callable[[str, str], Law | None] = lambda _limit_id, _option: None,
    settings: BaseModel | None = None,
    step_type: str = "test.step",
    now: datetime = NOW,
    zone: str = "Asia/Kolkata",
    jurisdiction: str = "IN-ML",
    remaining: timedelta = timedelta(minutes=1),
) -> StepContext:
    """Return a case for a test.

    `before` has the latest answers of each step type, `history` all of them, the oldest first, `by_id` those of single
    steps; all as JSON. `law` returns the time of a limit and one of its options, or None where there is no such law.
    """
    told = {
        uses: {UUID(int=1000 + number): one for number, one in enumerate(every)}
        for uses, every in (history or {}).items()
    }
    return StepContext(
        case_number="C-2026-0001", step_id=UUID(int=1), step_key="step", step_type=step_type, now=now, zone=zone,
        jurisdiction=jurisdiction, settings=settings or NoSettings(), answers=answers or {}, before=before or {},
        persons=persons, matches=matches, known_partners=directory, deadline=lambda: remaining,
        history=told | ({"": dict(by_id)} if by_id else {}), law_of=law,
    )  # fmt: skip


def run_step(step: StepType | type[Asked[Any]], context: StepContext) -> Prepared | Concluded | Completed:
    """Do what the engine does with a step: run it, or conclude it with the answers of the case; else prepare it.

    The answers must be such as its form takes: a pydantic `ValidationError` says which are not.
    """
    known = step if isinstance(step, StepType) else step.step_type
    if known.run is not None:
        return known.run(context)
    if known.form is None or known.prepare is None or known.conclude is None or not context.answers:
        return known.prepare(context) if known.prepare else Prepared()
    without(known.form, not_shown(known.fields, context.answers)).model_validate(dict(context.answers))
    return known.conclude(context)


FIRST_BITE_FIELDS = 6
_ALLOWED = frozenset({"engine.plugin", "engine.plugin.testing", *(f"engine.plugin.{name}" for name in plugin.__all__)})
_FIELD = re.compile(r"^[a-z][a-z0-9_]*$")


def check_pillar(name: str) -> tuple[str, ...]:
    """List, in sentences, where the installed pillar `name` breaks the contract; empty when it keeps it."""
    found = [entry for entry in entry_points(group=ENTRY_POINT_GROUP) if entry.name == name]
    if not found:
        return (f"No installed package offers a pillar under the entry point {name!r} of {ENTRY_POINT_GROUP!r}.",)
    problems: list[str] = []
    for entry in found:
        try:
            pillar = entry.load()
        except Exception as error:  # noqa: BLE001 - whatever a stranger's package raises is the finding
            problems.append(f"{entry.value} cannot be imported ({type(error).__name__}).")
            continue
        if not isinstance(pillar, Pillar) or pillar.key != name:
            problems.append(f"{entry.value} must be a Pillar with the key {name!r}.")
            continue
        problems += contract_problems(pillar, entry.value.partition(":")[0])
    return tuple(problems)


def contract_problems(pillar: Pillar, package: str) -> tuple[str, ...]:
    """List where a pillar that lives in `package` breaks the contract: what `problems_of` finds, and more."""
    problems = list(problems_of(pillar))
    if not pillar.name or not pillar.summary:
        problems.append("the pillar needs a name and a summary.")
    if not pillar.step_types:
        problems.append("the pillar offers no step type.")
    for step in pillar.step_types:
        problems += _form_problems(step)
    folder = _folder(package)
    problems += _import_problems(folder, package)
    if not (folder / "README.md").is_file():
        problems.append("there is no README.md for caseworkers.")
    return tuple(problems)


def _form_problems(step: StepType) -> Iterator[str]:
    if not step.title:
        yield f"{step.key}: has no title."
    if step.knows_everybody and step.documents:
        yield f"{step.key}: knows everybody, so it makes no paper: that would name other survivors."
    if step.form is not None and step.form.model_config.get("extra") != "forbid":
        yield f"{step.key}: its form must refuse unknown keys (extra='forbid')."
    first_bite = [spec for spec in step.fields if spec.first_bite]
    if sum(spec.required for spec in first_bite) > FIRST_BITE_FIELDS:
        yield f"{step.key}: its first screen has more than {FIRST_BITE_FIELDS} required fields."
    yield from _problems_unanswered(step)
    timing = {name for one in step.follow_ups.values() for name in (one.due, one.opens)}
    for spec in step.fields:
        if not _FIELD.match(spec.name):
            yield f"{step.key}.{spec.name}: the name must be in lower case."
        if spec.takes_not_known and spec.name in timing:
            yield (
                f"{step.key}.{spec.name}: a follow-up opens or is due at it, and would never come: must_be_known=True."
            )
        if spec.first_bite and not (spec.required or step.consent):
            yield f"{step.key}.{spec.name}: only required fields belong on the first screen."


def _problems_unanswered(step: StepType) -> Iterator[str]:
    """Try a form in which a required question is hidden, or was not asked of who lets nothing be written down."""
    if step.form is None or step.conclude is None:
        return
    hidden = ", ".join(spec.name for spec in step.fields if spec.required and spec.shown_when) or "a required question"
    try:
        step.conclude(fake_context(step_type=step.key))
    except Exception as error:  # noqa: BLE001 - whatever a stranger's package raises is the finding
        place = place_in(step.form.__module__.partition(".")[0], error)
        yield (
            f"{step.key}: conclude fails ({type(error).__name__} at {place}) where {hidden} is not answered, because it"
            " is hidden or the person lets nothing be written down: it is None then."
        )


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return Path(spec.origin).parent


def _import_problems(folder: Path, package: str) -> Iterator[str]:
    for file in sorted(folder.rglob("*.py")):
        for module in _imported(file):
            top = module.partition(".")[0]
            if top == "engine" and module not in _ALLOWED:
                yield f"{file.name} imports {module}: of the engine, a pillar may import engine.plugin only."
            if module.startswith("pillars.") and module != package and not module.startswith(f"{package}."):
                yield f"{file.name} imports {module}: pillars do not know each other."


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level == 0 and module in {"engine", "engine.plugin", "pillars"}:
                yield from (f"{module}.{alias.name}" for alias in node.names)
            elif node.level == 0:
                yield module
