"""A report asks first what is safe and whether it may be written down; a no is honoured, and no number given away."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.actions.open import open_case
from engine.cases.actions.public import receipt_code
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.errors import InvalidAnswersError
from engine.web.posted import without_refused
from engine.work.actions.items import save_draft
from engine.work.store import ItemStore
from engine.work.views.form import item_form
from tests.kit.database import Rows
from tests.kit.portal import REPORT, Portal

WORDS, NAME, PHONE, PLACE = "Zq-words-she-told", "Zq-name-of-caller", "+91 70000 12345", "Zq-bridge-of-the-child"
ASKED_FIRST = ["immediate_danger", "safe_to_call", "safe_to_leave_message", "consent_to_record"]
REFUSED: dict[str, Any] = {
    "immediate_danger": True, "is_child_suspected": "yes", "concern": "sexual_exploitation", "consent_to_record": "no",
}  # fmt: skip


def _sent(portal: Portal, **changes: str) -> Any:
    told = REPORT | {f"a-{name}": value for name, value in changes.items()} | {"command_id": str(uuid4())}
    return portal.as_role("intake_officer").post("/report", data=told)


def _case_of(page: str) -> UUID:
    found = re.search(r'href="/cases/([0-9a-f-]+)"', page)
    return UUID(found.group(1))


def _kept(portal: Portal, case_id: UUID) -> Mapping[str, Any]:
    """Return all that is kept of what somebody told, in the report, in drafts and in answers."""
    with portal.engine.transaction() as tx:
        found = dict(tx.of(HousekeepingStore).report_of(case_id))
        for step in tx.of(CaseStore).read(case_id).steps.values():
            found |= tx.of(ItemStore).answers(step.id)
        asked = [item.id for item in tx.of(ItemStore).open_of_case(case_id) if item.uses == "reporting.intake"]
    for item_id in asked:
        form = portal.engine.ask(item_form, portal.people["intake_officer"], item_id)
        found |= {field.name: field.value for field in form.fields if field.value is not None}
    return found


def _open(portal: Portal, case_id: UUID) -> set[str]:
    return {item.uses for item in portal.of(ItemStore).open_of_case(case_id)}


def test_danger_comes_first_then_what_is_safe_then_consent_and_only_then_the_words(portal: Portal) -> None:
    page = portal.as_role("intake_officer").get("/report").text
    asked = list(dict.fromkeys(re.findall(r'name="a-([a-z_]+)"', page)))
    assert asked[:4] == ASKED_FIRST
    assert asked[-1] == "narrative"


@pytest.mark.parametrize("button", ["save", "no"])
def test_after_a_no_of_an_adult_only_a_number_is_kept_and_nothing_is_left_to_write(portal: Portal, button: str) -> None:
    changes = {"consent_to_record": "no"} if button == "save" else {}
    told = REPORT | {f"a-{name}": value for name, value in changes.items()}
    told |= {"a-is_child_suspected": "no", "a-narrative": WORDS, "a-safe_to_leave_message": "no", "action": button}
    saved = portal.as_role("intake_officer").post("/report", data=told | {"command_id": str(uuid4())})
    assert "Nothing they told you was kept" in saved.text
    assert WORDS not in saved.text
    case_id = _case_of(saved.text)
    kept = _kept(portal, case_id)
    assert kept.keys() == {"immediate_danger", "is_child_suspected", "consent_to_record", "received_at"}
    assert "reporting.intake" not in _open(portal, case_id)
    assert "reporting.triage" in _open(portal, case_id)


def test_after_a_no_about_a_child_the_duty_to_report_is_still_work_with_what_it_needs(portal: Portal) -> None:
    saved = _sent(
        portal, consent_to_record="no", concern="other", narrative=WORDS, immediate_danger="yes", online_handle=NAME
    )
    case_id = _case_of(saved.text)
    item = re.search(r'href="(/items/[0-9a-f-]+)"', saved.text)
    page = portal.as_role("intake_officer").get(item.group(1)).text
    asked = set(re.findall(r'name="a-([a-z_]+)"', page))
    assert asked == {
        "immediate_danger", "consent_to_record", "is_child_suspected", "concern", "received_at", "place_last_seen",
    }  # fmt: skip
    answers = {name: value for name, value in REPORT.items() if name.removeprefix("a-") in asked}
    answers |= {"a-consent_to_record": "no", "a-concern": "other", "a-immediate_danger": "yes"}
    answers |= {"a-place_last_seen": PLACE, "a-informant_name": NAME, "a-received_at": "2026-03-07T10:00"}
    hidden = dict(re.findall(r'name="(command_id|revision)" value="([^"]*)"', page))
    done = portal.as_role("intake_officer").post(
        item.group(1), data=answers | hidden | {"action": "complete", "late_reason": "The paper came late."}
    )
    assert "Saved" in done.text, done.text
    kept = _kept(portal, case_id)
    assert kept["place_last_seen"] == PLACE
    assert not {WORDS, NAME} & {str(value) for value in kept.values()}
    assert "reporting.mandatory" in _open(portal, case_id)


@pytest.mark.parametrize("name", ["narrative", "safe_time_and_code_word", "informant_phone", "online_handle"])
def test_words_that_are_sent_with_a_no_are_refused_and_nothing_is_written(portal: Portal, name: str) -> None:
    rows = Rows(portal.urls.admin)
    before = rows.state()
    with pytest.raises(InvalidAnswersError) as refused:
        portal.act(open_case, answers=REFUSED | {name: PHONE}, unit_id=portal.unit, by="intake_officer")
    assert refused.value.problems == {name: "They do not want this recorded: leave it out. Nothing was kept."}
    assert not rows.changed(before)


def test_a_draft_keeps_nothing_of_what_must_not_be_written_down(portal: Portal) -> None:
    saved = _sent(portal, concern="other")
    case_id, viewer = _case_of(saved.text), portal.people["intake_officer"]
    item = next(one for one in portal.of(ItemStore).open_of_case(case_id) if one.uses == "reporting.intake")
    told = REFUSED | {"narrative": WORDS, "informant_phone": PHONE}
    save_draft(portal.engine, item.id, viewer=viewer, answers=told, beside={"late_reason": WORDS})
    form = portal.engine.ask(item_form, viewer, item.id)
    assert {field.name for field in form.fields if field.value is not None} <= {*REFUSED, "received_at"}
    assert WORDS not in str(form.beside)


def test_what_was_kept_before_goes_when_they_say_no_after_all(portal: Portal) -> None:
    saved = _sent(portal, is_child_suspected="no", concern="other", narrative=WORDS)
    case_id = _case_of(saved.text)
    assert _kept(portal, case_id)["narrative"] == WORDS
    page = portal.as_role("intake_officer").get(re.search(r'href="(/items/[0-9a-f-]+)"', saved.text).group(1))  # type: ignore[union-attr]
    hidden = dict(re.findall(r'name="(command_id|revision)" value="([^"]*)"', page.text))
    told = REPORT | {"a-consent_to_record": "no", "a-is_child_suspected": "no", "a-narrative": WORDS}
    told |= {"a-received_at": portal.clock.now().strftime("%Y-%m-%dT%H:%M"), "late_reason": "Late."}
    portal.as_role("intake_officer").post(str(page.url.path), data=told | hidden | {"action": "complete"})
    assert "narrative" not in _kept(portal, case_id)


def test_a_form_that_came_too_late_keeps_no_words_after_a_no(portal: Portal) -> None:
    step_types = portal.engine.registry.step_types.values()
    for sent in ({"a-consent_to_record": "no"}, {"action": "no", "a-consent_to_record": "yes"}, {"action": "no"}):
        form = _Form(REPORT | {"a-narrative": WORDS, "reason": WORDS, "command_id": "c"} | sent)
        if sent == {"action": "no"}:
            form.pop("a-consent_to_record")
        kept = dict(without_refused(form, step_types))  # type: ignore[arg-type]
        assert WORDS not in kept.values()
        assert kept["command_id"] == "c"
    assert ("a-narrative", WORDS) in without_refused(_Form(REPORT | {"a-narrative": WORDS}), step_types)  # type: ignore[arg-type]


def test_nobody_is_asked_for_the_words_before_they_agreed(portal: Portal) -> None:
    opened = portal.act(
        open_case, answers={**REFUSED, "consent_to_record": "not_asked"}, unit_id=portal.unit, by="intake_officer"
    )
    assert opened.case_number


def test_the_number_and_its_code_are_read_out_only_to_the_one_who_is_to_have_them(portal: Portal) -> None:
    saved = _sent(portal)
    case_id, client = _case_of(saved.text), portal.as_role("intake_officer")
    code = receipt_code(portal.engine, case_id, viewer=portal.people["intake_officer"])
    assert "Do not read it out yet" in saved.text
    assert code not in saved.text
    for who in ("third", "not_known", "anything"):
        page = client.get(f"/cases/{case_id}/saved?who={who}").text
        assert ("Do not read the number out" in page, code in page) == (True, False)
    page = client.get(f"/cases/{case_id}/saved?who=theirs").text
    assert ("Read the number out to them" in page, code in page) == (True, True)


class _Form(dict[str, str]):
    """A posted form."""

    def multi_items(self) -> list[tuple[str, str]]:
        return list(self.items())
