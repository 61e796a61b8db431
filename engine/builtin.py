"""The steps that every workflow can use, whatever its pillars: ask, decide, approve, release a letter, telephone."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Day,
    Form,
    Instant,
    LongText,
    Pillar,
    Prepared,
    Signature,
    StepContext,
    YesNo,
    automatic,
    field,
)

EVERYBODY = (
    "case_manager", "caseworker", "supervisor", "intake_officer", "counsellor", "medical_officer", "police_liaison",
    "ahtu_officer", "lawyer", "repatriation_coordinator", "shelter_manager", "press_officer", "prevention_officer",
    "partnership_manager", "finance_officer", "nodal_officer", "data_protection_officer",
)  # fmt: skip
DECIDERS = ("supervisor", "case_manager", "nodal_officer")
REPORT = "reporting.intake"
"""The step type that asks for a report, unless somebody names another."""


class AskForm(Form):
    """Answer the questions that this workflow asks here."""


class DecideForm(Form):
    """Decide yes or no, and say why; what nobody knows yet is neither."""

    decision: Literal["yes", "no", "not_known"] = field(label="What do you decide?", now=True)
    reason: LongText = field(label="Why?", now=True)


class NoteForm(Form):
    """Say why a time limit was not kept and whose delay it is, and sign it."""

    reason: LongText = field(label="Why is it late?", help="Do not write names.", now=True)
    delay_owner: Literal["ours", "other_body", "persons_choice", "force_majeure"] = field(
        label="Who is responsible for the delay?",
        choices={
            "ours": "Our network",
            "other_body": "Another agency",
            "persons_choice": "No one: it is the person's own choice",
            "force_majeure": "No one: flood, strike, illness",
        },
        now=True,
    )
    expected_on: Day | None = field(label="When will it be done?", default=None)
    signed: Signature = field(label="Your signature", now=True)


class ApproveForm(Form):
    """Look at what somebody else has prepared, and approve it or send it back."""

    approved: YesNo = field(label="Do you approve it?", now=True)
    remark: LongText | None = field(
        label="What should be changed?", help="Required, for those who have to do it again.", default=None
    )


class ReleaseSettings(BaseModel):
    """Which letter goes to which body, and which level of a ladder asks for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    letter: str = Field(default="escalation-letter", pattern=r"^[a-z][a-z0-9-]*$")
    to: str = "the responsible authority"
    level: str = ""


class ReleaseForm(Form):
    """Read the letter, decide whether it leaves, and send it yourself: nothing leaves by itself."""

    decision: Literal["not_released", "released"] = field(
        label="May the letter leave?", choices={"not_released": "No", "released": "Yes, I release it"}, now=True
    )
    reason: LongText = field(label="Why?", help="Do not write names.", now=True)
    sent_by: Literal["by_hand", "post", "email"] | None = field(
        label="How was it sent?",
        choices={"by_hand": "By hand", "post": "By post", "email": "By e-mail"},
        shown_when='decision == "released"',
        default=None,
    )
    sent_at: Instant | None = field(
        label="When was it sent?", shown_when='decision == "released"', event_time=True, default=None
    )

    @Form.rule("A letter that is released is sent: say how and when.")
    def _released_is_sent(self) -> bool:
        return self.decision != "released" or (self.sent_by is not None and self.sent_at is not None)


class CallSettings(BaseModel):
    """Who is to be called, and which level of a ladder asks for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    to: str = "the person responsible"
    level: str = ""


class CallForm(Form):
    """Telephone, say that the case needs them, and note whether you reached them. Write no names."""

    answer: Literal["reached", "not_reached"] = field(
        label="Did you reach them?", choices={"reached": "Reached", "not_reached": "Not reached"}, now=True
    )
    called_at: Instant = field(label="When did you call?", event_time=True, now=True)


class LawyersNoteForm(Form):
    """Write down what somebody was made to do, before anybody holds it against them: no punishment for that."""

    was_made_to: bool = field(label="Was the person made to do what they did?", now=True)
    is_accused: bool = field(label="Is the person accused, fined or held anywhere?", now=True)
    lawyers_note: LongText = field(label="What does the lawyer write for the authorities?", sensitive=True, now=True)


class AwaitAnswerForm(Form):
    """Wait for another unit or partner to answer. Its answer in the system ends this by itself."""

    answer: Literal["accepted", "declined", "none"] = field(
        label="What did they answer?",
        choices={
            "accepted": "They accept",
            "declined": "They decline",
            "none": "They do not answer, and we are no longer waiting",
        },
        now=True,
    )


class Ask(Asked[AskForm], key="core.ask", title="Questions", roles=EVERYBODY):
    """Questions that a workflow asks."""


class Decide(Asked[DecideForm], key="core.decide", title="Decision", roles=DECIDERS):
    """A decision; what nobody knows yet is asked again."""

    def conclude(self, answers: DecideForm, context: StepContext) -> Concluded:  # noqa: ARG002 - as the contract says
        """Say that what is not known yet can be asked again."""
        note = "It is not known yet: add this question again when the answer can be found out."
        return Concluded(notes=(note,) if answers.decision == "not_known" else ())


class Note(Asked[NoteForm], key="core.note", title="Signed delay note", roles=EVERYBODY):
    """Why something is late."""


class Approve(Asked[ApproveForm], key="core.approve", title="Approval", roles=DECIDERS):
    """An approval, or what must change first."""

    def conclude(self, answers: ApproveForm, context: StepContext) -> Concluded:  # noqa: ARG002 - as above
        """Point out that nobody said what to change."""
        has_no_reason = answers.approved is False and not answers.remark
        return Concluded(notes=("It was sent back without saying what to change.",) if has_no_reason else ())


class Release(
    Asked[ReleaseForm], key="core.release", title="Release a letter", roles=DECIDERS, settings=ReleaseSettings
):
    """A letter that nobody sends but a named person."""

    def prepare(self, context: StepContext) -> Prepared:
        """Say where the letter is."""
        return Prepared(
            notes=(
                f"The letter to {getattr(context.settings, 'to', '')} is among the documents of this case.",
                "Nothing is sent by itself: read it, decide, and send it.",
            )
        )


class Call(Asked[CallForm], key="core.call", title="Telephone someone", roles=EVERYBODY, settings=CallSettings):
    """A call about what is late."""

    def prepare(self, context: StepContext) -> Prepared:
        """Say who is to be called."""
        return Prepared(notes=(f"Telephone {getattr(context.settings, 'to', '')} about what is late in this case.",))


class AwaitAnswer(
    Asked[AwaitAnswerForm],
    key="core.await_answer",
    title="Wait for an answer",
    roles=("partnership_manager", "supervisor"),
):
    """The answer of another unit or partner."""

    def prepare(self, context: StepContext) -> Prepared:  # noqa: ARG002 - as above
        """Say what ends it."""
        return Prepared(notes=("Remind them. When they answer in the system, this step ends by itself.",))


class LawyersNote(
    Asked[LawyersNoteForm],
    key="core.lawyers_note",
    title="Non-punishment: what was the person made to do?",
    roles=("lawyer",),
    time_limit="P3D",
):
    """What somebody was made to do."""


@automatic("core.wait", title="Wait for an event")
def wait(context: StepContext) -> Completed:  # noqa: ARG001 - as a workflow says by "wait", it ends without being run
    """What a workflow waits for: it ends by itself, by the condition and the time-out that its step names."""
    return Completed()


CORE = Pillar(
    key="core",
    name="Steps for every workflow",
    letter="",
    summary="Questions, decisions, delay notes, approvals, letters and calls that a workflow can use anywhere.",
    step_types=(Ask, Decide, Note, Approve, Release, Call, AwaitAnswer, LawyersNote, wait),
)
