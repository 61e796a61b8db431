"""Concerns about one of us reach one person in confidence, and unusual viewing is told."""

from uuid import UUID

import pytest

from engine.access.actions.emergency import watch_viewing
from engine.access.records import is_unusual
from engine.approvals.actions.concerns import answer_concern, raise_concern, read_concern
from engine.cases.actions.deciding import note_reading
from engine.core.policy import Viewer
from engine.errors import InvalidAnswersError, NotFoundError
from engine.people.actions.manage import deactivate, give_role
from engine.web.terminal import SYSTEM
from tests.kit.world import World

WORDS = "He asks the girls for their numbers."


def test_a_concern_reaches_the_safeguarding_lead_alone(world: World) -> None:
    about, raiser, lead = world.who("caseworker"), world.who("press_officer"), world.who("safeguarding_lead")
    concern = tell(world, raiser, about)
    told = world.rows("SELECT recipient_id FROM message WHERE kind = 'concern'")
    assert {row[0] for row in told} == {lead.actor_id}
    for viewer in (about, world.who("supervisor"), world.who("system_administrator"), world.other("safeguarding_lead")):
        world.refuses(NotFoundError, read_concern, concern, by=viewer)
    for viewer in (raiser, lead):
        assert read_concern(world.engine, concern, viewer=viewer)[1] == WORDS
    assert WORDS not in world.dump()


def test_the_supervisor_of_the_person_concerned_never_hears_of_it(world: World) -> None:
    about, lead = world.who("caseworker"), world.who("safeguarding_lead")
    world.change_actor(about, supervisor_id=lead.actor_id)
    concern = tell(world, world.who("lawyer"), about)
    world.refuses(NotFoundError, read_concern, concern, by=lead)
    assert read_concern(world.engine, concern, viewer=world.other("safeguarding_lead"))


def test_what_was_told_to_somebody_who_acts_no_longer_is_told_to_somebody_else(world: World) -> None:
    about, raiser, lead = world.who("caseworker"), world.who("press_officer"), world.who("safeguarding_lead")
    concern, closed = tell(world, raiser, about), tell(world, raiser, about)
    world.act(answer_concern, closed, by=lead, status="closed", words="I spoke to him.")
    deactivate(world.engine, lead.actor_id, viewer=SYSTEM)
    other = world.other("safeguarding_lead")
    assert read_concern(world.engine, concern, viewer=other)[1] == WORDS
    told = world.rows("SELECT link FROM message WHERE kind = 'concern' AND recipient_id = :id", id=other.actor_id)
    assert {row[0] for row in told} == {f"/concerns/{concern}"}
    for viewer, of in ((other, closed), (about, concern), (lead, concern)):
        world.refuses(NotFoundError, read_concern, of, by=viewer)


def test_a_concern_that_nobody_may_hear_waits_for_the_next_who_may_and_administrators_are_told(world: World) -> None:
    concern = tell(world, world.who("press_officer"), world.who("caseworker"))
    hearers = ("safeguarding_lead", "data_protection_officer", "nodal_officer")
    for viewer in (world.other(role) for role in hearers):
        deactivate(world.engine, viewer.actor_id, viewer=SYSTEM)
    for role in ("data_protection_officer", "nodal_officer", "safeguarding_lead"):
        deactivate(world.engine, world.who(role).actor_id, viewer=SYSTEM)
    administrator, lead = world.who("system_administrator"), world.who("safeguarding_lead")
    told = world.rows("SELECT link FROM message WHERE recipient_id = :id", id=administrator.actor_id)
    assert f"/people/{lead.actor_id}" in {row[0] for row in told}
    next_lead = world.who("lawyer")
    give_role(world.engine, next_lead.actor_id, viewer=SYSTEM, unit_id=world.unit, role="safeguarding_lead")
    assert read_concern(world.engine, concern, viewer=next_lead)[1] == WORDS


def test_a_concern_about_a_safeguarding_lead_goes_to_a_nodal_officer_of_another_unit(world: World) -> None:
    concern = tell(world, world.who("lawyer"), world.who("safeguarding_lead"))
    assert read_concern(world.engine, concern, viewer=world.other("nodal_officer"))
    world.refuses(NotFoundError, read_concern, concern, by="nodal_officer")


def test_an_answer_reaches_who_told_it_and_nobody_else(world: World) -> None:
    raiser, lead = world.who("press_officer"), world.who("safeguarding_lead")
    concern = tell(world, raiser, world.who("caseworker"))
    world.refuses(NotFoundError, answer_concern, concern, by=raiser, status="closed", words="Nothing to see.")
    world.act(answer_concern, concern, by=lead, status="looked_into", words="I speak to him today.")
    found, _, answer = read_concern(world.engine, concern, viewer=raiser)
    assert (found.status, answer) == ("looked_into", "I speak to him today.")
    told = world.rows("SELECT recipient_id FROM message WHERE kind = 'concern_answered'")
    assert {row[0] for row in told} == {raiser.actor_id}


def test_the_audit_of_concerns_names_neither_who_told_it_nor_whom_it_is_about(world: World) -> None:
    raiser, about = world.who("press_officer"), world.who("caseworker")
    tell(world, raiser, about)
    row = world.rows("SELECT actor_id, body FROM audit_event WHERE stream = 'safeguarding'")[0]
    assert row.actor_id is None
    assert str(raiser.actor_id) not in str(row.body)
    assert str(about.actor_id) not in str(row.body)


def test_a_conflict_of_interest_of_ones_own_can_be_told_and_a_concern_about_oneself_cannot(world: World) -> None:
    me = world.who("lawyer")
    assert tell(world, me, me, kind="conflict")
    with pytest.raises(InvalidAnswersError):
        tell(world, me, me)


def test_who_opens_more_than_forty_cases_in_an_hour_is_told_once_to_the_safeguarding_lead(world: World) -> None:
    curious, steady = world.who("caseworker"), world.who("lawyer")
    cases = [world.open().case_id for _ in range(41)]
    for case_id in cases[:40]:
        note_reading(world.engine, curious, case_id, "case", ())
    note_reading(world.engine, steady, cases[0], "case", ())
    assert watch_viewing(world.engine) == 0
    note_reading(world.engine, curious, cases[40], "case", ())
    assert watch_viewing(world.engine) == 1
    assert watch_viewing(world.engine) == 0
    told = world.rows("SELECT DISTINCT recipient_id, link FROM message WHERE kind = 'bulk_viewing'")
    assert [tuple(row) for row in told] == [
        (world.who("safeguarding_lead").actor_id, f"/audit?actor={curious.actor_id}")
    ]


def test_three_times_ones_own_median_hour_is_told_too(world: World) -> None:
    curious = world.who("caseworker")
    cases = [world.open().case_id for _ in range(10)]
    for _ in range(3):
        note_reading(world.engine, curious, cases[0], "case", ())
        note_reading(world.engine, curious, cases[1], "case", ())
        world.later(hours=5)
    for case_id in cases[:9]:
        note_reading(world.engine, curious, case_id, "case", ())
    assert watch_viewing(world.engine) == 0
    note_reading(world.engine, curious, cases[9], "case", ())
    assert watch_viewing(world.engine) == 1


def test_the_number_of_a_case_is_sealed_as_it_was_typed(world: World) -> None:
    raiser, about = world.who("counsellor"), world.who("caseworker")
    concern_id = world.act(
        raise_concern, by=raiser, kind="concern", about_id=about.actor_id, case_number="Z-KANA-RIEN", words=WORDS
    )
    assert read_concern(world.engine, concern_id, viewer=raiser)[0].case_number == "Z-KANA-RIEN"
    assert "Z-KANA-RIEN" not in world.dump()


def tell(world: World, raiser: Viewer, about: Viewer, kind: str = "concern") -> UUID:
    return world.act(raise_concern, by=raiser, kind=kind, about_id=about.actor_id, case_number="", words=WORDS)


@pytest.mark.parametrize(("opened", "median", "unusual"), [
    (41, 0, True), (40, 0, False), (41, 100, True), (40, 100, False), (9, 1, False), (10, 1, True), (10, 0, False),
    (12, 4, False), (13, 4, True), (30, 10, False), (31, 10, True), (0, 0, False),
])  # fmt: skip
def test_more_than_forty_in_an_hour_or_three_times_ones_own_median_is_unusual(
    opened: int, median: float, *, unusual: bool
) -> None:
    assert is_unusual(opened, median) is unusual
