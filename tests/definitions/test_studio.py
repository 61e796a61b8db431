"""A workflow is changed by forms: the lines that they mean change, and the comparison names those changes alone."""

import re
from collections.abc import Mapping
from difflib import ndiff
from html import unescape
from html.parser import HTMLParser

import pytest
import yaml
from starlette.testclient import TestClient

from engine.definitions.actions.drafts import open_draft, save_draft
from engine.definitions.pages.drafting import ONLY_TEXT
from engine.definitions.pages.part_kinds import EDITORS
from engine.definitions.views import definition
from engine.language.editing import moved, value_at, with_value
from engine.language.findings import Severity
from engine.language.workflow import Workflow
from tests.kit.portal import Portal, agree
from tests.kit.shipped import shipped

pytestmark = pytest.mark.long

NAME = "child-labour"
PAGE = f"/workflows/{NAME}/draft"


class _Fields(HTMLParser):
    """Reads what a browser would send of the form that holds a button with a value."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[list[tuple[str, str]]] = []
        self._select = ""
        self._first: str | None = None
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append([])
        elif tag == "input" and self.forms and "name" in given:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self.forms[-1].append((given["name"], given.get("value", "")))
        elif tag == "select" and self.forms:
            self._select, self._first = given["name"], None
        elif tag == "option" and self._select:
            if self._first is None or "selected" in given:
                self._first = given.get("value", "")
        elif tag == "textarea" and self.forms:
            self._area = given["name"]
            self.forms[-1].append((self._area, ""))

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][-1] = (self._area, data.removeprefix("\n"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            self.forms[-1].append((self._select, self._first or ""))
            self._select = ""
        self._area = "" if tag == "textarea" else self._area


def form_of_step(page: str) -> dict[str, list[str]]:
    """Return what the form of the step would send if nothing in it was changed."""
    return form_with(page, "amount-0") | {"action": ["step"]}


def form_with(page: str, field: str) -> dict[str, list[str]]:
    """Return what the form with a field would send if nothing in it was changed."""
    reader = _Fields()
    reader.feed(page)
    fields = next(one for one in reader.forms if any(name == field for name, _ in one))
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    return found


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in ndiff(before.splitlines(), after.splitlines()) if line[:2] in {"+ ", "- "}]


def runs(portal: Portal, name: str = NAME) -> str:
    return portal.engine.ask_all(definition, "workflow", name, None).source


def source(portal: Portal, role: str = "case_manager") -> str:
    return open_draft(portal.engine, "workflow", NAME, viewer=portal.people[role]).source


def said_first(workflow: Workflow) -> list[str]:
    """Name the steps that say something as no step before them does: a field, so many of it, with these in each."""
    seen: set[tuple[object, ...]] = set()
    found = []
    for key, step in workflow.steps.items():
        fields = step.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        lines = {name: value if isinstance(value, list) else [value] for name, value in fields.items()}
        said = {
            (name, len(each), *(tuple(one) for one in each if isinstance(one, dict))) for name, each in lines.items()
        }
        found += [] if said <= seen else [key]
        seen |= said
    return found


@pytest.mark.parametrize(
    ("name", "is_whole"),
    [
        ("missing-child", False),
        *(
            pytest.param(name, True, marks=pytest.mark.faults)
            for name in ("missing-child", "child-labour", "reported-concern")
        ),
    ],
)
def test_saving_the_forms_of_all_steps_unchanged_changes_nothing(portal: Portal, name: str, *, is_whole: bool) -> None:
    client = portal.as_role("case_manager")
    page = client.get(f"/workflows/{name}/draft").text
    keys = dict.fromkeys(re.findall(r"&amp;step=([a-z0-9_]+)#step", page))
    workflow = shipped(name).workflow
    asked = list(workflow.steps) if is_whole else said_first(workflow)
    assert keys.keys() >= set(asked)
    assert len(asked) >= len(workflow.steps) or len(asked) > 20
    for key in asked:
        opened = client.get(f"/workflows/{name}/draft?step={key}").text
        assert client.post(f"/workflows/{name}/draft", data=form_of_step(opened)).status_code == 200
        viewer = portal.people["case_manager"]
        now = open_draft(portal.engine, "workflow", name, viewer=viewer)
        assert (now.number, changed_lines(runs(portal, name), now.source)) == (0, []), key


def test_a_limit_a_recipient_and_a_condition_go_from_forms_to_what_runs_and_back_to_the_first_hash(
    portal: Portal,
) -> None:
    client, second = portal.as_role("case_manager"), portal.as_role("nodal_officer")
    first = portal.engine.ask_all(definition, "workflow", NAME, None)
    for step, change in (
        ("triage", {"amount-0": ["2"]}),
        ("home_report", {"role": ["caseworker"]}),
        ("cash", {"test-0": ["is_not"]}),
    ):
        sent = form_of_step(client.get(f"{PAGE}?step={step}").text)
        page = client.post(PAGE, data=sent | change).text
        assert "Your draft was saved" in page
    said = [
        ("“Triage and risk score”, where “Is the person in someone's care already?” of “Record report” is not answered"
         " or “Is the person in someone's care already?” of “Record report” is false or “Is anyone in danger right"
         " now?” of “Record report” is true or (outcome of “Record report” is “done” and “Is anyone in danger right"
         " now?” of “Record report” is not answered) is due 1 hour later: within 2 hours instead of 1 hour, counted"
         " from the beginning of the case."),
        ("“Social investigation and home report, by the partner at home” is done by the caseworker instead of the"
         " partnership manager or the caseworker."),
        ("“Help at once for a released child, up to 30,000 rupees” is done when outcome of “Release certificate, if"
         " the child was bonded” is not “done”, instead of when outcome of “Release certificate, if the child was"
         " bonded” is “done”."),
    ]  # fmt: skip
    assert (losses(page), sentences(page)) == (said[:1], said)
    marked = [("Changed", said_of[1:].partition("”")[0]) for said_of in said]
    assert sorted(marks(page)) == sorted(marked)

    proposed = client.post(PAGE, data={"action": "propose"})
    assert "Withdraw this proposal" in proposed.text
    assert client.post(proposed.url.path, data={"answer": "yes"}).status_code == 422, "nobody agrees to their own"
    assert runs(portal) == first.source
    asked = second.get(proposed.url.path).text
    assert sentences(asked, "to replace version") == said
    assert sorted(marks(asked)) == sorted(marked)
    second.post(proposed.url.path, data={"answer": "yes"})

    assert changed_lines(first.source, runs(portal)) == [
        "-       - {when: '!here || in_danger', from: start, limit: PT1H, ladder: critical}",
        "+       - {when: '!here || in_danger', from: start, limit: PT2H, ladder: critical}",
        '-     when: certificate.outcome == "done"',
        '+     when: certificate.outcome != "done"',
        "-     assign: {role: [partnership_manager, caseworker]}",
        "+     assign: {role: caseworker}",
    ]  # fmt: skip
    assert source(portal) == runs(portal), "the draft is over"
    ran = client.get(f"/definitions/workflow/{NAME}/versions").text
    assert sentences(ran, 'id="change"') == said
    assert sorted(marks(ran)) == sorted(marked)

    back = client.post(f"/definitions/workflow/{NAME}/versions", data={"version": str(first.version)})
    assert client.post(back.url.path, data={"answer": "yes"}).status_code == 422
    second.post(back.url.path, data={"answer": "yes"})
    again = portal.engine.ask_all(definition, "workflow", NAME, None)
    assert (again.content_hash, again.source) == (first.content_hash, first.source)


def test_what_was_saved_is_undone_step_by_step_and_a_draft_is_discarded(portal: Portal) -> None:
    client, before = portal.as_role("partnership_manager"), runs(portal)
    for amount in ("11", "12"):
        sent = form_of_step(client.get(f"{PAGE}?step=school").text) | {"amount-0": [amount]}
        client.post(PAGE, data=sent)
    assert "P12D" in source(portal, "partnership_manager")
    assert portal.people["partnership_manager"].name in portal.as_role("nodal_officer").get(PAGE).text
    client.post(PAGE, data={"action": "undo"})
    assert "P11D" in source(portal, "partnership_manager")
    client.post(PAGE, data=sent)
    client.post(PAGE, data={"action": "discard"})
    assert source(portal, "partnership_manager") == before


def test_a_step_is_added_asked_more_and_taken_out_again(portal: Portal) -> None:
    client, before = portal.as_role("partnership_manager"), runs(portal)
    added = client.post(
        PAGE, data={"action": "add", "uses": "core.note", "add_title": "Call the school", "add_after": "school"}
    )
    assert "step=call_the_school" in str(added.url)
    assert changed_lines(before, source(portal, "partnership_manager")) == [
        "+   call_the_school: {uses: core.note, title: Call the school, after: school}"
    ]
    sent = form_of_step(added.text) | {
        "amount-0": ["3"], "unit-0": ["P{}WD"], "q-1-label": ["Does it have a place?"], "q-1-type": ["choice"],
        "q-1-choices": ["Yes, now\nLater"], "approver": ["supervisor"],
    }  # fmt: skip
    client.post(PAGE, data=sent)
    draft = open_draft(portal.engine, "workflow", NAME, viewer=portal.people["partnership_manager"])
    assert draft.loaded
    assert draft.loaded.workflow
    step = draft.loaded.workflow.steps["call_the_school"]
    assert step.time[0].limit == "P3WD"
    assert dict(step.questions[0].choices) == {"yes_now": "Yes, now", "later": "Later"}
    assert step.approve
    assert step.approve.role == ("supervisor",)
    client.post(PAGE, data={"action": "remove", "step": "call_the_school"})
    assert changed_lines(before, source(portal, "partnership_manager")) == []
    assert "Choose what is done" in client.post(PAGE, data={"action": "add", "uses": "no.such"}).text
    client.post(PAGE, data={"action": "discard"})


ASKING = """workflow: asking
version: 1
title: A step that asks more
case_type: trafficking
start: {on: hand}
steps:
  talk:
    uses: core.note
    time: {from: start, limit: P2D, ladder: standard}
    questions:  # asked by the hub
      # who speaks
      - {id: is_alone, type: bool, label: Is the person alone?}  # never with family
      - id: language
        type: choice
        label: Which language?
        choices: {bn: Bengali, ne: Nepali}  # as spoken
      # for the report
      - {id: why, type: longtext, label: Why?, when: 'is_alone && report.is_child_suspected != "no"'}
close: {when: all}
"""
ASKED = "/workflows/asking/draft"


def posted(portal: Portal, source: str, step: str, changed: Mapping[str, str | list[str] | None]) -> tuple[str, str]:
    """Post the form of a step with some fields changed (None leaves one out); return the page, and the text then."""
    client, viewer = portal.as_role("partnership_manager"), portal.people["partnership_manager"]
    name = source.partition("\n")[0].removeprefix("workflow: ")
    save_draft(portal.engine, "workflow", name, source, viewer=viewer)
    form = form_of_step(client.get(f"/workflows/{name}/draft?step={step}").text)
    form |= {
        field: [value] if isinstance(value, str) else value for field, value in changed.items() if value is not None
    }
    sent = {field: value for field, value in form.items() if changed.get(field, "") not in (None, [])}
    page = client.post(f"/workflows/{name}/draft", data=sent)
    assert page.status_code in {200, 422}
    draft = open_draft(portal.engine, "workflow", name, viewer=viewer)
    assert draft.loaded
    assert draft.loaded.workflow, "what a form writes can be read"
    return page.text, draft.source


def asking(portal: Portal, **changed: str | None) -> list[str]:
    """Return the lines that change when fields of the step's form are posted changed; None leaves one out."""
    given = {name.replace("__", "-"): value for name, value in changed.items()}
    return changed_lines(ASKING, posted(portal, ASKING, "talk", given)[1])


def whole(portal: Portal, name: str, **changed: str) -> tuple[list[str], str]:
    """Return the lines that change when the form of the whole workflow is sent with fields changed, and the page."""
    client, viewer = portal.as_role("partnership_manager"), portal.people["partnership_manager"]
    here = f"/workflows/{name}/draft"
    before = open_draft(portal.engine, "workflow", name, viewer=viewer).source
    given = form_with(client.get(f"{here}?whole=1").text, "begins") | {one: [value] for one, value in changed.items()}
    page = client.post(here, data=given | {"action": "whole"}).text
    after = open_draft(portal.engine, "workflow", name, viewer=viewer).source
    client.post(here, data={"action": "discard"})
    return changed_lines(before, after), unescape(page)


def test_the_form_of_the_whole_workflow_sent_unchanged_changes_nothing(portal: Portal) -> None:
    for name in (NAME, "reported-concern", "compensation", "led-from-nepal", "trafficking-base"):
        assert whole(portal, name)[0] == [], name


def test_what_holds_for_the_whole_workflow_is_changed_in_its_own_lines(portal: Portal) -> None:
    changed = {"title": "A leak", "begins": "hand", "places": "in-as, BD", "priority": "7"}
    changed |= {"start-when": "report.is_child_suspected|yes", "description": ""}
    lines, page = whole(portal, "reported-concern", **changed)
    assert [one for one in lines if one[0] == "+"] == [
        "+ title: A leak", "+ priority: 7",
        '+ start: {on: hand, when: report.is_child_suspected == "yes"}', "+ jurisdictions: [IN-AS, BD]",
    ]  # fmt: skip
    assert [one.partition(":")[0] for one in lines if one[0] == "-"] == [
        "- title", "- description", "- priority", "- start",
    ]  # fmt: skip
    assert "No report opens it any more: someone begins it." in page


@pytest.mark.parametrize(("field", "value", "said"), [
    ("title", "", "Write what it is for."), ("places", "Assam", "Write codes of places"),
    ("priority", "many", "Write a whole number from 0"), ("begins", "never", "Choose one of the list."),
])  # fmt: skip
def test_nonsense_in_the_form_of_the_whole_workflow_is_refused_beside_its_field(
    portal: Portal, field: str, value: str, said: str
) -> None:
    lines, page = whole(portal, NAME, **{field: value})
    assert lines == []
    assert said in page


def test_each_part_of_a_workflow_has_a_field_or_a_reason_to_be_text(portal: Portal) -> None:
    fields = {"title", "description", "start", "jurisdictions", "priority", "steps"}
    assert fields | EDITORS.keys() | ONLY_TEXT["workflow"].keys() == Workflow.model_fields.keys() - {"is_whole"}
    page = portal.as_role("partnership_manager").get(f"/workflows/{NAME}/draft?whole=1").text
    assert [why for why in ONLY_TEXT["workflow"].values() if why.replace("'", "&#39;") not in page] == []


MORE = (
    "- {id: bn_too, type: bool, label: 'Bn too?', help: Ask., required: true, sensitivity: sensitive, when: is_alone}"
)
ALONE = "- {id: is_alone, type: bool, label: Is the person alone?"
ENDS = "      - {id: why, type: longtext, label: Why?, when: 'is_alone && report.is_child_suspected != \"no\"'}"
EACH_CHANGE: dict[str, tuple[dict[str, str | None], list[str]]] = {
    "nothing": ({}, []),
    "words": ({"q1__label": "Which tongue?"}, ["-         label: Which language?", "+         label: Which tongue?"]),
    "an answer in other words": (
        {"q1__choices": "Bangla\nNepali"},
        ["-         choices: {bn: Bengali, ne: Nepali}  # as spoken",
         "+         choices: {bn: Bangla, ne: Nepali}  # as spoken"],
    ),
    "another answer": (
        {"q1__choices": "Nepali\nBengali\nKhasi"},
        ["-         choices: {bn: Bengali, ne: Nepali}  # as spoken",
         "+         choices: {ne: Nepali, bn: Bengali, khasi: Khasi}  # as spoken"],
    ),
    "required": (
        {"q0__required": "1"},
        [f"-       {ALONE}}}  # never with family",
         f"+       {ALONE}, required: true}}  # never with family"],
    ),
    "when": ({"q1__when": "!is_alone"}, ["+         when: '!is_alone'"]),
    "help and who sees it": (
        {"q1__help": "Ask.", "q1__sensitivity": "identifying"},
        ["+         help: Ask.", "+         sensitivity: identifying"],
    ),
    "always": ({"q2__when": ""}, [f"- {ENDS}", "+       - {id: why, type: longtext, label: Why?}"]),
    "one is gone": (
        {"question_gone": "is_alone", "q2__when": ""},
        [f"-       {ALONE}}}  # never with family",
         f"- {ENDS}", "+       - {id: why, type: longtext, label: Why?}"],
    ),
    "one is new": (
        {"q-1__label": "Bn too?", "q-1__help": "Ask.", "q-1__required": "1", "q-1__sensitivity": "sensitive",
         "q-1__when": "is_alone"},
        [f"+       {MORE}"],
    ),
    "the last first": (
        {"q2__place": "1"},
        ["+       # for the report", f"+ {ENDS}", "-       # for the report", f"- {ENDS}"],
    ),
    "the first second": (
        {"q0__place": "2"},
        ["-       # who speaks", f"-       {ALONE}}}  # never with family",
         "+       # who speaks", f"+       {ALONE}}}  # never with family"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", EACH_CHANGE)
def test_questions_are_changed_ordered_and_added_in_their_own_lines(portal: Portal, change: str) -> None:
    posted, lines = EACH_CHANGE[change]
    assert asking(portal, **posted) == lines


def test_the_form_of_a_step_is_seen_with_all_that_it_asks_and_questions_of_its_base_are_moved(portal: Portal) -> None:
    client, viewer = portal.as_role("partnership_manager"), portal.people["partnership_manager"]
    save_draft(portal.engine, "workflow", "asking", ASKING, viewer=viewer)
    page = unescape(client.get(f"{ASKED}?step=talk").text)
    own = [one.label for one in portal.engine.registry.get("core.note").fields]
    looks = page.partition('id="looks"')[2].partition("</details>")[0]
    assert f"Questions: {len(own)} of its own, 3 added" in page
    for label in (*own, "Is the person alone?", "Which language?", "Why?"):
        assert label in looks
    assert "As written: “Is the person alone?” is true and the report's child suspected is not" in page
    assert "As written: is_alone" not in page
    client.post(ASKED, data={"action": "discard"})
    base = "workflow: base-child-sale\nextends: child-sale\nversion: 1\n"
    save_draft(portal.engine, "workflow", "base-child-sale", base, viewer=viewer)
    here = "/workflows/base-child-sale/draft"
    sent = form_of_step(client.get(f"{here}?step=parentage").text)
    client.post(here, data=sent | {"q-1-label": ["Where?"], "q-1-type": ["text"]})
    draft = open_draft(portal.engine, "workflow", "base-child-sale", viewer=viewer)
    assert draft.loaded
    assert draft.loaded.workflow
    assert [one.id for one in draft.loaded.workflow.steps["parentage"].questions] == ["known", "where"]
    client.post(here, data={"action": "discard"})


def _other(line: str, old: str, new: str) -> list[str]:
    return [f"-{line}", f"+{line.replace(old, new)}"]


JOINING = """workflow: joining
version: 1
title: A step after two of three
case_type: trafficking
start: {on: hand}
facts: {weight: {type: number, default: 0}}
steps:
  one: {uses: core.note, time: P2D}
  two: {uses: core.note, time: {limit: P2D}}
  three: {uses: core.note, time: {limit: P2D}}
  sum:
    uses: core.note
    when: weight >= 2.5
    after:
      n: 2  # of the three
      of: [one, two, three]
    time: {from: start, limit: P2D}  # as agreed
    approve: {role: supervisor, limit: PT4H, ladder: high}  # the same day
close: {when: all}
""".replace("time: P2D", "time: {limit: P2D}")
_TIME, _APPROVED, _OF = (
    "     time: {from: start, limit: P2D}  # as agreed",
    "     approve: {role: supervisor, limit: PT4H, ladder: high}  # the same day",
    "       of: [one, two, three]",
)
EACH_EDIT: dict[str, tuple[dict[str, str | list[str] | None], list[str]]] = {
    "nothing": ({}, []),
    "another approver": (
        {"approver": "case_manager"}, [f"-{_APPROVED}", f"+{_APPROVED.replace('supervisor', 'case_manager')}"],
    ),
    "approved sooner": ({"approve-amount": "2"}, [f"-{_APPROVED}", f"+{_APPROVED.replace('PT4H', 'PT2H')}"]),
    "approved within days": (
        {"approve-amount": "3", "approve-unit": "P{}WD"}, [f"-{_APPROVED}", f"+{_APPROVED.replace('PT4H', 'P3WD')}"],
    ),
    "approved at any time": ({"approve-amount": ""}, [f"-{_APPROVED}", f"+{_APPROVED.replace(', limit: PT4H', '')}"]),
    "another ladder for the approval": (
        {"approve-ladder": "critical"}, [f"-{_APPROVED}", f"+{_APPROVED.replace('high', 'critical')}"],
    ),
    "approved by nobody": ({"approver": "", "approve-amount": ""}, [f"-{_APPROVED}"]),
    "two of two": ({"after": ["one", "two"]}, [f"-{_OF}", f"+{_OF.replace(', three', '')}"]),
    "any of them": (
        {"after_mode": "any"},
        ["-     after:", "-       n: 2  # of the three", f"-{_OF}", "+     after: {any: [one, two, three]}"],
    ),
    "by law": (
        {"law-0": "IN-JJ-PROD-24H", "amount-0": ""},
        [f"-{_TIME}", f"+{_TIME.replace('limit: P2D', 'law: IN-JJ-PROD-24H')}"],
    ),
    "a decimal": ({"number-0": "3.5"}, ["-     when: weight >= 2.5", "+     when: weight >= 3.5"]),
}  # fmt: skip


@pytest.mark.parametrize("change", EACH_EDIT)
def test_a_step_after_some_of_others_that_is_approved_is_changed_in_its_own_lines(portal: Portal, change: str) -> None:
    fields, lines = EACH_EDIT[change]
    assert changed_lines(JOINING, posted(portal, JOINING, "sum", fields)[1]) == lines


def test_an_approval_with_its_time_and_ladder_is_added_in_one_line_and_told_in_words(portal: Portal) -> None:
    new: dict[str, str | list[str] | None] = {
        "approver": "supervisor", "approve-amount": "30", "approve-unit": "PT{}M", "approve-ladder": "high"
    }  # fmt: skip
    page, source = posted(portal, JOINING, "one", new)
    assert changed_lines(JOINING, source) == [
        "-   one: {uses: core.note, time: {limit: P2D}}",
        "+   one: {uses: core.note, time: {limit: P2D}, approve: {role: supervisor, limit: PT30M, ladder: high}}",
    ]
    assert "Approved by a second person: Supervisor, within 30 minutes" in page
    page, source = posted(portal, JOINING, "one", new | {"approver": ""})
    assert (source, "Choose who approves it, or take the time out." in page) == (JOINING, True)
    weeks = JOINING.replace("PT4H", "P1W")
    page, source = posted(portal, weeks, "sum", {"approve-ladder": "critical"})
    assert "Approved within (now 1 week)" in page
    assert changed_lines(weeks, source)[1] == f"+{_APPROVED.replace('PT4H', 'P1W').replace('high', 'critical')}"

    client, here = portal.as_role("case_manager"), "/workflows/child-labour/draft"
    sent = form_of_step(client.get(f"{here}?step=triage").text)
    page = client.post(here, data=sent | {name: [str(value)] for name, value in new.items()}).text
    assert sentences(page) == ["“Triage and risk score” is approved by the supervisor, within 30 minutes."]
    client.post(here, data={"action": "discard"})


WHOSE = """workflow: whose
version: 1
title: Conditions on the report and on a person
case_type: trafficking
start: {on: hand}
steps:
  plan: {uses: core.note, time: {limit: P2D}}
  school:
    uses: core.note
    after: plan
    for_each: case.victims
    time: {limit: P2D}  # of the school
  work: {uses: core.note, after: plan, when: report.concern == "child_labour", time: {limit: P2D}}
  left: {uses: core.note, after: plan, when: plan.outcome == "skipped", time: {limit: P2D}}
  early: {uses: core.note, when: plan.outcome == "done", time: {limit: P2D}}
gates:
  calm: {holds: [school], until: report.safe_to_call, reason: Nobody can call yet.}
close: {when: all}
"""
_W_WORK = '   work: {uses: core.note, after: plan, when: report.concern == "child_labour", time: {limit: P2D}}'
_W_CALM = "   calm: {holds: [school], until: report.safe_to_call, reason: Nobody can call yet.}"
EACH_CONDITION: dict[str, tuple[str, dict[str, str | list[str] | None], list[str], str]] = {
    "a fact of the report": (
        "school", {"when-0": "report.concern|child_labour"}, ['+     when: report.concern == "child_labour"'],
        "<p class=\"govuk-body\">the report's “What is it about?” is “child labour”</p>",
    ),
    "a fact of the person": (
        "school", {"when-0": "person.is_child|", "test-0": "is_not"}, ["+     when: '!person.is_child'"],
        '<p class="govuk-body">the person is not a child</p>',
    ),
    "what was said of both": (
        "school",
        {"when-0": "person.is_victim|", "when-1": "report.is_child_suspected|unsure", "test-1": "known_and_is"},
        ['+     when: person.is_victim && has(report.is_child_suspected) && report.is_child_suspected == "unsure"'],
        "the person is a victim and the report's “Could the person be under 18?” is answered and",
    ),
    "another answer of the report": (
        "work", {"when-0": "report.concern|bonded_labour"}, _other(_W_WORK, "child_labour", "bonded_labour"),
        "the report's “What is it about?” is “bonded labour”",
    ),
    "always": ("work", {"when-0": ""}, _other(_W_WORK, ' when: report.concern == "child_labour",', ""), "It is always"),
    "another limit for a child": (
        "school", {"time-0-when": "person.is_child|"},
        _other("     time: {limit: P2D}  # of the school", "P2D", "P2D, when: person.is_child"),
        "How long, where the person is a child",
    ),
    "held until something else of the report is so": (
        "school", {"gate-calm-when": "report.consent_to_record|yes"},
        _other(_W_CALM, "report.safe_to_call", 'report.consent_to_record == "yes"'),
        "Until the report's “May we write this down?” is “yes”.",
    ),
    "nothing of what an answer can never be": ("left", {}, [], "richer than the lists below"),
    "nothing of what is not before": ("early", {}, [], "richer than the lists below"),
}  # fmt: skip


@pytest.mark.parametrize("change", EACH_CONDITION)
def test_a_condition_on_the_report_or_a_person_is_chosen_from_lists_and_read_back(portal: Portal, change: str) -> None:
    step, fields, lines, said = EACH_CONDITION[change]
    page, source = posted(portal, WHOSE, step, fields)
    assert (changed_lines(WHOSE, source), said in unescape(page)) == (lines, True)


def test_only_a_step_that_is_done_for_each_person_asks_about_the_person(portal: Portal) -> None:
    assert 'value="person.is_child|"' not in posted(portal, WHOSE, "work", {})[0]
    assert 'value="person.is_child|"' in posted(portal, WHOSE, "school", {})[0]


def test_how_many_of_the_steps_before_are_enough_is_said_also_over_a_base_that_says_otherwise(portal: Portal) -> None:
    _, source = posted(portal, JOINING, "three", {"after": ["one", "two"], "after_mode": "2"})
    assert source == JOINING.replace(
        "three: {uses: core.note, time: {limit: P2D}}",
        "three: {uses: core.note, time: {limit: P2D}, after: {n: 2, of: [one, two]}}",
    )
    base = "workflow: scams\nextends: forced-scamming\nversion: 1\n"
    _, source = posted(portal, base, "rescue", {"after_mode": "2", "after": ["refer", "fir", "intake"]})
    added = "steps: {rescue: {after: {any: null, n: 2, of: [refer, fir, intake]}}}"
    assert " ".join(source.removeprefix(base).split()) == added


def test_steps_that_are_added_to_an_inherited_list_are_written_as_what_differs_from_it(portal: Portal) -> None:
    base, before = (
        "workflow: leaks\nextends: reported-concern\nversion: 1\n",
        "steps: {closure: {after: {also: [leak]}}}\n",
    )
    _, source = posted(portal, base, "closure", {"after": ["triage", "match", "leak"]})
    assert source == base + before
    _, source = posted(portal, source, "closure", {"after": ["triage", "leak", "takedown"]})
    assert source == base + before.replace("[leak]", "[leak, takedown], except: [match]")


FOLLOWED = """workflow: followed
version: 1
title: Two steps that bring more
case_type: trafficking
start: {on: hand}
follow_ups:
  rescue.production: {call: {uses: core.note, limit: P1D}}
  rescue.execute: {held: null}
steps:
  out: {uses: rescue.execute, time: {limit: P2D}}
  before:
    uses: rescue.production  # of the child
    after: out
    time: {law: IN-JJ-PROD-24H}
    follow_ups:
      order: {limit: PT12H}  # sooner than usual
      visit: {uses: core.note, limit: P1W, ladder: high}
close: {when: all}
"""
_ORDER = "       order: {limit: PT12H}  # sooner than usual"
_VISIT = "       visit: {uses: core.note, limit: P1W, ladder: high}"
EACH_FOLLOW_UP: dict[str, tuple[str, dict[str, str | list[str] | None], list[str]]] = {
    "nothing": ("before", {}, []),
    "nothing of what is off": ("out", {}, []),
    "sooner": ("before", {"f-order-amount": "6"}, [f"-{_ORDER}", f"+{_ORDER.replace('12', '6')}"]),
    "another ladder": (
        "before", {"f-order-ladder": "critical"}, [f"-{_ORDER}", f"+{_ORDER.replace('H}', 'H, ladder: critical}')}"],
    ),
    "not here": (
        "before", {"follow_up_off": ["order"]}, [f"-{_ORDER}", f"+{_ORDER.replace('{limit: PT12H}', 'null')}"],
    ),
    "not the one of the workflow": ("before", {"follow_up_off": ["call"]}, ["+       call: null"]),
    "another limit for that of the workflow": (
        "before", {"f-call-amount": "36", "f-call-unit": "PT{}H"}, ["+       call: {limit: PT36H}"],
    ),
    "not its own": ("before", {"follow_up_off": ["visit"]}, [f"-{_VISIT}"]),
    "a limit that the form cannot show": (
        "before", {"f-visit-amount": "3", "f-visit-unit": "P{}WD"}, [f"-{_VISIT}", f"+{_VISIT.replace('P1W', 'P3WD')}"],
    ),
    "here, though not in the workflow": (
        "out", {"follow_up_off": [], "f-held-amount": "2", "f-held-unit": "P{}D"},
        ["-   out: {uses: rescue.execute, time: {limit: P2D}}",
         ("+   out: {uses: rescue.execute, time: {limit: P2D}, follow_ups: {held: {uses: prosecution.hearing, title:"
         ' The first hearing after the arrest, when: this.has_held && case.country == "IN", from: end_at,'
         " ladder: high, limit: P2D}}}")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", EACH_FOLLOW_UP)
def test_a_follow_up_is_changed_or_left_out_in_its_own_line(portal: Portal, change: str) -> None:
    step, fields, lines = EACH_FOLLOW_UP[change]
    assert changed_lines(FOLLOWED, posted(portal, FOLLOWED, step, fields)[1]) == lines


def test_follow_ups_are_told_in_words_and_one_that_was_left_out_comes_again(portal: Portal) -> None:
    page, source = posted(portal, FOLLOWED, "before", {"follow_up_off": ["order", "call"]})
    assert "What it can bring later: 1 of 3" in page
    assert "“There was no order yet: has one been made since?”: if “What was ordered?” is “no order yet”" in unescape(
        page
    )
    page, again = posted(portal, source, "before", {"follow_up_off": []})
    assert "What it can bring later: 3 of 3" in page
    assert changed_lines(source, again) == ["-       order: null  # sooner than usual", "-       call: null"]
    page, kept = posted(portal, FOLLOWED, "before", {"f-order-amount": "soon", "follow_up_off": ["visit"]})
    assert kept == FOLLOWED
    assert '<p id="f-order-amount-error" class="govuk-error-message">' in page
    assert '<details class="govuk-details" id="follow-ups" open>' in page
    assert form_of_step(page)["follow_up_off"] == ["visit"]
    base = "workflow: taken-on\nextends: compensation\nversion: 1\n"
    posted(portal, base, "old_papers", {"follow_up_off": []})
    draft = open_draft(portal.engine, "workflow", "taken-on", viewer=portal.people["partnership_manager"])
    assert draft.loaded
    assert draft.loaded.workflow
    assert draft.loaded.workflow.steps["old_papers"].follow_ups["remand"]


RULED = """workflow: ruled
version: 1
title: Steps with rules
case_type: trafficking
start: {on: hand}
facts: {agreed: {type: bool, default: false}}
steps:
  plan: {uses: core.note, time: {limit: P2D}, questions: [{id: urgent, type: bool, label: Is it urgent?}]}
  review:
    uses: core.note
    after: plan
    back: {to: plan, when: plan.urgent, times: 3}  # plan again
    time: {limit: P2D, warn: [50%, PT2H]}  # as agreed
  visit:
    uses: core.note
    after: review
    not_before: P1M  # let them arrive
    repeat: {every: P7D, times: 4, until: agreed && plan.urgent}  # each week
    time: {limit: P2D, on_breach: [look]}
  sign:
    uses: core.wait
    after: plan
    wait: {until: agreed, time_out: P60D}  # the partner
  look: {uses: core.note, discretionary: true, time: {limit: P2D}}
  later: {uses: core.note, after: visit, repeat: {every: [P2M, P3M]}, time: {limit: P2D}}
gates:
  calm: {holds: [visit], until: agreed, reason: The partner has not agreed.}  # for safety
cancels:
  over: {when: agreed, steps: [look, later]}
close: {when: all}
"""
_R_TIME = "     time: {limit: P2D, warn: [50%, PT2H]}  # as agreed"
_R_BACK = "     back: {to: plan, when: plan.urgent, times: 3}  # plan again"
_R_EARLY, _R_AGAIN = (
    "     not_before: P1M  # let them arrive",
    ("     repeat: {every: P7D, times: 4, until: agreed && plan.urgent}  # each week"),
)
_R_MISSED = "     time: {limit: P2D, on_breach: [look]}"
_R_WAIT = "     wait: {until: agreed, time_out: P60D}  # the partner"
_R_LOOK = "   look: {uses: core.note, discretionary: true, time: {limit: P2D}}"
_R_GATE = "   calm: {holds: [visit], until: agreed, reason: The partner has not agreed.}  # for safety"
_R_OVER = "   over: {when: agreed, steps: [look, later]}"


EACH_RULE: dict[str, tuple[str, dict[str, str | list[str] | None], list[str]]] = {
    **{f"nothing in {step}": (step, {}, []) for step in ("plan", "review", "visit", "sign", "look", "later")},
    "warned otherwise": ("review", {"warn-0": "80%, 1 day"}, _other(_R_TIME, "50%, PT2H", "80%, P1D")),
    "warned once": ("review", {"warn-0": "2 hours"}, _other(_R_TIME, "[50%, PT2H]", "PT2H")),
    "never warned": ("review", {"warn-0": ""}, _other(_R_TIME, ", warn: [50%, PT2H]", "")),
    "something else begins when it is missed": (
        "visit", {"missed-0": ["sign", "look"]}, _other(_R_MISSED, "[look]", "[look, sign]"),
    ),
    "nothing begins when it is missed": ("visit", {"missed-0": []}, _other(_R_MISSED, ", on_breach: [look]", "")),
    "back fewer times": ("review", {"back-times": "2"}, _other(_R_BACK, "times: 3", "times: 2")),
    "back when something else is so": ("review", {"back-when": "agreed|"}, _other(_R_BACK, "plan.urgent", "agreed")),
    "not back": ("review", {"back-to": ""}, [f"-{_R_BACK}"]),
    "a new way back": (
        "look", {"back-to": "look", "back-times": "2", "back-when": "agreed|"},
        _other(_R_LOOK, "P2D}}", "P2D}, back: {to: look, times: 2, when: agreed}}"),
    ),
    "earlier": ("visit", {"early-amount": "2", "early-unit": "P{}D"}, _other(_R_EARLY, "P1M", "P2D")),
    "not before a step is done": (
        "visit", {"early-from": "plan"}, _other(_R_EARLY, "P1M", "{from: plan, wait: P1M}"),
    ),
    "as soon as it can": ("visit", {"early-amount": ""}, [f"-{_R_EARLY}"]),
    "more often": (
        "visit", {"again-amount": "3", "again-times": "9"}, _other(_R_AGAIN, "P7D, times: 4", "P3D, times: 9"),
    ),
    "again in one time": (
        "visit", {"again-same": "1"}, _other(_R_AGAIN, "urgent}", "urgent, same_limit: true}"),
    ),
    "once": ("visit", {"again-amount": ""}, [f"-{_R_AGAIN}"]),
    "for each victim": (
        "look", {"for_each": "case.victims"}, _other(_R_LOOK, "P2D}}", "P2D}, for_each: case.victims}"),
    ),
    "longer waited for": ("sign", {"wait-amount": "90"}, _other(_R_WAIT, "P60D", "P90D")),
    "something else waited for": ("sign", {"wait-when": "plan.urgent|"}, _other(_R_WAIT, "agreed", "plan.urgent")),
    "held by a gate too": ("look", {"gate": ["calm"]}, _other(_R_GATE, "[visit]", "[visit, look]")),
    "held by no gate": ("visit", {"gate": []}, ["- gates:", f"-{_R_GATE}"]),
    "not called off": ("look", {"cancel": []}, _other(_R_OVER, "[look, later]", "[later]")),
}  # fmt: skip


@pytest.mark.parametrize("change", EACH_RULE)
def test_a_rule_of_a_step_is_changed_in_its_own_line(portal: Portal, change: str) -> None:
    step, fields, lines = EACH_RULE[change]
    assert changed_lines(RULED, posted(portal, RULED, step, fields)[1]) == lines


def test_what_is_too_rich_for_the_form_of_a_rule_is_told_in_words_and_who_is_notified_by_the_ladder(
    portal: Portal,
) -> None:
    page, _ = posted(portal, RULED, "visit", {})
    assert re.search(r"Until: “agreed” is true and “Is it urgent[?]” of [^<]+ <a [^>]+>Edit it as text", page)
    assert 'value="calm" checked' in page
    assert re.search(r"<li>When it is due: the assignee \(in app, email\)", page)
    assert 'href="/definitions/ladder/standard"' in page
    assert "After 2 months, 3 months." in posted(portal, RULED, "later", {})[0]


@pytest.mark.parametrize(("step", "fields", "field"), [
    ("plan", {"warn-0": "soon"}, "warn-0"), ("plan", {"warn-0": "120%"}, "warn-0"),
    ("plan", {"early-amount": "later"}, "early-amount"), ("plan", {"again-amount": "7"}, "again-times"),
    ("plan", {"again-times": "7"}, "again-amount"), ("visit", {"again-times": "0"}, "again-times"),
    ("look", {"back-to": "look", "back-times": "2"}, "back-when"), ("review", {"back-times": "many"}, "back-times"),
    ("look", {"back-times": "2"}, "back-to"), ("sign", {"wait-when": ""}, "wait-when"),
    ("sign", {"wait-amount": "x"}, "wait-amount"),
])  # fmt: skip
def test_a_rule_that_says_too_little_is_told_at_its_field(
    portal: Portal, step: str, fields: dict[str, str | list[str] | None], field: str
) -> None:
    page, source = posted(portal, RULED, step, fields)
    assert source == RULED
    assert f'<p id="{field}-error" class="govuk-error-message">' in page
    assert not re.search(r'id="rules">', page) or field.startswith("warn")
    assert {name: form_of_step(page)[name] for name in fields} == {name: [value] for name, value in fields.items()}


@pytest.mark.parametrize(("fields", "field", "sentence"), [
    ({"amount-0": "two"}, "amount-0", "Write a whole number, such as 2."),
    ({"amount-0": "-2"}, "amount-0", "Write a whole number, such as 2."),
    ({"amount-0": "2", "unit-0": "PT{}X"}, "amount-0", "Write a whole number, such as 2."),
    ({"amount-0": ""}, "amount-0",
     "Write a whole number, such as 2, or choose a limit of the law."),
    ({"number-0": "many"}, "number-0", "Write a number, such as 2 or 2.5."),
    ({"approve-amount": "soon"}, "approve-amount", "Write a whole number, such as 2."),
])  # fmt: skip
def test_a_wrong_amount_is_told_at_its_field_and_takes_nothing_away(
    portal: Portal, fields: dict[str, str | list[str] | None], field: str, sentence: str
) -> None:
    more: dict[str, str | list[str] | None] = {"title": "The sum", "after": ["one", "two"], "q-1-label": "Why?"}
    page, source = posted(portal, JOINING, "sum", fields | more)
    assert source == JOINING
    assert f'<p id="{field}-error" class="govuk-error-message">' in page
    assert page.count(sentence) == len(("at the top", "at the field"))
    shown = form_of_step(page)
    assert {name: shown[name] for name in (*fields, "title", "q-1-label") if "unit" not in name} == {
        name: [value]
        for name, value in (fields | {"title": "The sum", "q-1-label": "Why?"}).items()
        if "unit" not in name
    }
    assert shown["after"] == ["one", "two"]


@pytest.mark.parametrize(("text", "path"), [
    ("a: {b: 1, c: 2}\n", ("a", "b")), ("a: {b: 1, c: 2}\n", ("a", "d")), ("a: [1, 2]\n", ("a", 1)),
    ("a: [1, 2]\n", ("a", 2)), ("a: 1\n", ("a",)), ("a:\n  - {b: 1}\n", ("a", 0, "b")),
])  # fmt: skip
def test_words_with_a_comma_stay_whole_within_braces(text: str, path: tuple[str | int, ...]) -> None:
    for words in ("one, two", "[a] {b}", "x: y", "1, 2"):
        assert value_at(yaml.safe_load(with_value(text, path, words)), path) == words


@pytest.mark.parametrize(("text", "after"), [
    ("a: [1, 2, 3]\n", "a: [3, 1, 2]\n"),
    ("a:\n  - 1 # one\n  # two\n  - 2\n  - 3\nb: 1\n", "a:\n  - 3\n  - 1 # one\n  # two\n  - 2\nb: 1\n"),
    ("a:\n  # one\n  - x: 1\n    y: 2\n\n  - 2\n  # three\n  - 3",
     "a:\n  # three\n  - 3\n\n  # one\n  - x: 1\n    y: 2\n  - 2"),
])  # fmt: skip
def test_an_entry_is_moved_with_its_comments(text: str, after: str) -> None:
    assert moved(text, ("a", 2), 0) == after
    assert moved(after, ("a", 0), 2) == text


def test_a_draft_is_simulated_on_invented_reports_and_leaves_no_trace(portal: Portal) -> None:
    client = portal.as_role("partnership_manager")
    here = "/workflows/reported-concern/draft"
    sent = form_of_step(client.get(f"{here}?step=closure").text) | {"amount-0": ["3"]}
    client.post(here, data=sent)
    before = kept(portal)
    page = client.get(f"{here}/simulation")
    assert "Triage and risk score" in page.text
    others = [client.get(f"{here}/simulation?case={number}").text for number in range(2, 7)]
    assert any("days after the report" in one for one in others), "of those that close"
    assert others[0] != page.text
    assert client.get(f"{here}/simulation").text == page.text
    told = "".join(re.findall(r'<ol class="icmc-timeline".*?</ol>', "".join((page.text, *others)), re.DOTALL))
    assert "Due: " in told
    assert not re.search(r"UTC|\b[a-z]+_[a-z_]+\b", re.sub("<[^>]+>", "", told)), "days as people read them, no keys"
    found = compared(client, f"{here}/comparison?cases=20")
    assert "The same 20 invented cases in both" in found
    sooner = found.partition(">Sooner</h2>")[2].partition("</section>")[0]
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in sooner
    assert '<th scope="row">Decide that nothing more is to be done</th>' in sooner
    assert found.count("<svg xmlns") == found.count("The table says the same in numbers"), "a table for each chart"
    assert {"Limits missed", "Never taken", "Cases that close"} <= set(re.findall(r">([^<>]+)</", found))
    assert rows_of(found, "One person gets a day").keys() == {"By e-mail", "In the portal", "Critical, at once"}
    steps = rows_of(found, "Step")
    assert float(steps["Triage and risk score"][1]) > 0
    assert int(steps["Triage and risk score"][0]) >= 20
    assert not any(re.search(r"\w\.\w", step) for step in steps), "each by its title"
    assert kept(portal) == before
    client.post(here, data={"action": "discard"})
    for page in ("simulation", "comparison?cases=20"):
        assert portal.as_role("caseworker").get(f"{here}/{page}").status_code == 403


def test_a_comparison_with_the_staff_that_there_is_shows_how_far_it_has_come_and_is_stopped(portal: Portal) -> None:
    client = portal.as_role("partnership_manager")
    asked = f"{PAGE}/comparison?cases=1000&a_week=50&effort=2&people-caseworker=1&hours-caseworker=40"
    page = client.get(asked)
    assert page.headers["Refresh"] == "3"
    assert '<progress max="1000"' in page.text
    found = compared(client, unescape(re.findall(r'href="([^"]*)">Stop here', page.text)[0]), at=f"{PAGE}/comparison")
    assert "It was stopped after" in found
    assert "With these people" in found
    assert '<th scope="row">Caseworker</th>' in found
    assert 'value="50"' in found
    refused = client.get(f"{PAGE}/comparison?cases=21&people-caseworker=some")
    assert refused.status_code == 422
    assert {"Choose how many cases.", "Type a number above 0, and at most 1000."} <= set(
        re.findall(r"</span> ([^<]*)</p>", refused.text)
    )
    assert 'value="some"' in refused.text


def test_a_draft_is_simulated_on_the_report_that_somebody_describes(portal: Portal) -> None:
    client = portal.as_role("partnership_manager")
    here = "/workflows/child-labour/draft"
    sent = form_of_step(client.get(f"{here}?step=closure").text) | {"amount-0": ["3"]}
    client.post(here, data=sent)

    def simulated(asked: str) -> str:
        return client.get(f"{here}/simulation?case=3&{asked}").text

    asked = form_of_select(drawn := simulated(""))
    assert {"answer-concern", "victims"} <= asked.keys(), "what the workflow decides on"
    assert "answer-channel" not in asked, "how it came decides nothing"
    assert re.search(r"By what runs, version \d+, it (closes|stays open)", drawn)
    taken = "answer-concern=child_labour&answer-is_child_suspected=yes"
    three, none = simulated(f"{taken}&victims=3"), simulated(f"{taken}&victims=0")
    assert form_of_select(three) == asked | {"answer-concern": "child_labour", "victims": "3"} | {
        "answer-is_child_suspected": "yes"
    }
    steps = [re.findall(r"<strong>([^<]*)</strong>: ", one) for one in (three, none)]
    assert len(steps[0]) > len(steps[1]), "each person has steps of their own"
    assert "does not open by itself" not in three
    assert "does not open by itself" in simulated("answer-concern=coming_home&victims=1")
    assert form_of_select(simulated("answer-concern=nonsense&victims=1000&place=XX")) == asked
    client.post(here, data={"action": "discard"})


def form_of_select(page: str) -> dict[str, str]:
    """Return what is chosen in each list of a page."""
    lists = re.findall(r'<select[^>]* name="([^"]*)"', page)
    first = r'<select[^>]* name="([^"]*)"(?:(?!</select>).)*?<option value="([^"]*)" selected'
    chosen = re.findall(first, page, re.DOTALL)
    return dict.fromkeys(lists, "") | dict(chosen)


def test_a_new_workflow_shows_its_own_figures_and_is_not_compared_with_itself(portal: Portal) -> None:
    client = portal.as_role("partnership_manager")
    client.post("/workflows/new", data={"action": "begin", "title": "Flood", "base": "reported-concern"})
    assert "Simulate many cases" in client.get("/workflows/flood/draft").text
    found = compared(client, "/workflows/flood/draft/comparison?cases=20&people-case_manager=1&hours-case_manager=1")
    assert "version 0" not in found
    assert "With people enough" in found
    steps = rows_of(found, "Step")
    assert any(waited[:1].isdigit() and float(waited) > 0 for *_, waited in steps.values()), "they wait for one person"
    alone = compared(client, "/workflows/flood/draft/comparison?cases=20")
    assert {"version 0", "What runs", "Nothing differs"}.isdisjoint(
        re.findall("version 0|What runs|Nothing differs", alone)
    )
    assert len(rows_of(alone, "All cases")["Cases that close"]) == 1
    client.post("/workflows/flood/draft", data={"action": "discard"})


def marks(page: str) -> list[tuple[str, str]]:
    """Return each row of the picture that is marked: how, and its title."""
    found = re.findall(r'icmc-mark--\w+">(\w+)</strong><(?:a|strong)[^>]*>([^<]*)<', page)
    return [(how, unescape(title)) for how, title in found]


def rows_of(page: str, head: str) -> dict[str, list[str]]:
    """Return the lines of the table whose first column has this head: name and cells."""
    table = page.partition(f'<th scope="col">{head}</th>')[2].partition("</table>")[0]
    rows = (re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", one) for one in table.split("<tr>")[1:])
    return {unescape(name): cells for name, *cells in rows}


def compared(client: TestClient, path: str, *, at: str = "") -> str:
    """Look at a comparison until it is over, as a browser does."""
    page = client.get(at + path)
    while "Refresh" in page.headers:
        page = client.get(at + path)
    assert page.status_code == 200
    return page.text


def kept(portal: Portal) -> list[object]:
    """Count the rows of every table."""
    names = [one["tablename"] for one in portal.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    return [(name, portal.rows(f'SELECT count(*) FROM "{name}"')) for name in sorted(names)]


def test_only_who_may_publish_has_drafts_and_a_text_that_cannot_be_read_is_said_so(portal: Portal) -> None:
    assert portal.as_role("caseworker").get(PAGE).status_code == 403
    assert portal.as_role("caseworker").post(PAGE, data={"action": "undo"}).status_code == 403
    client, viewer = portal.as_role("partnership_manager"), portal.people["partnership_manager"]
    save_draft(portal.engine, "workflow", NAME, "workflow: [", viewer=viewer)
    page = client.get(PAGE).text
    assert "cannot be read as it stands" in page
    assert "Mend the text first" in client.post(PAGE, data={"action": "step", "step": "school"}).text
    assert client.post(PAGE, data={"action": "propose"}).status_code == 422
    client.post(PAGE, data={"action": "discard"})


def sentences(page: str, after: str = "What this draft changes") -> list[str]:
    shown = page.partition(after)[2].partition("</ul>")[0]
    return [unescape(re.sub("<[^>]+>", "", one)).removeprefix("Look: ") for one in re.findall(r"<li.*?</li>", shown)]


def losses(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'icmc-loss"><strong>Look: </strong>([^<]*)</li>', page)]


def test_a_ladder_is_changed_level_by_level(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), "/definitions/ladder/critical/draft"
    before = portal.engine.ask_all(definition, "ladder", "critical", None).source

    def lines() -> list[str]:
        draft = open_draft(portal.engine, "ladder", "critical", viewer=portal.people["case_manager"])
        return changed_lines(before, draft.source)

    page = client.get(here).text
    for form in forms_of_levels(page):
        client.post(here, data=form | {"action": ["level"]})
    assert lines() == []
    second = forms_of_levels(page)[1]
    page = client.post(
        here, data=second | {"action": ["level"], "amount": ["45"], "recipient": ["role:case_manager"]}
    ).text
    assert lines() == [
        "-     after: PT30M", "+     after: PT45M", "-     to: supervisor", "+     to: {role: case_manager}",
    ]  # fmt: skip
    assert "The escalation to the supervisor (30 minutes after it was due) is gone." in losses(page)
    client.post(here, data={"action": "undo"})
    page = client.post(here, data={"action": "remove", "level": "2"}).text
    assert losses(page) == ["The escalation to the supervisor (30 minutes after it was due) is gone."]
    assert "levels-out-of-order" not in page
    client.post(here, data={"action": "discard"})
    added = {
        "action": "add",
        "amount": "6",
        "unit": "PT{}H",
        "side": "after",
        "recipient": "person:on_call",
        "channel": "sms",
    }
    client.post(here, data=added)
    assert lines() == [
        "-     last_resort: true", "+   - {level: 5, after: PT6H, to: on_call, channels: [sms], last_resort: true}",
    ]  # fmt: skip
    client.post(here, data={"action": "undo"})
    client.post(here, data=second | {"action": ["level"], "amount": ["20"]})
    address = client.post(here, data={"action": "propose"}).url.path
    assert client.post(address, data={"answer": "yes"}).status_code == 422
    portal.as_role("nodal_officer").post(address, data={"answer": "yes"})
    assert str(portal.engine.library().ladders["critical"].levels[1].after) == "PT20M"
    assert portal.as_role("caseworker").get(here).status_code == 403


def test_the_picture_says_how_long_the_law_gives_and_names_no_id_of_a_limit(portal: Portal) -> None:
    page = portal.as_role("caseworker").get("/workflows/child-labour").text
    rows = page.partition('class="icmc-flow__steps"')[2].partition("</ol>")[0]
    said = dict(re.findall(r'#step"[^>]*>([^<]+)</a> <span class="icmc-flow__said">([^<]*)', rows))
    assert said["Produce before authority"].startswith("within 24 hours by the law pack")
    assert said["Make the acknowledgement slip"] == "Automatic"
    assert not re.search(r"\bIN-[A-Z]", rows)
    beside = portal.as_role("case_manager").get("/workflows/child-labour?step=production").text
    assert "Within 24 hours by the law pack" in beside
    shown = re.sub(r"(?s)<option.*?</option>|<pre.*?</pre>", "", beside)
    assert not re.search(r"the limit IN-[A-Z]", shown)


def test_a_workflow_begins_with_one_step_and_who_agrees_sees_all_of_it(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    offered = client.get("/workflows/new").text
    assert "None: begin with one step, and add the others" in offered
    begun = client.post("/workflows/new", data={"action": "begin", "title": "From nothing: a start", "base": "-"})
    here = "/workflows/from-nothing-a-start/draft"
    assert begun.url.path == here
    assert '<option value="first" selected>' in begun.text, "the next step is proposed after the only one"
    client.post(here, data={"action": "add", "uses": "core.ask", "add_title": "Call again", "add_after": "first"})
    assert '?after=call_again">Close</a>' in client.get(f"{here}?step=call_again").text
    assert '<option value="call_again" selected>' in client.get(f"{here}?after=call_again").text
    draft = open_draft(portal.engine, "workflow", "from-nothing-a-start", viewer=portal.people["case_manager"])
    assert draft.loaded
    assert draft.loaded.workflow
    assert not [one for one in draft.findings if one.severity is Severity.ERROR]
    workflow = draft.loaded.workflow
    assert (workflow.title, workflow.start.on, [*workflow.steps]) == (
        "From nothing: a start", "hand", ["first", "call_again"],
    )  # fmt: skip
    asked = client.post(here, data={"action": "propose"})
    seen = portal.as_role("nodal_officer").get(asked.url.path).text
    assert "A new definition" in seen
    for step in ("The first step", "Call again"):
        assert step in seen.partition('class="icmc-flow__steps"')[2].partition("</ol>")[0]
    assert "icmc-flow__step--same" not in seen
    agree(portal)
    assert "It does not open by itself" in client.get("/workflows/from-nothing-a-start").text


def test_what_a_step_can_do_is_offered_by_pillar_without_internal_names(portal: Portal) -> None:
    page = portal.as_role("case_manager").get("/workflows/missing-child/draft").text
    offered = page.partition('name="uses"')[2].partition("</select>")[0]
    groups = re.findall(r'<optgroup label="([^"]+)">', offered)
    assert groups[0] == "Steps for every workflow"
    assert groups[1:] == sorted(groups[1:])
    titles = re.findall(r"<option[^>]*>([^<]+)</option>", offered)
    assert len(titles) == len(portal.engine.catalogue.keys()) + len(("Choose",))
    assert not [one for one in titles if re.search(r"\w\.\w", one)]


def test_a_new_ladder_is_begun_level_by_level_and_published_by_another(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    page = client.get("/workflows").text
    assert 'href="/ladders/new"' in page
    level = {"side": "after", "unit": "PT{}M", "channel": ["in_app", "sms"]}
    first = level | {"title": "Help in the night", "amount": "7", "recipient": "person:assignee"}
    first |= {"tick": ["needs_acknowledgement", "at_once"]}
    assert "Write what it is for" in client.post("/ladders/new", data=first | {"title": ""}).text
    assert "There is already a ladder critical" in client.post("/ladders/new", data=first | {"title": "Critical"}).text
    begun = client.post("/ladders/new", data=first)
    here = "/definitions/ladder/help-in-the-night/draft"
    assert begun.url.path == here
    for amount, recipient in (("19", "person:supervisor"), ("41", "role:nodal_officer")):
        client.post(here, data=level | {"action": "add", "amount": amount, "recipient": recipient})
    assert client.get("/definitions/ladder/help-in-the-night/edit").status_code == 200
    assert f'href="{here}"' in client.get("/workflows").text
    asked = client.post(here, data={"action": "propose"})
    assert "waiting for a second person" in asked.text
    assert client.post(asked.url.path, data={"answer": "yes"}).status_code == 422
    seen = portal.as_role("nodal_officer").get(asked.url.path).text
    assert re.findall(r"<li>(\d+ minutes after it was due: [^(<]+)", seen) == [
        "7 minutes after it was due: the assignee ", "19 minutes after it was due: the supervisor ",
        "41 minutes after it was due: the nodal officer of the unit ",
    ]  # fmt: skip
    agree(portal)
    ladder = portal.engine.library().ladders["help-in-the-night"]
    said = [(str(one.after), one.to.in_words(), one.last_resort) for one in ladder.levels]
    assert said == [
        ("PT7M", "the assignee", False), ("PT19M", "the supervisor", False),
        ("PT41M", "the nodal officer of the unit", True),
    ]  # fmt: skip
    assert [(one.needs_acknowledgement, one.at_once) for one in ladder.levels] == [(True, True), *[(False, False)] * 2]
    client.post(here, data=first | {"action": "level", "level": "1", "tick": ["at_once", "reassign"]})
    assert "at_once: true, reassign: true" in client.get("/definitions/ladder/help-in-the-night/edit").text
    client.post("/ladders/new", data=first | {"title": "Never mind"})
    gone = client.post("/definitions/ladder/never-mind/draft", data={"action": "discard"})
    assert gone.url.path == "/workflows"
    assert portal.as_role("caseworker").get("/ladders/new").status_code == 403
    assert portal.as_role("caseworker").post("/ladders/new", data=first).status_code == 403


def test_a_new_ladder_begins_as_a_copy_of_another(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    assert '<option value="critical">' in client.get("/ladders/new").text
    asked = {"title": "Critical at sea", "amount": "7", "unit": "PT{}M", "recipient": "person:assignee"}
    assert "Choose a ladder of the list" in client.post("/ladders/new", data=asked | {"base": "none-such"}).text
    client.post("/ladders/new", data=asked | {"base": "critical"})
    viewer = portal.people["case_manager"]
    source = open_draft(portal.engine, "ladder", "critical-at-sea", viewer=viewer).source
    kept = portal.engine.ask_all(definition, "ladder", "critical", None).source
    changed = {line[2:].partition(":")[0] for line in changed_lines(kept, source)}
    assert {"ladder", "title"} <= changed <= {"ladder", "title", "version"}


def test_how_soon_a_level_is_to_be_acknowledged_is_changed_and_nonsense_is_told_at_its_field(portal: Portal) -> None:
    client, viewer = portal.as_role("case_manager"), portal.people["case_manager"]
    asked = {"title": "Who answers", "amount": "7", "unit": "PT{}M", "recipient": "person:assignee"}
    assert 'id="new-amount-error"' in client.post("/ladders/new", data=asked | {"amount": "seven"}).text
    here = client.post("/ladders/new", data=asked).url.path

    def posted_level(**changes: str) -> str:
        form = {key: values[0] for key, values in forms_of_levels(client.get(here).text)[0].items()}
        return client.post(here, data=form | changes).text

    wrong = posted_level(within="soon", tick="needs_acknowledgement")
    assert 'id="l1-within-error"' in wrong
    assert 'value="soon"' in wrong
    assert 'id="l1-amount-error"' in posted_level(amount="x")
    for within, written in (("30", "PT30M"), ("", None)):
        posted_level(within=within, within_unit="PT{}M", tick="needs_acknowledgement")
        (level,) = yaml.safe_load(open_draft(portal.engine, "ladder", "who-answers", viewer=viewer).source)["levels"]
        assert (level["needs_acknowledgement"], level.get("acknowledge_within")) == (True, written)


def test_the_text_of_a_ladder_is_a_draft_that_is_saved_undone_and_discarded(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), "/definitions/ladder/standard/edit"
    source = portal.engine.ask_all(definition, "ladder", "standard", None).source
    changed = source.replace("level: 2", "level: 2 # next", 1)
    assert "Undo the last change" not in client.get(here).text
    client.post(here, data={"action": "preview", "source": changed})
    client.post(here, data={"action": "preview", "source": changed.replace("level: 2", "level: two", 1)})
    broken = client.get(here).text
    assert "level: two" in broken
    assert "cannot be read as it stands" in broken
    client.post(here, data={"action": "undo"})
    assert "# next" in client.get(here).text
    client.post(here, data={"action": "discard"})
    assert "# next" not in client.get(here).text


def forms_of_levels(page: str) -> list[dict[str, list[str]]]:
    reader = _Fields()
    reader.feed(page)
    found = []
    for fields in reader.forms:
        if any(name == "level" for name, _ in fields):
            form: dict[str, list[str]] = {}
            for name, value in fields:
                form.setdefault(name, []).append(value)
            found.append(form)
    return found
