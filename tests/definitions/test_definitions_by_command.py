"""Definitions and days of calendars go in and out by commands, in an installation of their own."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cli.main import app
from engine.machine.files import data_folder
from tests.kit.installation import Installation, installed

Icmc = Callable[..., Result]
LADDER = data_folder("workflows") / "ladders" / "standard.yaml"


@pytest.fixture(scope="module")
def site() -> Iterator[Installation]:
    with installed(with_prefect=False) as made:
        yield made


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


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("show", "XX"), 1, "There is no calendar"),
        (("add-day", "NP", "tomorrow", "--name", "n", "--reason", "r"), 2, "tomorrow is no date"),
        (("add-day", "NP", "2020-01-06", "--name", "n", "--reason", "r"), 1, "it is over"),
        (("remove-day", "NP", "2030-06-03"), 1, "no one added it by hand"),
    ],
)
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
