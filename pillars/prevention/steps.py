"""The step types of Prevention."""

from collections import Counter

from engine.plugin import Completed, Document, OutputKind, OutputSpec, Pillar, StepContext, ask, automatic
from pillars.prevention.forms import CommunityForm, InterceptForm, RecruiterForm, SafeMigrationForm, SessionForm
from pillars.prevention.intercepting import conclude_intercept, prepare_intercept
from pillars.prevention.meeting import conclude_community, conclude_session, prepare_community, prepare_session
from pillars.prevention.recruiting import conclude_recruiter, prepare_recruiter
from pillars.prevention.settings import PatternSettings
from pillars.prevention.travelling import conclude_safe_migration, prepare_safe_migration

SESSION = ask(
    "prevention.session",
    title="Awareness session",
    form=SessionForm,
    roles=("prevention_officer", "caseworker"),
    time_limit="P3D",
    prepare=prepare_session,
    conclude=conclude_session,
)
SAFE_MIGRATION = ask(
    "prevention.safe_migration",
    title="Safe-migration check",
    form=SafeMigrationForm,
    roles=("counsellor", "prevention_officer"),
    time_limit="PT24H",
    prepare=prepare_safe_migration,
    conclude=conclude_safe_migration,
)
INTERCEPT = ask(
    "prevention.intercept",
    title="Border or station interception",
    form=InterceptForm,
    roles=("prevention_officer", "police_liaison", "partnership_manager"),
    documents=(Document("interception-form", "Interception form"),),
    time_limit="PT6H",
    prepare=prepare_intercept,
    conclude=conclude_intercept,
)
RECRUITER = ask(
    "prevention.recruiter",
    title="Recruiter or agent check",
    form=RecruiterForm,
    roles=("prevention_officer", "case_manager"),
    stays_with=("prevention.safe_migration",),
    time_limit="P5WD",
    prepare=prepare_recruiter,
    conclude=conclude_recruiter,
    compares=True,
)
COMMUNITY = ask(
    "prevention.community",
    title="Village watch and risk map",
    form=CommunityForm,
    roles=("prevention_officer",),
    time_limit="P6M",
    prepare=prepare_community,
    conclude=conclude_community,
)


@automatic(
    "prevention.pattern",
    title="Likeness with other cases",
    outputs={
        "matches": OutputSpec(OutputKind.NUMBER),
        "units": OutputSpec(OutputKind.NUMBER),
        "best_score": OutputSpec(OutputKind.NUMBER),
        "is_pattern": OutputSpec(OutputKind.BOOL),
    },
    settings=PatternSettings,
    compares=True,
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
    step_types=(SESSION, SAFE_MIGRATION, INTERCEPT, RECRUITER, COMMUNITY, pattern),
)
