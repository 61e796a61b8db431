"""The steps that every workflow can use, whatever its pillars: ask, decide, approve, release a letter, telephone."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Day,
    FollowUp,
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
LOOK_AFTER_PARTNERS = ("partnership_manager", "supervisor")
HEAR_OTHER_HUBS = (*LOOK_AFTER_PARTNERS, "case_manager", "caseworker", "repatriation_coordinator")
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


class Ask(
    Asked[AskForm],
    key="core.ask",
    title="Questions",
    roles=EVERYBODY,
    follow_ups={
        "hub_question": FollowUp(
            act="another hub asks something", uses="core.ask", limit="P1D", roles=HEAR_OTHER_HUBS,
            title="Another hub asks something: answer it under Other hubs",
        ),
        "hub_recall": FollowUp(
            act="another hub recalls what it shared", uses="core.ask", limit="P1D", roles=HEAR_OTHER_HUBS,
            title="Another hub recalled what it shared: erase it, and answer under Other hubs",
        ),
    },
):  # fmt: skip
    """Questions that a workflow asks."""


class Decide(
    Asked[DecideForm],
    key="core.decide",
    title="Decision",
    roles=DECIDERS,
    follow_ups={
        "referral_came_back": FollowUp(
            act="a referral comes back and nothing else is open in the case", uses="core.decide", limit="P3D",
            title="A referral came back: is the case done?",
        ),
        "handed_over": FollowUp(
            act="a case is handed over and nothing else is open in it", uses="core.decide", limit="P3D",
            title="The case was handed over: is it done?",
        ),
        **{
            f"help_{urgency}": FollowUp(
                act=f"a partner outside the network accepts to give help that was asked for {words}",
                uses="core.decide", title="is it given?", limit=limit, roles=(*LOOK_AFTER_PARTNERS, "case_manager"),
            )
            for urgency, words, limit in (("soon", "within a day", "P1D"), ("other", "without hurry", "P3D"))
        },
    },
):  # fmt: skip
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


class Call(
    Asked[CallForm],
    key="core.call",
    title="Telephone someone",
    roles=EVERYBODY,
    settings=CallSettings,
    follow_ups={
        "recall": FollowUp(
            act="what was shared with a partner outside the network is recalled", uses="core.call", limit="PT4H",
            title="Telephone a partner: what was shared was recalled", roles=LOOK_AFTER_PARTNERS,
            settings={"to": "the partner outside the network"},
        ),
    },
):  # fmt: skip
    """A call about what is late."""

    def prepare(self, context: StepContext) -> Prepared:
        """Say who is to be called."""
        return Prepared(notes=(f"Telephone {getattr(context.settings, 'to', '')} about what is late in this case.",))


class AwaitAnswer(
    Asked[AwaitAnswerForm],
    key="core.await_answer",
    title="Wait for an answer",
    roles=LOOK_AFTER_PARTNERS,
    follow_ups={
        f"referral_{urgency}": FollowUp(
            act=f"a referral is sent that is {words}", uses="core.await_answer", title="Answer to a referral",
            limit=limit, ladder=ladder,
        )
        for urgency, words, limit, ladder in (
            ("critical", "critical", "PT4H", "partner-silent-critical"),
            ("high", "of high urgency", "PT24H", "partner-silent-critical"),
            ("other", "of no high urgency", "P3D", "partner-silent"),
        )
    },
):  # fmt: skip
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
    follow_ups={
        "victim_accused": FollowUp(
            act="a victim is to be made a suspect, or is one and is to be heard", uses="core.lawyers_note", limit="P3D",
            ladder="high",
        ),
    },
):  # fmt: skip
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
