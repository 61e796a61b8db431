"""The step types of Reporting, what they propose and what they do by themselves."""

from datetime import timedelta

from engine.plugin.fields import OutputKind
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    Law,
    OutputSpec,
    Prepared,
    StepContext,
    ask,
    automatic,
)
from pillars.reporting import forms

_ANSWER_WITHIN = {"critical": timedelta(hours=4), "high": timedelta(hours=24)}
_ANSWER_OTHERWISE = timedelta(days=3)
_CHILD_LAWS_OF_INDIA = "JJ32"
_LAW_BY_COUNTRY = {"BD": "BD17", "NP": "NP5"}
_MATCH_TYPE = {"suspect": "trafficker", "trafficker": "trafficker", "phone": "phone"}


def _prepare_intake(context: StepContext) -> Prepared:
    return Prepared(prefill={"received_at": context.now.isoformat()})


def _prepare_triage(context: StepContext) -> Prepared:
    intake = context.earlier("reporting.intake")
    if intake.get("immediate_danger") is True:
        return Prepared(prefill={"risk_level": "critical"}, notes=("The report says that someone is in danger now.",))
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
    return Prepared(prefill={"urgency": urgency, "accept_by": due.isoformat()})


INTAKE = ask(
    "reporting.intake",
    title="Record report",
    form=forms.IntakeForm,
    roles=("intake_officer", "case_manager", "caseworker"),
    time_limit="PT30M",
    prepare=_prepare_intake,
)

TRIAGE = ask(
    "reporting.triage",
    title="Triage and risk score",
    form=forms.TriageForm,
    roles=("intake_officer", "supervisor", "case_manager"),
    time_limit="PT24H",
    prepare=_prepare_triage,
)

MATCH = ask(
    "reporting.match",
    title="Answer a cross-case match",
    form=forms.MatchForm,
    roles=("case_manager", "supervisor"),
    time_limit="PT24H",
    prepare=_prepare_match,
    conclude=_conclude_match,
)

MISSING = ask(
    "reporting.missing",
    title="Missing-person report",
    form=forms.MissingForm,
    roles=("intake_officer", "police_liaison", "case_manager"),
    time_limit=Law("IN-MISS-RISK"),
    prepare=_prepare_missing,
)

MANDATORY = ask(
    "reporting.mandatory",
    title="Statutory notification",
    form=forms.MandatoryForm,
    roles=("case_manager", "supervisor"),
    documents=(Document("notification-letter", "Notification letter"),),
    time_limit=Law("IN-JJ-REPORT-24H"),
    prepare=_prepare_mandatory,
)

REFER = ask(
    "reporting.refer",
    title="Refer or transfer to unit",
    form=forms.ReferForm,
    roles=("case_manager", "supervisor"),
    time_limit="P3D",
    prepare=_prepare_refer,
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
    documents=(Document("acknowledgement-slip", "Acknowledgement slip"),),
)
def ACKNOWLEDGE(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Make the slip that a person who reported can keep: it bears the case number and nothing about the case."""
    return Completed(outputs={"made": bool(context.case_number)})
