"""How a preview reads on a screen."""

from datetime import datetime
from zoneinfo import ZoneInfo

from engine.definitions.records import MovedDeadline, PreviewView

_EFFECTS = {
    "would_breach": "WOULD BE BREACHED NOW",
    "stays_breached": "stays breached",
    "moves": "moves",
    "told_at_another_time": "same due time; people are notified at another time",
    "begins": "begins",
    "ends": "ends",
}


def in_lines(preview: PreviewView) -> str:
    """Say line by line what a change would do."""
    lines = [f"{limit.workflow}, {limit.step_key}: {limit.before or 'new step'} -> {limit.after or 'no such step'}"
             for limit in preview.limits]  # fmt: skip
    if preview.limits:
        lines.append("Open cases stay on the version of the workflow that they began with.")
    lines += [_line(line) for line in preview.lines]
    breached = sum(line.effect == "would_breach" for line in preview.lines)
    lines.append(
        f"{preview.looked_at} open case(s) looked at: {len(preview.lines)} deadline(s) would change, "
        f"{breached} would be breached."
    )
    if preview.left_out:
        lines.append(f"{preview.left_out} more case(s) were not looked at.")
    return "\n".join([*lines, "Nothing was changed."])


def _line(line: MovedDeadline) -> str:
    times = f"{_said(line.before, line.zone)} -> {_said(line.after, line.zone)}"
    return f"{line.case_number}  {line.step_title}: {times} ({_EFFECTS[line.effect]})"


def _said(at: datetime | None, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if at else "none"
