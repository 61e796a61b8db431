"""What Policing reads of the answers to steps of other pillars."""

from engine.plugin import Form, Instant, Language, Text, YesNo


class Hearing(Form):
    """Of `prosecution.hearing`: Hearing."""

    purpose: Text | None = None
    hearing_on: Instant | None = None


class Intake(Form):
    """Of `reporting.intake`: Record report."""

    language: Language | None = None


class Triage(Form):
    """Of `reporting.triage`: Triage and risk score."""

    border_crossing_risk: YesNo = None


class FirstNeeds(Form):
    """Of `rescue.first_needs`: First needs and safety."""

    language: Language | None = None
