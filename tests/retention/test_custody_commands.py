"""A restored backup revives nothing: what it brings back is over or suspended until two people have looked at it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.access.store import AccessStore
from engine.app import build_engine
from engine.approvals.actions.approvals import lapse_approvals
from engine.approvals.records import OwnApprovalError
from engine.approvals.views import waiting
from engine.assembly import Engine
from engine.cases.actions.open import open_case
from engine.cases.store import CaseStore
from engine.core.access import Grant
from engine.core.policy import Viewer
from engine.errors import AlreadyEndedError, NotAllowedError, NotFoundError
from engine.overview.views.case import case_page
from engine.people.actions.invitations import RESET, first_link, make_link, open_link
from engine.people.actions.program_keys import BOARD, add_key, viewer_of_key
from engine.people.records import LinkOverError
from engine.people.store import DirectoryStore
from engine.people.viewer import units
from engine.rehearsal.world import people_of
from engine.retention.actions.custody import answer_release, ask_release, standing
from engine.retention.actions.erasure import approve_erasure, ask_erasure, erase_what_is_ripe
from engine.retention.actions.retention import answer_lift, ask_to_lift, place_hold
from engine.retention.store import RetentionStore
from engine.sign_in.actions.sessions import become, sign_in, viewer_of
from engine.sign_in.records import CustodyError, SignInError
from tests.kit.cases import close_at_once
from tests.kit.installation import Installation

pytestmark = pytest.mark.long

TOLD = {
    "narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip
PASSPHRASE = "a mill beside the river"


@dataclass
class Before:
    """What there was when the backup was made."""

    people: dict[str, Viewer]
    others: dict[str, Viewer]
    cases: list[UUID] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    hold: UUID = field(default_factory=uuid4)
    token: str = ""
    key: str = ""
    link: str = ""


@pytest.fixture(scope="module")
def before(site: Installation) -> Before:
    engine = site.engine
    unit, people = people_of(engine, jurisdiction="IN-AS", label="Here")
    there, others = people_of(engine, jurisdiction="IN-AS", label="There")
    made = Before(people, others)
    _agree_to_erase(site, unit, people)
    for _ in range(2):
        opened = open_case(engine, answers=TOLD, unit_id=unit, viewer=people["case_manager"], command_id=uuid4())
        made.cases.append(opened.case_id)
        made.numbers.append(opened.case_number)
        grant = Grant(
            id=uuid4(), case_id=opened.case_id, unit_id=there, purpose="help", fields=("case.*",),
            granted_at=engine.clock.now(),
        )  # fmt: skip
        with engine.transaction() as tx:
            tx.of(AccessStore).add_grant(grant)
            tx.commit()
    lead = people["case_manager"]
    made.hold = place_hold(engine, made.cases[0], viewer=lead, command_id=uuid4(), kind="appeal", reason="No. 7")
    ask_to_lift(engine, made.cases[0], made.hold, viewer=lead)
    made.token = become(engine, people["caseworker"].actor_id)
    keeper = people["system_administrator"].model_copy(
        update={"stepped_up_at": engine.wall_clock.now(), "by_factor": True}
    )
    unit_name = next(name for known, name in engine.ask(units, keeper) if known == unit)
    made.key = add_key(
        engine, viewer=keeper, account="monitor", unit=unit_name, name="one", scopes=(BOARD,), days=30
    ).key
    with engine.transaction() as tx:
        made.link = make_link(engine, tx, RESET, people["lawyer"].actor_id, by=None)
        for role in ("caseworker", "system_administrator"):
            tx.of(DirectoryStore).set_password(people[role].actor_id, engine.passwords.hash(PASSPHRASE))
        tx.commit()
    return made


@pytest.fixture(scope="module")
def restored(site: Installation, before: Before, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Restore a backup that was made while all of that held."""
    assert viewer_of(site.engine, before.token) is not None
    backup = tmp_path_factory.mktemp("backup") / "before.dump"
    made = site.icmc("backup", str(backup))
    assert made.exit_code == 0, made.output
    site.engine.dispose()
    done = site.icmc("restore", str(backup), "--replace")
    assert done.exit_code == 0, done.output
    assert "It is under review" in done.output
    assert "Suspended: 2 grants" in done.output
    fresh = build_engine(site.settings, site.urls)
    yield fresh
    fresh.dispose()


def _agree_to_erase(site: Installation, unit: UUID, people: dict[str, Viewer]) -> None:
    """Agree with two people to erase the person of a closed case; it cools off."""
    engine, lead = site.engine, people["case_manager"]
    opened = open_case(engine, answers=TOLD, unit_id=unit, viewer=lead, command_id=uuid4())
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(opened.case_id)
    close_at_once(engine, opened.case_id, lead)
    site.move_to(engine.clock.now() + timedelta(days=8 * 366))
    erasure = ask_erasure(
        engine, opened.case_id, state.persons[0].person_id, viewer=people["data_protection_officer"],
        command_id=uuid4(), source="retention", ground_code="time_over",
    )  # fmt: skip
    for role in ("supervisor", "nodal_officer"):
        approve_erasure(engine, erasure, viewer=people[role])


def test_no_session_key_or_link_of_before_the_backup_opens_anything(restored: Engine, before: Before) -> None:
    assert viewer_of(restored, before.token) is None
    with pytest.raises(SignInError):
        viewer_of_key(restored, before.key, scope=BOARD)
    with pytest.raises(LinkOverError):
        open_link(restored, before.link)
    assert first_link(restored) is None


def test_nobody_but_an_administrator_signs_in(restored: Engine, before: Before) -> None:
    with pytest.raises(CustodyError):
        sign_in(restored, email=_address(restored, before, "caseworker"), password=PASSPHRASE)
    with pytest.raises(SignInError) as wrong:
        sign_in(restored, email=_address(restored, before, "caseworker"), password="something else altogether")
    assert not isinstance(wrong.value, CustodyError), "only who knows the password is told"
    assert sign_in(restored, email=_address(restored, before, "system_administrator"), password=PASSPHRASE).token


def test_no_other_unit_sees_a_case_by_a_grant_of_before(restored: Engine, before: Before) -> None:
    for case_id in before.cases:
        with pytest.raises(NotFoundError):
            restored.ask(case_page, before.others["supervisor"], case_id)


def test_what_was_answered_since_is_not_answered_again_and_nothing_is_erased(restored: Engine, before: Before) -> None:
    with pytest.raises(AlreadyEndedError):
        answer_lift(restored, before.cases[0], before.hold, viewer=before.people["supervisor"], agreed=True)
    assert lapse_approvals(restored) == 1
    with restored.transaction() as tx:
        hold = tx.of(RetentionStore).hold(before.hold)
        hold.require_live()
        assert tx.of(RetentionStore).ripe(now=restored.clock.now() + timedelta(days=365), most=9) == ()
    assert erase_what_is_ripe(restored) == 0


def test_two_people_let_go_and_what_was_called_back_stays_over(
    site: Installation, restored: Engine, before: Before
) -> None:
    listed = json.loads(site.icmc("custody", "show", "--json").output)
    assert {one["case_number"] for one in listed["grants"]} == set(before.numbers)
    assert len(listed["people"]) >= len(before.people) + len(before.others)
    keeper, other = before.people["system_administrator"], before.others["system_administrator"]
    with pytest.raises(NotAllowedError):
        standing(restored, viewer=before.people["caseworker"])
    asked = site.icmc("custody", "release", "--as", _address(restored, before, "system_administrator"), "--without",
        before.numbers[1],
    )  # fmt: skip
    assert asked.exit_code == 3, asked.output
    assert "is waiting for a second person" in asked.output
    with pytest.raises(OwnApprovalError):
        answer_release(restored, viewer=keeper, approved=True)
    with pytest.raises(NotAllowedError):
        answer_release(restored, viewer=before.people["supervisor"], approved=True)
    assert [line.kind for line in restored.ask(waiting, other)] == ["custody"]
    answer_release(restored, viewer=other, approved=True)
    assert restored.ask(case_page, before.others["supervisor"], before.cases[0]).number == before.numbers[0]
    with pytest.raises(NotFoundError):
        restored.ask(case_page, before.others["supervisor"], before.cases[1])
    assert sign_in(restored, email=_address(restored, before, "caseworker"), password=PASSPHRASE).token
    assert "not under review" in site.icmc("custody", "show").output
    with pytest.raises(AlreadyEndedError):
        ask_release(restored, viewer=keeper)


def _address(engine: Engine, before: Before, role: str) -> str:
    with engine.transaction() as tx:
        actor = tx.of(DirectoryStore).actor(before.people[role].actor_id)
    return actor.email
