"""The step types of Prosecution."""

from datetime import datetime

from engine.plugin import Completed, Document, Pillar, StepContext, automatic
from pillars.prosecution.forms import HearingForm
from pillars.prosecution.hearings import next_hearing
from pillars.prosecution.steps.engaging import Engage, Statement
from pillars.prosecution.steps.in_court import Hearing
from pillars.prosecution.steps.judging import Outcome
from pillars.prosecution.steps.testifying import Testimony


@automatic(
    "prosecution.calendar",
    title="Make the hearing slip",
    outputs={"has_hearing": False, "hearing_at": datetime},
    documents=(Document("hearing-slip", "Hearing slip", leaves=False),),
)
def calendar(context: StepContext) -> Completed:
    """Find the next hearing and make a slip with its day that tells nothing of the case."""
    hearing_at = next_hearing(context, context.earlier("prosecution.hearing", HearingForm))
    if hearing_at is None:
        return Completed(outputs={"has_hearing": False}, notes=("No coming hearing is recorded.",))
    return Completed(outputs={"has_hearing": True, "hearing_at": hearing_at})


PILLAR = Pillar(
    key="prosecution",
    name="Prosecution",
    letter="P",
    summary="Carry the case through court with the survivor informed, prepared and not harmed again.",
    step_types=(
        Engage,
        Statement,
        Hearing,
        calendar,
        Testimony,
        Outcome,
    ),
)
