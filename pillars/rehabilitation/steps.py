"""The step types of rehabilitation."""

from engine.plugin.fields import OutputKind
from engine.plugin.pillar import Pillar
from engine.plugin.steps import Document, OutputSpec, ask, automatic
from pillars.rehabilitation.ageing import work_out_birthday
from pillars.rehabilitation.everyday import (
    conclude_counsel,
    conclude_entitlements,
    conclude_learning,
    prepare_counsel,
    prepare_entitlements,
    prepare_learning,
)
from pillars.rehabilitation.forms import (
    AssessForm,
    CarePlanForm,
    CounselForm,
    EntitlementsForm,
    LearningForm,
    ProgressForm,
)
from pillars.rehabilitation.planning import (
    conclude_assess,
    conclude_care_plan,
    conclude_progress,
    prepare_assess,
    prepare_care_plan,
    prepare_progress,
)
from pillars.rehabilitation.settings import AgeingOutSettings, CarePlanSettings

ASSESS = ask(
    "rehabilitation.assess",
    title="Needs assessment",
    form=AssessForm,
    roles=("caseworker", "counsellor"),
    stays_with=("protection.safety", "rescue.first_needs"),
    time_limit="P7D",
    prepare=prepare_assess,
    conclude=conclude_assess,
)
CARE_PLAN = ask(
    "rehabilitation.care_plan",
    title="Individual care plan",
    form=CarePlanForm,
    roles=("caseworker", "case_manager"),
    stays_with=("rehabilitation.assess",),
    documents=(Document("care-plan", "Individual care plan (Form 7 for a child)", leaves=False),),
    time_limit="P30D",
    settings=CarePlanSettings,
    prepare=prepare_care_plan,
    conclude=conclude_care_plan,
)
COUNSEL = ask(
    "rehabilitation.counsel",
    title="Counselling session",
    form=CounselForm,
    roles=("counsellor",),
    stays_with=("protection.health",),
    time_limit="P7D",
    prepare=prepare_counsel,
    conclude=conclude_counsel,
)
LEARNING = ask(
    "rehabilitation.learning",
    title="Education or skills enrolment",
    form=LearningForm,
    roles=("caseworker", "shelter_manager"),
    stays_with=("rehabilitation.care_plan",),
    time_limit="P30D",
    prepare=prepare_learning,
    conclude=conclude_learning,
)
ENTITLEMENTS = ask(
    "rehabilitation.entitlements",
    title="Identity papers and schemes",
    form=EntitlementsForm,
    roles=("caseworker", "case_manager"),
    stays_with=("rehabilitation.care_plan",),
    time_limit="P30D",
    prepare=prepare_entitlements,
    conclude=conclude_entitlements,
)
PROGRESS = ask(
    "rehabilitation.progress",
    title="Progress review",
    form=ProgressForm,
    roles=("case_manager", "supervisor"),
    time_limit="P90D",
    prepare=prepare_progress,
    conclude=conclude_progress,
)
ageing_out = automatic(
    "rehabilitation.ageing_out",
    title="Leaving care at 18",
    outputs={
        "is_known": OutputSpec(OutputKind.BOOL),
        "plan_now": OutputSpec(OutputKind.BOOL),
        "days_at_least": OutputSpec(OutputKind.NUMBER),
        "days_at_most": OutputSpec(OutputKind.NUMBER),
    },
    settings=AgeingOutSettings,
)(work_out_birthday)

PILLAR = Pillar(
    key="rehabilitation",
    name="Rehabilitation",
    letter="R",
    summary="Recovery of health, learning and income while in care, by a plan in which the person has a say.",
    step_types=(ASSESS, CARE_PLAN, COUNSEL, LEARNING, ENTITLEMENTS, PROGRESS, ageing_out),
)
