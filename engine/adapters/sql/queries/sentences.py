"""One plain sentence for each sort of event: what was done, never what was said."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from engine.domain.case_reasons import case_reason
from engine.domain.keeping import HOLD_WORDS
from engine.domain.limit_reasons import DELAY_OWNERS, reason_words
from engine.spec.plain_words import in_plain_words, in_running_words

Body = Mapping[str, Any]
Title = Callable[[Body], str]
"""Names the step that a body speaks of, by the step or deadline inside it."""

OUTCOMES: Mapping[str, str] = {
    "done": "Done",
    "refused_by_person": "The person does not want it",
    "not_needed": "Not needed",
    "blocked_by_other_body": "Another body does not do its part",
}
"""How a step can end, in words."""

_CLOSED_BY_ITSELF = "Nothing was open any more: the case closed."
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OF_CASE: Mapping[str, str] = {
    "CaseOpened": "The case was opened.",
    "CaseClosed": "{closed}",
    "ClosingAsked": "Somebody asked that the case is closed although something is open in it{why}.",
    "ClosingRefused": "The request to close the case is over: it was not agreed to.",
    "CaseReopened": "The case was opened again{why}.",
    "PersonAdded": "A person was added to the case as {role}.",
    "PersonRemoved": "A person was taken out of the case.",
    "RunStarted": "The workflow {workflow} began, version {version}.",
    "RunEnded": "A workflow of the case was over.",
    "RunReopened": "A workflow of the case that was over goes on.",
    "FactRecorded": "The fact “{fact}” was recorded.",
    "IntervalRecorded": "A stretch of time was recorded that a limit may leave out: {interval}.",
    "ValuesResealed": "What is sealed in the case was sealed anew under new keys.",
    "FileAdded": "A file was added.",
    "DocumentReleased": "A paper was released: it may leave the network.",
    "PersonIdentified": "What is known of a person was written down.",
    "PersonRoleChanged": "What a person is in the case was changed: {role}, {sure}.",
    "NameAdded": "A further name of a person was written down.",
    "AgeRecorded": "How old a person may be was written down: {source}.",
    "IdentityProposed": "Somebody whom a person may be was written down.",
    "IdentitySettled": "It was said whether a person is somebody whom they might have been.",
    "PersonsMerged": "Two persons were found to be one.",
    "PersonsUnmerged": "Two persons who were taken for one are two again.",
    "PersonSplit": "A person was found to be two: the other one was written down apart.",
    "PersonBrought": "A person of another case was brought into this one.",
    "CasesLinked": "The case was linked to another one: {link}.",
    "CasesUnlinked": "A link to another case was taken back: {link}.",
    "CaseSplit": "Some of the persons went into a case of their own.",
    "CaseSplitOff": "The case came out of another one.",
    "MergeAsked": "Somebody asked to merge this case with another one; a second person has to agree.",
    "MergeRefused": "The merge with another case was not agreed to.",
    "CaseMerged": "The case was merged into another one, where work goes on{rests}.",
    "CaseUnmerged": "The merge was undone: the case is one of its own again.",
    "CaseTookIn": "Another case was merged into this one.",
    "CaseLetGo": "A case that was merged into this one is one of its own again.",
    "AccessDenied": "It was written down that somebody must never see this case.",
    "DenialLiftAsked": "Somebody asked that who must not see this case may see it again.",
    "DenialLifted": "Two people agreed that somebody who must not see this case may see it again.",
    "DenialKept": "A second person did not agree that somebody may see this case again.",
    "ConflictNoted": "It was noted that somebody of ours must not be told of this case.",
    "ConflictEnded": "Somebody who was not to be told of this case can be told again.",
    "ConsentRecorded": "It was written down what may be shared of a person.",
    "ConsentWithdrawn": "A consent to share was taken back.",
    "ConsentRanOut": "A consent to share ran out.",
    "ConsentUnclear": "A consent was answered, but not for which person it is: nothing rests on it.",
    "ReferralHeld": "Something is to be sent to another unit or partner: somebody must release it.",
    "ReferralOffered": "Work was offered to another unit or partner.",
    "ReferralAccepted": "The other unit or partner accepted.",
    "ReferralDeclined": "The other unit or partner declined.",
    "ReferralRecalled": "What was offered to another unit or partner, or shared with it, was called back.",
    "CaseHandedOver": "The case was handed over to another unit.",
    "PartnerLinkMade": "A link was made by which a partner without an account can answer.",
    "PartnerLinkUsed": "The link of a partner was used.",
    "GlassBroken": "The case was opened in an emergency by somebody whose case it is not.",
    "GlassConfirmed": "A second person confirmed that it was right to open the case in an emergency.",
    "GlassEnded": "A second person ended what had been opened in an emergency.",
    "GlassUnconfirmed": "Nobody confirmed within 24 hours that the case was rightly opened in an emergency.",
    "PersonRevealed": "Who a person of the case is was looked at.",
    "HoldPlaced": "The case was held back from erasure: {held}.",
    "HoldLiftAsked": "Somebody asked that the case is no longer held back from erasure.",
    "HoldLifted": "The case is no longer held back from erasure: two people agreed.",
    "HoldKept": "The case stays held back from erasure: a second person did not agree to end it.",
    "CaseSealed": "The case was sealed: it is kept, and nobody works with it.",
    "OpeningAsked": "Somebody asked that the sealed case is opened again.",
    "CaseUnsealed": "The sealed case was opened again: two people agreed.",
    "SealKept": "The case stays sealed: a second person did not agree to open it.",
    "ErasureAsked": "It was asked that what identifies a person is destroyed.",
    "ErasureAgreed": "Somebody agreed that what identifies a person is destroyed.",
    "ErasureEnded": "What identifies a person will not be destroyed: the request was refused or taken back.",
    "PersonErased": "What identified a person was destroyed. Nobody can read it any more.",
    "RetentionDecided": "It was decided what becomes of the case now that its time is over.",
    "PersonCorrected": "What is known of a person was corrected; what it was before is kept, sealed.",
    "PersonRemarked": "A remark was added to what is known of a person.",
    "SubjectAnswered": "A report of what is held about a person was made for them.",
}
_OF_STEP: Mapping[str, str] = {
    "StepOpened": "“{step}” could begin.",
    "StepHeld": "“{step}” was held by {gate}.",
    "StepScheduled": "“{step}” was set for an appointed time.",
    "StepSkipped": "“{step}” was not needed: nothing led to it.",
    "StepSubmitted": "“{step}” was answered and waited for approval.",
    "StepReturned": "“{step}” was sent back to be done again.",
    "StepEnded": "“{step}” ended: {outcome}.",
    "StepCancelled": "“{step}” was called off{why}.",
    "DeadlineSet": "The time for “{step}” began to run.",
    "DeadlineMoved": "The time for “{step}” was counted again.",
    "DeadlineWarned": "The time for “{step}” came near its end.",
    "DeadlineBreached": "The time for “{step}” passed unmet.",
    "LevelRaised": "Level {level} of the ladder was told about “{step}”{again}.",
    "LevelMissed": "Nobody could be told of level {level} about “{step}”{again}: {reason}.",
    "DeadlinePaused": "The time for “{step}” was let stand still: {paused}.",
    "DeadlineResumed": "The time for “{step}” went on before its pause was over.",
    "ExtensionAsked": "More time was asked for “{step}”: {more}.",
    "ExtensionAnswered": "More time for “{step}” was {answer}.",
    "DelayOwnerNamed": "It was said whose delay “{step}” is: {owner}.",
    "DeadlineAcknowledged": "Somebody who was told about “{step}” said that they had seen it.",
    "DeadlineEnded": "The time for “{step}” stopped.",
    "WorkItemClaimed": "“{step}” was claimed.",
    "WorkItemReleased": "“{step}” was given back.",
    "WorkItemDelegated": "“{step}” was given to somebody else.",
    "AnswersRevealed": "The masked answers of “{step}” were looked at.",
    "PlacesRevealed": "Where journeys of “{step}” led was looked at.",
}
OF_STEPS = frozenset(_OF_STEP)
"""The events that tell of one step."""


def sentence(type_: str, body: Body, title: Title) -> str:
    """Tell an event in one English sentence; a sort that is not known is told by the words of its name."""
    if type_ in _OF_CASE:
        return _OF_CASE[type_].format(**_about_case(body))
    if type_ in _OF_STEP:
        return _OF_STEP[type_].format(**_about_step(body, title))
    words = _WORDS.sub(" ", type_).replace("_", " ").strip().capitalize() or "Something happened"
    named = title(body)
    return f"{words}: “{named}”." if named else f"{words}."


def _about_case(body: Body) -> Mapping[str, str]:
    run, person, interval = (body.get(name) or {} for name in ("run", "person", "interval"))
    return {
        "role": in_running_words(str(person.get("role", "somebody"))),
        "sure": in_running_words(str(person.get("status", "stated"))),
        "source": in_running_words(str(body.get("source", "stated"))),
        "link": in_running_words(str(body.get("kind", "other"))),
        "rests": "; this one rests" if body.get("rests") else "",
        "workflow": str(run.get("workflow", "?")),
        "version": str(run.get("version", "?")),
        "fact": in_running_words(str(body.get("name", "?"))),
        "interval": in_running_words(str(interval.get("name", "?"))),
        "closed": f"The case was closed{_why(body)}." if body.get("reason_code") else _CLOSED_BY_ITSELF,
        "why": _why(body),
        "held": HOLD_WORDS.get(str(body.get("kind")), "there is a reason"),
    }


def _why(body: Body) -> str:
    """Give the reason that somebody chose, after a colon; nothing for none."""
    code = str(body.get("reason_code", ""))
    return f": {case_reason(code)[:1].lower()}{case_reason(code)[1:]}" if code else ""


def _about_step(body: Body, title: Title) -> Mapping[str, str]:
    step = body.get("step") or {}
    outcome = str(step.get("outcome", ""))
    number = int(body.get("round", 1))
    return {
        "step": title(body) or "A step",
        "gate": in_running_words(str(step.get("gate", "a gate"))),
        "outcome": OUTCOMES.get(outcome, in_plain_words(outcome)).lower() if outcome else "done",
        "level": str(body.get("level", "?")),
        "again": f", round {number}" if number > 1 else "",
        "why": _why(body),
        **_about_limit(body),
    }


def _about_limit(body: Body) -> Mapping[str, str]:
    """Say what was changed of a limit: the latest pause, the latest wish, the owner of the delay."""
    deadline = body.get("deadline") or {}
    pause = (deadline.get("pauses") or [{}])[-1]
    wish = (deadline.get("extensions") or [{}])[-1]
    return {
        "reason": in_running_words(str(body.get("reason_code", ""))) or "no reason was given",
        "paused": reason_words(str(pause.get("reason_code", ""))).lower() or "no reason was given",
        "more": reason_words(str(wish.get("reason_code", ""))).lower() or "no reason was given",
        "answer": "given" if body.get("is_approved") else "refused",
        "owner": DELAY_OWNERS.get(str(deadline.get("delay_owner")), "not said").lower(),
    }
