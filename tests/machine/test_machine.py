"""Who is reached from this machine, where its files lie, and what its log says."""

import io
import logging
import socket
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr

from engine.app import allowed_hosts
from engine.log_lines import CaughtPrints, log_in_lines
from engine.machine import HostRefusedError, KnownHosts, data_folder, shipped_sources, was_refused
from engine.settings import Settings

HELD = """
import smtplib, socket, urllib.request
from engine.machine import speak_only_to
server = socket.create_server(("127.0.0.1", 0))
speak_only_to(["mail.example.org"])
socket.create_connection(server.getsockname()).close()
def attempt(what):
    try:
        what()
    except PermissionError:
        print("refused")
    except OSError as error:
        print("refused" if isinstance(getattr(error, "reason", None), PermissionError) else "let through")
attempt(lambda: socket.create_connection(("10.0.0.1", 80), timeout=0.1))
attempt(lambda: socket.socket().connect(("169.254.169.254", 80)))
attempt(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
attempt(lambda: urllib.request.urlopen("http://192.0.2.1/", timeout=0.1))
attempt(lambda: smtplib.SMTP("mail.example.com", timeout=0.1))
attempt(lambda: socket.getaddrinfo("[::ffff:10.0.0.1]", 80))
attempt(lambda: socket.getaddrinfo("mail.example.org.evil.example", 80))
print("end")
"""


class Ticks:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_libraries_cannot_reach_what_is_not_in_the_list() -> None:
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["refused"] * 7 + ["end"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "", None, b"127.0.0.1"])
def test_this_machine_is_always_allowed(host: object) -> None:
    held = KnownHosts([])
    held.heed("socket.getaddrinfo", (host, 80))
    held.heed("socket.connect", (None, (host, 80)))
    held.heed("socket.connect", (None, "/run/postgresql/.s.PGSQL.5432"))


def test_this_machine_may_ask_for_its_own_name_as_mail_does() -> None:
    KnownHosts([]).heed("socket.gethostbyname", (socket.gethostname(),))


@pytest.mark.parametrize(
    "host", ["example.com", "10.1.2.3", "2001:db8::1", "mail.example.org.example", "::ffff:10.0.0.1"]
)
def test_others_are_refused_by_name_and_by_address(host: str) -> None:
    held = KnownHosts(["mail.example.org"])
    with pytest.raises(PermissionError):
        held.heed("socket.getaddrinfo", (host, 80))
    for event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        with pytest.raises(PermissionError):
            held.heed(event, (None, (host, 80)))


def test_a_refusal_names_the_setting_also_through_the_error_of_a_library() -> None:
    with pytest.raises(PermissionError, match="ICMC_PILLAR_HOSTS"):
        KnownHosts([]).heed("socket.getaddrinfo", ("api.example.org", 443))
    of_a_library = ConnectionError("the library's")
    of_a_library.__cause__ = HostRefusedError("api.example.org")
    assert was_refused(of_a_library)
    assert not was_refused(ConnectionError("another"))


def test_what_a_thread_has_looked_up_it_may_connect_to_for_a_while() -> None:
    ticks = Ticks()
    held = KnownHosts(["Mail.example.org"], ticks=ticks)
    with pytest.raises(PermissionError):
        held.heed("socket.connect", (None, ("192.0.2.7", 587)))
    held.heed("socket.getaddrinfo", ("mail.EXAMPLE.org.", 587))
    held.heed("socket.connect", (None, ("192.0.2.7", 587)))
    ticks.now += 61
    with pytest.raises(PermissionError):
        held.heed("socket.connect", (None, ("192.0.2.7", 587)))


def test_the_list_is_what_the_settings_name_and_the_services_that_may_be_used(tmp_path: Path) -> None:
    url = SecretStr("postgresql://u:p@db.example.org:5432/icmc")
    settings = Settings(
        data_folder=tmp_path, database_url=url, smtp_host="mail.example.org", gateway_hosts=("matrix.example.org",)
    )
    allowed = allowed_hosts(settings)
    assert {"db.example.org", "mail.example.org", "matrix.example.org", "api.telegram.org"} <= allowed
    assert "api.example.org" in allowed_hosts(settings.model_copy(update={"pillar_hosts": ("api.example.org",)}))
    demo = allowed_hosts(settings.model_copy(update={"demo": True}))
    assert demo == {"db.example.org"}


def test_the_folders_of_the_repository_come_first() -> None:
    assert (data_folder("workflows") / "cases" / "child-labour.yaml").is_file()
    assert (data_folder("templates") / "messages" / "en" / "assigned.txt").is_file()


def test_what_workflows_name_is_listed_before_the_workflows() -> None:
    folders = [name.split("/")[1] for name in shipped_sources()]
    assert list(dict.fromkeys(folders)) == ["calendars", "ladders", "law", "retention", "cases"]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    ours = logging.getLogger("engine")
    monkeypatch.setattr(ours, "handlers", ours.handlers)
    monkeypatch.setattr(ours, "propagate", ours.propagate)
    monkeypatch.setattr(logging.getLogger(), "handlers", logging.getLogger().handlers)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", written)
    log_in_lines()
    return written


def test_a_line_has_the_number_that_a_page_gives_and_the_place(log: io.StringIO) -> None:
    logging.getLogger("engine.web.security").error(
        "request_failed", extra={"failure": "1a2b3c4d", "error": "KeyError", "where": "items.py:12 < app.py:3"}
    )
    assert log.getvalue().endswith(
        "ERROR request_failed error=KeyError failure=1a2b3c4d where=items.py:12 < app.py:3\n"
    )


def _in_a_pillar(code: str) -> str:
    """Run code of a pillar; return what came out at a standard stream."""
    out = io.StringIO()
    caught = CaughtPrints(out, {"pillars.press"})
    with redirect_stdout(caught), redirect_stderr(caught):  # type: ignore[type-var]
        exec(compile(code, "steps.py", "exec"), {"__name__": "pillars.press.steps", "sys": sys, "logging": logging})  # noqa: S102
    return out.getvalue()


@pytest.mark.parametrize(("code", "told"), [
    ("print('Kamala of the blue house')", "WARNING pillar_printed where=pillars.press.steps:1 in <module>"),
    ("sys.stderr.write('Kamala')", "WARNING pillar_printed where=pillars.press.steps:1 in <module>"),
    ("logging.getLogger('press').warning('%s is there', 'Kamala')", "WARNING foreign_log logger=press where=steps:1"),
])  # fmt: skip
def test_of_what_a_pillar_prints_or_logs_only_the_place_is_written(log: io.StringIO, code: str, told: str) -> None:
    assert not _in_a_pillar(code)
    assert told in log.getvalue()
    assert "Kamala" not in log.getvalue()


def test_what_icmc_itself_prints_is_passed_on() -> None:
    out = io.StringIO()
    with redirect_stdout(CaughtPrints(out, {"pillars.press"})):  # type: ignore[type-var]
        typer.echo("ICMC is at http://127.0.0.1:8080")
    assert out.getvalue() == "ICMC is at http://127.0.0.1:8080\n"


def test_no_traceback_and_no_second_line_is_written(log: io.StringIO) -> None:
    try:
        int("the name of a child")
    except ValueError:
        logging.getLogger("engine.work.actions").exception("broke", extra={"item_id": "7\nERROR forged"})
    assert "name of a child" not in log.getvalue()
    assert log.getvalue().count("\n") == 1
