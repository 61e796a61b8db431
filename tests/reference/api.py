"""Write the reference of the API, as Markdown, from the document that describes it."""

from collections.abc import Iterator, Mapping
from typing import Any

_HEAD = """\
# The API

What programs send and ask with a key, made from the document that each installation gives them
(`openapi.json` beside this page is the same). How to get a key and begin is told in
[Send reports from another program, and read where cases stand](../../how-to/report-by-api.md).

Every address wants `Authorization: Bearer KEY`. Every refusal is `application/problem+json` (RFC 9457).
"""


def render_api(described: Mapping[str, Any]) -> str:
    """Return the page."""
    lines = [_HEAD]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            lines += [
                f"## `{method.upper()} {described['servers'][0]['url']}{path}`",
                "",
                f"{operation['summary']}.",
                "",
            ]
            lines += [*_answers(operation, described["components"]["responses"]), ""]
    lines += [*_questions(described["components"]["schemas"]["ReportAnswers"])]
    return "\n".join(lines).rstrip() + "\n"


def _answers(operation: Mapping[str, Any], refusals: Mapping[str, Any]) -> Iterator[str]:
    yield "| Status | Means |"
    yield "|---|---|"
    for status, answer in sorted(operation["responses"].items()):
        yield f"| {status} | {refusals.get(status, answer)['description']} |"


def _questions(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## The answers of a report", "", schema["description"], "", "| Name | Question | |", "|---|---|---|")
    for name, question in schema["properties"].items():
        needed = "needed" if name in schema["required"] else ""
        yield f"| `{name}` | {question.get('title', '')} {question.get('description', '')} | {needed} |"
