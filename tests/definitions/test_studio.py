"""A workflow is changed by forms: the lines that they mean change, and the comparison names those changes alone."""

import re
from difflib import ndiff
from html import unescape
from html.parser import HTMLParser

from engine.definitions.actions.drafts import open_draft, save_draft
from engine.definitions.views import definition
from tests.kit.portal import Portal

NAME = "child-labour"
PAGE = f"/workflows/{NAME}/draft"


class _Fields(HTMLParser):
    """Reads what a browser would send of the form that holds a button with a value."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[list[tuple[str, str]]] = []
        self._select = ""
        self._first: str | None = None
        self._area: list[str] | None = None

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
            self.forms[-1].append((given["name"], ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            self.forms[-1].append((self._select, self._first or ""))
            self._select = ""


def form_of_step(page: str) -> dict[str, list[str]]:
    """Return what the form of the step would send if nothing in it was changed."""
    reader = _Fields()
    reader.feed(page)
    fields = next(one for one in reader.forms if any(name == "amount-0" for name, _ in one))
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    return found | {"action": ["step"]}


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in ndiff(before.splitlines(), after.splitlines()) if line[:2] in {"+ ", "- "}]


def runs(portal: Portal, name: str = NAME) -> str:
    return portal.engine.ask_all(definition, "workflow", name, None).source


def source(portal: Portal, role: str = "case_manager") -> str:
    return open_draft(portal.engine, "workflow", NAME, viewer=portal.people[role]).source


def test_saving_the_forms_of_all_steps_unchanged_changes_nothing(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    for name in ("child-labour", "reported-concern", "missing-child"):
        page = client.get(f"/workflows/{name}/draft").text
        keys = dict.fromkeys(re.findall(r"&amp;step=([a-z0-9_]+)#step", page))
        assert len(keys) > 20
        for key in keys:
            opened = client.get(f"/workflows/{name}/draft?step={key}").text
            assert client.post(f"/workflows/{name}/draft", data=form_of_step(opened)).status_code == 200
            viewer = portal.people["case_manager"]
            now = open_draft(portal.engine, "workflow", name, viewer=viewer)
            assert (now.number, changed_lines(runs(portal, name), now.source)) == (0, []), key


def test_a_limit_a_recipient_and_a_condition_are_changed_by_forms_alone(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    before = runs(portal)
    sent = form_of_step(client.get(f"{PAGE}?step=triage").text) | {"amount-0": ["2"], "ladder-0": ["high"]}
    assert "Your draft was saved" in client.post(PAGE, data=sent).text
    sent = form_of_step(client.get(f"{PAGE}?step=home_report").text) | {"role": ["caseworker"]}
    client.post(PAGE, data=sent)
    sent = form_of_step(client.get(f"{PAGE}?step=cash").text)
    assert sent["when-0"] == ["certificate.outcome|done"]
    page = client.post(PAGE, data=sent | {"test-0": ["is_not"]}).text
    assert changed_lines(before, source(portal)) == [
        "-     time: {from: start, limit: PT1H, ladder: critical}",
        "+     time: {from: start, limit: PT2H, ladder: high}",
        '-     when: certificate.outcome == "done"',
        '+     when: certificate.outcome != "done"',
        "-     assign: {role: [partnership_manager, caseworker]}",
        "+     assign: {role: caseworker}",
    ]  # fmt: skip
    assert losses(page) == [
        (
            "“Triage and risk score” is due 1 hour later: within 2 hours instead of 1 hour, counted from the beginning"
            " of the case."
        )
    ]
    assert sentences(page) == [
        *losses(page),
        "When “Triage and risk score” is late, the ladder is “high” instead of “critical”.",
        ("“Social investigation and home report, by the partner at home” is done by the caseworker instead of the"
        " partnership manager or the caseworker."),
        ("“Help at once for a released child, up to 30,000 rupees” is done when outcome of “Release certificate, if the"
        " child was bonded” is not 'done', instead of when outcome of “Release certificate, if the child was bonded” is"
        " 'done'."),
    ]  # fmt: skip


def test_a_draft_is_proposed_and_nobody_agrees_to_their_own_and_going_back_restores_the_hash(portal: Portal) -> None:
    client, second = portal.as_role("case_manager"), portal.as_role("nodal_officer")
    first = portal.engine.ask_all(definition, "workflow", NAME, None)
    sent = form_of_step(client.get(f"{PAGE}?step=school").text) | {"amount-0": ["20"]}
    client.post(PAGE, data=sent)
    wanted = source(portal)
    proposed = client.post(PAGE, data={"action": "propose"})
    assert "Withdraw this proposal" in proposed.text
    assert client.post(proposed.url.path, data={"answer": "yes"}).status_code == 422
    second.post(proposed.url.path, data={"answer": "yes"})
    assert runs(portal) == wanted
    assert source(portal) == wanted, "the draft is over"
    back = client.post(f"/definitions/workflow/{NAME}/versions", data={"version": str(first.version)})
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
        "amount-0": ["3"], "unit-0": ["P{}WD"], "question": ["Does it have a place?"], "question_type": ["choice"],
        "question_choices": ["Yes, now\nLater"], "approver": ["supervisor"],
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


def test_a_draft_is_simulated_on_invented_reports_and_leaves_no_trace(portal: Portal) -> None:
    client = portal.as_role("partnership_manager")
    sent = form_of_step(client.get(f"{PAGE}?step=triage").text) | {"amount-0": ["7"], "unit-0": ["PT{}M"]}
    client.post(PAGE, data=sent)
    page = client.get(f"{PAGE}/simulation")
    assert "Triage and risk score" in page.text
    assert "days after the report" in page.text
    assert client.get(f"{PAGE}/simulation?case=2").text != page.text
    assert client.get(f"{PAGE}/simulation").text == page.text
    client.post(PAGE, data={"action": "discard"})
    assert portal.as_role("caseworker").get(f"{PAGE}/simulation").status_code == 403


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


def sentences(page: str) -> list[str]:
    shown = page.partition("What this draft changes")[2].partition("</ul>")[0]
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
