"""Give tests of the embedded server a data folder of their own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.db.embedded.embedded import start_embedded, stop_embedded


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """Name a data folder that does not exist yet, where the server's system user may go even when we are root."""
    parent = Path(tempfile.mkdtemp(prefix="icmc-test-"))
    parent.chmod(0o711)
    folder = parent / "data"
    yield folder
    if (folder / "cluster" / "postmaster.pid").exists():
        stop_embedded(start_embedded(folder, durable=False))
    shutil.rmtree(parent)
