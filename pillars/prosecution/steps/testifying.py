"""What the preparation of a testimony proposes, and what is still missing before it."""

from engine.plugin import Asked, Concluded, Document, Law, Prepared, StepContext
from pillars.prosecution.forms import HearingForm, TestimonyForm
from pillars.prosecution.hearings import first_for, next_hearing
from pillars.prosecution.limits import evidence_due, is_child

_SHIELDS = {
    "court_visit": "a visit to the court room",
    "screen_or_video": "a screen or a video link",
    "in_camera_order": "an order for a closed hearing",
}


class Testimony(
    Asked[TestimonyForm],
    key="prosecution.testimony",
    title="Testimony preparation",
    roles=("counsellor", "lawyer", "caseworker"),
    stays_with=("rehabilitation.counsel", "prosecution.engage"),
    documents=(Document("testimony-plan", "Plan for speaking in court", leaves=False),),
    time_limit=Law("IN-POCSO-EVID-30D"),
    reads=("prosecution.hearing",),
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over the plan so far, and the day by which a child is to be heard."""
        prefill = context.told_before("prosecution.testimony", "sessions", "court_visit", "after_care")
        taken_up = first_for("cognizance", context.all_earlier("prosecution.hearing", HearingForm))
        if taken_up is not None and is_child(context):
            prefill["child_evidence_due"] = evidence_due(context, context.day_of(taken_up)).isoformat()
        return Prepared(prefill=prefill, notes=(_until_when(context),))

    def conclude(self, answers: TestimonyForm, context: StepContext) -> Concluded:
        """Say what still has to be there before the survivor speaks."""
        missing = [words for name, words in _SHIELDS.items() if getattr(answers, name) is not True]
        missing += [] if answers.sessions else ["preparing together"]
        notes = (
            (f"Before the survivor speaks in court, this is still missing: {', '.join(missing)}.",) if missing else ()
        )
        return Concluded(facts={"ready_to_testify": not missing}, notes=notes)


def _until_when(context: StepContext) -> str:
    """Say until when the preparation has time: until the next hearing, where one is known."""
    at = next_hearing(context, context.earlier("prosecution.hearing", HearingForm))
    if at is None:
        return "No hearing is known yet: prepare early, and ask the court in time for a screen and a closed hearing."
    return f"The next hearing is on {context.day_of(at):%a %d %b %Y}: prepare together before that day."
