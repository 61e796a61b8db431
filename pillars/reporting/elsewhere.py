"""What Reporting reads of the answers to steps of other pillars."""

from engine.plugin import Form, Text


class Fir(Form):
    """Of `policing.fir`: FIR or Zero FIR."""

    fir_no: Text | None = None
