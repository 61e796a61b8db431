"""Follow a notice to a platform: until when it must act, who is asked next, when to look whether it stays away."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from engine.plugin import Asked, Concluded, FollowUp, Law, Prepared, StepContext, copies
from pillars.press.forms import LeakForm, TakedownForm, TakedownSettings

_DATA: Final[Mapping[str, Any]] = json.loads(
    files("pillars.press").joinpath("takedown.json").read_text(encoding="utf-8")
)
_LOOKS: Final = tuple(f"stays_away_{number}" for number, _ in enumerate(_DATA["look_again_hours"], start=1))
_SOON: Final = timedelta(hours=1)
"""A promise of the network: so soon a step that follows a notice is shown, and is due where a platform is late."""
NEXT_DOOR: Final[Mapping[str, str]] = {
    "platform": "Next step: the appellate committee for grievances, within the time that it takes complaints.",
    "appellate_committee": "Next step: the police or the cyber cell, with the address and what was answered.",
    "police": "Next step: the commission for the rights of children, or the Press Council for a paper.",
    "commission": "Next step: the court.",
    "court": "The court was asked: follow its order.",
}
"""Who is asked next when a door stays shut."""


class Takedown(
    Asked[TakedownForm],
    key="press.takedown",
    title="Follow a takedown",
    roles=("press_officer", "lawyer", "data_protection_officer"),
    stays_with=("press.leak",),
    time_limit="PT3H",
    settings=TakedownSettings,
    reads=("press.takedown",),
    computes={"platform_key": (), "opens_at": datetime, "look_at": datetime, **dict.fromkeys(_LOOKS, datetime)},
    follow_ups={
        "takedown": FollowUp(
            uses="press.takedown",
            title="Check whether the platform has acted",
            when="!has(this.removed_at)",
            otherwise="end",
            each="platform_key",
            opens="opens_at",
            due="look_at",
            ladder="leak",
            roles=("press_officer", "lawyer"),
            settings={"follows": "{step}"},
        ),
        # copies come back: a look after a day, three days and a week, a promise of the network
        **{
            name: FollowUp(
                uses="press.monitor",
                title="Check that it stays away",
                each="platform_key",
                due=name,
                opens_before="PT1H",
                roles=("press_officer",),
            )
            for name in _LOOKS
        },
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over what the leak says: when the notice went out, and what it rests on."""
        before, leak = _before(context), context.earlier("press.leak", LeakForm)
        prefill: dict[str, Any] = {"answer": "none_yet", "door": "platform"}
        if before.platform:
            prefill |= before.told("platform", "ground", "reference_no")
        prefill |= copies.child_told(before.child_shown) or copies.child_told(leak.child_shown)
        if "ground" not in prefill and leak:
            shows = "child_shown" in prefill or "intimate_image" in leak.what_leaked
            prefill["ground"] = "intimate_image" if shows else "urgent_complaint"
        own = before.sent_at if _follows(context) else None
        prefill["sent_at"] = (own or leak.takedown_sent_at or before.sent_at or context.now).isoformat()
        return Prepared(
            prefill=prefill, notes=("One of these for each platform or paper. Do not open the page again and again.",)
        )

    def conclude(self, answers: TakedownForm, context: StepContext) -> Concluded:
        """Return whether the platform is late and which door is next; watch its time, and that it stays away."""
        sent, removed = answers.sent_at, answers.removed_at
        due = due_at(context, sent, str(answers.ground)) if sent else None
        is_late = due is not None and (removed or context.now) > due
        facts: dict[str, Any] = {"content_removed": removed is not None, "platform_is_late": is_late}
        if due is not None:
            facts["platform_due_at"] = due
        computed: dict[str, Any] = {"platform_key": _key_of(answers.platform)}
        if removed is not None:
            notes = (*copies.notes_of_child(answers.child_shown), *_of_removed(is_late=is_late))
            return Concluded(facts=facts, notes=notes, computed=computed | _looks(removed, context.now))
        is_shut = is_late or answers.answer == "refused"
        door = (NEXT_DOOR[str(answers.door or "platform")],) if is_shut else ()
        look_at = due if due is not None and due > context.now else context.now + _SOON
        computed |= {"look_at": look_at, "opens_at": min(look_at, context.now + _SOON)}
        return Concluded(facts=facts, notes=(*copies.notes_of_child(answers.child_shown), *door), computed=computed)


def due_at(context: StepContext, sent: datetime, ground: str) -> datetime | None:
    """Give until when a platform must act on a notice of a ground (UTC), by the law; None for one that has no time."""
    rule = _DATA["grounds"].get(ground)
    if rule is None:
        return None
    length = context.law(rule["law"], rule["option"]) or Law(rule["law"], hours=rule["hours"])
    return length.instant_after(sent, context.zone)


def _follows(context: StepContext) -> UUID | None:
    return context.settings_as(TakedownSettings).follows


def _before(context: StepContext) -> TakedownForm:
    """Return what was told of the same notice; for a notice of its own, of the latest to any platform."""
    follows = _follows(context)
    return context.answers_of(follows, TakedownForm) if follows else context.earlier("press.takedown", TakedownForm)


def _key_of(platform: str | None) -> str:
    """Name one platform in a watch, however it is spaced and in capitals or not, without writing its name down."""
    written = " ".join((platform or "").split()).casefold()
    return hashlib.sha256(written.encode()).hexdigest()[:12]


def _of_removed(*, is_late: bool) -> tuple[str, ...]:
    return ("It is gone, later than the platform had time for: record this for the complaint.",) if is_late else ()


def _looks(removed: datetime, now: datetime) -> dict[str, datetime]:
    """Return when to look again, as far as that is to come."""
    times = zip(_LOOKS, _DATA["look_again_hours"], strict=True)
    return {name: at for name, hours in times if (at := removed + timedelta(hours=hours)) > now}
