"""The classes of answers that are kept apart even within a unit."""

from enum import StrEnum


class SealedClass(StrEnum):
    """What is kept apart even within a unit: who sees the case does not see it for that reason."""

    HEALTH = "health"
    COUNSELLING = "counselling"
    IMAGES = "images"
    INFORMANTS = "informants"
    SHELTER_ADDRESS = "shelter_address"
    TESTIMONY = "testimony"
