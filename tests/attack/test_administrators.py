"""Attack: an administrator who wants to read survivors gives roles, makes links, invents colleagues, empties a unit."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from starlette.testclient import TestClient

from engine.app import build_engine, ship
from engine.approvals.records import ApprovalKind, NoSecondPersonError, OwnApprovalError
from engine.approvals.views import waiting as waiting_view
from engine.assembly import Engine
from engine.core.policy import Action, Viewer, can
from engine.db.embedded.databases import create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.roles import urls_on
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.messages.actions.channels import set_channel, set_contact
from engine.people.actions.invitations import (
    FirstAnswers,
    answer_link,
    begin,
    first_link,
    new_link,
    open_link,
    set_first_password,
)
from engine.people.actions.manage import (
    Invited,
    activate,
    add_unit,
    deactivate,
    end_all_sessions,
    give_role,
    give_role_to,
    invite,
    name_hub,
    set_supervisor,
    take_role,
)
from engine.people.actions.program_keys import add_key
from engine.people.actions.roles import answer_role
from engine.people.actions.second_factor import answer_lost, report_lost
from engine.people.records import LinkOverError, LinkWaitsError
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer
from engine.people.views import member, members, unit_list
from engine.rehearsal.world import MovedClock, RecordingChannel, people_of
from engine.settings import Settings
from engine.sign_in.actions.sessions import sign_in, viewer_of
from engine.site import create_app
from engine.web.terminal import SYSTEM
from tests.conftest import rows_of
from tests.kit.portal import ORIGIN

PASSWORD = "three quiet boats at noon"
OTHER = "seven herons under a bridge"


@dataclass
class Network:
    """Two organisations that are no demo, each with one person of every role; the first is the hub's body."""

    engine: Engine
    clock: MovedClock
    url: str
    app: Any
    hub: UUID
    hub_people: dict[str, Viewer]
    unit: UUID
    people: dict[str, Viewer]

    def proved(self, viewer: Viewer) -> Viewer:
        now = self.engine.wall_clock.now()
        return viewer.model_copy(update={"stepped_up_at": now, "by_factor": True})

    @property
    def admin(self) -> Viewer:
        """The administrator of the organisation that is not the hub's."""
        return self.proved(self.people["system_administrator"])

    @property
    def hub_admin(self) -> Viewer:
        return self.proved(self.hub_people["system_administrator"])

    def rows(self, query: str, **values: Any) -> list[Any]:
        return rows_of(self.url, query, **values)

    def roles(self, actor_id: UUID) -> set[str]:
        return {row[0] for row in self.rows("SELECT role FROM membership WHERE actor_id = :id", id=actor_id)}

    def told(self, kind: str) -> set[UUID]:
        return {row[0] for row in self.rows("SELECT recipient_id FROM message WHERE kind = :kind", kind=kind)}

    def request(self, kind: ApprovalKind) -> UUID:
        (found,) = self.rows(
            "SELECT subject_id FROM approval_request WHERE kind = :kind AND answered_at IS NULL", kind=kind.value
        )
        return UUID(str(found[0]))

    def invite(self, *, by: Viewer | None = None, unit: UUID | None = None, role: str = "caseworker") -> Invited:
        return invite(
            self.engine, viewer=by or self.admin, name="Mary", email=f"{uuid4().hex[:8]}@example.org",
            unit_id=unit or self.unit, roles=(role,),
        )  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """A database with definitions and the people of two organisations, to be copied."""

    template: str
    folder: Path
    hub: tuple[UUID, dict[str, Viewer]]
    other: tuple[UUID, dict[str, Viewer]]


@pytest.fixture(scope="module")
def filled(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    name, folder = f"filled_{uuid4().hex[:12]}", tmp_path_factory.mktemp("administrators")
    create_database(postgres.url("postgres"), name, template="icmc_template")
    engine = build_engine(Settings(data_folder=folder), urls_on(postgres, name))
    try:
        ship(engine)
        hub = people_of(engine, jurisdiction="IN-AS", label="Hub")
        other = people_of(engine, jurisdiction="IN-ML", label="Other")
        kept = engine.passwords.hash(PASSWORD)
        with engine.transaction() as tx:
            for viewer in (*hub[1].values(), *other[1].values()):
                tx.of(DirectoryStore).set_password(viewer.actor_id, kept)
            tx.commit()
        engine.dispose()
        yield Filled(name, folder, hub, other)
    finally:
        drop_database(postgres.url("postgres"), name)


@pytest.fixture
def network(postgres: EmbeddedServer, filled: Filled) -> Iterator[Network]:
    name = f"test_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template=filled.template)
    built = build_engine(
        Settings(data_folder=filled.folder), urls_on(postgres, name), channels={"email": RecordingChannel()}
    )
    clock = MovedClock(datetime.now(UTC))
    engine = replace(built, wall_clock=clock, clock=clock)
    try:
        yield Network(engine, clock, postgres.url(name), create_app(engine), *filled.hub, *filled.other)
    finally:
        built.dispose()
        drop_database(postgres.url("postgres"), name)


def test_nobody_gives_themselves_a_role_in_any_unit(network: Network) -> None:
    for unit in (network.unit, network.hub):
        for viewer in (network.admin, network.hub_admin):
            with pytest.raises(NotAllowedError, match="give themselves a role"):
                give_role(network.engine, viewer.actor_id, viewer=viewer, unit_id=unit, role="caseworker")
    assert network.roles(network.admin.actor_id) == {"system_administrator"}
    assert network.roles(network.hub_admin.actor_id) == {"system_administrator"}


def test_an_invented_colleague_has_no_role_until_one_who_leads_the_unit_agrees(network: Network) -> None:
    invented = network.invite()
    set_first_password(network.engine, invented.token, password=OTHER)
    assert invented.waits == ("caseworker",)
    assert network.roles(invented.actor_id) == set()
    subject = network.request(ApprovalKind.ROLE)
    for attacker in (network.admin, network.hub_admin, network.hub_people["supervisor"], network.people["lawyer"]):
        with pytest.raises((NotAllowedError, OwnApprovalError)):
            answer_role(network.engine, subject, viewer=attacker, approved=True)
    assert network.roles(invented.actor_id) == set()
    answer_role(network.engine, subject, viewer=network.people["supervisor"], approved=True)
    assert network.roles(invented.actor_id) == {"caseworker"}


def test_the_one_whose_role_it_is_does_not_agree_to_it(network: Network) -> None:
    manager = network.people["case_manager"]
    counts = give_role(network.engine, manager.actor_id, viewer=network.admin, unit_id=network.unit, role="lawyer")
    assert not counts
    assert network.engine.ask(waiting_view, manager) == ()
    with pytest.raises(OwnApprovalError):
        answer_role(network.engine, network.request(ApprovalKind.ROLE), viewer=manager, approved=True)


def test_nobody_agrees_to_the_role_of_somebody_whose_link_another_could_still_use(network: Network) -> None:
    invented = network.invite()
    with pytest.raises(InvalidAnswersError):
        answer_role(
            network.engine, network.request(ApprovalKind.ROLE), viewer=network.people["supervisor"], approved=True
        )
    assert network.roles(invented.actor_id) == set()


def test_the_leads_of_a_unit_are_asked_and_told_of_a_role_in_it(network: Network) -> None:
    leads = {network.people[role].actor_id for role in ("case_manager", "supervisor", "nodal_officer")}
    leads |= {network.people["safeguarding_lead"].actor_id}
    invented = network.invite()
    set_first_password(network.engine, invented.token, password=OTHER)
    assert network.told("second_needed") == leads
    agreed = network.people["supervisor"]
    answer_role(network.engine, network.request(ApprovalKind.ROLE), viewer=agreed, approved=True)
    assert network.told("role_given") == leads - {agreed.actor_id}
    address = network.rows("SELECT email FROM actor WHERE id = :id", id=network.people["lawyer"].actor_id)[0][0]
    (name,) = network.rows("SELECT name FROM unit WHERE id = :id", id=network.unit)[0]
    give_role_to(network.engine, viewer=SYSTEM, email=address, unit=name, role="counsellor")
    assert network.told("role_given") == leads, "what the machine's keeper gives is told to all of them"


def test_a_unit_without_a_lead_gets_none_by_its_administrator_alone(network: Network) -> None:
    for role in ("case_manager", "supervisor", "nodal_officer", "safeguarding_lead"):
        take_role(network.engine, network.people[role].actor_id, viewer=network.admin, unit_id=network.unit, role=role)
    ghost = network.invite(role="supervisor")
    set_first_password(network.engine, ghost.token, password=OTHER)
    assert ghost.waits == ("supervisor",)
    (line,) = network.engine.ask(waiting_view, network.hub_people["nodal_officer"])
    assert (line.person, line.role, line.may_answer) == ("Mary", "supervisor", True)
    answer_role(network.engine, line.subject_id, viewer=network.hub_people["nodal_officer"], approved=True)
    assert network.roles(ghost.actor_id) == {"supervisor"}


def test_where_nobody_leads_anything_only_the_machine_gives_roles(network: Network) -> None:
    network.rows("DELETE FROM membership WHERE role <> 'system_administrator' RETURNING 1")
    network.rows("""INSERT INTO membership (actor_id, unit_id, role) SELECT actor_id, unit_id, 'lawyer'
        FROM membership RETURNING 1""")
    with pytest.raises(NoSecondPersonError):
        network.invite(role="supervisor")
    address = network.rows("SELECT email FROM actor WHERE id = :id", id=network.people["supervisor"].actor_id)[0][0]
    (name,) = network.rows("SELECT name FROM unit WHERE id = :id", id=network.unit)[0]
    assert give_role_to(network.engine, viewer=SYSTEM, email=address, unit=name, role="supervisor")


def test_who_comes_back_has_their_roles_when_a_lead_agrees(network: Network) -> None:
    lawyer = network.people["lawyer"]
    deactivate(network.engine, lawyer.actor_id, viewer=network.admin)
    activate(network.engine, lawyer.actor_id, viewer=network.admin)
    assert network.roles(lawyer.actor_id) == set()
    answer_role(network.engine, network.request(ApprovalKind.ROLE), viewer=network.people["supervisor"], approved=True)
    assert network.roles(lawyer.actor_id) == {"lawyer"}


def test_an_administrator_acts_within_their_organisation(network: Network) -> None:
    them, there, by = network.hub_people["caseworker"].actor_id, network.hub, network.admin
    engine, theirs = network.engine, network.people["lawyer"].actor_id
    acts: list[Any] = [
        lambda: network.invite(unit=there),
        lambda: give_role(engine, theirs, viewer=by, unit_id=there, role="lawyer"),
        lambda: give_role(engine, them, viewer=by, unit_id=network.unit, role="lawyer"),
        lambda: take_role(engine, them, viewer=by, unit_id=there, role="caseworker"),
        lambda: set_supervisor(engine, them, viewer=by, supervisor_id=by.actor_id),
        lambda: end_all_sessions(engine, them, viewer=by),
        lambda: deactivate(engine, them, viewer=by),
        lambda: activate(engine, them, viewer=by),
        lambda: new_link(engine, them, viewer=by),
        lambda: report_lost(engine, them, viewer=by),
        lambda: set_contact(
            engine, viewer=by, channel="sms", address="+911234567890",
            email=network.rows("SELECT email FROM actor WHERE id = :id", id=them)[0][0],
        ),
        lambda: set_channel(
            engine, viewer=by, channel="sms", url=f"twilio://AC{'a' * 32}:{'b' * 32}@15551234567",
            organisation=network.rows("SELECT name FROM organisation WHERE is_hub")[0][0],
        ),
        lambda: add_key(
            engine, viewer=by, account="robot", name="key", scopes=("board",), days=9,
            unit=network.rows("SELECT name FROM unit WHERE id = :id", id=there)[0][0],
        ),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(NotFoundError):
            act()
    with pytest.raises(NotAllowedError):
        add_unit(engine, viewer=by, organisation="Someone else", name="Ghost office", jurisdiction="IN-ML", contact="")
    shown = {one.id for one in engine.ask(members, by)}
    assert shown == {one.actor_id for one in network.people.values()}
    assert {one.id for one in engine.ask(unit_list, by)} == {network.unit}
    assert {one.id for one in engine.ask(unit_list, network.hub_admin)} == {network.unit, network.hub}
    with pytest.raises(NotFoundError):
        engine.ask(member, by, them)


def test_nobody_but_the_machine_names_the_hubs_body(network: Network) -> None:
    with pytest.raises(NotAllowedError):
        name_hub(network.engine, viewer=network.admin, organisation="Partner in IN-ML")
    name_hub(network.engine, viewer=SYSTEM, organisation="Partner in IN-ML")
    assert {one.id for one in network.engine.ask(unit_list, network.admin)} == {network.unit, network.hub}
    assert {one.id for one in network.engine.ask(unit_list, network.hub_admin)} == {network.hub}


def test_a_link_to_a_new_password_works_only_when_a_second_person_agrees(network: Network) -> None:
    them = network.people["caseworker"]
    made = new_link(network.engine, them.actor_id, viewer=network.admin)
    assert made.waits
    with pytest.raises(LinkWaitsError):
        open_link(network.engine, made.token)
    with pytest.raises(LinkWaitsError):
        set_first_password(network.engine, made.token, password=OTHER)
    for attacker in (network.admin, them, network.people["lawyer"], network.hub_people["supervisor"]):
        with pytest.raises(NotAllowedError):
            answer_link(network.engine, them.actor_id, viewer=attacker, approved=True)
    assert network.told("second_needed") >= {network.people["supervisor"].actor_id}
    answer_link(network.engine, them.actor_id, viewer=network.people["supervisor"], approved=True)
    set_first_password(network.engine, made.token, password=OTHER)
    address = network.rows("SELECT email FROM actor WHERE id = :id", id=them.actor_id)[0][0]
    assert sign_in(network.engine, email=address, password=OTHER).token


def test_a_link_that_was_refused_withdrawn_or_made_anew_never_works(network: Network) -> None:
    them = network.people["caseworker"].actor_id
    for answerer in (network.people["supervisor"], network.admin):
        made = new_link(network.engine, them, viewer=network.admin)
        answer_link(network.engine, them, viewer=answerer, approved=False)
        with pytest.raises(LinkOverError):
            open_link(network.engine, made.token)
    first = new_link(network.engine, them, viewer=network.admin)
    second = new_link(network.engine, them, viewer=network.admin)
    answer_link(network.engine, them, viewer=network.people["supervisor"], approved=True)
    with pytest.raises(LinkOverError):
        open_link(network.engine, first.token)
    assert open_link(network.engine, second.token)


def test_two_administrators_of_another_organisation_take_no_factor_away(network: Network) -> None:
    them = network.hub_people["caseworker"]
    lost = uuid4()
    network.rows(
        """INSERT INTO approval_request (id, kind, subject_id, unit_id, subject, asked_by, asked_at, reason_code, seen,
            needed, agreed, ended_reason, expires_at) VALUES (:id, 'lost_factor', :them, :unit, '{}', :by, now(), '',
            '', 1, '[]', '', now() + interval '1 day') RETURNING 1""",
        id=lost, them=them.actor_id, unit=network.hub, by=network.hub_people["supervisor"].actor_id,
    )  # fmt: skip
    with pytest.raises(NotFoundError):
        answer_lost(network.engine, lost, viewer=network.admin, approved=True)


def test_the_only_administrator_of_an_organisation_comes_in_again_by_the_documented_routes(network: Network) -> None:
    locked_out = network.people["system_administrator"].actor_id
    made = new_link(network.engine, locked_out, viewer=network.hub_admin)
    answer_link(network.engine, locked_out, viewer=network.people["supervisor"], approved=True)
    set_first_password(network.engine, made.token, password=OTHER)
    by_machine = new_link(network.engine, locked_out, viewer=SYSTEM)
    assert not by_machine.waits
    set_first_password(network.engine, by_machine.token, password=PASSWORD)


def test_the_whole_attack_over_http_reads_nothing(network: Network) -> None:
    """Sign in as an administrator, take a role, make a colleague and a link, and look for the case of a survivor."""
    admin = _with_factor(network, network.people["system_administrator"])
    me, them = network.people["system_administrator"].actor_id, network.people["caseworker"].actor_id
    unit = str(network.unit)
    assert admin.post(f"/people/{me}/roles", data={"unit_id": unit, "role": "caseworker"}).status_code == 403
    asked = admin.post(f"/people/{them}/roles", data={"unit_id": unit, "role": "lawyer"}, follow_redirects=True)
    assert "Not in effect yet" in asked.text
    page = admin.post(f"/people/{them}/link").text
    assert "It does not work yet" in page
    link = re.search(r"/invitation/[\w-]+", page)
    visitor = TestClient(network.app, base_url=ORIGIN, raise_server_exceptions=False)
    assert visitor.get(link.group(0)).status_code == 425
    assert visitor.post(link.group(0), data={"password": OTHER, "again": OTHER}).status_code == 425
    assert "does not work yet" in admin.get(f"/people/{them}").text
    made = admin.post(
        "/people", data={"name": "Ghost", "email": "ghost@example.org", "unit_id": unit, "role": "caseworker"}
    ).text
    assert "Their role is not in effect yet" in made
    ghost_link = re.search(r"/invitation/[\w-]+", made)
    set_first_password(network.engine, ghost_link.group(0).rpartition("/")[2], password=OTHER)
    ghost = viewer_of(network.engine, sign_in(network.engine, email="ghost@example.org", password=OTHER).token)
    assert ghost is not None
    assert not any(can(ghost, action) for action in Action)
    waiting = admin.get("/waiting").text
    assert "Ghost: Caseworker" in waiting
    assert "Give the role" not in waiting, "who asked has nothing to answer"
    lead = network.people["supervisor"]
    assert {line.kind for line in network.engine.ask(waiting_view, lead) if line.may_answer} == {"role", "link"}


def test_a_second_factor_is_for_everybody_unless_it_is_narrowed_on_purpose(network: Network) -> None:
    address = network.rows("SELECT email FROM actor WHERE id = :id", id=network.people["caseworker"].actor_id)[0][0]
    token = sign_in(network.engine, email=address, password=PASSWORD).token
    bare = viewer_of(network.engine, token)
    assert (bare.must_enrol, bare.roles, bare.unit_ids, bare.memberships) == (True, (), (), ())
    today = network.clock.now().date()
    until = replace(network.engine, factor_at_latest=today)
    may_go_on = viewer_of(until, token)
    assert may_go_on.roles == ("caseworker",)
    over = viewer_of(replace(network.engine, factor_at_latest=today - timedelta(days=1)), token)
    assert over.must_enrol
    admin = network.rows(
        "SELECT email FROM actor WHERE id = :id", id=network.people["system_administrator"].actor_id
    )[0][0]  # fmt: skip
    for narrowed in (until, replace(network.engine, factor_for_all=False)):
        found = viewer_of(narrowed, sign_in(network.engine, email=admin, password=PASSWORD).token)
        assert found.must_enrol, "administrators go on without one on no day"


@pytest.mark.long
def test_the_first_administrator_sets_everything_up_alone_and_then_alone_no_more(
    postgres: EmbeddedServer, tmp_path: Path
) -> None:
    name = f"test_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template="icmc_template")
    built = build_engine(Settings(data_folder=tmp_path), urls_on(postgres, name))
    try:
        ship(built)
        token = first_link(built)
        assert token
        begin(built, token, FirstAnswers("Ada", "ada@example.org", "Hills", "Hill office", "IN-ML", PASSWORD))
        with built.transaction() as tx:
            known = tx.of(DirectoryStore).credentials("ada@example.org")
            (unit,) = tx.of(DirectoryStore).units()
            assert tx.of(DirectoryStore).hub() == unit.organisation_id
        assert known
        ada = built.ask_all(as_viewer, known.actor_id).model_copy(
            update={"stepped_up_at": built.wall_clock.now(), "by_factor": True}
        )
        more: dict[str, Any] = {"viewer": ada, "unit_id": unit.id}
        lead = invite(built, name="Lead", email="lead@example.org", roles=("supervisor",), **more)
        assert lead.waits == (), "the first who leads an empty unit"
        second = invite(built, name="Ghost", email="ghost@example.org", roles=("supervisor",), **more)
        assert second.waits == ("supervisor",), "and nobody after them"
    finally:
        built.dispose()
        drop_database(postgres.url("postgres"), name)


def _with_factor(network: Network, viewer: Viewer) -> TestClient:
    client = TestClient(network.app, base_url=ORIGIN, raise_server_exceptions=False)
    address = network.rows("SELECT email FROM actor WHERE id = :id", id=viewer.actor_id)[0][0]
    client.post("/sign-in", data={"email": address, "password": PASSWORD}, follow_redirects=False)
    client.post("/account/second-factor/propose")
    secret = re.search(r"Secret: <code>([A-Z2-7 ]+)</code>", client.get("/account/second-factor").text)
    code = pyotp.TOTP(secret.group(1).replace(" ", "")).at(network.clock.now())
    assert "shown only this once" in client.post("/account/second-factor", data={"code": code}).text
    return client
