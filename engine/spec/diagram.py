"""A workflow as a picture: swim lanes by pillar, in the DOT language or as Mermaid."""

from engine.spec.catalogue import StepCatalogue
from engine.spec.drawing.dot import write_dot
from engine.spec.drawing.mermaid import write_mermaid
from engine.spec.drawing.parts import draw
from engine.spec.workflow import Workflow


def to_dot(workflow: Workflow, catalogue: StepCatalogue | None = None) -> str:
    """Return the diagram in the DOT language; `catalogue` gives the titles and limits of step types."""
    return write_dot(draw(workflow, catalogue))


def to_mermaid(workflow: Workflow, catalogue: StepCatalogue | None = None) -> str:
    """Return the diagram as Mermaid text, for pages that render it themselves."""
    return write_mermaid(draw(workflow, catalogue))
