"""What is not critical comes at hours that its recipient chose, and how a message says when something is due."""

from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.messages.actions.writing import due_time
from engine.messages.records import EMAIL, IN_APP, Preference, digest_day, safe_instant, ways_for

SOMEBODY = UUID(int=1)
SMS = "sms"
ZONES = ("Asia/Kolkata", "Asia/Kathmandu", "Asia/Yangon", "Asia/Dhaka", "Asia/Bangkok", "Europe/London")


def _chose(**more: object) -> Preference:
    return Preference.model_validate({"actor_id": SOMEBODY, **more})


def _at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("written", "leaves"), [
    ("2026-03-07T20:59:59", "2026-03-07T20:59:59"),
    ("2026-03-07T21:00:00", "2026-03-08T07:00:00"),
    ("2026-03-07T23:59:59", "2026-03-08T07:00:00"),
    ("2026-03-08T00:00:00", "2026-03-08T07:00:00"),
    ("2026-03-08T06:59:59", "2026-03-08T07:00:00"),
    ("2026-03-08T07:00:00", "2026-03-08T07:00:00"),
])  # fmt: skip
def test_a_text_message_written_at_night_leaves_at_seven_of_the_recipients_morning(
    written: str, leaves: str, zone: str
) -> None:
    found = safe_instant(_at(written, zone), channel=SMS, preference=None, zone=zone)
    assert found == _at(leaves, zone)


def test_the_same_instant_is_night_in_one_zone_and_evening_in_the_other() -> None:
    at = datetime(2026, 3, 7, 15, 0, tzinfo=UTC)
    assert safe_instant(at, channel=SMS, preference=None, zone="Asia/Kathmandu") == at
    assert safe_instant(at, channel=SMS, preference=None, zone="Asia/Yangon") == datetime(2026, 3, 8, 0, 30, tzinfo=UTC)


def test_an_email_wakes_nobody_unless_its_recipient_chose_quiet_hours() -> None:
    at = _at("2026-03-07T23:00:00", "Asia/Kolkata")
    assert safe_instant(at, channel=EMAIL, preference=None, zone="Asia/Kolkata") == at
    chosen = _chose(quiet_from="22:00", quiet_until="06:30")
    found = safe_instant(at, channel=EMAIL, preference=chosen, zone="Asia/Kolkata")
    assert found == _at("2026-03-08T06:30:00", "Asia/Kolkata")


def test_quiet_hours_within_one_day_end_on_that_day() -> None:
    chosen = _chose(quiet_from="12:00", quiet_until="14:00")
    at = _at("2026-03-07T13:15:00", "Asia/Kathmandu")
    assert safe_instant(at, channel=SMS, preference=chosen, zone="Asia/Kathmandu") == _at(
        "2026-03-07T14:00:00", "Asia/Kathmandu"
    )


def test_the_same_time_twice_means_no_quiet_hours() -> None:
    at = _at("2026-03-07T23:00:00", "Asia/Kolkata")
    chosen = _chose(quiet_from="00:00", quiet_until="00:00")
    assert safe_instant(at, channel=SMS, preference=chosen, zone="Asia/Kolkata") == at


def test_what_is_read_in_the_system_itself_is_there_at_once() -> None:
    at = _at("2026-03-07T23:00:00", "Asia/Kolkata")
    chosen = _chose(quiet_from="00:00", quiet_until="23:59")
    assert safe_instant(at, channel=IN_APP, preference=chosen, zone="Asia/Kolkata") == at


@given(
    at=st.integers(1_577_836_800, 2_208_988_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    zone=st.sampled_from(ZONES),
    begins=st.times().map(lambda t: time(t.hour, t.minute)),
    ends=st.times().map(lambda t: time(t.hour, t.minute)),
)
def test_a_message_never_leaves_in_quiet_hours_and_waits_less_than_a_day(
    at: datetime, zone: str, begins: time, ends: time
) -> None:
    chosen = _chose(quiet_from=f"{begins:%H:%M}", quiet_until=f"{ends:%H:%M}")
    leaves = safe_instant(at, channel=SMS, preference=chosen, zone=zone)
    assert at <= leaves
    assert (leaves - at).total_seconds() <= 25 * 3600
    assert safe_instant(leaves, channel=SMS, preference=chosen, zone=zone) == leaves


def test_a_person_gets_the_ways_of_the_rule_that_reach_them_and_that_they_chose() -> None:
    def ways(
        wanted: tuple[str, ...], *chosen: str, can: tuple[str, ...] = (EMAIL, SMS), critical: bool = False
    ) -> object:
        preference = _chose(channels=chosen) if chosen else None
        return ways_for(wanted, preference=preference, reachable=can, critical=critical)

    assert ways((IN_APP, EMAIL, SMS)) == (IN_APP, EMAIL, SMS)
    assert ways((IN_APP, EMAIL, SMS), can=(EMAIL,)) == (IN_APP, EMAIL)
    assert ways((IN_APP, EMAIL, SMS), SMS) == (IN_APP, SMS)
    assert ways((IN_APP, EMAIL), SMS) == (IN_APP, SMS)
    assert ways((IN_APP, EMAIL), "matrix") == (IN_APP,)
    assert ways((IN_APP, EMAIL), IN_APP) == (IN_APP,)
    assert ways((IN_APP,), SMS) == (IN_APP,)
    assert ways((IN_APP, EMAIL), SMS, critical=True) == (IN_APP, EMAIL)


def test_the_digest_of_a_day_is_due_from_eight_in_the_recipients_morning() -> None:
    before, after = datetime(2026, 3, 8, 1, 29, tzinfo=UTC), datetime(2026, 3, 8, 1, 30, tzinfo=UTC)
    assert digest_day(before, "Asia/Yangon") is None
    assert digest_day(after, "Asia/Yangon") == "2026-03-08"
    assert digest_day(after, "Asia/Kathmandu") is None
    assert digest_day(datetime(2026, 3, 8, 2, 15, tzinfo=UTC), "Asia/Kathmandu") == "2026-03-08"


DUE = datetime(2026, 8, 13, 20, 35, tzinfo=UTC)
MIDNIGHT, CLOSING = datetime(2026, 8, 14, 18, 30, tzinfo=UTC), datetime(2026, 8, 17, 11, 30, tzinfo=UTC)
ZONE = "Asia/Kolkata"


@pytest.mark.parametrize(("late", "language", "said"), [
    (None, "en", "14 Aug 2026, 02:05 (Asia/Kolkata)"),
    (MIDNIGHT, "en", "the end of 14 Aug 2026 (due from 02:05; Asia/Kolkata)"),
    (CLOSING, "en", "17:00 on 17 Aug 2026 (due from 14 Aug 2026, 02:05; Asia/Kolkata)"),
    (MIDNIGHT, "hi", "14 Aug 2026, 02:05-24:00 (Asia/Kolkata)"),
    (CLOSING, "bn", "14 Aug 2026, 02:05 - 17 Aug 2026, 17:00 (Asia/Kolkata)"),
])  # fmt: skip
def test_both_instants_are_told_and_no_word_of_english_in_another_language(
    late: datetime | None, language: str, said: str
) -> None:
    assert due_time(DUE, ZONE, late, language=language) == said


def test_what_is_not_due_is_not_told() -> None:
    assert due_time(None, ZONE) == ""
