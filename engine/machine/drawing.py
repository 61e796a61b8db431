"""Draw DOT text as SVG, with the Graphviz that came with the installation or else that of the machine."""

import re
import shutil
import subprocess
import sysconfig
from html import escape
from pathlib import Path

import graphviz

from engine.errors import ServiceError

_SECONDS = 20
_REMEDY = "Install the wheel graphviz-pure, or the package graphviz of this machine."


def dot_to_svg(dot: str, *, title: str) -> str:
    """Return one `<svg>` element with `title` as its accessible name; no script, no style sheet, no outside font.

    Raises `ServiceError` when no Graphviz is there, or when it does not answer within 20 seconds.
    """
    program = _program()
    return _cleaned(_by_wheel(program, dot) if program else _by_machine(dot), title)


def _program() -> Path | None:
    """Find the program that the wheel graphviz-pure put beside Python's own."""
    name = shutil.which("graphviz-pure", path=sysconfig.get_path("scripts")) or shutil.which("graphviz-pure")
    return Path(name) if name else None


def _by_wheel(program: Path, dot: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program of the installation, with arguments that are ours
            [str(program), "-Kdot", "-Tsvg"], input=dot.encode(), capture_output=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        problem = f"the diagram could not be drawn ({type(error).__name__})."
        raise ServiceError(service="Graphviz", problem=problem, remedy=_REMEDY) from error
    return done.stdout.decode()


def _by_machine(dot: str) -> str:
    try:
        return str(graphviz.pipe_string("dot", "svg", dot, encoding="utf-8", quiet=True))
    except (graphviz.ExecutableNotFound, subprocess.SubprocessError) as error:
        problem = f"the diagram could not be drawn ({type(error).__name__})."
        raise ServiceError(service="Graphviz", problem=problem, remedy=_REMEDY) from error


def _cleaned(svg: str, title: str) -> str:
    """Keep the element alone, so that it can stand inside a page, and give it its name."""
    element = svg[svg.index("<svg") :]
    without_comments = re.sub(r"<!--.*?-->\n?", "", element, flags=re.DOTALL)
    named = re.sub(r"<title>cluster_([a-z0-9_]+)</title>", r"<title>\1</title>", without_comments)
    return named.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)
