"""What finding every route and filing the claim propose, and until when the law leaves time."""

from engine.plugin import (
    Completed,
    Concluded,
    JsonAnswer,
    Prepared,
    Scalar,
    StepContext,
    Watch,
    as_day,
    end_of_day,
    local_day,
    told_before,
)
from pillars.restitution.persons import is_minor_of
from pillars.restitution.schemes import claim_limit, governing_code, open_routes
from pillars.restitution.settings import OffenceSettings
from pillars.restitution.watching import watch_claim
from pillars.restitution.words import based_on


def prepare_eligibility(context: StepContext) -> Prepared:
    """Propose the routes by age and the last day by the day of the offence; a lawyer confirms both."""
    offence, limit = as_day(context.earlier("policing.fir").get("offence_date")), claim_limit(context)
    is_minor, notes = is_minor_of(context), []
    prefill: dict[str, JsonAnswer] = told_before(
        context, "restitution.eligibility", "routes", "excluded", "earlier_awards"
    )
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


def conclude_eligibility(context: StepContext) -> Concluded:
    """Make the last day to claim a fact, and watch it."""
    last_day = as_day(context.answers.get("limit_date"))
    facts: dict[str, Scalar] = {"last_claim_at": end_of_day(last_day, context.zone)} if last_day else {}
    is_past = last_day is not None and last_day < local_day(context.now, context.zone)
    notes = ("The last day to claim has passed: ask for the delay to be excused, with reasons.",) if is_past else ()
    return Concluded(facts=facts, notes=notes, watches=watch_claim(context))


def prepare_claim(context: StepContext) -> Prepared:
    """Propose to file today and to ask for interim relief; say what presses."""
    eligibility = context.earlier("restitution.eligibility")
    last_day, today = as_day(eligibility.get("limit_date")), local_day(context.now, context.zone)
    notes = []
    if last_day is not None and last_day < today:
        notes.append("The last day to claim has passed: ask for the delay to be excused, with reasons.")
    if eligibility.get("documents_missing"):
        notes.append("Documents were missing when the routes were reviewed: file at once, and hand them in later.")
    prefill: dict[str, JsonAnswer] = {"filed_on": today.isoformat(), "interim_asked": True}
    prefill |= told_before(context, "restitution.claim", "forum", "bank_account", "guardian", "amount_asked")
    return Prepared(prefill=prefill, notes=tuple(notes))


def conclude_claim(context: StepContext) -> Concluded:
    """Say what the claim lacks; its last day is watched no longer."""
    notes = [
        sentence
        for name, sentence in (
            ("fir_copy", "No copy of the FIR is known to be with the claim: hand it in."),
            ("interim_asked", "Nobody is known to have asked for money at once: ask for interim relief too."),
        )
        if context.answers.get(name) is not True
    ]
    if is_minor_of(context) and not context.answers.get("guardian"):
        notes.append("The person is a child: record who the guardian is.")
    return Concluded(facts={"claim_filed": True}, notes=tuple(notes), watches=(Watch("last_claim", is_over=True),))


def work_out_last_days(context: StepContext) -> Completed:
    """Work out, from the day of the offence, which code governs, the last day to claim, and when to warn."""
    settings = OffenceSettings.model_validate(context.settings.model_dump())
    offence = as_day(context.earlier(settings.from_step).get(settings.from_field))
    if offence is None:
        return Completed(outputs={"is_known": False}, notes=("The day of the offence is not known: ask the lawyer.",))
    code, limit = governing_code(context.jurisdiction, offence), claim_limit(context)
    outputs: dict[str, Scalar] = {"is_known": limit is not None}
    if code is not None:
        outputs["governing_code"] = code.code
    if limit is None:
        return Completed(outputs=outputs, notes=("No limit for claims is on record for this country: ask the lawyer.",))
    last_claim_at = end_of_day(limit.last_day(offence), context.zone)
    outputs |= {"last_claim_at": last_claim_at, "is_past": context.now > last_claim_at}
    names = ("first_warning_at", "second_warning_at", "third_warning_at")
    for name, day in zip(names, limit.warn_on(offence), strict=False):
        outputs[name] = end_of_day(day, context.zone)
    return Completed(outputs=outputs, notes=(based_on(limit.source, is_signed=limit.is_signed),))
