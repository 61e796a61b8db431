"""A period of keys ends: what lives on stays readable and found at each step, and a kill loses nothing."""

import json
import subprocess
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from engine.audit.commands import _ailments_of_periods
from engine.errors import KeyMissingError, NotAllowedError, SettingsError
from engine.keys.actions.keys import key_state, retire_key, rotate_keys
from engine.keys.actions.rotating import PeriodTurn, lost_periods, rotate_index, turn_period, turn_period_now
from engine.keys.periods import PeriodFolders
from engine.persons.store import PersonStore
from engine.web.terminal import SYSTEM
from tests.keys.test_rotating import (
    KAMALA,
    Installation,
    installed,
    look_again,
    make_it_long_ago,
    reader,
)
from tests.kit.fixtures import Filled
from tests.kit.world import World

pytestmark = pytest.mark.long

__all__ = ["installed", "reader"]

FACTS = ("key_period", "key_period_begun")
BEGINS, ENDS = ("made", "begun", "wrapped", "found"), ("listed", "closed", "thrown")


@pytest.fixture(autouse=True)
def second_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ICMC_PERIOD_KEY_COPIES", str(tmp_path / "copies"))
    return tmp_path / "copies"


@pytest.fixture
def settled(installed: Installation, world: World) -> Installation:
    """Return an installation in which everything is of the period of now."""
    turned(installed, world)
    return installed


def turned(installed: Installation, world: World, *, now: bool = False) -> None:
    """Turn the period to its end, as the chore does it minute by minute."""
    if now:
        turn_period_now(installed.engine, viewer=SYSTEM)
    for _ in range(3):
        if turn_period(installed.engine) is PeriodTurn.NONE:
            return
        make_it_long_ago(world, *FACTS)
    pytest.fail("it does not end")


def kill_after(installed: Installation, world: World, step: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.keys.rotating_process", str(installed.path), step],
        input=f"{json.dumps(asdict(world.urls))}\n", text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == -9, "it ended before it came to that step"


def names(installed: Installation, people: set[UUID]) -> set[object]:
    with installed.engine.transaction() as tx:
        return {tx.of(PersonStore).identity(one)["name"] for one in people}


def files(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.mark.parametrize("step", [*BEGINS, *ENDS])
def test_a_turn_that_was_killed_at_any_step_loses_nobody_and_is_gone_on_with(
    settled: Installation, world: World, second_place: Path, step: str
) -> None:
    people = {settled.person() for _ in range(5)}
    before = settled.engine.periods.current.id
    if step in ENDS:
        assert turn_period_now(settled.engine, viewer=SYSTEM) is PeriodTurn.BEGUN
        make_it_long_ago(world, *FACTS)
    kill_after(settled, world, step)
    look_again(settled)
    assert (names(settled, people), settled.finds()) == ({KAMALA["name"]}, people)
    people.add(settled.person())
    turned(settled, world)
    look_again(settled)
    assert (names(settled, people), settled.finds()) == ({KAMALA["name"]}, people)
    [period] = settled.engine.periods.all
    assert period.id != before
    assert (
        files(second_place)
        == files(settled.folder / "keys" / "periods")
        == [f"{period.id}{x}" for x in (".json", ".keys")]
    )
    assert key_state(settled.engine, viewer=SYSTEM).unfinished == 0
    [[key]] = world.rows("SELECT DISTINCT key_id FROM person_token")
    assert key.endswith(f"@{period.id}")


def test_who_is_written_and_found_by_a_process_that_knows_of_nothing_is_found_all_the_time(
    settled: Installation, reader: Installation, world: World
) -> None:
    known = {settled.person(), reader.person()}
    for _ in range(3):
        turn_period_now(settled.engine, viewer=SYSTEM)
        known.add(reader.person())  # wrapped and found by the key that this process knows
        look_again(reader)
        assert reader.finds() == settled.finds() == known
        make_it_long_ago(world, *FACTS)
        if len(settled.engine.periods.all) == 1:
            break
    assert names(reader, known) == {KAMALA["name"]}


def test_nothing_is_kept_with_a_key_that_was_thrown_away(
    settled: Installation, reader: Installation, world: World
) -> None:
    reader.person()
    turned(settled, world, now=True)
    reader.engine.vault._looked_at = float("inf")  # type: ignore[attr-defined]  # it stood still in between
    with pytest.raises(KeyMissingError):
        reader.person()
    look_again(reader)
    assert names(reader, {reader.person()}) == {KAMALA["name"]}


def test_a_key_that_was_thrown_away_in_one_place_only_is_thrown_away_in_both(
    settled: Installation, world: World, second_place: Path
) -> None:
    old = settled.engine.periods.current.id
    turn_period_now(settled.engine, viewer=SYSTEM)
    make_it_long_ago(world, *FACTS)
    kill_after(settled, world, "closed")
    (settled.folder / "keys" / "periods" / f"{old}.json").unlink()
    assert settled.engine.periods.all[0].id == old
    turned(settled, world)
    assert f"{old}.json" not in files(second_place)


def test_a_new_key_file_opens_the_period_keys_and_the_old_one_can_go(settled: Installation, world: World) -> None:
    person, old = settled.person(), settled.engine.key_keeper.current
    rotate_keys(settled.engine, viewer=SYSTEM)
    new = settled.engine.key_keeper.current
    assert {*settled.engine.periods.current.wrapped_by} == {old, new}, (
        "an export of before opens it until that is retired"
    )
    make_it_long_ago(world, "keys_rotated")
    retire_key(settled.engine, old, viewer=SYSTEM)
    assert settled.engine.periods.current.wrapped_by == (new,)
    look_again(settled)
    assert names(settled, {person}) == {KAMALA["name"]}
    turned(settled, world, now=True)
    assert names(settled, {person}) == {KAMALA["name"]}


def test_the_index_key_and_the_period_do_not_change_at_once(settled: Installation, world: World) -> None:
    rotate_index(settled.engine, viewer=SYSTEM)
    assert turn_period_now(settled.engine, viewer=SYSTEM) is PeriodTurn.NONE
    for _ in range(2):
        make_it_long_ago(world, "index_key_at")
        rotate_index(settled.engine, viewer=SYSTEM)
    assert turn_period_now(settled.engine, viewer=SYSTEM) is PeriodTurn.BEGUN
    with pytest.raises(SettingsError):
        rotate_index(settled.engine, viewer=SYSTEM)


def test_only_who_keeps_the_keys_turns_a_period_early(settled: Installation, world: World) -> None:
    with pytest.raises(NotAllowedError):
        turn_period_now(settled.engine, viewer=world.who("supervisor"))
    assert turn_period(settled.engine) is PeriodTurn.NONE
    world.clock.move_to(settled.engine.periods.current.ends_at)
    assert turn_period(settled.engine) is PeriodTurn.BEGUN


def test_the_doctor_says_what_is_wrong_with_periods_and_where_the_copy_is(
    settled: Installation, world: World, second_place: Path
) -> None:
    settled.person()
    assert list(_ailments_of_periods(settled.engine)) == []
    [period] = settled.engine.periods.all
    (second_place / f"{period.id}.json").unlink()
    [lacks] = _ailments_of_periods(settled.engine)
    assert (lacks.code, str(second_place) in lacks.problem) == ("period-key-copies", True)
    turn_period(settled.engine)
    assert list(_ailments_of_periods(settled.engine)) == []
    world.clock.move_to(period.ends_at + timedelta(days=2))
    assert [one.code for one in _ailments_of_periods(settled.engine)] == ["period-not-turned"]
    world.rows("UPDATE data_key SET period = '0000-lost' WHERE wrapped_by <> '' RETURNING owner_id")
    lost, *_ = _ailments_of_periods(settled.engine)
    assert (lost.code, "0000-lost.json" in lost.remedy, "ICMC_PERIOD_KEY_COPIES" in lost.remedy) == (
        "period-key-lost", True, True,
    )  # fmt: skip
    assert set(lost_periods(settled.engine)) == {"0000-lost"}
    for _ in range(2):
        assert turn_period(settled.engine) is PeriodTurn.BEGUN, "what is lost can lie in a place that is not reached"
        make_it_long_ago(world, *FACTS)


def test_a_period_without_a_second_place_is_named(
    monkeypatch: pytest.MonkeyPatch, world: World, filled: Filled, tmp_path: Path
) -> None:
    monkeypatch.delenv("ICMC_PERIOD_KEY_COPIES")
    alone = Installation(world, filled, tmp_path / "alone")
    [ailment] = _ailments_of_periods(alone.engine)
    alone.engine.dispose()
    assert "no second place" in ailment.problem


def test_a_place_that_cannot_be_written_stops_a_turn_with_words_before_anything_is_thrown_away(
    settled: Installation, second_place: Path
) -> None:
    folders = PeriodFolders(settled.path, (second_place, Path("/proc/nowhere")), length=timedelta(days=1))
    with pytest.raises(SettingsError, match="ICMC_PERIOD_KEY_COPIES"):
        folders.mend()


def test_an_unreadable_period_key_is_named(settled: Installation, second_place: Path) -> None:
    [name, _] = files(second_place)
    for place in (second_place, settled.folder / "keys" / "periods"):
        (place / name).chmod(0o600)
        (place / name).write_text("{}")
    with pytest.raises(SettingsError, match=name):
        settled.engine.periods.all  # noqa: B018 - it is asked for


def test_tokens_of_a_period_that_is_over_are_made_anew_as_after_a_restore(settled: Installation, world: World) -> None:
    person = settled.person()
    world.rows("DELETE FROM installation WHERE key = ANY(:facts) RETURNING key", facts=list(FACTS))
    for table in ("person_token", "search_token"):
        world.rows(f"UPDATE {table} SET key_id = '@0000-gone', token = decode(md5(token::text), 'hex') RETURNING kind")
    assert settled.finds() == set()
    turned(settled, world)
    assert settled.finds() == {person}
    [[key]] = world.rows("SELECT DISTINCT key_id FROM person_token")
    assert key.endswith(settled.engine.periods.current.id)
