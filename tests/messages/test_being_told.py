"""People are told as they chose: at their hours, by their ways, once a day, or once for many at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from engine.cases.store import CaseStore
from engine.errors import InvalidAnswersError
from engine.messages.actions.channels import preference_of, save_preference
from engine.messages.actions.delivering import deliver_unattended
from engine.messages.actions.notifying import bundle_storms, notify
from engine.messages.channel_store import ChannelStore
from engine.messages.records import EMAIL, IN_APP, WARNING, Preference, follows_at, next_digest_at
from engine.messages.views import notices, unread
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.work.actions.items import claim_work_item, send_digests
from engine.work.views.worklist import work_counts, worklist
from tests.kit.world import World

_INDIA = ZoneInfo("Asia/Kolkata")
_NOON_IN_INDIA = datetime(2026, 3, 7, 7, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 7, 17, 0, tzinfo=UTC)
"""22:30 in Kolkata, 22:45 in Kathmandu, 23:30 in Yangon."""


def _person(world: World, role: str = "caseworker") -> ActorRecord:
    found = world.of(DirectoryStore).actor(world.who(role).actor_id)
    assert found is not None
    return found


def _tell(world: World, case_id: UUID, rule: str, *, kind: str = "overdue", **more: Any) -> bool:
    with world.engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        wanted: dict[str, Any] = {
            "people": [_person(world)], "channels": (IN_APP, EMAIL), "step_title": "Look", "due_at": None,
            "link": f"/cases/{case_id}", "now": world.clock.now(), "level": 1,
        }  # fmt: skip
        must_send = notify(world.engine, tx, state, kind=kind, rule=rule, **(wanted | more))
        tx.commit()
        return must_send


def _mails(world: World, status: str) -> list[Any]:
    return world.rows(
        "SELECT m.kind, m.subject, m.body, d.next_at, m.critical FROM delivery d JOIN message m ON m.id = d.message_id "
        "WHERE d.channel <> 'in_app' AND d.status = :status ORDER BY m.created_at, m.key",
        status=status,
    )


def _notices(world: World) -> int:
    return int(world.rows("SELECT count(*) FROM delivery WHERE channel = 'in_app'")[0][0])


@pytest.mark.parametrize(("zone", "leaves"), [
    ("Asia/Kathmandu", datetime(2026, 3, 8, 1, 15, tzinfo=UTC)),
    ("Asia/Yangon", datetime(2026, 3, 8, 0, 30, tzinfo=UTC)),
    ("", datetime(2026, 3, 8, 1, 30, tzinfo=UTC)),
])  # fmt: skip
def test_what_is_not_critical_waits_for_the_end_of_quiet_hours_and_the_notice_is_there_at_once(
    world: World, zone: str, leaves: datetime
) -> None:
    case_id = world.at_look().case_id
    save_preference(world.engine, viewer=world.who("caseworker"), quiet_from="22:00", quiet_until="07:00", zone=zone)
    world.clock.move_to(NIGHT)
    assert _tell(world, case_id, "quiet")
    assert _notices(world) == 1
    assert deliver_unattended(world.engine) == 0
    assert [row.next_at for row in _mails(world, "waiting")] == [leaves]
    world.clock.move_to(leaves)
    assert deliver_unattended(world.engine) == 1


def test_what_is_critical_leaves_in_quiet_hours_and_is_in_no_digest(world: World) -> None:
    case_id = world.at_look().case_id
    save_preference(
        world.engine, viewer=world.who("caseworker"), channels=("in_app",), digest="daily", quiet_from="22:00",
        quiet_until="07:00",
    )  # fmt: skip
    world.clock.move_to(NIGHT)
    assert _tell(world, case_id, "now", critical=True)
    assert [row.next_at for row in _mails(world, "waiting")] == [NIGHT]


def test_who_chose_to_be_told_in_the_system_only_gets_no_mail(world: World) -> None:
    case_id = world.at_look().case_id
    save_preference(world.engine, viewer=world.who("caseworker"), channels=("in_app",))
    assert not _tell(world, case_id, "one")
    assert _notices(world) == 1
    assert _mails(world, "waiting") == []


def test_who_chose_text_messages_gets_them_instead_of_mail_but_not_at_night(world: World) -> None:
    world.engine.channels["sms"] = world.channel  # type: ignore[index]
    case_id = world.at_look().case_id
    with world.engine.transaction() as tx:
        tx.of(ChannelStore).set_contact(world.who("caseworker").actor_id, "sms", "+911234567890", at=world.clock.now())
        tx.commit()
    save_preference(world.engine, viewer=world.who("caseworker"), channels=("sms",))
    world.clock.move_to(NIGHT)
    _tell(world, case_id, "text")
    found = world.rows("SELECT channel, next_at FROM delivery WHERE channel <> 'in_app'")
    assert [tuple(row) for row in found] == [("sms", datetime(2026, 3, 8, 1, 30, tzinfo=UTC))]


@pytest.mark.parametrize(("chosen", "field"), [
    ({"channels": ("pigeon",)}, "channels"),
    ({"channels": ("call",)}, "channels"),
    ({"digest": "hourly"}, "digest"),
    ({"quiet_from": "22:00"}, "quiet_until"),
    ({"quiet_until": "22:00"}, "quiet_from"),
    ({"quiet_from": "25:00", "quiet_until": "07:00"}, "quiet_from"),
    ({"quiet_from": "10pm", "quiet_until": "07:00"}, "quiet_from"),
    ({"zone": "Asia/Atlantis"}, "zone"),
])  # fmt: skip
def test_a_choice_that_means_nothing_is_refused_with_a_sentence(world: World, chosen: Any, field: str) -> None:
    viewer = world.who("caseworker")
    with pytest.raises(InvalidAnswersError) as refused:
        save_preference(world.engine, viewer=viewer, **chosen)
    assert set(refused.value.problems) == {field}
    assert preference_of(world.engine, viewer=viewer) == Preference(actor_id=viewer.actor_id)


def test_a_later_choice_takes_the_place_of_an_earlier_one(world: World) -> None:
    viewer = world.who("caseworker")
    save_preference(world.engine, viewer=viewer, channels=("sms", "in_app"), digest="daily")
    kept = save_preference(world.engine, viewer=viewer, quiet_from="21:30", quiet_until="06:45", zone="Asia/Yangon")
    assert preference_of(world.engine, viewer=viewer) == kept
    assert (kept.channels, kept.digest, kept.zone) == ((), "late", "Asia/Yangon")


def test_ten_messages_of_a_kind_in_a_minute_are_sent_and_one_more_makes_them_one(world: World) -> None:
    case_id = world.at_look().case_id
    for number in range(10):
        assert _tell(world, case_id, f"{number}")
    assert len(_mails(world, "waiting")) == 10
    assert not _tell(world, case_id, "ten more")
    assert _mails(world, "waiting") == []
    assert bundle_storms(world.engine) == 0
    world.later(minutes=1)
    assert bundle_storms(world.engine) == 1
    [storm] = _mails(world, "waiting")
    assert (storm.kind, storm.subject) == ("storm", "ICMC: 11 messages for you")
    assert f"{world.engine.portal_url}/transmit" in storm.body
    assert _notices(world) == 11
    assert len(_mails(world, "bundled")) == 11
    assert bundle_storms(world.engine) == 0


def test_what_was_sent_already_is_not_counted_again_and_every_bundled_message_names_its_storm(world: World) -> None:
    case_id = world.at_look().case_id
    for number in range(10):
        _tell(world, case_id, f"{number}")
    assert deliver_unattended(world.engine) == 10
    for number in range(5):
        _tell(world, case_id, f"later {number}")
    world.later(minutes=1)
    bundle_storms(world.engine)
    [storm] = world.rows("SELECT id, subject FROM message WHERE kind = 'storm'")
    assert storm.subject == "ICMC: 5 messages for you"
    named = world.rows("SELECT count(*) AS n FROM message WHERE digest_id = :id", id=storm.id)
    assert named[0].n == 5


def test_thirty_messages_of_several_kinds_are_too_many_too(world: World) -> None:
    case_id = world.at_look().case_id
    kinds = ("overdue", "due_soon", "returned", "reassigned")
    for number in range(30):
        assert _tell(world, case_id, f"{number}", kind=kinds[number % 4])
    assert not _tell(world, case_id, "one more", kind="assigned")


def test_a_storm_that_goes_on_gives_one_message_a_minute(world: World) -> None:
    case_id = world.at_look().case_id
    for number in range(60):
        _tell(world, case_id, f"{number}")
        world.later(seconds=3)
        bundle_storms(world.engine)
    world.later(minutes=2)
    bundle_storms(world.engine)
    storms = [row.subject for row in _mails(world, "waiting") if row.kind == "storm"]
    assert 2 <= len(storms) <= 4
    assert (
        sum(int(subject.split()[1]) for subject in storms)
        + len([row for row in _mails(world, "waiting") if row.kind == "overdue"])
        == 60
    )


def test_of_critical_messages_ten_leave_singly_and_the_rest_at_once_as_one(world: World) -> None:
    case_id = world.at_look().case_id
    for number in range(25):
        _tell(world, case_id, f"{number}", critical=True)
    assert bundle_storms(world.engine) == 1
    waiting = _mails(world, "waiting")
    assert [row.kind for row in waiting].count("overdue") == 10
    [storm] = [row for row in waiting if row.kind == "storm"]
    assert (storm.subject, storm.critical) == ("ICMC: 15 messages for you", True)
    _tell(world, case_id, "another", critical=True)
    assert bundle_storms(world.engine) == 0
    world.later(minutes=1)
    assert bundle_storms(world.engine) == 1


def test_many_deadlines_at_one_instant_give_a_person_one_mail_and_every_notice(world: World) -> None:
    cases = [world.at_look().case_id for _ in range(14)]
    save_preference(world.engine, viewer=world.who("caseworker"), digest="none")
    for case_id in cases:
        item = world.item(case_id, "look")
        world.act(claim_work_item, item.id, by="caseworker")
    world.do_jobs()
    world.later(hours=6)
    world.fire()
    world.later(minutes=2)
    bundle_storms(world.engine)
    world.do_jobs()
    deliver_unattended(world.engine)
    to_person = [line for line in world.channel.sent if line[0] == _person(world).email]
    assert [subject for _, subject, *_ in to_person] == ["ICMC: 14 messages for you"]
    due_soon = world.rows(
        "SELECT count(*) AS n FROM message m JOIN delivery d ON d.message_id = m.id "
        "WHERE m.kind = 'due_soon' AND d.channel = 'in_app'"
    )
    assert due_soon[0].n == 14


def test_the_digest_counts_what_the_work_page_counts_and_comes_once_a_morning(world: World) -> None:
    viewer = world.who("caseworker")
    for hours in (0, 0, 4):
        world.later(hours=hours)
        case_id = world.at_look().case_id
    world.act(claim_work_item, world.item(case_id, "look").id, by=viewer)
    for person in world.staff.people.values():
        save_preference(world.engine, viewer=person, digest="daily" if person == viewer else "none")
    world.clock.move_to(datetime(2026, 3, 7, 17, 0, tzinfo=UTC))
    world.fire()
    world.later(hours=9, minutes=29)
    assert send_digests(world.engine) == 0
    assert [row.kind for row in _mails(world, "digest")] != []
    world.later(minutes=1)
    assert send_digests(world.engine) == 1
    assert send_digests(world.engine) == 0
    counts = world.engine.ask(work_counts, viewer, zone=viewer.zone)
    listed = world.engine.ask(worklist, viewer, limit=1000)
    assert counts.overdue == len([line for line in listed if line.is_overdue]) == 3
    assert counts.mine == len([line for line in listed if line.is_mine])
    [digest] = [row for row in _mails(world, "waiting") if row.kind == "digest"]
    for words, number in (
        ("Overdue", counts.overdue), ("Due today", counts.due_today), ("With you", counts.mine),
        ("Escalations to confirm as seen", counts.to_acknowledge),
    ):  # fmt: skip
        assert f"{words}: {number}\n" in digest.body
    assert f"{world.engine.portal_url}/worklist" in digest.body
    assert _mails(world, "digest") == []
    world.later(days=1)
    assert send_digests(world.engine) == 1


def test_what_is_due_later_today_is_counted_by_the_readers_own_day(world: World) -> None:
    viewer = world.who("caseworker")
    world.at_look()
    world.clock.move_to(datetime(2026, 3, 7, 7, 0, tzinfo=UTC))
    assert world.engine.ask(work_counts, viewer, zone="Asia/Kolkata").due_today == 1
    assert world.engine.ask(work_counts, viewer, zone="Pacific/Kiritimati").due_today == 0
    world.clock.move_to(datetime(2026, 3, 7, 10, 30, tzinfo=UTC))
    assert world.engine.ask(work_counts, viewer, zone="Pacific/Kiritimati").due_today == 1
    assert world.engine.ask(work_counts, viewer, zone="Pacific/Pago_Pago").due_today == 0


@pytest.mark.parametrize(
    ("digest", "follows_in", "critical", "hour"),
    [
        ("late", timedelta(hours=30), False, 8),
        ("late", timedelta(hours=5), False, 16),
        ("late", timedelta(hours=1), False, None),
        ("late", None, False, None),
        ("late", timedelta(hours=30), True, None),
        ("none", timedelta(hours=30), False, None),
    ],
    ids=["can wait", "more follows tonight", "more follows soon", "not of late work", "critical", "each by itself"],
)
def test_what_tells_of_late_work_comes_in_one_message_the_next_morning_where_it_can_wait(
    world: World, digest: str, follows_in: timedelta | None, *, critical: bool, hour: int | None
) -> None:
    case_id = world.at_look().case_id
    if digest != "late":
        save_preference(world.engine, viewer=world.who("caseworker"), digest=digest)
    world.clock.move_to(_NOON_IN_INDIA)
    follows_at = _NOON_IN_INDIA + follows_in if follows_in is not None else None
    for rule in ("one", "two"):
        assert _tell(world, case_id, rule, follows_at=follows_at, critical=critical) is (hour is None)
    kept = _mails(world, "digest")
    assert [row.next_at.astimezone(_INDIA).hour for row in kept] == ([] if hour is None else [hour, hour])
    assert _notices(world) == 2
    assert send_digests(world.engine) == 0
    if kept:
        world.clock.move_to(kept[0].next_at)
        assert send_digests(world.engine) == 1
        assert (len(_mails(world, "bundled")), send_digests(world.engine)) == (2, 0)


def test_a_warning_of_what_is_due_after_the_morning_stands_in_app_in_its_one_notice(world: World) -> None:
    case_id, viewer = world.at_look().case_id, world.who("caseworker")
    world.clock.move_to(_NOON_IN_INDIA)
    for rule, hours in (("today", 5), ("tomorrow", 30), ("after", 60)):
        _tell(world, case_id, rule, kind=WARNING, follows_at=_NOON_IN_INDIA + timedelta(hours=hours))
    _tell(world, case_id, "now", kind=WARNING, follows_at=_NOON_IN_INDIA + timedelta(hours=60), critical=True)
    assert [one.kind for one in world.engine.ask(notices, viewer)] == [WARNING, WARNING]
    world.clock.move_to(next_digest_at(_NOON_IN_INDIA, viewer.zone) - timedelta(minutes=1))
    send_digests(world.engine)
    assert world.engine.ask(unread, viewer) == 2
    world.later(minutes=1)
    assert [send_digests(world.engine) for _ in range(2)] == [1, 0]
    assert [one.kind for one in world.engine.ask(notices, viewer)] == ["digest", WARNING, WARNING]


@pytest.mark.parametrize(("hours", "law", "warned", "follows"), [
    (20, "", 10, 20), (20, "IN-TEST-10H", 10, 11), (30, "IN-TEST-10H", 10, 30),
])  # fmt: skip
def test_a_warning_can_wait_until_the_due_time_but_of_a_short_limit_of_the_law_until_the_next(
    world: World, *, hours: int, law: str, warned: int, follows: int
) -> None:
    known = world.deadline(world.at_look().case_id, "look")
    began = _NOON_IN_INDIA
    changes = {"started_at": began, "due_at": began + timedelta(hours=hours), "law": law, "next_firing": "w:80%"}
    changed = known.model_copy(update=changes | {"next_at": began + timedelta(hours=warned + 1)})
    found = follows_at(changed, is_warning=True, now=began + timedelta(hours=warned))
    assert found == began + timedelta(hours=follows)


def test_who_has_no_work_of_their_own_is_still_told_of_what_waited_for_the_digest(world: World) -> None:
    case_id, now = world.at_look().case_id, world.clock.now()
    told: dict[str, Any] = {"people": [_person(world, "auditor")], "follows_at": now + timedelta(days=3)}
    assert not _tell(world, case_id, "one", kind="escalated", **told)
    world.clock.move_to(_mails(world, "digest")[0].next_at)
    assert send_digests(world.engine) == 1
    assert [row.kind for row in _mails(world, "waiting")] == ["digest"]


def test_what_is_late_at_night_waits_for_the_morning(world: World) -> None:
    case_id, night = world.at_look().case_id, datetime(2026, 3, 7, 20, 0, tzinfo=UTC)
    world.clock.move_to(night)
    assert not _tell(world, case_id, "one", follows_at=night + timedelta(hours=1))
    assert [row.next_at.astimezone(_INDIA).hour for row in _mails(world, "digest")] == [8]


def test_who_has_nothing_to_do_gets_no_digest(world: World) -> None:
    save_preference(world.engine, viewer=world.who("auditor"), digest="daily")
    world.clock.move_to(datetime(2026, 3, 8, 6, 0, tzinfo=UTC))
    assert send_digests(world.engine) == 0


def test_a_broken_record_keeps_nobody_elses_digest_back(world: World) -> None:
    world.at_look()
    for role in ("caseworker", "case_manager", "supervisor"):
        save_preference(world.engine, viewer=world.who(role), digest="daily")
    ids = sorted(world.who(role).actor_id for role in ("caseworker", "case_manager"))
    world.rows("UPDATE preference SET zone = 'nonsense' WHERE actor_id = :id", id=ids[0])
    world.clock.move_to(datetime(2026, 3, 8, 6, 0, tzinfo=UTC))
    assert send_digests(world.engine) == 1


def test_what_was_kept_for_a_digest_is_not_lost_when_its_reader_wants_none_any_more(world: World) -> None:
    viewer = world.who("caseworker")
    case_id = world.at_look().case_id
    save_preference(world.engine, viewer=viewer, digest="daily")
    _tell(world, case_id, "one")
    save_preference(world.engine, viewer=viewer)
    world.clock.move_to(datetime(2026, 3, 8, 6, 0, tzinfo=UTC))
    assert send_digests(world.engine) == 1
    assert len(_mails(world, "bundled")) == 1
    world.clock.move_to(world.clock.now() + timedelta(days=1))
    assert send_digests(world.engine) == 0
