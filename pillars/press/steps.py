"""The step types of Press, what they propose and what they do by themselves."""

from datetime import date, timedelta

from engine.plugin import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    OutputKind,
    OutputSpec,
    Prepared,
    Scalar,
    StepContext,
    Watch,
    as_day,
    as_instant,
    as_number,
    as_words,
    ask,
    automatic,
    given,
    notes_of_child,
    told_before,
    unless_yes,
)
from pillars.press import forms
from pillars.press.case_knowledge import TELLING_STEPS, in_words, known_of
from pillars.press.grounds import HELD, held_text, hold, is_allowed, texts_shown
from pillars.press.identity import KINDS, find_in
from pillars.press.settings import TakedownSettings
from pillars.press.takedown import conclude_takedown, prepare_takedown

_ADULT = 18
_NEW_CODE_SINCE = date(2024, 7, 1)
_ANSWER_WITHIN, _SURVIVOR_TOLD_WITHIN, _LOOK_AGAIN = timedelta(hours=4), timedelta(hours=4), timedelta(hours=24)
_APPEAL_LASTS, _CONTAIN_WITHIN = timedelta(days=30), timedelta(hours=1)
"""Promises of the network, as are the four hours above and the day until the next look: no law names them."""
_TAKEN_OVER = (
    "kind", "text", "child_involved", "legal_basis", "publish_from", "withdraw_by", "image", "permission_no",
    "survivor_consent",
)  # fmt: skip
_OF_A_HELD_TEXT = (
    "The text must not go out with this in it, unless a ground is named that allows it: the number of the leave, an"
    " adult survivor's consent, or an appeal for a missing person. Take it out, name the ground, or say that it"
    " belongs to no one in the case. Then two different people approve it."
)
_FIRST_OF_A_LEAK = (
    "First: is a child shown naked or abused? Yes or not sure: record the address only, and keep nothing of it. If not,"
    " an encrypted copy is the proof."
)
_SURVIVORS = frozenset({"victim", "possible_victim", "missing"})


def _child_in(context: StepContext) -> bool:
    told = context.earlier("reporting.intake").get("is_child_suspected") in {"yes", "unsure"}
    return told or any(p.role in _SURVIVORS and p.age is not None and p.age < _ADULT for p in context.persons)


def _prepare_query(context: StepContext) -> Prepared:
    note = "Never confirm that there is a case, a person or a place."
    prefill: dict[str, JsonAnswer] = {"deadline": (context.now + _ANSWER_WITHIN).isoformat(), "stage": "new"}
    outlet = context.earlier("press.query").get("outlet")
    return Prepared(prefill=prefill | ({"outlet": outlet} if outlet else {}), notes=(note,))


def _conclude_query(context: StepContext) -> Concluded:
    """Look at what was answered as at a draft."""
    answer = context.answers.get("answer")
    found = find_in(answer, known_of(context)) if isinstance(answer, str) else None
    facts = {"query_is_open": context.answers.get("stage") in {"new", "waiting_for_decision"}}
    notes = (in_words("the answer", found),) if found and found.total else ()
    is_leak = context.answers.get("findings") == "already_said"
    return Concluded(facts=facts, notes=notes, watches=(_said_to_a_reporter(context),) if is_leak else ())


def _said_to_a_reporter(context: StepContext) -> Watch:
    due = context.now + _CONTAIN_WITHIN
    return Watch("said_to_reporter", "press.leak", "A reporter learned who someone is", due_at=due, ladder="leak")


def _prepare_release(context: StepContext) -> Prepared:
    """Propose the text that was held, with what was found in it, before anybody approves; else what the case tells."""
    known = known_of(context)
    held = held_text(context, known)
    if held:
        found = in_words("the text", find_in(as_words(held.get("text")), known))
        return Prepared(prefill=given(**{name: held.get(name) for name in _TAKEN_OVER}), notes=(found, _OF_A_HELD_TEXT))
    said = find_in(as_words(context.earlier("press.query").get("answer")), known)
    found_before = (in_words("what was answered to the reporter", said),) if said.total else ()
    prefill: dict[str, JsonAnswer] = {
        "publish_from": context.now.isoformat(),
        "withdraw_by": (context.now + _APPEAL_LASTS).isoformat(),
    }
    if context.earlier("reporting.missing"):
        prefill |= {"kind": "missing_appeal", "legal_basis": "missing_person"}
    if _child_in(context):
        prefill["child_involved"] = True
    return Prepared(prefill=prefill, notes=("Two different people must approve it before it goes out.", *found_before))


def _conclude_release(context: StepContext) -> Concluded:
    """Say what the approved text has of what the case knows, and hold it while no ground is named for that."""
    found = find_in(as_words(context.answers.get("text")), known_of(context))
    is_held = not is_allowed(context.answers, found, texts_shown(context))
    facts: dict[str, Scalar] = {"draft_may_identify": found.total > 0, "release_is_held": is_held}
    withdraw = as_instant(context.answers.get("withdraw_by"))
    if withdraw is not None:
        facts["withdraw_release_at"] = withdraw
    notes = ((in_words("the text", found),) if found.total else ()) + ((HELD,) if is_held else ())
    return Concluded(facts=facts, notes=notes, watches=(hold(context, is_held=is_held),))


def _prepare_leak(context: StepContext) -> Prepared:
    law = _laws_on_identity(context)
    notes = (_FIRST_OF_A_LEAK, "Do not share the link, and do not open it again and again.")
    told = told_before(context, "policing.fir", "fir_no") | given(law=law)
    return Prepared(prefill={"found_at": context.now.isoformat(), **told}, notes=notes)


def _laws_on_identity(context: StepContext) -> list[object]:
    """Propose the laws of India that surely apply: of a child always, of a victim by the offences of the FIR."""
    if context.jurisdiction.partition("-")[0] != "IN":
        return []
    fir = context.earlier("policing.fir")
    named, offence = fir.get("sections"), as_day(fir.get("offence_date"))
    sections = named if isinstance(named, list) else []
    is_old = offence < _NEW_CODE_SINCE if offence else fir.get("governing_code") == "IPC"
    of_rape = ["IPC228A" if is_old else "BNS72"] if "BNS64_71" in sections else []
    return [*(["JJ74"] * _child_in(context)), *(["POCSO23"] * ("POCSO" in sections)), *of_rape]


def _conclude_leak(context: StepContext) -> Concluded:
    found, told = (as_instant(context.answers.get(name)) for name in ("found_at", "survivor_told_at"))
    notes = [*notes_of_child(context.answers)]
    if found and told and told - found > _SURVIVOR_TOLD_WITHIN:
        notes.append("The survivor was informed later than four hours after the leak was found.")
    notes += unless_yes(
        context.answers.get("safety_reviewed"),
        no="The safety plan has not been reviewed yet.",
        unknown="It is not known whether the safety plan was looked at again: do it now.",
    )
    inside = context.answers.get("source_internal") in {"yes", "suspected"}
    facts = {"leak_removed": bool(context.answers.get("removed_at")), "leak_from_inside": inside}
    return Concluded(facts=facts, notes=tuple(notes))


def _prepare_monitor(context: StepContext) -> Prepared:
    return Prepared(prefill={"next_run": (context.now + _LOOK_AGAIN).isoformat()})


def _conclude_monitor(context: StepContext) -> Concluded:
    harmful = bool(as_number(context.answers.get("harmful")))
    begin = "Something shows who the person is: begin the response to a leak now, one for each place."
    notes = (*notes_of_child(context.answers), *((begin,) if harmful else ()))
    return Concluded(facts={"leak_found": harmful}, notes=notes)


def _prepare_training(context: StepContext) -> Prepared:
    before = context.earlier("press.training").get("topics")
    country = context.jurisdiction.partition("-")[0]
    return Prepared(prefill={"country": country} | ({"topics": before} if before else {}))


def _conclude_training(context: StepContext) -> Concluded:
    taught, signed = (as_number(context.answers.get(name)) for name in ("participants", "pledge_signed"))
    is_short = signed is not None and taught is not None and signed < taught
    notes = ("Not everyone signed the pledge: ask the others again.",) if is_short else ()
    return Concluded(facts={"all_have_pledged": signed is not None and signed == taught}, notes=notes)


QUERY = ask(
    "press.query",
    title="Media query",
    form=forms.QueryForm,
    roles=("press_officer", "supervisor"),
    time_limit="PT4H",
    prepare=_prepare_query,
    conclude=_conclude_query,
    knows_everybody=True,
    history=TELLING_STEPS,
)

RELEASE = ask(
    "press.release",
    title="Statement or appeal approval",
    form=forms.ReleaseForm,
    roles=("press_officer", "lawyer", "case_manager"),
    stays_with=("press.query",),
    time_limit="PT24H",
    prepare=_prepare_release,
    conclude=_conclude_release,
    knows_everybody=True,
    history=(*TELLING_STEPS, "press.release"),
)

LEAK = ask(
    "press.leak",
    title="Identity leak response",
    form=forms.LeakForm,
    roles=("press_officer", "lawyer", "data_protection_officer"),
    documents=(Document("takedown-notice", "Takedown notice"),),
    time_limit="PT1H",
    prepare=_prepare_leak,
    conclude=_conclude_leak,
)

TAKEDOWN = ask(
    "press.takedown",
    title="Follow a takedown",
    form=forms.TakedownForm,
    roles=("press_officer", "lawyer", "data_protection_officer"),
    stays_with=("press.leak",),
    time_limit="PT3H",
    settings=TakedownSettings,
    prepare=prepare_takedown,
    conclude=conclude_takedown,
    history=("press.takedown",),
)

MONITOR = ask(
    "press.monitor",
    title="Media watch",
    form=forms.MonitorForm,
    roles=("press_officer",),
    stays_with=("press.leak",),
    time_limit="PT24H",
    prepare=_prepare_monitor,
    conclude=_conclude_monitor,
)

TRAINING = ask(
    "press.training",
    title="Media workshop or fellowship",
    form=forms.TrainingForm,
    roles=("press_officer", "partnership_manager"),
    time_limit="P3M",
    prepare=_prepare_training,
    conclude=_conclude_training,
)


@automatic(
    "press.identity_check",
    title="Look for identities in a draft",
    outputs={
        "found": OutputSpec(OutputKind.NUMBER, default=0),
        **{kind: OutputSpec(OutputKind.NUMBER, default=0) for kind in KINDS},
        "checked": OutputSpec(OutputKind.BOOL, default=False),
    },
    knows_everybody=True,
    history=TELLING_STEPS,
)
def IDENTITY_CHECK(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Look in a draft for whatever shows who a person of the case is; finding nothing does not make it safe."""
    text = context.earlier("press.release").get("text")
    if not isinstance(text, str) or not text.strip():
        return Completed(outputs={"checked": False}, notes=("There is no draft to look at.",))
    found = find_in(text, known_of(context))
    outputs = {kind: getattr(found, kind) for kind in KINDS}
    return Completed(outputs=outputs | {"found": found.total, "checked": True}, notes=(in_words("the draft", found),))
