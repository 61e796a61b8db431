"""The step types of Prosecution."""

from engine.plugin import Completed, Document, Law, OutputKind, OutputSpec, StepContext, ask, automatic
from pillars.prosecution import forms
from pillars.prosecution.engaging import conclude_engage, conclude_statement, prepare_engage, prepare_statement
from pillars.prosecution.hearings import next_hearing
from pillars.prosecution.in_court import appointment_of_hearing, conclude_hearing, prepare_hearing
from pillars.prosecution.judging import conclude_outcome, prepare_outcome
from pillars.prosecution.settings import HearingSettings
from pillars.prosecution.testifying import conclude_testimony, prepare_testimony

ENGAGE = ask(
    "prosecution.engage",
    title="Engage counsel and explain rights",
    form=forms.EngageForm,
    roles=("lawyer", "case_manager"),
    documents=(Document("rights-sheet", "Your rights in court", leaves=False),),
    time_limit="P7D",
    prepare=prepare_engage,
    conclude=conclude_engage,
)

STATEMENT = ask(
    "prosecution.statement",
    title="Magistrate statement",
    form=forms.StatementForm,
    takes_statement=True,
    roles=("lawyer", "ahtu_officer", "police_liaison"),
    stays_with=("prosecution.engage",),
    time_limit="P7D",
    prepare=prepare_statement,
    conclude=conclude_statement,
)

HEARING = ask(
    "prosecution.hearing",
    title="Hearing",
    form=forms.HearingForm,
    roles=("lawyer", "case_manager"),
    stays_with=("prosecution.engage",),
    documents=(Document("hearing-note", "Note of the hearing", leaves=False),),
    time_limit="PT24H",
    prepare=prepare_hearing,
    conclude=conclude_hearing,
    settings=HearingSettings,
    history=("prosecution.hearing",),
    appointment=appointment_of_hearing,
)

TESTIMONY = ask(
    "prosecution.testimony",
    title="Testimony preparation",
    form=forms.TestimonyForm,
    roles=("counsellor", "lawyer", "caseworker"),
    stays_with=("rehabilitation.counsel", "prosecution.engage"),
    documents=(Document("testimony-plan", "Plan for speaking in court", leaves=False),),
    time_limit=Law("IN-POCSO-EVID-30D"),
    prepare=prepare_testimony,
    conclude=conclude_testimony,
    history=("prosecution.hearing",),
)

OUTCOME = ask(
    "prosecution.outcome",
    title="Judgment and appeal",
    form=forms.OutcomeForm,
    roles=("lawyer", "case_manager"),
    stays_with=("prosecution.hearing", "prosecution.engage"),
    time_limit="PT24H",
    prepare=prepare_outcome,
    conclude=conclude_outcome,
)


@automatic(
    "prosecution.calendar",
    title="Make the hearing slip",
    outputs={"has_hearing": OutputSpec(OutputKind.BOOL, default=False), "hearing_at": OutputSpec(OutputKind.INSTANT)},
    documents=(Document("hearing-slip", "Hearing slip", leaves=False),),
)
def CALENDAR(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Find the next hearing and make a slip with its day that tells nothing of the case."""
    hearing_at = next_hearing(context.earlier("prosecution.hearing"), now=context.now, zone=context.zone)
    if hearing_at is None:
        return Completed(outputs={"has_hearing": False}, notes=("No coming hearing is recorded.",))
    return Completed(outputs={"has_hearing": True, "hearing_at": hearing_at})
