"""Diagrams show lanes, choices, gates and limits, can be read without colour, and carry nobody's markup."""

import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from engine.language.diagram import INK, Drawing, Node, Shape, colour_of, draw, to_dot, to_mermaid
from engine.language.extends import load_workflow_text
from engine.language.lanes import acts_in_words, in_lanes, step_in_words
from engine.language.names import in_plain_words, in_running_words
from engine.language.telling import in_english
from engine.language.words import WorkflowWords
from engine.language.workflow import StepSpec, Workflow
from engine.machine import dot_to_svg
from engine.plugin.registry import RegistryCatalogue
from tests.kit.shipped import CASES, library, registry, shipped
from tests.language.step_types import CATALOGUE, shout
from tests.language.test_lint_workflows import EXAMPLE

SVG = "{http://www.w3.org/2000/svg}"
PILLARS = (
    "partnership", "prevention", "protection", "policing", "press", "prosecution", "reporting", "rescue",
    "rehabilitation", "repatriation", "reintegration", "restitution",
)  # fmt: skip
CHOICES = """\
workflow: w
version: 1
title: Choices
steps:
  triage: {uses: reporting.triage, time: {limit: P1D, on_breach: late}}
  go: {uses: rescue.execute}
  stay: {uses: protection.safety, discretionary: true}
  late: {uses: other.thing}
  last: {uses: reporting.dedupe, after: {any: [go, stay]}, approve: {role: supervisor}}
choices:
  way: {after: triage, branches: [{when: 'triage.decision == "rescue"', to: go}], default: stay}
"""
EVIL = '"];x[label="</title><script>alert(1)</script>&lt;\\N\\" end `click` -->|x| #quot; ]) %%{init'


def _workflow(text: str = EXAMPLE) -> Workflow:
    workflow, findings = load_workflow_text(text, file="w.yaml", library=lambda _: None)
    assert workflow is not None, findings
    return workflow


def _svg(workflow: Workflow) -> ET.Element:
    return ET.fromstring(dot_to_svg(to_dot(workflow, CATALOGUE), title=workflow.title))  # noqa: S314 - we drew it


def _texts(svg: ET.Element) -> list[str]:
    return [found.text or "" for found in svg.iter(f"{SVG}text")]


def test_every_step_stands_in_the_lane_of_its_pillar() -> None:
    ids = [found.get("id") for found in _svg(_workflow()).iter(f"{SVG}g")]
    assert {"lane-reporting", "lane-rescue", "lane-protection", "lane-repatriation", "lane-reintegration"} <= set(ids)
    assert {f"step-{key}" for key in _workflow().steps} <= set(ids)


def test_limits_conditions_gates_and_repetitions_are_in_words() -> None:
    shown = " ".join(_texts(_svg(_workflow())))
    for words in (
        "within 48 hours, with the ladder “critical”", "the limit IN-JJ-PROD-24H", "for each of victims",
        "again every 1 month", "decision of “Triage” is answered and", "Holds back “Handover”",
    ):  # fmt: skip
        assert words in shown


def test_a_limit_from_a_named_start_is_told_once_in_the_picture_and_beside_the_step() -> None:
    starts = "starts:\n  out: {any: [go, stay]}\n"
    workflow = _workflow(starts + CHOICES.replace("{any: [go, stay]}", "out, time: {limit: PT6H, from: out}", 1))
    assert len(workflow.steps["last"].time) > 1, "it is written out when it is read"
    [said] = dict(step_in_words(workflow, "last", CATALOGUE))["How long"]
    [drawn] = [
        line for node in draw(workflow, CATALOGUE).nodes if node.id == "step-last" for line in node.lines
        if "within 6 hours" in line
    ]  # fmt: skip
    assert said.lower() == drawn.lower()
    assert "or else" in said


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.yaml")))
def test_no_step_of_a_shipped_workflow_names_a_limit_of_the_law_by_its_id(name: str) -> None:
    workflow, catalogue = shipped(name).workflow, RegistryCatalogue(registry())
    laws = library().law_words(date(2026, 3, 10))
    said = [str(step_in_words(workflow, key, catalogue, laws)) for key in workflow.steps]
    said += acts_in_words(workflow, catalogue, laws)
    said += (str(node.lines) for node in draw(workflow, catalogue, laws).nodes)
    said += (str(row.said) for row in in_lanes(workflow, catalogue, laws=laws).rows)
    assert not [one for one in said if re.search(r"\b(IN|NP|BD|MM|INT)-[A-Z]", one)]


def test_a_lane_for_the_steps_of_every_workflow_is_not_called_by_an_inner_name() -> None:
    asked = _workflow(CHOICES.replace("other.thing", "core.ask"))
    assert ">General</text>" in in_lanes(asked, CATALOGUE).svg
    assert {"General", "Reporting"} <= set(_texts(_svg(asked)))
    assert '"General"' in to_mermaid(asked, CATALOGUE)


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.yaml")))
def test_no_picture_of_a_shipped_workflow_shows_a_condition_or_a_key_as_the_file_has_them(name: str) -> None:
    drawing = draw(shipped(name).workflow, RegistryCatalogue(registry()))
    said = [*drawing.names.values(), *(line for node in drawing.nodes for line in node.lines)]
    said += [edge.label for edge in drawing.edges]
    assert not [one for one in said if re.search(r"[a-z]_[a-z]|==|!=|&&|\|\||\bhas\(|\bPT?\d", one)]
    assert len(set(drawing.names.values())) == len(drawing.nodes)


def test_nodes_of_one_title_are_told_apart_by_the_first_number_that_no_other_bears() -> None:
    titles = ("Visit", "Visit (2)", "Visit", "Visit", "Visit (2)")
    nodes = tuple(Node(f"step-{place}", title, Shape.STEP) for place, title in enumerate(titles))
    names = Drawing("w", "W", nodes, ()).names
    assert [names[node.id] for node in nodes] == ["Visit", "Visit (2)", "Visit (3)", "Visit (4)", "Visit (2) (2)"]


def test_what_an_answer_brings_stands_in_the_picture_and_beside_the_step_in_words() -> None:
    own = (
        "ask: {uses: rescue.execute, title: Ask again, when: 'this.outcome == \"done\"', limit: PT6H, ladder: critical}"
    )
    text = CHOICES.replace("go: {uses: rescue.execute}", f"go: {{uses: rescue.execute, follow_ups: {{{own}}}}}")
    assert "can bring: Ask again" in " ".join(_texts(_svg(_workflow(text))))
    said = dict(step_in_words(_workflow(text), "go", CATALOGUE))["Can bring later"]
    assert said == ("“Ask again”: if outcome is “done”, within 6 hours, with the ladder “critical”",)
    [row] = [one for one in in_lanes(_workflow(text), CATALOGUE).rows if one.key == "go"]
    assert "can bring more steps" in row.said
    for opens, words in (("P0D", "opens on that day"), ("P7D", "opens 7 days before")):
        early = text.replace("limit: PT6H", f"due: told, opens_before: {opens}")
        [said] = dict(step_in_words(_workflow(early), "go", CATALOGUE))["Can bring later"]
        assert said == f"“Ask again”: if outcome is “done”, by told, {words}, with the ladder “critical”"


def test_nothing_in_the_words_and_pictures_of_a_shipped_workflow_is_said_past_the_reader() -> None:
    """Whoever reads another language meets every word in it, but codes of the law, and what no catalogue can know."""
    catalogue, laws = RegistryCatalogue(registry()), library().law_words(date(2026, 3, 10), shout)
    for name in sorted(path.stem for path in CASES.glob("*.yaml")):
        workflow = shipped(name).workflow
        drawing = draw(workflow, catalogue, laws, tell=shout)
        rows = in_lanes(workflow, catalogue, laws=laws, tell=shout).rows
        steps = [step_in_words(workflow, key, catalogue, laws, tell=shout) for key in workflow.steps]
        said = [drawing.title, *drawing.titles.values(), *(edge.label for edge in drawing.edges)]
        said += [words for node in drawing.nodes for words in (node.title, *node.lines)]
        said += [words for row in rows for words in (row.node.title, *row.said)]
        said += [words for step in steps for _, some in step for words in some]
        said += acts_in_words(workflow, catalogue, laws, tell=shout)
        assert [words for words in said if re.search("[a-z]{2}", words)] == []


def test_a_follow_up_names_questions_in_the_readers_words_and_nothing_by_its_id() -> None:
    catalogue = RegistryCatalogue(registry())
    words, shouted = WorkflowWords({}, catalogue), WorkflowWords({}, catalogue, tell=shout)
    known = [(uses, one) for uses, kind in registry().step_types.items() for one in kind.follow_ups.values()]
    ids = {in_plain_words(name) for _, one in known for name in one.moments}

    def bare(message: str, /, **values: object) -> str:
        return in_english(message, **values) if values or message in ids else "…"

    told = WorkflowWords({}, catalogue, tell=bare)
    said_of = ((told.follow_up(one.model_copy(update={"when": None}), told.asked(uses)), one) for uses, one in known)
    found = [(said.replace("opens at", ""), in_running_words(name)) for said, one in said_of for name in one.moments]
    assert [said for said, name in found if name in said] == []
    grant = registry().step_types["restitution.wages"].follow_ups["first_help_paid"]
    first = "When was the first help (up to 30,000 rupees) paid?"
    said = "“{0}”: if “{1}” is not answered, by a time worked out from the answers, opens on that day"
    for teller, tell in ((words, str), (shouted, str.upper)):
        sentence = teller.follow_up(grant, teller.asked("restitution.wages"))
        assert sentence.startswith(tell(said.format("Was the first help paid in cash?", first)))
    asks = "uses: rescue.execute, questions: [{id: told, type: date, label: When told?}]"
    own = "uses: rescue.execute}", f"{asks}, follow_ups: {{ask: {{uses: rescue.execute, title: Again, due: told}}}}}}"
    [later] = [
        value for key, value in step_in_words(_workflow(CHOICES.replace(*own, 1)), "go", CATALOGUE) if "later" in key
    ]
    assert later == ("“Again”: by the time given in “When told?”, with the ladder “standard”",)


@pytest.mark.parametrize(("step", "heading", "words"), [
    ("refusal", "Only when", "“Did the police refuse to register it?” of “FIR or Zero FIR” is true"),
    ("chargesheet", "How long", "Counted from “the police registered it only after a refusal, or a signature”"),
    ("fir", "How long", "where “only a talk with the person shows whether there was a crime” is true"),
    ("journey", "Held back", "“Is it safe to go home?” of “Home report, for a child”"),
    ("fir", "Can bring later", "Ends “Sign the electronic report at the station: else it is not registered”"),
])  # fmt: skip
def test_questions_facts_and_what_ends_are_named_as_people_read_them(step: str, heading: str, words: str) -> None:
    said = dict(step_in_words(shipped("bonded-labour").workflow, step, RegistryCatalogue(registry())))
    assert words.lower() in " ".join(said.get(heading, ())).lower()


def test_a_report_is_asked_in_the_words_of_its_form_and_what_nobody_is_asked_by_its_name() -> None:
    words = WorkflowWords({"facts": {"told": {}}}, RegistryCatalogue(registry()))
    assert words.condition("!report.is_child_suspected") == "the report's “Could the person be under 18?” is false"
    assert words.condition("told") == "“told” is true"
    assert WorkflowWords({}, None).condition("report.is_child_suspected") == "the report's child suspected is true"


def test_a_gate_is_drawn_by_what_it_holds_back_and_not_by_its_name() -> None:
    drawing = draw(shipped("bonded-labour").workflow, RegistryCatalogue(registry()))
    [gate] = [node for node in drawing.nodes if node.id == "gate-home-that-is-safe"]
    assert gate.title == "Holds back “The way home, for whoever wants to go”"
    assert gate.lines[0].startswith("A home report calls the home unsafe.")
    several = draw(shipped("forced-scamming").workflow, RegistryCatalogue(registry()))
    [title] = [node.title for node in several.nodes if node.id == "gate-no-road-back-against-fear"]
    assert title == "Holds back “Travel papers and escort”, and 2 more"


def test_what_differs_from_another_version_is_marked_and_what_is_gone_stands_where_it_was() -> None:
    old, text = (
        _workflow(CHOICES),
        CHOICES.replace("  late: {uses: other.thing}\n", "").replace(", on_breach: late", ""),
    )
    new = _workflow(text.replace("approve: {role", "title: Closing, approve: {role") + "gates:\n  wait: {until: "
                    "'triage.outcome == \"done\"', holds: go, reason: Not yet}\n")  # fmt: skip
    lanes = in_lanes(new, CATALOGUE, before=old)
    marks = {row.node.id: row.mark for row in lanes.rows if row.mark}
    assert marks == {"gate-wait": "new", "step-triage": "changed", "step-last": "changed", "step-late": "gone"}
    assert lanes.marked == {"new": 1, "changed": 2, "gone": 1}
    kept = [
        [row.node.id for row in one.rows if row.node.id != "gate-wait"] for one in (lanes, in_lanes(old, CATALOGUE))
    ]
    assert kept[0] == kept[1], "what is gone has its old place"
    signs = {"new": "+", "changed": "≠", "gone": "x"}
    assert re.findall(r">([+≠x])</text>", lanes.svg) == [signs[row.mark] for row in lanes.rows if row.mark]
    assert in_lanes(old, CATALOGUE, before=old).rows == in_lanes(old, CATALOGUE).rows, "nothing differs from itself"
    changed = CHOICES + "follow_ups:\n  rescue.execute: {more: {uses: other.thing, limit: P1D}}\n"
    assert [row.key for row in in_lanes(_workflow(changed), CATALOGUE, before=old).rows if row.mark] == ["go"]


def test_what_calls_a_step_off_and_what_ends_the_case_at_once_stands_in_the_picture_in_words() -> None:
    off = "cancels:\n  enough: {when: 'triage.outcome == \"not_needed\"', steps: [go]}\n"
    workflow = _workflow(CHOICES + off + "close: {abort: 'triage.outcome == \"refused_by_person\"'}\n")
    lines = {node.id: node.lines for node in draw(workflow, CATALOGUE).nodes}
    assert "cancelled if outcome of “Triage” is “not needed”" in lines["step-go"]
    assert [line for line in lines["step-stay"] if "cancelled" in line] == []
    [said] = lines["closed"]
    assert said == "at once, with all that is open cancelled, if outcome of “Triage” is “refused by person”"
    assert dict(step_in_words(workflow, "go", CATALOGUE))["Cancelled"] == ("If outcome of “Triage” is “not needed”.",)


def test_a_follow_up_that_the_workflow_does_without_is_not_in_the_picture() -> None:
    fir = shipped("trafficking-base").workflow.steps["fir"]
    without = fir.model_copy(update={"follow_ups": {**fir.follow_ups, "pocso_report": None}})
    both = [_line(fir), _line(without)]
    assert ["POCSO: have the police told" in one for one in both] == [True, False]


def _line(step: StepSpec) -> str:
    workflow = shipped("trafficking-base").workflow
    changed = workflow.model_copy(update={"steps": {**workflow.steps, "fir": step}})
    return next(one for one in to_mermaid(changed, RegistryCatalogue(registry())).splitlines() if "step_fir(" in one)


def test_nodes_have_titles_for_screen_readers() -> None:
    svg = _svg(_workflow())
    titles = {found.text for found in svg.iter(f"{SVG}title")}
    assert {"Triage", "rescue", "Child in domestic labour"} <= titles
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "Child in domestic labour")


def test_choices_breaches_and_optional_steps_are_told_apart_without_colour() -> None:
    dot = to_dot(_workflow(CHOICES), CATALOGUE)
    assert re.search(r'"way" .*shape=diamond', dot)
    assert '"way" -> "Execute" [label="if decision of “Triage” is\\n“rescue”"]' in dot
    assert '"way" -> "Safety" [label="otherwise"]' in dot
    assert '"Triage" -> "Late" [label="when too late", style=dotted' in dot
    assert re.search(r'id="step-stay", shape=box, style="rounded,filled,dashed"', dot)
    assert "waits for any one before it" in dot
    assert "approved by Supervisor" in dot
    mermaid = to_mermaid(_workflow(CHOICES), CATALOGUE)
    assert "choice_way --> step_go" not in mermaid
    assert 'choice_way -->|"if decision of “Triage” is “rescue”"| step_go' in mermaid
    assert "step_triage -.->" in mermaid


def test_a_gate_stands_between_a_step_and_what_comes_before_it() -> None:
    dot = to_dot(_workflow())
    assert '"Decision" -> "Holds back “Handover”"' in dot
    assert '"Holds back “Handover”" -> "Handover"' in dot
    assert '"Decision" -> "Handover"' not in dot


def test_what_people_wrote_stays_text() -> None:
    plain = _workflow()
    evil = plain.model_copy(
        update={
            "title": EVIL,
            "steps": {**plain.steps, "intake": plain.steps["intake"].model_copy(update={"title": EVIL})},
        }
    )
    svg = _svg(evil)
    assert not list(svg.iter(f"{SVG}script"))
    assert svg.get("aria-label") == EVIL
    assert EVIL.replace(" ", "") in "".join(_texts(svg)).replace("\N{NO-BREAK SPACE}", " ").replace(" ", "")
    mermaid = to_mermaid(evil)
    assert "<script" not in mermaid
    assert "`" not in mermaid
    assert "%%" not in mermaid


def test_a_drawing_has_no_script_no_outside_font_and_no_link() -> None:
    text = dot_to_svg(to_dot(_workflow(), CATALOGUE), title="T")
    assert not re.search(r"<script|<style|<a |href=|url\(|<image|<\?xml|<!DOCTYPE|<!--", text)


@pytest.mark.parametrize("pillar", [*PILLARS, "elsewhere"])
def test_colours_keep_their_contrast(pillar: str) -> None:
    colour = colour_of(pillar)
    assert _contrast(INK, colour.fill) >= 7
    assert _contrast(colour.border, "#ffffff") >= 4.5
    assert _contrast(colour.border, colour.fill) >= 3


def test_every_pillar_has_a_colour_of_its_own() -> None:
    assert len({colour_of(pillar).fill for pillar in PILLARS}) == len(PILLARS)


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
