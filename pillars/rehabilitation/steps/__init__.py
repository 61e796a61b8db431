"""The step types of Rehabilitation."""

from engine.plugin import Completed, Pillar, StepContext, automatic
from pillars.rehabilitation.forms import AgeingOutSettings
from pillars.rehabilitation.leaving import COMPUTES, FOLLOW_UPS, ages, computed, oldest_child
from pillars.rehabilitation.steps.everyday import Counsel, Entitlements, Learning
from pillars.rehabilitation.steps.planning import Assess, CarePlan, Progress


@automatic(
    "rehabilitation.ageing_out",
    title="Leaving care at 18",
    outputs={
        "is_known": bool,
        "plan_now": bool,
        "days_at_least": int,
        "days_at_most": int,
    },
    settings=AgeingOutSettings,
    computes=COMPUTES,
    follow_ups=FOLLOW_UPS,
)
def ageing_out(context: StepContext) -> Completed:
    """Work out how many days are left until the oldest child of the case turns 18, and have the plan made in time."""
    settings = context.settings_as(AgeingOutSettings)
    born, today = context.told_day(settings.from_step, settings.from_field), context.today
    birthday = oldest_child(context, born)
    if birthday is None:
        return Completed(outputs={"is_known": born is not None or bool(ages(context)), "plan_now": False})
    at_least, at_most = (birthday.earliest - today).days, (birthday.latest - today).days
    plan_now = at_least < settings.plan_days_before
    notes = ("A child in this case might turn 18 soon: plan what comes after care.",) if plan_now else ()
    return Completed(
        outputs={"is_known": True, "days_at_least": at_least, "days_at_most": at_most, "plan_now": plan_now},
        notes=notes,
        computed=computed(context, birthday, plan_days_before=settings.plan_days_before),
    )


PILLAR = Pillar(
    key="rehabilitation",
    name="Rehabilitation",
    letter="R",
    summary="Recovery of health, learning and income while in care, by a plan in which the person has a say.",
    step_types=(Assess, CarePlan, Counsel, Learning, Entitlements, Progress, ageing_out),
)
