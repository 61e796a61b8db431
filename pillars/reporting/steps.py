"""The step types of Reporting, what they propose and what they do by themselves."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Document,
    FollowUp,
    Form,
    Law,
    Prepared,
    StepContext,
    automatic,
)
from pillars.reporting.children_shown import report_of_child
from pillars.reporting.forms import (
    Fir,
    IntakeForm,
    MandatoryForm,
    MandatorySettings,
    MatchForm,
    MissingForm,
    ReferForm,
    TriageForm,
)

_ANSWER_WITHIN = {"critical": timedelta(hours=4), "high": timedelta(hours=24)}
_ANSWER_OTHERWISE = timedelta(days=3)
"""Promises of the network: within what a partner answers a referral, by how urgent it is."""
_MOST_NAMED, _ADULT = 5, 18
_CHILD_LAWS_OF_INDIA = "JJ32"
_LAW_BY_COUNTRY = {"BD": "BD17", "NP": "NP5"}
_DANGER_NOT_KNOWN = "It is not known whether anyone is in danger now: until it is, the case counts as in danger."
_MATCH_TYPE = {"suspect": "trafficker", "trafficker": "trafficker", "phone": "phone"}


class Intake(
    Asked[IntakeForm],
    key="reporting.intake",
    title="Record report",
    roles=("intake_officer", "case_manager", "caseworker"),
    time_limit="PT30M",
):
    def prepare(self, context: StepContext) -> Prepared:
        return Prepared(prefill={"received_at": context.now.isoformat()})

    def conclude(self, answers: IntakeForm, context: StepContext) -> Concluded:
        """Note what must not wait, and what must not be done."""
        checks = (
            (answers.immediate_danger is True, "Someone is in danger now: triage this first, within the hour."),
            (answers.immediate_danger == Form.NOT_KNOWN, f"{_DANGER_NOT_KNOWN} Triage it within the hour."),
            (answers.safe_to_call is False, "It is not safe to call back: wait until they call, or come."),
            (
                answers.safe_to_call == Form.NOT_KNOWN,
                "It is not known whether it is safe to call back: do not call; wait until they call, or come.",
            ),
            (
                answers.consent_to_record == "no",
                "They do not want it recorded: only what the law requires was kept. Record nothing else they said.",
            ),
            (
                answers.consent_to_record in {"not_asked", "not_able"},
                "Nobody has agreed yet that it can be recorded: ask as soon as it is safe, and share nothing before.",
            ),
            (
                answers.safe_to_leave_message in (False, Form.NOT_KNOWN),
                "Leave no message: it is not known to be safe.",
            ),
        )
        may_be_child = answers.is_child_suspected in {"yes", "unsure"}
        return Concluded(
            facts={"may_be_child": may_be_child}, notes=tuple(sentence for is_seen, sentence in checks if is_seen)
        )


class Triage(
    Asked[TriageForm],
    key="reporting.triage",
    title="Triage and risk score",
    roles=("intake_officer", "supervisor", "case_manager"),
    time_limit="PT24H",
):
    def prepare(self, context: StepContext) -> Prepared:
        intake = context.earlier("reporting.intake", IntakeForm)
        if Form.perhaps(intake.immediate_danger):
            is_sure = intake.immediate_danger is True
            note = "The report says that someone is in danger now." if is_sure else _DANGER_NOT_KNOWN
            return Prepared(prefill={"risk_level": "critical"}, notes=(note,))
        return Prepared()

    def conclude(self, answers: TriageForm, context: StepContext) -> Concluded:
        """Note what the answers ask for beside the decision."""
        checks = (
            (Form.perhaps(answers.suicidal_risk), "Someone must stay with the person until a counsellor is there."),
            (answers.medical_need is True, "A doctor is needed: treatment is free and does not wait for papers."),
            (
                answers.medical_need == Form.NOT_KNOWN,
                "Ask whether a doctor is needed: treatment is free.",
            ),
            (answers.border_crossing_risk is True, "Inform the border posts on the way, if it is safe."),
            (
                answers.border_crossing_risk == Form.NOT_KNOWN,
                "Find out whether the person could be taken over a border, and tell the posts on the way then.",
            ),
            (answers.trafficker_present is True, "Do not call or visit: a suspect is near."),
            (answers.trafficker_present == Form.NOT_KNOWN, "Do not call or visit: a suspect could be near."),
        )
        facts = {"triage_is_critical": answers.risk_level == "critical"}
        return Concluded(facts=facts, notes=tuple(sentence for is_seen, sentence in checks if is_seen))


class Match(
    Asked[MatchForm],
    key="reporting.match",
    title="Answer a cross-case match",
    roles=("case_manager", "supervisor"),
    time_limit="PT24H",
    reads=("similar_persons",),
):
    def prepare(self, context: StepContext) -> Prepared:
        found = context.similar_persons()
        if not found:
            return Prepared()
        best = max(found, key=lambda match: match.score)
        prefill: dict[str, Any] = {
            "match_type": _MATCH_TYPE.get(best.kind, "victim"),
            "match_score": best.score,
            "owning_unit": best.owning_unit,
        }
        return Prepared(
            prefill=prefill, notes=(f"Possible matches in other cases of your unit: {len(found)}. Ask who has them.",)
        )

    def conclude(self, answers: MatchForm, context: StepContext) -> Concluded:
        return Concluded(facts={"known_elsewhere": answers.outcome == "same"})


class Missing(
    Asked[MissingForm],
    key="reporting.missing",
    title="Missing-person report",
    roles=("intake_officer", "police_liaison", "case_manager"),
    stays_with=("reporting.intake",),
    time_limit=Law("IN-MISS-RISK"),
):
    def prepare(self, context: StepContext) -> Prepared:
        intake = context.earlier("reporting.intake", IntakeForm)
        fir = context.earlier("policing.fir", Fir)
        told = {"last_seen_place": intake.place_last_seen, "fir_no": fir.fir_no}
        missing = next(
            (person for person in context.persons if person.role in {"victim", "possible_victim", "missing"}), None
        )
        if missing:
            told |= {
                "missing_name": missing.name or None,
                "age": missing.age,
                "phone_and_handles": missing.phone or None,
            }
        return Prepared(prefill={name: answer for name, answer in told.items() if answer is not None})

    def conclude(self, answers: MissingForm, context: StepContext) -> Concluded:
        """Name what is still missing for the search."""
        checks = (
            (
                not answers.fir_no,
                "No FIR number yet: ask the station, and go to the superintendent if it is refused.",
            ),
            (not answers.trackchild_id and _is_child(answers), "A child: ask for the TrackChild number."),
            (bool(answers.agent_or_job_offer), "There was an offer: check the recruiter."),
        )
        return Concluded(facts={"is_missing": True}, notes=tuple(sentence for is_seen, sentence in checks if is_seen))


class Mandatory(
    Asked[MandatoryForm],
    key="reporting.mandatory",
    title="Statutory notification",
    roles=("case_manager", "supervisor"),
    settings=MandatorySettings,
    documents=(Document("notification-letter", "Notification letter"),),
    time_limit=Law("IN-JJ-REPORT-24H"),
):
    def prepare(self, context: StepContext) -> Prepared:
        country = context.country
        settings = context.settings
        if isinstance(settings, MandatorySettings) and settings.child_shown:
            return report_of_child(country, settings.child_shown, context.now)
        prefill: dict[str, Any] = {"notified_at": context.now.isoformat()}
        if country in _LAW_BY_COUNTRY:
            prefill["law"] = _LAW_BY_COUNTRY[country]
        elif context.earlier("reporting.intake", IntakeForm).is_child_suspected in {"yes", "unsure"}:
            prefill["law"] = _CHILD_LAWS_OF_INDIA
        return Prepared(prefill=prefill)

    def conclude(self, answers: MandatoryForm, context: StepContext) -> Concluded:
        """Say that the authority was told, and note a child who did not agree: the report stands all the same."""
        refused = answers.child_assent_recorded == "no"
        notes = (
            ("The child did not agree: explain why the law requires it, and what it means for them.",)
            if refused
            else ()
        )
        return Concluded(facts={"authority_told": True}, notes=notes)


class Refer(
    Asked[ReferForm],
    key="reporting.refer",
    title="Refer or transfer to unit",
    roles=("case_manager", "supervisor"),
    time_limit="P3D",
    reads=("partners",),
    computes={"has_declined": bool, "answer_by": datetime},
    follow_ups={
        "another": FollowUp(
            uses="reporting.refer",
            title="Ask another partner: the first said no",
            when="this.has_declined",
            otherwise="end",
            due="answer_by",
            ladder="partner-silent-critical",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        risk = context.earlier("reporting.triage", TriageForm).risk_level
        urgency = risk if risk in _ANSWER_WITHIN else "other"
        due = context.now + _ANSWER_WITHIN.get(urgency, _ANSWER_OTHERWISE)
        return Prepared(prefill={"urgency": urgency, "accept_by": due.isoformat()}, notes=_whom_to_ask(context))

    def conclude(self, answers: ReferForm, context: StepContext) -> Concluded:
        """Return whether the partner took it on, and that a second one is to be asked where the first said no."""
        has_declined = bool(answers.declined_reason)
        notes = ("They declined: ask a second partner.",) if has_declined else ()
        within = _ANSWER_WITHIN.get(answers.urgency or "", _ANSWER_OTHERWISE)
        return Concluded(
            facts={"referral_accepted": bool(answers.accepted_at)},
            notes=notes,
            computed={"has_declined": has_declined, "answer_by": context.now + within},
        )


@automatic(
    "reporting.dedupe",
    title="Look for cross-case matches",
    outputs={
        "matches": 0,
        "has_match": False,
    },
    retries=3,
    retry_delay="PT30S",
    timeout="PT1M",
    reads=("similar_persons",),
)
def dedupe(context: StepContext) -> Completed:
    """Find persons of the unit's other cases that may be the same; what other units know is told to leads only."""
    found = context.similar_persons()
    notes = (f"Possible matches in other cases: {len(found)}.",) if found else ()
    return Completed(outputs={"matches": len(found), "has_match": bool(found)}, matches=found, notes=notes)


@automatic(
    "reporting.acknowledge",
    title="Make the acknowledgement slip",
    outputs={"made": False},
    documents=(Document("acknowledgement-slip", "Acknowledgement slip", leaves=False),),
)
def acknowledge(context: StepContext) -> Completed:
    """Make the slip that a person who reported can keep: it bears the case number and nothing about the case."""
    return Completed(outputs={"made": bool(context.case_number)})


def _whom_to_ask(context: StepContext) -> tuple[str, ...]:
    """Say which partners of the place of the case the directory has, what they offer and how much is free."""
    country = context.country
    near = [one for one in context.partners() if {context.jurisdiction, country} & set(one.areas)]
    said = [f"{one.name} ({', '.join(_plain(one.services))}{_free(one.free)})" for one in near[:_MOST_NAMED]]
    return (f"The directory names here: {'; '.join(said)}.",) if said else ()


def _plain(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code.replace("_", " ") for code in codes) or ("services not known",)


def _free(places: int | None) -> str:
    return "" if places is None else f", {places} free"


def _is_child(answers: MissingForm) -> bool:
    return answers.age is None or answers.age < _ADULT
