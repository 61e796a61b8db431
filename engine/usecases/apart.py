"""Which answers of a step tell where somebody is, and are sealed under a key of their own."""

from engine.assembly import Engine
from engine.errors import UnknownStepTypeError
from engine.spec.sealed import SealedClass


def told_apart(engine: Engine, uses: str) -> frozenset[str]:
    """Name the questions of a step type whose answers are of the sealed class of shelter addresses."""
    try:
        fields = engine.registry.get(uses).fields
    except UnknownStepTypeError:
        return frozenset()
    return frozenset(spec.name for spec in fields if spec.sealed_class is SealedClass.SHELTER_ADDRESS)
