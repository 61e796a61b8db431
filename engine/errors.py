"""What all errors share, and those that several layers raise; the errors of a subject stand beside its records."""

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


class NotPossibleError(IcmcError):
    """The base of what cannot be done as it was asked: each kind has its own code, and says what is against it."""


class AlreadyEndedError(IcmcError):
    """Raised when a command comes for a step, run or case that is over."""

    code = "already-ended"
    sentence = "This {kind} is already over."


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


class SettingsError(IcmcError):
    """Raised when ICMC cannot start with the settings that it was given; says what to do."""

    code = "bad-settings"
    sentence = "{problem} {remedy}"


class ServiceError(IcmcError):
    """Raised when a service that ICMC runs (database, Prefect) cannot be started or reached."""

    code = "service"
    sentence = "{service}: {problem} {remedy}"


class KeyMissingError(IcmcError):
    """Raised when a value was sealed with a key that is not in the key file."""

    code = "key-missing"
    sentence = "The key {key_id} is not here: the value cannot be read."


class BusyError(IcmcError):
    """Raised when something did not come within its time limit; `waited_for` says what. It can be tried again."""

    code = "busy"
    sentence = "It took too long to wait for {waited_for}. Try again in a moment."


class TooOftenError(IcmcError):
    """Raised when somebody does within an hour what nobody's work needs so often; `most` is how often it goes."""

    code = "too-often"
    sentence = "{what}: only {most} times within an hour. Wait a while, or ask a colleague who works on the case."


class DamagedError(IcmcError):
    """Raised when stored data does not prove itself: a seal or a chain that does not fit."""

    code = "damaged"
    sentence = "{what} does not verify: it was changed or damaged."
