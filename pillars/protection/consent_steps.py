"""What asking for consent proposes, and what follows from the answer."""

from engine.plugin import Concluded, Prepared, StepContext, add_months, given, told_before
from pillars.protection.consent import covers_sharing, given_in, is_live, watch_consent
from pillars.protection.days import language_of, today_of

_CONSENT_MONTHS = 12


def prepare_consent(context: StepContext) -> Prepared:
    """Propose who is asked and until when; what may be shared is never proposed: the person says it each time anew."""
    valid_until = add_months(today_of(context), _CONSENT_MONTHS).isoformat()
    who = context.earlier("rescue.first_needs").get("person")
    before = told_before(context, "protection.consent", "person", "kind")
    note = "Ask again for each new purpose. A no is an answer like any other: end the step as refused."
    return Prepared(
        prefill=given(person=who) | language_of(context) | before | {"valid_until": valid_until}, notes=(note,)
    )


def conclude_consent(context: StepContext) -> Concluded:
    """Say whether the consent holds and covers sharing, put it into the ledger, and watch its end."""
    live = is_live(context.answers, now=context.now, zone=context.zone)
    facts = {"consent_given": live, "consent_to_share": live and covers_sharing(context.answers)}
    given = given_in(context.answers, now=context.now)
    return Concluded(facts=facts, consent=given, watches=watch_consent(context.answers, context.now, context.zone))
