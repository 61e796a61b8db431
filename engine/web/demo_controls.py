"""What the demo adds to the portal: time that can pass, and stories that can be played on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DemoControls:
    """What only a demo can do; it comes from outside, since the portal knows no replayer.

    `let_time_pass` and `play_rest` give False while they still go on; `has_story` says whether a case came from one.
    """

    let_time_pass: Callable[[timedelta], object]
    play_rest: Callable[[UUID], object]
    has_story: Callable[[UUID], bool] = lambda _case_id: True
