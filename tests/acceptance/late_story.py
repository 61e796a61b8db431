"""Tells a story to the real system late, on purpose, and reads back what the system did about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from engine.cases.store import CaseStore
from engine.core.policy import Viewer
from engine.core.records import LIVE, Deadline, Purpose, Step
from engine.core.state import CaseState
from engine.deadlines.records import EscalationView
from engine.overview.records import CaseView
from engine.overview.views.case import case_page
from engine.rehearsal.replayer import Play, begin, go_on, wait
from engine.rehearsal.story import Story, StoryEvent, read_story
from engine.rehearsal.world import World, people_of
from tests.kit.shipped import STORIES

SECOND = timedelta(seconds=1)

Row = dict[str, Any]


@dataclass
class LateStory:
    """A story under way in the real system; the people of each unit stand under its jurisdiction."""

    world: World
    play: Play
    people: Mapping[str, Mapping[str, Viewer]]
    first_message: int
    played_until: datetime | None = field(default=None)

    def until(self, at: datetime) -> "LateStory":
        """Play the story, and let time pass, up to an instant and what falls due at it."""
        go_on(self.play, after=self.played_until, until=at)
        wait(self.play, until=at + SECOND)
        self.played_until = at
        return self

    @property
    def state(self) -> CaseState:
        """The case as it stands."""
        with self.world.engine.transaction() as tx:
            return tx.of(CaseStore).lock(self.play.case_id)

    @property
    def page(self) -> CaseView:
        """The case as a supervisor of the leading unit sees it."""
        return self.world.engine.ask(case_page, self.play.people["supervisor"], self.play.case_id)

    def step(self, key: str) -> Step | None:
        """Find the latest occurrence of a step by its key."""
        found = [step for step in self.state.steps.values() if step.key == key]
        return max(found, key=lambda step: step.round, default=None)

    def added(self, uses: str, key: str) -> list[Step]:
        """List the steps of a type that levels added for the deadline of a step."""
        of = self.deadline(key).id
        found = (step for step in self.state.steps.values() if step.uses == uses and step.added)
        return [step for step in found if step.added and step.added.for_deadline == of]

    def to_ring(self, key: str) -> set[str]:
        """Name who is still to be rung about a step."""
        of = self.deadline(key).id
        calls = next(one.calls for one in self.page.deadlines if one.id == of)
        return {call.whom for call in calls if call.ended is None}

    def deadline(self, key: str) -> Deadline:
        """Find the deadline of a step, be it over or not."""
        state = self.state
        known = [*state.deadlines.values(), *state.past.values()]
        return next(one for one in known if one.key == key and one.purpose is Purpose.LIMIT)

    def ledger(self, key: str) -> list[EscalationView]:
        """List the lines of the ledger for a step, in order."""
        lines = [line for line in self.page.escalations if line.deadline_id == self.deadline(key).id]
        return sorted(lines, key=lambda line: (line.level, line.round))

    def live(self) -> set[str]:
        """Name the steps in which something is still to be done, without those that watch for a day."""
        steps = (step for step in self.state.steps.values() if step.status in LIVE)
        return {step.key for step in steps if step.added is None or not step.added.follow_up}

    def told(self, kind: str) -> list[Row]:
        """List the messages of a kind about this case, in the order in which they were written, with their readers."""
        return self.rows(
            "SELECT m.*, a.name AS reader FROM message m JOIN actor a ON a.id = m.recipient_id"
            " WHERE m.case_id = %(case)s AND m.kind = %(kind)s ORDER BY m.created_at, a.name",
            kind=kind,
        )

    def rows(self, query: str, **values: object) -> list[Row]:
        """Read the database as its owner; `case` is the id of the case."""
        address = self.world.address.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address, row_factory=dict_row) as connection:
            return connection.execute(query, {"case": self.play.case_id, **values}).fetchall()

    def sent(self) -> list[tuple[str, str, str, str]]:
        """List what left by e-mail since the story began."""
        return self.world.channel.sent[self.first_message :]


def open_late(
    world: World,
    name: str,
    *,
    moved: Mapping[str, timedelta | datetime] | None = None,
    further: tuple[StoryEvent, ...] = (),
    cut: str | None = None,
    partners: tuple[str, ...] = (),
) -> LateStory:
    """Open a story of which some events come late (by so long, or at an instant), or further events happen.

    It can be cut after an event; `partners` are the jurisdictions of more units than the story has.
    """
    story = _moved(_until(read_story(STORIES / f"{name}.yaml"), cut), moved or {}, further)
    world.clock.move_to(story.opened_at)
    first = len(world.channel.sent)
    unit, people = people_of(world.engine, jurisdiction=story.lead_jurisdiction, label=story.id)
    units = {story.lead_jurisdiction: people}
    for number, place in enumerate((*story.other_jurisdictions, *partners)):
        name_of = place if place not in units else f"{place} {number}"
        units[name_of] = people_of(world.engine, jurisdiction=place, label=f"{story.id} {number}")[1]
    return LateStory(world, begin(world, story, unit=unit, people=people), units, first)


def note_at(at: datetime) -> StoryEvent:
    """Tell of a signed delay note that is written only then."""
    return StoryEvent(label="late_note", at=at, step="core.note", on_time=False)


def local(text: str) -> datetime:
    """Read a local time with its offset."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _until(story: Story, cut: str | None) -> Story:
    labels = [event.label for event in story.timeline]
    return story.model_copy(update={"timeline": story.timeline[: labels.index(cut) + 1 if cut else None]})


def _moved(story: Story, moved: Mapping[str, timedelta | datetime], further: tuple[StoryEvent, ...]) -> Story:
    """Move events; what starts from one of them is not due when the story says."""
    events = [_late(event, moved[event.label]) if event.label in moved else event for event in story.timeline]
    events = [
        event.model_copy(update={"due": None}) if event.due_rule and event.due_rule.from_ in moved else event
        for event in events
    ]
    return story.model_copy(update={"timeline": tuple(sorted((*events, *further), key=lambda event: event.at))})


def _late(event: StoryEvent, by: timedelta | datetime) -> StoryEvent:
    """Move an event; without its journey, and without a due time to compare, since it is late on purpose."""
    at = by if isinstance(by, datetime) else event.at + by
    rule = event.due_rule.model_copy(update={"excluded_journey": None}) if event.due_rule else None
    return event.model_copy(update={"at": at, "due_rule": rule, "due": None, "on_time": True})
