"""What Rescue reads of the answers to steps of other pillars."""

from engine.plugin import Count, Form, Geo, Language, Text


class Intake(Form):
    """Of `reporting.intake`: Record report."""

    is_child_suspected: Text | None = None
    language: Language | None = None
    place_last_seen: Geo | None = None


class Missing(Form):
    """Of `reporting.missing`: Missing-person report."""

    age: Count | None = None
    sex: Text | None = None
