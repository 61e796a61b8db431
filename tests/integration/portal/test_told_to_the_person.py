"""What is printed for the person whom a case is about: what happened in it, and what is held about them."""

import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

from httpx import Response

from engine.domain.records import PersonRole
from engine.replay.world import people_of
from engine.usecases.steer_case import add_person, identify_person
from tests.integration.portal.test_sharing_pages import agree, command, known_case, send_form, signed_in
from tests.integration.portal.world import Portal, Reported


def test_a_unit_that_was_let_in_to_a_part_of_a_case_gets_no_account_of_the_whole(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    _somebody(portal, case, PersonRole.SUSPECT)
    other, people = people_of(portal.engine, jurisdiction="IN-TR", label="Far")
    agree(portal, lead, case, recipients=[f"unit:{other}"])
    lead.post(f"{case.page}/send", data=send_form(lead, case, to=str(other)))
    theirs = signed_in(portal, people["caseworker"])
    accept = re.search(r'action="(/referrals/[0-9a-f-]+/accept)"', theirs.get("/referrals").text)
    assert accept
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
        identify_person(
            portal.engine, person, case_id=_id(case), viewer=portal.people["caseworker"], command_id=uuid4(),
            identity={"name": "X"},
        )  # fmt: skip
        assert portal.as_role("counsellor").post(f"{case.page}/persons/{person}/reveal").status_code == 200
    assert _told(lead.get(f"{case.page}/account")) == before
    _somebody(portal, case, PersonRole.WITNESS)
    agree(portal, lead, case, recipients=["kind:shelter"])
    after = _told(lead.get(f"{case.page}/account"))
    assert "A person was added to the case as witness." in after
    assert "It was written down what may be shared of a person." in after


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


def _id(case: Reported) -> UUID:
    return UUID(case.page.rpartition("/")[2])


def _person(portal: Portal, case: Reported) -> UUID:
    with portal.engine.unit_of_work() as work:
        return work.cases.read(_id(case)).persons[0].person_id


def _somebody(portal: Portal, case: Reported, role: PersonRole) -> UUID:
    return add_person(
        portal.engine, _id(case), viewer=portal.people["caseworker"], command_id=uuid4(), role=role,
        identity={"name": "X"},
    )  # fmt: skip


def _told(page: Response) -> list[str]:
    """Give the sentences of an account, without when and by whom."""
    return re.findall(r"</span>([^<]+)</li>", _main(page))


def _main(page: Response) -> str:
    return page.text.partition("<main")[2].partition("</main>")[0]
