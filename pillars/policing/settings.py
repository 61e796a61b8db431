"""What a workflow may set for the step types of Policing."""

from typing import Literal
from uuid import UUID

from engine.plugin import NoSettings


class DefaultBailSettings(NoSettings):
    """Which time of BNSS s.187(3) counts: 60 days, or 90 for the gravest crimes; the pack of law has how long it is."""

    days: Literal[60, 90] = 60


class CertificateSettings(NoSettings):
    """Which piece of evidence of the case the certificate is for.

    The system names it by the id of the step that wrote it down. A workflow may say the number of its entry, from 1, by
    when the pieces were taken; 0 for the latest.
    """

    piece: UUID | None = None
    item: int = 0
