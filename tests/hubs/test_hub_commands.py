"""What `icmc hub` says over a real installation: introduced, added by one person, confirmed by another, listed."""

import json
from pathlib import Path

import pytest

from engine.hubs.envelope import CARD, HubKeyFile, card, card_keys, read_signed
from engine.keys.key_file import read_or_create_key_file
from engine.people.viewer import actors
from engine.rehearsal.world import people_of
from tests.kit.installation import Installation

pytestmark = pytest.mark.long


def test_two_hubs_get_to_know_each_other_from_the_command_line(site: Installation, tmp_path: Path) -> None:
    _, people = people_of(site.engine, jurisdiction="IN-AS", label="Guwahati")
    mails = {person.id: person.email for person in site.engine.ask(actors, people["case_manager"])}
    admin, lead = (mails[people[role].actor_id] for role in ("system_administrator", "nodal_officer"))
    unit = next(one.unit for one in site.engine.ask(actors, people["case_manager"]) if one.email == lead)
    assert "No other hub is known here" in site.icmc("hub", "list").output

    ours = tmp_path / "ours.json"
    said = site.icmc("hub", "introduce", str(ours))
    assert said.exit_code == 0, said.output
    read, _ = read_signed(ours.read_bytes(), CARD)
    assert card_keys(read).fingerprint in said.output

    read_or_create_key_file(tmp_path / "icmc-keys.json")
    theirs = HubKeyFile(tmp_path / "icmc-keys.json")
    file, heard = tmp_path / "dhaka.json", theirs.public().fingerprint
    file.write_bytes(card(theirs, name="Hub in Dhaka", address="https://hub.dhaka.example.org"))
    add = ("hub", "add", str(file), "--kind", "home_country_partner", "--as", admin)
    wrong = site.icmc(*add, "--unit", unit, "--fingerprint", "0000-0000-0000-0000")
    assert (wrong.exit_code, "not the fingerprint" in wrong.output) == (1, True)
    assert site.icmc(*add, "--unit", "Nowhere", "--fingerprint", heard).exit_code == 2
    added = site.icmc(*add, "--unit", unit, "--fingerprint", heard)
    assert (added.exit_code, "second person" in added.output) == (3, True)
    assert "waiting for a second person" in site.icmc("hub", "list").output

    confirm = ("hub", "confirm", "Hub in Dhaka", "--fingerprint", heard, "--as")
    assert site.icmc(*confirm, admin).exit_code == 1
    assert site.icmc("hub", "confirm", "Hub in Pune", "--fingerprint", heard, "--as", lead).exit_code == 1
    assert "messages go and come" in site.icmc(*confirm, lead).output
    [hub] = json.loads(site.icmc("hub", "list", "--json").output)
    assert (hub["name"], hub["status"], hub["waiting"]) == ("Hub in Dhaka", "live", 0)
    changed = site.icmc("hub", "change-keys")
    assert changed.exit_code == 0, changed.output
    assert site.engine.hub_keys.public().fingerprint in changed.output
    assert "Hub in Dhaka has not confirmed" in site.icmc("hub", "change-keys").output
