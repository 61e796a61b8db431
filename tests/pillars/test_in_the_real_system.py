"""What the pillars promise holds in the real system, case by case."""

from datetime import timedelta
from uuid import UUID

import pytest

from engine.core.records import StepStatus
from pillars.policing.steps import Fir, Refusal
from tests.kit.cases import HOUR, Work
from tests.kit.pillars import render


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


def test_a_child_kept_safe_at_a_border_starts_the_limit_of_the_law(case: Work) -> None:
    met = case.world.now() - timedelta(hours=3)
    case.do("prevention.intercept", at=met.isoformat(), outcome="shelter", wants_to_continue="no")
    [production] = case.watched("production")
    assert (production.uses, production.status) == ("rescue.production", StepStatus.READY)
    assert case.limit(production).law == "IN-JJ-PROD-24H"
    assert case.limit(production).due_at == met + 24 * HOUR


@pytest.mark.parametrize(("sex", "routes"), [
    ("male", ["StateVCS"]), ("female", ["NALSA", "StateVCS"]), ("unknown", ["NALSA", "StateVCS"]),
])  # fmt: skip
def test_the_scheme_for_women_is_proposed_unless_another_sex_was_told(case: Work, sex: str, routes: list[str]) -> None:
    path = case.joins(name="Alpha Person", age=30)
    case.answer(case.add_for("rescue.identify", path), sex=sex)
    assert case.proposed(case.add_for("restitution.eligibility", path), "routes") == routes


LETTERS = (
    ("fir-complaint", Fir.step_type),
    ("fir-station-letter", Refusal.step_type),
    ("fir-refusal-letter", Refusal.step_type),
)


@pytest.mark.parametrize("jurisdiction", ["BD", "NP-BA", "MM"])
def test_a_letter_to_the_police_of_another_country_cites_no_law_of_india(jurisdiction: str) -> None:
    for name, step in LETTERS:
        letter = render(name, step, {"station": "Station One"}, jurisdiction=jurisdiction)
        assert "Station One" in letter
        assert not [law for law in ("Bharatiya", "173", "Criminal Procedure") if law in letter], name


@pytest.mark.parametrize(
    ("offence", "cited", "other"),
    [("2024-06-30", "section 154(", "173"), ("2024-07-01", "section 173(", "154")],
)
def test_all_letters_of_an_offence_name_the_same_code(offence: str, cited: str, other: str) -> None:
    fir = {"station": "Station One", "offence_date": offence}
    for name, step in LETTERS:
        letter = render(name, step, {}, earlier=lambda uses: fir if uses == "policing.fir" else {})
        assert cited in letter.replace("under section", "section"), name
        assert other not in letter, name


def test_the_complaint_goes_by_the_day_that_is_proposed() -> None:
    assert "section 154(1)" in render("fir-complaint", Fir.step_type, {"offence_date": "2024-03-01"})
    assert "section 173(1)" in render("fir-complaint", Fir.step_type, {})
