"""Write the hash of a file into an answer: the system has made it when the file came, so nobody types it."""

from collections.abc import Mapping
from uuid import UUID

from engine.adapters.sql.file_store import FileStore
from engine.adapters.sql.transaction import Transaction
from engine.domain.state import CaseState
from engine.errors import DamagedError, InvalidAnswersError, KeyMissingError
from engine.plugin.steps import StepType
from engine.ports import JsonValue

_UNREADABLE = "This file can no longer be read: it was erased or is damaged. Choose another one."
_NOT_THE_SAME = "This is not the hash of the file that you chose. Leave this empty: the system fills it in."


def with_hashes(
    tx: Transaction, state: CaseState, step_type: StepType, answers: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue]:
    """Give the answers with the hash of each file of the case that they name, where the form has a question for it.

    A text that names no file of the case, such as the number of a paper, is left as it is. Raises `InvalidAnswersError`
    for a hash that is not that of the file, and for a file that can be read no more.
    """
    found: dict[str, JsonValue] = {}
    known = None
    for spec in step_type.fields:
        file_id = id_of_file(answers.get(spec.hash_of)) if spec.hash_of else None
        if file_id is None:
            continue
        if known is None:
            known = {file.id for file in tx.of(FileStore).of_case(state.case.id) if not file.is_held_back}
        if file_id not in known:
            raise InvalidAnswersError({spec.hash_of: "Choose one of the files of this case."})
        made, said = _hash_of(tx, file_id, asked=spec.hash_of), answers.get(spec.name)
        if said and str(said).lower() != made:
            raise InvalidAnswersError({spec.name: _NOT_THE_SAME})
        found[spec.name] = made
    return {**answers, **found}


def _hash_of(tx: Transaction, file_id: UUID, *, asked: str) -> str:
    try:
        return str(tx.of(FileStore).details(file_id)["sha256"])
    except (DamagedError, KeyMissingError):
        raise InvalidAnswersError({asked: _UNREADABLE}) from None


def id_of_file(answer: JsonValue) -> UUID | None:
    """Give the id of the file of a case that an answer names; None for another text."""
    try:
        return UUID(answer) if isinstance(answer, str) else None
    except ValueError:
        return None
