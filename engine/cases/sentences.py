"""One plain sentence for each sort of event: what was done, never what was said."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from engine.cases.records import ADDED, ANSWER, NOTE_KINDS, case_reason
from engine.core.deadlines.lateness import DELAY_OWNERS, reason_words
from engine.core.retention import HOLD_WORDS
from engine.language.names import in_plain_words, in_running_words

Body = Mapping[str, Any]
Say = Callable[[str], str]
"""Gives a message of ours in the language of whoever reads it."""
Title = Callable[[Body], str]
"""Names the step that a body speaks of, by the step or deadline inside it."""

OUTCOMES: Mapping[str, str] = {
    "done": "Done",
    "refused_by_person": "The person does not want it",
    "not_needed": "Not needed",
    "blocked_by_other_body": "Waiting on another agency",
}
"""How a step can end, in words."""

_CLOSED = "The case was closed{why}."
_CLOSED_BY_ITSELF = "Nothing was open any more: the case closed."
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OF_CASE: Mapping[str, str] = {
    "CaseOpened": "The case was opened.",
    "CaseClosed": "{closed}",
    "ClosingAsked": "Someone asked to close the case although something is still open in it{why}.",
    "ClosingRefused": "The request to close the case is over: it was not agreed to.",
    "CaseReopened": "The case was opened again{why}.",
    "PersonAdded": "A person was added to the case as {role}.",
    "PersonRemoved": "A person was removed from the case.",
    "RunStarted": "The workflow “{workflow}” began, version {version}.",
    "RunMoved": "The case was moved to the workflow “{workflow}”, version {version}.",
    "RunEnded": "A workflow of the case was over.",
    "RunReopened": "A workflow of the case that was over has resumed.",
    "FactRecorded": "The fact “{fact}” was recorded.",
    "IntervalRecorded": "A period was recorded that a time limit can leave out: {interval}.",
    "ValuesResealed": "Encrypted data of the case was encrypted again under new keys.",
    "FileAdded": "A file was added.",
    "FileHeldBack": "A file was locked: it might show a child naked or abused, and no one can open it any more.",
    "DocumentReleased": "A document was released: it may leave the network.",
    "PersonIdentified": "What is known about a person was recorded.",
    "PersonRoleChanged": "The role of a person in the case was changed: {role}, {sure}.",
    "NameAdded": "Another name of a person was recorded.",
    "AgeRecorded": "The possible age of a person was recorded: {source}.",
    "IdentityProposed": "A possible identity of a person was recorded.",
    "IdentitySettled": "It was decided whether a possible identity is the right one.",
    "PersonsMerged": "Two recorded persons were found to be the same.",
    "PersonsUnmerged": "Two persons who had been linked as one are two again.",
    "PersonSplit": "One recorded person was found to be two: the other was recorded separately.",
    "PersonBrought": "A person from another case was added to this one.",
    "CasesLinked": "The case was linked to another one: {link}.",
    "CasesUnlinked": "A link to another case was removed: {link}.",
    "CaseSplit": "Some of the persons were moved to a new case.",
    "CaseSplitOff": "The case was split from another one.",
    "MergeAsked": "Someone asked to merge this case with another one; a second person has to agree.",
    "MergeRefused": "The merge with another case was not agreed to.",
    "CaseMerged": "The case was merged into another one, where work goes on{rests}.",
    "CaseUnmerged": "The merge was undone: the case is separate again.",
    "CaseTookIn": "Another case was merged into this one.",
    "CaseLetGo": "A case that was merged into this one is separate again.",
    "AccessDenied": "Someone was denied access to this case.",
    "DenialLiftAsked": "Someone asked to restore a person's access to this case.",
    "DenialLifted": "Two people agreed to restore a person's access to this case.",
    "DenialKept": "A second person did not agree to restore a person's access to this case.",
    "ConflictNoted": "It was recorded that a colleague must not be informed about this case.",
    "ConflictEnded": "A colleague who was not to be informed about this case can be informed again.",
    "ConsentRecorded": "It was recorded what may be shared about a person.",
    "ConsentWithdrawn": "A consent to share was withdrawn.",
    "ConsentRanOut": "A consent to share expired.",
    "ConsentUnclear": "A consent was answered, but not for which person: it allows nothing.",
    "ReferralHeld": "Something is to be sent to another unit or partner: someone must release it.",
    "ReferralOffered": "Work was offered to another unit or partner.",
    "ReferralAccepted": "The other unit or partner accepted.",
    "ReferralDeclined": "The other unit or partner declined.",
    "HelpEnded": "The other unit says that its help is given. It sees no more of this case.",
    "ReferralRecalled": "What was offered to another unit or partner, or shared with it, was recalled.",
    "CaseHandedOver": "The case was handed over to another unit.",
    "PartnerLinkMade": "A link was made with which a partner without an account can answer.",
    "PartnerLinkUsed": "A partner used their link.",
    "HubTold": "Something was sent to another hub that helps in this case.",
    "HubHeard": "Something came from another hub that helps in this case.",
    "EmergencyAccessGiven": "Emergency access was used: someone from another unit opened the case.",
    "EmergencyConfirmed": "A second person confirmed that the emergency access was justified.",
    "EmergencyEnded": "A second person ended the emergency access.",
    "EmergencyUnconfirmed": "No one confirmed within 24 hours that the emergency access was justified.",
    "NoteMade": "{note} was recorded in the diary.",
    "AnswersRead": "The person who reported read what was answered.",
    "PersonRevealed": "Someone looked at the identity of a person in the case.",
    "HoldPlaced": "A hold was put on the case, against erasure: {held}.",
    "HoldLiftAsked": "Someone asked to lift the hold that keeps the case from erasure.",
    "HoldLifted": "The hold on the case was lifted: two people agreed.",
    "HoldKept": "The hold on the case stays: a second person did not agree to lift it.",
    "CaseSealed": "The case was restricted: it is kept, but no one works with it.",
    "OpeningAsked": "Someone asked to lift the restriction of the case.",
    "CaseUnsealed": "The restriction of the case was lifted: two people agreed.",
    "SealKept": "The case stays restricted: a second person did not agree to lift the restriction.",
    "ErasureAsked": "Someone asked to erase what identifies a person.",
    "ErasureAgreed": "Someone agreed to erase what identifies a person.",
    "ErasureEnded": "What identifies a person will not be erased: the request was refused or withdrawn.",
    "PersonErased": "What identified a person was erased. No one can read it any more.",
    "RetentionDecided": "It was decided what to do with the case now that its retention time is over.",
    "PersonCorrected": "What is known about a person was corrected; the earlier entry is kept, encrypted.",
    "PersonRemarked": "A remark was added to what is known about a person.",
    "SubjectAnswered": "A report was made for a person of what the case holds about them.",
}
_OF_STEP: Mapping[str, str] = {
    "StepOpened": "“{step}” could start.",
    "StepHeld": "“{step}” was put on hold: something is needed first ({gate}).",
    "StepScheduled": "“{step}” was scheduled for a later time.",
    "StepSkipped": "“{step}” was not needed in this case.",
    "StepSubmitted": "“{step}” was answered and waited for approval.",
    "StepReturned": "“{step}” was sent back to be done again.",
    "StepEnded": "“{step}” ended: {outcome}{because}.",
    "StepCancelled": "“{step}” was cancelled{why}.",
    "DeadlineSet": "The deadline for “{step}” began to run.",
    "DeadlineMoved": "The deadline for “{step}” was recalculated.",
    "DeadlineWarned": "The deadline for “{step}” came near.",
    "DeadlineBreached": "The deadline for “{step}” was missed.",
    "LevelRaised": "Escalation level {level} was notified about “{step}”{again}.",
    "LevelMissed": "No one at escalation level {level} could be notified about “{step}”{again}: {reason}.",
    "DeadlinePaused": "The deadline for “{step}” was paused: {paused}.",
    "DeadlineResumed": "The deadline for “{step}” was resumed before its pause was over.",
    "ExtensionAsked": "More time was requested for “{step}”: {more}.",
    "ExtensionAnswered": "More time for “{step}” was {answer}.",
    "DelayOwnerNamed": "It was recorded who is responsible for the delay of “{step}”: {owner}.",
    "DeadlineAcknowledged": "Someone who was notified about “{step}” confirmed that they had seen it.",
    "CallAsked": "Escalation level {level} asked for someone to be rung about “{step}”{again}.",
    "CallMade": "Someone was rung about “{step}”: {rang}.",
    "CallEnded": "Someone no longer needs to be rung about “{step}”: {call_over}.",
    "DeadlineEnded": "The deadline for “{step}” stopped.",
    "WorkItemClaimed": "“{step}” was claimed.",
    "WorkItemReleased": "“{step}” was given back.",
    "WorkItemDelegated": "“{step}” was given to someone else.",
    "JobSkipped": "Automatic work of “{step}” failed and was skipped{why}.",
    "AnswersRevealed": "Someone looked at the masked answers of “{step}”.",
    "PlacesRevealed": "Someone looked at the places of the journeys of “{step}”.",
}
_NOTES: Mapping[str, str] = {
    **{kind: f"A {words.lower()}" for kind, words in NOTE_KINDS.items()},
    ANSWER: "An answer to the person who reported",
    ADDED: "What the person who reported added",
}
_RANG: Mapping[str, str] = {
    "reached": "they were reached",
    "acknowledged": "they were reached, and are dealing with it",
    "left_message": "they were not reached, and a message was left",
    "not_reached": "they were not reached",
}
_CALL_OVER: Mapping[str, str] = {
    "reached": "they were reached",
    "acknowledged": "someone confirmed that they had seen it",
    "over": "its deadline stopped",
    "has_it": "they took the work themselves",
    "barred": "they must not learn about this case",
}
_LISTS = (_OF_CASE, _OF_STEP, _NOTES, _RANG, _CALL_OVER)
SAID = (*(words for known in _LISTS for words in known.values()), _CLOSED_BY_ITSELF, _CLOSED)
"""What is said of events, with the names of what each of them tells."""
OF_STEPS = frozenset(_OF_STEP)
"""The events that tell of one step."""


def sentence(type_: str, body: Body, title: Title, say: Say = str) -> str:
    """Tell an event in one sentence, in English unless `say` knows another language.

    A sort that is not known is told by the words of its name.
    """
    if type_ in _OF_CASE:
        return say(_OF_CASE[type_]).format(**_about_case(body, say))
    if type_ in _OF_STEP:
        return say(_OF_STEP[type_]).format(**_about_step(body, title, say))
    words = _WORDS.sub(" ", type_).replace("_", " ").strip().capitalize() or "Something happened"
    named = title(body)
    return f"{words}: “{named}”." if named else f"{words}."


def _about_case(body: Body, say: Say) -> Mapping[str, str]:
    run, person, interval = (body.get(name) or {} for name in ("run", "person", "interval"))
    return {
        "role": _running(str(person.get("role", "person")), say),
        "sure": _running(str(person.get("status", "stated")), say),
        "source": _running(str(body.get("source", "stated")), say),
        "link": _running(str(body.get("kind", "other")), say),
        "rests": say("; work stopped in this one") if body.get("rests") else "",
        "workflow": say(in_plain_words(str(run.get("workflow", "?")))),
        "version": str(run.get("version", "?")),
        "fact": _running(str(body.get("name", "?")), say),
        "interval": _running(str(interval.get("name", "?")), say),
        "note": say(_NOTES.get(str(body.get("kind")), "A note")),
        "closed": say(_CLOSED).format(why=_why(body, say)) if body.get("reason_code") else say(_CLOSED_BY_ITSELF),
        "why": _why(body, say),
        "held": say(HOLD_WORDS.get(str(body.get("kind")), "there is a reason")),
    }


def _running(key: str, say: Say) -> str:
    """Return a key in words as they stand inside a sentence, where it has a translation in that."""
    words = say(in_plain_words(key))
    return in_running_words(key) if words == in_plain_words(key) else words


def _why(body: Body, say: Say) -> str:
    """Return the reason that somebody chose, after a colon; nothing for none."""
    code = str(body.get("reason_code", ""))
    words = say(case_reason(code))
    return f": {words[:1].lower()}{words[1:]}" if code else ""


def _because(body: Body, say: Say) -> str:
    """Return the reason that a pillar declares for how a step ended, in brackets; nothing where none was chosen."""
    code = str(body.get("reason_code", ""))
    return f" ({say(in_plain_words(code)).lower()})" if code and code not in OUTCOMES else ""


def _about_step(body: Body, title: Title, say: Say) -> Mapping[str, str]:
    step = body.get("step") or {}
    outcome = str(step.get("outcome", ""))
    number = int(body.get("round", 1))
    return {
        "step": say(title(body) or "A step"),
        "gate": _running(str(step.get("gate", "not recorded")), say),
        "outcome": say(OUTCOMES.get(outcome, in_plain_words(outcome)) if outcome else "Done").lower(),
        "because": _because(body, say),
        "level": str(body.get("level", "?")),
        "again": say(", round {round}").format(round=number) if number > 1 else "",
        "why": _why(body, say),
        **_about_limit(body, say),
    }


def _about_limit(body: Body, say: Say) -> Mapping[str, str]:
    """Say what was changed of a limit: the latest pause, the latest wish, the owner of the delay."""
    deadline = body.get("deadline") or {}
    pause = (deadline.get("pauses") or [{}])[-1]
    wish = (deadline.get("extensions") or [{}])[-1]
    no_reason = "no reason was given"
    return {
        "reason": say(in_running_words(str(body.get("reason_code", ""))) or no_reason),
        "paused": say(reason_words(str(pause.get("reason_code", ""))) or no_reason).lower(),
        "more": say(reason_words(str(wish.get("reason_code", ""))) or no_reason).lower(),
        "answer": say("given" if body.get("is_approved") else "refused"),
        "rang": say(_RANG.get(str(body.get("outcome")), "it is not known what came of it")),
        "call_over": say(_CALL_OVER.get(str(body.get("ended")), "it is over")),
        "owner": say(DELAY_OWNERS.get(str(deadline.get("delay_owner")), "not recorded")).lower(),
    }
