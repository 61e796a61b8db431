"""Of a child who might be shown naked or abused nothing is kept, and the duty to tell is in the worklist at once."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.actions.open import open_case
from engine.core.consequences import WorkItem
from engine.core.files import FileKind
from engine.core.records import LIVE, Step
from engine.documents.actions.attachments import Arrival, files_of, open_file
from engine.documents.records import FileHeldBackError
from engine.documents.store import FileStore
from engine.errors import InvalidAnswersError
from engine.overview.views.history import case_history
from engine.plugin.copies import ANSWER_FIRST
from engine.rehearsal.answers import report_answers
from engine.work.actions.complete import complete_work_item
from engine.work.actions.items import save_draft
from engine.work.store import ItemStore
from engine.work.views.form import item_form
from tests.kit.cases import HOUR, Work
from tests.kit.pillars import example, form_of

HASH = "a" * 64
MIGHT_BE = ("yes", "not_sure")


def item_of(case: Work, step: UUID) -> WorkItem:
    item = case.of(ItemStore).open_of_step(step)
    assert item is not None
    return item


def answers_to(case: Work, uses: str, **changes: Any) -> dict[str, Any]:
    """Make the answers that a form requires, without any of a copy, and these."""
    step_type = case.engine.registry.get(uses)
    needed = example(form_of(step_type), full=False)
    of_copy = {spec.name for spec in step_type.fields if spec.of_copy}
    return {name: value for name, value in needed.items() if name not in of_copy} | changes


def complete(case: Work, step: UUID, answers: dict[str, Any], **more: Any) -> None:
    item = item_of(case, step)
    case.act(complete_work_item, item.id, by=case.people[item.candidate_roles[0]], revision=item.revision,
        answers=answers, **more,
    )  # fmt: skip


def draft(case: Work, step: UUID, answers: dict[str, Any]) -> None:
    item = item_of(case, step)
    save_draft(case.engine, item.id, viewer=case.people[item.candidate_roles[0]], answers=answers)


def opened(case: Work) -> dict[str, Step]:
    """Return what was opened since a child might be shown, by the way in which it is told."""
    return {
        str(one.added.settings["child_shown"]): one
        for one in case.state.steps.values()
        if one.added is not None and "child_shown" in one.added.settings
    }


def add_file(case: Work, child_shown: str = "no") -> UUID:
    arrival = Arrival(
        case.engine, case.case_id, viewer=case.people["caseworker"], name="page.txt", kind=FileKind.OTHER,
        child_shown=child_shown,
    )  # fmt: skip
    arrival.take(uuid4().bytes.hex().encode())
    return arrival.finish()


@pytest.mark.parametrize("answer", MIGHT_BE)
@pytest.mark.parametrize(
    ("uses", "more"),
    [
        ("press.leak", {}), ("press.takedown", {"answer": "none_yet"}), ("press.monitor", {}),
        ("policing.evidence", {"sensitive_image": True}), ("policing.certificate", {"part_b_signer": "another"}),
    ],
)  # fmt: skip
def test_the_address_is_enough_and_both_duties_are_there_in_the_same_transaction(
    case: Work, uses: str, more: dict[str, Any], answer: str
) -> None:
    step, now = case.add(uses), case.world.now()
    complete(case, step, answers_to(case, uses, child_shown=answer, **more))
    found = opened(case)
    assert set(found) == {"police", "national_ways"}
    assert {one.uses for one in found.values()} == {"reporting.mandatory"}
    assert all(item_of(case, one.id).uses == "reporting.mandatory" for one in found.values())
    police, ways = (case.limit(found[way]) for way in ("police", "national_ways"))
    assert (police.law, police.due_at, police.ladder) == ("IN-POCSO-TELL", now + 24 * HOUR, "critical")
    assert (ways.law, ways.due_at, ways.ladder) == (None, now + 24 * HOUR, "critical")


def test_the_duties_say_whom_to_tell_with_the_source_and_how_sure_it_is(case: Work) -> None:
    complete(case, case.add("press.monitor"), answers_to(case, "press.monitor", child_shown="yes"))
    case.world.settle_jobs()
    found = opened(case)
    assert case.proposed(found["police"].id, "law") == "POCSO19"
    assert case.proposed(found["national_ways"].id, "notified_body") == "cybercrime.gov.in"
    notes = {}
    for way, step in found.items():
        item = item_of(case, step.id)
        notes[way] = " ".join(case.engine.ask(item_form, case.people[item.candidate_roles[0]], item.id).notes)
    assert "ss.19(1) and 21" in notes["police"]
    for words in ("cybercrime.gov.in", "without a name", "1930", "1098", "The platform has a form"):
        assert words in notes["national_ways"]
    assert all("how sure: " in said and "do not open it again" in said for said in notes.values())


@pytest.mark.parametrize("answer", MIGHT_BE)
@pytest.mark.parametrize(("uses", "more"), [
    ("press.leak", {"evidence_hash": HASH}),
    ("press.leak", {"what_leaked": ["intimate_image"]}),
    ("policing.evidence", {"sensitive_image": True, "sha256": HASH}),
    ("policing.evidence", {"sensitive_image": False, "file": "drawer 7"}),
    ("policing.evidence", {"sensitive_image": True, "bsa63_certificate": "paper 7"}),
    ("policing.certificate", {"part_b_signer": "another", "sha256": HASH}),
])  # fmt: skip
def test_a_copy_and_its_hash_are_refused_and_the_step_stays_open(
    case: Work, uses: str, more: dict[str, Any], answer: str
) -> None:
    step = case.add(uses)
    answers = answers_to(case, uses, child_shown=answer, **more)
    [refused] = [name for name in more if name not in {"sensitive_image", "part_b_signer"}]
    for hand_in in (draft, complete):
        with pytest.raises(InvalidAnswersError) as error:
            hand_in(case, step, answers)
        assert set(error.value.problems) == {refused}
        assert "Leave" in error.value.problems[refused]
    assert case.state.steps[step].status in LIVE
    assert refused not in case.of(ItemStore).draft(item_of(case, step).id).answers
    assert set(opened(case)) == {"police", "national_ways"}, "the duty is there although the form is not done"


@pytest.mark.parametrize(("uses", "more"), [
    ("press.leak", {"evidence_hash": HASH}),
    ("policing.evidence", {"sensitive_image": True, "sha256": HASH}),
    ("policing.certificate", {"part_b_signer": "another", "sha256": HASH}),
])  # fmt: skip
def test_no_copy_is_taken_before_the_question_is_answered(case: Work, uses: str, more: dict[str, Any]) -> None:
    step = case.add(uses)
    for hand_in in (draft, complete):
        with pytest.raises(InvalidAnswersError) as error:
            hand_in(case, step, answers_to(case, uses, **more))
        assert error.value.problems["child_shown"] == ANSWER_FIRST
    leaked = {"what_leaked": ["name"]} if uses == "press.leak" else {}
    complete(case, step, answers_to(case, uses, child_shown="no", **leaked, **more))
    assert opened(case) == {}


def test_the_screenshot_of_a_report_waits_for_the_question_too(case: Work) -> None:
    step = case.add("reporting.intake")
    online = {"recruited_online": True, "online_platform": "other", "online_copy": "page.png"}
    told = answers_to(case, "reporting.intake", **online)
    for answer in ({}, {"child_shown": "yes"}, {"child_shown": "not_sure"}):
        with pytest.raises(InvalidAnswersError):
            complete(case, step, told | answer)
    del told["online_copy"]
    complete(case, step, told | {"child_shown": "yes", "online_url": "https://example.org/page"})
    assert set(opened(case)) == {"police", "national_ways"}


def test_a_report_with_a_copy_opens_no_case_before_the_question_is_answered(case: Work) -> None:
    unit = case.state.case.unit_id
    case.refuses(
        InvalidAnswersError, open_case, answers=report_answers(case.play.story) | {"online_copy": "page.png"},
        unit_id=unit, by="intake_officer",
    )  # fmt: skip


def test_whoever_types_it_in_must_answer_the_question_where_it_is_asked(case: Work) -> None:
    step = case.add("press.monitor")
    with pytest.raises(InvalidAnswersError) as error:
        complete(case, step, answers_to(case, "press.monitor"), is_typed_in=True)
    assert error.value.problems == {"child_shown": ANSWER_FIRST}
    intake = case.add("reporting.intake")
    complete(case, intake, answers_to(case, "reporting.intake"), is_typed_in=True, late_reason="on the road")


@pytest.mark.parametrize("first", ["draft", "complete"])
def test_a_file_that_was_chosen_before_the_answer_is_held_back_for_good(case: Work, first: str) -> None:
    file_id, step = add_file(case), case.add("policing.evidence")
    answers = answers_to(case, "policing.evidence", sensitive_image=False, file=str(file_id))
    draft(case, step, answers)
    changed = answers | {"sensitive_image": True, "child_shown": "not_sure"}
    with pytest.raises(InvalidAnswersError) as error:
        (draft if first == "draft" else complete)(case, step, changed)
    assert "locked now" in error.value.problems["file"]
    [listed] = files_of(case.engine, case.case_id, viewer=case.people["caseworker"])
    assert (listed.is_deferred, listed.sha256, listed.may_open) == (True, "", False)
    for original in (True, False):
        case.refuses(FileHeldBackError, open_file, file_id, case_id=case.case_id, by="caseworker", original=original)
    del changed["file"]
    complete(case, step, changed)
    other = case.add("policing.evidence")
    with pytest.raises(InvalidAnswersError) as error:
        complete(case, other, answers)
    assert error.value.problems == {"file": "Choose one of the files of this case."}
    history = case.engine.ask(case_history, case.people["supervisor"], case.case_id)
    assert sum("A file was locked" in line.text for line in history) == 1


def test_a_file_of_an_earlier_draft_is_held_back_though_the_answers_name_it_no_more(case: Work) -> None:
    file_id, step = add_file(case), case.add("policing.evidence")
    draft(case, step, answers_to(case, "policing.evidence", sensitive_image=False, file=str(file_id)))
    complete(case, step, answers_to(case, "policing.evidence", sensitive_image=True, child_shown="yes"))
    [listed] = files_of(case.engine, case.case_id, viewer=case.people["caseworker"])
    assert listed.is_deferred
    assert [one.id for one in case.of(FileStore).of_case(case.case_id)] == [file_id], "it stays for the police"


@pytest.mark.parametrize("answer", ["yes", "not_sure", "", "anything"])
def test_no_file_is_taken_into_a_case_unless_it_was_said_that_no_child_is_shown(case: Work, answer: str) -> None:
    with pytest.raises(InvalidAnswersError) as error:
        add_file(case, answer)
    assert set(error.value.problems) == {"child_shown"}
    assert files_of(case.engine, case.case_id, viewer=case.people["caseworker"]) == ()


def test_a_draft_brings_the_duties_too_and_answering_again_brings_no_second_ones(case: Work) -> None:
    step = case.add("press.leak")
    answers = answers_to(case, "press.leak", child_shown="yes")
    draft(case, step, answers)
    first = {way: one.id for way, one in opened(case).items()}
    assert set(first) == {"police", "national_ways"}
    case.world.pass_until(case.world.now() + HOUR)
    draft(case, step, answers)
    complete(case, step, answers)
    complete(case, case.add("press.monitor"), answers_to(case, "press.monitor", child_shown="yes"))
    watched = [one for one in case.state.steps.values() if one.added and "child_shown" in one.added.settings]
    assert {one.id for one in watched} == set(first.values())


def test_the_next_find_brings_the_duties_again_once_the_first_were_done(case: Work) -> None:
    complete(case, case.add("press.leak"), answers_to(case, "press.leak", child_shown="yes"))
    for one in opened(case).values():
        case.answer(one.id)
    complete(case, case.add("press.leak"), answers_to(case, "press.leak", child_shown="not_sure"))
    watched = [one for one in case.state.steps.values() if one.added and "child_shown" in one.added.settings]
    assert sum(one.status in LIVE for one in watched) == 2
    assert len(watched) == 4


def test_following_a_takedown_takes_the_answer_over_and_brings_nothing_anew(case: Work) -> None:
    complete(case, case.add("press.leak"), answers_to(case, "press.leak", child_shown="yes"))
    case.world.settle_jobs()
    for one in opened(case).values():
        case.answer(one.id)
    follow = case.add("press.takedown")
    case.world.settle_jobs()
    assert case.proposed(follow, "child_shown") == "yes"
    assert case.proposed(follow, "ground") == "intimate_image"
    complete(case, follow, answers_to(case, "press.takedown", child_shown="yes", answer="none_yet"))
    assert not [one for one in opened(case).values() if one.status in LIVE]


def test_what_no_law_gives_hours_for_is_due_within_a_day_by_promise(case: Work) -> None:
    complete(case, case.add("press.monitor"), answers_to(case, "press.monitor", child_shown="yes"))
    ways = opened(case)["national_ways"]
    assert ways.added.limit == "P1D"
    assert case.limit(ways).due_at - case.limit(ways).started_at == timedelta(days=1)


def test_a_piece_of_evidence_that_shows_a_child_asks_for_no_hash_and_no_certificate(case: Work) -> None:
    piece = case.do("policing.evidence", item_type="phone", sensitive_image=True, child_shown="yes")
    assert case.watched(f"certificate_{piece.hex}") == []
    [note] = [one for one in case.page_of(piece).notes if "child" in one]
    assert "nobody looks again" in note
    assert "hash" not in " ".join(case.page_of(piece).notes)
