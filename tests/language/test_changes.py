"""What a new version changes is said in sentences: each difference once, what is lost first."""

import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from engine.language.catalogue import FollowUp
from engine.language.changes import changes_in_words
from engine.language.telling import Tell, in_english
from engine.language.words import LawWords
from tests.kit.shipped import definitions
from tests.language.step_types import CATALOGUE, Shelf, shout, step_type

DECLARED = {"order": FollowUp(uses="core.note", limit="PT24H", ladder="high")}
_PRODUCTION = step_type("rescue.production").model_copy(update={"follow_ups": DECLARED})
_KNOWN = {key: info for key in CATALOGUE.keys() if (info := CATALOGUE.find(key))}  # noqa: SIM118 - a protocol's
STEP_TYPES = Shelf(*(_KNOWN | {"rescue.production": _PRODUCTION}).values())
Plain = dict[str, Any]
Edit = Callable[[Plain], object]


def flattened(record: Any) -> Plain:
    found: Plain = record.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return found


def said(kind: str, before: Plain, *edits: Edit, tell: Tell = in_english) -> list[tuple[str, bool]]:
    after = deepcopy(before)
    for edit in edits:
        edit(after)
    found = changes_in_words(kind, before, after | {"version": 9}, STEP_TYPES, tell=tell)
    return [(one.words, one.is_loss) for one in found]


def workflow(*edits: Edit, tell: Tell = in_english) -> list[tuple[str, bool]]:
    return said("workflow", flattened(definitions().workflows["trafficking-base"]), *edits, tell=tell)


def ladder(*edits: Edit) -> list[tuple[str, bool]]:
    return said("ladder", flattened(definitions().ladders["critical"]), *edits)


def lengths(*laws: dict[str, str], known: LawWords) -> str:
    """Say what becomes of a step whose first time limit is one of the law, and then another one."""
    before, after = (flattened(definitions().workflows["trafficking-base"]) for _ in range(2))
    for whole, law in zip((before, after), laws, strict=True):
        whole["steps"]["production"]["time"] = [law]
    [one] = changes_in_words("workflow", before, after, STEP_TYPES, known)
    return one.words


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
            " answered and decision of “Decision” is not “stay”."
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
        "“Production”: the follow-up “Note” no longer comes.", True,
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
        "“Production”: the follow-up “Note” is due within 9 days instead of within 24 hours.", True,
    ),
    "a sooner follow-up": (
        lambda w: w.update(follow_ups={"rescue.production": {"order": {"limit": "PT12H"}}}),
        "Each “Production”: the follow-up “Note” is due within 12 hours instead of within 24 hours.", False,
    ),
    "no follow-up after any step": (
        lambda w: w.update(follow_ups={"rescue.production": {"order": None}}),
        "Each “Production”: the follow-up “Note” no longer comes.", True,
    ),
    "its ladder": (
        lambda w: w["steps"]["production"].update(follow_ups={"order": {"ladder": "critical"}}),
        "“Production”: the follow-up “Note”: ladder is now critical instead of high.", False,
    ),
    "what opens when it is late": (
        lambda w: w["steps"]["production"]["time"][-1].pop("on_breach"),
        "When “Production” is late, “Signed note: why the child was not produced in time” no longer opens.", True,
    ),
    "a warning": (
        lambda w: w["steps"]["care_plan"]["time"][0].update(warn=["PT48H"]),
        "A warning for “Care plan” is new: 48 hours before it is due.", False,
    ),
    "a condition of what was always done": (
        lambda w: w["steps"]["care_plan"].update(when='decision.decision == "return"'),
        "“Care plan” is done when decision of “Decision” is “return”, instead of always.", True,
    ),
    "another kind of step": (
        lambda w: w["steps"]["care_plan"].update(uses="core.note"),
        "“Care plan” is another kind of step: “Note” instead of “Care plan”.", True,
    ),
    "no longer each person": (
        lambda w: w["steps"]["care_plan"].pop("for_each"),
        "“Care plan” is done once; it was for each of victims.", True,
    ),
    "a cancellation": (
        lambda w: w.update(cancels={"stop": {"when": 'decision.decision == "return"', "steps": ["care_plan"]}}),
        "“Care plan”: cancelled when decision of “Decision” is “return”.", True,
    ),
    "an end at once": (
        lambda w: w.update(close={"abort": 'decision.decision == "return"'}),
        "The case ends at once, and all that is open is cancelled, when decision of “Decision” is “return”.", True,
    ),
    "closed while limits run": (
        lambda w: w.update(close={"unless": "nothing"}), "The case also closes while limits run.", True,
    ),
    "opened by a report": (lambda w: w.pop("start"), "A report opens it by itself.", False),
    "held up": (
        lambda w: w["steps"]["care_plan"].update(not_before={"from": "production", "wait": "P5D"}),
        "“Care plan”: not before 5 days after “Production”.", True,
    ),
    "title": (
        lambda w: w.update(title="Another"),
        "Title is now Another instead of Reported trafficking of a child: the common part.", False,
    ),
}  # fmt: skip


MONTHLY = {"every": "P1M", "times": 9, "until": 'closure.outcome == "not_needed"'}
WAITS = {"until": 'closure.outcome == "done"', "time_out": "P60D"}
COURSE: dict[str, tuple[Plain, str, bool]] = {
    "less often": ({"repeat": MONTHLY | {"times": 2}}, "again every 1 month, at most 2 times", True),
    "later": ({"repeat": MONTHLY | {"every": "P2M"}}, "again every 2 months, at most 9 times", True),
    "more often": ({"repeat": MONTHLY | {"every": "P2W", "times": 18}}, "again every 2 weeks, at most 18 times", False),
    "in one time": (
        {"repeat": MONTHLY | {"same_limit": True}},
        "again every 1 month, at most 9 times, all within the time of the first", False,
    ),
    "only once": ({"repeat": None}, "no longer again every 1 month, at most 9 times", True),
    "waits longer": ({"wait": WAITS | {"time_out": "P900D"}}, "at most 900 days, instead of waits until", True),
    "waits for ever": ({"wait": {"until": WAITS["until"]}}, "is “done”, instead of waits until", True),
    "waits less": ({"wait": WAITS | {"time_out": "P9D"}}, "at most 9 days, instead of waits until", False),
    "waits no more": ({"wait": None}, "no longer waits until outcome of “Closure” is “done”", False),
}  # fmt: skip


@pytest.mark.parametrize("what", COURSE)
def test_what_is_done_less_often_or_waits_longer_is_a_loss(what: str) -> None:
    edit, words, is_loss = COURSE[what]
    before = flattened(definitions().workflows["trafficking-base"])
    before["steps"]["first_visit"] |= {"repeat": MONTHLY, "wait": WAITS}

    def change(whole: Plain) -> None:
        step = whole["steps"]["first_visit"]
        whole["steps"]["first_visit"] = {name: value for name, value in (step | edit).items() if value is not None}

    [(found, lost)] = said("workflow", before, change)
    assert words in found
    assert lost is is_loss


@pytest.mark.parametrize(("ladder", "lost"), [
    ("standard", "The escalation to High Court, by a letter that someone releases (72 hours after it was due) is"),
    ("critical", ""),
])  # fmt: skip
def test_it_is_said_who_is_no_longer_notified_by_another_ladder(ladder: str, lost: str) -> None:
    before = flattened(definitions().workflows["trafficking-base"])
    before["steps"]["production"]["time"][-1]["ladder"] = "child-not-produced" if lost else "standard"
    after = deepcopy(before)
    after["steps"]["production"]["time"][-1]["ladder"] = ladder
    [one] = changes_in_words("workflow", before, after, STEP_TYPES, ladders=definitions().ladders)
    assert one.words.startswith("When “Production” is late, the ladder is “")
    assert lost in one.words
    assert one.is_loss is bool(lost)


def test_it_is_said_who_is_no_longer_notified_of_a_follow_up_by_another_ladder() -> None:
    before = flattened(definitions().workflows["trafficking-base"])
    after = deepcopy(before)
    after["steps"]["production"]["follow_ups"] = {"order": {"ladder": "standard"}}
    [one] = changes_in_words("workflow", before, after, STEP_TYPES, ladders=definitions().ladders)
    late = "“Production”: the follow-up “Note”: when it is late, the ladder is “standard” instead of “high”. "
    assert one.words.startswith(late)
    assert one.is_loss


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
    before = flattened(definitions().workflows["trafficking-base"])
    before["steps"]["handover"]["approve"] = QUICK
    assert said("workflow", before, lambda w: w["steps"]["handover"].update(approve=approve)) == found


@pytest.mark.parametrize("what", WORKFLOW)
def test_one_change_of_a_workflow_is_one_sentence(what: str) -> None:
    edit, words, is_loss = WORKFLOW[what]
    assert workflow(edit) == [(words, is_loss)]


_HINDI = {
    "{step} is due {length} later: {instead}.": "{step} की अवधि {length} बाद: {instead}।",
    "{now} instead of {before}, counted from {start}": "{before} के बजाय {now}, {start} से गिनकर",
    "Care plan": "देखभाल योजना", "Production": "पेशी", "within {length}": "{length} के भीतर",
    "10 days": "10 दिन", "30 days": "30 दिन", "40 days": "40 दिन",
}  # fmt: skip


def test_a_change_is_said_in_the_language_of_who_reads_it_and_in_english_without_one() -> None:
    def in_hindi(message: str, /, **values: object) -> str:
        return in_english(_HINDI[message], **values)

    edit, words, is_loss = WORKFLOW["later"]
    told = "“देखभाल योजना” की अवधि 10 दिन बाद: 30 दिन के भीतर के बजाय 40 दिन के भीतर, “पेशी” से गिनकर।"
    assert workflow(edit, tell=in_hindi) == [(told, is_loss)]
    assert workflow(edit) == [(words, is_loss)]


_AS_WRITTEN = {"its ladder", "title"}
"""Changes whose values are shown as they stand in the file."""


@pytest.mark.parametrize("what", [one for one in WORKFLOW if one not in _AS_WRITTEN])
def test_nothing_of_a_change_of_a_workflow_is_said_past_the_reader(what: str) -> None:
    [(words, _)] = workflow(WORKFLOW[what][0], tell=shout)
    assert re.findall("[a-z]{2,}", words) == []


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
    longer = (
        "Where the assignee does not acknowledge within 2 hours, instead of within 30 minutes, the next is notified."
    )
    assert ladder(lambda one: one["levels"][0].update(acknowledge_within="PT2H")) == [(longer, True)]
    [(gone, is_loss)] = ladder(lambda one: one["levels"][0].pop("acknowledge_within"))
    assert is_loss
    assert "within 30 minutes any more" in gone


@pytest.mark.parametrize("most", [4, pytest.param(1_000_000, marks=pytest.mark.faults)])
def test_every_line_that_differs_is_said_whatever_it_is(most: int) -> None:
    """Take each value of each shipped definition away, one after the other: never is nothing said.

    A step that several workflows have from one base is tried in the first of them, and no more than `most` values that
    stand at the same place of a step, of an escalation, or of whatever else has a name.
    """
    tried: list[tuple[str, Any]] = []
    times: Counter[tuple[str, ...]] = Counter()
    for kind, some in (
        ("workflow", definitions().workflows),
        ("ladder", definitions().ladders),
        ("calendar", definitions().calendars),
    ):
        for record in some.values():
            whole = flattened(record)
            steps = whole.get("steps", {}).items() if kind == "workflow" else ()
            known = {key for key, step in steps if (key, step) in tried}
            tried += [(key, step) for key, step in steps if key not in known]
            for path in paths(whole):
                if path[0] == "steps" and len(path) > 2 and path[1] in known:
                    continue
                place = (kind, path[0], *path[2:])
                times[place] += 1
                if times[place] > most:
                    continue
                after = deepcopy(whole)
                inside: Any = after
                for key in path[:-1]:
                    inside = inside[key]
                del inside[path[-1]]
                if path[-1] not in NEEDED and path != ("version",) and place[-2:] not in NEEDED_WHEN:
                    assert changes_in_words(kind, whole, after, CATALOGUE), (record, path)


NEEDED = {
    "to", "after", "limit", "law", "uses", "id", "label", "role", "holds", "until", "level", "steps", "every", "times",
}  # fmt: skip
"""Keys without which a definition would not be one."""
NEEDED_WHEN = {("cancels", "when"), ("back", "when")}
"""The conditions that cannot be left out."""


def paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    return [one for key, inner in value.items() for one in ((*path, key), *paths(inner, (*path, key)))]


def test_limits_of_the_law_are_told_by_how_long_they_are() -> None:
    known = {
        ("IN-A", None): "within 24 hours by law", ("IN-A", "two_days"): "within 48 hours by law",
        ("IN-B", None): "within 24 hours by law",
    }  # fmt: skip
    first, longer, other = {"law": "IN-A"}, {"law": "IN-A", "option": "two_days"}, {"law": "IN-B", "option": "no_such"}
    due = "“Production” is due: within"
    assert lengths(first, longer, known=known) == f"{due} 48 hours by law instead of 24 hours by law."
    assert lengths(longer, {"limit": "P9D"}, known=known) == f"{due} 9 days instead of 48 hours by law."
    assert lengths(first, other, known=known) == f"{due} 24 hours by law (IN-B) instead of 24 hours by law (IN-A)."
    assert lengths(first, {"law": "IN-C"}, known=known).startswith("“Production” is due: the limit IN-C instead of 24 ")


def test_a_limit_that_counts_from_a_named_start_is_one_limit() -> None:
    def sooner(whole: Plain) -> None:
        for one in whole["steps"]["consent"]["time"]:
            one["limit"] = "PT24H"

    def from_the_rescue(whole: Plain) -> None:
        del whole["steps"]["consent"]["time"][:-1]

    start = (
        "“First needs of whoever is in someone's care already”, or else “Take charge of the person, who is already"
        " out”, or else “Execute”"
    )
    assert workflow(sooner) == [
        (f"“Consent” is due 24 hours sooner: within 24 hours instead of 48 hours, counted from {start}.", False)
    ]
    assert workflow(from_the_rescue) == [
        (
            f"“Consent” is due within 48 hours, counted from “Execute”; it was within 48 hours, counted from {start}.",
            True,
        )
    ]


def test_a_new_step_that_counts_from_a_named_start_says_its_limit_once() -> None:
    after = flattened(definitions().workflows["trafficking-base"])
    before = deepcopy(after)
    del before["steps"]["consent"]
    told = [one.words for one in changes_in_words("workflow", before, after, STEP_TYPES)]
    [new] = [words for words in told if words.startswith("New step: “Consent”")]
    assert new.count("within 48 hours") == 1
    assert "or else “Execute”" in new
