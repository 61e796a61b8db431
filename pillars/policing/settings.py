"""What a workflow may set for the step types of Policing."""

from typing import Literal

from engine.plugin.steps import NoSettings


class DefaultBailSettings(NoSettings):
    """Which time of BNSS s.187(3) counts: 60 days, or 90 for the gravest crimes; the pack of law has how long it is."""

    days: Literal[60, 90] = 60


class CertificateSettings(NoSettings):
    """Which piece of evidence of the case the certificate is for: the number of its entry, from 1; 0 for the latest."""

    item: int = 0
