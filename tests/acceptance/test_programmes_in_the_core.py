"""The shipped programmes go back, wait, stand by and are called off as their files say: in the pure core."""

from datetime import UTC, datetime, timedelta

from engine.core import commands as cm
from tests.core.small_world import RUN, World
from tests.kit.shipped import library, shipped

MARCH = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)


def _open(name: str) -> World:
    world = World(shipped(name), library=library(), start=False)
    world.now = MARCH
    world.start(next(iter(world.definitions.values())))
    return world


def _trained(world: World, path: str = "", lead: str = "") -> None:
    world.end(f"{lead}press", path)
    world.end(f"{lead}session", path)


def _vetted(world: World) -> None:
    for key in ("onboard", "first_word", "third_word"):
        world.end(key)


def test_the_agreement_goes_out_on_the_word_of_two_of_the_three_who_are_asked() -> None:
    world = _open("partner")
    world.end("onboard")
    world.end("third_word", again=True)
    assert world.status("sent") == "not reached"
    world.end("first_word", again=True)
    assert (world.status("sent"), world.status("second_word")) == ("ready", "ready")
    world.end("second_word", outcome="refused_by_person")
    assert world.step("sent").turn == 1, "a third word changes nothing"


def test_those_who_work_as_before_after_three_months_are_trained_again() -> None:
    world = _open("training")
    world.end("agree")
    _trained(world)
    assert (world.status("later"), world.step("later").opens_at) == (
        "scheduled",
        datetime(2026, 6, 2, 4, 30, tzinfo=UTC),
    )
    world.live(days=93)
    world.end("later", better=False)
    assert (world.status("press", "r:2"), world.status("closure", "r:1")) == ("ready", "not reached")
    _trained(world, "r:2")
    world.live(days=93)
    world.end("later", "r:2", better=True)
    assert (world.status("press", "r:3"), world.status("closure", "r:1")) == ("not reached", "ready")


def test_a_remark_can_be_noted_at_any_time_and_keeps_no_training_open() -> None:
    world = _open("training")
    world.end("remark", "r:1", about="praise")
    assert world.status("remark", "r:2") == "ready"
    world.end("agree", outcome="refused_by_person")
    assert (world.status("remark", "r:2"), world.status("press"), world.status_of_case) == (
        "cancelled", "not reached", "closed",
    )  # fmt: skip


def test_a_partner_who_does_not_sign_is_asked_why() -> None:
    world = _open("partner")
    _vetted(world)
    world.end("sent", receipt=4711)
    world.live(days=59)
    assert (world.status("agreement"), world.status("ask_why")) == ("scheduled", "not reached")
    world.live(days=2)
    assert (world.step("agreement").ended_at, world.status("ask_why")) == (MARCH + timedelta(days=60), "ready")


def test_a_partner_who_signs_is_not() -> None:
    world = _open("partner")
    _vetted(world)
    world.end("sent", receipt=4711)
    for number, (receipt, is_signed) in enumerate([(4700, True), (4711, True), (4712, False)], start=1):
        assert (number == 3) == (world.status("agreement") == "ended"), "it is for the letter that it names"
        world.do(cm.AddStep(RUN, "letter"))
        world.end("letter", "" if number == 1 else f"r:{number}", receipt=receipt, is_signed=is_signed)
    assert (world.step("agreement").outcome, world.status("ask_why")) == ("done", "skipped")


def test_a_partnership_that_ends_early_calls_its_reviews_off_and_stops_access() -> None:
    world = _open("partner")
    for key in ("onboard", "offers", "access", "training"):
        world.end(key)
    world.do(cm.AddStep(RUN, "ended"))
    world.end("ended", decision="yes")
    assert [world.status(key, "r:1") for key in ("access_again", "offers_again", "review")] == ["cancelled"] * 3
    assert (world.status("access_stopped"), world.status("closure", "r:1")) == ("ready", "not reached")
    world.end("access_stopped")
    assert world.status("closure", "r:1") == "ready"


def test_the_police_of_a_place_are_trained_as_in_any_training() -> None:
    world = _open("prevention-programme")
    assert world.status("police_agree") == "not reached"
    world.end("map")
    world.end("police_agree", outcome="refused_by_person")
    assert world.status("police_press") == "ready"
    assert "agreement" not in shipped("prevention-programme").steps
