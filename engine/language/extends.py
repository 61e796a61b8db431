"""Loading of workflow files: reading, `extends`, and what fits the model."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.language.findings import Finding, has_errors, in_order
from engine.language.merged import Merged, alone, overridden
from engine.language.names import nearest, shown
from engine.language.shape import fit
from engine.language.short_forms import written_out
from engine.language.workflow import Workflow
from engine.language.yaml_files import YamlDocument, read_yaml, read_yaml_file

LONGEST_CHAIN = 10


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a definition and the name of its file."""

    file: str
    text: str


Library = Callable[[str], Source | str | None]
"""Finds the text of a workflow by its name."""


@dataclass(frozen=True, slots=True)
class LoadedWorkflow:
    """A workflow with what it was put together from; the model is None when something does not fit."""

    workflow: Workflow | None
    merged: Merged
    findings: tuple[Finding, ...]


def load_workflow(path: Path, *, library: Library) -> tuple[Workflow | None, tuple[Finding, ...]]:
    """Read a workflow file with everything that it extends; None when a finding is an error."""
    loaded = assemble(read_yaml_file(path), library=library)
    return loaded.workflow, loaded.findings


def load_workflow_text(
    text: str | bytes, *, file: str, library: Library
) -> tuple[Workflow | None, tuple[Finding, ...]]:
    """Read a workflow from its text, like `load_workflow`; `file` names it in findings."""
    loaded = assemble(read_yaml(text, file=file), library=library)
    return loaded.workflow, loaded.findings


def assemble(document: YamlDocument, *, library: Library, known: Iterable[str] = ()) -> LoadedWorkflow:
    """Put a workflow together from a file that was read and the files that it extends.

    `known` are the names that the library knows, for who misspelt one.
    """
    chain = _Chain(library, known)
    merged = chain.follow(document, (_own_name(document),))
    if not chain.is_whole:
        return LoadedWorkflow(None, merged, in_order(chain.findings))
    merged = replace(merged, data={key: value for key, value in merged.data.items() if key != "extends"})
    written, unfit = written_out(merged, _Parts(library, (_own_name(document),)), known)
    chain.findings += unfit
    workflow, problems = fit(Workflow, written)
    told = {(finding.file, finding.line, finding.column) for finding in chain.findings}
    new = [problem for problem in problems if (problem.file, problem.line, problem.column) not in told]
    findings = in_order((*chain.findings, *new))
    return LoadedWorkflow(None if has_errors(findings) else workflow, merged, findings)


class _Parts:
    """Finds workflows that are parts of another one, written out; None for one not to be read, or part of itself."""

    def __init__(self, library: Library, names: tuple[str, ...]) -> None:
        self._library, self._names = library, names

    def __call__(self, name: str) -> Merged | None:
        found = self._library(name) if name not in self._names and len(self._names) <= LONGEST_CHAIN else None
        if found is None:
            return None
        source = found if isinstance(found, Source) else Source(f"{name}.yaml", found)
        chain = _Chain(self._library, ())
        merged = chain.follow(read_yaml(source.text, file=source.file), (name,))
        return written_out(merged, _Parts(self._library, (*self._names, name)))[0] if chain.is_whole else None


class _Chain:
    """Follows `extends` from file to file; `is_whole` says whether every file of the chain could be read."""

    def __init__(self, library: Library, known: Iterable[str]) -> None:
        self.findings: list[Finding] = []
        self.is_whole = True
        self._library, self._known = library, known

    def follow(self, document: YamlDocument, names: tuple[str, ...]) -> Merged:
        """Lay a file over what it extends."""
        merged = alone(document)
        self.findings += document.findings
        self.is_whole = self.is_whole and document.data is not None
        if "extends" not in merged.data:
            return merged
        base = self._base(merged, names)
        if base is None:
            self.is_whole = False
            return merged
        below = self.follow(base, (*names, str(merged.data["extends"])))
        result, problems = overridden(below, document)
        self.findings += problems
        return result

    def _base(self, merged: Merged, names: tuple[str, ...]) -> YamlDocument | None:
        name = merged.data["extends"]
        if not isinstance(name, str) or not name:
            problem = '"extends" takes the name of one workflow, like "extends: trafficking-child".'
            return self._broken(merged, "extends-not-a-name", problem)
        if name in names:
            return self._broken(
                merged, "extends-cycle", f"{' extends '.join((*names, name))}: it cannot extend itself."
            )
        if len(names) > LONGEST_CHAIN:
            return self._broken(
                merged, "extends-too-long", f"More than {LONGEST_CHAIN} workflows extend each other here."
            )
        found = self._library(name)
        if found is None:
            problem = f"There is no workflow {shown(name)} to extend: check the name."
            problem += f' Did you mean "{near}"?' if (near := nearest(name, self._known)) else ""
            return self._broken(merged, "unknown-workflow", problem)
        source = found if isinstance(found, Source) else Source(f"{name}.yaml", found)
        return read_yaml(source.text, file=source.file)

    def _broken(self, merged: Merged, code: str, problem: str) -> YamlDocument | None:
        self.findings.append(merged.finding(("extends",), code, problem))
        return None


def _own_name(document: YamlDocument) -> str:
    name = document.data.get("workflow") if isinstance(document.data, dict) else None
    return name if isinstance(name, str) else document.file
