"""A lawyer of the place signs a limit, by name, under one text; who else tries, or what has changed, is refused."""

from datetime import timedelta
from uuid import uuid4

import pytest

from engine.definitions.actions.law import revoke_signature, sign_limit
from engine.definitions.actions.proposals import propose_files
from engine.definitions.actions.publish import publish_shipped
from engine.definitions.records import SignatureError, UnknownLawLimitError
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.findings import DefinitionError
from engine.language.law import law_term
from engine.sign_in.records import StepUpNeededError
from tests.kit.trial import LAW
from tests.kit.world import World, lawyer, replace_roles, sign, text_of

ID = "IN-TEST-10H"
ELSEWHERE = (
    LAW.replace("law: in", "law: bd").replace("IN-TEST", "BD-TEST").replace("jurisdiction: IN", "jurisdiction: BD")
)


@pytest.fixture
def law(world: World) -> World:
    publish_shipped(world.engine, {"in-law.yaml": LAW, "bd-law.yaml": ELSEWHERE})
    return world


def term(world: World, limit_id: str = ID) -> str:
    (limit,) = world.engine.library().versions(limit_id)
    return law_term(limit, on=world.clock.now().date(), jurisdiction="IN")


def noted(world: World, kind: str) -> list[str]:
    return [row.type for row in world.rows("SELECT type FROM audit_event WHERE type = :kind", kind=kind)]


def test_a_limit_is_law_once_a_lawyer_has_signed_it_and_not_before(law: World) -> None:
    assert term(law) == "network target, based on Visits Act 2020, section 7"
    sign(law, ID, source="  Gazette of   1 May 2020 ")
    assert term(law) == "legal deadline, Visits Act 2020, section 7"
    (row,) = law.rows("SELECT name, place, source_read, text_hash FROM law_signature")
    assert tuple(row) == (law.who("lawyer").name, "IN", "Gazette of 1 May 2020", text_of(law, ID))
    assert noted(law, "LimitSigned") == ["LimitSigned"]


def test_signing_twice_is_signing_once(law: World) -> None:
    assert sign(law, ID) == sign(law, ID)
    assert len(noted(law, "LimitSigned")) == 1


def test_a_changed_limit_loses_its_signature_and_has_it_again_with_its_text(law: World) -> None:
    sign(law, ID)
    law.publish({"in-law.yaml": LAW.replace("PT10H", "PT12H")})
    assert term(law).startswith("network target")
    law.publish({"in-law.yaml": LAW})
    assert term(law).startswith("legal deadline")


def test_a_text_that_has_changed_since_it_was_read_cannot_be_signed(law: World) -> None:
    read = text_of(law, ID)
    law.publish({"in-law.yaml": LAW.replace("PT10H", "PT12H")})
    with pytest.raises(SignatureError, match="has changed since"):
        sign_limit(law.engine, ID, text_hash=read, source_read="Gazette", viewer=lawyer(law))


def test_a_signature_that_is_taken_back_makes_it_a_target_again_and_stays_on_record(law: World) -> None:
    signature_id = sign(law, ID)
    revoke_signature(law.engine, signature_id, why="law_changed", viewer=lawyer(law))
    revoke_signature(law.engine, signature_id, why="read_wrong", viewer=lawyer(law))
    assert term(law).startswith("network target")
    (row,) = law.rows("SELECT revoked_for, revoked_by FROM law_signature")
    assert tuple(row) == ("law_changed", law.who("lawyer").actor_id)
    assert noted(law, "SignatureRevoked") == ["SignatureRevoked"]
    again = sign(law, ID)
    assert again != signature_id
    assert term(law).startswith("legal deadline")


@pytest.mark.parametrize("role", ["case_manager", "system_administrator", "supervisor", "auditor"])
def test_nobody_but_a_lawyer_signs(law: World, role: str) -> None:
    viewer = replace_roles(lawyer(law), role)
    law.refuses(NotAllowedError, sign_limit, ID, text_hash=text_of(law, ID), source_read="Gazette", by=viewer)
    signature_id = sign(law, ID)
    law.refuses(NotAllowedError, revoke_signature, signature_id, why="law_changed", by=viewer)
    assert term(law).startswith("legal deadline")


def test_the_machine_signs_nothing(law: World) -> None:
    viewer = lawyer(law).model_copy(update={"is_system": True})
    law.refuses(NotAllowedError, sign_limit, ID, text_hash=text_of(law, ID), source_read="Gazette", by=viewer)


def test_a_lawyer_must_have_just_proved_who_it_is(law: World) -> None:
    stale = law.engine.wall_clock.now() - timedelta(minutes=11)
    for at in (None, stale):
        viewer = lawyer(law).model_copy(update={"stepped_up_at": at})
        law.refuses(StepUpNeededError, sign_limit, ID, text_hash=text_of(law, ID), source_read="Gazette", by=viewer)
    signature_id = sign(law, ID)
    law.refuses(StepUpNeededError, revoke_signature, signature_id, why="law_changed", by="lawyer")


def test_the_law_of_another_country_is_signed_there(law: World) -> None:
    with pytest.raises(SignatureError, match="a lawyer of a unit in BD has to"):
        sign_limit(
            law.engine, "BD-TEST-10H", text_hash=text_of(law, "BD-TEST-10H"), source_read="G", viewer=lawyer(law)
        )
    assert law.rows("SELECT 1 FROM law_signature") == []


@pytest.mark.parametrize("source", ["", "   ", "x" * 301])
def test_a_signature_names_the_source_that_was_read(law: World, source: str) -> None:
    with pytest.raises(InvalidAnswersError):
        sign(law, ID, source=source)


def test_what_does_not_exist_is_neither_signed_nor_taken_back(law: World) -> None:
    law.refuses(UnknownLawLimitError, sign_limit, "IN-NOTHING", text_hash="", source_read="G", by=lawyer(law))
    law.refuses(NotFoundError, revoke_signature, uuid4(), why="law_changed", by=lawyer(law))
    law.refuses(InvalidAnswersError, revoke_signature, uuid4(), why="because", by=lawyer(law))


def test_nobody_signs_by_writing_a_signature_into_a_file(law: World) -> None:
    forged = LAW + "    signature: {name: A lawyer, on: 2026-01-01, source_read: The Gazette}\n"
    with pytest.raises(DefinitionError) as refused:
        propose_files(law.engine, {"in-law.yaml": forged}, viewer=law.who("case_manager"))
    assert "signature-in-file" in "\n".join(map(str, refused.value.findings))
    assert term(law).startswith("network target")
