"""The step types of Reporting, what they propose and what they do by themselves."""

from collections.abc import Mapping
from datetime import timedelta

from engine.plugin import (
    NOT_KNOWN,
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    Law,
    OutputKind,
    OutputSpec,
    Prepared,
    StepContext,
    as_number,
    ask,
    automatic,
    perhaps,
)
from pillars.reporting import forms
from pillars.reporting.children_shown import report_of_child
from pillars.reporting.settings import MandatorySettings

_ANSWER_WITHIN = {"critical": timedelta(hours=4), "high": timedelta(hours=24)}
_ANSWER_OTHERWISE = timedelta(days=3)
"""Promises of the network: within what a partner answers a referral, by how urgent it is."""
_MOST_NAMED, _ADULT = 5, 18
_CHILD_LAWS_OF_INDIA = "JJ32"
_LAW_BY_COUNTRY = {"BD": "BD17", "NP": "NP5"}
_DANGER_NOT_KNOWN = "It is not known whether anyone is in danger now: until it is, the case counts as in danger."
_MATCH_TYPE = {"suspect": "trafficker", "trafficker": "trafficker", "phone": "phone"}


def _prepare_intake(context: StepContext) -> Prepared:
    return Prepared(prefill={"received_at": context.now.isoformat()})


def _prepare_triage(context: StepContext) -> Prepared:
    intake = context.earlier("reporting.intake")
    if perhaps(intake.get("immediate_danger")):
        is_sure = intake.get("immediate_danger") is True
        note = "The report says that someone is in danger now." if is_sure else _DANGER_NOT_KNOWN
        return Prepared(prefill={"risk_level": "critical"}, notes=(note,))
    return Prepared()


def _prepare_match(context: StepContext) -> Prepared:
    found = context.similar_persons()
    if not found:
        return Prepared()
    best = max(found, key=lambda match: match.score)
    prefill: dict[str, JsonAnswer] = {
        "match_type": _MATCH_TYPE.get(best.kind, "victim"),
        "match_score": best.score,
        "owning_unit": best.owning_unit,
    }
    return Prepared(
        prefill=prefill, notes=(f"Possible matches in other cases of your unit: {len(found)}. Ask who has them.",)
    )


def _conclude_match(context: StepContext) -> Concluded:
    return Concluded(facts={"known_elsewhere": context.answers.get("outcome") == "same"})


def _prepare_missing(context: StepContext) -> Prepared:
    intake = context.earlier("reporting.intake")
    fir = context.earlier("policing.fir")
    told = {"last_seen_place": intake.get("place_last_seen"), "fir_no": fir.get("fir_no")}
    missing = next(
        (person for person in context.persons if person.role in {"victim", "possible_victim", "missing"}), None
    )
    if missing:
        told |= {"missing_name": missing.name or None, "age": missing.age, "phone_and_handles": missing.phone or None}
    return Prepared(prefill={name: answer for name, answer in told.items() if answer is not None})


def _prepare_mandatory(context: StepContext) -> Prepared:
    country = context.jurisdiction.partition("-")[0]
    settings = context.settings
    if isinstance(settings, MandatorySettings) and settings.child_shown:
        return report_of_child(country, settings.child_shown, context.now)
    prefill: dict[str, JsonAnswer] = {"notified_at": context.now.isoformat()}
    if country in _LAW_BY_COUNTRY:
        prefill["law"] = _LAW_BY_COUNTRY[country]
    elif context.earlier("reporting.intake").get("is_child_suspected") in {"yes", "unsure"}:
        prefill["law"] = _CHILD_LAWS_OF_INDIA
    return Prepared(prefill=prefill)


def _prepare_refer(context: StepContext) -> Prepared:
    risk = str(context.earlier("reporting.triage").get("risk_level", ""))
    urgency = risk if risk in _ANSWER_WITHIN else "other"
    due = context.now + _ANSWER_WITHIN.get(urgency, _ANSWER_OTHERWISE)
    return Prepared(prefill={"urgency": urgency, "accept_by": due.isoformat()}, notes=_whom_to_ask(context))


def _whom_to_ask(context: StepContext) -> tuple[str, ...]:
    """Say which partners of the place of the case the directory has, what they offer and how much is free."""
    country = context.jurisdiction.partition("-")[0]
    near = [one for one in context.partners() if {context.jurisdiction, country} & set(one.areas)]
    said = [f"{one.name} ({', '.join(_plain(one.services))}{_free(one.free)})" for one in near[:_MOST_NAMED]]
    return (f"The directory names here: {'; '.join(said)}.",) if said else ()


def _plain(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code.replace("_", " ") for code in codes) or ("services not known",)


def _free(places: int | None) -> str:
    return "" if places is None else f", {places} free"


def _conclude_refer(context: StepContext) -> Concluded:
    """Say whether the partner took it on, and that a second one is to be asked where the first said no."""
    has_declined = bool(context.answers.get("declined_reason"))
    notes = ("They declined: ask a second partner.",) if has_declined else ()
    return Concluded(facts={"referral_accepted": bool(context.answers.get("accepted_at"))}, notes=notes)


def _conclude_intake(context: StepContext) -> Concluded:
    """Note what must not wait, and what must not be done."""
    answers = context.answers
    checks = (
        (answers.get("immediate_danger") is True, "Someone is in danger now: triage this first, within the hour."),
        (answers.get("immediate_danger") == NOT_KNOWN, f"{_DANGER_NOT_KNOWN} Triage it within the hour."),
        (answers.get("safe_to_call") is False, "It is not safe to call back: wait until they call, or come."),
        (
            answers.get("safe_to_call") == NOT_KNOWN,
            "It is not known whether it is safe to call back: do not call; wait until they call, or come.",
        ),
        (
            answers.get("consent_to_record") == "no",
            "They do not want it recorded: only what the law requires was kept. Record nothing else they said.",
        ),
        (
            answers.get("consent_to_record") in {"not_asked", "not_able"},
            "Nobody has agreed yet that it can be recorded: ask as soon as it is safe, and share nothing before.",
        ),
        (
            answers.get("safe_to_leave_message") in (False, NOT_KNOWN),
            "Leave no message: it is not known to be safe.",
        ),
    )
    may_be_child = answers.get("is_child_suspected") in {"yes", "unsure"}
    return Concluded(
        facts={"may_be_child": may_be_child}, notes=tuple(sentence for is_seen, sentence in checks if is_seen)
    )


def _conclude_triage(context: StepContext) -> Concluded:
    """Note what the answers ask for beside the decision."""
    answers = context.answers
    checks = (
        (perhaps(answers.get("suicidal_risk")), "Someone must stay with the person until a counsellor is there."),
        (answers.get("medical_need") is True, "A doctor is needed: treatment is free and does not wait for papers."),
        (
            answers.get("medical_need") == NOT_KNOWN,
            "Ask whether a doctor is needed: treatment is free.",
        ),
        (answers.get("border_crossing_risk") is True, "Inform the border posts on the way, if it is safe."),
        (
            answers.get("border_crossing_risk") == NOT_KNOWN,
            "Find out whether the person could be taken over a border, and tell the posts on the way then.",
        ),
        (answers.get("trafficker_present") is True, "Do not call or visit: a suspect is near."),
        (answers.get("trafficker_present") == NOT_KNOWN, "Do not call or visit: a suspect could be near."),
    )
    facts = {"triage_is_critical": answers.get("risk_level") == "critical"}
    return Concluded(facts=facts, notes=tuple(sentence for is_seen, sentence in checks if is_seen))


def _conclude_missing(context: StepContext) -> Concluded:
    """Name what is still missing for the search."""
    answers = context.answers
    checks = (
        (
            not answers.get("fir_no"),
            "No FIR number yet: ask the station, and go to the superintendent if it is refused.",
        ),
        (not answers.get("trackchild_id") and _is_child(answers), "A child: ask for the TrackChild number."),
        (bool(answers.get("agent_or_job_offer")), "There was an offer: check the recruiter."),
    )
    return Concluded(facts={"is_missing": True}, notes=tuple(sentence for is_seen, sentence in checks if is_seen))


def _is_child(answers: Mapping[str, JsonAnswer]) -> bool:
    age = as_number(answers.get("age"))
    return age is None or age < _ADULT


def _conclude_mandatory(context: StepContext) -> Concluded:
    """Say that the authority was told, and note a child who did not agree: the report stands all the same."""
    refused = context.answers.get("child_assent_recorded") == "no"
    notes = (
        ("The child did not agree: explain why the law requires it, and what it means for them.",) if refused else ()
    )
    return Concluded(facts={"authority_told": True}, notes=notes)


INTAKE = ask(
    "reporting.intake",
    title="Record report",
    form=forms.IntakeForm,
    roles=("intake_officer", "case_manager", "caseworker"),
    time_limit="PT30M",
    prepare=_prepare_intake,
    conclude=_conclude_intake,
    consent="consent_to_record",
)

TRIAGE = ask(
    "reporting.triage",
    title="Triage and risk score",
    form=forms.TriageForm,
    roles=("intake_officer", "supervisor", "case_manager"),
    time_limit="PT24H",
    prepare=_prepare_triage,
    conclude=_conclude_triage,
)

MATCH = ask(
    "reporting.match",
    title="Answer a cross-case match",
    form=forms.MatchForm,
    roles=("case_manager", "supervisor"),
    time_limit="PT24H",
    prepare=_prepare_match,
    conclude=_conclude_match,
    compares=True,
)

MISSING = ask(
    "reporting.missing",
    title="Missing-person report",
    form=forms.MissingForm,
    roles=("intake_officer", "police_liaison", "case_manager"),
    stays_with=("reporting.intake",),
    time_limit=Law("IN-MISS-RISK"),
    prepare=_prepare_missing,
    conclude=_conclude_missing,
)

MANDATORY = ask(
    "reporting.mandatory",
    title="Statutory notification",
    form=forms.MandatoryForm,
    roles=("case_manager", "supervisor"),
    settings=MandatorySettings,
    documents=(Document("notification-letter", "Notification letter"),),
    time_limit=Law("IN-JJ-REPORT-24H"),
    prepare=_prepare_mandatory,
    conclude=_conclude_mandatory,
)

REFER = ask(
    "reporting.refer",
    title="Refer or transfer to unit",
    form=forms.ReferForm,
    roles=("case_manager", "supervisor"),
    time_limit="P3D",
    prepare=_prepare_refer,
    conclude=_conclude_refer,
    seeks_partner=True,
)


@automatic(
    "reporting.dedupe",
    title="Look for cross-case matches",
    outputs={
        "matches": OutputSpec(OutputKind.NUMBER, default=0),
        "has_match": OutputSpec(OutputKind.BOOL, default=False),
    },
    retries=3,
    retry_delay="PT30S",
    timeout="PT1M",
    compares=True,
)
def DEDUPE(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Find persons of the unit's other cases that may be the same; what other units know is told to leads only."""
    found = context.similar_persons()
    notes = (f"Possible matches in other cases: {len(found)}.",) if found else ()
    return Completed(outputs={"matches": len(found), "has_match": bool(found)}, matches=found, notes=notes)


@automatic(
    "reporting.acknowledge",
    title="Make the acknowledgement slip",
    outputs={"made": OutputSpec(OutputKind.BOOL, default=False)},
    documents=(Document("acknowledgement-slip", "Acknowledgement slip", leaves=False),),
)
def ACKNOWLEDGE(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Make the slip that a person who reported can keep: it bears the case number and nothing about the case."""
    return Completed(outputs={"made": bool(context.case_number)})
