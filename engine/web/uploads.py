"""Read a posted form with one file as it arrives, so that a file is never wholly in memory nor on disk in the clear."""

import re
from collections.abc import AsyncIterator
from email.message import Message as MailMessage
from http import HTTPStatus
from typing import Final, NamedTuple

import anyio
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.core.files import LARGEST
from engine.errors import InvalidAnswersError
from engine.web.problems import asks_as_program, problem
from engine.web.security import LARGEST_BODY

LARGEST_UPLOAD: Final = LARGEST + 100_000
"""Bytes of a posted form with a file."""
PART_SECONDS: Final = 60.0
"""How long each part of what is sent may take to arrive: a line that hangs ends."""
_MOST_FIELDS: Final = 10
_UPLOADS: Final = re.compile(r"/cases/[^/]+/(files|diary)")


class FieldSent(NamedTuple):
    """A field of the form, whole."""

    name: str
    value: str


class FileBegins(NamedTuple):
    """The name of the file whose content comes now."""

    name: str


class FilePart(NamedTuple):
    """Some of the content of the file."""

    content: bytes


Sent = FieldSent | FileBegins | FilePart


class LimitBodies:
    """Refuse what is longer than a form may be; where files are added, longer than a form with a file may be."""

    def __init__(self, app: ASGIApp) -> None:
        self._forms = RequestBodyLimitMiddleware(app, max_body_size=LARGEST_BODY)
        self._uploads = RequestBodyLimitMiddleware(app, max_body_size=LARGEST_UPLOAD)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and asks_as_program(scope) and _is_longer(scope, LARGEST_BODY):
            await problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "")(scope, receive, send)
            return
        comes_in_parts = scope["type"] == "http" and is_upload(scope)
        await (self._uploads if comes_in_parts else self._forms)(scope, _in_time(receive), send)


def is_upload(scope: Scope) -> bool:
    """Whether a request sends a file, which is taken part by part as it comes."""
    is_there = scope["method"] == "POST" and _UPLOADS.fullmatch(scope["path"]) is not None
    return is_there and Headers(scope=scope).get("content-type", "").startswith("multipart/form-data")


def _is_longer(scope: Scope, most: int) -> bool:
    length = Headers(scope=scope).get("content-length", "")
    return length.isdecimal() and int(length) > most


def _in_time(receive: Receive) -> Receive:
    """Wait for each part of a body for so long and no longer; what comes after the body is waited for without end."""
    is_whole = False

    async def received() -> Message:
        nonlocal is_whole
        if is_whole:
            return await receive()
        try:
            with anyio.fail_after(PART_SECONDS):
                message = await receive()
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None
        is_whole = not message.get("more_body", False)
        return message

    return received


async def posted_parts(request: Request) -> AsyncIterator[Sent]:
    """Return fields and the file in the order in which they are sent; raises `InvalidAnswersError` for another body."""
    form = _Form(request.headers.get("content-type", ""))
    try:
        async for some in request.stream():
            form.parser.write(some)
            for sent in form.taken():
                yield sent
        form.parser.finalize()
    except FormParserError:
        raise InvalidAnswersError({"file": "The file did not arrive whole. Send it again."}) from None
    for sent in form.taken():
        yield sent


class _Form:
    """Turns what the parser calls back into fields and parts of the file."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise InvalidAnswersError({"file": "Choose a file."})
        self._sent: list[Sent] = []
        self._header = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._name, self._field, self._is_file, self._count, self._typed = "", bytearray(), False, 0, 0
        self.parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin, "on_header_field": self._on_header, "on_header_value": self._on_value,
                "on_header_end": self._header_ends, "on_headers_finished": self._headers_end,
                "on_part_data": self._data, "on_part_end": self._end,
            },
            max_size=LARGEST_UPLOAD,
        )  # fmt: skip

    def taken(self) -> list[Sent]:
        """Return what has come since this was asked last."""
        sent, self._sent = self._sent, []
        return sent

    def _begin(self) -> None:
        self._headers, self._header, self._value = {}, b"", b""
        self._field, self._is_file = bytearray(), False
        self._count += 1
        if self._count > _MOST_FIELDS:
            raise FormParserError("too many fields")

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        said = MailMessage()
        said["content-disposition"] = self._headers.get(b"content-disposition", b"").decode("utf-8", "replace")
        self._name = str(said.get_param("name", "", header="content-disposition"))
        file_name = said.get_param("filename", header="content-disposition")
        self._is_file = file_name is not None
        if self._is_file:
            self._sent.append(FileBegins(str(file_name)))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._sent.append(FilePart(data[start:end]))
            return
        self._typed += end - start
        if self._typed > LARGEST_BODY:
            raise FormParserError("fields too long")
        self._field += data[start:end]

    def _end(self) -> None:
        if not self._is_file:
            self._sent.append(FieldSent(self._name, bytes(self._field).decode("utf-8", "replace")))
