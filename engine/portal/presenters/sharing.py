"""What pages of sharing call things, and the choices that their forms offer."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from engine import views as vw
from engine.domain.consent import GROUNDS
from engine.domain.packages import PACKAGES, RIGHTS
from engine.portal.presenters.times import local
from engine.spec.plain_words import in_plain_words

KINDS: Final[Mapping[str, str]] = {
    "referral": "Referral: both units work on it",
    "transfer": "Transfer: they take the case over",
    "consultation": "Advice only",
}
PURPOSES: Final[Mapping[str, str]] = {
    "rescue": "Rescue",
    "shelter": "Shelter",
    "health": "Health",
    "counselling": "Counselling",
    "legal_help": "Legal help",
    "police": "Police work",
    "court": "Court",
    "home_investigation": "Home assessment",
    "repatriation": "Going home",
    "compensation": "Compensation",
    "rehabilitation": "Rehabilitation",
    "livelihood": "Learning and earning",
    "other": "Another purpose",
}
ANY_PURPOSE: Final[Mapping[str, str]] = {"referral": "Any work referred to a partner"}
HELP: Final[Mapping[str, str]] = {
    "safe_place": "A safe place to stay",
    "medical_care": "Medical care",
    "counselling": "Counselling",
    "lawyer": "A lawyer",
    "interpreter": "An interpreter",
    "police_action": "Police action",
    "home_visit": "A home visit",
    "school_or_training": "School or training",
    "money_claim": "A claim for money",
    "travel": "Travel and escort",
    "advice": "Advice",
    "other": "Other help",
}
URGENCIES: Final[Mapping[str, str]] = {
    "critical": "Critical: answer within 4 hours",
    "high": "High: answer within 24 hours",
    "other": "Other: answer within 3 days",
}
GIVEN_BY: Final[Mapping[str, str]] = {
    "consent": "The person, who is an adult",
    "guardian": "The guardian, for a child",
    "committee": "The Child Welfare Committee, for a child",
    "court": "A court",
    "assent": "The child alone (recorded, but does not allow sharing)",
}
ASSENTS: Final[Mapping[str, str]] = {
    "yes": "The child agrees too",
    "no": "The child does not agree",
    "too_young": "The child is too young to be asked",
    "not_asked": "The child was not asked",
}
BODIES: Final[Mapping[str, str]] = {
    "partner_ngo": "A partner organisation",
    "police": "Police",
    "child_welfare_committee": "Child Welfare Committee",
    "court": "Court",
    "legal_services": "Legal Services Authority",
    "hospital": "Hospital",
    "shelter": "Shelter",
    "embassy": "Embassy",
    "government_department": "Government department",
    "home_country_partner": "Partner in the home country",
}
KEEP_DAYS: Final[Mapping[str, str]] = {
    "0": "Not at all",
    "30": "For 30 days: steps and time limits only",
    "90": "For 90 days: steps and time limits only",
}
STATES: Final[Mapping[str, str]] = {
    "held": "Waiting to be released",
    "dropped": "Recalled before it was sent",
    "offered": "Waiting for an answer",
    "accepted": "Accepted",
    "declined": "Declined",
    "recalled": "Recalled",
    "ended": "Ended",
    "live": "Valid",
    "withdrawn": "Withdrawn",
    "ran_out": "Expired",
}
REASONS: Final[Mapping[str, str]] = {
    "no_capacity": "No capacity at present",
    "outside_area": "Outside our area",
    "outside_mandate": "Not our kind of work",
    "conflict_of_interest": "A conflict of interest",
    "unsafe": "Not safe for the person here",
}
ENDS: Final[Mapping[str, str]] = {
    "recalled": "recalled by the sender",
    "rerouted": "another unit was asked",
    "handed_over": "the case was handed over",
    "another_accepted": "another unit accepted first",
    "consent_withdrawn": "the consent was withdrawn",
    "consent_ran_out": "the consent expired",
    "custody": "a backup was restored, and it is not certain that it was still valid",
}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "kind": KINDS, "purpose": {**PURPOSES, **ANY_PURPOSE}, "help": HELP, "urgency": URGENCIES, "given_by": GIVEN_BY,
    "assent": ASSENTS, "state": STATES, "reason": REASONS, "end": ENDS,
}  # fmt: skip


class FormChoice(NamedTuple):
    """One choice of a form."""

    value: str
    text: str
    checked: bool = False


def words(code: str, of: str) -> str:
    """Say a code in words; one that is not known by its own."""
    return WORDS[of].get(code, in_plain_words(code))


def choices(known: Mapping[str, str], chosen: Collection[str] = ()) -> list[FormChoice]:
    """Offer what is known, with what was chosen before."""
    return [FormChoice(value, text, value in chosen) for value, text in known.items()]


def parts(chosen: Collection[str] = ()) -> list[FormChoice]:
    """Offer the parts of a case that can be shared."""
    return [FormChoice(code, part.title, code in chosen) for code, part in PACKAGES.items()]


def rights(chosen: Collection[str] = ()) -> list[FormChoice]:
    """Offer what another unit can be allowed to do beside what it is shown."""
    return [FormChoice(code, right.title, code in chosen) for code, right in RIGHTS.items()]


def bases(sharing: vw.SharingView, chosen: str = "") -> list[FormChoice]:
    """Offer on what something may leave: the consents that hold, and the grounds that the law of the place has."""
    found = [
        FormChoice(f"consent:{one.id}", _consent_words(one, sharing.zone), f"consent:{one.id}" == chosen)
        for one in sharing.consents
        if one.state == "live"
    ]
    for ground in GROUNDS:
        law = ground.law(sharing.jurisdiction)
        if law:
            value = f"ground:{ground.code}"
            found.append(FormChoice(value, f"Without consent: {ground.title.lower()} ({law})", value == chosen))
    return found


def recipients(sharing: vw.SharingView, chosen: Collection[str] = ()) -> list[FormChoice]:
    """Offer who may get something: units, organisations and kinds of body."""
    named = [(f"unit:{one.id}", one.name) for one in sharing.units]
    named += [(f"organisation:{one.id}", f"{one.name}, everything") for one in sharing.organisations]
    named += [(f"kind:{key}", f"Any: {name}") for key, name in BODIES.items()]
    return [FormChoice(value, text, value in chosen) for value, text in named]


def _consent_words(consent: vw.ConsentView, zone: str) -> str:
    purposes = ", ".join(_lower(words(code, "purpose")) for code in consent.purposes)
    return f"Consent for {consent.person}, {local(consent.recorded_at, zone)}: {purposes}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def first_of(errors: Mapping[str, str], names: Iterable[str]) -> list[tuple[str, str]]:
    """List what is wrong for the summary on top, in the order of the form."""
    return [(f"#{name}", errors[name]) for name in names if name in errors]
