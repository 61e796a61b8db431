"""What a parser's complaint means, in plain words."""

from ruamel.yaml.error import MarkedYAMLError

_MEANINGS = (
    ("mapping values are not allowed", "a colon does not fit here: put the text in quotes, or check the indentation"),
    ("could not find expected ':'", "this line needs a colon after its key, or quotes around its text"),
    ("expected ',' or '}'", "a comma or the closing } is missing"),
    ("expected ',' or ']'", "a comma or the closing ] is missing"),
    ("expected <block end>", "this line is not indented like the lines it belongs to"),
    ("did not find expected", "this line is not indented like the lines it belongs to"),
    ("unexpected end of stream", "a quote that was opened is never closed"),
    ("unexpected document separator", "a quote that was opened is never closed"),
    ("block sequence entries are not allowed", "a dash does not fit here: begin a list on a line of its own"),
    ("that cannot start any token", "this character cannot begin a value: put the text in quotes"),
    ("unknown escape character", "this escape does not exist: use single quotes to write a \\ as it is"),
    ("undefined alias", "an alias (*) stands here: write the value out"),
    ("duplicate anchor", "an anchor (&) stands here: write values out where they are used"),
    ("undefined tag handle", "a tag (!) stands here: take it out"),
)


def syntax_problem(error: MarkedYAMLError) -> tuple[int, int, str]:
    """Return line and column (from 1) of a parser's complaint, and a sentence that says what it means."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = f"{error.problem or ''} {error.context or ''}"
    for complaint, meaning in _MEANINGS:
        if complaint in said:
            return line, column, f"The YAML cannot be read: {meaning}."
    words = " ".join((error.problem or "it breaks off here").split())[:120]
    return line, column, f"The YAML cannot be read: {words}."
