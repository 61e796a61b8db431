"""Write plain data as YAML that reads back the same."""

import json
import re

from engine.spec.yaml_nodes import NodeReader, Plain

_SIMPLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/%() -]*", re.ASCII)
_LONGEST_INLINE = 90


def render_inline(value: Plain) -> str:
    """Write a value on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case list():
            return f"[{', '.join(render_inline(item) for item in value)}]"
        case _:
            return f"{{{', '.join(f'{_text(key)}: {render_inline(item)}' for key, item in value.items())}}}"


def render_block(value: dict[str, Plain] | list[Plain], indent: int) -> str:
    """Write a mapping or a list on lines of their own; small inner ones stay on one line."""
    space = " " * indent
    lines: list[str] = []
    entries = (
        [(f"{_text(key)}:", item) for key, item in value.items()]
        if isinstance(value, dict)
        else [("-", item) for item in value]
    )
    for mark, item in entries:
        inline = render_inline(item)
        if isinstance(item, dict | list) and item and len(inline) > _LONGEST_INLINE:
            body = render_block(item, indent + 2)
            lines.append(f"{space}- {body.lstrip(' ')}" if mark == "-" else f"{space}{mark}\n{body}")
        else:
            lines.append(f"{space}{mark} {inline}")
    return "\n".join(lines)


def _text(text: str) -> str:
    if _SIMPLE.fullmatch(text) and text == text.strip() and _reads_as(text, text):
        return text
    if text.isprintable() and text:
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=False)


def _reads_as(written: str, text: str) -> bool:
    reader = NodeReader(f"k: [{written}]", "")
    reader.read()
    return reader.data == {"k": [text]} and not reader.findings
