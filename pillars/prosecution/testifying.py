"""What the preparation of a testimony proposes, and what is still missing before it."""

from engine.plugin import Concluded, Prepared, StepContext, as_number, given, local_day
from pillars.prosecution.hearings import first_for, next_hearing
from pillars.prosecution.limits import evidence_due, is_child

_SHIELDS = {
    "court_visit": "a visit to the court room",
    "screen_or_video": "a screen or a video link",
    "in_camera_order": "an order for a closed hearing",
}


def prepare_testimony(context: StepContext) -> Prepared:
    """Take over the plan so far, and the day by which a child is to be heard."""
    before = context.earlier("prosecution.testimony")
    prefill = given(**{name: before.get(name) for name in ("sessions", "court_visit", "after_care")})
    taken_up = first_for("cognizance", context.all_earlier("prosecution.hearing"))
    if taken_up is not None and is_child(context):
        prefill["child_evidence_due"] = evidence_due(context, local_day(taken_up, context.zone)).isoformat()
    return Prepared(prefill=prefill, notes=(_until_when(context),))


def conclude_testimony(context: StepContext) -> Concluded:
    """Say what still has to be there before the survivor speaks."""
    missing = [words for name, words in _SHIELDS.items() if context.answers.get(name) is not True]
    missing += [] if as_number(context.answers.get("sessions")) else ["preparing together"]
    notes = (f"Before the survivor speaks in court, this is still missing: {', '.join(missing)}.",) if missing else ()
    return Concluded(facts={"ready_to_testify": not missing}, notes=notes)


def _until_when(context: StepContext) -> str:
    """Say until when the preparation has time: until the next hearing, where one is known."""
    at = next_hearing(context.earlier("prosecution.hearing"), now=context.now, zone=context.zone)
    if at is None:
        return "No hearing is known yet: prepare early, and ask the court in time for a screen and a closed hearing."
    return f"The next hearing is on {local_day(at, context.zone):%a %d %b %Y}: prepare together before that day."
