"""Due times worked out a second way, without the engine's counting, and variants of stories that need them."""

import random
import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.rehearsal.story import Story, StoryEvent
from tests.kit.shipped import library

_WORKING = re.compile(r"P(\d+)WD")
_MONTHS = re.compile(r"P(\d+)M")
_ELAPSED = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")
STATES: Mapping[str, tuple[str, ...]] = {
    "cs-01": ("IN-AS", "IN-WB", "IN-NL", "IN-AR"),
    "cs-02": ("IN-TR", "IN-ML", "IN-WB", "IN-SK"),
    "cs-04": ("IN-MZ", "IN-MN", "IN-AS"),
    "cs-06": ("IN-NL", "IN-MN", "IN-TR", "IN-AS"),
    "cs-07": ("IN-TR", "IN-AS", "IN-MZ"),
    "cs-09": ("IN-ML", "IN-AR", "IN-WB"),
}
SWAPPED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cs-01": (("health", "cwc"), ("safety", "ident"), ("icp", "wage")),
    "cs-02": (("med", "notify"), ("natreq", "stmt")),
    "cs-04": (("conf", "pay"), ("health", "ident")),
    "cs-06": (("mag", "med"), ("cust", "tar")),
    "cs-07": (("track", "appeal"), ("cwc", "stop")),
    "cs-09": (("told", "take"), ("contain", "told")),
}
"""Where a story may be moved to, and which of its events may change their places: neither depends on the other."""


def due_at(story: Story, event: StoryEvent) -> datetime | None:
    """Work out when an event is due by the story's own rule: the limit after its start, less the journey (UTC)."""
    rule = event.due_rule
    started = story.instant_of(rule.from_) if rule else None
    if rule is None or started is None:
        return None
    if months := _MONTHS.fullmatch(rule.limit):
        return _months_later(started.astimezone(ZoneInfo(event.tz)), int(months[1])).astimezone(UTC)
    if days := _WORKING.fullmatch(rule.limit):
        return _working_days_later(started, int(days[1]), story.lead_jurisdiction)
    parts = _ELAPSED.fullmatch(rule.limit)
    assert parts is not None, rule.limit
    days_, hours, minutes = (int(part or 0) for part in parts.groups())
    whole = timedelta(days=days_, hours=hours, minutes=minutes)
    return (started + whole + (rule.excluded_journey or timedelta())).astimezone(UTC)


def reckoned(story: Story) -> Story:
    """Return the story with each due time worked out anew, and whether it was kept."""
    timeline = []
    for event in sorted(story.timeline, key=lambda one: one.at):
        due = due_at(story, event)
        on_time = due is None or event.at <= due or _is_within_last_day(event, due)
        timeline.append(event.model_copy(update={"due": due, "on_time": on_time}))
    return story.model_copy(update={"timeline": tuple(timeline)})


def _is_within_last_day(event: StoryEvent, due: datetime) -> bool:
    """Return whether something came on the last day of a limit of the law in days, which is kept to the end of it."""
    rule = event.due_rule
    if rule is None or rule.clock == "programme" or "T" in rule.limit:
        return False
    texts = [limit for pack in library().packs.values() for limit in pack.limits if limit.id == rule.clock]
    if not texts or any(text.kept_until for text in texts) or not any(str(text.limit) == rule.limit for text in texts):
        return False
    zone = ZoneInfo(event.tz)
    return event.at.astimezone(zone).date() == due.astimezone(zone).date()


def variant(story: Story, name: str, seed: int) -> Story:
    """Tell a story at another time, in another State, of somebody else, with another journey, in another order."""
    chance = random.Random(f"{name}/{seed}")  # noqa: S311 - nothing secret
    told = story.moved(timedelta(days=chance.randint(1, 700), minutes=chance.randrange(24 * 60)))
    told = _swapped(told, chance.choice((None, *SWAPPED[name])))
    longer = timedelta(minutes=chance.choice((0, 45, 150)))
    timeline = tuple(_with_journey(event, longer) for event in told.timeline)
    victims = tuple(_somebody_else(story, chance) for _ in range(chance.randint(1, 2)))
    place = chance.choice(STATES[name])
    return reckoned(told.model_copy(update={"timeline": timeline, "victims": victims, "lead_jurisdiction": place}))


def _somebody_else(story: Story, chance: random.Random) -> object:
    age = chance.randint(7, 17) if story.is_child else chance.randint(18, 60)
    return story.victims[0].model_copy(update={"age": age, "sex": chance.choice(("F", "M"))})


def _with_journey(event: StoryEvent, length: timedelta) -> StoryEvent:
    if event.due_rule is None or event.due_rule.excluded_journey is None:
        return event
    return event.model_copy(update={"due_rule": event.due_rule.model_copy(update={"excluded_journey": length or None})})


def _swapped(story: Story, pair: tuple[str, str] | None) -> Story:
    if pair is None:
        return story
    at = {label: story.instant_of(label) for label in pair}
    other = {pair[0]: at[pair[1]], pair[1]: at[pair[0]]}
    timeline = tuple(
        event.model_copy(update={"at": other[event.label]}) if event.label in other else event
        for event in story.timeline
    )
    return story.model_copy(update={"timeline": timeline})


def _months_later(local: datetime, months: int) -> datetime:
    """Go to the same day of a later month, or to its last day when it is shorter."""
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day)


def _working_days_later(started: datetime, days: int, jurisdiction: str) -> datetime:
    """Go from day to day after that of the start; a weekend or a holiday of the place does not count."""
    calendar = library().calendar(jurisdiction)
    local = started.astimezone(calendar.zone_info)
    while days:
        local += timedelta(days=1)
        days -= calendar.is_working_day(local.date())
    return local.astimezone(UTC)
