"""What of a form is kept: nothing of a child shown naked, and little of one who does not allow writing."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from engine.language.catalogue import FollowUp
from engine.plugin.answers import NeededAnswer, wanted_answers
from engine.plugin.fields import FieldSpec, field
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepType

_YES: Final = "yes"
REFUSED: Final = "no"
"""The answer to the question of consent with which nothing is kept but what the law asks for."""
OF_ONE_ASKED: Final = frozenset({_YES, REFUSED})
"""The answers that somebody gives to the question of consent who is asked themselves."""


def is_refused(step_type: StepType, answers: Mapping[str, Any]) -> bool:
    """Whether the person said that it must not be written down."""
    return bool(step_type.consent) and answers.get(step_type.consent) == REFUSED


def may_ask_all(step_type: StepType, answers: Mapping[str, Any]) -> bool:
    """Whether every required question may be demanded: not where they refused, and not where they were not asked."""
    return not step_type.consent or answers.get(step_type.consent, _YES) == _YES


def kept_anyway(step_type: StepType, answers: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the questions whose answers may be kept against a no."""
    return frozenset(spec.name for spec in step_type.fields if _is_kept(step_type, spec, answers))


def kept_of(step_type: StepType, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that may be kept: all of them, unless the person said no."""
    if not is_refused(step_type, answers):
        return dict(answers)
    names = kept_anyway(step_type, answers)
    return {name: value for name, value in answers.items() if name in names}


def _is_kept(step_type: StepType, spec: FieldSpec, answers: Mapping[str, Any]) -> bool:
    if spec.name == step_type.consent or spec.kept_anyway == "true":
        return True
    given = {wanted: answers.get(wanted.name) for wanted in wanted_answers(spec.kept_anyway)}
    return any(value is not None and (str(value) == wanted.value) != wanted.is_not for wanted, value in given.items())


ChildShown = Literal["yes", "not_sure", "no"]
CHILD_SHOWN: Final[Mapping[str, str]] = {"yes": "Yes", "not_sure": "Not sure", "no": "No"}
LABEL: Final = "Is a child shown naked or abused?"
_HELP: Final = (
    "Answer from what you have heard: do not look to find out. Yes or not sure: record the address only, and save the"
    " form. Do not open it again, save it, take a screenshot, make a hash or send it to anyone. Two next steps are then"
    " ready: tell the police, and report the address."
)
_SHOWN, _IN_INDIA, _TELL = 'this.child_shown in ["yes", "not_sure"]', 'case.country == "IN"', "reporting.mandatory"
_WITHIN: Final = "PT24H"
"""A promise of the network, where no law that we know counts: the duty to tell is at once."""
_POLICE: Final[Mapping[str, Any]] = {
    "uses": _TELL, "title": "Tell the police now: a child might be shown naked or abused", "each": "{step}",
    "once": True, "at_once": True, "ladder": "critical", "settings": {"child_shown": "police"},
}  # fmt: skip
OPENED_AT_ONCE: Final[Mapping[str, FollowUp]] = {
    "child_shown_police": FollowUp(**_POLICE, when=f"{_SHOWN} && {_IN_INDIA}", law="IN-POCSO-TELL"),
    "child_shown_police_abroad": FollowUp(
        **_POLICE, when=f"{_SHOWN} && !({_IN_INDIA})", limit=_WITHIN, replaces="child_shown_police"
    ),
    "child_shown_ways": FollowUp(
        uses=_TELL, title="Report the address: cybercrime portal, helpline and platform", when=_SHOWN, each="{step}",
        once=True, at_once=True, limit=_WITHIN, ladder="critical", settings={"child_shown": "national_ways"},
    ),
}  # fmt: skip
_REFUSED: Final[Mapping[FieldKind, str]] = {
    FieldKind.FILE: "A child might be shown naked or abused: no copy is kept. Leave this empty; the address is enough.",
    FieldKind.HASH: "A child might be shown naked or abused: make no hash, and keep none. Leave this empty.",
}
_NOT_ASKED: Final = "A child might be shown naked or abused: nobody looks to answer this. Leave it empty."
ANSWER_FIRST: Final = "Answer this first. Before that, no file and no hash is taken."

_NOTE: Final = (
    "A child might be shown naked or abused: nothing of it is kept here, and nobody looks again. Tell the police, and"
    " report the address; both are in the work list."
)
_MIGHT_BE: Final = frozenset({"yes", "not_sure"})

Answers = Mapping[str, Any]


def child_shown(*, copies_also: str = "", shown_when: str = "", comes_first: bool = True) -> Any:  # noqa: ANN401 - as `field`
    """Ask whether a child is shown naked or abused, in a form that takes what was found, reported or leaked.

    No copy is taken before this is answered no. `copies_also` is an answer to another question that lets copies be
    taken too while this one is not answered.
    """
    also = f" || {copies_also}" if copies_also else ""
    return field(
        label=LABEL, help=_HELP, choices=CHILD_SHOWN, default=None, copies_after=f'child_shown == "no"{also}',
        opens=OPENED_AT_ONCE, shown_when=shown_when, comes_first=comes_first,
    )  # fmt: skip


def notes_of_child(answer: object) -> tuple[str, ...]:
    """Return what a step says on its page where a child might be shown; nothing after another answer."""
    return (_NOTE,) if answer in _MIGHT_BE else ()


def child_told(answer: object) -> dict[str, Any]:
    """Take over from an earlier answer about the same thing that a child might be shown; never that none is."""
    return {"child_shown": answer} if notes_of_child(answer) else {}


def is_stopped(spec: FieldSpec, answers: Answers) -> bool:
    """Whether a question was answered in a way after which nothing of what was found is kept or looked at."""
    own = [one for one in wanted_answers(spec.copies_after) if one.name == spec.name]
    return bool(own) and _is_given(answers.get(spec.name)) and not any(_fits(one, answers) for one in own)


def stopping(fields: Iterable[FieldSpec], answers: Answers) -> tuple[FieldSpec, ...]:
    """List the questions that were answered in such a way."""
    return tuple(spec for spec in fields if is_stopped(spec, answers))


def not_asked(fields: Iterable[FieldSpec], answers: Answers) -> frozenset[str]:
    """Name the questions that are not asked, since answering them would mean to look at a copy or to keep one."""
    asked = tuple(fields)
    return frozenset(spec.name for spec in asked if spec.of_copy) if stopping(asked, answers) else frozenset()


def not_shown(fields: Iterable[FieldSpec], answers: Answers) -> frozenset[str]:
    """Name the required questions that are not on the form, since what they depend on was answered otherwise.

    One that is asked unless something is answered stays on it until that is answered.
    """
    return frozenset(
        spec.name
        for spec in fields
        if spec.required and not _is_asked(spec, answers)
        if not any(one.is_not and not _is_given(answers.get(one.name)) for one in wanted_answers(spec.shown_when))
    )


def problems_of_copies(
    fields: Iterable[FieldSpec], answers: Answers, *, is_first_needed: bool = False
) -> dict[str, str]:
    """Say, by question, what may not be handed in: a copy after an answer that stops it, or before that answer.

    With `is_first_needed` the question must be answered in any case where the form asks it.
    """
    asked = tuple(fields)
    given = tuple(spec for spec in asked if spec.of_copy and _is_given(answers.get(spec.name)))
    if stopping(asked, answers):
        return {spec.name: _REFUSED.get(spec.kind, _NOT_ASKED) for spec in given}
    return {
        spec.name: ANSWER_FIRST
        for spec in asked
        if spec.copies_after and not _is_given(answers.get(spec.name))
        if (given and not _lets_copy(spec, answers)) or (is_first_needed and _is_asked(spec, answers))
    }


def might_show_child(answer: object) -> bool:
    """Whether an answer says that a child is shown, or that nobody is sure."""
    return answer in _MIGHT_BE


def is_new(fields: Iterable[FieldSpec], answers: Answers, before: Answers) -> bool:
    """Whether an answer that brings steps at once was given here: one taken over from an earlier step brings nothing.

    `before` is what was taken over; that earlier step has brought them.
    """
    return any(before.get(spec.name) != answers.get(spec.name) for spec in stopping(fields, answers) if spec.opens)


def _lets_copy(spec: FieldSpec, answers: Answers) -> bool:
    return any(_fits(one, answers) for one in wanted_answers(spec.copies_after))


def _is_asked(spec: FieldSpec, answers: Answers) -> bool:
    wanted = wanted_answers(spec.shown_when)
    return not wanted or any(_fits(one, answers) for one in wanted)


def _fits(wanted: NeededAnswer, answers: Answers) -> bool:
    given = answers.get(wanted.name)
    text = str(given).lower() if isinstance(given, bool) else given
    return _is_given(given) and (text == wanted.value) != wanted.is_not


def _is_given(answer: object) -> bool:
    return answer is not None and answer not in ("", [], ())
