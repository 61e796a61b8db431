"""What is printed for the person whom a case is about: what happened in it, and what is held about them."""

import re
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from httpx import Response

from engine.cases.actions.public import take_from_public
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.records import PersonRole
from engine.course.actions.steer import add_person, add_step, identify_person
from engine.rehearsal.world import people_of
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.portal import Portal, Reported
from tests.sharing.test_sharing_pages import agree, command, known_case, send_form, signed_in


def test_a_unit_that_was_let_in_to_a_part_of_a_case_gets_no_account_of_the_whole(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    _somebody(portal, case, PersonRole.SUSPECT)
    other, people = people_of(portal.engine, jurisdiction="IN-TR", label="Far")
    agree(portal, lead, case, recipients=[f"unit:{other}"])
    lead.post(f"{case.page}/send", data=send_form(lead, case, to=str(other)))
    theirs = signed_in(portal, people["caseworker"])
    accept = re.search(r'action="(/referrals/[0-9a-f-]+/accept)"', theirs.get("/referrals").text)
    theirs.post(accept.group(1), data=command())
    page = theirs.get(case.page)
    assert page.status_code == 200
    assert theirs.get(f"{case.page}/account").status_code == 404
    assert "/account" not in _main(page)
    assert "Work was offered to another unit" in lead.get(f"{case.page}/account").text


def test_an_account_says_nothing_of_suspects_and_informants_and_tells_of_consents(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    before = _told(lead.get(f"{case.page}/account"))
    for role in (PersonRole.SUSPECT, PersonRole.INFORMANT):
        person = _somebody(portal, case, role)
        portal.act(identify_person, person, case_id=_id(case), by="caseworker", identity={"name": "X"})
        assert portal.as_role("counsellor").post(f"{case.page}/persons/{person}/reveal").status_code == 200
    assert _told(lead.get(f"{case.page}/account")) == before
    _somebody(portal, case, PersonRole.WITNESS)
    agree(portal, lead, case, recipients=["kind:shelter"])
    after = _told(lead.get(f"{case.page}/account"))
    assert "A person was added to the case as witness." in after
    assert "It was recorded what may be shared about a person." in after


def test_who_looked_is_told_once_for_each_day_of_the_place_where_the_case_is(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    reveal = f"{case.page}/persons/{_person(portal, case)}/reveal"
    portal.clock.move_to(datetime(2026, 4, 1, 18, 0, tzinfo=UTC))
    lead.post(reveal)
    portal.clock.move_to(datetime(2026, 4, 1, 19, 0, tzinfo=UTC))
    lead.post(reveal)
    told = _main(lead.get(f"{case.page}/account"))
    assert "01 Apr" in told
    assert "02 Apr" in told


def test_what_is_held_opens_no_sealed_class_to_whom_it_is_not_open(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    person = _person(portal, case)
    step = _done(
        portal, case, "rehabilitation.counsel", by="counsellor", person=person,
        answers={
            "date": "2026-03-07T12:00:00+00:00", "kind": "individual", "lang": "as", "risk_now": "acute",
            "private_note": "KANARIENVOGEL",
        },
    )  # fmt: skip
    assert "KANARIENVOGEL" not in lead.post(f"{case.page}/steps/{step}/reveal").text
    held = _main(lead.post(f"{case.page}/persons/{person}/held"))
    assert "KANARIENVOGEL" not in held
    assert "Acute" not in held
    assert "Under special protection: ask the counsellor" in held
    assert "Individual" in held


def test_what_is_held_says_nothing_of_what_is_done_about_suspects(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    person = _person(portal, case)
    step = _done(
        portal, case, "policing.update", by="police_liaison", person=person, answers={}, outcome="not_needed",
        reason="No",
    )  # fmt: skip
    with portal.engine.transaction() as tx:
        tx.of(HousekeepingStore).keep_document(
            case_id=_id(case), unit_id=portal.unit, step_id=step, name="slip", title="KANARIENVOGEL", sha256="0",
            number="1", html="", version=7, at=portal.clock.now(),
        )  # fmt: skip
        tx.commit()
    held = _main(lead.post(f"{case.page}/persons/{person}/held"))
    assert "Progress notice for the person" not in held
    assert "KANARIENVOGEL" not in held


def test_nobody_gives_a_suspect_what_is_held_about_them(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    suspect = _somebody(portal, case, PersonRole.SUSPECT)
    asked = lead.get(f"{case.page}/persons/{suspect}/held")
    assert "No one may give a suspect what is held about them" in asked.text
    assert "Make this report" not in asked.text
    assert lead.post(f"{case.page}/persons/{suspect}/held").status_code == 403
    assert "A report was made for a person of what the case holds" not in lead.get(f"{case.page}/history").text
    assert "Make this report" in lead.get(f"{case.page}/persons/{_person(portal, case)}/held").text


def test_what_is_held_is_dated_by_the_clock_of_the_place_and_names_what_was_sent(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    person = _person(portal, case)
    step = _done(
        portal, case, "rehabilitation.counsel", by="counsellor", person=person, answers={}, outcome="not_needed",
        reason="No",
    )  # fmt: skip
    other, _ = people_of(portal.engine, jurisdiction="IN-TR", label="Near")
    agree(portal, lead, case, recipients=[f"unit:{other}"])
    portal.clock.move_to(datetime(2026, 4, 9, 20, 30, tzinfo=UTC))
    lead.post(f"{case.page}/send", data=send_form(lead, case, to=str(other)))
    with portal.engine.transaction() as tx:
        tx.of(HousekeepingStore).keep_document(
            case_id=_id(case), unit_id=portal.unit, step_id=step, name="slip", title="A slip", sha256="0",
            number="1", html="", version=7, at=portal.clock.now(),
        )  # fmt: skip
        tx.commit()
    held = _main(lead.post(f"{case.page}/persons/{person}/held"))
    assert "Referral, 10 Apr 2026, offered: Name and other names" in held
    assert "1, 10 Apr 2026" in held


def test_what_comes_next_for_a_person_is_told_and_nothing_that_would_warn_somebody(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    person, other = _person(portal, case), _somebody(portal, case, PersonRole.WITNESS)
    told, untold = {"rehabilitation.counsel": person, "prosecution.hearing": None}, {
        "rehabilitation.learning": other, "policing.update": person, "rescue.plan": None,
    }  # fmt: skip
    for uses, whom in (told | untold).items():
        portal.act(add_step, _id(case), by="case_manager", uses=uses, person_id=whom)
    coming = _main(lead.post(f"{case.page}/persons/{person}/held")).partition("What comes next")[2].partition("<h2")[0]
    titles = {uses: portal.engine.registry.step_types[uses].title for uses in told | untold}
    assert {uses for uses, title in titles.items() if f">{title}<" in coming} == set(told)
    assert re.search(rf">{titles['rehabilitation.counsel']}<.{{1,80}}>(by \d\d \w{{3}} 20\d\d, )?counsellor", coming)


def test_what_is_held_says_where_one_may_complain(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    held = _main(lead.post(f"{case.page}/persons/{_person(portal, case)}/held"))
    assert "nothing that is done for you will stop because of it" in held
    assert "Complain to the data protection authority" in held
    assert "/tell, without giving your name" not in held, "no unit takes reports from the public here"
    portal.act(take_from_public, portal.unit, by="system_administrator", takes=True)
    try:
        held = _main(lead.post(f"{case.page}/persons/{_person(portal, case)}/held"))
    finally:
        portal.act(take_from_public, portal.unit, by="system_administrator", takes=False)
    assert "/tell, without giving your name" in held


def _done(
    portal: Portal, case: Reported, uses: str, *, by: str, person: UUID, answers: dict[str, object], **more: str
) -> UUID:
    """Do a step of one person; returns its id."""
    viewer = portal.people[by]
    portal.act(add_step, _id(case), by=viewer, uses=uses)
    item = next(one for one in portal.of(ItemStore).open_of_case(_id(case)) if one.uses == uses)
    portal.act(complete_work_item, item.id, by=viewer, revision=item.revision, answers=answers, **more)
    with psycopg.connect(portal.urls.admin.replace("+psycopg", "")) as database:
        database.execute("UPDATE step SET path = %s WHERE id = %s", (f"person:{person}", item.step_id))
    return item.step_id


def _id(case: Reported) -> UUID:
    return UUID(case.page.rpartition("/")[2])


def _person(portal: Portal, case: Reported) -> UUID:
    return portal.of(CaseStore).read(_id(case)).persons[0].person_id


def _somebody(portal: Portal, case: Reported, role: PersonRole) -> UUID:
    return portal.act(add_person, _id(case), by="caseworker", role=role, identity={"name": "X"})


def _told(page: Response) -> list[str]:
    """Return the sentences of an account, without when and by whom."""
    return re.findall(r"</span>([^<]+)</li>", _main(page))


def _main(page: Response) -> str:
    return page.text.partition("<main")[2].partition("</main>")[0]
