"""The steps that every workflow can use, whatever its pillars: ask, decide, note a delay, approve."""

from typing import Literal

from engine.plugin.fields import Day, LongText, Signature, field
from engine.plugin.pillar import Pillar
from engine.plugin.steps import Concluded, Form, StepContext, ask

EVERYBODY = (
    "case_manager", "caseworker", "supervisor", "intake_officer", "counsellor", "medical_officer", "police_liaison",
    "ahtu_officer", "lawyer", "repatriation_coordinator", "shelter_manager", "press_officer", "prevention_officer",
    "partnership_manager", "finance_officer", "nodal_officer", "data_protection_officer",
)  # fmt: skip
DECIDERS = ("supervisor", "case_manager", "nodal_officer")


class AskForm(Form):
    """Answer the questions that this workflow asks here."""


class DecideForm(Form):
    """Decide yes or no, and say why."""

    decision: Literal["yes", "no"] = field(label="What do you decide?", now=True)
    reason: LongText = field(label="Why?", now=True)


class NoteForm(Form):
    """Say why a time limit was not kept and whose delay it is, and sign it."""

    reason: LongText = field(label="Why is it late?", help="Do not write names.", now=True)
    delay_owner: Literal["ours", "other_body", "persons_choice", "force_majeure"] = field(
        label="Whose delay is it?",
        choices={
            "ours": "Ours",
            "other_body": "Another body's",
            "persons_choice": "It is the person's own choice",
            "force_majeure": "Nobody's: flood, strike, illness",
        },
        now=True,
    )
    expected_on: Day | None = field(label="When will it be done?", default=None)
    signed: Signature = field(label="Your signature", now=True)


class ApproveForm(Form):
    """Look at what somebody else has prepared, and approve it or send it back."""

    approved: bool = field(label="Do you approve it?", now=True)
    remark: LongText | None = field(
        label="What should be changed?", help="Needed by those who must do it again.", default=None
    )


def _conclude_approve(context: StepContext) -> Concluded:
    is_sent_back = context.answers.get("approved") is False
    has_no_reason = is_sent_back and not context.answers.get("remark")
    return Concluded(notes=("It was sent back without a word on what to change.",) if has_no_reason else ())


ASK = ask("core.ask", title="Questions", form=AskForm, roles=EVERYBODY)
DECIDE = ask("core.decide", title="Decision", form=DecideForm, roles=DECIDERS)
NOTE = ask("core.note", title="Signed delay note", form=NoteForm, roles=EVERYBODY)
APPROVE = ask("core.approve", title="Approval", form=ApproveForm, roles=DECIDERS, conclude=_conclude_approve)

CORE = Pillar(
    key="core",
    name="Steps for every workflow",
    letter="",
    summary="Questions, decisions, delay notes and approvals that a workflow can use anywhere.",
    step_types=(ASK, DECIDE, NOTE, APPROVE),
)
