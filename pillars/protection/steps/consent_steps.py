"""What asking for consent proposes, and what follows from the answer."""

from datetime import datetime

from engine.plugin import Asked, Concluded, Document, Prepared, StepContext
from pillars.protection.consent import FOLLOW_UPS, computed, covers_sharing, given_in, is_live
from pillars.protection.days import language_of
from pillars.protection.forms import ConsentForm, FirstNeeds

_CONSENT_MONTHS = 12


class Consent(
    Asked[ConsentForm],
    key="protection.consent",
    title="Consent or assent",
    roles=("caseworker", "counsellor", "case_manager"),
    stays_with=("rescue.first_needs",),
    documents=(Document("consent-form", "Consent form", leaves=False),),
    computes={"ask_again_at": datetime, "expired_at": datetime},
    follow_ups=FOLLOW_UPS,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose who is asked and until when; what may be shared is never proposed: it is said each time anew."""
        valid_until = StepContext.add_months(context.today, _CONSENT_MONTHS).isoformat()
        who = context.earlier("rescue.first_needs", FirstNeeds).person
        before = context.told_before("protection.consent", "person", "kind")
        note = "Ask again for each new purpose. A no is an answer like any other: end the step as refused."
        return Prepared(
            prefill=Prepared.given(person=who) | language_of(context) | before | {"valid_until": valid_until},
            notes=(note,),
        )

    def conclude(self, answers: ConsentForm, context: StepContext) -> Concluded:
        """Return whether the consent holds and covers sharing, put it into the ledger, and watch its end."""
        live = is_live(context, answers)
        facts = {"consent_given": live, "consent_to_share": live and covers_sharing(answers)}
        given = given_in(answers, now=context.now)
        return Concluded(facts=facts, consent=given, computed=computed(context, answers))
