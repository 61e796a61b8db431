"""A question for a file offers the files of the case, without their names."""

from datetime import UTC, datetime
from uuid import UUID

from engine.documents.pages.attachments import with_files
from engine.plugin.fields import specs_of
from engine.web.forms import controls, questions
from engine.work.records import FileView
from pillars.policing.forms import EvidenceForm

ADDED_AT = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
FILE = FileView(
    id=UUID(int=5), kind="picture", media_type="image/png", size=2_400_000, copy_size=None, scan="clean", added_at=ADDED_AT,
    added_by="Asha", classes=("images",), may_open=False,
)  # fmt: skip
ASKED = tuple(one for one in questions(specs_of(EvidenceForm)) if one.name in {"file", "bsa63_certificate"})


def test_the_files_of_the_case_are_offered_where_the_system_writes_the_hash_and_nowhere_else() -> None:
    shown = with_files(ASKED, frozenset({"file"}), (FILE,), "Asia/Kolkata")
    drawn = {one.name: one for one in controls(shown, zone="Asia/Kolkata", now=ADDED_AT)}
    assert (drawn["a-file"].draw, drawn["a-bsa63_certificate"].draw) == ("select", "input")
    [item] = drawn["a-file"].items
    assert (item.value, item.text) == (str(FILE.id), "1. Picture or film, 2400 kB, 10 Mar 2026, 12:00")


def test_a_file_that_can_be_read_no_more_is_not_offered_and_the_others_keep_their_numbers() -> None:
    gone, other = FILE.model_copy(update={"id": UUID(int=6), "is_readable": False}), FILE
    [field, _] = with_files(ASKED, frozenset({"file"}), (gone, other), "Asia/Kolkata")
    assert {key: text[:2] for key, text in field.choices.items()} == {str(FILE.id): "2."}


def test_without_files_the_question_stays_as_it_was() -> None:
    assert with_files(ASKED, frozenset({"file"}), (), "UTC") == ASKED
