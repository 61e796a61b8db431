"""What the levels of a ladder do: whom they reach, what they open, and what the ledger keeps, to the line."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from engine.access.actions.recusals import recuse
from engine.core.access import RecusalReason
from engine.core.policy import Viewer
from engine.deadlines.actions.acknowledge import acknowledge, acknowledge_by_link
from engine.definitions.actions.publish import publish_shipped
from engine.documents.views import document_text
from engine.errors import NotAllowedError, NotFoundError
from engine.messages.actions.writing import token_of_link
from engine.overview.views.board import admin_board
from engine.overview.views.case import case_page
from engine.people.actions.duty import note_absence, plan_shift
from engine.sharing.actions.referrals import accept_referral, offer_referral
from engine.work.actions.items import claim_work_item
from tests.kit.shipped import WORKFLOWS
from tests.kit.trial import LAW, STANDARD
from tests.kit.world import INTAKE, START, World, sign

WORKFLOW = """
workflow: never-seen
version: 1
title: Never seen
facts:
  was_seen: {type: bool, default: false}
steps:
  intake:
    uses: reporting.intake
    time: {from: start, limit: PT1H}
  look:
    uses: trial.look
    after: [intake]
    time: {limit: PT10H, ladder: odd}
"""
ODD = """
ladder: odd
version: 7
title: Odd intervals
overrides_quiet_hours: true
levels:
  - level: 1
    after: -PT13M
    to: assignee
    channels: [in_app, email]
    raise_priority: true
  - level: 2
    after: PT7M
    to: supervisor
    channels: [in_app, email]
    needs_acknowledgement: true
    repeat: {every: PT11M, times: 3}
    note: Look at the mill.
  - level: 3
    after: PT50M
    to: {role: lawyer}
    channels: [in_app, email]
  - level: 4
    after: P1WD
    to: {law_route: District Magistrate, letter: escalation-letter, released_by: nodal_officer, release_within: PT4H}
    channels: [in_app, email, call]
    last_resort: true
"""


class Line(NamedTuple):
    """A line of the ledger: minutes after the due time, planned and fired, and the roles that were told."""

    level: int
    round: int
    planned: float
    fired: float
    roles: tuple[str, ...]
    missed: bool
    acknowledged: bool


def test_a_ladder_never_seen_before_leaves_exactly_these_lines_and_messages(world: World) -> None:
    case_id = _late(world, ODD)
    due = world.deadline(case_id, "look").due_at
    _away(world, "caseworker", deputy="case_manager", until=due + timedelta(days=30))
    world.change_actor(world.who("lawyer"), disabled=True)
    for instant in _minutes(due, (-14, -13, 0, 7, 18, 19)):
        world.clock.move_to(instant)
        world.fire()
    deadline = world.deadline(case_id, "look")
    world.act(acknowledge, deadline.id, case_id=case_id, by="supervisor")
    world.act(acknowledge, deadline.id, case_id=case_id, by="supervisor")
    for instant in _minutes(due, (29, 40, 50, 51, 79)):
        world.clock.move_to(instant)
        world.fire()
    assert _ledger(world, case_id, due) == [
        Line(1, 1, -13, -13, ("case_manager",), missed=False, acknowledged=True),
        Line(2, 1, 7, 7, ("supervisor",), missed=False, acknowledged=True),
        Line(2, 2, 18, 18, ("supervisor",), missed=False, acknowledged=True),
        Line(3, 1, 50, 50, (), missed=True, acknowledged=False),
        Line(4, 1, 50, 50, ("nodal_officer",), missed=False, acknowledged=False),
    ]
    assert _messages(world, case_id, "escalated") == {
        ("case_manager", "in_app"): 1, ("case_manager", "email"): 1, ("supervisor", "in_app"): 2,
        ("supervisor", "email"): 2, ("nodal_officer", "in_app"): 1, ("nodal_officer", "email"): 1,
    }  # fmt: skip
    assert _messages(world, case_id, "overdue") == {("case_manager", "in_app"): 1, ("case_manager", "email"): 1}
    assert world.item(case_id, "look").priority == 1
    assert len(world.rows("SELECT 1 FROM event WHERE type = 'DeadlineAcknowledged'")) == 1
    assert {
        (row.ladder, row.ladder_version) for row in world.rows("SELECT ladder, ladder_version FROM escalation")
    } == {("odd", 7)}


def test_a_level_for_a_body_of_law_opens_a_step_to_release_asks_to_ring_it_and_its_letter_names_nobody(
    world: World,
) -> None:
    case_id = _late(world, ODD)
    world.later(days=9)
    world.fire()
    [release] = [step for step in world.state(case_id).steps.values() if step.added]
    deadline = world.deadline(case_id, "look")
    assert (release.uses, release.added.for_deadline, release.added.limit) == ("core.release", deadline.id, "PT4H")
    assert [(call.body, call.actor_id) for call in deadline.calls] == [("District Magistrate", None)]
    assert world.item(case_id, release.key).candidate_roles == ("nodal_officer",)
    line = world.rows("SELECT step_id, channels, note FROM escalation WHERE level = 4")[0]
    assert line.step_id == release.id
    assert line.channels == ["call", "email", "in_app"]
    assert "is waiting to be released by a named person; nothing has been sent" in line.note
    world.do_jobs()
    letter = _letter(world, release.id)
    number = world.state(case_id).case.number
    assert "To: District Magistrate" in letter
    assert number in letter
    assert "network target" not in letter
    assert "law that sets" not in letter
    assert "Kamala" not in letter
    assert "On purpose, this letter names no one" in letter


@pytest.mark.parametrize("decision", ["released", "not_released"])
def test_a_letter_that_somebody_releases_names_who_and_when_and_one_that_stays_does_not(
    world: World, decision: str
) -> None:
    case_id = _late(world, ODD)
    world.later(days=9)
    world.fire()
    world.do_jobs()
    step = next(step for step in world.state(case_id).steps.values() if step.uses == "core.release")
    sent_at = world.clock.now()
    world.later(minutes=5)
    sent = {"sent_by": "post", "sent_at": sent_at.isoformat()} if decision == "released" else {}
    item = world.item(case_id, step.key)
    world.complete(item, by="nodal_officer", answers={"decision": decision, "reason": "No answer came."} | sent)
    world.do_jobs()
    row = world.rows("SELECT name, released_by, released_at FROM document WHERE step_id = :step", step=step.id)[0]
    who = world.who("nodal_officer").actor_id
    assert (row.name, row.released_by, row.released_at) == (
        "escalation-letter", who if sent else None, sent_at if sent else None,
    )  # fmt: skip


@pytest.mark.parametrize("is_signed", [True, False])
def test_only_a_limit_that_a_lawyer_has_signed_is_quoted_in_a_letter(world: World, *, is_signed: bool) -> None:
    workflow = WORKFLOW.replace("limit: PT10H", "law: IN-TEST-10H")
    publish_shipped(world.engine, {"in-law.yaml": LAW})
    if is_signed:
        sign(world, "IN-TEST-10H")
    case_id = _late(world, ODD, workflow=workflow)
    world.later(days=9)
    world.fire()
    world.do_jobs()
    step = next(step for step in world.state(case_id).steps.values() if step.uses == "core.release")
    letter = _letter(world, step.id)
    assert ("Visits Act 2020, section 7: 10 hours" in letter) is is_signed
    assert ("Visits Act" in letter) is is_signed
    assert "network target" not in letter


def test_a_step_that_a_level_opened_opens_no_steps_when_it_is_late_itself(world: World) -> None:
    case_id = _late(world, ODD, standard=ODD.replace("ladder: odd", "ladder: standard").replace("P1WD", "PT51M"))
    world.later(days=9)
    world.fire()
    added = [step.uses for step in world.state(case_id).steps.values() if step.added]
    world.later(days=9)
    world.fire()
    late = world.rows(
        "SELECT 1 FROM escalation e JOIN deadline d ON d.id = e.deadline_id WHERE d.ladder = 'standard' AND level = 4"
        " AND d.key LIKE 'release%'"
    )
    assert late
    assert [step.uses for step in world.state(case_id).steps.values() if step.added] == added
    assert added == ["core.release"]


def test_ending_what_was_late_calls_off_the_letter_and_the_call(world: World) -> None:
    case_id = _late(world, ODD)
    world.later(days=9)
    world.fire()
    looked = {"seen_at": START.isoformat(), "is_safe": True, "way": "road", "words": "There."}
    world.complete(world.item(case_id, "look"), by="caseworker", answers=looked)
    state = world.state(case_id)
    assert {step.status.value for step in state.steps.values() if step.added} == {"cancelled"}
    assert [call.ended for past in state.past.values() for call in past.calls] == ["over"]


def test_a_level_that_gives_the_item_away_tells_who_had_it(world: World) -> None:
    case_id = _late(world, _ladder("{role: case_manager}", "reassign: true"))
    world.later(hours=11)
    world.fire()
    assert world.item(case_id, "look").assignee_id == world.who("case_manager").actor_id
    assert _messages(world, case_id, "reassigned") == {("caseworker", "in_app"): 1}


def test_a_level_offers_the_work_to_the_next_partner_without_any_field(world: World) -> None:
    case_id = _late(world, _ladder("supervisor", "offer_next_partner: true, repeat: {every: PT9M, times: 2}"))
    world.later(hours=10)
    world.fire()
    rows = world.rows("SELECT to_unit_id, status, fields, encrypted_note, deadline_id FROM referral")
    deadline = world.deadline(case_id, "look")
    assert [(row.to_unit_id, row.status, row.fields, row.encrypted_note, row.deadline_id) for row in rows] == [
        (world.other_unit, "offered", [], None, deadline.id)
    ]
    told = world.rows("SELECT recipient_id, subject, body FROM message WHERE kind = 'referred'")
    assert {row.recipient_id for row in told} == {world.other("partnership_manager").actor_id}
    assert not [row for row in told if "Kamala" in row.subject + row.body]
    world.later(minutes=9)
    world.fire()
    assert len(world.rows("SELECT 1 FROM referral")) == 1
    notes = [row.note for row in world.rows("SELECT note FROM escalation ORDER BY round")]
    assert "offered to the next partner" in notes[0]
    assert "There is no other partner in this place to ask." in notes[1]


@pytest.mark.parametrize(
    ("to", "role"),
    [
        ("assignee", "caseworker"),
        ("supervisor", "supervisor"),
        ("on_call", "lawyer"),
        ("{role: lawyer}", "lawyer"),
        (
            "{law_route: The court, letter: escalation-letter, released_by: lawyer, release_within: PT1H}",
            "lawyer",
        ),
        ("{partner: lawyer}", "other lawyer"),
    ],
)
class TestWhoeverIsMeant:
    """Each way of naming a recipient meets each reason why nobody can be told."""

    def test_is_told(self, world: World, to: str, role: str) -> None:
        case_id = self._late(world, to)
        assert _levels(world, case_id) == [((role,), False, "")]

    def test_is_passed_over_when_disabled(self, world: World, to: str, role: str) -> None:
        case_id = self._late(world, to, lambda: world.change_actor(_one(world, role), disabled=True))
        assert _levels(world, case_id) == [((), True, "disabled"), (("shelter_manager",), False, "")]

    def test_is_passed_over_when_away_without_a_deputy(self, world: World, to: str, role: str) -> None:
        case_id = self._late(world, to, lambda: _away(world, role, keep_items=True))
        assert _levels(world, case_id) == [((), True, "absent"), (("shelter_manager",), False, "")]

    def test_is_stood_in_for_by_the_deputy(self, world: World, to: str, role: str) -> None:
        deputy = "other counsellor" if role.startswith("other") else "counsellor"
        case_id = self._late(world, to, lambda: _away(world, role, deputy=deputy, keep_items=True))
        assert _levels(world, case_id) == [((deputy,), False, "")]

    def test_is_never_told_when_in_conflict(self, world: World, to: str, role: str) -> None:
        made: list[UUID] = []

        def conflict() -> None:
            made.append(world.rows('SELECT id FROM "case"')[0].id)
            world.act(
                recuse, made[0], by="safeguarding_lead", actor_id=_one(world, role).actor_id,
                reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="own_conduct",
            )  # fmt: skip

        case_id = self._late(world, to, conflict)
        if to == "assignee":  # what they had claimed goes back: whoever may do it now is told in their place
            assert _levels(world, case_id) == [(("case_manager",), False, "")]
        else:
            assert _levels(world, case_id) == [((), True, "conflicted"), (("shelter_manager",), False, "")]
        late = world.rows("SELECT 1 FROM message WHERE recipient_id = :id", id=_one(world, role).actor_id)
        before = world.rows(
            "SELECT 1 FROM message WHERE recipient_id = :id AND created_at < :at",
            id=_one(world, role).actor_id, at=world.clock.now() - timedelta(hours=9),
        )  # fmt: skip
        assert len(late) == len(before)

    def _late(self, world: World, to: str, before: Any = None) -> UUID:
        case_id = _late(world, _ladder(to) + _level(2, "{role: shelter_manager}", "P1D"))
        world.act(
            plan_shift, by="supervisor", unit_id=world.unit, actor_id=world.who("lawyer").actor_id,
            starts_at=world.clock.now(), ends_at=world.clock.now() + timedelta(days=2),
        )  # fmt: skip
        if "partner" in to:
            _accepted(world, case_id)
        if before is not None:
            before()
        world.later(hours=10)
        world.fire()
        return case_id


@pytest.mark.parametrize(
    ("to", "reason"),
    [("on_call", "no_one_on_call"), ("{role: press_officer}", "role_empty"), ("{partner: lawyer}", "no_partner")],
)
def test_a_level_whose_place_is_empty_says_so_and_the_next_one_comes_at_once(
    world: World, to: str, reason: str
) -> None:
    for role in ("press_officer", "partnership_manager"):
        world.rows("DELETE FROM membership WHERE role = :role AND unit_id = :unit", role=role, unit=world.unit)
    case_id = _late(world, _ladder(to) + _level(2, "{role: lawyer}", "P1D"))
    world.later(hours=10)
    world.fire()
    assert _levels(world, case_id) == [((), True, reason), (("lawyer",), False, "")]


def test_a_partner_who_is_no_unit_here_is_reminded_by_whoever_looks_after_partners(world: World) -> None:
    case_id = _late(world, _ladder("{partner: lawyer}"))
    world.later(hours=10)
    world.fire()
    assert _levels(world, case_id) == [(("partnership_manager",), False, "")]
    assert (
        "whoever is responsible for partners was notified instead" in world.rows("SELECT note FROM escalation")[0].note
    )


def test_after_the_last_level_those_above_are_told_and_else_whoever_keeps_the_system_running(world: World) -> None:
    above = ("nodal_officer", "safeguarding_lead", "supervisor", "case_manager")
    world.change_actor(world.who("lawyer"), disabled=True)
    case_id = _late(world, _ladder("{role: lawyer}"))
    world.later(hours=10)
    world.fire()
    assert _levels(world, case_id) == [(tuple(sorted(above)), True, "disabled")]
    other = _late(world, None)
    for role in above:
        world.change_actor(world.who(role), disabled=True)
    world.later(hours=10)
    world.fire()
    told, missed, reason = _levels(world, other)[0]
    assert (set(told), missed, reason) == ({"system_administrator", "other system_administrator"}, True, "disabled")


def test_the_note_of_a_level_is_read_in_the_ledger_of_the_case(world: World) -> None:
    case_id = _late(world, _ladder("{role: lawyer}", "note: Look at the mill."))
    world.later(hours=10)
    world.fire()
    [line] = world.engine.ask(case_page, world.who("supervisor"), case_id).escalations
    assert line.note == "Look at the mill."


def test_a_last_resort_reaches_who_is_away_and_their_deputy_by_every_channel_that_they_have(world: World) -> None:
    last = "ladder: odd\ntitle: Odd\nlevels:\n  - {level: 1, after: PT0M, to: {role: lawyer}, last_resort: true}\n"
    case_id = _late(world, last)
    _away(world, "lawyer", deputy="counsellor")
    world.later(hours=10)
    world.fire()
    assert _levels(world, case_id) == [(("counsellor", "lawyer"), False, "")]
    assert _messages(world, case_id, "escalated") == {
        (who, way): 1 for who in ("counsellor", "lawyer") for way in ("in_app", "email")
    }
    assert "this is the last resort" in world.rows("SELECT note FROM escalation")[0].note


@pytest.mark.parametrize("reason", ["disabled", "conflicted"])
def test_a_last_resort_leaves_out_only_who_is_disabled_or_in_conflict_with_the_case(world: World, reason: str) -> None:
    case_id = _late(world, _ladder("{role: lawyer}", "last_resort: true"))
    if reason == "disabled":
        world.change_actor(world.who("lawyer"), disabled=True)
    else:
        world.act(recuse, case_id, by="safeguarding_lead",
            actor_id=world.who("lawyer").actor_id, reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="own_conduct",
        )  # fmt: skip
    world.later(hours=10)
    world.fire()
    [(told, missed, why)] = _levels(world, case_id)
    assert (missed, why) == (True, reason)
    assert "nodal_officer" in told
    assert "lawyer" not in told


def test_a_refusal_at_night_wakes_whoever_is_on_call_and_leaves_the_others_and_what_is_late_to_the_morning(
    world: World,
) -> None:
    case_id = _refused(world, lambda: _on_call(world, "counsellor"))
    assert _levels(world, case_id) == [(("counsellor", "police_liaison"), False, "")]
    assert _mails(world, case_id) == {("counsellor", True, 0.0), ("police_liaison", False, 10.5)}
    assert world.rows("SELECT 1 FROM job WHERE kind = 'deliver' AND critical"), "it leaves while Prefect is away"
    world.do_jobs()
    assert [_sent(world, case_id, who) for who in ("counsellor", "police_liaison")] == ["delivered", "digest"]
    world.later(hours=4)
    world.fire()
    late = _mails(world, case_id, "overdue")
    assert late == {("caseworker", False, 10.5)}, "what is late, though not critical, is a digest of the morning"


def test_a_refusal_at_night_wakes_those_its_level_names_when_nobody_is_on_call(world: World) -> None:
    case_id = _refused(world, lambda: _away(world, "police_liaison", deputy="lawyer"))
    assert _mails(world, case_id) == {("lawyer", True, 0.0)}


def test_a_refusal_by_day_is_told_at_once_to_those_its_level_names(world: World) -> None:
    case_id = _refused(world, lambda: _on_call(world, "counsellor"), limit="PT8H")
    assert _mails(world, case_id) == {("police_liaison", True, 0.0)}


def test_a_case_whose_last_level_reaches_nobody_is_a_finding_on_the_board_until_it_is_done(world: World) -> None:
    world.rows("UPDATE actor SET disabled = true WHERE id <> ALL(:kept)", kept=[
        world.who(role).actor_id for role in ("intake_officer", "caseworker", "auditor")
    ])  # fmt: skip
    case_id = _late(world, _ladder("{role: lawyer}"))
    assert world.engine.ask_board(admin_board, world.who("auditor")).unreached == ()
    world.later(hours=10)
    world.fire()
    number = world.state(case_id).case.number
    assert world.engine.ask_board(admin_board, world.who("auditor")).unreached == (number,)
    assert world.engine.ask_board(admin_board, world.other("auditor")).unreached == ()
    looked = {"seen_at": START.isoformat(), "is_safe": True, "way": "road", "words": "There."}
    world.complete(world.item(case_id, "look"), by="caseworker", answers=looked)
    assert world.engine.ask_board(admin_board, world.who("auditor")).unreached == ()


def test_only_who_was_told_or_may_steer_the_case_says_that_it_was_seen(world: World) -> None:
    case_id = _late(world, _ladder("{role: lawyer}", "needs_acknowledgement: true"))
    world.later(hours=10)
    world.fire()
    deadline = world.deadline(case_id, "look")
    for who, error in ((world.who("counsellor"), NotAllowedError), (world.other("supervisor"), NotFoundError)):
        world.refuses(error, acknowledge, deadline.id, case_id=case_id, by=who)
    world.act(acknowledge, deadline.id, case_id=case_id, by="lawyer")
    row = world.rows("SELECT acknowledged_by, acknowledged_at FROM escalation")[0]
    assert (row.acknowledged_by, row.acknowledged_at) == (world.who("lawyer").actor_id, world.clock.now())


def test_a_link_is_its_recipients_own_and_a_wrong_one_gets_the_same_words(world: World) -> None:
    case_id = _late(world, _ladder("{role: lawyer}", "needs_acknowledgement: true"))
    world.later(hours=10)
    world.fire()
    message = world.rows("SELECT id, link_hash FROM message WHERE kind = 'escalated' AND link_hash IS NOT NULL")[0]
    token = token_of_link(world.engine, message.id)
    assert token not in world.dump()
    refused = []
    for used, viewer in (
        (token, world.who("counsellor")), (token, world.other("supervisor")), ("wrong", world.who("lawyer")),
        (message.link_hash, world.who("lawyer")), (str(message.id), world.who("lawyer")),
        ("", world.who("lawyer")),
    ):  # fmt: skip
        with pytest.raises(NotFoundError) as caught:
            world.act(acknowledge_by_link, used, by=viewer)
        refused.append(str(caught.value))
    assert len(set(refused)) == 1
    linked = world.act(acknowledge_by_link, token, by="lawyer")
    assert linked.deadline_id == world.deadline(case_id, "look").id
    world.act(acknowledge_by_link, token, by="lawyer")
    assert len(world.rows("SELECT 1 FROM event WHERE type = 'DeadlineAcknowledged'")) == 1


_MINUTE = timedelta(minutes=1)


def _minutes(due: datetime, minutes: tuple[int, ...]) -> Iterator[datetime]:
    return (due + timedelta(minutes=minute) for minute in minutes)


def _ladder(to: str, more: str = "") -> str:
    return "ladder: odd\ntitle: Odd\nlevels:\n" + _level(1, to, "PT0M", more)


def _level(number: int, to: str, after: str, more: str = "") -> str:
    extra = f", {more}" if more else ""
    return f"  - {{level: {number}, after: {after}, to: {to}, channels: [in_app, email]{extra}}}\n"


def _late(world: World, ladder: str | None, *, standard: str = STANDARD, workflow: str = WORKFLOW) -> UUID:
    """Bring a case to a look that the caseworker has claimed, and that is due in ten hours."""
    if ladder is not None:
        publish_shipped(world.engine, {"odd.yaml": ladder, "never-seen.yaml": workflow})
        if standard is not STANDARD:
            world.publish(standard)
    case_id = world.open(workflow="never-seen").case_id
    world.complete(world.item(case_id, "intake"), by="intake_officer", answers=INTAKE)
    item = world.item(case_id, "look")
    world.act(claim_work_item, item.id, by="caseworker")
    return case_id


def _one(world: World, role: str) -> Viewer:
    return world.other(role.removeprefix("other ")) if role.startswith("other ") else world.who(role)


def _refused(world: World, before: Callable[[], object], *, limit: str = "PT14H") -> UUID:
    shipped = (WORKFLOWS / "ladders" / "police-refusal.yaml").read_text(encoding="utf-8")
    ladder = shipped.replace("ladder: police-refusal", "ladder: odd")
    before()
    case_id = _late(world, ladder, workflow=WORKFLOW.replace("PT10H", limit))
    world.clock.move_to(world.deadline(case_id, "look").due_at - timedelta(hours=4))
    world.fire()
    return case_id


def _on_call(world: World, role: str) -> None:
    starts_at = world.clock.now()
    world.act(
        plan_shift, by="supervisor", unit_id=world.unit, actor_id=world.who(role).actor_id, starts_at=starts_at,
        ends_at=starts_at + timedelta(days=1),
    )  # fmt: skip


def _mails(world: World, case_id: UUID, kind: str = "escalated") -> set[tuple[str, bool, float]]:
    """Return who gets mail of the look, whether it is critical, and how many hours after the refusal it leaves."""
    rows = world.rows(
        "SELECT m.recipient_id, m.critical, d.next_at, m.created_at FROM message m"
        " JOIN delivery d ON d.message_id = m.id WHERE m.case_id = :case AND m.kind = :kind AND d.channel = 'email'",
        case=case_id, kind=kind,
    )  # fmt: skip
    fired_at = world.deadline(case_id, "look").due_at - timedelta(hours=4)
    names = _names(world)
    return {(names[row.recipient_id], row.critical, (row.next_at - fired_at) / (60 * _MINUTE)) for row in rows}


def _sent(world: World, case_id: UUID, role: str) -> str:
    [row] = world.rows(
        "SELECT d.status FROM message m JOIN delivery d ON d.message_id = m.id WHERE m.case_id = :case"
        " AND m.kind = 'escalated' AND d.channel = 'email' AND m.recipient_id = :who",
        case=case_id, who=world.who(role).actor_id,
    )  # fmt: skip
    return str(row.status)


def _away(
    world: World, role: str, *, deputy: str = "", until: datetime | None = None, keep_items: bool = False
) -> None:
    """Let somebody be away; with `keep_items` from a little later on, so that what they have claimed stays theirs."""
    now = world.clock.now()
    viewer = _one(world, role)
    world.act(note_absence, by=viewer, actor_id=viewer.actor_id,
        starts_at=now + timedelta(minutes=1 if keep_items or deputy else 0),
        ends_at=until or now + timedelta(days=2), deputy_id=_one(world, deputy).actor_id if deputy else None,
    )  # fmt: skip


def _accepted(world: World, case_id: UUID) -> None:
    step = world.item(case_id, "look").step_id
    referral = world.act(offer_referral, case_id, by="partnership_manager", to_unit_id=world.other_unit, step_id=step)
    world.act(accept_referral, referral, by=world.other("partnership_manager"))


def _names(world: World) -> dict[Any, str]:
    here = {viewer.actor_id: role for role, viewer in world.staff.people.items()}
    return here | {viewer.actor_id: f"other {role}" for role, viewer in world.staff.others.items()}


def _ledger(world: World, case_id: UUID, due: datetime) -> list[Line]:
    rows = world.rows("SELECT * FROM escalation WHERE case_id = :case ORDER BY fired_at, level, round", case=case_id)
    names = _names(world)
    return [
        Line(
            row.level, row.round, (row.planned_at - due) / _MINUTE, (row.fired_at - due) / _MINUTE,
            tuple(sorted(names[who] for who in row.recipient_ids)), row.is_missed, row.acknowledged_at is not None,
        )
        for row in rows
    ]  # fmt: skip


def _levels(world: World, case_id: UUID) -> list[tuple[tuple[str, ...], bool, str]]:
    """Return for each line of the late look whom it told, and, if it missed, the reason in the history."""
    lines = world.rows(
        "SELECT e.level, e.recipient_ids, e.is_missed FROM escalation e JOIN deadline d ON d.id = e.deadline_id"
        " WHERE e.case_id = :case AND d.key = 'look' ORDER BY e.level, e.round",
        case=case_id,
    )
    missed = world.rows("SELECT body FROM event WHERE case_id = :case AND type = 'LevelMissed'", case=case_id)
    why = {row.body["level"]: row.body["reason_code"] for row in missed}
    names = _names(world)
    return [
        (tuple(sorted(names[who] for who in row.recipient_ids)), row.is_missed, why.get(row.level, "")) for row in lines
    ]


def _messages(world: World, case_id: UUID, kind: str) -> dict[tuple[str, str], int]:
    rows = world.rows(
        "SELECT m.recipient_id, d.channel FROM message m JOIN delivery d ON d.message_id = m.id"
        " WHERE m.case_id = :case AND m.kind = :kind",
        case=case_id, kind=kind,
    )  # fmt: skip
    names = _names(world)
    return dict(Counter((names[row.recipient_id], row.channel) for row in rows))


def _letter(world: World, step_id: UUID) -> str:
    row = world.rows("SELECT id FROM document WHERE step_id = :step", step=step_id)[0]
    return world.engine.ask(document_text, world.who("nodal_officer"), row.id)
