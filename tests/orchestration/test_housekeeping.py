"""Chores that are due equally often share one flow run, and none of them holds up the others."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from prefect.client.schemas.responses import DeploymentResponse

from engine.orchestration.deployments import _outdated, _wanted
from engine.orchestration.engine_work import CHORES
from engine.orchestration.flows import ChoreFailedError, housekeeping, runtime
from engine.orchestration.seams import Installation

INSTALLATION = Installation(workflows=(), chores=tuple(CHORES))


@dataclass
class _Chores:
    done: list[str] = field(default_factory=list)

    def run_chore(self, name: str) -> None:
        if name == "broken":
            raise ValueError(name)
        self.done.append(name)


def test_every_chore_is_scheduled_once_and_those_of_one_interval_together() -> None:
    of_chores = [wanted for wanted in _wanted(INSTALLATION) if wanted.chores]
    assert len(of_chores) == len({chore.every for chore in CHORES})
    assert Counter(name for wanted in of_chores for name in wanted.chores) == Counter(chore.name for chore in CHORES)
    assert {(name, wanted.every) for wanted in of_chores for name in wanted.chores} == {
        (chore.name, chore.every) for chore in CHORES
    }


def test_a_chore_that_fails_is_named_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    chores = _Chores()
    monkeypatch.setattr(runtime, "_work", chores)
    with pytest.raises(ChoreFailedError, match=r"^broken$"):
        housekeeping.fn(["first", "broken", "last"])
    assert chores.done == ["first", "last"]


def test_a_deployment_of_housekeeping_that_an_earlier_release_made_is_outdated() -> None:
    entrypoint = "engine.orchestration.flows.housekeeping"
    there = [
        DeploymentResponse.model_construct(name=wanted.name, entrypoint=entrypoint) for wanted in _wanted(INSTALLATION)
    ]
    earlier = DeploymentResponse.model_construct(name="reconcile-jobs", entrypoint=entrypoint)
    of_a_case = DeploymentResponse.model_construct(name="gone", entrypoint="engine.orchestration.flows.case")
    assert _outdated([*there, earlier, of_a_case], INSTALLATION) == [earlier]
