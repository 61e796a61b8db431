"""The page of the command line: every command with what it does, its arguments and its options."""

from collections.abc import Iterator

from typer.core import TyperCommand, TyperGroup

from engine.cli.main import COMMANDS, load


def render_commands() -> str:
    """Return the page of all commands, in the order of `icmc --help`."""
    lines = [
        "# Every command",
        "",
        "Built from the commands themselves. [How they are used](../command-line.md) is told elsewhere.",
        "",
    ]
    for name in COMMANDS:
        lines += _command(load(name), f"icmc {name}")
    return "\n".join(lines) + "\n"


def _command(command: TyperCommand | TyperGroup, path: str) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        if command.invoke_without_command:
            yield from _section(command, path)
        for name, inner in command.commands.items():
            assert isinstance(inner, TyperCommand | TyperGroup)
            yield from _command(inner, f"{path} {name}")
    else:
        yield from _section(command, path)


def _section(command: TyperCommand | TyperGroup, path: str) -> Iterator[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    words = " ".join(piece for piece in command.collect_usage_pieces(context) if piece != "COMMAND [ARGS]...")
    yield from (f"## `{path}`", "", f"`{path} {words}`", "", " ".join((command.help or "").split()), "")
    rows = [
        record
        for one in command.get_params(context)
        if (record := one.get_help_record(context)) and "--help" not in record[0]
    ]
    if rows:
        yield from ("| | |", "|---|---|")
        for names, told in rows:
            yield f"| `{names.replace('|', ' or ')}` | {' '.join(told.split())} |"
        yield ""
