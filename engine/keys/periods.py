"""Period keys: kept outside database and backups, thrown away at their end; with the key file they make one ring."""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import KeyMissingError, SettingsError
from engine.keys.key_file import (
    KEY_BYTES,
    PUT_FILE_BACK,
    KeyFile,
    PeriodKey,
    read_key_file,
    read_or_create_key_file,
    write_closed,
)

_NONCE: Final = 12
_KEY, _LIST = ".json", ".keys"
_PUT_BACK: Final = "Put `keys/periods` back from its second place (ICMC_PERIOD_KEY_COPIES)."


class SurvivingKey(NamedTuple):
    """A data key that outlives a period, as it is kept outside the database for backups of before."""

    owner_id: UUID | str
    version: int
    wrapped: bytes
    wrapped_by: str
    period: str


class KeyPeriod(NamedTuple):
    """A period (UTC) whose key is mixed into what wraps every key, and thrown away after `ends_at`.

    `wrapped_by` names the keys of the key file, any of which opens its key.
    """

    id: str
    begun_at: datetime
    ends_at: datetime
    wrapped_by: tuple[str, ...]


@dataclass(frozen=True)
class _Wrapped:
    """A period key as it stands in its file."""

    period: KeyPeriod
    wrapped: Mapping[str, bytes] = field(repr=False)
    """By the key of the key file that wraps it."""


class PeriodFolders:
    """The folder of period keys and its second place. Each holds a file per key, and the keys that outlived a turn.

    A period key is wrapped by each key of the key file, so that neither is of use without the other, and an export that
    was carried away opens it until the key that it holds is retired.
    """

    def __init__(self, keys: Path, places: Sequence[Path], *, length: timedelta) -> None:
        """Keep period keys in `places`, the first of which this machine makes itself; `keys` is the key file."""
        self._keys = keys
        self._places = tuple(places)
        self._length = length

    def opened(self, file: KeyFile) -> tuple[PeriodKey, ...]:
        """Return every period key, the oldest first; raise `SettingsError` for one that the key file does not open."""
        return tuple(PeriodKey(one.period.id, _open(one, file)) for one in self._read())

    @property
    def all(self) -> tuple[KeyPeriod, ...]:
        """The periods whose keys are kept in either place, the oldest first."""
        return tuple(one.period for one in self._read())

    @property
    def current(self) -> KeyPeriod:
        """The period of now; raise `SettingsError` where there is none."""
        found = self.all
        if not found:
            raise SettingsError(problem=f"There is no period key in {self._places[0]}.", remedy=_PUT_BACK)
        return found[-1]

    @property
    def has_second_place(self) -> bool:
        """Whether losing one disk loses no period key."""
        return len(self._places) > 1

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep other processes from turning the period meanwhile; yield False where another one does."""
        with _written("made"):
            self._places[0].mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone_in(self._places[0], waits=False) as is_ours:
            yield is_ours

    def lacking(self) -> tuple[str, ...]:
        """Return the places that cannot be reached, or lack a period key that another one has."""
        wanted = {name for place in self._places for name in _names(place)}
        return tuple(str(place) for place in self._places if wanted - set(_names(place)) or not place.is_dir())

    def begin_first(self, now: datetime) -> None:
        """Make the first period key where there is none; several processes may try at once. Raise `SettingsError`."""
        if self._read():
            return
        with _written("made"):
            self._places[0].mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone_in(self._places[0], waits=True):
                if not self._read():
                    self._begin(now, self._places[:1])

    def begin(self, now: datetime) -> KeyPeriod:
        """Make the key of the next period in every place; return the period. Raise `SettingsError`."""
        with _written("made"):
            return self._begin(now, self._places)

    def mend(self) -> None:
        """Return every place what another one has. Raise `SettingsError` for a place that cannot be written."""
        with _written("copied"):
            for place in self._places:
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
            for source in self._places:
                for name in _names(source):
                    for place in self._places:
                        if not (place / name).exists():
                            write_closed(place / name, (source / name).read_bytes())

    def keep_survivors(self, period_id: str, keys: Iterable[SurvivingKey], *, ended: Iterable[str] = ()) -> None:
        """Keep the keys that live on, as they are wrapped now, so that backups of the periods that `ended` open."""
        first = {"ended": sorted({*self.ended(), *ended})}
        content = "".join(f"{json.dumps(line)}\n" for line in (first, *map(_line, keys))).encode()
        with _written("made"):
            for place in self._places:
                _put(place / f"{period_id}{_LIST}", content)

    def survivors(self) -> Iterator[SurvivingKey]:
        """Yield the keys that lived on when the last list was made; none when no period has ended yet."""
        return (_survivor(json.loads(line)) for line in self._listed()[1:])

    def ended(self) -> tuple[str, ...]:
        """Return the periods whose keys were thrown away here, of which the list holds what lived on."""
        return next((tuple(json.loads(line)["ended"]) for line in self._listed()), ())

    def _listed(self) -> list[str]:
        for period in reversed(self.all):
            for place in self._places:
                path = place / f"{period.id}{_LIST}"
                if path.exists():
                    return path.read_text(encoding="utf-8").splitlines()
        return []

    def end(self, period_id: str) -> None:
        """Throw a period key away in every place: what it was mixed into is dead. Raise `SettingsError`."""
        with _written("removed"):
            for place in self._places:
                for path in (place / f"{period_id}{_KEY}", place / f"{period_id}{_LIST}"):
                    _wipe(path)

    def rewrap(self, *, but: str = "") -> None:
        """Wrap every period key by each key of the key file but one, in every place. Raise `SettingsError`."""
        file = read_key_file(self._keys)
        with _written("changed"):
            for one in self._read():
                content = _wrap(one.period, _open(one, file), file, but=but)
                for place in self._places:
                    _put(place / f"{one.period.id}{_KEY}", content)

    def _begin(self, now: datetime, places: Sequence[Path]) -> KeyPeriod:
        file, before = read_key_file(self._keys), self._read()
        number = max((int(one.period.id.partition("-")[0]) for one in before), default=0) + 1
        period = KeyPeriod(f"{number:04}-{secrets.token_hex(4)}", now, now + self._length, tuple(sorted(file.keys)))
        content = _wrap(period, secrets.token_bytes(KEY_BYTES), file)
        for place in places:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_closed(place / f"{period.id}{_KEY}", content)
        return period

    def _read(self) -> tuple[_Wrapped, ...]:
        found: dict[str, _Wrapped] = {}
        for place in self._places:
            for name in _names(place):
                one = _parsed(place / name) if name.endswith(_KEY) else None
                if one is not None:
                    found.setdefault(one.period.id, one)
        return tuple(sorted(found.values(), key=lambda one: (one.period.begun_at, one.period.id)))


def _wrap(period: KeyPeriod, key: bytes, file: KeyFile, *, but: str = "") -> bytes:
    wrapped = {}
    for name in sorted(set(file.keys) - {but}):
        nonce = secrets.token_bytes(_NONCE)
        encrypted = nonce + AESGCM(file.key(name)).encrypt(nonce, key, _bound(period, name))
        wrapped[name] = base64.b64encode(encrypted).decode()
    return json.dumps(
        {
            "period": period.id, "begun_at": period.begun_at.isoformat(), "ends_at": period.ends_at.isoformat(),
            "keys": wrapped,
        }
    ).encode()  # fmt: skip


def _open(one: _Wrapped, file: KeyFile) -> bytes:
    name = next((name for name in one.wrapped if name in file.keys), None)
    if name is None:
        raise KeyMissingError(key_id=" or ".join(one.wrapped))
    wrapped = one.wrapped[name]
    try:
        return AESGCM(file.key(name)).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _bound(one.period, name))
    except InvalidTag:
        raise SettingsError(
            problem=f"The key of the period {one.period.id} does not open with the key file.", remedy=_PUT_BACK
        ) from None


def _parsed(path: Path) -> _Wrapped | None:
    """Return what a file holds; None when it was thrown away meanwhile. Raise `SettingsError` for a damaged one."""
    try:
        read = json.loads(path.read_bytes())
        begun_at, ends_at = (datetime.fromisoformat(read[name]) for name in ("begun_at", "ends_at"))
        wrapped = {str(name): base64.b64decode(key, validate=True) for name, key in read["keys"].items()}
        return _Wrapped(KeyPeriod(str(read["period"]), begun_at, ends_at, tuple(sorted(wrapped))), wrapped)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SettingsError(
            problem=f"The period key {path} cannot be read ({type(error).__name__}).", remedy=_PUT_BACK
        ) from None


def _bound(period: KeyPeriod, wrapped_by: str) -> bytes:
    times = f"{period.begun_at.isoformat()}\0{period.ends_at.isoformat()}"
    return f"period\0{period.id}\0{times}\0{wrapped_by}".encode()


def _line(key: SurvivingKey) -> Mapping[str, Any]:
    return {
        "owner": str(key.owner_id), "version": key.version, "wrapped": base64.b64encode(key.wrapped).decode(),
        "by": key.wrapped_by, "period": key.period,
    }  # fmt: skip


def _survivor(read: Mapping[str, Any]) -> SurvivingKey:
    return SurvivingKey(
        read["owner"], read["version"], base64.b64decode(read["wrapped"]), read["by"], read["period"]
    )  # fmt: skip


def _names(place: Path) -> list[str]:
    try:
        return sorted(one.name for one in place.iterdir() if not one.name.startswith("."))
    except OSError:
        return []


def _put(path: Path, content: bytes) -> None:
    """Put a file in the place of what was there, in one step."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_closed(beside, content)
    beside.replace(path)
    _sync(path.parent)


def _wipe(path: Path) -> None:
    """Write over a file before it goes: it must not lie on the disk as a free block."""
    if not path.exists():
        return
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone_in(folder: Path, *, waits: bool) -> Iterator[bool]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield _locks(descriptor, waits=waits)
    finally:
        os.close(descriptor)


def _locks(descriptor: int, *, waits: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _written(done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            problem=f"A period key cannot be {done} in {error.filename or 'its folder'} ({type(error).__name__}).",
            remedy="Make `keys/periods` in the data folder, and ICMC_PERIOD_KEY_COPIES, writable for who runs ICMC.",
        ) from None


class KeyRing:
    """The keys of the key file and of its periods, read again when a key is asked for that was not there."""

    def __init__(self, file: KeyFile, *, path: Path | None = None, kept: PeriodFolders | None = None) -> None:
        """Begin with what was read; without a path nothing is read again, and without `kept` there are no periods."""
        self._file = file
        self._path = path
        self._kept = kept
        self._periods = kept.opened(file) if kept else ()

    @property
    def file(self) -> KeyFile:
        """What was read last."""
        return self._file

    @property
    def periods(self) -> tuple[PeriodKey, ...]:
        """The keys of the periods as they were read last, the oldest first."""
        return self._periods

    def period(self, period: str) -> bytes:
        """Return the key of a period; raise `KeyMissingError` where it was thrown away or lost, `SettingsError`."""
        found = next((one.key for one in self._periods if one.period == period), None)
        if found is None:
            self.refresh()
            found = next((one.key for one in self._periods if one.period == period), None)
        if found is None:
            raise KeyMissingError(key_id=f"of the period {period}")
        return found

    def key(self, key_id: str) -> bytes:
        """Return a key by its id, of the file as it is now if need be; raises `KeyMissingError`, `SettingsError`."""
        if key_id not in self._file.keys:
            self.refresh()
        return self._file.key(key_id)

    def refresh(self) -> None:
        """Read the file and its periods again; raises `SettingsError` for one that cannot be used."""
        if self._path is None:
            return
        self._file = read_key_file(self._path)
        if self._kept is None:
            return
        try:
            self._periods = self._kept.opened(self._file)
        except KeyMissingError:  # the key file was changed in between, and then the periods
            self._file = read_key_file(self._path)
            self._periods = self._kept.opened(self._file)


def open_key_ring(
    path: Path, kept: PeriodFolders | None = None, *, now: datetime | None = None, in_use: Sequence[str] = ()
) -> KeyRing:
    """Read the key file and its periods; raise `SettingsError` for what cannot be used.

    Where nothing is encrypted yet the key file is made when there is none, and the first period begins `now`. `in_use`
    are the ids of the keys that open what is in the database: then a missing file, or period, is never made anew.
    """
    needed = sorted({*in_use, *(key for one in (kept.all if kept else ()) for key in one.wrapped_by)})
    if needed and not path.exists():
        problem = f"The key file {path} is not there. Only its key {needed[0]} opens what is encrypted here."
        raise SettingsError(problem=problem, remedy=PUT_FILE_BACK)
    file = read_or_create_key_file(path)
    if in_use and kept is not None:
        _ = kept.current
    elif kept is not None and now is not None:
        kept.begin_first(now)
    try:
        return KeyRing(file, path=path, kept=kept)
    except KeyMissingError as error:
        problem = f"The key file {path} does not have the key {error.facts['key_id']}, which opens the period keys."
        raise SettingsError(problem=problem, remedy=PUT_FILE_BACK) from None
