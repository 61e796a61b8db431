# ruff: noqa: INP001 - a script beside the locks, of no package
"""Write the list of parts (CycloneDX), and look them up in advisories that were carried here: `python supply.py sbom`.

Both read the locks only, and ask nobody: they work on a machine without a network.
"""

import argparse
import base64
import json
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from packaging.version import InvalidVersion, Version

ROOT: Final = Path(__file__).parents[1]
LOCKS: Final = ("runtime", "bootstrap", "dev")
STALE: Final = timedelta(days=7)
_PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)(?: ; ([^\\\n]+?))?(?: \\)?$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Part(NamedTuple):
    """A part as it is locked: its name, version, the machines it is for (empty: all), and the hashes of its files."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


class Weakness(NamedTuple):
    """A part that an advisory names: its id, its other names, and the versions that mend it."""

    part: Part
    advisory: str
    aliases: tuple[str, ...]
    fixed: tuple[str, ...]


def parts_of(lock: str) -> tuple[Part, ...]:
    """Read the parts of the text of a lock."""
    starts = [*_PIN.finditer(lock)]
    ends = [*(found.start() for found in starts[1:]), len(lock)]
    return tuple(
        Part(found[1], found[2], (found[3] or "").strip(), tuple(_HASH.findall(lock[found.end() : end])))
        for found, end in zip(starts, ends, strict=True)
    )


def bill_of_materials(
    parts: Iterable[Part], *, project: Mapping[str, Any], front_end: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the CycloneDX list (1.6) of what a release consists of; the same parts give the same list, byte for byte."""
    shipped = {place: one for place, one in front_end["packages"].items() if place and not one.get("dev")}
    components = [_of_part(part) for part in parts] + [
        _component("npm", place.removeprefix("node_modules/"), one["version"], [_sha512(one["integrity"])])
        for place, one in shipped.items()
    ]
    product = _component("pypi", project["name"], project["version"], [])
    about = json.dumps(components, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid5(NAMESPACE_URL, about).urn,
        "version": 1,
        "metadata": {"component": product | {"type": "application"}},
        "components": components,
        "dependencies": [{"ref": product["bom-ref"], "dependsOn": [one["bom-ref"] for one in components]}],
    }


def weaknesses(parts: Iterable[Part], advisories: Iterable[Mapping[str, Any]]) -> Iterator[Weakness]:
    """Give which parts advisories of the OSV form name in the locked version; what was withdrawn is left out."""
    by_name = {part.name: part for part in parts}
    for advisory in advisories:
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", ()):
            package = affected.get("package", {})
            part = by_name.get(re.sub(r"[-_.]+", "-", str(package.get("name", ""))).lower())
            if package.get("ecosystem") == "PyPI" and part is not None and _is_affected(part.version, affected):
                events = [event for one in affected.get("ranges", ()) for event in one.get("events", ())]
                fixed = tuple(event["fixed"] for event in events if "fixed" in event)
                yield Weakness(part, str(advisory.get("id")), tuple(advisory.get("aliases", ())), fixed)


def read_advisories(place: Path) -> Iterator[Mapping[str, Any]]:
    """Read advisories: each JSON file of a folder or of a packed one; raises ValueError, OSError."""
    if place.is_dir():
        for path in sorted(place.rglob("*.json")):
            yield json.loads(path.read_bytes())
        return
    with zipfile.ZipFile(place) as packed:
        for name in packed.namelist():
            if name.endswith(".json"):
                yield json.loads(packed.read(name))


def main(arguments: list[str]) -> int:
    """Do what is asked for; gives 1 when a weakness is known, 2 when nothing can be said."""
    asked = argparse.ArgumentParser(description=__doc__)
    kinds = asked.add_subparsers(dest="what", required=True)
    kinds.add_parser("sbom", help="print the list of parts")
    kinds.add_parser("audit", help="look the parts up").add_argument("advisories", type=Path)
    given = asked.parse_args(arguments)
    return _print_bill() if given.what == "sbom" else _audit(given.advisories)


def _print_bill() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    front_end = json.loads((ROOT / "engine/web/frontend/package-lock.json").read_text(encoding="utf-8"))
    bill = bill_of_materials(locked("runtime"), project=project, front_end=front_end)
    sys.stdout.write(json.dumps(bill, indent=2) + "\n")
    return 0


def locked(name: str) -> tuple[Part, ...]:
    """Read the parts of a lock by its name."""
    return parts_of((ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8"))


def _audit(place: Path) -> int:
    parts = {part for name in LOCKS for part in locked(name)}
    try:
        advisories = list(read_advisories(place))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{place} holds no advisories that can be read ({type(error).__name__}).\n")
        return 2
    age = _age(advisories)
    if age is None or age > STALE:
        old = f"the newest is {age.days} days old" if age else "there are none"
        sys.stderr.write(f"These advisories say nothing of today: {old}. Carry newer ones here.\n")
        return 2
    found = sorted(weaknesses(parts, advisories))
    for one in found:
        known, mended = ", ".join((one.advisory, *one.aliases)), ", ".join(one.fixed) or "no version yet"
        sys.stdout.write(f"{one.part.name} {one.part.version}: {known}; mended in {mended}\n")
    sys.stdout.write(f"{len(parts)} parts, {len(advisories)} advisories, {len(found)} known weaknesses.\n")
    return 1 if found else 0


def _age(advisories: Iterable[Mapping[str, Any]]) -> timedelta | None:
    said = [str(one["modified"]) for one in advisories if one.get("modified")]
    return datetime.now(tz=UTC) - datetime.fromisoformat(max(said)) if said else None


def _is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    if version in affected.get("versions", ()):
        return True
    return any(_is_within(version, one) for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM")


def _is_within(version: str, one: Mapping[str, Any]) -> bool:
    """Say whether a version lies between what introduced a weakness and what mended it; what is unreadable counts."""
    is_in = False
    try:
        mine = Version(version)
        for event in sorted(one.get("events", ()), key=lambda event: _order(next(iter(event.values())))):
            [(kind, at)] = event.items()
            if kind == "introduced" and mine >= _order(at):
                is_in = True
            elif (kind == "fixed" and mine >= _order(at)) or (kind == "last_affected" and mine > _order(at)):
                is_in = False
    except InvalidVersion:
        return True
    return is_in


def _order(version: str) -> Version:
    return Version("0.dev0" if version == "0" else version)


def _of_part(part: Part) -> dict[str, Any]:
    made = _component("pypi", part.name, part.version, [{"alg": "SHA-256", "content": one} for one in part.hashes])
    return made | ({"properties": [{"name": "icmc:only-where", "value": part.marker}]} if part.marker else {})


def _component(kind: str, name: str, version: str, hashes: list[dict[str, str]]) -> dict[str, Any]:
    address = f"pkg:{kind}/{name.replace('@', '%40')}@{version}"
    made = {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address}
    return made | ({"hashes": hashes} if hashes else {})


def _sha512(integrity: str) -> dict[str, str]:
    return {"alg": "SHA-512", "content": base64.b64decode(integrity.removeprefix("sha512-")).hex()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
