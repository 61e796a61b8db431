"""What a workflow says beside its steps is changed by forms: in its own lines, in words, refused where it is used."""

import re
from collections.abc import Mapping
from html import unescape

import pytest

from engine.definitions.actions.drafts import open_draft, save_draft
from engine.definitions.actions.proposals import propose_definition
from engine.definitions.actions.publish import publish_shipped
from engine.definitions.views import definition
from engine.language.changes import changes_in_words, name_changes
from engine.language.used_names import renamed
from engine.language.yaml_files import read_yaml
from tests.definitions.test_studio import NAME, changed_lines, form_of_step, form_with, sentences
from tests.kit.portal import Portal

pytestmark = pytest.mark.long

PARTS = """workflow: parts
version: 1
title: A workflow with parts
case_type: trafficking
start: {on: hand}
conditions:  # what we call so
  # nobody rules it out
  urgent: talk.is_alone  # by the first talk
  calm: '!urgent'
  far: 'talk.is_alone && (talk.language == "bn" || talk.outcome == "done")'
starts:
  met: {any: [talk, visit]}  # whichever was
facts:  # known of the case
  # whoever tells us
  met_before: {type: bool, default: false, title: "they met before"}  # by us
  mood: {type: choice, choices: [calm, not_asked, upset], title: "how they are"}
  count: {type: number, default: 2}
steps:
  talk:
    uses: core.note
    sets: {met_before: talk.is_alone}  # at once
    time: {from: start, limit: P2D}
    questions:
      - {id: is_alone, type: bool, label: Is the person alone?}
      - {id: language, type: choice, label: Which language?, choices: {bn: Bengali, ne: Nepali}}
  visit: {uses: core.note, title: A visit, after: talk, when: urgent, time: {limit: P3D}}
  # once we met
  plan: {uses: core.note, title: A plan, after: met, when: calm || far, time: {from: met, limit: P4D}}
  later: {uses: core.note, title: Later, after: plan, when: 'mood == "calm"', time: {limit: P4D}}
gates:
  # never without it
  seen-first:
    holds: plan  # once we know
    until: urgent || talk.language == "bn"  # in her words
    reason: Nobody was seen yet.
cancels:
  told: {when: talk.language == "ne", steps: [visit, plan], undo: {visit: later}}  # undone
close: {when: all}  # in time
"""
HERE = "/workflows/parts/draft"
Sent = Mapping[str, str | list[str]]


def of_part(portal: Portal, part: str, sent: Sent, *, action: str = "part", text: str = PARTS) -> tuple[list[str], str]:
    """Send the form of a part, as `kind/name`, with fields changed; return the lines that changed, and the page."""
    client, viewer = portal.as_role("partnership_manager"), portal.people["partnership_manager"]
    save_draft(portal.engine, "workflow", "parts", text, viewer=viewer)
    kind, _, named = part.partition("/")
    given = form_with(client.get(f"{HERE}?part={kind}&named={named}").text, "part")
    given |= {name: [value] if isinstance(value, str) else value for name, value in sent.items()}
    page = client.post(HERE, data=given | {"action": action})
    assert page.status_code in {200, 422}
    draft = open_draft(portal.engine, "workflow", "parts", viewer=viewer)
    assert draft.loaded
    assert draft.loaded.workflow, "what a form writes can be read"
    return changed_lines(text, draft.source), unescape(page.text)


@pytest.mark.parametrize("part", ["conditions/urgent", "conditions/calm", "conditions/far", "starts/met",
                                  "facts/met_before", "facts/mood", "facts/count", "close",
                                  "gates/seen-first", "cancels/told"])  # fmt: skip
def test_the_form_of_a_part_sent_unchanged_changes_nothing(portal: Portal, part: str) -> None:
    assert of_part(portal, part, {})[0] == []


_MET = '   met_before: {type: bool, default: false, title: "they met before"}  # by us'
_MOOD = '   mood: {type: choice, choices: [calm, not_asked, upset], title: "how they are"}'
_SETS = "     sets: {met_before: talk.is_alone}  # at once"
_VISIT = "   visit: {uses: core.note, title: A visit, after: talk, when: urgent, time: {limit: P3D}}"
_CLOSE = " close: {when: all}  # in time"
_TOLD = '   told: {when: talk.language == "ne", steps: [visit, plan], undo: {visit: later}}  # undone'
CHANGED: Mapping[str, tuple[str, Sent, list[str]]] = {
    "a name is so where something is not so": (
        "conditions/urgent", {"test-0": "is_not"},
        ["-   urgent: talk.is_alone  # by the first talk", "+   urgent: '!talk.is_alone'  # by the first talk"],
    ),
    "a name has two lines, one of them another name": (
        "conditions/calm", {"when-0": "talk.language|ne", "test-0": "is", "when-1": "urgent|", "test-1": "is_not",
                            "when_join": "any"},
        ["-   calm: '!urgent'", '+   calm: talk.language == "ne" || !urgent'],
    ),
    "a new name": (
        "conditions", {"called": "In Bengali", "when-0": "talk.language|bn"},
        ['+   in_bengali: talk.language == "bn"'],
    ),
    "a name that a step has": (
        "conditions", {"called": "Visit", "when-0": "talk.language|bn"}, ['+   visit_2: talk.language == "bn"'],
    ),
    "another order of a start": (
        "starts/met", {"start-0": "visit", "start-1": "talk"},
        ["-   met: {any: [talk, visit]}  # whichever was", "+   met: {any: [visit, talk]}  # whichever was"],
    ),
    "a start of one step": (
        "starts/met", {"start-1": ""},
        ["-   met: {any: [talk, visit]}  # whichever was", "+   met: {any: [talk]}  # whichever was"],
    ),
    "a new start": (
        "starts", {"called": "seen", "start-0": "visit", "start-1": "talk"}, ["+   seen: {any: [visit, talk]}"],
    ),
    "it closes while limits run": (
        "close", {"unless": "nothing"}, [f"-{_CLOSE}", "+ close: {when: all, unless: nothing}  # in time"],
    ),
    "it ends at once": (
        "close", {"when-0": "calm|"}, [f"-{_CLOSE}", "+ close: {when: all, abort: calm}  # in time"],
    ),
    "a gate holds another step, too": (
        "gates/seen-first", {"holds-1": "later"},
        ["-     holds: plan  # once we know", "+     holds: [plan, later]  # once we know"],
    ),
    "a gate opens by something else, with other words": (
        "gates/seen-first", {"when-0": "talk.language|ne", "when-1": "", "reason": "Ask first."},
        ['-     until: urgent || talk.language == "bn"  # in her words',
         '+     until: talk.language == "ne"  # in her words',
         "-     reason: Nobody was seen yet.", "+     reason: Ask first."],
    ),
    "a new gate": (
        "gates", {"called": "Calm first", "holds-0": "later", "when-0": "mood|calm", "reason": "Wait."},
        ['+   calm-first: {holds: [later], until: mood == "calm", reason: Wait.}'],
    ),
    "one is cancelled, one no more": (
        "cancels/told", {"steps-0": "plan", "steps-1": "later"},
        [f"-{_TOLD}", '+   told: {when: talk.language == "ne", steps: [plan, later]}  # undone'],
    ),
    "cancelled by something else, and undone by nothing": (
        "cancels/told", {"when-0": "urgent|", "undo-visit": ""},
        [f"-{_TOLD}", "+   told: {when: urgent, steps: [visit, plan]}  # undone"],
    ),
    "what was cancelled is undone": (
        "cancels/told", {"undo-plan": "later"},
        [f"-{_TOLD}", f"+{_TOLD.replace('visit: later', 'visit: later, plan: later')}"],
    ),
    "a new cancel": (
        "cancels", {"called": "she left", "steps-0": "visit", "when-0": "calm|"},
        ["+   she-left: {when: calm, steps: [visit]}"],
    ),
    "a fact has other words, and is so at first": (
        "facts/met_before", {"title": "we know them", "default": "Yes"},
        [f"-{_MET}", "+   met_before: {type: bool, default: true, title: we know them}  # by us"],
    ),
    "a fact is not known at first": (
        "facts/count", {"default": ""}, ["-   count: {type: number, default: 2}", "+   count: {type: number}"],
    ),
    "an answer of a fact is gone, one is new": (
        "facts/mood", {"choices": "Calm\r\nUpset\r\nIn shock\r\n", "default": "In shock"},
        [f"-{_MOOD}", f"+{_MOOD[:-1].replace('not_asked, upset', 'upset, in_shock')}, default: in_shock}}"],
    ),
    "a fact is set when something else is so": (
        "facts/met_before", {"talk-test-0": "is_not"},
        [f"-{_SETS}", "+     sets: {met_before: '!talk.is_alone'}  # at once"],
    ),
    "a fact is set by another step, too": (
        "facts/met_before", {"set-by": "visit", "set-when-0": "visit.outcome|done"},
        [f"-{_VISIT}", f'+{_VISIT[:-1]}, sets: {{met_before: visit.outcome == "done"}}}}'],
    ),
    "a fact is set by nothing any more": ("facts/met_before", {"talk-when-0": ""}, [f"-{_SETS}"]),
    "a new fact of a number": (
        "facts", {"called": "How many", "title": "so many", "type": "number", "default": "2.5"},
        ["+   how_many: {type: number, default: 2.5, title: so many}"],
    ),
    "a new fact that a step sets": (
        "facts", {"called": "known", "title": "known to us", "set-by": "talk", "set-when-0": "urgent|"},
        ["+   known: {type: bool, default: false, title: known to us}", f"-{_SETS}",
         "+     sets: {met_before: talk.is_alone, known: urgent}  # at once"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGED)
def test_a_part_is_changed_in_its_own_line(portal: Portal, change: str) -> None:
    part, sent, lines = CHANGED[change]
    assert sorted(of_part(portal, part, sent)[0]) == sorted(lines)


WRONG: Mapping[str, tuple[str, Sent, str]] = {
    "no name": ("conditions", {"called": "", "when-0": "talk.is_alone|"}, "Write a name in Latin letters"),
    "a name in other letters": ("starts", {"called": "দেখা", "start-0": "talk"}, "Write a name in Latin letters"),
    "a name for nothing": ("conditions", {"called": "in danger"}, "Choose what must be so."),
    "a name with nothing left": ("conditions/urgent", {"when-0": ""}, "Choose what must be so."),
    "a way to close that there is not": ("close", {"unless": "x"}, "Choose one of the list."),
    "a gate for no step": ("gates/seen-first", {"holds-0": ""}, "Choose at least one step."),
    "a gate that never opens": ("gates/seen-first", {"when-0": "", "when-1": ""}, "Choose what must be so."),
    "a gate without words": ("gates/seen-first", {"reason": ""}, "Write what people read while it is held"),
    "nothing is cancelled": ("cancels", {"called": "x", "when-0": "calm|"}, "Choose at least one step."),
    "cancelled when nothing is so": ("cancels", {"called": "x", "steps-0": "plan"}, "Choose what must be so."),
    "a step that undoes itself": ("cancels/told", {"undo-plan": "plan"}, "Choose another step: none undoes itself."),
    "a fact with no answers": ("facts", {"called": "mood now", "type": "choice"}, "Write its answers."),
    "answers of what has none": ("facts/met_before", {"choices": "a\nb"}, "Take the answers out, or choose"),
    "an answer that is used": ("facts/mood", {"choices": "Upset"}, "“Calm” is used by “Later”. Change that first"),
    "another kind of what is used": ("facts/mood", {"type": "number"}, "It is used by “Later”. Change that first."),
    "another kind of what is set": ("facts/met_before", {"type": "number", "default": ""}, "Change that first."),
    "a fact that is perhaps at first": ("facts/met_before", {"default": "perhaps"}, "Write what fits how it is"),
    "a step that sets a number": (
        "facts/count", {"set-by": "talk", "set-when-0": "talk.is_alone|"}, "A step sets only what is answered by yes",
    ),
    "a step that sets nothing": ("facts/met_before", {"set-by": "visit"}, "Choose what must be so."),
    "no step that sets it": ("facts/met_before", {"set-when-0": "talk.is_alone|"}, "Choose a step."),
    "a start with no step": ("starts/met", {"start-0": "", "start-1": ""}, "Choose the step that comes first."),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_fit_is_told_at_its_field_and_what_was_typed_stays(portal: Portal, wrong: str) -> None:
    part, sent, said = WRONG[wrong]
    lines, page = of_part(portal, part, sent)
    assert (lines, page.count(said)) == ([], 2), "on top, and at the field"
    if sent.get("called"):
        assert form_with(page, "part")["called"] == [sent["called"]]


@pytest.mark.parametrize(("part", "said"), [
    (
        "conditions/urgent",
        "It is used by the name “calm”, “A visit”, what keeps steps on hold: “seen first”. Change that first,",
    ),
    ("starts/met", "It is used by “A plan”. Change that first, then take it out."),
    ("facts/mood", "It is used by “Later”. Change that first, then take it out."),
])  # fmt: skip
def test_what_is_used_is_not_taken_out_and_it_is_said_by_what(portal: Portal, part: str, said: str) -> None:
    lines, page = of_part(portal, part, {}, action="part_gone")
    assert (lines, page.count(said)) == ([], 2)


def test_what_nothing_uses_is_taken_out_with_its_line(portal: Portal) -> None:
    text = PARTS.replace("calm || far", "calm")
    lines, page = of_part(portal, "conditions/far", {}, action="part_gone", text=text)
    assert lines == [one.replace("  far", "-   far") for one in text.splitlines() if one.startswith("  far")]
    assert "Your draft was saved" in page


def test_a_name_does_not_stand_for_itself_nor_for_what_it_is_a_part_of(portal: Portal) -> None:
    save_draft(portal.engine, "workflow", "parts", PARTS, viewer=portal.people["partnership_manager"])
    offered = unescape(portal.as_role("partnership_manager").get(f"{HERE}?part=conditions&named=urgent").text)
    assert ('value="far|"' in offered, 'value="calm|"' in offered, 'value="urgent|"' in offered) == (True, False, False)
    richer = portal.as_role("partnership_manager").get(f"{HERE}?part=conditions&named=far").text
    assert "Edit it as text" in richer


def test_a_step_asks_for_a_name_and_tells_what_it_stands_for(portal: Portal) -> None:
    client, viewer = portal.as_role("partnership_manager"), portal.people["partnership_manager"]
    save_draft(portal.engine, "workflow", "parts", PARTS, viewer=viewer)
    page = client.get(f"{HERE}?step=visit").text
    assert re.search("“Is the person alone[?]” of “[^”]+” is true", unescape(page)), "what the name stands for"
    assert form_of_step(page)["when-0"] == ["urgent|"]
    client.post(HERE, data=form_of_step(page) | {"when-0": ["calm|"], "test-0": ["is_not"]})
    assert changed_lines(PARTS, open_draft(portal.engine, "workflow", "parts", viewer=viewer).source) == [
        "-   visit: {uses: core.note, title: A visit, after: talk, when: urgent, time: {limit: P3D}}",
        "+   visit: {uses: core.note, title: A visit, after: talk, when: '!calm', time: {limit: P3D}}",
    ]


def test_a_name_that_changes_is_told_with_what_it_changes_and_a_new_one_alone(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    client.post(f"/workflows/{NAME}/draft", data={"action": "discard"})
    page = client.get(f"/workflows/{NAME}/draft?part=conditions").text
    sent = form_with(page, "part") | {"called": ["Told there"], "when-0": ["report.is_child_suspected|yes"]}
    page = client.post(f"/workflows/{NAME}/draft", data=sent | {"action": ["part"]}).text
    said = "The name “told there” is new: it stands for the report's “Could the person be under 18?” is “yes”."
    assert sentences(page) == [said]
    unused = "Nothing uses the name yet, so what runs stays as it is."
    assert (unused in page, "Nothing yet: it is what runs." in page) == (True, False)
    asked = client.post(f"/workflows/{NAME}/draft", data={"action": "propose"})
    assert (asked.status_code, asked.text.count(unused)) == (422, 2), "on top, and at what the draft changes"
    text = form_with(client.get(f"/workflows/{NAME}/edit").text, "source") | {"action": ["publish"]}
    assert unused in client.post(f"/workflows/{NAME}/edit", data=text).text
    assert sentences(client.get(f"/workflows/{NAME}/draft").text) == [said], "the draft is kept"
    page = client.get(f"/workflows/{NAME}/draft?part=starts&named=safe").text
    sent = form_with(page, "part") | {"start-2": [""]}
    page = client.post(f"/workflows/{NAME}/draft", data=sent | {"action": ["part"]}).text
    client.post(f"/workflows/{NAME}/draft", data={"action": "discard"})
    told = unescape(page).partition("What this draft changes")[2]
    assert (
        "The name “safe” is new: it stands for “First needs of whoever is in someone's care already”,"
        " or else “Take charge of the person, who is already out”." in told
    )
    assert "“Safety plan” is due within 24 hours, counted from" in sentences(page)[1], "it counts from elsewhere"


RENAMED: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "a condition": ("conditions/urgent", "At once", (
        "  urgent: talk", "calm: '!urgent'", "when: urgent,", "until: urgent ||",
    )),
    "a condition that one step asks for": ("conditions/far", "Is far-away", ("  far: 'talk", "calm || far,")),
    "a start": ("starts/met", "Seen", ("  met: {any", "after: met,", "from: met,")),
}  # fmt: skip


@pytest.mark.parametrize("one", RENAMED)
def test_a_name_changes_with_all_that_uses_it_and_nothing_else_does(portal: Portal, one: str) -> None:
    part, called, places = RENAMED[one]
    name, new = part.partition("/")[2], called.lower().replace(" ", "_").replace("-", "_")
    text = PARTS.replace("  calm: '!urgent'\n", "  calm: '!urgent' # \"urgent\" stays, as met does\n")
    wanted = text
    for place in places:
        assert text.count(place) == 1
        wanted = wanted.replace(place, place.replace(name, new))
    lines, page = of_part(portal, part, {"called": called}, text=text)
    assert lines == changed_lines(text, wanted)
    assert form_with(page, "part")["named"] == [new], "it is open under its new name"
    assert form_with(page, "part")["called"] == [called.capitalize().replace("-", " ")]


def test_a_name_changes_in_text_of_every_form_and_not_within_words() -> None:
    text = """conditions: {"far": a.far, near: "!far && b == \\"far\\"", both: 'near && far', one: nearby}
steps:
  one:
    when: >-
      far &&
      near   # no comment
  two: {when: far.size() > 0 || far, sets: {known: far}, title: far, after: far}
"""
    new = renamed(renamed(text, "conditions", "far", "away"), "conditions", "near", "close")
    assert read_yaml(new, file="w.yaml").data == {
        "conditions": {"away": "a.far", "close": '!away && b == "far"', "both": "close && away", "one": "nearby"},
        "steps": {
            "one": {"when": "away && close   # no comment"},
            "two": {"when": "away.size() > 0 || away", "sets": {"known": "away"},
                    "title": "far", "after": "far"},
        },
    }  # fmt: skip
    assert new.count("\n") == text.count("\n"), "no line is joined to another"


@pytest.mark.parametrize(("called", "said"), [
    ("visit", "Choose another name: “visit” is taken."), ("Calm", "Choose another name: “calm” is taken."),
    ("is_alone", "Choose another name: “is alone” is taken."), ("person", "Choose another name: “person” is taken."),
    ("", "Write a name in Latin letters"), ("जल्दी", "Write a name in Latin letters"),
    ("dänger", "Write a name in Latin letters"), ("9 days", "Write a name in Latin letters"),
    ("x" * 61, "with at most 60 letters"),
])  # fmt: skip
def test_another_name_that_is_taken_or_misspelt_is_told_at_its_field(portal: Portal, called: str, said: str) -> None:
    lines, page = of_part(portal, "conditions/urgent", {"called": called})
    assert (lines, page.count(said)) == ([], 2), "on top, and at the field"
    assert form_with(page, "part")["called"] == [called]


def test_another_name_is_told_in_one_sentence_and_what_uses_it_in_none(portal: Portal) -> None:
    once, words = renamed(PARTS, "conditions", "urgent", "at_once"), portal.engine.catalogue
    said = "The name “urgent” is “at once” now, and stands for the same."
    assert [one.words for one in name_changes(PARTS, once, {}, words)] == [said]
    twice = renamed(renamed(once, "conditions", "calm", "at_ease"), "starts", "met", "seen")
    assert [one.words for one in name_changes(PARTS, twice, {}, words)] == [
        said, "The name “calm” is “at ease” now, and stands for the same.",
        "The name “met” is “seen” now, and stands for the same.",
    ]  # fmt: skip
    other = once.replace("at_once: talk.is_alone", "at_once: visit.is_alone")
    assert len(name_changes(PARTS, other, {}, words)) == 3, "it stands for something else: one is gone, one is new"


def test_names_alone_are_published_by_two_people_and_what_runs_keeps_its_hash(portal: Portal) -> None:
    first = PARTS.replace("workflow: parts", "workflow: named")
    publish_shipped(portal.engine, {"named.yaml": first})
    author, second, here = portal.as_role("case_manager"), portal.as_role("nodal_officer"), "/workflows/named"
    was = portal.engine.ask_all(definition, "workflow", "named", None)
    wanted = renamed(first, "conditions", "calm", "at_ease")
    save_draft(portal.engine, "workflow", "named", wanted, viewer=portal.people["case_manager"])
    assert "They get a version of their own once a second person agrees." in author.get(f"{here}/draft").text
    other, by = renamed(first, "conditions", "urgent", "at_once"), portal.people["partnership_manager"]
    late = propose_definition(portal.engine, source=other, viewer=by)
    asked = author.post(f"{here}/draft", data={"action": "propose"})
    assert asked.url.path.startswith("/waiting/")
    assert "The name “calm” is “at ease” now, and stands for the same." in unescape(second.get(asked.url.path).text)
    save_draft(portal.engine, "workflow", "named", wanted + "# mine\n", viewer=by)
    second.post(asked.url.path, data={"answer": "yes"})
    now = portal.engine.ask_all(definition, "workflow", "named", None)
    assert (now.version, now.source, now.content_hash) == (3, wanted, was.content_hash)
    draft = open_draft(portal.engine, "workflow", "named", viewer=by)
    assert draft.is_behind, "names were published since it was begun"
    again = propose_definition(portal.engine, source=wanted, viewer=portal.people["case_manager"])
    assert again.waits_for is None, "it runs already"
    assert second.post(f"/waiting/{late.waits_for}", data={"answer": "yes"}).status_code == 422
    assert portal.engine.ask_all(definition, "workflow", "named", None).source == wanted, "no one's names are undone"


def test_an_inherited_name_and_one_that_others_use_keep_it(portal: Portal) -> None:
    client, viewer = portal.as_role("partnership_manager"), portal.people["partnership_manager"]
    save_draft(portal.engine, "workflow", "heir", "workflow: heir\nversion: 1\nextends: child-labour\ntitle: An heir\n",
               viewer=viewer)  # fmt: skip
    page = client.get("/workflows/heir/draft?part=starts&named=safe").text
    assert 'id="start-0"' in page
    assert 'id="called"' not in page
    base = "/workflows/trafficking-common/draft"
    sent = form_with(client.get(f"{base}?part=starts&named=safe").text, "part")
    page = unescape(client.post(base, data=sent | {"called": ["Unharmed"], "action": ["part"]}).text)
    client.post(base, data={"action": "discard"})
    assert page.count("is made from this workflow and uses the name") == 2
    assert form_with(page, "part")["called"] == ["Unharmed"]


VALUES = """workflow: parts
version: 1
title: A workflow with values
case_type: trafficking
start: {on: hand}
# said once
parameters:
  within: P2D  # by habit
  since: talk
  most: 3
  strict: true
  role: caseworker
  rare: P1DT2H
steps:
  talk: {uses: core.note, time: {limit: $within}}
  visit: {uses: core.note, title: A visit, after: talk, assign: {role: $role}, time: {from: $since, limit: $within}}
  again: {uses: core.note, after: visit, repeat: {every: $rare, times: $most}, discretionary: $strict}
close: {when: all}
"""
GIVEN: Mapping[str, tuple[str, Sent, list[str]]] = {
    **{f"nothing in {name}": (name, {}, []) for name in ("within", "since", "most", "strict", "role", "rare")},
    "a limit": ("within", {"value": "36", "unit": "PT{}H"}, [
        "-   within: P2D  # by habit", "+   within: PT36H  # by habit"]),
    "a step": ("since", {"value": "start"}, ["-   since: talk", "+   since: start"]),
    "a number": ("most", {"value": "5"}, ["-   most: 3", "+   most: 5"]),
    "yes or no": ("strict", {"value": "no"}, ["-   strict: true", "+   strict: false"]),
    "words": ("role", {"value": "lawyer"}, ["-   role: caseworker", "+   role: lawyer"]),
}  # fmt: skip


@pytest.mark.parametrize("change", GIVEN)
def test_a_value_with_a_name_is_changed_in_its_own_line(portal: Portal, change: str) -> None:
    name, sent, lines = GIVEN[change]
    assert of_part(portal, f"parameters/{name}", sent, text=VALUES)[0] == lines


@pytest.mark.parametrize(("name", "sent", "said"), [
    ("within", {"value": "soon"}, "Write a whole number"), ("within", {"unit": "x"}, "Write a whole number"),
    ("since", {"value": "nowhere"}, "Choose one of the list."), ("most", {"value": "many"}, "Write a number"),
    ("strict", {"value": ""}, "Choose one of the list."), ("role", {"value": ""}, "Write a value"),
])  # fmt: skip
def test_a_value_that_does_not_fit_is_told_at_its_field(portal: Portal, name: str, sent: Sent, said: str) -> None:
    lines, page = of_part(portal, f"parameters/{name}", sent, text=VALUES)
    assert (lines, page.count(said)) == ([], 2), "on top, and at the field"


def test_a_workflow_gives_another_value_to_what_it_is_made_from_and_takes_it_back(portal: Portal) -> None:
    client, viewer = portal.as_role("partnership_manager"), portal.people["partnership_manager"]
    text, here = "workflow: heir\nversion: 1  # the first\nextends: training\ntitle: An heir\n", "/workflows/heir/draft"
    save_draft(portal.engine, "workflow", "heir", text, viewer=viewer)
    listed = unescape(client.get(f"{here}?whole=1").text)
    assert "Values with names: 1" in listed
    assert re.search(r">Asked again after</a>: 3 months, for “[^”]+”", listed) is not None
    form = form_with(client.get(f"{here}?part=parameters&named=asked_again_after").text, "value")
    refused = client.post(here, data=form | {"action": ["part_gone"]})
    assert "It comes from what this workflow is made from" in refused.text
    client.post(here, data=form | {"action": ["part"], "value": ["6"]})
    draft = open_draft(portal.engine, "workflow", "heir", viewer=viewer)
    assert changed_lines(text, draft.source) == ["+ parameters: {asked_again_after: P6M}"]
    assert draft.loaded
    assert draft.loaded.workflow
    assert "P6M" in draft.loaded.workflow.model_dump_json()
    assert "Asked again after</a>: 6 months instead of 3 months, for" in client.get(f"{here}?whole=1").text
    client.post(here, data=form | {"action": ["part_gone"]})
    assert open_draft(portal.engine, "workflow", "heir", viewer=viewer).source == text
    assert 'id="part"' not in client.get(f"{here}?part=parameters").text, "a new one is written"


def test_a_fact_is_taken_out_with_what_sets_it(portal: Portal) -> None:
    assert of_part(portal, "facts/met_before", {}, action="part_gone")[0] == [f"-{_MET}", f"-{_SETS}"]


def test_what_changes_of_a_fact_is_told_in_words(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), "/workflows/unsafe-migration/draft"
    client.post(here, data={"action": "discard"})
    for named, changed in (
        ("someone_exploited", {"default": [""]}),
        ("", {"called": ["how many"], "title": ["so many left"], "type": ["number"], "default": [""]}),
        ("", {"called": ["has left"], "title": ["they left"], "set-by": ["travel_check"],
              "set-when-0": ["travel_check.leaves|"]}),
    ):  # fmt: skip
        sent = form_with(client.get(f"{here}?part=facts&named={named}").text, "part") | changed
        page = client.post(here, data=sent | {"action": ["part"]}).text
    client.post(here, data={"action": "discard"})
    told = unescape(page).partition("What this draft changes")[2]
    title = "“someone who left is held or exploited”"
    said = [
        f"The fact {title} (yes or no; at first no) is now {title} (yes or no).",
        "New fact of the case: “so many left” (a number).",
        "New fact of the case: “they left” (yes or no; at first no).",
        "sets that “they left” is so when “Do they still want to leave?” of “",
    ]
    assert [one for one in said if one not in told] == []


def test_a_gate_and_a_cancel_are_taken_out_with_their_lines(portal: Portal) -> None:
    assert of_part(portal, "cancels/told", {}, action="part_gone")[0] == ["- cancels:", f"-{_TOLD}"]
    gone = of_part(portal, "gates/seen-first", {}, action="part_gone")[0]
    assert [one for one in gone if "#" not in one] == [
        "- gates:",
        "-   seen-first:",
        "-     reason: Nobody was seen yet.",
    ]
    assert all(one[0] == "-" for one in gone)


def test_what_changes_of_gates_cancels_and_the_end_is_told_in_words(portal: Portal) -> None:
    client, here = portal.as_role("case_manager"), "/workflows/bonded-labour/draft"
    client.post(here, data={"action": "discard"})
    for part, changed in (
        ("gates&named=home-that-is-safe", {"reason": ["Ask the Committee."]}),
        ("gates", {"called": ["all told"], "holds-0": ["journey"], "when-0": ["told_magistrate|"],
                   "reason": ["Tell them."]}),
        ("cancels&named=paid-once", {"steps-0": ["refer"]}),
        ("close", {"unless": ["nothing"], "when-0": ["told_magistrate|"]}),
    ):  # fmt: skip
        sent = form_with(client.get(f"{here}?part={part}").text, "part") | changed
        page = client.post(here, data=sent | {"action": ["part"]}).text
    client.post(here, data={"action": "discard"})
    told = unescape(page).partition("What this draft changes")[2]
    said = [
        "The gate “home that is safe”: reason is now Ask the Committee. instead of",
        "The gate “all told” is new: it holds back “",
        ": no longer cancelled when “Is the help at once still to be paid, now that there is a certificate?” of “",
        ": cancelled when “Is the help at once still to be paid, now that there is a certificate?” of “",
        "The case also closes while limits run.",
        "The case ends at once, and all that is open is cancelled, when “a written report told the Magistrate of the",
    ]
    assert [one for one in said if one not in told] == []


WAYS = """workflow: parts
version: 1
title: A choice
case_type: trafficking
start: {on: hand}
steps:
  talk:
    uses: core.note
    time: {limit: P2D}
    questions: [{id: language, type: choice, label: Which language?, choices: {bn: Bengali, ne: Nepali}}]
  first: {uses: core.note, title: First, time: {limit: P2D}}
  second: {uses: core.note, title: Second, time: {limit: P2D}}
  third: {uses: core.note, title: Third, after: talk, time: {limit: P2D}}
  last: {uses: core.note, title: Last, after: {any: [first, second]}, time: {limit: P2D}}
choices:
  # by what they speak
  way:
    after: talk  # at once
    branches:
      - {when: talk.language == "bn", to: first}  # we speak it
    default: second
"""
_THIRD = "third: {uses: core.note, title: Third, after: talk, time: {limit: P2D}}"
_THIRD_FREE = "third: {uses: core.note, title: Third, time: {limit: P2D}}"
_SECOND = "second: {uses: core.note, title: Second, time: {limit: P2D}}"
CHOSEN: Mapping[str, tuple[str, Sent, list[str]]] = {
    "nothing": ("choices/way", {}, []),
    "another condition": (
        "choices/way", {"w0-test-0": "is_not"},
        ['-       - {when: talk.language == "bn", to: first}  # we speak it',
         '+       - {when: talk.language != "bn", to: first}  # we speak it'],
    ),
    "another way, which says what comes before its step": (
        "choices/way", {"w1-when-0": "talk.language|ne", "w1-to-0": "third"},
        ['+       - {when: talk.language == "ne", to: [third]}', f"-   {_THIRD}", f"+   {_THIRD_FREE}"],
    ),
    "a way opens two, and none is the last": (
        "choices/way", {"w0-to-1": "second", "default-0": ""},
        ['-       - {when: talk.language == "bn", to: first}  # we speak it',
         '+       - {when: talk.language == "bn", to: [first, second]}  # we speak it', "-     default: second"],
    ),
    "a step that no way opens any more comes after what the choice did": (
        "choices/way", {"default-0": ""},
        ["-     default: second", f"-   {_SECOND}", f"+   {_SECOND[:-1]}, after: [talk]}}"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHOSEN)
def test_a_choice_between_ways_is_changed_in_its_own_lines(portal: Portal, change: str) -> None:
    part, sent, lines = CHOSEN[change]
    assert sorted(of_part(portal, part, sent, text=WAYS)[0]) == sorted(lines)


def test_a_new_choice_says_what_comes_before_the_steps_that_it_opens(portal: Portal) -> None:
    text = WAYS.partition("\nchoices:\n")[0].replace("title: Second,", "title: Second, after: talk,") + "\n"
    sent = {"called": "By word", "after-0": "talk", "w0-when-0": "talk.language|bn", "w0-to-0": "second"}
    lines, page = of_part(portal, "choices", sent | {"default-0": "third"}, text=text)
    new = ["choices:", "  by_word:", "    after: [talk]",
           '    branches: [{when: talk.language == "bn", to: [second]}]', "    default: [third]"]  # fmt: skip
    assert [f"+ {one}" for one in new] == lines[-5:]
    assert f"+   {_THIRD_FREE}" in lines
    assert f"+   {_SECOND}" in lines
    assert "Your draft was saved" in page


@pytest.mark.parametrize(("sent", "said"), [
    ({"w0-when-0": ""}, "Choose what must be so."), ({"w0-to-0": ""}, "Choose at least one step."),
    ({"w1-when-0": "talk.language|ne"}, "Choose at least one step."),
])  # fmt: skip
def test_a_choice_that_chooses_nothing_is_told_at_its_field(portal: Portal, sent: Sent, said: str) -> None:
    lines, page = of_part(portal, "choices/way", sent, text=WAYS)
    assert (lines, page.count(said)) == ([], 2)


def test_a_choice_is_taken_out_and_its_steps_come_after_what_it_did(portal: Portal) -> None:
    lines, _ = of_part(portal, "choices/way", {}, action="part_gone", text=WAYS)
    assert [one for one in lines if one[0] == "+"] == [
        "+   first: {uses: core.note, title: First, time: {limit: P2D}, after: [talk]}",
        f"+   {_SECOND[:-1]}, after: [talk]}}",
    ]
    assert "- choices:" in lines


def test_what_a_choice_waited_for_any_of_its_steps_wait_for_any_of_when_it_is_taken_out(portal: Portal) -> None:
    text = WAYS.replace("after: talk  # at once", "after: {any: [talk, third]}", 1)
    lines, _ = of_part(portal, "choices/way", {}, action="part_gone", text=text)
    assert len([one for one in lines if one.endswith("after: {any: [talk, third]}}")]) == 2


def test_what_changes_of_a_choice_is_told_in_words() -> None:
    before = {"steps": {"talk": {}, "first": {}, "second": {}}, "choices": {}}
    ways = [{"when": 'talk.language == "bn"', "to": ["first"]}]
    way = {"after": {"steps": ["talk"]}, "branches": ways}
    more = way | {"default": ["second"]}
    said = [
        changes_in_words("workflow", before | {"choices": was}, before | {"choices": becomes})[0]
        for was, becomes in (({}, {"way": way}), ({"way": way}, {"way": more}), ({"way": more}, {}))
    ]
    told = "after “Talk”, “First” when language of “Talk” is “bn”"
    assert [(one.words, one.is_loss) for one in said] == [
        (f"The choice “way” is new: {told}.", False),
        (f"The choice “way” is now: {told}, or else “Second”; it was: {told}.", False),
        (f"The choice “way” is gone: {told}, or else “Second”.", True),
    ]
