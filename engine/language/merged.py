"""A definition put together from several files, which remembers the file that each value came from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.language.findings import Finding, Severity
from engine.language.names import meant, shown
from engine.language.yaml_files import Path, Plain, YamlDocument

_CHANGES = frozenset({"also", "except"})
NOT_INHERITED = frozenset({"workflow", "version", "extends"})


@dataclass(frozen=True, slots=True)
class Merged:
    """The data of a definition with everything inherited merged in; `owners` names each value's file."""

    main: YamlDocument
    data: dict[str, Plain] = field(repr=False)
    owners: Mapping[Path, YamlDocument] = field(repr=False)

    def finding(
        self, path: Path, code: str, message: str, *, of_key: bool = False, severity: Severity = Severity.ERROR
    ) -> Finding:
        """Make a finding at a value, or at its key."""
        owner = self.owner(path)
        return Finding(owner.file, *owner.position(path, of_key=of_key), code, message, severity)

    def finding_inside(self, path: Path, at: tuple[int, int], code: str, message: str) -> Finding:
        """Make a finding at a line and column (from 1) within the text that stands at `path`."""
        owner = self.owner(path)
        return Finding(owner.file, *owner.inside(path, *at), code, message)

    def owner(self, path: Path) -> YamlDocument:
        """Return the file that a value came from; for a value that is not there, the file of what encloses it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.owners:
                return self.owners[path[:length]]
        return self.main

    @property
    def is_extending(self) -> bool:
        """Whether the file extends another one."""
        return isinstance(self.main.data, dict) and "extends" in self.main.data

    def is_own(self, path: Path) -> bool:
        """Whether a value stands in the file itself, and not in one that it extends."""
        return self.owners.get(path) is self.main

    def origins(self) -> Iterator[tuple[str, str, int]]:
        """List every value that ends a branch: its dotted path, and the file and line it came from."""
        for path, owner in self.owners.items():
            value = _at(self.data, path)
            if path and not (isinstance(value, dict) and value) and not (isinstance(value, list) and value):
                yield ".".join(map(str, path)), owner.file, owner.position(path)[0]


def alone(document: YamlDocument) -> Merged:
    """Take one file as the whole definition."""
    data = document.data if isinstance(document.data, dict) else {}
    return Merged(document, data, dict.fromkeys(document.places, document))


def overridden(base: Merged, document: YamlDocument) -> tuple[Merged, list[Finding]]:
    """Lay a file over the definition that it extends: deep for mappings, lists replaced, null removes a key.

    `after: {also: [..], except: [..]}` changes the list of the steps before. A follow-up that is null stays null: the
    step type declares it, and this workflow does without.
    """
    inherited = {key: value for key, value in base.data.items() if key not in NOT_INHERITED}
    owners: dict[Path, YamlDocument] = {(): document}
    findings: list[Finding] = []
    own = document.data if isinstance(document.data, dict) else {}
    for key, value in inherited.items():
        _take(value, (key,), base.owners, owners)
    data = _lay(inherited, own, (), document, owners, findings)
    return Merged(document, data, owners), findings


def _lay(
    base: dict[str, Plain],
    own: dict[str, Plain],
    path: Path,
    document: YamlDocument,
    owners: dict[Path, YamlDocument],
    findings: list[Finding],
) -> dict[str, Plain]:
    result = dict(base)
    for key, value in own.items():
        here, below = (*path, key), result.get(key)
        if value is None and "follow_ups" in path:
            _forget(here, owners)
            owners[here], result[key] = document, None
        elif value is None and key not in base:
            findings.append(_removes_nothing(document, here, base))
        elif value is None:
            _forget(here, owners)
            del result[key]
        elif key == "after" and isinstance(value, dict) and value and value.keys() <= _CHANGES and _is_listed(below):
            findings += _not_there(document, here, value, below)
            _forget(here, owners)
            result[key] = _changed(below, value)
            _take(result[key], here, None, owners, document)
        elif isinstance(value, dict) and isinstance(below, dict):
            owners[here] = document
            result[key] = _lay(below, value, here, document, owners, findings)
        else:
            _forget(here, owners)
            _take(value, here, None, owners, document)
            result[key] = value
    return result


def _is_listed(below: Plain) -> bool:
    """Whether steps are all waited for, so that others can be added to them; "everything" has them already."""
    return isinstance(below, list) or (isinstance(below, str) and below != "everything")


def _changed(below: Plain, change: Mapping[str, Plain]) -> Plain:
    gone, more = _one_or_many(change.get("except")), _one_or_many(change.get("also"))
    return [one for one in _one_or_many(below) if one not in gone] + more


def _not_there(document: YamlDocument, path: Path, change: Mapping[str, Plain], below: Plain) -> Iterator[Finding]:
    for one in _one_or_many(change.get("except")):
        if one not in _one_or_many(below):
            others = meant(str(one), map(str, _one_or_many(below)))
            problem = f"{shown(one)} is not among the inherited steps: take it out of this list. {others}"
            position = document.position((*path, "except"))
            yield Finding(document.file, *position, "removes-nothing", problem, Severity.WARNING)


def _one_or_many(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _removes_nothing(document: YamlDocument, path: Path, base: Mapping[str, Plain]) -> Finding:
    problem = (
        f"{shown(path[-1])} has no value, and what this file extends has no such key to remove. "
        f"{meant(str(path[-1]), base)} If it is new, give it a value."
    )
    position = document.position(path, of_key=True)
    return Finding(document.file, *position, "removes-nothing", problem, Severity.WARNING)


def _take(
    value: Plain,
    path: Path,
    known: Mapping[Path, YamlDocument] | None,
    owners: dict[Path, YamlDocument],
    document: YamlDocument | None = None,
) -> None:
    owner = document or (known or {}).get(path)
    if owner is not None:
        owners[path] = owner
    for key, inner in _entries(value):
        _take(inner, (*path, key), known, owners, document)


def _forget(path: Path, owners: dict[Path, YamlDocument]) -> None:
    if path not in owners:
        return  # what lies below a value is known only with the value
    for known in [known for known in owners if known[: len(path)] == path]:
        del owners[known]


def _entries(value: Plain) -> list[tuple[str | int, Plain]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _at(data: Plain, path: Path) -> Plain:
    for key in path:
        data = dict(_entries(data)).get(key)
    return data
