"""What somebody calls a step that they add is sealed, and so is what was called so before."""

from uuid import UUID, uuid4

from engine.usecases.seal_titles import seal_old_titles
from engine.usecases.steer_case import add_step
from tests.integration.usecases.world import World

WORDS = "Bring KANARIENVOGEL home"
_OPEN = "SELECT added ->> 'title' AS title FROM step WHERE id = :id"


def _added(world: World, case_id: UUID, title: str) -> UUID:
    return add_step(
        world.engine, case_id, viewer=world.who("case_manager"), command_id=uuid4(), uses="trial.talk", title=title
    )


def _title_on_page(world: World, case_id: UUID, step_id: UUID) -> str:
    page = world.engine.queries.case(world.who("case_manager"), case_id)
    return next(f"{step.title}: {step.called}" for step in page.steps if step.id == step_id)


def test_a_typed_title_lies_sealed_and_is_shown_on_the_page_and_the_form_only(world: World) -> None:
    case_id = world.at_look().case_id
    step_id = _added(world, case_id, WORDS)
    assert world.rows(_OPEN, id=step_id)[0].title == "Talk"
    assert "KANARIENVOGEL" not in str(world.rows("SELECT s::text FROM step s"))
    assert _title_on_page(world, case_id, step_id) == f"Talk: {WORDS}"
    worker = world.who("caseworker")
    listed = [item for item in world.engine.queries.worklist(worker) if item.step_id == step_id]
    assert [item.title for item in listed] == ["Talk"]
    assert world.engine.queries.form(worker, listed[0].id).help == WORDS


def test_titles_of_before_are_sealed_at_the_start_and_one_that_cannot_be_stops_no_other(world: World) -> None:
    first, bad, last = (world.at_look().case_id for _ in range(3))
    steps = {case_id: _added(world, case_id, "") for case_id in (first, bad, last)}
    for step_id in steps.values():
        world.rows(
            "UPDATE step SET added = added || jsonb_build_object('title', CAST(:title AS text)) WHERE id = :id",
            title=WORDS, id=step_id,
        )  # fmt: skip
    world.rows("UPDATE data_key SET wrapped = NULL, destroyed_at = now() WHERE owner_id = :case", case=bad)
    world.engine.vault.forget()  # type: ignore[attr-defined]
    assert seal_old_titles(world.engine) == 2
    titles = {case_id: world.rows(_OPEN, id=step_id)[0].title for case_id, step_id in steps.items()}
    assert (titles[first], titles[last]) == ("Talk", "Talk")
    assert _title_on_page(world, first, steps[first]) == _title_on_page(world, last, steps[last]) == f"Talk: {WORDS}"
    assert seal_old_titles(world.engine) == 0
