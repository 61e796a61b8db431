"""A ticket into training counts once, for a minute, for one space, and only the hub can make it."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from engine.app import allowed_hosts
from engine.errors import SettingsError
from engine.rehearsal.training import PASS_LASTS, TICKET_LASTS, Tickets, reset_training, training_settings
from engine.rehearsal.world import MovedClock
from engine.settings import Settings

KEY = b"k" * 32
WHO, OTHER = uuid4(), uuid4()
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(datetime(2026, 3, 7, tzinfo=UTC))


@pytest.fixture
def training(clock: MovedClock) -> Tickets:
    return Tickets(KEY, clock.now)


@pytest.fixture
def issue(clock: MovedClock) -> Callable[[UUID], str]:
    """Return what makes tickets at the hub, which shares the key with training and nothing else."""
    return lambda who: Tickets(KEY, clock.now).issue(who, ("caseworker",))


def test_a_ticket_is_taken_once(training: Tickets, issue: Callable[[UUID], str]) -> None:
    ticket = issue(WHO)
    taken = training.take(ticket)
    assert taken is not None
    assert taken.roles == ("caseworker",)
    assert training.take(ticket) is None
    assert training.take(issue(WHO)) == taken, "another ticket of the same person leads to the same space"
    assert training.take(issue(OTHER)) != taken


def test_a_ticket_is_good_for_a_minute(training: Tickets, issue: Callable[[UUID], str], clock: MovedClock) -> None:
    early, late = issue(WHO), issue(WHO)
    clock.move_to(clock.now() + TICKET_LASTS - SECOND)
    assert training.take(early) is not None
    clock.move_to(clock.now() + SECOND)
    assert training.take(late) is None


def test_a_ticket_that_was_taken_is_no_good_after_a_restart(
    training: Tickets, issue: Callable[[UUID], str], clock: MovedClock
) -> None:
    ticket = issue(WHO)
    assert training.take(ticket) is not None
    clock.move_to(clock.now() + SECOND)
    assert Tickets(KEY, clock.now).take(ticket) is None


def test_nobody_forges_a_ticket_or_a_pass(training: Tickets, issue: Callable[[UUID], str], clock: MovedClock) -> None:
    ticket = issue(WHO)
    body, _, mac = ticket.partition(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    wanted = base64.urlsafe_b64encode(json.dumps(said | {"roles": ["supervisor"]}).encode()).decode().rstrip("=")
    passes = training.pass_to(said["space"])
    with_other_key = Tickets(b"x" * 32, clock.now).issue(WHO, ("caseworker",))
    for forged in (f"{wanted}.{mac}", with_other_key, passes, body, f"{body}.", "", ".", "ü.ü", "a.b"):
        assert training.take(forged) is None, forged
    for forged in (ticket, f"{passes}0", f"{'0' * 32}.{passes.partition('.')[2]}", "", ".", "ü"):
        assert training.space_of(forged) is None, forged
    assert training.space_of(passes) == said["space"]
    clock.move_to(clock.now() + PASS_LASTS)
    assert training.space_of(passes) is None


def test_a_ticket_tells_training_nothing_of_who_comes(issue: Callable[[UUID], str]) -> None:
    body = issue(WHO).partition(".")[0]
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    assert set(said) == {"id", "space", "roles", "made_at"}
    assert str(WHO) not in str(said)
    assert WHO.hex not in str(said)


def test_training_is_told_of_nothing_that_is_the_hubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql://icmc:secret@db.example.org/postgres", "SMTP_HOST": "mail.example.org",
        "SMTP_PASSWORD": "secret", "KEY_FILE": "/keys/real.json", "PERIOD_KEY_COPIES": "/keys/copies",
        "CHECKPOINTS": "/checkpoints", "HUB_HOSTS": '["hub.example.org"]', "GATEWAY_HOSTS": '["sms.example.org"]',
        "PILLAR_HOSTS": '["api.example.org"]', "PREFECT_API_URL": "https://prefect.example.org/api",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"ICMC_{name}", value)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "icmc-keys").touch()
    hub = Settings(data_folder=tmp_path / "data")
    own = training_settings(hub)
    assert hub.smtp_host == "mail.example.org"
    assert allowed_hosts(own) == frozenset(), "it can speak to no other machine"
    assert own.database_url is None
    places = (own.keys, own.signing_key, own.checkpoint_folder, own.port_file, *own.period_folders)
    assert {place.relative_to(hub.data_folder).parts[0] for place in places} == {"training"}
    shown = str(own.model_dump())
    assert "example.org" not in shown
    assert "secret" not in shown


@pytest.mark.parametrize("what", ["nothing there", "a folder of somebody else", "a link to the hub's own folder"])
def test_a_reset_refuses_every_folder_that_training_did_not_make(tmp_path: Path, what: str) -> None:
    hub = Settings(data_folder=tmp_path / "data")
    (hub.data_folder / "postgresql").mkdir(parents=True)
    kept = hub.data_folder / "postgresql" / "cases"
    kept.write_text("real")
    place = training_settings(hub).data_folder
    if what == "a folder of somebody else":
        place.mkdir()
        (place / "work").write_text("mine")
    elif what == "a link to the hub's own folder":
        (hub.data_folder / "this-is-training").touch()
        place.symlink_to(hub.data_folder)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SettingsError, match="is not the folder of a training space"):
        reset_training(training_settings(hub))
    assert sorted(tmp_path.rglob("*")) == before
    assert kept.read_text() == "real"
