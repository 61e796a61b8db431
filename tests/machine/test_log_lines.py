"""The log names what happened by its ids, and shows nothing that anyone wrote."""

import io
import logging
import sys

import pytest

from engine.log_lines import log_in_lines


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    ours = logging.getLogger("engine")
    monkeypatch.setattr(ours, "handlers", ours.handlers)
    monkeypatch.setattr(ours, "propagate", ours.propagate)
    monkeypatch.setattr(sys, "stderr", written)
    log_in_lines()
    return written


def test_a_line_has_the_number_that_a_page_gives_and_the_place(log: io.StringIO) -> None:
    logging.getLogger("engine.web.security").error(
        "request_failed", extra={"failure": "1a2b3c4d", "error": "KeyError", "where": "items.py:12 < app.py:3"}
    )
    assert log.getvalue().endswith(
        "ERROR request_failed error=KeyError failure=1a2b3c4d where=items.py:12 < app.py:3\n"
    )


def test_no_traceback_and_no_second_line_is_written(log: io.StringIO) -> None:
    try:
        int("the name of a child")
    except ValueError:
        logging.getLogger("engine.work.actions").exception("broke", extra={"item_id": "7\nERROR forged"})
    assert "name of a child" not in log.getvalue()
    assert log.getvalue().count("\n") == 1
