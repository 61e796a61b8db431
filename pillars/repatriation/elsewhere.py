"""What Repatriation reads of the answers to steps of other pillars."""

from engine.plugin import Form, Instant, Text


class Visit(Form):
    """Of `reintegration.visit`: Follow-up visit or call."""

    done_at: Instant | None = None
    mode: Text | None = None
