"""Draw DOT text as SVG, with the Graphviz that came with the installation or else that of the machine."""

import re
import shutil
import subprocess
import sysconfig
from html import escape

from engine.errors import ServiceError

_SECONDS = 20
_REMEDY = "Install the wheel graphviz-pure, or the package graphviz of this machine."


def dot_to_svg(dot: str, *, title: str) -> str:
    """Return one `<svg>` element with `title` as its accessible name; no script, no style sheet, no outside font.

    Raises `ServiceError` when no Graphviz is there, or when it does not answer within 20 seconds.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a program of the installation, with arguments that are ours
            [_program(), "-Kdot", "-Tsvg"], input=dot.encode(), capture_output=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        problem = f"the diagram could not be drawn ({type(error).__name__})."
        raise ServiceError(service="Graphviz", problem=problem, remedy=_REMEDY) from error
    return _cleaned(done.stdout.decode(), title)


def _program() -> str:
    """Find the program that the wheel graphviz-pure put beside Python's own, or else the machine's."""
    name = "graphviz-pure"
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name) or "dot"


def _cleaned(svg: str, title: str) -> str:
    """Keep the element alone, so that it can stand inside a page, and give it its name."""
    element = svg[svg.index("<svg") :]
    without_comments = re.sub(r"<!--.*?-->\n?", "", element, flags=re.DOTALL)
    named = re.sub(r"<title>cluster_([a-z0-9_]+)</title>", r"<title>\1</title>", without_comments)
    return named.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)
