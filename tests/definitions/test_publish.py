"""Definitions of every kind are published whole or not at all, and only when they differ from what runs."""

import pytest

from engine.approvals.views import waiting
from engine.definitions.actions.proposals import propose_definition, propose_files
from engine.definitions.actions.publish import differing
from engine.definitions.views import definition
from engine.errors import DefinitionError, NotAllowedError
from tests.kit.trial import CALENDAR, LADDER, SOURCES, VISIT
from tests.kit.world import World, replace_roles

FASTER = LADDER.replace("after: PT1H", "after: PT30M")


def versions(world: World, kind: str, name: str) -> list[tuple[int, str, str]]:
    query = (
        "SELECT version, status, author FROM definition_version WHERE kind = :kind AND name = :name ORDER BY version"
    )
    return [tuple(row) for row in world.rows(query, kind=kind, name=name)]


def test_a_new_text_becomes_the_next_version_and_the_one_before_is_retired(world: World) -> None:
    viewer = world.who("case_manager")
    (done,) = world.publish({"steps-up.yaml": FASTER})
    assert (done.kind, done.name, done.version) == ("ladder", "steps-up", 2)
    assert versions(world, "ladder", "steps-up") == [(1, "retired", "shipped"), (2, "published", viewer.name)]
    ladder = world.engine.library().ladders["steps-up"]
    assert (ladder.version, str(ladder.levels[1].after)) == (2, "PT30M")
    assert world.engine.ask_all(definition, "ladder", "steps-up", None).source == FASTER
    assert world.engine.ask_all(definition, "ladder", "steps-up", 1).source == LADDER


@pytest.mark.parametrize("source", [LADDER, f"# a remark\n{LADDER}", LADDER + "version: 7\n"])
def test_what_is_published_already_changes_nothing(world: World, source: str) -> None:
    assert propose_definition(world.engine, source=source, viewer=world.who("case_manager")).waits_for is None
    assert world.engine.ask(waiting, world.who("nodal_officer")) == ()
    assert len(versions(world, "ladder", "steps-up")) == 1
    assert world.rows("SELECT id FROM recount") == []


@pytest.mark.parametrize(
    ("wrong", "where", "code"),
    [
        (LADDER.replace("role: case_manager", "role: janitor"), "steps-up.yaml:17:16", "unknown-word"),
        (LADDER.replace("level: 3", "level: 4", 1), "steps-up.yaml:15:12", "levels-out-of-order"),
        (LADDER.replace("after: PT5H", "after: PT1M"), "steps-up.yaml:16:12", "levels-out-of-order"),
        (LADDER.replace("[in_app, email]", "[in_app, pigeon]", 1), "steps-up.yaml:8:24", "unknown-word"),
        (CALENDAR + "holidays_from: IN/XX\n", "in.yaml:6:16", "unknown-place"),
        (CALENDAR.replace("zone: Asia/Kolkata", "zone: Asia/Calcuta"), "in.yaml:4:7", "bad-value"),
    ],
)
def test_a_refused_file_changes_nothing_and_says_where_it_is_wrong(
    world: World, wrong: str, where: str, code: str
) -> None:
    file = "steps-up.yaml" if "ladder" in wrong else "in.yaml"
    good = VISIT.replace("title: Visit", "title: Another")
    with pytest.raises(DefinitionError) as refused:
        propose_files(world.engine, {"visit.yaml": good, file: wrong}, viewer=world.who("case_manager"))
    assert f"{where}: {code}" in "\n".join(map(str, refused.value.findings))
    assert world.rows("SELECT id FROM definition_version WHERE version > 1 OR author <> 'shipped'") == []


def test_files_that_need_each_other_are_published_together(world: World) -> None:
    ladder = LADDER.replace("ladder: steps-up", "ladder: brand-new")
    workflow = VISIT.replace("ladder: steps-up", "ladder: brand-new")
    done = world.publish({"visit.yaml": workflow, "new.yaml": ladder})
    assert len({one.waits_for for one in done}) == 1, "they wait together"
    assert [versions(world, one.kind, one.name)[-1][1] for one in done] == ["published", "published"]
    assert [(one.kind, one.name, one.version) for one in done] == [("ladder", "brand-new", 1), ("workflow", "visit", 2)]


def test_a_calendar_is_changed_by_an_administrator_and_a_ladder_by_who_answers_for_the_work(world: World) -> None:
    calendar = CALENDAR.replace("[sun]", "[sat, sun]")
    with pytest.raises(NotAllowedError):
        propose_definition(world.engine, source=calendar, viewer=world.who("case_manager"))
    with pytest.raises(NotAllowedError):
        propose_definition(world.engine, source=FASTER, viewer=world.who("system_administrator"))
    world.publish(calendar, by="system_administrator")
    assert versions(world, "calendar", "IN")[-1][:2] == (2, "published")
    assert not replace_roles(world.who("case_manager")).roles


def test_a_law_pack_keeps_the_limits_that_published_workflows_name(world: World) -> None:
    limit = (
        "  - {{id: IN-X-{0}, jurisdiction: IN, what: w, trigger: t, limit: P3D, counting: elapsed, duty: d, source: s,"
        " basis: read, confidence: high, if_missed: m}}\n"
    )
    pack = "law: in\ntitle: L\nlimits:\n" + limit.format("ONE") + limit.format("TWO")
    manager = world.who("case_manager")
    visit = VISIT.replace("limit: PT10H, warn", "law: IN-X-ONE, warn").replace(", exclude: [journey]", "")
    world.publish({"law.yaml": pack, "visit.yaml": visit})
    assert world.publish(pack.replace(limit.format("TWO"), ""))[0].version == 2
    with pytest.raises(DefinitionError) as refused:
        propose_definition(world.engine, source=pack.replace(limit.format("ONE"), ""), viewer=manager)
    assert [getattr(one, "code", "") for one in refused.value.findings] == ["limit-in-use"]


def test_each_file_of_any_kind_that_is_not_what_runs_is_named(world: World) -> None:
    assert differing(world.engine, SOURCES) == ()
    world.publish(FASTER)
    world.publish(VISIT.replace("title: Visit", "title: Other"))
    more = {"xx.yaml": CALENDAR.replace("calendar: IN", "calendar: IN-XX")}
    found = differing(world.engine, SOURCES | more)
    assert [(one.file, one.kind, one.version) for one in found] == [
        ("xx.yaml", "calendar", 0), ("steps-up.yaml", "ladder", 2), ("visit.yaml", "workflow", 2),
    ]  # fmt: skip
