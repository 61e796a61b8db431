"""Lint: the limits of a law pack start with known step types, bear no signature, and none goes that is still named."""

from collections.abc import Iterable

from engine.language.catalogue import StepCatalogue
from engine.language.findings import Finding
from engine.language.law import LawPack
from engine.language.merged import Merged
from engine.language.nearest import shown
from engine.language.workflow import Workflow

_OPENING = "start"


def check_law_pack(pack: LawPack, merged: Merged, catalogue: StepCatalogue) -> list[Finding]:
    """Find limits that no installed step type ever starts, and signatures, which are not given in a file."""
    findings = []
    for index, limit in enumerate(pack.limits):
        for place, start in enumerate(limit.starts):
            if start != _OPENING and catalogue.find(start) is None:
                message = f"No installed pillar has the step type {shown(start)}, so {limit.id} never starts with it."
                findings.append(merged.finding(("limits", index, "starts", place), "unknown-step-type", message))
        if limit.signature is not None:
            message = f"A lawyer signs {limit.id} on the page of the law, by name: take the signature out of the file."
            findings.append(merged.finding(("limits", index, "signature"), "signature-in-file", message))
    return findings


def dropped_limits(
    before: LawPack, after: LawPack, *, workflows: Iterable[Workflow], catalogue: StepCatalogue, file: str
) -> list[Finding]:
    """Find limits that a new version of a pack would drop although a workflow, or a step type in it, names them."""
    dropped = {limit.id for limit in before.limits} - {limit.id for limit in after.limits}
    findings = []
    for workflow in workflows if dropped else ():
        for key, step in workflow.steps.items():
            info = catalogue.find(step.uses)
            named = {time.law for time in step.time} if step.time else {info.law_limit if info else None}
            for limit in sorted(named & dropped, key=str):
                where = f'The workflow "{workflow.workflow}" names {limit} in its step "{key}"'
                message = f"{where}: keep the limit, or change it there first."
                findings.append(Finding(file, 1, 1, "limit-in-use", message))
    return findings
