"""No page of a case leads anywhere that does not open: every link on it is followed, as everybody who asks."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from engine.documents.printing import PdfPrinter
from engine.machine import data_folder
from tests.kit.crawl import links_of, sort_of
from tests.oracle.checking import seen_alike
from tests.oracle.model import sight
from tests.oracle.people import PERSONAS
from tests.oracle.records import Persona
from tests.oracle.world import OracleWorld

pytestmark = pytest.mark.long

OPENS, PRINTED = 200, "/documents/*/pdf"
EACH = frozenset({"/items/*", "/documents/*", PRINTED})
"""Of these every one is opened, since one may open and the next one not; of the other sorts, one."""

LEAVES = frozenset({"/exit"})
"""Where the portal is left for a page of somebody else's."""

PRINTS = "PDF cannot be made" not in PdfPrinter(data_folder("templates") / "documents" / "fonts").problem()
"""Whether this machine has what printing needs; without it no link to a PDF can be followed."""


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_every_link_on_the_page_of_a_case_opens_for_whom_it_is_shown(world: OracleWorld, persona: Persona) -> None:
    client, dead = world.clients[persona.name], []
    for matter in (one for one in seen_alike(persona) if sight(persona, one)):
        page = f"/cases/{world.objects[matter.name].ids['case_id']}"
        links = {link for link in _to_follow(client, page) if PRINTS or sort_of(link) != PRINTED} - LEAVES
        assert links
        statuses = {link: client.get(link).status_code for link in links}
        dead += [(matter.name, sort_of(link), status) for link, status in statuses.items() if status != OPENS]
    assert not dead, "\n".join(map(str, dead))


def _to_follow(client: TestClient, page: str) -> Iterator[str]:
    """Return the links of the page of a case, and those from the pages of its steps to work and papers."""
    found = links_of(page, client.get(page).text)
    yield from {sort_of(link): link for link in found}.values()
    steps = {link for link in found if sort_of(link) == "/cases/*/steps/*"}
    of_steps = (link for path in sorted(steps) for link in links_of(path, client.get(path).text))
    yield from (link for link in (*found, *of_steps) if sort_of(link) in EACH)
