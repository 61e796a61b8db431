"""Every error that ICMC raises on purpose."""

from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any, ClassVar


class IcmcError(Exception):
    """An error with a stable code, whose message is built from its facts.

    Subclasses set `code` and `sentence`; `sentence` names its facts in braces. Facts are ids, names of definitions and
    numbers, never personal data: errors are logged.
    """

    code: ClassVar[str] = "error"
    sentence: ClassVar[str] = "Something went wrong."

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.sentence.format(**facts))


class HostRefusedError(PermissionError):
    """Raised where a process would speak to a host that no setting names; senders take it for one that is not there."""

    REMEDY: ClassVar[str] = "Name it in ICMC_PILLAR_HOSTS if a pillar needs it, or in the setting of what sends."

    def __init__(self, host: str) -> None:
        super().__init__(f"ICMC does not let this process speak to {host}. {self.REMEDY}")


def was_refused(error: BaseException) -> bool:
    """Whether an error goes back to a host that may not be spoken to, whatever a library made of it."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, HostRefusedError):
        seen = seen.__cause__ or seen.__context__
    return seen is not None


def place_in(package: str, error: BaseException) -> str:
    """Return where in a package an error came from, such as `icmc_outreach.steps:41 in next_call`.

    Where it passed through none of its code, the last place of all. Nothing of what the error says is in it.
    """
    frames = [(frame.f_globals.get("__name__", ""), line, frame.f_code.co_name) for frame, line in _frames(error)]
    of_package = [frame for frame in frames if f"{frame[0]}.".startswith(f"{package}.")]
    module, line, function = (of_package or frames or [("?", 0, "?")])[-1]
    return f"{module}:{line} in {function}"


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


class NotFoundError(IcmcError):
    """Raised for what does not exist and for what the actor may not see, which must look alike."""

    code = "not-found"
    sentence = "There is no {kind} with this id, or you are not allowed to see it."


class NotAllowedError(IcmcError):
    """Raised when an actor may not do something."""

    code = "not-allowed"
    sentence = "{actor} is not allowed to {action}."


class ConflictError(IcmcError):
    """Raised when somebody else changed a record first."""

    code = "conflict"
    sentence = "Someone else has changed this {kind} in the meantime: look at it again, then decide."


class OtherStepTypeError(IcmcError):
    """Raised when a run cannot go on by a definition in which steps of the same name are of another type."""

    code = "other-step-type"
    sentence = (
        "The case cannot be moved to that workflow: these steps are of another type there: {steps}. Begin that workflow"
        " alongside the present one instead."
    )


class WorkWithoutPlaceError(IcmcError):
    """Raised when a run has open steps that another definition does not have, and they are not to be cancelled."""

    code = "work-without-place"
    sentence = "The case stays on its version: these open steps are not in the other one: {steps}."


class SeveralRunsError(IcmcError):
    """Raised when several workflows are open in a case, and it was not said which one is meant."""

    code = "several-runs"
    sentence = "Several workflows are open in this case: {runs}. Say which one is meant."


class OtherCommandError(ConflictError):
    """Raised when what was sent carries the id of something else that was done before."""

    code = "other-command"
    sentence = "This page has sent something else before, so nothing was done now: load the page again, and try again."


class ChangedContentError(OtherCommandError):
    """Raised when a command comes back with other content than it had when it was carried out."""

    code = "changed-content"
    sentence = (
        "This was sent before with other answers, and those were saved. What is different now was not saved: look at"
        " what was saved, and change it there."
    )


class LimitChangeError(IcmcError):
    """Raised when a limit cannot be paused or extended as somebody wants."""

    code = "limit-change"
    sentence = "This limit cannot be changed like that."


class NotPausableError(LimitChangeError):
    """Raised when somebody wants to pause or extend a limit of the law, which only leaves out what the law says."""

    code = "not-pausable"
    sentence = "This limit comes from {law}: no one here can pause it or give more time."


class OverCapError(LimitChangeError):
    """Raised when a pause or an extension is longer than the workflow allows; `left` says how much there still is."""

    code = "over-cap"
    sentence = "This is more than the workflow allows ({cap} in all): {left} left."


class PausedAlreadyError(LimitChangeError):
    """Raised when a limit that stands still is to be paused again."""

    code = "paused-already"
    sentence = "This deadline is already paused until {until}: resume it first."


class InstantPassedError(LimitChangeError):
    """Raised when something is to happen at an instant that has passed."""

    code = "instant-passed"
    sentence = "{instant} has already passed: choose a later time."


class DeadlinePassedError(LimitChangeError):
    """Raised when more time is asked for after the due time."""

    code = "deadline-passed"
    sentence = "This was due at {due_at}: more time can be asked for only before it is due."


class ExtensionPendingError(LimitChangeError):
    """Raised when more time is asked for while an earlier request waits for its answer."""

    code = "extension-pending"
    sentence = "Someone has already asked for more time: that request must be answered first."


class SecondPersonError(NotAllowedError):
    """Raised when the one who asked for something wants to approve it too."""

    code = "second-person"
    sentence = "Whoever asked for more time cannot give it: a second person must."


class OwnApprovalError(NotAllowedError):
    """Raised when the one who asked for what needs two people wants to approve it too."""

    code = "own-approval"
    sentence = "Whoever asked for it cannot approve it: a second person must."


class NoSecondPersonError(NotAllowedError):
    """Raised when something needs two people and there is nobody else who may agree; `roles` may."""

    code = "no-second-person"
    sentence = (
        "A second person has to agree, and no one else is allowed to. First give someone else one of these"
        " roles: {roles}."
    )


class ConsentError(IcmcError):
    """Raised when something would leave a unit that neither a consent nor a ground in law covers."""

    code = "consent"
    sentence = "This must not be sent. {problem}"


class LawyersNoteError(IcmcError):
    """Raised when a victim would be held for a suspect, or heard as one, before a lawyer's note on non-punishment."""

    code = "lawyers-note"
    sentence = (
        "Someone who is a victim in this case can {what} only after a lawyer's note on what they were made to do. The"
        " note is waiting for a lawyer in this case. If they were never a victim, first record that this was disproved."
    )


class PartnerLinkError(IcmcError):
    """Raised for a link or a code of a partner that does not open anything, in the same words whatever is wrong."""

    code = "partner-link"
    sentence = "This link or code is not valid, or is no longer valid. Ask the person who gave it to you for a new one."


class RetentionError(IcmcError):
    """Raised when data cannot be held, sealed, erased or copied as somebody wants."""

    code = "keeping"
    sentence = "{problem}"


class HeldError(RetentionError):
    """Raised when something must not be erased now; `reasons` says why, in words without names."""

    code = "held"
    sentence = "This cannot be erased now: {reasons}."


class NothingFiredError(IcmcError):
    """Raised for a deadline that is due and of which nothing can be fired: it would be due for ever."""

    code = "nothing-fired"
    sentence = "Deadline {deadline} is due, and nothing of it can be fired."


class NotACandidateError(IcmcError):
    """Raised when an actor has none of the roles that may claim a work item."""

    code = "not-a-candidate"
    sentence = "{actor} is not among those who may take this work item (it is for: {candidate_role})."


class AlreadyEndedError(IcmcError):
    """Raised when a command comes for a step, run or case that is over."""

    code = "already-ended"
    sentence = "This {kind} is already over."


class CaseMergedError(AlreadyEndedError):
    """Raised for what cannot be done any more in a case that was merged into another one."""

    code = "case-merged"
    sentence = "This case was merged into another one: go on there, or undo the merge."


class InvalidAnswersError(IcmcError):
    """Raised when a form's answers do not fit; `problems` maps field name to a sentence, `labels` to its question."""

    code = "invalid-answers"
    sentence = "Some answers do not fit: {fields}."

    def __init__(self, problems: dict[str, str], labels: Mapping[str, str] | None = None) -> None:
        self.problems = problems
        self.labels = labels or {}
        super().__init__(fields=", ".join(sorted(problems)))


def together(*reads: Callable[[], Any]) -> tuple[Any, ...]:
    """Return what each reads; raises one `InvalidAnswersError` with the problems of all."""
    found: list[Any] = []
    problems: dict[str, str] = {}
    for read in reads:
        try:
            found.append(read())
        except InvalidAnswersError as error:
            problems |= error.problems
    if problems:
        raise InvalidAnswersError(problems)
    return tuple(found)


class DefinitionError(IcmcError):
    """Raised when a definition file cannot be used; carries the findings of the linter."""

    code = "bad-definition"
    sentence = "{name} cannot be used: {count} problem(s), the first at {where}: {first}"

    def __init__(self, *, findings: tuple[object, ...] = (), **facts: object) -> None:
        self.findings = findings
        super().__init__(**facts)


class UnknownStepTypeError(IcmcError):
    """Raised when a definition names a step type that no installed pillar offers."""

    code = "unknown-step-type"
    sentence = "No installed pillar has the step type {step_type}."


class PillarError(IcmcError):
    """Raised when a pillar package does not keep the plug-in contract."""

    code = "bad-pillar"
    sentence = "Pillar {pillar}: {problem}"


class StepFailedError(IcmcError):
    """Raised when a pillar's function fails; the work is left as it was.

    `reason` is the kind of what was raised and its place in the pillar's code, never what it says.
    """

    code = "step-failed"
    sentence = "{step_type} failed ({reason}); nothing was changed."


class StaleJobError(IcmcError):
    """Raised when a job's fencing token is not the current one: another worker has it now."""

    code = "stale-job"
    sentence = "This job has been taken over by another worker."


class SettingsError(IcmcError):
    """Raised when ICMC cannot start with the settings that it was given; says what to do."""

    code = "bad-settings"
    sentence = "{problem} {remedy}"


class ServiceError(IcmcError):
    """Raised when a service that ICMC runs (database, Prefect) cannot be started or reached."""

    code = "service"
    sentence = "{service}: {problem} {remedy}"


class PrintingError(IcmcError):
    """Raised when a paper cannot be made into a PDF on this machine; the page itself can still be printed."""

    code = "printing"
    sentence = "{problem} {remedy}"


class ReplacedError(IcmcError):
    """Raised when somebody would release a paper of which there is a newer version."""

    code = "replaced"
    sentence = "There is a newer version of this document: release that one."


class KeyMissingError(IcmcError):
    """Raised when a value was sealed with a key that is not in the key file."""

    code = "key-missing"
    sentence = "The key {key_id} is not here: the value cannot be read."


class AuditUnavailableError(IcmcError):
    """Raised when it cannot be written down that somebody looks at or does something: then it is not done."""

    code = "audit-unavailable"
    sentence = "This cannot be done now, because it cannot be recorded who did it. Try again soon."


class BusyError(IcmcError):
    """Raised when something did not come within its time limit; `waited_for` says what. It can be tried again."""

    code = "busy"
    sentence = "It took too long to wait for {waited_for}. Try again in a moment."


class TooMuchAtOnceError(IcmcError):
    """Raised when more requests of one person wait than anybody's work needs. It can be tried again."""

    code = "too-much-at-once"
    sentence = "Too much was sent at once, by you or by someone else on your network. Wait a moment, then try again."


class TooManyReportsError(IcmcError):
    """Raised when somebody sends more reports within an hour than anybody takes in; `most` is how many."""

    code = "too-many-reports"
    sentence = "One person can send {most} reports within an hour, and you have. Ask a colleague to send this one now."


class TooOftenError(IcmcError):
    """Raised when somebody does within an hour what nobody's work needs so often; `most` is how often it goes."""

    code = "too-often"
    sentence = "{what}: only {most} times within an hour. Wait a while, or ask a colleague who works on the case."


class KeyTooOftenError(TooOftenError):
    """Raised when a program asks more often within an hour than any needs to; `most` is how often it goes."""

    code = "key-too-often"
    sentence = "A program can ask {most} times within an hour, and this one has. Wait a while."


class FileRefusedError(IcmcError):
    """Raised when a file is not taken; says why, and nothing of its content."""

    code = "file-refused"
    sentence = "{why}"


class FileHeldBackError(IcmcError):
    """Raised when a file is kept and not given out; says why."""

    code = "file-held-back"
    sentence = "This file cannot be opened. {why}"


class KeyInUseError(IcmcError):
    """Raised when a key is to be taken away that something is still wrapped by."""

    code = "key-in-use"
    sentence = "The key {key_id} cannot go yet. {why}"


class KeyExportError(IcmcError):
    """Raised when keys cannot be exported, or an export does not prove itself; says why."""

    code = "key-export"
    sentence = "{problem}"


class DamagedError(IcmcError):
    """Raised when stored data does not prove itself: a seal or a chain that does not fit."""

    code = "damaged"
    sentence = "{what} does not verify: it was changed or damaged."


class NoCalendarError(IcmcError):
    """Raised when working time or local time is asked for a place without a calendar."""

    code = "no-calendar"
    sentence = "No calendar covers {jurisdiction}: add one under workflows/calendars."


class CalendarMissingError(IcmcError):
    """Raised when a limit in working time is counted without a calendar."""

    code = "calendar-missing"
    sentence = "{limit} counts working time, so it needs a calendar."


class NaiveInstantError(IcmcError):
    """Raised when an instant comes without a time zone."""

    code = "naive-instant"
    sentence = "The instant {instant} has no time zone."


class ConditionSyntaxError(IcmcError):
    """Raised for a condition that cannot be read; line and column count from 1 within its text."""

    code = "condition-syntax"
    sentence = "The condition cannot be read at line {line}, column {column}: {problem}"


class ConditionTypeError(IcmcError):
    """Raised when a condition meets a value of a kind that it cannot use: a finding for the admin, never false."""

    code = "condition-type"
    sentence = "The condition cannot be answered at line {line}, column {column}: {problem}"


class UnknownLawLimitError(IcmcError):
    """Raised when a definition names a law limit that no published pack has."""

    code = "unknown-law-limit"
    sentence = "No published law pack has the limit {limit_id}."


class SignatureError(IcmcError):
    """Raised when somebody cannot sign a limit of the law, or take a signature back, as they want."""

    code = "signature"
    sentence = "{limit_id} cannot be signed like that: {problem}"


class UnknownOutcomeError(IcmcError):
    """Raised when a step is ended with an outcome that its step type does not allow."""

    code = "unknown-outcome"
    sentence = "{step_type} cannot end as {outcome}."


class HolidaysUnknownError(IcmcError):
    """Raised when the source of public holidays does not know a place."""

    code = "holidays-unknown"
    sentence = (
        "No public holidays are known for {place}: write them in the calendar's file and leave out holidays_from."
    )


class SignInError(IcmcError):
    """Raised when signing in fails, whatever the reason."""

    code = "sign-in"
    sentence = "The e-mail address or password is not right."


class TooSoonError(SignInError):
    """Raised for a try that comes before the wait is over that the failures before it have earned."""

    code = "too-soon"
    sentence = "There were too many tries in a short time. Wait {seconds} seconds, and try once more."


class CustodyError(SignInError):
    """Raised for whoever signs in rightly while a restored installation is looked at by two people."""

    code = "custody"
    sentence = "This system was restored from a backup and is being checked. Sign in later, when you are asked to."


class WrongCodeError(SignInError):
    """Raised when the code of a second factor does not fit, was used, or the sign-in it belongs to is over."""

    code = "wrong-code"
    sentence = "This code is not right, or has already been used. Wait for the next one, and type that."


class WrongSentCodeError(WrongCodeError):
    """Raised when what was typed is not the code that was sent for this sign-in."""

    code = "wrong-sent-code"
    sentence = "This code is not right. Type the eight digits of the newest message, or sign in again to get another."


class SignInEndedError(SignInError):
    """Raised when so many wrong codes were typed for a sign-in that it is over."""

    code = "sign-in-ended"
    sentence = "Too many wrong codes were typed, so this sign-in has ended. Sign in again with your password."


class StepUpNeededError(IcmcError):
    """Raised when somebody must prove again who they are; with `factor` by their second factor."""

    code = "step-up-needed"
    sentence = "Please confirm first that it is you."

    def __init__(self, *, factor: bool = False) -> None:
        self.factor = factor
        super().__init__()


class LinkOverError(IcmcError):
    """Raised for a link of an invitation that was used, is too old or was never made, which must look alike."""

    code = "link-over"
    sentence = "This link is no longer valid. Ask the person who gave it to you for a new one."


class LinkWaitsError(IcmcError):
    """Raised for a link to a new password that counts only when a second person has agreed, and nobody has yet."""

    code = "link-waits"
    sentence = "This link is waiting for a second person to agree. Try again once they have: nothing else is needed."


class LastAdministratorError(IcmcError):
    """Raised when the last one who manages people would no longer be able to."""

    code = "last-administrator"
    sentence = "No one would be left to manage people: first make someone else a system administrator."


class DeliveryError(IcmcError):
    """Raised when a channel could not send.

    `permanent` ones are not tried again; with `away` it is the channel that does not answer, whatever the message.
    """

    code = "delivery"
    sentence = "The {channel} channel could not send ({reason})."

    def __init__(self, *, channel: str, reason: str, permanent: bool = False, away: bool = False) -> None:
        self.permanent = permanent
        self.away = away
        self.reason = reason
        super().__init__(channel=channel, reason=reason)


class GatewayError(IcmcError):
    """Raised for the address of a gateway that may not be used; it never repeats the address, which is secret."""

    code = "bad-gateway"
    sentence = "This address cannot be used for {channel}: {problem}"


class StoryError(IcmcError):
    """Raised when a story file cannot be replayed."""

    code = "bad-story"
    sentence = "The story {file} cannot be read: {problem}"


class SpecialDayError(IcmcError):
    """Raised when a day cannot be added to a calendar, or taken back."""

    code = "special-day"
    sentence = "{day} in the calendar {calendar}: {problem}"
