"""What Prevention reads of the answers to steps of other pillars."""

from engine.plugin import Form, Text


class Triage(Form):
    """Of `reporting.triage`: Triage and risk score."""

    age_band: Text | None = None
