"""What Prosecution reads of the answers to steps of other pillars."""

from engine.plugin import Form, OrganisationRef, PersonRef, Text


class Chargesheet(Form):
    """Of `policing.chargesheet`: Charge sheet."""

    court: OrganisationRef | None = None


class Fir(Form):
    """Of `policing.fir`: FIR or Zero FIR."""

    sections: tuple[Text, ...] = ()


class Identify(Form):
    """Of `rescue.identify`: Identification interview."""

    interpreter: PersonRef | None = None
