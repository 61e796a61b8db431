"""The demo's page: a story is offered where there is one, and a long one is not called over before it is."""

from uuid import UUID

from starlette.testclient import TestClient

from engine.site import create_app
from engine.web.demo_controls import DemoControls
from tests.kit.portal import ORIGIN, Portal, report_case


def test_only_a_case_that_came_from_a_story_can_be_played_on_and_a_long_one_goes_on_beside(portal: Portal) -> None:
    officer = portal.as_role("intake_officer")
    from_story, reported = (report_case(officer) for _ in range(2))
    story = UUID(from_story.page.rpartition("/")[2])
    controls = DemoControls(lambda _by: None, lambda _case: False, lambda case: case == story)
    client = TestClient(create_app(portal.engine, demo=controls), base_url=ORIGIN)
    client.post("/become", data={"actor_id": str(portal.people["case_manager"].actor_id)})
    page = client.get("/demo").text
    assert f"/demo{from_story.page}/play" in page
    assert f"/demo{reported.page}/play" not in page
    assert "Play the rest of this story" in client.get(from_story.page).text
    assert "Play the rest of this story" not in client.get(reported.page).text
    assert "is being played" in client.post(f"/demo{from_story.page}/play").text
