"""What `icmc people` does over a real installation: links instead of passwords, and keys."""

import json
import re
from collections.abc import Iterator
from uuid import uuid4

import pyotp
import pytest
from typer.testing import CliRunner, Result

from engine.cases.actions.open import open_case
from engine.cli.main import app
from engine.people.actions.invitations import open_link, set_first_password
from engine.people.actions.program_keys import viewer_of_key
from engine.people.actions.second_factor import confirm, proposal, propose
from engine.people.viewer import actors
from engine.rehearsal.world import people_of
from engine.sign_in.actions.sessions import sign_in, viewer_of
from engine.work.actions.items import claim_work_item
from engine.work.views.worklist import worklist
from tests.deadlines.test_time_commands import TOLD
from tests.kit.installation import Installation, installed

pytestmark = pytest.mark.long

MARY = "mary@example.org"
PASSWORD = "three quiet boats at noon"


@pytest.fixture(scope="module")
def site() -> Iterator[Installation]:
    """Return an installation that is no demo: there, people are invented and have no links."""
    with installed(with_prefect=False) as made:
        made.rows("DELETE FROM demo RETURNING since")
        yield made


def run(site: Installation, *words: str) -> Result:
    return CliRunner().invoke(app, ["people", *words], env=site.environment | {"ICMC_DEMO": "false"})


def token_of(result: Result, kind: str) -> str:
    assert result.exit_code == 0, result.output
    found = re.search(rf"/{kind}/([\w-]+)", result.output)
    assert found, result.output
    return found.group(1)


def test_people_join_by_links_that_the_command_line_prints(site: Installation) -> None:
    first, second = (token_of(run(site, "first-link"), "first") for _ in range(2))
    assert first != second
    assert run(site, "add-unit", "Hill office", "--jurisdiction", "XX", "--organisation", "Hills").exit_code == 1
    added = run(site, "add-unit", "Hill office", "--jurisdiction", "IN-ML", "--organisation", "Hills")
    assert "can keep cases now" in added.output
    assert "Hill office takes reports from the public now" in run(site, "public", "Hill office").output
    assert "Hill office takes no reports from the public now" in run(site, "public", "Hill office", "--stop").output
    assert run(site, "public", "No office").exit_code == 1
    mary = (MARY, "--name", "Mary", "--unit", "Hill office", "--role")
    assert "wizard: choose of" in run(site, "add", *mary, "wizard").output
    link = token_of(run(site, "add", *mary, "caseworker"), "invitation")
    assert open_link(site.engine, link).email == MARY
    refused = run(site, "first-link")
    assert (refused.exit_code, "Someone is here already" in refused.output) == (1, True)
    site.settings.port_file.write_text("8093")  # what `icmc up` notes where 8080 is taken
    sent = run(site, "link", MARY)
    assert "http://127.0.0.1:8093/invitation/" in sent.output
    newer = token_of(sent, "invitation")
    set_first_password(site.engine, newer, password=PASSWORD)
    token = sign_in(site.engine, email=MARY, password=PASSWORD).token
    viewer = viewer_of(site.engine, token)
    assert viewer is not None

    assert run(site, "remove-factor", MARY).exit_code == 1, "there is none"
    propose(site.engine, viewer=viewer)
    proposed = proposal(site.engine, viewer=viewer)
    code = pyotp.TOTP(proposed.secret).at(site.engine.wall_clock.now())
    confirm(site.engine, viewer=viewer, token=token, code=code)
    assert sign_in(site.engine, email=MARY, password=PASSWORD).needs_code
    assert run(site, "remove-factor", MARY).exit_code == 0
    token = sign_in(site.engine, email=MARY, password=PASSWORD).token
    assert run(site, "disable", MARY).exit_code == 0
    assert viewer_of(site.engine, token) is None
    assert "deactivated" in run(site, "list").output
    assert run(site, "enable", MARY).exit_code == 0
    for unknown in ("link", "disable", "remove-factor"):
        result = run(site, unknown, "nobody@example.org")
        assert result.exit_code == 1
        assert "Traceback" not in result.output


def test_a_key_is_printed_once_listed_without_itself_and_revoked(site: Installation) -> None:
    run(site, "add-unit", "Key office", "--jurisdiction", "IN-ML", "--organisation", "Hills")
    wanted = ("key", "add", "Monitor", "--unit", "Key office", "--name", "board", "--scope")
    assert run(site, *wanted, "everything").exit_code == 1
    made = run(site, *wanted, "board", "--days", "30")
    key = made.output.strip()
    assert viewer_of_key(site.engine, key, scope="board").name == "Monitor"
    listed = run(site, "key", "list")
    assert "Monitor, board: board, until" in listed.output
    assert key not in listed.output
    (line,) = json.loads(run(site, "key", "list", "--json").output)
    assert run(site, "key", "revoke", line["id"]).exit_code == 0
    assert run(site, "key", "revoke", line["id"]).exit_code == 1
    assert "revoked" in run(site, "key", "list").output


def test_all_that_somebody_has_is_handed_over_after_it_was_shown(site: Installation) -> None:
    unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Leaves")
    open_case(site.engine, answers=TOLD, unit_id=unit, viewer=people["case_manager"], command_id=uuid4())
    known = {one.id: one.email for one in site.engine.ask(actors, people["supervisor"])}
    leaver, taker, boss = (known[people[role].actor_id] for role in ("case_manager", "caseworker", "supervisor"))
    words = ("hand-over", leaver, "--to", taker, "--as")
    for item in site.engine.ask(worklist, people["case_manager"]):
        claim_work_item(site.engine, item.id, viewer=people["case_manager"], command_id=uuid4())
    shown = run(site, *words, boss, "--dry-run")
    assert f": {people['caseworker'].name}" in shown.output
    assert "Handed over" not in shown.output
    assert run(site, *words, taker).exit_code == 1, "who may give work to nobody"
    assert "Handed over: 1 work items, 0 shifts" in run(site, *words, boss).output
    assert "Handed over: 0 work items" in run(site, *words, boss).output
