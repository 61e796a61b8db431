"""What Press asks a person: the forms of its steps."""

from uuid import UUID

from engine.plugin import (
    CaseRef,
    Count,
    Country,
    Day,
    FileRef,
    Form,
    Instant,
    LongText,
    NoSettings,
    OrganisationRef,
    PersonRef,
    Sha256,
    Some,
    Text,
    YesNo,
    copies,
    field,
)
from pillars.press import values as v
from pillars.press.identity import has_signs, names_a_ground

_TWO = 2
_SIGNS = (
    "A telephone number, a number plate, the number of an FIR, an online name, an age, a class, a family, a picture."
)
_TAKE_OUT = (
    "There is a number, an online name, an age, a class, a family or another sign of someone in it: take it out, or"
    " say what allows it to stay."
)


class QueryForm(Form):
    """Answer a reporter's question without telling anything that could hurt a survivor."""

    outlet: OrganisationRef = field(label="Which newspaper, station or site?", now=True)
    journalist: Text = field(label="Who is asking?", now=True)
    query: LongText = field(label="What do they want to know?", now=True)
    deadline: Instant = field(label="By when do they want an answer?", now=True)
    stage: v.QueryStage = field(label="What stage is it at?", choices=v.QUERY_STAGE, now=True)
    decided_by: PersonRef = field(label="Who decides on the answer?", now=True)
    case: CaseRef | None = field(
        label="Which case is it about?", help="Never confirm to the reporter that there is a case.", default=None
    )
    answer: LongText | None = field(label="What did we answer?", default=None, shown_when='stage == "answered"')
    findings: v.SaidFindings | None = field(
        label="The answer contains signs of someone: what are they?",
        help=_SIGNS,
        choices=v.SAID_FINDINGS,
        default=None,
        shown_when='stage == "answered"',
    )  # fmt: skip
    told_survivor: v.ToldSurvivor | None = field(
        label="Was the survivor informed of the question?", choices=v.TOLD_SURVIVOR, default=None
    )

    @Form.rule("Write what was answered.")
    def _answered_has_an_answer(self) -> bool:
        return self.stage != "answered" or self.answer is not None

    @Form.rule(_TAKE_OUT)
    def _signs_are_explained(self) -> bool:
        return self.findings is not None or self.answer is None or not has_signs(self.answer)


class ReleaseForm(Form):
    """Approve a statement, an appeal or a story before anybody outside sees it."""

    kind: v.ReleaseKind = field(label="What is it?", choices=v.RELEASE_KIND, now=True)
    text: LongText = field(label="What should it say?", now=True)
    child_involved: YesNo = field(label="Is it about someone under 18?", now=True)
    legal_basis: v.ReleaseBasis = field(label="What allows it?", choices=v.RELEASE_BASIS, now=True)
    publish_from: Instant = field(label="From when may it be published?", now=True)
    withdraw_by: Instant = field(
        label="When must it be removed?",
        help="Within six hours after a missing person is found.",
        now=True,
        must_be_known=True,
    )
    image: FileRef | None = field(
        label="Which picture goes with it?", help="Never one that shows someone naked or hurt.", default=None,
        identifying=True,
    )  # fmt: skip
    identity_check: Some[v.IdentityCheck] = field(label="What did you check?", choices=v.IDENTITY_CHECK)
    permission_no: Text | None = field(
        label="What is the number of the leave?", default=None,
        shown_when='legal_basis == "authority_leave" || legal_basis == "court_leave"',
    )  # fmt: skip
    survivor_consent: Text | None = field(
        label="Which consent of the survivor covers it?", default=None, shown_when='legal_basis == "adult_consent"'
    )
    findings: v.Findings | None = field(
        label="The text contains signs of someone: what allows them to stay?",
        help=_SIGNS,
        choices=v.FINDINGS,
        default=None,
    )
    approvals: Some[v.Approval] = field(label="Who approved it?", help="Two different people at least.")

    @Form.rule("Two different people must approve it.")
    def _two_approve(self) -> bool:
        return len(set(self.approvals)) >= _TWO

    @Form.rule(_TAKE_OUT)
    def _signs_are_explained(self) -> bool:
        return self.findings is not None or not has_signs(self.text)

    @Form.rule(
        "What stays needs a ground: the number of the leave, an adult survivor's consent, or an appeal that is checked"
        " as the exception for a missing person."
    )
    def _what_stays_has_a_ground(self) -> bool:
        return self.findings != "allowed_by_ground" or names_a_ground(
            kind=self.kind, basis=self.legal_basis, is_child=self.child_involved is not False,
            leave=self.permission_no or "", consent=self.survivor_consent or "", checked=self.identity_check,
        )  # fmt: skip

    @Form.rule("It must be withdrawn after it is published.")
    def _withdrawn_later(self) -> bool:
        return self.in_order(self.publish_from, self.withdraw_by)

    @Form.rule("Only a missing person's name and picture can stay: choose that only for an appeal.")
    def _exception_is_for_an_appeal(self) -> bool:
        return self.kind == "missing_appeal" or "missing_person_exception" not in self.identity_check

    @Form.rule("A child's own consent does not allow this: name the leave of the Committee, the Board or the court.")
    def _child_needs_leave(self) -> bool:
        return self.child_involved is False or self.legal_basis != "adult_consent"


class LeakForm(Form):
    """Stop a leak of a survivor's identity: secure the proof, warn the survivor, have it taken down.

    Of a child who might be shown naked or abused nothing is kept or looked at: the address is enough.
    """

    child_shown: copies.ChildShown | None = copies.child_shown()
    url_or_issue: Text = field(
        label="Where is it?", help="Address of the page, or paper and day. Do not send the link around.", now=True
    )
    found_at: Instant = field(label="When was it found?", now=True)
    what_leaked: Some[v.Leaked] = field(
        label="What can be seen?", choices=v.LEAKED, sensitive=True, now=True, of_copy=True,
        shown_when='child_shown == "no"',
    )  # fmt: skip
    evidence_hash: Sha256 = field(
        label="What is the SHA-256 hash of the saved copy?",
        help="Of a copy that is kept encrypted. It proves that the copy was not changed.",
        now=True,
        shown_when='child_shown == "no"',
    )
    survivor_told_at: Instant = field(label="When was the survivor informed?", now=True)
    safety_reviewed: YesNo = field(label="Was the safety plan reviewed?", now=True)
    law: Some[v.LeakLaw] = field(label="Which law forbids it?", choices=v.LEAK_LAW)
    takedown_sent_at: Instant | None = field(label="When was the takedown notice sent?", default=None)
    complaint_to: tuple[v.ComplaintTo, ...] | None = field(
        label="Who else was informed?", choices=v.COMPLAINT_TO, default=None
    )
    fir_no: Text | None = field(label="What is the FIR number?", default=None)
    source_internal: v.SourceInternal = field(label="Did it come from our own people?", choices=v.SOURCE_INTERNAL)
    removed_at: Instant | None = field(label="When was it gone?", default=None)

    @Form.rule("Nothing of this can have happened before the leak was found.")
    def _after_found(self) -> bool:
        later = (self.survivor_told_at, self.takedown_sent_at, self.removed_at)
        return all(self.in_order(self.found_at, instant) for instant in later)


class TakedownForm(Form):
    """Follow one notice to one platform or paper until the content is gone and stays away."""

    child_shown: copies.ChildShown | None = copies.child_shown()
    platform: Text = field(label="Which platform, paper or station?", help="Its name, not the link.", now=True)
    door: v.Door = field(label="Who is asked?", choices=v.DOOR, now=True)
    ground: v.Ground = field(label="What does the notice rest on?", choices=v.GROUND, now=True)
    sent_at: Instant = field(label="When was it sent?", event_time=True, now=True)
    answer: v.PlatformAnswer = field(label="What did they answer?", choices=v.PLATFORM_ANSWER, now=True)
    removed_at: Instant | None = field(label="When was all of it gone?", default=None, shown_when='answer == "removed"')
    reference_no: Text | None = field(label="What is their reference number?", default=None)
    next_step: LongText | None = field(
        label="What will you do next?", help="Do not copy the content here.", default=None,
        shown_when='answer != "removed"',
    )  # fmt: skip

    @Form.rule("Say when it was gone, if it is gone; and only then.")
    def _gone_has_a_time(self) -> bool:
        return (self.answer == "removed") == (self.removed_at is not None)

    @Form.rule("It cannot be gone before the notice was sent.")
    def _gone_after_the_notice(self) -> bool:
        return self.in_order(self.sent_at, self.removed_at)


class MonitorForm(Form):
    """Search the media for anything that shows who a survivor is."""

    child_shown: copies.ChildShown | None = copies.child_shown()
    query_terms: Text = field(
        label="What did you search for?",
        help="Keep it here. Never write a survivor's name into a public search alert.",
        identifying=True,
        now=True,
    )
    channel: Some[v.Watched] = field(label="Where did you look?", now=True)
    hits: Count = field(label="How many reports did you find?", now=True)
    harmful: Count = field(label="How many of them show who the person is?", now=True)
    next_run: Instant = field(label="When will we look again?", now=True)

    @Form.rule("There cannot be more harmful reports than reports.")
    def _harmful_are_hits(self) -> bool:
        return self.harmful <= self.hits


class TrainingForm(Form):
    """Record a workshop or fellowship for journalists, in numbers only."""

    participants: Count = field(label="How many journalists took part?", now=True)
    country: Country = field(label="In which country?", help="Two letters, such as IN, BD, NP or MM.", now=True)
    topics: Some[v.Topic] = field(label="What was it about?", choices=v.TOPIC, now=True)
    pledge_signed: Count | None = field(label="How many signed the pledge not to name survivors?", default=None)
    evaluation: Count | None = field(label="How good was it, from 0 to 100?", default=None)

    @Form.rule("There cannot be more pledges than journalists.")
    def _pledges_by_participants(self) -> bool:
        return self.pledge_signed is None or self.pledge_signed <= self.participants

    @Form.rule("The mark is a number from 0 to 100.")
    def _mark_is_a_percentage(self) -> bool:
        return self.evaluation is None or self.evaluation <= 100  # noqa: PLR2004 - a percentage


class TakedownSettings(NoSettings):
    """Which notice the step goes on with: the system names the step that told of it last."""

    follows: UUID | None = None


class Fir(Form):
    """Of `policing.fir`: FIR or Zero FIR."""

    governing_code: Text | None = None
    offence_date: Day | None = None
    sections: tuple[Text, ...] = ()


class Intake(Form):
    """Of `reporting.intake`: Record report."""

    is_child_suspected: Text | None = None


class Missing(Form):
    """Of `reporting.missing`: Missing-person report."""
