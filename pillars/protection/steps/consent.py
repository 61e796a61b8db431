"""Consent: what it covers, when it is over, and who has a say."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.plugin import Asked, Concluded, Document, FollowUp, Form, Prepared, StepContext
from pillars.protection.forms import ConsentForm, FirstNeeds, language_of

_ASK_BEFORE = timedelta(days=14)
"""A promise of the network: so long before a consent runs out the person is asked again."""
_A_SECOND = timedelta(seconds=1)
_SHARING = frozenset({"referral", "sharing_with_partners"})
FOLLOW_UPS: Mapping[str, FollowUp] = {
    "consent_end": FollowUp(
        uses="protection.consent", title="Consent is ending: ask the person again", otherwise="end",
        opens="ask_again_at", due="valid_until",
    ),
    "consent_over": FollowUp(
        uses="protection.consent_check", title="Consent has expired", otherwise="end", opens="expired_at",
    ),
}  # fmt: skip
"""The end of a consent: it is asked for again in time, and looked at once more when it has run out."""
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


def is_live(context: StepContext, consent: ConsentForm) -> bool:
    """Return whether it was given, is not taken back by now, and has not run out by the calendar of the case."""
    until = consent.valid_until
    withdrawn = consent.withdrawn_at
    return until is not None and until >= context.today and (withdrawn is None or withdrawn > context.now)


def covers_sharing(consent: ConsentForm) -> bool:
    """Return whether its purposes allow sharing and it covers something that identifies the person."""
    covered = consent.fields_covered
    return not _SHARING.isdisjoint(consent.purpose) and bool(covered) and "no_personal_data" not in covered


def given_in(consent: ConsentForm, *, now: datetime) -> Concluded.Consent:
    """Return what was agreed, for the ledger of consents."""
    withdrawn, aloud = consent.withdrawn_at, consent.read_aloud
    return Concluded.Consent(
        kind=consent.kind or "",
        purposes=consent.purpose,
        recipients=consent.recipients,
        parts=consent.fields_covered,
        valid_until=consent.valid_until,
        language=consent.language or "",
        read_aloud=None if aloud == Form.NOT_KNOWN else aloud is True,
        is_withdrawn=withdrawn is not None and withdrawn <= now,
    )


def computed(context: StepContext, consent: ConsentForm) -> dict[str, Any]:
    """Return when the person is asked again, and when the consent has run out; nothing of one that holds no more.

    It is asked for again two weeks before its end, or when half of its time is over if that is later.
    """
    until = consent.valid_until
    if until is None or not is_live(context, consent):
        return {}
    ends_at, now = context.end_of(until), context.now
    return {"ask_again_at": max(ends_at - _ASK_BEFORE, now + (ends_at - now) / 2), "expired_at": ends_at + _A_SECOND}
