"""The directory of partners: kept by steps, shown to everybody of the network, named where one is chosen."""

from uuid import UUID

from engine.course.actions.steer import add_step
from engine.jobs.actions.run import run_job
from engine.jobs.actions.serve import claim_jobs, dispatchable
from engine.plugin.following import PartnerTold
from engine.sharing.actions.partners import keep_partner
from engine.work.store import ItemStore
from tests.kit.portal import Portal, report_case

HOUSE = PartnerTold("A House <b>", services=("shelter",), areas=("IN-ML", "IN-AS"), languages=("kha",), capacity_free=2)
CLINIC = PartnerTold("A Clinic", services=("medical",), areas=("IN",), takes_men=False)


def keep(portal: Portal, *told: PartnerTold | None) -> None:
    with portal.engine.transaction() as tx:
        for one in told:
            keep_partner(tx, one, now=portal.clock.now())
        tx.commit()


def test_the_directory_is_narrowed_by_what_is_needed_and_where(portal: Portal) -> None:
    keep(portal, HOUSE, CLINIC, None, PartnerTold("  "))
    keep(portal, PartnerTold("a house <B>", capacity_free=1))
    page = portal.as_role("caseworker").get("/partners")
    assert page.status_code == 200
    assert "<td>A Clinic" in page.text
    assert "a house &lt;B&gt;" in page.text
    assert "no men" in page.text
    only = portal.as_role("caseworker").get("/partners", params={"service": "shelter", "area": "IN-ML"}).text
    assert "a house" in only
    assert "<td>A Clinic" not in only
    assert "No partner in the directory matches" in portal.as_role("caseworker").get("/partners?service=no_such").text
    assert portal.anybody().get("/partners", follow_redirects=False).status_code in {303, 401, 403}


def test_the_directory_is_shown_where_a_partner_is_chosen(portal: Portal) -> None:
    keep(portal, HOUSE, CLINIC)
    case_id = UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])
    portal.act(add_step, case_id, by="case_manager", uses="reporting.refer", title="", limit="P3D")
    for batch in dispatchable(portal.engine, limit=50):
        for job in claim_jobs(portal.engine, batch_id=batch.id, worker="test", limit=100):
            run_job(portal.engine, job, flow_run_id=None, task_run_id=None, done_by="fallback")
    item = next(one for one in portal.of(ItemStore).open_of_case(case_id) if one.uses == "reporting.refer")
    page = portal.as_role("case_manager").get(f"/items/{item.id}").text
    assert "The directory names here:" in page
    assert "A Clinic" in page
