"""Answers that tell where somebody is: under a key of their own, which can go before the key of the case does."""

from dataclasses import replace
from uuid import UUID

import pytest
from pydantic import JsonValue

from engine.builtin import CORE
from engine.cases.actions.open import OpenedCase
from engine.core.keys import place_key
from engine.documents.views import document_text
from engine.errors import KeyMissingError
from engine.keys.actions.keys import reencrypt_case
from engine.keys.store import KeyStore
from engine.language.names import RestrictedCategory
from engine.overview.views.case import case_page
from engine.plugin.registry import load_registry
from engine.web.terminal import SYSTEM
from engine.work.actions.answers import told_apart
from engine.work.actions.items import save_draft
from engine.work.store import ItemStore
from engine.work.views.form import item_form
from tests.kit.world import INTAKE, LOOKED, World

HIDEOUT = "The blue house behind the mill"
TOLD = LOOKED | {"hideout": HIDEOUT}


@pytest.fixture
def looked(world: World) -> OpenedCase:
    """Return a case in which somebody was told where it is safe."""
    opened = world.open()
    world.complete(world.item(opened.case_id, "intake"), by="intake_officer", answers=INTAKE)
    world.complete(world.item(opened.case_id, "look"), by="caseworker", answers=TOLD)
    return opened


def answers(world: World, case_id: UUID) -> dict[str, object]:
    world.engine.vault.forget()  # type: ignore[attr-defined]
    step = world.rows("SELECT id FROM step WHERE case_id = :c AND key = 'look'", c=case_id)[0][0]
    return dict(world.of(ItemStore).answers(step))


def outer(world: World, case_id: UUID) -> str:
    """Return what the key of the case alone opens."""
    row = world.rows(
        "SELECT step_id, turn, encrypted_answers FROM answer WHERE case_id = :c AND step_id IN"
        " (SELECT id FROM step WHERE key = 'look')", c=case_id,
    )[0]  # fmt: skip
    place = f"encrypted_answers/{row[1]}"
    return str(world.engine.vault.decrypt(bytes(row[2]), table="answer", row=row[0], column=place))


def destroy_places(world: World, case_id: UUID) -> None:
    with world.engine.transaction() as tx:
        tx.of(KeyStore).destroy(place_key(case_id), world.clock.now())
        tx.commit()


def test_where_somebody_is_does_not_open_with_the_key_of_the_case(world: World, looked: OpenedCase) -> None:
    assert answers(world, looked.case_id)["hideout"] == HIDEOUT
    assert HIDEOUT not in outer(world, looked.case_id)
    assert "waved" in outer(world, looked.case_id)


def test_when_the_key_of_places_is_gone_the_other_answers_stay(world: World, looked: OpenedCase) -> None:
    destroy_places(world, looked.case_id)
    left = answers(world, looked.case_id)
    assert "hideout" not in left
    assert left["words"] == LOOKED["words"]
    case = world.engine.ask(case_page, world.who("case_manager"), looked.case_id)
    assert any(step.answers for step in case.steps)


def test_what_was_typed_and_not_sent_is_kept_apart_too(world: World) -> None:
    opened = world.open()
    world.complete(world.item(opened.case_id, "intake"), by="intake_officer", answers=INTAKE)
    item = world.item(opened.case_id, "look")
    save_draft(world.engine, item.id, viewer=world.who("caseworker"), answers={"words": "Some", "hideout": HIDEOUT})
    form = world.engine.ask(item_form, world.who("caseworker"), item.id)
    assert {field.name: field.value for field in form.fields}["hideout"] == HIDEOUT
    encrypted = bytes(world.rows("SELECT encrypted_answers FROM draft WHERE item_id = :i", i=item.id)[0][0])
    typed = world.engine.vault.decrypt(encrypted, table="draft", row=item.id, column="encrypted_answers")
    assert HIDEOUT not in str(typed)


def test_it_is_sealed_anew_with_its_case(world: World, looked: OpenedCase) -> None:
    reencrypt_case(world.engine, looked.case_number, viewer=SYSTEM)
    world.later(minutes=2)
    assert reencrypt_case(world.engine, looked.case_number, viewer=SYSTEM).are_dropped
    whole = "SELECT owner_id, version FROM data_key WHERE owner_id = ANY(:o) AND wrapped IS NOT NULL"
    owners = [looked.case_id, place_key(looked.case_id)]
    assert {tuple(row) for row in world.rows(whole, o=owners)} == {(owner, 2) for owner in owners}
    assert answers(world, looked.case_id)["hideout"] == HIDEOUT


def papers(world: World, case_id: UUID) -> list[tuple[UUID, bytes]]:
    rows = world.rows("SELECT id, encrypted_html FROM document WHERE case_id = :c", c=case_id)
    return [(row[0], bytes(row[1])) for row in rows]


def inside(world: World, paper: tuple[UUID, bytes]) -> JsonValue:
    """Return what the key of the case, or of its person, alone opens of a paper."""
    return world.engine.vault.decrypt(paper[1], table="document", row=paper[0], column="encrypted_html")


def test_a_paper_that_tells_where_somebody_is_opens_with_the_key_of_places_only(
    world: World, looked: OpenedCase
) -> None:
    world.do_jobs()
    [paper] = papers(world, looked.case_id)
    assert isinstance(inside(world, paper), dict)
    assert "<html" not in str(inside(world, paper))
    manager = world.who("case_manager")
    shown = world.engine.ask(document_text, manager, paper[0])
    assert "<html" in shown
    reencrypt_case(world.engine, looked.case_number, viewer=SYSTEM)
    world.later(minutes=2)
    assert reencrypt_case(world.engine, looked.case_number, viewer=SYSTEM).are_dropped
    assert papers(world, looked.case_id) != [paper]
    assert world.engine.ask(document_text, manager, paper[0]) == shown
    destroy_places(world, looked.case_id)
    world.engine.vault.forget()  # type: ignore[attr-defined]
    with pytest.raises(KeyMissingError):
        world.engine.ask(document_text, manager, paper[0])


def test_a_paper_that_tells_nothing_of_a_place_does_not_go_with_the_key_of_places(world: World) -> None:
    opened = world.at_talk()
    world.do_jobs()
    [paper] = papers(world, opened.case_id)
    destroy_places(world, opened.case_id)
    assert "<html" in str(inside(world, paper))


def test_every_address_of_a_shelter_in_the_shipped_pillars_is_told_apart(world: World) -> None:
    registry = load_registry({}, builtins=(CORE,))
    engine = replace(world.engine, registry=registry)
    asked = {
        uses: {spec.name for spec in kind.fields if spec.restricted_category is RestrictedCategory.SHELTER_ADDRESS}
        for uses, kind in registry.step_types.items()
    }
    assert any(asked.values())
    assert {uses: set(told_apart(engine, uses)) for uses in asked} == asked
    assert told_apart(engine, "no.such_step") == frozenset()
