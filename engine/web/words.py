"""The words of pages for statuses, ladders, calls and what is shared, and the choices of their forms."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.core.deadlines.firings import DUE
from engine.core.records import CallOutcome
from engine.deadlines.records import DeliveryView, LateView, PlannedView
from engine.language.limits import WarningPoint
from engine.language.names import in_plain_words, in_running_words
from engine.overview.records import StepView
from engine.sharing.records.consent import GROUNDS, PACKAGES, RIGHTS, ConsentView, SharingView
from engine.web.languages import say
from engine.web.times import local, short

OUTCOMES = {
    "done": "Done",
    "refused_by_person": "The person does not want it",
    "not_needed": "Not needed",
    "blocked_by_other_body": "Waiting on another agency",
}


@dataclass(frozen=True, slots=True)
class Status:
    """A status in words; `tone` is one of: late, near, running, good, quiet."""

    words: str
    tone: str


def status_of_step(step: StepView) -> Status:
    """Say where a step stands."""
    if step.status == "ended":
        outcome = step.outcome or "done"
        return Status(OUTCOMES.get(outcome, in_plain_words(outcome)), "good" if outcome == "done" else "quiet")
    known = {
        "scheduled": Status("Set for later", "quiet"),
        "held": Status("On hold: something is needed first", "near"),
        "approval": Status("Waiting for approval", "running"),
        "skipped": Status("Not on this path", "quiet"),
        "cancelled": Status("Cancelled", "quiet"),
        "ready": Status(_at_work(step), "running"),
    }
    return known.get(step.status, Status(in_plain_words(step.status), "quiet"))


def _at_work(step: StepView) -> str:
    if step.item_id is None:
        return "The system does it"
    return "In progress" if step.assignee else "Waiting to be taken"


def status_of_job(status: str) -> Status:
    """Say where a job stands."""
    known = {
        "ready": Status("Waiting", "running"),
        "claimed": Status("In progress", "running"),
        "done": Status("Done", "good"),
        "failed": Status("Failed", "late"),
        "aside": Status("Set aside", "late"),
        "held": Status("On hold", "near"),
        "skipped": Status("Skipped", "quiet"),
    }
    return known.get(status, Status(in_plain_words(status), "quiet"))


CALL_WORDS: Final[Mapping[str, str]] = {
    "to_ring": "still to be made",
    "not_needed": "no longer needed",
    CallOutcome.ACKNOWLEDGED: "reached, and they are dealing with it",
    CallOutcome.REACHED: "reached",
    CallOutcome.LEFT_MESSAGE: "not reached, a message was left",
    CallOutcome.NOT_REACHED: "not reached",
}
_OFFERED: Final[Mapping[CallOutcome, str]] = {
    CallOutcome.ACKNOWLEDGED: "Reached: they know about it and are dealing with it",
    CallOutcome.REACHED: "Reached, but no more than that",
    CallOutcome.LEFT_MESSAGE: "Not reached: I left a message",
    CallOutcome.NOT_REACHED: "Not reached",
}


@dataclass(frozen=True, slots=True)
class StripChoice:
    """Something that can be chosen in the form of a strip."""

    value: str
    text: str
    checked: bool


def call_words(outcome: str) -> str:
    """Say in running words what came of ringing someone."""
    return CALL_WORDS.get(outcome, in_running_words(outcome))


def callees(strip: LateView, typed: str) -> tuple[StripChoice, ...]:
    """Offer who can have been rung."""
    return tuple(StripChoice(str(call.id), call.whom, str(call.id) == typed) for call in strip.calls)


def call_outcomes(strip: LateView, typed: str) -> tuple[StripChoice, ...]:
    """Offer what can have come of it: only someone of the network can see to it."""
    is_outside = all(call.actor_id is None for call in strip.calls)
    return tuple(
        StripChoice(outcome, words, outcome == typed)
        for outcome, words in _OFFERED.items()
        if not (is_outside and outcome is CallOutcome.ACKNOWLEDGED)
    )


_CHANNELS: Final = {
    "in_app": "On the page",
    "email": "E-mail",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "matrix": "Matrix",
    "call": "Telephone call",
}


def channel_words(channel: str) -> str:
    """Name a channel."""
    return _CHANNELS.get(channel, in_plain_words(channel))


def delivery_words(delivery: DeliveryView, zone: str) -> str:
    """Say what became of one message by one channel: `sent Sat 07 Mar 2026, 18:45`, `not sent yet`."""
    if delivery.state == "given_up":
        return f"given up ({in_running_words(delivery.error_code)})" if delivery.error_code else "given up"
    if delivery.channel == "call":
        words = call_words(delivery.state)
        return f"{words}, {short(delivery.at, zone)}" if delivery.at else words
    if delivery.at is None:
        return "not sent yet"
    words = {"read": "read", "shown": "shown, not read yet, since"}.get(delivery.state, "sent")
    return f"{words} {short(delivery.at, zone)}"


def point_words(point: PlannedView) -> str:
    """Say what fires: `Warning at 80% of the time`, `Breach`, `Level 2`, `Level 2, again (3)`."""
    if point.kind == "breach":
        return "The deadline; if it is not met, it is overdue"
    if point.name == DUE:
        return "Due by the clock; it is overdue only once its last day is over"
    if point.kind == "warning":
        return f"Warning, {WarningPoint(point.name.removeprefix('w:')).in_words()}"
    level, _, again = point.name.removeprefix("l:").partition(".")
    return f"Level {level}, again ({again})" if again else f"Level {level}"


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
    "closed": "Closed by the other hub",
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
    "help_given": "the help is given, they say",
    "rerouted": "another unit was asked",
    "handed_over": "the case was handed over",
    "another_accepted": "another unit accepted first",
    "consent_withdrawn": "the consent was withdrawn",
    "consent_ran_out": "the consent expired",
    "declined": "the other hub declined",
    "nothing_allows_it": "nothing allowed it any more when they accepted",
    "erased": "the person was erased",
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


def bases(sharing: SharingView, chosen: str = "") -> list[FormChoice]:
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
            text = say("Without consent: {ground} ({law})", ground=say(ground.title).lower(), law=law)
            found.append(FormChoice(value, text, value == chosen))
    return found


def recipients(sharing: SharingView, chosen: Collection[str] = ()) -> list[FormChoice]:
    """Offer who may get something: units, organisations and kinds of body."""
    named = [(f"unit:{one.id}", one.name) for one in sharing.units]
    named += [
        (f"organisation:{one.id}", say("{organisation}, everything", organisation=one.name))
        for one in sharing.organisations
    ]
    named += [(f"kind:{key}", say("Any: {body}", body=say(name))) for key, name in BODIES.items()]
    return [FormChoice(value, text, value in chosen) for value, text in named]


def _consent_words(consent: ConsentView, zone: str) -> str:
    purposes = ", ".join(_lower(say(words(code, "purpose"))) for code in consent.purposes)
    at = local(consent.recorded_at, zone)
    return say("Consent for {person}, {at}: {purposes}", person=say(consent.person), at=at, purposes=purposes)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def first_of(errors: Mapping[str, str], names: Iterable[str]) -> list[tuple[str, str]]:
    """List what is wrong for the summary on top, in the order of the form."""
    return [(f"#{name}", errors[name]) for name in names if name in errors]
