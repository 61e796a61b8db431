"""The numbers of a digest are those of the page that it links to."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from engine.cases.actions.open import open_case
from engine.messages.actions.channels import save_preference
from engine.messages.actions.delivering import deliver_unattended
from engine.messages.views import demo_mailbox
from engine.rehearsal.world import settle_jobs
from engine.work.actions.items import claim_work_item, send_digests
from engine.work.views.worklist import worklist
from tests.kit.portal import BEGIN, Portal
from tests.messages.test_delivery import Refusing

REPORT: dict[str, JsonValue] = {
    "narrative": "A child works at the mill.", "concern": "forced_labour", "is_child_suspected": "yes",
    "immediate_danger": False, "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip


def test_messages_given_up_are_shown_page_by_page(portal: Portal) -> None:
    for _ in range(4):
        portal.act(open_case, answers=REPORT, workflow=None, unit_id=portal.unit, by=portal.people["intake_officer"])
    portal.let_time_pass(timedelta(days=3))
    refusing = replace(portal.engine, channels={**portal.engine.channels, "email": Refusing(permanent=True)})
    settle_jobs(refusing)
    given_up = {str(row["id"]) for row in portal.rows("SELECT id FROM delivery WHERE status = 'dead'")}
    assert len(given_up) > 2 * 8, "more than two pages"
    admin, found = portal.as_role("system_administrator"), []
    following = "/dead-letters"
    while following:
        page = admin.get(following).text
        found.append(re.findall(r'action="/dead-letters/([0-9a-f-]+)/retry"', page))
        link = re.search(r'rel="next" href="([^"]+)"', page)
        following = link[1] if link else ""
    assert [len(one) for one in found[:-1]] == [8] * (len(found) - 1)
    assert sorted(one for some in found for one in some) == sorted(given_up)
    assert 'rel="prev" href="/dead-letters?page=1"' in admin.get("/dead-letters?page=2").text
    assert "There are no more on this page." in admin.get("/dead-letters?page=99").text
    assert admin.get("/dead-letters?page=0").status_code == 404
    admin.post("/dead-letters/retry")
    assert "No message was given up." in admin.get("/dead-letters").text, "all pages are tried again"


def test_a_digest_says_what_the_work_page_says(portal: Portal) -> None:
    officer = portal.people["intake_officer"]
    for _ in range(4):
        portal.act(open_case, answers=REPORT, workflow=None, unit_id=portal.unit, by=officer)
        portal.clock.move_to(portal.clock.now() + timedelta(minutes=25))
    first = next(line for line in portal.engine.ask(worklist, officer) if not line.is_approval)
    portal.act(claim_work_item, first.id, by=officer)
    save_preference(portal.engine, viewer=officer, digest="daily")
    portal.clock.move_to(datetime(BEGIN.year, BEGIN.month, BEGIN.day + 1, 3, 0, tzinfo=UTC))
    assert send_digests(portal.engine) == 1
    deliver_unattended(portal.engine)
    [mail] = [row for row in portal.engine.ask(demo_mailbox, officer) if "your work today" in row.subject]
    page = portal.as_role("intake_officer").get("/worklist").text
    shown = re.search(r'id="counts">(.*?)</p>', page, re.DOTALL)
    of_page = [int(number) for number in re.findall(r"<strong>(\d+)</strong>", shown[1])]
    of_mail = [int(number) for number in re.findall(r": (\d+)$", mail.body, re.MULTILINE)]
    assert of_mail == of_page
    assert of_page[0] == len([line for line in portal.engine.ask(worklist, officer) if line.is_overdue]) > 0
    assert of_page[2] == len([line for line in portal.engine.ask(worklist, officer) if line.is_mine]) > 0
