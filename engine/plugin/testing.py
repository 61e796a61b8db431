"""What the tests of a pillar need: a case as a step sees it, without any engine, and a step that runs in it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from engine.plugin.answers import without
from engine.plugin.context import Match, PersonView, StepContext
from engine.plugin.copies import not_shown
from engine.plugin.counting import Law
from engine.plugin.following import PartnerOffer
from engine.plugin.steps import Asked, Completed, Concluded, NoSettings, Prepared, StepType

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
