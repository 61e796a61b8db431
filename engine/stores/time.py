"""Time limits, and the ledger of what ladders did."""

from typing import NamedTuple
from uuid import UUID


class LinkedLevel(NamedTuple):
    """What the link of a message leads to."""

    deadline_id: UUID
    case_id: UUID
    recipient_id: UUID
