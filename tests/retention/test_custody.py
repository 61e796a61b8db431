"""Custody after a restore: what holds again is what still rests on something, and nobody sees a case meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.access.store import AccessStore
from engine.core.access import Grant, GrantKind, Via
from engine.core.case_links import ReferralKind
from engine.errors import AlreadyEndedError, NotFoundError
from engine.language.names import Role
from engine.overview.views.case import case_page
from engine.people.store import DirectoryStore
from engine.retention.actions.custody import answer_release, ask_release, standing, take_into_custody
from engine.sharing.actions.consents import end_expired_consents, withdraw_consent
from engine.sharing.actions.referrals import recall_referral
from engine.sign_in.actions.guarding import hash_of
from engine.sign_in.actions.sessions import sign_in, viewer_of
from tests.kit.world import World
from tests.sharing.test_sharing import accept, agree, everybody, release, row, seen_by, share

PASSPHRASE = "a mill beside the river"


def shared(world: World, *, ground: str = "") -> tuple[UUID, UUID, UUID | None]:
    """Share something of a case, on a consent or a ground, and let it be accepted; gives case, referral, consent."""
    case_id = world.at_look().case_id
    consent = None if ground else agree(world, case_id)
    persons = everybody(world, case_id) if ground else ()
    referral = share(world, case_id, consent_id=consent, ground=ground, persons=persons)
    accept(world, referral)
    return case_id, referral, consent


def let_go(world: World, *without: str) -> None:
    ask_release(world.engine, viewer=world.who("system_administrator"), without=without)
    answer_release(world.engine, viewer=world.other("system_administrator"), approved=True)


def reasons(world: World) -> dict[UUID, str]:
    return {row.case_id: row.ended_reason for row in world.rows('SELECT case_id, ended_reason FROM "grant"')}


def withdrawn(world: World, referral: UUID, consent: UUID | None) -> None:
    assert consent is not None
    assert referral
    world.act(withdraw_consent, consent, by="counsellor")


def ran_out(world: World, referral: UUID, consent: UUID | None) -> None:
    assert consent != referral
    world.later(days=100)


def noted_as_run_out(world: World, referral: UUID, consent: UUID | None) -> None:
    ran_out(world, referral, consent)
    assert end_expired_consents(world.engine) == 1


def recalled(world: World, referral: UUID, consent: UUID | None) -> None:
    assert consent != referral
    world.act(recall_referral, referral, by="case_manager")


@pytest.mark.parametrize(("meanwhile", "reason"), [
    (withdrawn, "consent_withdrawn"),
    (ran_out, "not_given_back"),
    (noted_as_run_out, "consent_ran_out"),
    (recalled, "recalled"),
])  # fmt: skip
def test_what_ended_in_custody_does_not_hold_again_with_the_release(
    world: World, meanwhile: Callable[[World, UUID, UUID | None], None], reason: str
) -> None:
    case_id, referral, consent = shared(world)
    stays, _, _ = shared(world, ground="life_at_risk")
    assert take_into_custody(world.engine).grants == 2
    meanwhile(world, referral, consent)
    let_go(world)
    assert seen_by(world, case_id).via is Via.NONE
    assert seen_by(world, stays).via is Via.GRANT
    assert reasons(world)[case_id] == reason


def test_a_consent_that_was_withdrawn_in_the_database_alone_gives_nothing_back(world: World) -> None:
    case_id, _, consent = shared(world)
    take_into_custody(world.engine)
    world.rows("UPDATE consent SET withdrawn_at = recorded_at WHERE id = :id", id=consent)
    let_go(world)
    assert reasons(world) == {case_id: "not_given_back"}


def test_a_ground_that_the_law_of_the_place_has_no_more_gives_nothing_back(world: World) -> None:
    case_id, referral, _ = shared(world, ground="life_at_risk")
    take_into_custody(world.engine)
    world.rows("UPDATE referral SET ground = 'gone' WHERE id = :id", id=referral)
    let_go(world)
    assert reasons(world) == {case_id: "not_given_back"}


def test_a_grant_by_hand_holds_again_and_an_emergency_is_over(world: World) -> None:
    by_hand, emergency = world.open().case_id, world.open().case_id
    now = world.engine.clock.now()
    for case_id, kind in ((by_hand, GrantKind.HAND), (emergency, GrantKind.EMERGENCY_ACCESS)):
        grant = Grant(
            id=uuid4(), case_id=case_id, unit_id=world.other_unit, purpose="help", fields=("case.*",),
            kind=kind, granted_at=now, valid_until=now + timedelta(hours=4),
        )  # fmt: skip
        with world.engine.transaction() as tx:
            tx.of(AccessStore).add_grant(grant)
            tx.commit()
    take_into_custody(world.engine)
    let_go(world)
    assert reasons(world) == {by_hand: "", emergency: "not_given_back"}


def test_what_stayed_over_is_not_given_back_by_a_second_custody(world: World) -> None:
    opened = world.at_look()
    case_id, number = opened.case_id, opened.case_number
    accept(world, share(world, case_id, consent_id=agree(world, case_id)))
    take_into_custody(world.engine)
    let_go(world, number)
    take_into_custody(world.engine)
    found = standing(world.engine, viewer=world.who("system_administrator"))
    assert found.grants == ()
    let_go(world)
    assert seen_by(world, case_id).via is Via.NONE


def test_an_offer_is_listed_and_that_of_a_case_without_is_accepted_by_nobody(world: World) -> None:
    cases = [world.at_look() for _ in range(3)]
    offered = [share(world, one.case_id, consent_id=agree(world, one.case_id)) for one in cases]
    accept(world, offered[2])
    held = share(
        world, cases[0].case_id, consent_id=agree(world, cases[0].case_id), viewer=world.who("caseworker"),
        kind=ReferralKind.CONSULTATION,
    )  # fmt: skip
    take_into_custody(world.engine)
    found = standing(world.engine, viewer=world.who("system_administrator"))
    assert {one.case_number for one in found.offers} == {one.case_number for one in cases[:2]}
    assert all(one.unit for one in found.offers)
    let_go(world, cases[0].case_number, cases[2].case_number)
    assert [row(world, one).status for one in (*offered, held)] == ["recalled", "offered", "ended", "dropped"]
    with pytest.raises(AlreadyEndedError):
        accept(world, offered[0])
    assert [seen_by(world, one.case_id).via for one in cases] == [Via.NONE] * 3
    accept(world, offered[1])
    assert seen_by(world, cases[1].case_id).via is Via.GRANT
    assert list(world.engine.broken_chains()) == []


def test_a_case_without_that_was_handed_over_stays_with_whom_it_went_to(world: World) -> None:
    opened = world.at_look()
    consent = agree(world, opened.case_id)
    referral = share(world, opened.case_id, consent_id=consent, kind=ReferralKind.TRANSFER, fields=(), keep_days=9)
    assert [release(world, referral, role) for role in ("case_manager", "supervisor")] == [False, True]
    accept(world, referral)
    take_into_custody(world.engine)
    let_go(world, opened.case_number)
    assert row(world, referral).status == "accepted"
    assert seen_by(world, opened.case_id, viewer="who").via is Via.NONE


def test_who_kept_a_look_at_a_case_that_went_to_another_unit_has_it_again(world: World) -> None:
    case_id = world.at_look().case_id
    referral = share(
        world, case_id, consent_id=agree(world, case_id), kind=ReferralKind.TRANSFER, fields=(), keep_days=9
    )
    assert [release(world, referral, role) for role in ("case_manager", "supervisor")] == [False, True]
    accept(world, referral)
    take_into_custody(world.engine)
    let_go(world)
    assert seen_by(world, case_id, viewer="who").via is Via.GRANT


def test_in_custody_no_role_counts_but_that_of_who_looks_after_people(world: World) -> None:
    case_id = world.at_look().case_id
    lead = world.who("case_manager")
    with world.engine.transaction() as tx:
        tx.of(DirectoryStore).set_password(lead.actor_id, world.engine.passwords.hash(PASSPHRASE))
        address = next(
            one.email for one in tx.of(DirectoryStore).holders(roles=("case_manager",)) if one.id == lead.actor_id
        )
        tx.commit()
    world.rows(
        "INSERT INTO membership (actor_id, unit_id, role) VALUES (:actor, :unit, 'system_administrator')",
        actor=lead.actor_id, unit=world.unit,
    )  # fmt: skip
    take_into_custody(world.engine)
    token = sign_in(world.engine, email=address, password=PASSPHRASE).token
    world.rows("UPDATE session SET by_factor = true WHERE token_hash = :token", token=hash_of(token))
    seen = viewer_of(world.engine, token)
    assert (seen.roles, seen.unit_ids) == ((Role.SYSTEM_ADMINISTRATOR.value,), (world.unit,))
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, seen, case_id)
    let_go(world)
    free = viewer_of(world.engine, token)
    assert free is not None
    assert world.engine.ask(case_page, free, case_id)
