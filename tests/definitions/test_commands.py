"""Definitions are linted, drawn, read and written by commands, in plain words and with exit codes for scripts."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from engine.cli.main import app
from engine.cli.main import app as main_app
from engine.definitions.commands import files as definitions
from engine.definitions.commands.files import draw, lint
from engine.machine import data_folder
from tests.kit.installation import Installation

pytestmark = pytest.mark.long

GOOD = "workflow: w\nversion: 1\ntitle: W\nsteps:\n  a: {uses: reporting.intake, time: {limit: P1D}}\n"


@pytest.fixture(scope="module", autouse=True)
def _shipped_once() -> Iterator[None]:
    """Read what ships once for this file: a process of the command line reads it once too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(definitions, "_shipped", cache(definitions._shipped))
        yield


def _run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(lint)
    app.command()(draw)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result


def _write(folder: Path, text: str) -> Path:
    path = folder / "w.yaml"
    path.write_text(text)
    return path


def test_a_message_that_would_say_who_somebody_is_is_found_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "messages" / "en"
    folder.mkdir(parents=True)
    (folder / "overdue.txt").write_text("Subject: Late\n\n{{ case_number }}\n\n{{ name }}\n", encoding="utf-8")
    (folder / "due_soon.txt").write_text("Soon\n\n{{ link.upper() }}\n", encoding="utf-8")
    result = _run("lint", tmp_path / "messages")
    assert result.exit_code == 1
    said = [line.removeprefix(f"{folder}/").partition(". Use only")[0] for line in result.stdout.splitlines()]
    assert said == [
        "due_soon.txt:1:1: message-template: This message has no subject: it must begin with 'Subject: '",
        "due_soon.txt:3:1: message-template: This message uses call, which a message cannot",
        "due_soon.txt:3:1: message-template: This message uses getattr, which a message cannot",
        "overdue.txt:5:1: message-template: This message uses name, which a message cannot",
    ]


def test_every_message_that_comes_with_icmc_passes() -> None:
    result = _run("lint", data_folder("templates") / "messages")
    assert (result.exit_code, result.stderr) == (0, "No findings.\n")


def test_a_sound_file_passes(tmp_path: Path) -> None:
    result = _run("lint", _write(tmp_path, GOOD))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No findings.\n")


def test_what_comes_with_icmc_has_no_errors() -> None:
    result = _run("lint", data_folder("workflows"))
    assert (result.exit_code, result.stdout) == (0, "")


def test_findings_are_printed_one_a_line_and_end_with_1(tmp_path: Path) -> None:
    path = _write(tmp_path, GOOD.replace("reporting.intake", "reporting.intak"))
    result = _run("lint", path)
    assert result.exit_code == 1
    assert result.stdout == (
        f'{path}:5:13: unknown-step-type: There is no step type "reporting.intak". Did you mean "reporting.intake"?\n'
    )
    assert result.stderr == "1 error(s), 0 warning(s).\n"


@pytest.mark.parametrize(("condition", "meant"), [
    ('report.is_child == "yes"', "is_child_suspected"), ('report.is_child_suspected == "maybe"', "yes"),
])  # fmt: skip
def test_what_a_report_does_not_ask_and_what_cannot_be_its_answer_is_found(
    tmp_path: Path, condition: str, meant: str
) -> None:
    result = _run(
        "lint", _write(tmp_path, GOOD.replace("steps:", f"start: {{on: report, when: '{condition}'}}\nsteps:"))
    )
    assert result.exit_code == 1
    assert meant in result.stdout


def test_findings_are_printed_as_json(tmp_path: Path) -> None:
    path = _write(tmp_path, GOOD.replace("P1D", "one day"))
    result = _run("lint", "--json", path)
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)
    assert {key: finding[key] for key in ("file", "line", "column", "code")} == {
        "file": str(path), "line": 5, "column": 45, "code": "bad-limit",
    }  # fmt: skip
    assert finding["message"]


def test_no_findings_are_an_empty_json_list(tmp_path: Path) -> None:
    result = _run("lint", "--json", _write(tmp_path, GOOD))
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_warnings_alone_pass(tmp_path: Path) -> None:
    result = _run("lint", _write(tmp_path, GOOD + "facts: {f: {type: bool}}\n"))
    assert result.exit_code == 0
    assert "warning: unused-fact" in result.stdout


@pytest.mark.parametrize("arguments", [("lint",), ("draw",), ("lint", "--nope", "x"), ("draw", "--format", "gif", "x")])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert _run(*arguments).exit_code == 2


@pytest.mark.parametrize("name", ["none.yaml", "\x1b[31mred.yaml", "a" * 5000])
def test_what_is_not_there_is_said_and_ends_with_1(name: str, tmp_path: Path) -> None:
    for command in ("lint", "draw"):
        result = _run(command, tmp_path / name)
        assert result.exit_code == 1
        assert "\x1b" not in result.output
        assert "cannot-open" in result.output


@pytest.mark.parametrize(
    ("form", "begins"), [("svg", '<svg role="img"'), ("mermaid", "flowchart TB\n"), ("dot", 'digraph "W" {\n')]
)
def test_a_workflow_is_drawn_in_each_form(form: str, begins: str, tmp_path: Path) -> None:
    result = _run("draw", _write(tmp_path, GOOD), "--format", form)
    assert result.exit_code == 0
    assert result.stdout.startswith(begins)


def test_a_drawing_is_written_to_a_file(tmp_path: Path) -> None:
    result = _run("draw", _write(tmp_path, GOOD), "-o", tmp_path / "w.svg")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "w.svg").read_text().startswith("<svg")


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    result = _run("draw", _write(tmp_path, GOOD), "-o", tmp_path / "no" / "w.svg")
    assert result.exit_code == 1
    assert "cannot be written" in result.output


def test_a_workflow_that_comes_with_icmc_is_drawn_by_its_name() -> None:
    name = next(path.stem for path in sorted((data_folder("workflows") / "cases").glob("*.yaml")))
    assert _run("draw", name, "--format", "mermaid").stdout.startswith("flowchart TB\n")


def test_a_bad_workflow_is_not_drawn_but_explained(tmp_path: Path) -> None:
    result = _run("draw", _write(tmp_path, GOOD.replace("title", "titel")))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert 'Did you mean "title"?' in result.stderr


def test_a_workflow_extends_a_neighbour_when_drawn(tmp_path: Path) -> None:
    _write(tmp_path, GOOD)
    own = tmp_path / "own.yaml"
    own.write_text("workflow: own\nversion: 1\nextends: w\ntitle: Own\n")
    assert 'digraph "Own"' in _run("draw", own, "--format", "dot").stdout


def test_the_schema_of_a_kind_of_file_is_printed_as_json() -> None:
    done = CliRunner().invoke(main_app, ["schema", "ladder"])
    assert done.exit_code == 0
    assert json.loads(done.output)["properties"]["ladder"]


def test_the_schema_of_an_unknown_kind_is_wrong_usage() -> None:
    done = CliRunner().invoke(main_app, ["schema", "poem"])
    assert done.exit_code == 2
    assert "Traceback" not in done.output


Icmc = Callable[..., Result]
LADDER = data_folder("workflows") / "ladders" / "standard.yaml"


@pytest.fixture
def icmc(site: Installation, monkeypatch: pytest.MonkeyPatch) -> Icmc:
    for name, value in site.environment.items():
        if name.startswith("ICMC_"):
            monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def _slower(folder: Path) -> Path:
    file = folder / "standard.yaml"
    text = LADDER.read_text(encoding="utf-8")
    file.write_text(text.replace("title: ", "title: Own ", 1).replace('title: Own "', 'title: "Own '), encoding="utf-8")
    return file


def test_a_ladder_is_previewed_published_exported_and_named_by_the_doctor(icmc: Icmc, tmp_path: Path) -> None:
    run = icmc
    file = _slower(tmp_path)
    assert "Nothing was changed." in run("publish", file, "--preview").output
    first, second = run("publish", file), run("publish", file)
    assert "ladder standard is published as version 2." in first.output
    assert "as it was already" in second.output
    assert run("export", "standard", "--kind", "ladder").output == file.read_text(encoding="utf-8")
    assert run("export", "standard", "--kind", "ladder", "--version", "1").output == LADDER.read_text(encoding="utf-8")
    doctor = json.loads(run("doctor", "--json").output)
    named = [one["problem"] for one in doctor if one["code"] == "differs-from-file"]
    assert [problem.partition(" ")[0] for problem in named] == ["workflows/ladders/standard.yaml"]


def test_a_wrong_file_is_refused_with_its_line_and_nothing_of_the_others_is_published(
    icmc: Icmc, tmp_path: Path
) -> None:
    run = icmc
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("ladder: w\ntitle: W\nlevels: [{level: 1, after: PT0M, to: {role: boss}}]\n", encoding="utf-8")
    good = tmp_path / "good.yaml"
    good.write_text("ladder: good\ntitle: G\nlevels: [{level: 1, after: PT0M, to: supervisor}]\n", encoding="utf-8")
    refused = run("publish", good, wrong)
    assert refused.exit_code == 1
    assert f"{wrong}:3:45: unknown-word" in refused.output
    assert run("export", "good", "--kind", "ladder").exit_code == 1


def test_a_day_is_previewed_added_shown_and_taken_back(icmc: Icmc) -> None:
    run = icmc
    day = ("calendar", "add-day", "NP", "2030-06-04", "--name", "Mourning", "--reason", "Gazette 7")
    assert "Nothing was changed." in run(*day, "--preview").output
    assert "2030-06-04 was added to NP." in run(*day).output
    shown = json.loads(run("calendar", "show", "NP", "--year", "2030", "--json").output)
    assert {"date": "2030-06-04", "kind": "holiday", "name": "Mourning", "source": "Gazette 7, added by this machine",
            "is_added": True} in shown  # fmt: skip
    assert (
        "Tue  holiday  Mourning (Gazette 7, added by this machine)"
        in run("calendar", "show", "NP", "--year", "2030").output
    )
    again = run(*day)
    assert (again.exit_code, "it was already added" in again.output) == (1, True)
    gaps = json.loads(run("calendar", "missing", "--year", "2030", "--json").output)
    assert {"NP", "IN-WB"} <= {row["calendar"] for row in gaps}
    assert "own list of days of 2030 was not found" in run("calendar", "missing", "--year", "2030").output
    assert "was removed from NP" in run("calendar", "remove-day", "NP", "2030-06-04").output
    assert "Mourning" not in run("calendar", "show", "NP", "--year", "2030").output


@pytest.mark.parametrize(("words", "status", "said"), [
    (("show", "XX"), 1, "There is no calendar"),
    (("add-day", "NP", "tomorrow", "--name", "n", "--reason", "r"), 2, "tomorrow is no date"),
    (("add-day", "NP", "2020-01-06", "--name", "n", "--reason", "r"), 1, "it is over"),
    (("remove-day", "NP", "2030-06-03"), 1, "no one added it by hand"),
])  # fmt: skip
def test_what_cannot_be_done_to_a_calendar_is_said_in_words(
    icmc: Icmc, words: tuple[str, ...], status: int, said: str
) -> None:
    answer = icmc("calendar", *words)
    assert answer.exit_code == status
    assert said in answer.output


def test_messages_a_day_are_simulated_without_a_database(icmc: Icmc) -> None:
    told = json.loads(icmc("simulate", "reported-concern", "--budget", "--json").output)
    assert told["open_cases"] == 200
    assert {"median", "p95", "worst", "worst_person"} == set(told["sent"])
    words = icmc("simulate", "reported-concern", "--budget", "--cases", "50").output
    assert "at 50 open cases" in words
    assert icmc("simulate", "reported-concern").exit_code == 2
    assert icmc("simulate", "reported-concern", "--budget", "--many", "5").exit_code == 2
    many = json.loads(icmc("simulate", "reported-concern", "--many", "5", "--json").output)
    assert (many["cases"], many["closed"], many["stuck"]) == (5, 5, {})
    assert "5 of 5 cases closed" in icmc("simulate", "reported-concern", "--many", "5").output
