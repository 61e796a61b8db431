"""How often a process looks for garbage."""

import gc
from typing import Final

_THRESHOLDS: Final = (10_000, 20, 20)


def look_for_garbage_rarely() -> None:
    """Leave out what is loaded by now, which is never garbage, and look after so many more objects than Python does.

    Hardly anything that a request, a job or a test makes is garbage in a circle, and each look at all of hundreds of
    thousands of objects takes half a second: looking took up to two thirds of the processor's time.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
