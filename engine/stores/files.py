"""Files of cases, and data keys."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from engine.domain.files import CaseFile, FileKind
from engine.ports import JsonValue, SurvivingKey


class FileSums(NamedTuple):
    """How many files a case has, and how many bytes it and its unit hold, copies included."""

    files: int
    in_case: int
    in_unit: int


class Files(Protocol):
    """Files of cases, sealed in parts."""

    def begin(
        self, file_id: UUID, *, case_id: UUID, unit_id: UUID, kind: FileKind, name: str, by: UUID | None, at: datetime
    ) -> None:
        """Make room for a file that arrives; its name is sealed, and nobody is shown it before `keep`."""
        ...

    def add_part(self, file_id: UUID, *, case_id: UUID, copy_of: str, number: int, content: bytes) -> None:
        """Seal a part of the `original` or the `shared` copy."""
        ...

    def part(self, file_id: UUID, *, copy_of: str, number: int) -> bytes:
        """Open a part; raises `DamagedError` for one that is not there or does not fit, `KeyMissingError`."""
        ...

    def twin(self, case_id: UUID, addresses: Mapping[str, bytes]) -> UUID | None:
        """Find the file of a case that has one of these keyed hashes."""
        ...

    def keep(
        self, file: CaseFile, *, details: Mapping[str, JsonValue], address: tuple[str, bytes], at: datetime
    ) -> None:
        """Say that a file has arrived whole; `details` (hashes, size of parts) are sealed.

        `address` is the keyed hash by which the same file is found again, after the id of its key.
        """
        ...

    def hold_back(self, file_id: UUID, *, case_id: UUID) -> bool:
        """Say of a file of a case that nobody opens it any more; gives whether it was open to people before."""
        ...

    def drop_arriving(self, file_id: UUID) -> None:
        """Take away a file that was not kept; one that was stays."""
        ...

    def unfinished(self, *, before: datetime, most: int) -> tuple[UUID, ...]:
        """List files that began to arrive before an instant and never did."""
        ...

    def of_case(self, case_id: UUID) -> tuple[CaseFile, ...]:
        """List the files of a case, in the order in which they came."""
        ...

    def get(self, file_id: UUID, *, case_id: UUID) -> CaseFile:
        """Load a file of a case; raises `NotFoundError`."""
        ...

    def name(self, file_id: UUID) -> str:
        """Open the name that a file came with."""
        ...

    def details(self, file_id: UUID) -> Mapping[str, JsonValue]:
        """Open what `keep` sealed."""
        ...

    def sums(self, case_id: UUID, unit_id: UUID) -> FileSums:
        """Count what a case and a unit hold, in files and bytes; copies count too."""
        ...


class Index(Protocol):
    """The tokens by which persons and files are found, made anew under another key while people search."""

    def persons_without(self, key_id: str, *, after: UUID, most: int) -> tuple[UUID, ...]:
        """List persons who have tokens, but none by an index key in the period of now, by id."""
        ...

    def hold_persons(self, person_ids: Sequence[UUID]) -> tuple[UUID, ...]:
        """Keep persons from being changed or erased until the end; gives those whose keys are not destroyed."""
        ...

    def write_persons(self, found: Mapping[UUID, Sequence[tuple[str, str]]]) -> None:
        """Write the tokens of persons by every key that is used now; those that are there stay."""
        ...

    def readdress_files(self, key_id: str, *, after: UUID, most: int) -> tuple[UUID | None, int, int]:
        """Find the next files by the keyed hash of a key; gives the last one, how many, and how many cannot be read."""
        ...

    def left(self, key_id: str) -> int:
        """Count the persons who have no token by an index key in the period of now."""
        ...

    def drop_tokens(self, *, but: Collection[str], most: int) -> int:
        """Drop some of the tokens of all index keys but these, and of periods that are over; gives how many."""
        ...


class KeyCounts(NamedTuple):
    """How many data keys there are: by whose they are, and by the key of the key file that wraps them itself."""

    organisations: int
    cases: int
    persons: int
    others: int
    by_file: Mapping[str, int]


class Rewrapped(NamedTuple):
    """How many keys were wrapped anew, and after which owner to go on; None when the last was reached."""

    done: int
    last: UUID | None


class Keys(Protocol):
    """The keys that seal what identifies people."""

    def destroy(self, owner_id: UUID, at: datetime) -> bool:
        """Destroy the key of a case, a person or places, and what a person is found by; gives whether there was one.

        No new key is made for the owner ever after. Every process forgets the key within seconds of the commit.
        """
        ...

    def seal_open_words(self, *, most: int) -> int:
        """Seal the next words that lay open before, or forget them where the key is gone; gives how many."""
        ...

    def say_changed(self) -> None:
        """Let every process forget its keys and read the key file again, within seconds of the commit."""
        ...

    def hold_period(self, *, alone: bool = False) -> None:
        """Let no period begin or end before the transaction does; `alone` is who begins or ends one."""
        ...

    def close_periods(self, periods: Sequence[str]) -> bool:
        """Let no key be kept any more that these periods wrap; return whether none is wrapped by them."""
        ...

    def periods(self) -> Mapping[str, int]:
        """Count the keys by the period whose key is needed to open them."""
        ...

    def survivors(self) -> Iterator[SurvivingKey]:
        """Yield every key that is not destroyed, as it is wrapped now, all as of one instant."""
        ...

    def rewrap_some(self, *, current: str, periods: Sequence[str], after: UUID | None, most: int) -> Rewrapped:
        """Wrap the next keys anew that are not wrapped as they should be, those of organisations first.

        `current` is the key of the key file that wraps from now on, and the key of the last of `periods` is mixed in;
        keys of other periods than these are lost, and left. Raises `KeyMissingError`, `DamagedError`.
        """
        ...

    def unfinished(self, *, current: str, periods: Sequence[str]) -> int:
        """Count the keys that are not wrapped as they should be."""
        ...

    def outdated(self, *, current: str) -> int:
        """Count the keys that another key of the key file wraps than the current one."""
        ...

    def wrapped_by(self, key_id: str) -> int:
        """Count the keys that a key wraps."""
        ...

    def counts(self) -> KeyCounts:
        """Count the keys by whose they are, and by which key of the key file wraps them."""
        ...

    def reseal_some(self, owner_id: UUID, *, newest: int, case_id: UUID | None, most: int) -> int:
        """Seal the next values anew that are sealed under older keys of an owner; gives how many, zero at the end."""
        ...

    def seals_what_is_fixed(self, owner_id: UUID) -> bool:
        """Say whether anything is sealed under an owner's keys that nobody may change."""
        ...

    def whole_versions(self, owner_id: UUID) -> Mapping[int, datetime]:
        """Give when (UTC) each version of an owner's key was made that is whole."""
        ...

    def newest_version(self, owner_id: UUID) -> int | None:
        """Give the version of the newest key of an owner; None when there is none that is whole."""
        ...

    def retire_before(self, owner_id: UUID, version: int, *, at: datetime) -> int:
        """Drop the keys of an owner before a version, under which nothing is sealed any longer; gives how many."""
        ...
