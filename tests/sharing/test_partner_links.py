"""A partner without an account answers by a link that opens once, with a code that comes by another way."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.core.records import PersonRole
from engine.course.actions.steer import add_person, identify_person
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.plugin.context import PartnerTold
from engine.sharing.actions.consents import withdraw_consent
from engine.sharing.actions.partners import (
    NewPartnerLink,
    answer_by_link,
    keep_partner,
    make_partner_link,
    offers,
    open_partner_link,
    read_by_link,
)
from engine.sharing.records.partners import MOST_TRIES, SITTING, PartnerLinkError
from engine.sharing.views.sharing import sharing
from engine.work.views.worklist import worklist
from tests.kit.world import World
from tests.sharing.test_sharing import agree, row, share, told

pytestmark = pytest.mark.long

FIELDS = ("person.name", "trial.look.way")
SECRET_NAME = "Rahima Khatun"


def test_only_hashes_of_a_link_and_its_code_are_kept(world: World) -> None:
    link = made(world)[1]
    [kept] = world.rows("SELECT * FROM partner_link")
    assert kept.token_hash == hashlib.sha256(token(link).encode()).digest()
    dump = world.dump()
    assert token(link) not in dump
    assert f"'{link.code}'" not in dump
    assert kept.code_hash.startswith("$argon2id$")


def test_a_link_opens_once_with_its_code_and_shows_nothing_of_the_person_before_acceptance(world: World) -> None:
    _, link = made(world)
    session = open_partner_link(world.engine, token(link), code=link.code)
    page = read_by_link(world.engine, token(link), session)
    assert (page.status, page.purpose, page.help, page.lines, page.note) == ("offered", "shelter", "safe_place", (), "")
    with pytest.raises(PartnerLinkError):
        open_partner_link(world.engine, token(link), code=link.code)


def test_after_acceptance_exactly_the_agreed_fields_are_shown_and_every_look_is_recorded(world: World) -> None:
    referral, link = made(world)
    session = open_partner_link(world.engine, token(link), code=link.code)
    for _ in range(2):
        answer_by_link(world.engine, token(link), session, accepts=True, phone="+91 364 000000")
    page = read_by_link(world.engine, token(link), session)
    assert {line.label: line.text for line in page.lines} == {"Person 1: name": SECRET_NAME, "Which way": "By road"}
    assert page.note == "Ask for the blue gate."
    assert row(world, referral).status == "accepted"
    views = world.rows("SELECT what, count FROM partner_view ORDER BY at, what")
    assert sorted((view.what, view.count) for view in views) == [("accepted", 0), ("opened", 0), ("read", 2)]
    [used] = world.rows("SELECT body FROM event WHERE type = 'PartnerLinkUsed'")
    assert (used.body["what"], used.body["count"]) == ("read", 2)
    assert told(world, "answered") == {world.who("case_manager").actor_id}
    [shown] = world.engine.ask(sharing, world.who("case_manager"), row(world, referral).case_id).sent
    assert (shown.to, shown.views, shown.is_outside) == ("House of Hope", 3, True)


def test_five_wrong_codes_kill_a_link_in_the_same_words_as_no_link(world: World) -> None:
    _, link = made(world)
    wrong = "000000" if link.code != "000000" else "111111"
    said = set()
    for _ in range(MOST_TRIES):
        with pytest.raises(PartnerLinkError) as caught:
            open_partner_link(world.engine, token(link), code=wrong)
        said.add(str(caught.value))
    for secret, code in ((token(link), link.code), ("no-such-link", link.code)):
        with pytest.raises(PartnerLinkError) as caught:
            open_partner_link(world.engine, secret, code=code)
        said.add(str(caught.value))
    assert len(said) == 1
    assert world.rows("SELECT ended_reason FROM partner_link")[0].ended_reason == "too_many_codes"


def test_a_link_lives_a_week_at_most_and_a_sitting_a_quarter_of_an_hour(world: World) -> None:
    referral, link = made(world)
    world.refuses(InvalidAnswersError, make_partner_link, referral, by="case_manager", days=8)
    session = open_partner_link(world.engine, token(link), code=link.code)
    world.clock.move_to(world.clock.now() + SITTING)
    with pytest.raises(PartnerLinkError):
        read_by_link(world.engine, token(link), session)
    second = world.act(make_partner_link, referral, by="case_manager", days=7)
    world.clock.move_to(world.clock.now() + timedelta(days=7))
    with pytest.raises(PartnerLinkError):
        open_partner_link(world.engine, token(second), code=second.code)


def test_a_sitting_is_that_of_one_browser_and_one_link(world: World) -> None:
    _, link = made(world)
    _, other = made(world, to_name="Another house")
    session = open_partner_link(world.engine, token(link), code=link.code)
    for secret, sitting in ((token(link), "guessed"), (token(link), ""), (token(other), session)):
        with pytest.raises(PartnerLinkError):
            read_by_link(world.engine, secret, sitting)


def test_a_consent_that_is_taken_back_closes_the_link_at_once(world: World) -> None:
    referral, link = made(world)
    session = open_partner_link(world.engine, token(link), code=link.code)
    answer_by_link(world.engine, token(link), session, accepts=True, phone="+91 364 000000")
    world.act(withdraw_consent, row(world, referral).consent_id, by="counsellor")
    with pytest.raises(PartnerLinkError):
        read_by_link(world.engine, token(link), session)
    call = next(step for step in world.state(row(world, referral).case_id).steps.values() if step.uses == "core.call")
    assert call.status.value == "ready"
    steps = world.state(row(world, referral).case_id).steps.values()
    assert [step.status.value for step in steps if step.key.startswith("help_")] == ["cancelled"], "no help to ask for"
    assert "House of Hope" not in str(world.rows("SELECT body FROM event"))
    world.refuses(AlreadyEndedError, make_partner_link, referral, by="case_manager")


def test_nothing_is_shown_once_the_consent_has_run_out_whatever_the_jobs_have_done(world: World) -> None:
    until = world.clock.now() + timedelta(minutes=5)
    _, link = made(world, valid_until=until)
    session = open_partner_link(world.engine, token(link), code=link.code)
    answer_by_link(world.engine, token(link), session, accepts=True, phone="+91 364 000000")
    assert read_by_link(world.engine, token(link), session).lines
    world.clock.move_to(until)
    with pytest.raises(PartnerLinkError):
        read_by_link(world.engine, token(link), session)


def test_whoever_accepts_by_a_link_leaves_a_number_and_the_help_is_followed_up_by_who_asked(world: World) -> None:
    referral, link = made(world)
    session = open_partner_link(world.engine, token(link), code=link.code)
    for phone in ("", "call me", "12", "1" * 41):
        with pytest.raises(InvalidAnswersError):
            answer_by_link(world.engine, token(link), session, accepts=True, phone=phone)
    case_id = row(world, referral).case_id
    asks = {step.key for step in world.state(case_id).steps.values()}
    assert row(world, referral).status == "offered"
    answer_by_link(world.engine, token(link), session, accepts=True, phone="+91 364 222 1000")
    [shown] = world.engine.ask(sharing, world.who("case_manager"), case_id).sent
    assert (shown.to, shown.phone) == ("House of Hope", "+91 364 222 1000")
    assert "364 222" not in world.dump(), "it is kept sealed, and with the name it goes when the case is erased"
    [step] = [step for step in world.state(case_id).steps.values() if step.key not in asks]
    assert (step.added.title, step.status.value) == ("Safe place: is it given?", "ready")
    assert step.added.limit == "P1D", "it was asked for within 24 hours"
    titles = {item.title: item.due_at for item in world.engine.ask(worklist, world.who("case_manager"))}
    assert titles["Safe place: is it given?"] == world.clock.now() + timedelta(days=1)
    assert list(world.engine.broken_chains()) == []


def test_declining_needs_a_reason_and_ends_the_link(world: World) -> None:
    referral, link = made(world)
    session = open_partner_link(world.engine, token(link), code=link.code)
    with pytest.raises(InvalidAnswersError):
        answer_by_link(world.engine, token(link), session, accepts=False)
    answer_by_link(world.engine, token(link), session, accepts=False, reason_code="no_capacity")
    assert (row(world, referral).status, row(world, referral).reason_code) == ("declined", "no_capacity")
    with pytest.raises(PartnerLinkError):
        read_by_link(world.engine, token(link), session)


def test_only_the_unit_that_sends_makes_links_and_only_for_partners_outside(world: World) -> None:
    referral, _ = made(world)
    world.refuses(NotFoundError, make_partner_link, referral, by=world.other("case_manager"))
    case_id = world.at_look().case_id
    inside = share(world, case_id, consent_id=agree(world, case_id))
    world.refuses(AlreadyEndedError, make_partner_link, inside, by="case_manager")


def test_a_link_shows_nobody_but_the_person_for_whom_it_was_agreed(world: World) -> None:
    referral, link = made(world)
    world.act(add_person, row(world, referral).case_id, role=PersonRole.VICTIM, identity={"name": "Somebody Beside"},
        by="caseworker",
    )  # fmt: skip
    session = open_partner_link(world.engine, token(link), code=link.code)
    answer_by_link(world.engine, token(link), session, accepts=True, phone="+91 364 000000")
    names = [line.text for line in read_by_link(world.engine, token(link), session).lines if "name" in line.label]
    assert names == [SECRET_NAME]


def test_a_step_hears_how_a_partner_answered_what_was_asked_in_the_quarter_that_has_ended(world: World) -> None:
    referral, link = made(world)
    session = open_partner_link(world.engine, token(link), code=link.code)
    answer_by_link(world.engine, token(link), session, accepts=True, phone="+91 364 000000")
    unit_id, now = row(world, referral).unit_id, world.engine.clock.now()
    with world.engine.transaction() as tx:
        keep_partner(tx, PartnerTold("HOUSE of Hope", services=("shelter",)), now=now)
        [this] = offers(tx, unit_id=unit_id, zone="Asia/Kolkata", now=now)
        [after] = offers(tx, unit_id=unit_id, zone="Asia/Kolkata", now=now + timedelta(days=92))
        [elsewhere] = offers(tx, unit_id=world.other_unit, zone="Asia/Kolkata", now=now + timedelta(days=92))
    assert (this.asked, elsewhere.asked) == (0, 0)
    assert (after.asked, after.in_time, after.late) == (1, 1, 0)


def made(world: World, *, to_name: str = "House of Hope", **agreed: Any) -> tuple[UUID, NewPartnerLink]:
    case_id = world.at_talk().case_id
    person = world.state(case_id).persons[0].person_id
    identity: dict[str, Any] = {"name": SECRET_NAME, "phone": "+91 98640 12345", "age": 12}
    world.act(identify_person, person, case_id=case_id, by="caseworker", identity=identity)
    consent = agree(world, case_id, recipients=("kind:shelter",), fields=FIELDS, **agreed)
    referral = share(
        world, case_id, consent_id=consent, fields=FIELDS, to_name=to_name, to_kind="shelter",
        note="Ask for the blue gate.",
    )  # fmt: skip
    link = world.act(make_partner_link, referral, by="case_manager")
    return referral, link


def token(link: NewPartnerLink) -> str:
    return link.path.removeprefix("/p/")
