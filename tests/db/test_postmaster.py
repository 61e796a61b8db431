"""A lock file is read with doubt."""

import os
from pathlib import Path

import pytest

from engine.db.embedded.cluster import read_postmaster


@pytest.mark.parametrize("content", ["", "\n", "not a number\n", "\x00\x00\x00"])
def test_a_lock_file_that_names_no_process_is_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)
    assert read_postmaster(tmp_path) is None


def test_no_lock_file_is_no_server(tmp_path: Path) -> None:
    assert read_postmaster(tmp_path) is None


def test_a_server_that_only_begins_to_start_has_no_address_yet(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("4242\n/data\n1790000000\n5432\n")
    found = read_postmaster(tmp_path)
    assert (found.pid, found.socket_folder) == (4242, None)


def test_a_process_that_works_elsewhere_is_not_this_clusters_server(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n/data\n1790000000\n5432\n/run/x\n127.0.0.1\n")
    found = read_postmaster(tmp_path)
    assert found.socket_folder == Path("/run/x")
    assert not found.is_alive()
