"""Every step type of every pillar can be opened from a case by its pages, and asks there all that its form asks."""

import re
from html import unescape
from uuid import UUID, uuid4

import pytest

from engine.builtin import CORE
from engine.core.consequences import WorkItem
from engine.plugin.registry import load_registry
from engine.plugin.steps import StepKind, StepType
from engine.web.forms import PREFIX
from engine.work.store import ItemStore
from tests.kit.portal import Portal, report_case

pytestmark = pytest.mark.long

STEPS = tuple(load_registry(builtins=(CORE,)).step_types.values())
ASKED = tuple(step for step in STEPS if step.kind is StepKind.ASKED)


@pytest.fixture(scope="module")
def case_id(portal: Portal) -> UUID:
    reported = report_case(portal.as_role("intake_officer"))
    return UUID(reported.page.rpartition("/")[2])


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_the_page_of_a_case_offers_every_step_type(portal: Portal, case_id: UUID, step: StepType) -> None:
    page = portal.as_role("case_manager").get(f"/cases/{case_id}/add-step")
    assert page.status_code == 200
    assert f'value="{step.key}"' in page.text


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_step_that_is_added_opens_a_page_that_asks_both_bites_of_its_form(
    portal: Portal, case_id: UUID, step: StepType
) -> None:
    item = added(portal, case_id, step)
    page = portal.as_role(next(role for role in item.candidate_roles if role in portal.people)).get(f"/items/{item.id}")
    assert page.status_code == 200
    words = unescape(page.text)
    assert step.doc.partition("\n")[0] in words
    named = set(re.findall(r'name="([^"]+)"', page.text))
    for spec in step.fields:
        assert spec.label in words, spec.name
        control = f"{PREFIX}{spec.name}"
        assert any(name == control or name.startswith(f"{control}-") for name in named), spec.name


def added(portal: Portal, case_id: UUID, step: StepType) -> WorkItem:
    """Add a step to the case by its page; returns the item that somebody does."""
    before = {item.id for item in open_items(portal, case_id)}
    answer = portal.as_role("case_manager").post(
        f"/cases/{case_id}/add-step",
        data={"uses": step.key, "title": "", "limit": "P7D", "command_id": str(uuid4())},
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    [new] = [item for item in open_items(portal, case_id) if item.id not in before]
    return new


def open_items(portal: Portal, case_id: UUID) -> tuple[WorkItem, ...]:
    return portal.of(ItemStore).open_of_case(case_id)
