"""What finding every route and filing the claim propose, and until when the law leaves time."""

from datetime import datetime
from typing import Any

from engine.plugin import Asked, Completed, Concluded, Document, FollowUp, Prepared, StepContext, automatic
from pillars.restitution.follow_ups import AFTER_ELIGIBILITY
from pillars.restitution.forms import ClaimForm, EligibilityForm, Fir, OffenceSettings
from pillars.restitution.schemes import based_on, claim_limit, governing_code, is_minor_of, open_routes


class Eligibility(
    Asked[EligibilityForm],
    key="restitution.eligibility",
    title="Find every route",
    roles=("lawyer", "case_manager"),
    stays_with=("prosecution.engage",),
    time_limit="P15D",
    follow_ups=AFTER_ELIGIBILITY,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the routes by age and the last day by the day of the offence; a lawyer confirms both."""
        offence, limit = context.earlier("policing.fir", Fir).offence_date, claim_limit(context)
        is_minor, notes = is_minor_of(context), []
        prefill: dict[str, Any] = context.told_before("restitution.eligibility", "routes", "excluded", "earlier_awards")
        if is_minor is not None:
            rules = open_routes(context, is_minor=is_minor, offence=offence)
            if rules:
                prefill.setdefault("routes", [rule.route for rule in rules])
            notes += [f"{rule.route}: {rule.source}." for rule in rules]
        code = governing_code(context.jurisdiction, offence) if offence else None
        if code is not None:
            notes.append(f"By the day of the offence the code is {code.code}: {code.source}.")
        if offence is None or limit is None:
            return Prepared(
                prefill=prefill, notes=("The last day to claim could not be worked out: ask the lawyer.", *notes)
            )
        last_day = limit.last_day(offence)
        basis = based_on(limit.source, is_signed=limit.is_signed)
        return Prepared(prefill=prefill | {"limit_date": last_day.isoformat()}, notes=(basis, *notes))

    def conclude(self, answers: EligibilityForm, context: StepContext) -> Concluded:
        """Make the last day to claim a fact, and watch it."""
        last_day = answers.limit_date
        facts: dict[str, Any] = {"last_claim_at": context.end_of(last_day)} if last_day else {}
        is_past = last_day is not None and last_day < context.today
        notes = ("The last day to claim has passed: ask for the delay to be excused, with reasons.",) if is_past else ()
        return Concluded(facts=facts, notes=notes)


class Claim(
    Asked[ClaimForm],
    key="restitution.claim",
    title="File the claim",
    roles=("lawyer", "case_manager"),
    stays_with=("restitution.eligibility", "prosecution.engage"),
    documents=(Document("claim-form-i", "Form I: claim for compensation"),),
    time_limit="P30D",
    follow_ups={"filed": FollowUp(ends="last_claim")},
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose to file today and to ask for interim relief; say what presses."""
        eligibility = context.earlier("restitution.eligibility", EligibilityForm)
        last_day, today = eligibility.limit_date, context.today
        notes = []
        if last_day is not None and last_day < today:
            notes.append("The last day to claim has passed: ask for the delay to be excused, with reasons.")
        if eligibility.documents_missing:
            notes.append("Documents were missing when the routes were reviewed: file at once, and hand them in later.")
        prefill: dict[str, Any] = {"filed_on": today.isoformat(), "interim_asked": True}
        prefill |= context.told_before("restitution.claim", "forum", "bank_account", "guardian", "amount_asked")
        return Prepared(prefill=prefill, notes=tuple(notes))

    def conclude(self, answers: ClaimForm, context: StepContext) -> Concluded:
        """Say what the claim lacks; its last day is watched no longer."""
        notes = [
            sentence
            for name, sentence in (
                ("fir_copy", "No copy of the FIR is known to be with the claim: hand it in."),
                ("interim_asked", "Nobody is known to have asked for money at once: ask for interim relief too."),
            )
            if getattr(answers, name) is not True
        ]
        if is_minor_of(context) and not answers.guardian:
            notes.append("The person is a child: record who the guardian is.")
        return Concluded(facts={"claim_filed": True}, notes=tuple(notes))


@automatic(
    "restitution.limit_dates",
    title="Last days to claim",
    outputs={
        "is_known": bool,
        "is_past": bool,
        "governing_code": ("BNS", "IPC", "BD", "NP", "MM"),
        "last_claim_at": datetime,
        "first_warning_at": datetime,
        "second_warning_at": datetime,
        "third_warning_at": datetime,
    },
    settings=OffenceSettings,
)
def limit_dates(context: StepContext) -> Completed:
    """Work out, from the day of the offence, which code governs, the last day to claim, and when to warn."""
    settings = context.settings_as(OffenceSettings)
    offence = context.told_day(settings.from_step, settings.from_field)
    if offence is None:
        return Completed(outputs={"is_known": False}, notes=("The day of the offence is not known: ask the lawyer.",))
    code, limit = governing_code(context.jurisdiction, offence), claim_limit(context)
    outputs: dict[str, Any] = {"is_known": limit is not None}
    if code is not None:
        outputs["governing_code"] = code.code
    if limit is None:
        return Completed(outputs=outputs, notes=("No limit for claims is on record for this country: ask the lawyer.",))
    last_claim_at = context.end_of(limit.last_day(offence))
    outputs |= {"last_claim_at": last_claim_at, "is_past": context.now > last_claim_at}
    names = ("first_warning_at", "second_warning_at", "third_warning_at")
    for name, day in zip(names, limit.warn_on(offence), strict=False):
        outputs[name] = context.end_of(day)
    return Completed(outputs=outputs, notes=(based_on(limit.source, is_signed=limit.is_signed),))
