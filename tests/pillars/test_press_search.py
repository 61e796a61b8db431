"""A text for the press is searched for what the whole case knows, of every person and in every answer."""

from datetime import timedelta
from uuid import UUID

from engine.core.records import StepStatus
from tests.kit.one_case import Work


def notes_on(case: Work, text: str, step: UUID | None = None) -> str:
    """Approve a text, and give what the step says of it."""
    now = case.world.now()
    step = step or case.add("press.release")
    case.world.settle_jobs()
    case.answer(
        step, text=text, kind="statement", child_involved=False, legal_basis="no_person_concerned",
        identity_check=["no_name"], approvals=["lawyer", "supervisor"], publish_from=now.isoformat(),
        withdraw_by=(now + timedelta(days=3)).isoformat(),
    )  # fmt: skip
    return " ".join(case.page_of(step).notes)


def test_parents_home_and_the_shelters_of_all_survivors_are_found(case: Work) -> None:
    alpha = case.joins(name="Alpha Person", parents=["Zenobia Quintal"], home="Dulongghat, Ri Bhoi")
    bravo = case.joins(name="Bravo Secret")
    for path, shelter in ((alpha, "Umsningkot"), (bravo, "Pathalighat")):
        case.answer(case.add_for("protection.placement", path), shelter=shelter, legal_basis="own_wish")
    assert "names 1" in notes_on(case, "Zenobia Quintal spoke to us.")
    assert "places 1" in notes_on(case, "She is from Dulongghat.")
    assert "places 1" in notes_on(case, "The person stays at Umsningkot.")
    assert "places 1" in notes_on(case, "The person stays at Pathalighat.")
    assert "Found" not in notes_on(case, "The police of Ri Bhoi spoke to us.")


def test_a_text_of_a_step_for_one_person_is_searched_for_what_is_known_of_the_others(case: Work) -> None:
    alpha, bravo = case.joins(name="Alpha Person"), case.joins(name="Bravo Secret")
    case.answer(case.add_for("protection.placement", bravo), shelter="Pathalighat", legal_basis="own_wish")
    own = case.add_for("press.release", alpha)
    assert "names 1, other names 0, phone numbers 0, places 1" in notes_on(case, "Bravo stays at Pathalighat.", own)


def test_a_text_that_names_somebody_is_held_until_a_second_look_with_what_was_found(case: Work) -> None:
    case.joins(name="Bravo Secret")
    assert "must not go out yet" in notes_on(case, "Bravo is well.")
    [again] = case.watched("held_release")
    assert again.status is StepStatus.READY
    assert case.proposed(again.id, "text") == "Bravo is well."
    assert "names 1" in case.page_of(again.id).notes[0]
    assert "must not go out yet" not in notes_on(case, "A person is well.", again.id)
    assert [one.status for one in case.watched("held_release")] == [StepStatus.ENDED]
