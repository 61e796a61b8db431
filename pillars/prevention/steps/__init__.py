"""The step types of Prevention."""

from collections import Counter

from engine.plugin import Completed, Pillar, StepContext, automatic
from pillars.prevention.forms import PatternSettings
from pillars.prevention.steps.intercepting import Intercept
from pillars.prevention.steps.meeting import Community, Session
from pillars.prevention.steps.recruiting import Recruiter
from pillars.prevention.steps.travelling import SafeMigration


@automatic(
    "prevention.pattern",
    title="Likeness with other cases",
    outputs={
        "matches": int,
        "units": int,
        "best_score": int,
        "is_pattern": bool,
    },
    settings=PatternSettings,
    reads=("similar_persons",),
)
def pattern(context: StepContext) -> Completed:
    """Count how often people of this case look like people of other cases, and say whether it is a pattern."""
    settings = PatternSettings.model_validate(context.settings.model_dump())
    matches = context.similar_persons()
    kinds = Counter(match.kind for match in matches)
    return Completed(
        outputs={
            "matches": len(matches),
            "units": len({match.owning_unit for match in matches}),
            "best_score": max((match.score for match in matches), default=0),
            "is_pattern": len(matches) + 1 >= settings.from_cases,
        },
        matches=matches,
        notes=tuple(f"Alike by {kind.replace('_', ' ')}: {count}." for kind, count in sorted(kinds.items())),
    )


PILLAR = Pillar(
    key="prevention",
    name="Prevention",
    letter="P",
    summary="Stop trafficking before it starts: safe migration, awareness, checks of recruiters, help at borders.",
    step_types=(Session, SafeMigration, Intercept, Recruiter, Community, pattern),
)
