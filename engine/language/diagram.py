"""A workflow as a picture: swim lanes by pillar, in the DOT language or as Mermaid."""

from engine.language.catalogue import StepCatalogue
from engine.language.drawing.dot import write_dot
from engine.language.drawing.mermaid import write_mermaid
from engine.language.drawing.parts import draw
from engine.language.workflow import Workflow


def to_dot(workflow: Workflow, catalogue: StepCatalogue | None = None) -> str:
    """Return the diagram in the DOT language; `catalogue` gives the titles and limits of step types."""
    return write_dot(draw(workflow, catalogue))


def to_mermaid(workflow: Workflow, catalogue: StepCatalogue | None = None) -> str:
    """Return the diagram as Mermaid text, for pages that render it themselves."""
    return write_mermaid(draw(workflow, catalogue))
