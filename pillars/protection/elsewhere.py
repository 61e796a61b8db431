"""What Protection reads of the answers to steps of other pillars."""

from engine.plugin import Count, Form, Instant, Language, OrganisationRef, PersonRef, Text, YesNo


class Intake(Form):
    """Of `reporting.intake`: Record report."""

    language: Language | None = None


class Triage(Form):
    """Of `reporting.triage`: Triage and risk score."""

    risk_level: Text | None = None


class FirstNeeds(Form):
    """Of `rescue.first_needs`: First needs and safety."""

    companion_children: Count | None = None
    fear_of: Text | None = None
    language: Language | None = None
    medical_urgent: YesNo = None
    person: PersonRef | None = None


class Plan(Form):
    """Of `rescue.plan`: Pre-rescue plan."""

    shelter_reserved: OrganisationRef | None = None


class Production(Form):
    """Of `rescue.production`: Produce before authority."""

    authority: Text | None = None
    order_no: Text | None = None
    order_under: Text | None = None
    placed_at: OrganisationRef | None = None
    produced_at: Instant | None = None
