"""What Press reads of the answers to steps of other pillars."""

from engine.plugin import Day, Form, Text


class Fir(Form):
    """Of `policing.fir`: FIR or Zero FIR."""

    governing_code: Text | None = None
    offence_date: Day | None = None
    sections: tuple[Text, ...] = ()


class Intake(Form):
    """Of `reporting.intake`: Record report."""

    is_child_suspected: Text | None = None


class Missing(Form):
    """Of `reporting.missing`: Missing-person report."""
