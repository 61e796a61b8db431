"""Let Prefect be imported under our settings, in a folder of its own, with no server."""

import os
import tempfile
from pathlib import Path

from engine.orchestration.settings import PrefectAddress, client_environment, process_environment

_FOLDER = tempfile.TemporaryDirectory(prefix="icmc-unit-prefect-")
_HOME = Path(_FOLDER.name)
_MADE = process_environment(client_environment(PrefectAddress.on_loopback(_HOME, 9, "icmc:unit")), os.environ)
os.environ.clear()
os.environ.update(_MADE)
