"""Files of cases: sealed part by part, so that no whole file is ever in memory or on disk in the clear."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict, cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import delete, func, insert, select, update

from engine.core.files import CaseFile, FileKind, FileStatus
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.documents.records import FileSums
from engine.errors import DamagedError, NotFoundError

_FILE, _PART = TABLES["attachment"], TABLES["attachment_part"]
_COLUMNS = columns(_FILE, CaseFile)
_KEPT = _FILE.c.status.in_((FileStatus.KEPT.value, FileStatus.HELD_BACK.value))


class EncryptedPlace(TypedDict):
    """Where a sealed value stands."""

    table: str
    row: UUID
    column: str


class FileStore(Store):
    """Files in PostgreSQL, within one transaction."""

    def begin(
        self, file_id: UUID, *, case_id: UUID, unit_id: UUID, kind: FileKind, name: str, by: UUID | None, at: datetime
    ) -> None:
        """Make room for a file that arrives; its name is sealed, and nobody is shown it before `keep`."""
        row = {
            "id": file_id, "case_id": case_id, "unit_id": unit_id, "kind": kind.value, "status": "arriving",
            "media_type": "", "size": 0, "added_at": at, "added_by": by,
            "encrypted_name": self._vault.encrypt(
                name, key_of=case_id, unit_id=unit_id, **_place(file_id, "encrypted_name")
            ),
        }  # fmt: skip
        self._connection.execute(insert(_FILE), row)

    def add_part(self, file_id: UUID, *, case_id: UUID, copy_of: str, number: int, content: bytes) -> None:
        """Seal a part of the `original` or the `shared` copy."""
        encrypted = self._vault.encrypt_bytes(content, key_of=case_id, **_part_place(file_id, copy_of, number))
        row = {"attachment_id": file_id, "copy_of": copy_of, "number": number, "encrypted_content": encrypted}
        self._connection.execute(insert(_PART), row)

    def part(self, file_id: UUID, *, copy_of: str, number: int) -> bytes:
        """Open a part; raises `DamagedError` for one that is not there or does not fit, `KeyMissingError`."""
        where = (_PART.c.attachment_id == file_id, _PART.c.copy_of == copy_of, _PART.c.number == number)
        encrypted = self._connection.execute(select(_PART.c.encrypted_content).where(*where)).scalar()
        if encrypted is None:
            raise DamagedError(what="A file")
        return self._vault.decrypt_bytes(encrypted, **_part_place(file_id, copy_of, number))

    def twin(self, case_id: UUID, addresses: Mapping[str, bytes]) -> UUID | None:
        """Find the file of a case that has one of these keyed hashes."""
        query = select(_FILE.c.id).where(_FILE.c.case_id == case_id, _FILE.c.address.in_(addresses.values()))
        found: UUID | None = self._connection.execute(query.order_by(_FILE.c.added_at).limit(1)).scalar()
        return found

    def keep(
        self, file: CaseFile, *, details: Mapping[str, JsonValue], address: tuple[str, bytes], at: datetime
    ) -> None:
        """Say that a file has arrived whole; `details` (hashes, numbers of parts) are sealed.

        `address` is the keyed hash by which the same file is found again, after the id of its key.
        """
        encrypted = self._vault.encrypt(dict(details), key_of=file.case_id, **_place(file.id, "encrypted_details"))
        values = {
            "status": "kept", "media_type": file.media_type, "size": file.size, "copy_size": file.copy_size,
            "scan": file.scan.value, "address_key": address[0], "address": address[1], "encrypted_details": encrypted,
            "added_at": at,
        }  # fmt: skip
        self._connection.execute(update(_FILE).where(_FILE.c.id == file.id).values(values))

    def defer(self, file_id: UUID, *, case_id: UUID) -> bool:
        """Say of a file of a case that nobody opens it any more; returns whether it was open to people before."""
        was_kept = (_FILE.c.id == file_id, _FILE.c.case_id == case_id, _FILE.c.status == FileStatus.KEPT.value)
        held = update(_FILE).where(*was_kept).values(status=FileStatus.HELD_BACK.value)
        return self._connection.execute(held).rowcount == 1

    def drop_arriving(self, file_id: UUID) -> None:
        """Take away a file that was not kept; one that was stays."""
        of_it = select(_FILE.c.id).where(_FILE.c.id == file_id, _FILE.c.status == "arriving")
        self._connection.execute(delete(_PART).where(_PART.c.attachment_id.in_(of_it)))
        self._connection.execute(delete(_FILE).where(_FILE.c.id == file_id, _FILE.c.status == "arriving"))

    def unfinished(self, *, before: datetime, most: int) -> tuple[UUID, ...]:
        """List files that began to arrive before an instant and never did."""
        query = select(_FILE.c.id).where(_FILE.c.status == "arriving", _FILE.c.added_at < before)
        return tuple(self._connection.execute(query.order_by(_FILE.c.added_at).limit(most)).scalars())

    def of_case(self, case_id: UUID) -> tuple[CaseFile, ...]:
        """List the files of a case, in the order in which they came."""
        query = select(*_COLUMNS).where(_FILE.c.case_id == case_id, _KEPT).order_by(_FILE.c.added_at, _FILE.c.id)
        return self._records(CaseFile, query)

    def get(self, file_id: UUID, *, case_id: UUID) -> CaseFile:
        """Load a file of a case; raises `NotFoundError`."""
        query = select(*_COLUMNS).where(_FILE.c.id == file_id, _FILE.c.case_id == case_id, _KEPT)
        found = self._record(CaseFile, query)
        if found is None:
            raise NotFoundError(kind="file")
        return found

    def name(self, file_id: UUID) -> str:
        """Open the name that a file came with."""
        encrypted = self._connection.execute(select(_FILE.c.encrypted_name).where(_FILE.c.id == file_id)).scalar_one()
        return str(self._vault.decrypt(encrypted, **_place(file_id, "encrypted_name")))

    def details(self, file_id: UUID) -> Mapping[str, JsonValue]:
        """Open what `keep` sealed."""
        encrypted = self._connection.execute(
            select(_FILE.c.encrypted_details).where(_FILE.c.id == file_id)
        ).scalar_one()
        return cast("Mapping[str, JsonValue]", self._vault.decrypt(encrypted, **_place(file_id, "encrypted_details")))

    def sums(self, case_id: UUID, unit_id: UUID) -> FileSums:
        """Count what a case and a unit hold, in files and bytes; copies count too."""
        size = func.coalesce(func.sum(_FILE.c.size + func.coalesce(_FILE.c.copy_size, 0)), 0)
        files, in_case = self._connection.execute(
            select(func.count(), size).where(_FILE.c.case_id == case_id, _KEPT)
        ).one()
        in_unit = self._connection.execute(select(size).where(_FILE.c.unit_id == unit_id, _KEPT)).scalar_one()
        return FileSums(files=files, in_case=int(in_case), in_unit=int(in_unit))


def place_of_details(file_id: UUID) -> EncryptedPlace:
    """Return to what the sealed hashes of a file are bound."""
    return _place(file_id, "encrypted_details")


def _place(file_id: UUID, column: str) -> EncryptedPlace:
    return {"table": "attachment", "row": file_id, "column": column}


def _part_place(file_id: UUID, copy_of: str, number: int) -> EncryptedPlace:
    return {"table": "attachment_part", "row": file_id, "column": f"encrypted_content/{copy_of}/{number}"}
