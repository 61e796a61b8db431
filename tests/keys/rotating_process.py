"""A process of its own that rotates keys and is killed: `python -m ... KEY_FILE [index | STEP]`, addresses by stdin.

With the name of a step of a turn of periods it kills itself right after that step.
"""

import json
import os
import signal
import sys
from pathlib import Path

from engine.app import build_engine
from engine.builtin import CORE
from engine.db.embedded.roles import DatabaseUrls
from engine.keys.actions.keys import rotate_keys
from engine.keys.actions.rotating import rotate_index, turn_period_now
from engine.plugin.registry import load_registry
from engine.settings import Settings
from engine.web.terminal import SYSTEM


def main() -> None:
    """Rotate, three in a transaction, and say after each how many are done."""
    urls, key_file = DatabaseUrls(**json.loads(sys.stdin.readline())), Path(sys.argv[1])
    settings = Settings(data_folder=key_file.parent, key_file=key_file)
    engine = build_engine(settings, urls, registry=load_registry({}, builtins=(CORE,)))
    if sys.argv[2:] not in ([], ["index"]):
        turn_period_now(engine, viewer=SYSTEM, after_step=_die_after)
        return
    rotate = rotate_index if sys.argv[2:] == ["index"] else rotate_keys
    rotate(engine, viewer=SYSTEM, batch=3, after_batch=lambda done: print(done, flush=True))  # noqa: T201


def _die_after(step: str) -> None:
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
