"""What Reintegration reads of the answers to steps of other pillars."""

from engine.plugin import Form, Instant, LongText


class Handover(Form):
    """Of `repatriation.handover`: Handover and receipt."""

    at: Instant | None = None


class Hir(Form):
    """Of `repatriation.hir`: Home Investigation Report."""

    school_or_work_option: LongText | None = None
