"""The step types of Press, what they propose and what they do by themselves."""

from datetime import timedelta

from engine.plugin.fields import OutputKind
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    OutputSpec,
    Prepared,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import as_instant, as_number
from pillars.press import forms
from pillars.press.identity import Known, find_in

_ADULT = 18
_ANSWER_WITHIN = timedelta(hours=4)
_APPEAL_LASTS = timedelta(days=30)
_LOOK_AGAIN = timedelta(hours=24)
_SURVIVOR_TOLD_WITHIN = timedelta(hours=4)
_SURVIVORS = frozenset({"victim", "possible_victim", "missing"})
_NAMES = (
    ("reporting.missing", "missing_name"),
    ("reporting.missing", "companion"),
    ("reporting.intake", "informant_name"),
)
_PHONES = (("reporting.intake", "informant_phone"), ("reporting.missing", "phone_and_handles"))
_PLACES = (
    ("reporting.intake", "place_last_seen"),
    ("reporting.missing", "last_seen_place"),
    ("rescue.plan", "site"),
    ("rescue.production", "placed_at"),
    ("protection.placement", "shelter"),
)


def _child_in(context: StepContext) -> bool:
    told = context.earlier("reporting.intake").get("is_child_suspected") in {"yes", "unsure"}
    return told or any(p.role in _SURVIVORS and p.age is not None and p.age < _ADULT for p in context.persons)


def _prepare_query(context: StepContext) -> Prepared:
    note = "Never confirm that there is a case, a person or a place."
    return Prepared(prefill={"deadline": (context.now + _ANSWER_WITHIN).isoformat(), "stage": "new"}, notes=(note,))


def _prepare_release(context: StepContext) -> Prepared:
    prefill: dict[str, JsonAnswer] = {
        "publish_from": context.now.isoformat(),
        "withdraw_by": (context.now + _APPEAL_LASTS).isoformat(),
    }
    if context.earlier("reporting.missing"):
        prefill |= {"kind": "missing_appeal", "legal_basis": "missing_person"}
    if _child_in(context):
        prefill["child_involved"] = True
    return Prepared(prefill=prefill, notes=("Two different people must approve it before it goes out.",))


def _prepare_leak(context: StepContext) -> Prepared:
    law: list[object] = ["JJ74", "BNS72"] if _child_in(context) else ["BNS72"]
    is_india = context.jurisdiction.partition("-")[0] == "IN"
    notes = ("Save a sealed copy first. Do not share the link, and do not open it again and again.",)
    return Prepared(prefill={"found_at": context.now.isoformat()} | ({"law": law} if is_india else {}), notes=notes)


def _conclude_leak(context: StepContext) -> Concluded:
    found, told = (as_instant(context.answers.get(name)) for name in ("found_at", "survivor_told_at"))
    notes = []
    if found and told and told - found > _SURVIVOR_TOLD_WITHIN:
        notes.append("The survivor was told later than four hours after the leak was found.")
    if context.answers.get("safety_reviewed") is False:
        notes.append("The safety plan was not looked at again yet.")
    inside = context.answers.get("source_internal") in {"yes", "suspected"}
    facts = {"leak_removed": bool(context.answers.get("removed_at")), "leak_from_inside": inside}
    return Concluded(facts=facts, notes=tuple(notes))


def _prepare_monitor(context: StepContext) -> Prepared:
    return Prepared(prefill={"next_run": (context.now + _LOOK_AGAIN).isoformat()})


def _conclude_monitor(context: StepContext) -> Concluded:
    return Concluded(facts={"leak_found": bool(as_number(context.answers.get("harmful")))})


QUERY = ask(
    "press.query",
    title="Media query",
    form=forms.QueryForm,
    roles=("press_officer", "supervisor"),
    time_limit="PT4H",
    prepare=_prepare_query,
)

RELEASE = ask(
    "press.release",
    title="Statement or appeal approval",
    form=forms.ReleaseForm,
    roles=("press_officer", "lawyer", "case_manager"),
    time_limit="PT24H",
    prepare=_prepare_release,
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

MONITOR = ask(
    "press.monitor",
    title="Media watch",
    form=forms.MonitorForm,
    roles=("press_officer",),
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
)


@automatic(
    "press.identity_check",
    title="Look for identities in a draft",
    outputs={
        "found": OutputSpec(OutputKind.NUMBER, default=0),
        "names": OutputSpec(OutputKind.NUMBER, default=0),
        "aliases": OutputSpec(OutputKind.NUMBER, default=0),
        "phones": OutputSpec(OutputKind.NUMBER, default=0),
        "places": OutputSpec(OutputKind.NUMBER, default=0),
        "checked": OutputSpec(OutputKind.BOOL, default=False),
    },
)
def IDENTITY_CHECK(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Look for names, aliases, phone numbers and places of the case in a draft; finding none does not make it safe."""
    text = context.earlier("press.release").get("text")
    if not isinstance(text, str) or not text.strip():
        return Completed(outputs={"checked": False}, notes=("There is no draft to look at.",))
    found = find_in(text, _known(context))
    note = (
        f"Found in the draft: names {found.names}, aliases {found.aliases}, phone numbers {found.phones}, "
        f"places {found.places}. A person must still read it: details together can show who somebody is."
    )
    outputs = {"names": found.names, "aliases": found.aliases, "phones": found.phones, "places": found.places}
    return Completed(outputs=outputs | {"found": found.total, "checked": True}, notes=(note,))


def _known(context: StepContext) -> Known:
    return Known(
        names=tuple(person.name for person in context.persons) + _told(context, _NAMES),
        aliases=tuple(alias for person in context.persons for alias in person.aliases),
        handles=_handles(context),
        phones=tuple(person.phone for person in context.persons) + _told(context, _PHONES),
        places=_told(context, _PLACES),
    )


def _told(context: StepContext, sources: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    answers = (context.earlier(step).get(name) for step, name in sources)
    return tuple(answer for answer in answers if isinstance(answer, str))


def _handles(context: StepContext) -> tuple[str, ...]:
    return tuple(word for text in _told(context, _PHONES) for word in text.split() if word.startswith("@"))
