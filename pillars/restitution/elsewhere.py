"""What Restitution reads of the answers to steps of other pillars."""

from engine.plugin import Day, Form, Text


class Fir(Form):
    """Of `policing.fir`: FIR or Zero FIR."""

    offence_date: Day | None = None
    sections: tuple[Text, ...] = ()
