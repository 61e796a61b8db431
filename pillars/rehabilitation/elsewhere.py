"""What Rehabilitation reads of the answers to steps of other pillars."""

from engine.plugin import Form, Language


class FirstNeeds(Form):
    """Of `rescue.first_needs`: First needs and safety."""

    language: Language | None = None
