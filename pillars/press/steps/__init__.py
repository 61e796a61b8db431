"""The step types of Press, what they propose and what they do by themselves."""

from datetime import date, timedelta
from typing import Any

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Document,
    FollowUp,
    Form,
    Pillar,
    Prepared,
    StepContext,
    automatic,
    copies,
)
from pillars.press.case_knowledge import HELD, TELLING_STEPS, held_text, in_words, is_allowed, known_of, texts_shown
from pillars.press.forms import Fir, Intake, LeakForm, Missing, MonitorForm, QueryForm, ReleaseForm, TrainingForm
from pillars.press.identity import KINDS, find_in
from pillars.press.steps.takedown import Takedown

_ADULT = 18
_NEW_CODE_SINCE = date(2024, 7, 1)
_ANSWER_WITHIN, _SURVIVOR_TOLD_WITHIN, _LOOK_AGAIN = timedelta(hours=4), timedelta(hours=4), timedelta(hours=24)
_APPEAL_LASTS = timedelta(days=30)
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


class Query(
    Asked[QueryForm],
    key="press.query",
    title="Media query",
    roles=("press_officer", "supervisor"),
    time_limit="PT4H",
    reads=(*TELLING_STEPS, "everybody"),
    follow_ups={
        "said_to_reporter": FollowUp(
            uses="press.leak",
            title="A reporter learned who someone is",
            when='this.findings == "already_said"',
            limit="PT1H",
            ladder="leak",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        note = "Never confirm that there is a case, a person or a place."
        prefill: dict[str, Any] = {"deadline": (context.now + _ANSWER_WITHIN).isoformat(), "stage": "new"}
        outlet = context.earlier("press.query", QueryForm).outlet
        return Prepared(prefill=prefill | ({"outlet": outlet} if outlet else {}), notes=(note,))

    def conclude(self, answers: QueryForm, context: StepContext) -> Concluded:
        """Look at what was answered as at a draft."""
        answer = answers.answer
        found = None if answer is None else find_in(answer, known_of(context))
        facts = {"query_is_open": answers.stage in {"new", "waiting_for_decision"}}
        notes = (in_words("the answer", found),) if found and found.total else ()
        return Concluded(facts=facts, notes=notes)


class Release(
    Asked[ReleaseForm],
    key="press.release",
    title="Statement or appeal approval",
    roles=("press_officer", "lawyer", "case_manager"),
    stays_with=("press.query",),
    time_limit="PT24H",
    reads=(*TELLING_STEPS, "press.release", "everybody"),
    computes={"is_held": bool},
    follow_ups={
        "held_release": FollowUp(
            uses="press.release",
            title="Do not send it yet: the text could show who someone is",
            when="this.is_held",
            otherwise="end",
            limit="PT4H",
            ladder="high",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the text that was held, with what was found in it, before anybody approves; else what is known."""
        known = known_of(context)
        held = held_text(context, known)
        if held:
            found = in_words("the text", find_in((held.text or ""), known))
            return Prepared(prefill=held.told(*_TAKEN_OVER), notes=(found, _OF_A_HELD_TEXT))
        said = find_in((context.earlier("press.query", QueryForm).answer or ""), known)
        found_before = (in_words("what was answered to the reporter", said),) if said.total else ()
        prefill: dict[str, Any] = {
            "publish_from": context.now.isoformat(),
            "withdraw_by": (context.now + _APPEAL_LASTS).isoformat(),
        }
        if context.earlier("reporting.missing", Missing):
            prefill |= {"kind": "missing_appeal", "legal_basis": "missing_person"}
        if _child_in(context):
            prefill["child_involved"] = True
        return Prepared(
            prefill=prefill, notes=("Two different people must approve it before it goes out.", *found_before)
        )

    def conclude(self, answers: ReleaseForm, context: StepContext) -> Concluded:
        """Say what the approved text has of what the case knows, and hold it while no ground is named for that."""
        found = find_in((answers.text or ""), known_of(context))
        is_held = not is_allowed(answers, found, texts_shown(context))
        facts: dict[str, Any] = {"draft_may_identify": found.total > 0, "release_is_held": is_held}
        withdraw = answers.withdraw_by
        if withdraw is not None:
            facts["withdraw_release_at"] = withdraw
        notes = ((in_words("the text", found),) if found.total else ()) + ((HELD,) if is_held else ())
        return Concluded(facts=facts, notes=notes, computed={"is_held": is_held})


class Leak(
    Asked[LeakForm],
    key="press.leak",
    title="Identity leak response",
    roles=("press_officer", "lawyer", "data_protection_officer"),
    documents=(Document("takedown-notice", "Takedown notice"),),
    time_limit="PT1H",
):
    def prepare(self, context: StepContext) -> Prepared:
        law = _laws_on_identity(context)
        notes = (_FIRST_OF_A_LEAK, "Do not share the link, and do not open it again and again.")
        told = context.told_before("policing.fir", "fir_no") | Prepared.given(law=law)
        return Prepared(prefill={"found_at": context.now.isoformat(), **told}, notes=notes)

    def conclude(self, answers: LeakForm, context: StepContext) -> Concluded:
        found, told = answers.found_at, answers.survivor_told_at
        notes = [*copies.notes_of_child(answers.child_shown)]
        if found and told and told - found > _SURVIVOR_TOLD_WITHIN:
            notes.append("The survivor was informed later than four hours after the leak was found.")
        notes += Form.unless_yes(
            answers.safety_reviewed,
            no="The safety plan has not been reviewed yet.",
            unknown="It is not known whether the safety plan was looked at again: do it now.",
        )
        inside = answers.source_internal in {"yes", "suspected"}
        facts = {"leak_removed": bool(answers.removed_at), "leak_from_inside": inside}
        return Concluded(facts=facts, notes=tuple(notes))


class Monitor(
    Asked[MonitorForm],
    key="press.monitor",
    title="Media watch",
    roles=("press_officer",),
    stays_with=("press.leak",),
    time_limit="PT24H",
    computes={"is_new_leak": bool},
    follow_ups={
        # promises of the network, side by side: the proof, the person, the letter; and a look whether it came back
        name: FollowUp(uses=uses, title=title, when="this.is_new_leak", limit=limit, ladder=ladder, opens_before=before)
        for name, uses, title, limit, ladder, before in (
            ("contain", "press.leak", "Contain what shows someone: the address, the proof", "PT1H", "leak", None),
            (
                "notify",
                "protection.safety",
                "Tell the person what is public, and look whether they are safe",
                "PT4H",
                "critical",
                None,
            ),
            ("letter", "press.leak", "Letter to take it down", "PT4H", "leak", None),
            ("again", "press.monitor", "Check after a day whether it is gone", "PT24H", "standard", None),
            ("again_7d", "press.monitor", "Check after a week whether it came back", "P7D", "standard", "P2D"),
        )
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        return Prepared(prefill={"next_run": (context.now + _LOOK_AGAIN).isoformat()})

    def conclude(self, answers: MonitorForm, context: StepContext) -> Concluded:
        is_leak = answers.perhaps_some("harmful")
        is_new = is_leak and not context.earlier("press.monitor", MonitorForm).harmful
        shows = "Something shows" if answers.harmful else "Perhaps something shows"
        begin = f"{shows} who the person is: contain it now, one step for each further place."
        notes = (*copies.notes_of_child(answers.child_shown), *((begin,) if is_leak else ()))
        return Concluded(facts={"leak_found": is_leak}, notes=notes, computed={"is_new_leak": is_new})


class Training(
    Asked[TrainingForm],
    key="press.training",
    title="Media workshop or fellowship",
    roles=("press_officer", "partnership_manager"),
    time_limit="P3M",
):
    def prepare(self, context: StepContext) -> Prepared:
        return Prepared(prefill={"country": context.country} | context.told_before("press.training", "topics"))

    def conclude(self, answers: TrainingForm, context: StepContext) -> Concluded:
        taught, signed = answers.participants, answers.pledge_signed
        is_short = signed is not None and taught is not None and signed < taught
        notes = ("Not everyone signed the pledge: ask the others again.",) if is_short else ()
        return Concluded(facts={"all_have_pledged": signed is not None and signed == taught}, notes=notes)


@automatic(
    "press.identity_check",
    title="Look for identities in a draft",
    outputs={
        "found": 0,
        **dict.fromkeys(KINDS, 0),
        "checked": False,
    },
    reads=(*TELLING_STEPS, "everybody"),
)
def identity_check(context: StepContext) -> Completed:
    """Look in a draft for whatever shows who a person of the case is; finding nothing does not make it safe."""
    text = context.earlier("press.release", ReleaseForm).text
    if not (text and text.strip()):
        return Completed(outputs={"checked": False}, notes=("There is no draft to look at.",))
    found = find_in(text, known_of(context))
    outputs = {kind: getattr(found, kind) for kind in KINDS}
    return Completed(outputs=outputs | {"found": found.total, "checked": True}, notes=(in_words("the draft", found),))


def _child_in(context: StepContext) -> bool:
    told = context.earlier("reporting.intake", Intake).is_child_suspected in {"yes", "unsure"}
    return told or any(p.role in _SURVIVORS and p.age is not None and p.age < _ADULT for p in context.persons)


def _laws_on_identity(context: StepContext) -> list[object]:
    """Propose the laws of India that surely apply: of a child always, of a victim by the offences of the FIR."""
    if context.country != "IN":
        return []
    fir = context.earlier("policing.fir", Fir)
    sections, offence = fir.sections, fir.offence_date
    is_old = offence < _NEW_CODE_SINCE if offence else fir.governing_code == "IPC"
    of_rape = ["IPC228A" if is_old else "BNS72"] if "BNS64_71" in sections else []
    return [*(["JJ74"] * _child_in(context)), *(["POCSO23"] * ("POCSO" in sections)), *of_rape]


PILLAR = Pillar(
    key="press",
    name="Press",
    letter="P",
    summary="Use the media to find missing people and to move policy, and stop the media from harming survivors.",
    step_types=(
        Query,
        Release,
        identity_check,
        Leak,
        Takedown,
        Monitor,
        Training,
    ),
)
