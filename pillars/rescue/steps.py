"""The step types of Rescue, what they propose and what they do by themselves."""

from datetime import timedelta

from engine.plugin import Asked, Completed, Concluded, Document, FollowUp, Form, Law, Prepared, StepContext, automatic
from pillars.rescue.forms import ExecuteForm, FirstNeedsForm, IdentifyForm, Intake, Missing, PlanForm, ProductionForm

_WORDS = {
    "site": "the place", "information_source": "who told us", "verified": "whether the information was checked",
    "expected_persons": "how many people", "expected_children": "how many children", "shelter_reserved": "a shelter",
    "team_women": "how many women are in the team", "ngo_members": "who comes from an NGO",
    "interpreter_langs": "the languages of the interpreters", "vehicles": "how many vehicles",
    "medical_standby": "whether a doctor or nurse is ready", "search_warrant": "the search warrant",
    "secrecy_level": "who may know", "abort_rule": "when to call the rescue off",
    "contingency": "what to do if it goes wrong",
}  # fmt: skip
_TWO_VEHICLES = 2
_ADULT = 18
_REFLECTION, _REFLECTION_DAYS = "INT-REFLECT", 30
"""How long somebody has to think it over; the 30 days count where no pack of law has it."""
_REST = timedelta(hours=1)
"""A promise of the network: an hour of rest before questions. So are the limits of what follows, below."""
_SURVIVORS = frozenset({"victim", "possible_victim"})


class Plan(
    Asked[PlanForm],
    key="rescue.plan",
    title="Pre-rescue plan",
    roles=("ahtu_officer", "case_manager"),
    documents=(Document("rescue-plan", "Rescue plan", leaves=False),),
    time_limit="PT24H",
):
    def prepare(self, context: StepContext) -> Prepared:
        place = context.earlier("reporting.intake", Intake).place_last_seen
        before = context.told_before("rescue.plan", *PlanForm.model_fields)
        notes = ("Confirm the place; do not ask the person again.",) if place else ()
        return Prepared(prefill=Prepared.given(site=place) | before, notes=notes)

    def conclude(self, answers: PlanForm, context: StepContext) -> Concluded:
        points = open_points(answers)
        return Concluded(facts={"rescue_plan_complete": not points}, notes=in_words(points))


class Execute(
    Asked[ExecuteForm],
    key="rescue.execute",
    title="Rescue operation",
    roles=("ahtu_officer", "police_liaison", "caseworker"),
    stays_with=("rescue.plan",),
    documents=(Document("rescue-memo", "Rescue memo"), Document("rescued-list", "List of people who were rescued")),
    time_limit="PT24H",
    computes={"has_held": bool},
    follow_ups={
        "held": FollowUp(
            uses="prosecution.hearing",
            title="The first hearing after the arrest",
            when='this.has_held && case.country == "IN"',
            from_="end_at",
            law="IN-REMAND-24H",
            ladder="high",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        plan = context.earlier("rescue.plan", PlanForm)
        if not plan:
            return Prepared(notes=("There is no rescue plan yet.",))
        people, children = plan.expected_persons, plan.expected_children
        of_them = "not known how many of these, children" if children is None else f"{children} of these, children"
        expected = () if people is None else (f"The plan expects {people} people, {of_them}.",)
        return Prepared(notes=(*in_words(open_points(plan)), *expected))

    def conclude(self, answers: ExecuteForm, context: StepContext) -> Concluded:
        notes = [
            *Form.unless_yes(
                False if answers.separated_from_suspects is None else answers.separated_from_suspects,
                no="Survivors were not kept apart from suspects: inform the supervisor.",
                unknown="It is not known whether survivors were kept apart from suspects: tell the supervisor.",
            ),
            *Form.unless_yes(
                answers.media_kept_out,
                no="Reporters or cameras were there: inform the press officer, so that no one is shown.",
                unknown="Perhaps reporters or cameras were there: inform the press officer, so that no one is shown.",
            ),
        ]
        if answers.wages_claim_noted:
            notes.append("Unpaid wages were recorded: a claim for wages can follow.")
        return Concluded(
            facts={
                "anyone_rescued": answers.perhaps_some("persons_found"),
                "child_rescued": answers.perhaps_some("children_found"),
            },
            notes=tuple(notes),
            computed={"has_held": answers.perhaps_some("suspects_held")},
        )


class FirstNeeds(
    Asked[FirstNeedsForm],
    key="rescue.first_needs",
    title="First needs and safety",
    counts_as="rescued",
    roles=("caseworker", "counsellor", "case_manager"),
    documents=(Document("first-needs-sheet", "First-needs sheet", leaves=False),),
    time_limit="PT2H",
    follow_ups={"first_check": FollowUp(uses="protection.health", title="First health check", limit="P1D")},
):
    def prepare(self, context: StepContext) -> Prepared:
        known = ("person", "food_clothing", "fear_of", "language", "companion_children", "immediate_wish")
        told = Prepared.given(language=_language(context)) | context.told_before("protection.consent", "person")
        return Prepared(prefill=told | context.told_before("rescue.first_needs", *known))

    def conclude(self, answers: FirstNeedsForm, context: StepContext) -> Concluded:
        """Point out what is still to be done; how the person is stays sealed, and the first check is for everybody."""
        notes = [
            *Form.unless_yes(
                answers.food_clothing,
                no="Food and clothes are still missing.",
                unknown="Ask whether the person has food and clothes.",
            ),
            *Form.unless_yes(
                answers.rights_explained,
                no="The person's rights are not explained yet.",
                unknown="Nobody knows whether the person's rights were explained: explain them.",
            ),
        ]
        if answers.photo_taken is True:
            notes.append("A photo was taken: it stays with the case, protected. Never one of someone naked or hurt.")
        if answers.photo_taken == Form.NOT_KNOWN:
            notes.append("Find out whether a photo was taken. Never one of someone naked or hurt.")
        if answers.companion_children:
            notes.append("Children are with the person: add each of them to the case.")
        return Concluded(notes=tuple(notes))


class Production(
    Asked[ProductionForm],
    key="rescue.production",
    title="Produce before authority",
    roles=("police_liaison", "caseworker", "ahtu_officer"),
    stays_with=("rescue.execute",),
    documents=(Document("form-17", "Form 17"), Document("production-memo", "Production memo")),
    time_limit=Law("IN-JJ-PROD-24H"),
    follow_ups={
        "order": FollowUp(
            uses="rescue.production",
            title="There was no order yet: has one been made since?",
            when='this.order_type == "no_order_yet"',
            otherwise="end",
            from_="produced_at",
            limit="P1D",
            ladder="high",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        told = Prepared.given(
            person=context.earlier("rescue.first_needs", FirstNeedsForm).person,
            authority=_authority_for(context),
        )
        told |= context.told_before("rescue.execute", taken_charge_at="end_at")
        known = ("person", "authority", "taken_charge_at", "order_no", "placed_at", "escort")
        note = "Write each journey with start, end and place as soon as it is over: only then does it not count."
        return Prepared(prefill=told | context.told_before("rescue.production", *known), notes=(note,))

    def conclude(self, answers: ProductionForm, context: StepContext) -> Concluded:
        notes = []
        if any(not leg.place or not leg.end for leg in answers.journey):
            notes.append("The law does not leave out a journey without its place or its end: complete it.")
        waits = answers.order_type == "no_order_yet"
        if not waits and not answers.order_no:
            notes.append("The number of the order is still missing.")
        return Concluded(facts={"has_order": not waits}, notes=tuple(notes))


class Identify(
    Asked[IdentifyForm],
    key="rescue.identify",
    title="Identification interview",
    roles=("counsellor", "caseworker", "case_manager"),
    stays_with=("rehabilitation.counsel",),
    documents=(Document("identification-record", "Record of the identification interview", leaves=False),),
    time_limit="PT72H",
    follow_ups={
        "reflection": FollowUp(
            uses="rescue.identify",
            title="The time to decide is ending: talk again",
            when='this.status == "possible"',
            otherwise="end",
            due="reflection_until",
            opens_before="P3D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        length = context.law(_REFLECTION) or Law(_REFLECTION, days=_REFLECTION_DAYS)
        reflection = length.day_after(context.today).isoformat()
        known = (
            "interpreter",
            "acts",
            "means",
            "purposes",
            "indicators",
            "age_claimed",
            "age_document",
            "reflection_until",
            "sex",
            "date_of_birth",
            "recruited_how",
            "trafficker_relation",
            "industry",
        )
        missing = context.earlier("reporting.missing", Missing)
        rescued = context.earlier("rescue.execute", ExecuteForm).end_at
        too_early = rescued is not None and context.now - rescued < _REST
        notes = ("Less than an hour has passed since the rescue: let the person rest first.",) if too_early else ()
        told = Prepared.given(interview_lang=_language(context), age_claimed=missing.age, sex=missing.sex)
        told["reflection_until"] = reflection
        return Prepared(prefill=told | context.told_before("rescue.identify", *known), notes=notes)

    def conclude(self, answers: IdentifyForm, context: StepContext) -> Concluded:
        status = answers.status
        checks = (
            (
                answers.age_document == "none",
                "No document shows the age: anyone who could be a child is treated as one.",
            ),
            (
                not _age_fits(answers, context),
                "The age and the date of birth do not fit: ask again, and look at the paper.",
            ),
        )
        notes = tuple(sentence for is_seen, sentence in checks if is_seen)
        return Concluded(facts={"is_victim": status in {"possible", "actual"}}, notes=notes)


@automatic(
    "rescue.checklist",
    title="Check that the rescue plan is complete",
    outputs={
        "complete": False,
        "missing": 0,
    },
)
def checklist(context: StepContext) -> Completed:
    """Name what the rescue plan still lacks: answers, checked information, women in the team, a doctor, a warrant."""
    points = open_points(context.earlier("rescue.plan", PlanForm))
    return Completed(
        outputs={"complete": not points, "missing": len(points)},
        facts={"rescue_plan_complete": not points},
        notes=in_words(points),
    )


def _age_fits(answers: IdentifyForm, context: StepContext) -> bool:
    born, age = answers.date_of_birth, answers.age_claimed
    if born is None or age is None:
        return True
    today = context.today
    return age == today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def open_points(plan: PlanForm) -> tuple[str, ...]:
    """Name the required answers that are not given, and the given ones that are not yet good enough.

    The words are those of the form and never those of an answer, so that they may stand in a note.
    """
    unanswered = [
        _WORDS[name] for name, asked in PlanForm.model_fields.items() if asked.is_required() and _is_open(plan, name)
    ]
    return (*unanswered, *(words for words, is_open in _not_good_enough(plan) if is_open))


def in_words(points: tuple[str, ...]) -> tuple[str, ...]:
    """Say in one sentence what is open; nothing when nothing is."""
    return (f"Still open in the rescue plan: {', '.join(points)}.",) if points else ()


def _is_open(plan: PlanForm, name: str) -> bool:
    return getattr(plan, name) in (None, Form.NOT_KNOWN, "", ())


def _not_good_enough(plan: PlanForm) -> tuple[tuple[str, bool], ...]:
    return (
        ("no one has checked the information", plan.verified is False),
        ("no doctor or nurse is ready", plan.medical_standby is False),
        ("no woman is in the team", plan.team_women == 0),
        ("a second vehicle, for survivors and suspects never ride together", plan.vehicles in range(_TWO_VEHICLES)),
        ("a social worker for the children", plan.perhaps_some("expected_children") and _has_no_social_worker(plan)),
        ("the search warrant is not there", plan.search_warrant in {"asked_for", "refused"}),
    )


def _has_no_social_worker(plan: PlanForm) -> bool:
    return bool(plan.ngo_members) and "social_worker" not in plan.ngo_members


def _language(context: StepContext) -> str | None:
    return (
        context.earlier("rescue.first_needs", FirstNeedsForm).language
        or context.earlier("reporting.intake", Intake).language
    )


def _authority_for(context: StepContext) -> str | None:
    """Propose the Child Welfare Committee in India as soon as somebody may be a child; else leave it to the person."""
    if context.country != "IN":
        return None
    told_child = context.earlier("reporting.intake", Intake).is_child_suspected in {"yes", "unsure"}
    is_child = any(
        person.role in _SURVIVORS and person.age is not None and person.age < _ADULT for person in context.persons
    )
    return "CWC" if told_child or is_child else None
