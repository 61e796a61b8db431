"""Definitions and templates are found where they lie."""

from engine.machine.files import data_folder, shipped_sources


def test_the_folders_of_the_repository_come_first() -> None:
    assert (data_folder("workflows") / "cases" / "child-labour.yaml").is_file()
    assert (data_folder("templates") / "messages" / "en" / "assigned.txt").is_file()


def test_what_workflows_name_is_listed_before_the_workflows() -> None:
    folders = [name.split("/")[1] for name in shipped_sources()]
    assert list(dict.fromkeys(folders)) == ["calendars", "ladders", "law", "retention", "cases"]
