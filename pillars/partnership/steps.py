"""The step types of partnership."""

from datetime import timedelta

from engine.plugin.fields import OutputKind
from engine.plugin.pillar import Pillar
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    NoSettings,
    OutputSpec,
    Prepared,
    Scalar,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import as_day, as_instant, as_number, end_of_day, local_day
from pillars.partnership.forms import AccessForm, ConferenceForm, DirectoryForm, OnboardForm, ReviewForm

AGREEMENT_DAYS = 365
RENEW_DAYS_BEFORE = 60
ENTRY_DAYS = 90
ACCESS_DAYS = 90
UNUSED_DAYS = 90
HOUR = timedelta(hours=1)


class SilenceSettings(NoSettings):
    """Which step of the workflow asked the partner, and how many hours of grace the partner has."""

    from_step: str = "reporting.refer"
    asked_until: str = "accept_by"
    accepted: str = "accepted_at"
    declined: str = "declined_reason"
    grace_hours: int = 0


def _prepare_onboard(context: StepContext) -> Prepared:
    today = local_day(context.now, context.zone)
    return Prepared(
        prefill={"mou_from": today.isoformat(), "mou_to": (today + timedelta(days=AGREEMENT_DAYS)).isoformat()},
    )


def _conclude_onboard(context: StepContext) -> Concluded:
    ends, begins = as_day(context.answers.get("mou_to")), as_day(context.answers.get("mou_from"))
    vetted = as_day(context.answers.get("vetted_on"))
    if ends is None:
        return Concluded()
    is_late = vetted is not None and begins is not None and vetted > begins
    return Concluded(
        facts={
            "agreement_ends_at": end_of_day(ends, context.zone),
            "renew_agreement_at": end_of_day(ends - timedelta(days=RENEW_DAYS_BEFORE), context.zone),
        },
        notes=("The partner was checked only after the agreement had begun.",) if is_late else (),
    )


def _prepare_directory(context: StepContext) -> Prepared:
    before = context.earlier("partnership.directory")
    kept = ("service", "capacity_total", "takes_men", "takes_children", "takes_foreigners")
    prefill: dict[str, JsonAnswer] = {name: before[name] for name in kept if name in before}
    return Prepared(prefill=prefill | {"valid_until": (context.now + timedelta(days=ENTRY_DAYS)).isoformat()})


def _conclude_directory(context: StepContext) -> Concluded:
    free = as_number(context.answers.get("capacity_free"))
    facts: dict[str, Scalar] = {} if free is None else {"partner_has_place": free > 0}
    valid_until = as_instant(context.answers.get("valid_until"))
    if valid_until is not None:
        facts["directory_entry_ends_at"] = valid_until
    return Concluded(facts=facts)


def _prepare_conference(context: StepContext) -> Prepared:
    return Prepared(
        prefill={"case": context.case_number}, notes=("Tell only those who need to know who the person is.",)
    )


def _conclude_review(context: StepContext) -> Concluded:
    causes = context.answers.get("causes")
    breaches = as_number(context.answers.get("breaches")) or 0
    is_unexplained = breaches > 0 and causes == ["none"]
    return Concluded(notes=("Limits were missed, but no reason is given.",) if is_unexplained else ())


def _prepare_access(context: StepContext) -> Prepared:
    today = local_day(context.now, context.zone)
    return Prepared(
        prefill={"from": today.isoformat(), "to": (today + timedelta(days=ACCESS_DAYS)).isoformat()},
    )


def _conclude_access(context: StepContext) -> Concluded:
    answers = context.answers
    last_used = as_instant(answers.get("last_used"))
    checks = (
        (answers.get("training_done") is not True, "Access waits until the person has learned how to keep data safe."),
        (
            last_used is not None and context.now - last_used > timedelta(days=UNUSED_DAYS),
            "The access was not used for 90 days: end it.",
        ),
    )
    has_ended = answers.get("scope") == ["none"]
    notes = () if has_ended else tuple(sentence for is_seen, sentence in checks if is_seen)
    return Concluded(facts={"access_has_ended": has_ended}, notes=notes)


ONBOARD = ask(
    "partnership.onboard",
    title="Partner onboarding",
    form=OnboardForm,
    roles=("partnership_manager",),
    documents=(Document("partner-mou", "Memorandum of understanding: summary"),),
    time_limit="P30D",
    prepare=_prepare_onboard,
    conclude=_conclude_onboard,
)
DIRECTORY = ask(
    "partnership.directory",
    title="Service directory update",
    form=DirectoryForm,
    roles=("partnership_manager", "caseworker"),
    time_limit="PT24H",
    prepare=_prepare_directory,
    conclude=_conclude_directory,
)
CONFERENCE = ask(
    "partnership.conference",
    title="Case conference",
    form=ConferenceForm,
    roles=("case_manager", "supervisor"),
    time_limit="PT48H",
    prepare=_prepare_conference,
)
REVIEW = ask(
    "partnership.review",
    title="Joint performance review",
    form=ReviewForm,
    roles=("partnership_manager", "supervisor"),
    documents=(Document("partner-scorecard", "Scorecard"),),
    time_limit="P3M",
    conclude=_conclude_review,
)
ACCESS = ask(
    "partnership.access",
    title="Access grant or review",
    form=AccessForm,
    roles=("nodal_officer", "data_protection_officer"),
    time_limit="P90D",
    prepare=_prepare_access,
    conclude=_conclude_access,
)


@automatic(
    "partnership.silence",
    title="Is the partner silent?",
    outputs={
        "is_silent": OutputSpec(OutputKind.BOOL),
        "offer_second": OutputSpec(OutputKind.BOOL),
        "silent_hours": OutputSpec(OutputKind.NUMBER),
    },
    settings=SilenceSettings,
)
def silence(context: StepContext) -> Completed:
    """Say whether a partner has not answered in time, so that a second partner can be asked."""
    settings = SilenceSettings.model_validate(context.settings.model_dump())
    asked = context.earlier(settings.from_step)
    until = as_instant(asked.get(settings.asked_until))
    has_accepted, has_declined = bool(asked.get(settings.accepted)), bool(asked.get(settings.declined))
    late = context.now - until - timedelta(hours=settings.grace_hours) if until is not None else timedelta(0)
    is_silent = late > timedelta(0) and not has_accepted and not has_declined
    notes = ("The partner has not answered in time: ask a second partner.",) if is_silent else ()
    return Completed(
        outputs={
            "is_silent": is_silent,
            "offer_second": is_silent or (has_declined and not has_accepted),
            "silent_hours": int(late / HOUR) if is_silent else 0,
        },
        notes=notes,
    )


PILLAR = Pillar(
    key="partnership",
    name="Partnership",
    letter="P",
    summary="Bodies with a mandate of their own work through one centre: agreements, places, conferences, access.",
    step_types=(ONBOARD, DIRECTORY, CONFERENCE, REVIEW, ACCESS, silence),
)
