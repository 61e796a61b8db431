"""What the demo adds to the portal: time that can pass, and stories that can be played on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DemoControls:
    """The two things that only a demo can do; both come from outside, since the portal knows no replayer."""

    let_time_pass: Callable[[timedelta], object]
    play_rest: Callable[[UUID], object]
