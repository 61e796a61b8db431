"""Work out when the oldest child of a case turns 18."""

from engine.plugin.steps import Completed, StepContext
from engine.plugin.values import local_day
from pillars.rehabilitation.leaving import ages, born_on, oldest_child, watch_leaving
from pillars.rehabilitation.settings import AgeingOutSettings


def work_out_birthday(context: StepContext) -> Completed:
    """Work out how many days are left until the oldest child of the case turns 18, and have the plan made in time."""
    settings = AgeingOutSettings.model_validate(context.settings.model_dump())
    born, today = born_on(context, settings.from_step, settings.from_field), local_day(context.now, context.zone)
    birthday = oldest_child(context, born)
    if birthday is None:
        return Completed(outputs={"is_known": born is not None or bool(ages(context)), "plan_now": False})
    at_least, at_most = (birthday.earliest - today).days, (birthday.latest - today).days
    plan_now = at_least < settings.plan_days_before
    notes = ("A child in this case might turn 18 soon: plan what comes after care.",) if plan_now else ()
    return Completed(
        outputs={"is_known": True, "days_at_least": at_least, "days_at_most": at_most, "plan_now": plan_now},
        notes=notes,
        watches=watch_leaving(context, birthday, plan_days_before=settings.plan_days_before),
    )
