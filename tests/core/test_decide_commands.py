"""Every command that there is has something that it does."""

from typing import get_args

from engine.core import commands as cm
from engine.core.decide import DONE_BY


def test_every_command_is_carried_out() -> None:
    assert set(DONE_BY) == set(get_args(cm.Command))
