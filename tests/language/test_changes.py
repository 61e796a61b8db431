"""What a new version changes is said in sentences: each difference once, what is lost first."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from engine.language.catalogue import FollowUp
from engine.language.changes import changes_in_words
from engine.language.library import load_definitions
from engine.machine import data_folder
from tests.language.step_types import CATALOGUE, Shelf, step_type

SHIPPED = load_definitions(Path(data_folder("workflows")))
DECLARED = {"order": FollowUp(uses="core.note", limit="PT24H", ladder="high")}
_PRODUCTION = step_type("rescue.production").model_copy(update={"follow_ups": DECLARED})
_KNOWN = {key: info for key in CATALOGUE.keys() if (info := CATALOGUE.find(key))}  # noqa: SIM118 - a protocol's
STEP_TYPES = Shelf(*(_KNOWN | {"rescue.production": _PRODUCTION}).values())
Plain = dict[str, Any]
Edit = Callable[[Plain], object]


def flattened(record: Any) -> Plain:
    found: Plain = record.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return found


def said(kind: str, before: Plain, *edits: Edit) -> list[tuple[str, bool]]:
    after = deepcopy(before)
    for edit in edits:
        edit(after)
    return [(one.words, one.is_loss) for one in changes_in_words(kind, before, after | {"version": 9}, STEP_TYPES)]


def workflow(*edits: Edit) -> list[tuple[str, bool]]:
    return said("workflow", flattened(SHIPPED.workflows["trafficking-base"]), *edits)


def ladder(*edits: Edit) -> list[tuple[str, bool]]:
    return said("ladder", flattened(SHIPPED.ladders["critical"]), *edits)


LADDER = {"ladder": "child-not-produced", "on_breach": ["delay_note"]}
WORKFLOW: dict[str, tuple[Edit, str, bool]] = {
    "sooner": (
        lambda w: w["steps"]["first_visit"]["time"][0].update(limit="P5D"),
        "“First visit at home” is due 48 hours sooner: within 5 days instead of 7 days, counted from “Handover”.",
        False,
    ),
    "later": (
        lambda w: w["steps"]["care_plan"]["time"][0].update(limit="P40D"),
        "“Care plan” is due 10 days later: within 40 days instead of 30 days, counted from “Production”.", True,
    ),
    "ladder": (
        lambda w: w["steps"]["care_plan"]["time"][0].update(ladder="high"),
        "When “Care plan” is late, the ladder is “high” instead of “standard”.", False,
    ),
    "who": (
        lambda w: w["steps"]["delay_note"]["assign"].update(role=["supervisor"]),
        (
            "“Signed note: why the child was not produced in time” is done by the supervisor instead of the supervisor"
            " or the case manager."
        ), False,
    ),
    "condition": (
        lambda w: w["steps"]["handover"].update(when='decision.decision == "return"'),
        (
            "“Handover” is done when decision of “Decision” is “return”, instead of when decision of “Decision” is"
            " answered and decision of “Decision” is “return”."
        ), False,
    ),
    "after": (
        lambda w: w["steps"]["handover"]["after"].update(steps=["decision"]),
        "“Handover” comes after “Decision” instead of after “Decision”, “Travel”.", False,
    ),
    "a step": (lambda w: w["steps"].pop("first_visit"), "The step “First visit at home” is gone.", True),
    "a gate": (
        lambda w: w["gates"].pop("return-by-own-will"),
        "The gate “return by own will” is gone: it held back “Handover”.", True,
    ),
    "a follow-up": (
        lambda w: w["steps"]["production"].update(follow_ups={"order": None}),
        "“Production”: the follow-up “order” no longer comes.", True,
    ),
    "a limit of the law becomes an own one": (
        lambda w: w["steps"]["production"]["time"].__setitem__(-1, {"from": "rescue", "limit": "P9D"} | LADDER),
        "“Production” is due: within 9 days instead of the limit IN-JJ-PROD-24H, counted from “Execute”.", True,
    ),
    "another start": (
        lambda w: w["steps"]["care_plan"]["time"][0].update({"from": "decision"}),
        "“Care plan” is due within 30 days, counted from “Decision”; it was within 30 days, counted from “Production”.",
        True,
    ),
    "the beginning of the case": (
        lambda w: w["steps"]["care_plan"]["time"][0].update({"from": "start"}),
        (
            "“Care plan” is due within 30 days, counted from the beginning of the case; it was within 30 days, counted"
            " from “Production”."
        ), False,
    ),
    "a later follow-up": (
        lambda w: w["steps"]["production"].update(follow_ups={"order": {"limit": "P9D"}}),
        "“Production”: the follow-up “order” is due within 9 days instead of within 24 hours.", True,
    ),
    "a sooner follow-up": (
        lambda w: w.update(follow_ups={"rescue.production": {"order": {"limit": "PT12H"}}}),
        "Each “Production”: the follow-up “order” is due within 12 hours instead of within 24 hours.", False,
    ),
    "no follow-up after any step": (
        lambda w: w.update(follow_ups={"rescue.production": {"order": None}}),
        "Each “Production”: the follow-up “order” no longer comes.", True,
    ),
    "its ladder": (
        lambda w: w["steps"]["production"].update(follow_ups={"order": {"ladder": "critical"}}),
        "“Production”: the follow-up “order”: ladder is now critical instead of high.", False,
    ),
    "title": (
        lambda w: w.update(title="Another"),
        "Title is now Another instead of Reported trafficking of a child: the common part.", False,
    ),
}  # fmt: skip


QUICK = {"role": ["supervisor"], "limit": "PT4H", "ladder": "high"}
APPROVALS: dict[str, tuple[Plain, list[tuple[str, bool]]]] = {
    "later": (
        QUICK | {"limit": "P9D"},
        [("“Handover” is approved by the supervisor, within 9 days, instead of the supervisor, within 4 hours.", True)],
    ),
    "whenever": (
        {"role": ["supervisor"], "ladder": "high"},
        [("“Handover” is approved by the supervisor, instead of the supervisor, within 4 hours.", True)],
    ),
    "sooner": (
        QUICK | {"limit": "PT2H"},
        [("“Handover” is approved by the supervisor, within 2 hours, instead of the supervisor, within 4 hours.",
          False)],
    ),
    "ladder": (
        QUICK | {"ladder": "critical"},
        [("When the approval of “Handover” is late, the ladder is “critical” instead of “high”.", False)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", APPROVALS)
def test_an_approval_that_may_take_longer_is_a_loss(how: str) -> None:
    approve, found = APPROVALS[how]
    before = flattened(SHIPPED.workflows["trafficking-base"])
    before["steps"]["handover"]["approve"] = QUICK
    assert said("workflow", before, lambda w: w["steps"]["handover"].update(approve=approve)) == found


@pytest.mark.parametrize("what", WORKFLOW)
def test_one_change_of_a_workflow_is_one_sentence(what: str) -> None:
    edit, words, is_loss = WORKFLOW[what]
    assert workflow(edit) == [(words, is_loss)]


def test_what_is_lost_comes_first_and_the_version_alone_is_no_change() -> None:
    assert workflow() == []
    found = workflow(*(edit for edit, _, _ in (WORKFLOW["sooner"], WORKFLOW["a gate"])))
    assert found == [(words, is_loss) for _, words, is_loss in (WORKFLOW["a gate"], WORKFLOW["sooner"])]


def test_an_escalation_that_is_taken_out_of_the_middle_moves_no_other() -> None:
    def without_the_second(one: Plain) -> None:
        del one["levels"][1]
        for number, level in enumerate(one["levels"], start=1):
            level["level"] = number

    assert ladder(without_the_second) == [
        ("The escalation to the supervisor (30 minutes after it was due) is gone.", True)
    ]


def test_each_change_of_a_ladder_is_said() -> None:
    later = (
        "The nodal officer of the unit is notified 1 hour later: 5 hours after it was due instead of 4 hours after it"
    )
    assert ladder(lambda one: one["levels"][3].update(after="PT5H")) == [(f"{later} was due.", True)]
    assert ladder(lambda one: one["levels"][0].update(channels=["in_app", "email"])) == [
        ("The assignee is no longer notified by SMS.", True)
    ]
    assert ladder(lambda one: one.pop("overrides_quiet_hours")) == [("Overrides quiet hours is gone: yes.", True)]
    assert ladder(lambda one: one["levels"][1].pop("repeat"))[0][1]


def test_every_line_that_differs_is_said_whatever_it_is() -> None:
    """Take each value of each shipped definition away, one after the other: never is nothing said.

    A step that several workflows have from one base is tried in the first of them.
    """
    tried: list[tuple[str, Any]] = []
    for kind, some in (("workflow", SHIPPED.workflows), ("ladder", SHIPPED.ladders), ("calendar", SHIPPED.calendars)):
        for record in some.values():
            whole = flattened(record)
            steps = whole.get("steps", {}).items() if kind == "workflow" else ()
            known = {key for key, step in steps if (key, step) in tried}
            tried += [(key, step) for key, step in steps if key not in known]
            for path in paths(whole):
                if path[0] == "steps" and len(path) > 2 and path[1] in known:
                    continue
                after = deepcopy(whole)
                inside: Any = after
                for key in path[:-1]:
                    inside = inside[key]
                del inside[path[-1]]
                if path[-1] not in NEEDED and path != ("version",):
                    assert changes_in_words(kind, whole, after, CATALOGUE), (record, path)


NEEDED = {"to", "after", "limit", "law", "uses", "id", "label", "role", "holds", "until", "level", "steps", "every"}
"""Keys without which a definition would not be one."""


def paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    return [one for key, inner in value.items() for one in ((*path, key), *paths(inner, (*path, key)))]
