"""Grants, denials and requests for approval, as they are kept."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from engine.access.store import AccessStore
from engine.approvals.records import ApprovalRequest
from engine.approvals.store import ApprovalStore
from engine.core.access import Grant, Recusal, RecusalReason, Via
from engine.core.policy import Viewer
from engine.db.store import Within
from engine.db.tables import TABLES
from engine.errors import NotFoundError
from tests.kit.network import START, Network

_UNIT = TABLES["unit"]


@pytest.fixture
def case_id(network: Network, unit: UUID) -> UUID:
    return network.open_case(unit)


@pytest.fixture
def stranger(network: Network) -> Viewer:
    return network.actor("Eve", network.unit("Elsewhere"), "supervisor")


def kept(network: Network, store: type[Any], act: Callable[[Any], Any]) -> Any:
    with network.sql.begin() as connection:
        return act(store(Within(connection, network.vault)))


def granted(network: Network, case_id: UUID, unit_id: UUID, **values: Any) -> Grant:
    given = {"id": uuid4(), "case_id": case_id, "unit_id": unit_id, "purpose": "help", "granted_at": START}
    grant = Grant.model_validate(given | values)
    assert kept(network, AccessStore, lambda store: store.add_grant(grant))
    assert not kept(network, AccessStore, lambda store: store.add_grant(grant))
    return grant


def denied(network: Network, case_id: UUID, **values: Any) -> Recusal:
    denial = Recusal(
        reason=RecusalReason.DENIED, id=uuid4(), case_id=case_id, reason_code="danger", set_at=START, **values
    )
    kept(network, AccessStore, lambda store: store.recuse(denial))
    return denial


def seen(network: Network, viewer: Viewer, case_id: UUID) -> Via:
    via: Via = kept(network, AccessStore, lambda store: store.access_of(viewer, case_id, network.clock.now())).via
    return via


def test_a_grant_is_kept_as_it_was_given_and_ends_once(network: Network, case_id: UUID, stranger: Viewer) -> None:
    grant = granted(network, case_id, stranger.unit_ids[0], fields=("a.b.c",), valid_until=START + timedelta(hours=1))
    assert kept(network, AccessStore, lambda store: store.grants_of(case_id)) == (grant,)
    assert seen(network, stranger, case_id) is Via.GRANT
    assert kept(network, AccessStore, lambda store: store.end_grant(grant.id, at=START, reason="withdrawn"))
    assert not kept(network, AccessStore, lambda store: store.end_grant(grant.id, at=START, reason="again"))
    assert seen(network, stranger, case_id) is Via.NONE
    found = kept(network, AccessStore, lambda store: store.grant(grant.id))
    assert (found.ended_at, found.ended_reason) == (START, "withdrawn")


def test_a_grant_to_one_person_is_theirs_alone(network: Network, case_id: UUID, stranger: Viewer) -> None:
    granted(network, case_id, stranger.unit_ids[0], kind="emergency_access", actor_id=stranger.actor_id)
    colleague = network.actor("Col", stranger.unit_ids[0], "supervisor")
    assert seen(network, stranger, case_id) is Via.EMERGENCY_ACCESS
    assert seen(network, colleague, case_id) is Via.NONE


@pytest.mark.parametrize("whom", ["actor", "unit", "organisation", "conflict"])
def test_a_denial_of_person_unit_or_organisation_beats_a_grant_until_it_is_lifted(
    network: Network, case_id: UUID, stranger: Viewer, whom: str
) -> None:
    unit = stranger.unit_ids[0]
    granted(network, case_id, unit)
    if whom == "conflict":
        network.recuse(case_id, "conflict_of_interest", actor_id=stranger.actor_id)
        assert seen(network, stranger, case_id) is Via.NONE
        return
    with network.sql.connect() as connection:
        organisation = connection.execute(select(_UNIT.c.organisation_id).where(_UNIT.c.id == unit)).scalar_one()
    named = {"actor": {"actor_id": stranger.actor_id}, "unit": {"unit_id": unit}}
    denial = denied(network, case_id, **named.get(whom, {"organisation_id": organisation}))
    assert seen(network, stranger, case_id) is Via.NONE
    assert kept(network, AccessStore, lambda store: store.recusals_of(case_id)) == (denial,)
    assert kept(network, AccessStore, lambda store: store.end_recusal(denial.id, by=None, at=START))
    assert seen(network, stranger, case_id) is Via.GRANT
    assert kept(network, AccessStore, lambda store: store.recusals_of(case_id)) == ()


def test_a_denial_shuts_out_somebody_of_the_cases_own_unit(network: Network, unit: UUID, case_id: UUID) -> None:
    lead = network.actor("Sam", unit, "supervisor")
    assert seen(network, lead, case_id) is Via.OWN
    denied(network, case_id, actor_id=lead.actor_id)
    assert seen(network, lead, case_id) is Via.NONE


def test_a_denial_names_exactly_one(network: Network, case_id: UUID, unit: UUID) -> None:
    for named in ({}, {"unit_id": unit, "actor_id": network.actor("Sam", unit, "lawyer").actor_id}):
        with pytest.raises(IntegrityError):
            denied(network, case_id, **named)


def test_nobody_comes_to_a_case_that_there_is_not(network: Network, stranger: Viewer) -> None:
    with pytest.raises(NotFoundError):
        seen(network, stranger, UUID(int=7))


def test_a_request_waits_for_one_answer_until_it_runs_out(network: Network, unit: UUID, case_id: UUID) -> None:
    lead, second = network.actor("Sam", unit, "supervisor"), network.actor("Tom", unit, "supervisor")
    asked = ApprovalRequest(
        id=uuid4(), kind="lift_denial", subject_id=uuid4(), case_id=case_id, unit_id=unit, asked_by=lead.actor_id,
        asked_at=START, reason_code="error", expires_at=START + timedelta(hours=24),
    )  # fmt: skip
    late = START + timedelta(hours=24)
    ask = partial(kept, network, ApprovalStore)
    assert ask(lambda store: store.ask(asked))
    assert not ask(lambda store: store.ask(asked))
    assert not ask(lambda store: store.ask(asked.model_copy(update={"id": uuid4()}))), "one about the same is open"
    assert ask(lambda store: store.get(asked.id)) == asked
    assert ask(lambda store: store.open_about("lift_denial", asked.subject_id)) == asked
    assert ask(lambda store: store.open_about("merge", asked.subject_id)) is None
    assert ask(lambda store: store.run_out(now=START, most=5)) == ()
    assert ask(lambda store: store.run_out(now=late, most=5)) == ((asked.id, case_id),)
    agreed = asked.agree(second, {"supervisor"}, seen="", now=START)
    assert ask(lambda store: store.save(agreed))
    assert not ask(lambda store: store.save(asked.refuse(second, now=START)))
    assert ask(lambda store: store.latest_about("lift_denial", asked.subject_id)) == agreed
    assert ask(lambda store: store.open_about("lift_denial", asked.subject_id)) is None
    assert ask(lambda store: store.run_out(now=late, most=5)) == ()
