"""A changed definition runs when a second person agreed to exactly that; all are published, or none."""

from uuid import UUID

import pytest

from engine.approvals.actions.approvals import lapse_approvals
from engine.approvals.records import NoSecondPersonError, OwnApprovalError
from engine.approvals.views import waiting
from engine.builtin import CORE
from engine.core.policy import Viewer
from engine.db.locks import PAGES, limited_engine
from engine.definitions.actions.drafts import compare_versions, roll_back
from engine.definitions.actions.proposals import answer_proposal, propose_definition, propose_files, proposed_changes
from engine.definitions.actions.publish import COUNTS_NO_TIME, differing, ladders_of
from engine.definitions.cache import DefinitionCache
from engine.definitions.views import definition, definitions
from engine.definitions.views import versions as versions_view
from engine.errors import AlreadyEndedError, ConflictError, NotAllowedError, NotFoundError
from engine.language.findings import DefinitionError
from engine.language.workflow import Workflow
from engine.plugin.registry import InstalledPillar, RegistryCatalogue, build_registry
from tests.kit.trial import CALENDAR, LADDER, SOURCES, VISIT
from tests.kit.world import World, replace_roles
from tests.retention.test_retention import POLICY

pytestmark = pytest.mark.long

FASTER = LADDER.replace("after: PT1H", "after: PT30M")
LAW = (
    "law: in\ntitle: L\nlimits:\n  - {id: IN-X, jurisdiction: IN, what: w, trigger: t, limit: P3D, counting: elapsed,"
    " duty: d, source: s, basis: read, confidence: high, if_missed: m}\n"
)
MACHINE = Viewer(actor_id=UUID(int=0), name="This machine", unit_ids=(), roles=(), is_system=True)
EACH_KIND = {
    "workflow": (VISIT.replace("title: Visit", "title: Other"), "case_manager"),
    "ladder": (FASTER, "case_manager"),
    "law": (LAW, "nodal_officer"),
    "calendar": (CALENDAR.replace("[sun]", "[sat, sun]"), "system_administrator"),
    "retention": (POLICY, "data_protection_officer"),
    "document": (
        "document: safety-plan\nversion: 1\ntexts:\n  - release: Safety plan\n    text: A plan to be safe\n",
        "case_manager",
    ),
    "message": (
        "message: overdue.hi\nversion: 1\ntext: |\n  Subject: Late\n\n  {{ link }}\n",
        "case_manager",
    ),
}


def statuses(world: World) -> list[tuple[str, str, str]]:
    query = """
        SELECT v.status, v.author, coalesce(a.name, '') FROM definition_version v
        LEFT JOIN approval_request r ON r.kind = 'definition' AND r.approved AND r.subject -> 'versions' ? v.id::text
        LEFT JOIN actor a ON a.id = r.answered_by WHERE v.author <> 'shipped' ORDER BY v.version
    """
    return [tuple(row) for row in world.rows(query)]


def subject(world: World, role: str = "case_manager") -> UUID:
    (line,) = world.engine.ask(waiting, world.who(role))
    return line.subject_id


def answer(world: World, role: str, *, approved: bool = True) -> None:
    (subject_id,) = world.rows("SELECT subject_id FROM approval_request ORDER BY asked_at DESC LIMIT 1")[0]
    answer_proposal(world.engine, subject_id, viewer=world.who(role), approved=approved)


@pytest.mark.parametrize("kind", EACH_KIND)
def test_no_definition_of_any_kind_is_published_by_one_person(world: World, kind: str) -> None:
    source, author = EACH_KIND[kind]
    before = world.engine.ask_all(definitions, kind)
    done = propose_definition(world.engine, source=source, viewer=world.who(author))
    assert (done.changed, bool(done.waits_for)) == (False, True)
    assert world.engine.ask_all(definitions, kind) == before
    assert world.rows("SELECT id FROM recount") == []
    with pytest.raises(OwnApprovalError):
        answer(world, author)
    answer(world, "repatriation_coordinator")
    assert statuses(world) == [("published", world.who(author).name, world.who("repatriation_coordinator").name)]
    now = {one.name: one for one in world.engine.ask_all(definitions, kind)}[done.name]
    assert (now.version, now.content_hash) == (done.version, done.content_hash)
    assert len(world.rows("SELECT id FROM recount")) == (kind not in COUNTS_NO_TIME)


def test_those_who_may_agree_are_told_and_nobody_else_answers(world: World) -> None:
    done = propose_definition(world.engine, source=FASTER, viewer=world.who("case_manager"))
    told = {row[0] for row in world.rows("SELECT recipient_id FROM message WHERE kind = 'second_needed'")}
    may = {"nodal_officer", "repatriation_coordinator", "partnership_manager", "system_administrator"}
    assert told == {world.who(role).actor_id for role in (*may, "data_protection_officer")}
    for role in ("caseworker", "supervisor", "auditor"):
        with pytest.raises(NotAllowedError):
            answer(world, role)
    world.refuses(NotAllowedError, answer_proposal, subject(world), by=MACHINE, approved=True)
    assert done.waits_for
    world.refuses(NotFoundError, proposed_changes, done.waits_for, by="caseworker")


def test_what_differs_is_shown_with_what_weighs_most_first(world: World) -> None:
    other = FASTER.replace("title: ", "title: New ", 1)
    done = propose_definition(world.engine, source=other, viewer=world.who("case_manager"))
    assert done.waits_for
    (change,) = proposed_changes(world.engine, done.waits_for, viewer=world.who("nodal_officer"))
    assert (change.version, change.runs, change.source, change.content_hash) == (2, 1, other, done.content_hash)
    first, last = change.lines
    assert (first.where.split(" / ")[0], first.before, first.after, first.is_weighty) == (
        "levels",
        "PT1H",
        "PT30M",
        True,
    )
    assert (last.where, last.is_weighty) == ("title", False)


def test_the_list_names_what_is_changed_and_what_weighs_most_of_it(world: World) -> None:
    fewer = FASTER.replace("title: ", "title: New ", 1).split("  - level: 3")[0]
    propose_definition(world.engine, source=fewer, viewer=world.who("case_manager"))
    (line,) = world.engine.ask(waiting, world.who("nodal_officer"))
    assert line.about.startswith("Ladder “New ")
    assert "is gone. And 3 more." in line.about


def test_going_back_brings_the_first_content_with_its_hash_under_a_new_number(world: World) -> None:
    first = world.engine.ask_all(definition, "workflow", "visit", None)
    for limit in ("PT11H", "PT12H"):
        world.publish(VISIT.replace("PT10H", limit))
    second = world.engine.ask_all(definition, "workflow", "visit", 2)
    world.later(minutes=1)
    done = roll_back(world.engine, "workflow", "visit", 1, viewer=world.who("case_manager"))
    assert (done.changed, done.content_hash) == (False, first.content_hash)
    with pytest.raises(OwnApprovalError):
        answer(world, "case_manager")
    answer(world, "nodal_officer")
    now = world.engine.ask_all(definition, "workflow", "visit", None)
    assert (now.version, now.content_hash, now.source) == (4, first.content_hash, first.source)
    assert second.content_hash != now.content_hash
    assert propose_definition(world.engine, source=VISIT, viewer=world.who("case_manager")).waits_for is None
    assert differing(world.engine, SOURCES) == ()
    told = [(one.version, one.status, one.approver) for one in world.engine.ask_all(versions_view, "workflow", "visit")]
    by = world.who("nodal_officer").name
    assert [one[:2] for one in told] == [(4, "published"), (3, "retired"), (2, "retired"), (1, "retired")]
    assert (told[0][2], told[3][2]) == (by, "")
    with pytest.raises(NotFoundError):
        roll_back(world.engine, "workflow", "visit", 9, viewer=world.who("case_manager"))


def test_going_back_restores_the_content_also_where_what_it_extends_has_changed(world: World) -> None:
    child = "workflow: child\nversion: 1\ntitle: Child\ncase_type: trafficking\nextends: visit\n"
    (first,) = world.publish(child)
    world.publish(child.replace("title: Child", "title: Other"))
    world.publish(VISIT.replace("PT10H", "PT11H"))
    done = roll_back(world.engine, "workflow", "child", 1, viewer=world.who("case_manager"))
    assert (done.content_hash, done.version) == (first.content_hash, 3)
    change = compare_versions(world.engine, "workflow", "child", 2, 1)
    assert [one.words for one in change.said] == ["Title is now Child instead of Other."]


def test_what_has_changed_in_between_is_not_what_was_agreed_to(world: World) -> None:
    propose_definition(world.engine, source=FASTER, viewer=world.who("case_manager"))
    late = subject(world)
    world.publish(LADDER.replace("after: PT1H", "after: PT45M"), by="partnership_manager")
    world.refuses(ConflictError, answer_proposal, late, by="nodal_officer", approved=True)
    world.refuses(AlreadyEndedError, answer_proposal, late, by="nodal_officer", approved=True)
    assert str(world.engine.library().ladders["steps-up"].levels[1].after) == "PT45M"
    assert [status for status, *_ in statuses(world)] == ["refused", "published"]
    told = {row[0] for row in world.rows("SELECT recipient_id FROM message WHERE kind = 'second_decided'")}
    assert world.who("case_manager").actor_id in told


def test_a_workflow_whose_base_has_changed_is_not_what_was_agreed_to(world: World) -> None:
    child = "workflow: child\nversion: 1\ntitle: Child\ncase_type: trafficking\nextends: visit\n"
    propose_definition(world.engine, source=child, viewer=world.who("case_manager"))
    late = subject(world)
    world.publish(VISIT.replace("PT10H", "PT11H"), by="partnership_manager")
    world.refuses(ConflictError, answer_proposal, late, by="nodal_officer", approved=True)
    assert "child" not in {one.name for one in world.engine.ask_all(definitions)}


@pytest.mark.parametrize("by", ["nodal_officer", "case_manager"])
def test_what_is_refused_or_taken_back_never_runs_and_may_be_proposed_again(world: World, by: str) -> None:
    propose_definition(world.engine, source=FASTER, viewer=world.who("case_manager"))
    answer(world, by, approved=False)
    assert [status for status, *_ in statuses(world)] == ["refused"]
    with pytest.raises(NotFoundError):
        world.engine.ask_all(definition, "ladder", "steps-up", 2)
    (again,) = world.publish(FASTER)
    assert (again.version, world.engine.ask_all(definition, "ladder", "steps-up", None).version) == (3, 3)


def test_what_nobody_answers_never_runs(world: World) -> None:
    propose_definition(world.engine, source=FASTER, viewer=world.who("case_manager"))
    late = subject(world)
    world.later(days=15)
    world.refuses(AlreadyEndedError, answer_proposal, late, by="nodal_officer", approved=True)
    assert lapse_approvals(world.engine) == 1
    assert [status for status, *_ in statuses(world)] == ["refused"]


def test_the_same_proposed_twice_waits_once(world: World) -> None:
    first, second = (
        propose_files(world.engine, {"steps-up.yaml": FASTER}, viewer=world.who("case_manager"))[0] for _ in range(2)
    )
    assert first == second
    assert len(statuses(world)) == 1


def test_who_is_alone_is_told_whom_to_bring_in_and_another_organisation_is_not_asked(world: World) -> None:
    roles = ("nodal_officer", "repatriation_coordinator", "partnership_manager", "system_administrator",
             "data_protection_officer")  # fmt: skip
    for role in roles:
        world.change_actor(world.who(role), disabled=True)
    with pytest.raises(NoSecondPersonError, match="system administrator"):
        propose_definition(world.engine, source=FASTER, viewer=world.who("case_manager"))
    assert statuses(world) == []


def test_the_machine_proposes_where_somebody_is_and_ships_where_nobody_is(world: World) -> None:
    assert propose_definition(world.engine, source=FASTER, viewer=MACHINE).waits_for
    answer(world, "system_administrator", approved=False)
    world.rows("TRUNCATE actor CASCADE")
    assert propose_definition(world.engine, source=FASTER, viewer=MACHINE).changed
    assert [status for status, *_ in statuses(world)] == ["refused", "published"]


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


@pytest.mark.parametrize(("wrong", "where", "code"), [
    (LADDER.replace("role: case_manager", "role: janitor"), "steps-up.yaml:17:16", "unknown-word"),
    (LADDER.replace("level: 3", "level: 4", 1), "steps-up.yaml:15:12", "levels-out-of-order"),
    (LADDER.replace("after: PT5H", "after: PT1M"), "steps-up.yaml:16:12", "levels-out-of-order"),
    (LADDER.replace("[in_app, email]", "[in_app, pigeon]", 1), "steps-up.yaml:8:24", "unknown-word"),
    (CALENDAR + "holidays_from: IN/XX\n", "in.yaml:6:16", "unknown-place"),
    (CALENDAR.replace("zone: Asia/Kolkata", "zone: Asia/Calcuta"), "in.yaml:4:7", "bad-value"),
])  # fmt: skip
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
    world.refuses(NotAllowedError, propose_definition, source=calendar, by="case_manager")
    world.refuses(NotAllowedError, propose_definition, source=FASTER, by="system_administrator")
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


def test_a_workflow_leads_to_the_ladders_of_its_steps_and_of_what_follows_them() -> None:
    said = {
        "workflow": "w", "version": 1, "title": "W", "follow_ups": {"rescue.execute": {"order": {"ladder": "theirs"}}},
        "steps": {"a": {"uses": "core.ask", "time": {"limit": "P1D", "ladder": "own"},
                        "follow_ups": {"again": {"ladder": "later"}, "never": None}}},
    }  # fmt: skip
    assert ladders_of(Workflow.model_validate(said)) == {"own", "later", "theirs"}


def test_a_version_is_compiled_once_in_a_process_and_anew_for_other_step_types(world: World) -> None:
    (version,) = world.engine.ask_all(versions_view, "workflow", "visit")
    known = world.engine.definitions[version.content_hash]
    only_core = RegistryCatalogue(build_registry([InstalledPillar(CORE, "icmc")]))
    sql = limited_engine(world.urls.system, PAGES, pool_size=1)
    try:
        again, bare = (
            DefinitionCache(sql, world.engine.vault, catalogue)[version.content_hash]
            for catalogue in (RegistryCatalogue(world.engine.registry), only_core)
        )
    finally:
        sql.dispose()
    assert again is known
    assert {key for key, step in known.steps.items() if step.info} > {
        key for key, step in bare.steps.items() if step.info
    }
