"""The filters that document templates may use beside those of Jinja2."""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.plugin.answers import as_instant


def in_zone(value: str | datetime, zone: str) -> str:
    """Write an instant as the clock on the wall in `zone` shows it: `Thu 21 May 2026, 10:00 (UTC+06:00, Asia/Dhaka)`.

    `zone` is an IANA name; one that is not known is shown in UTC, and says so.
    """
    instant = as_instant(value)
    if instant is None:
        return str(value)
    try:
        local = instant.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return f"{instant:%a %d %b %Y, %H:%M} (UTC)"
    offset = f"{local:%z}"
    return f"{local:%a %d %b %Y, %H:%M} (UTC{offset[:3]}:{offset[3:5]}, {zone})"


FILTERS: Mapping[str, Callable[..., str]] = {"in_zone": in_zone}
