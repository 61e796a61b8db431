"""The document that describes the API (OpenAPI 3.1): every address, every answer, and the questions of a report."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from engine.api.gateways import META_SIGNATURE, SIGNATURE, TIMESTAMP, MessageBody, TakenAnswer
from engine.api.records import (
    CaseAnswer,
    CasesAnswer,
    HistoryAnswer,
    ReportAnswer,
    ReportBody,
    SentReportAnswer,
    WorkItemsAnswer,
    schema_of,
)
from engine.plugin.steps import StepType
from engine.web.problems import API, MEDIA_TYPE, ProblemDetails

_MODELS: Final[tuple[type[BaseModel], ...]] = (
    ReportBody, ReportAnswer, SentReportAnswer, MessageBody, TakenAnswer, CasesAnswer, CaseAnswer, HistoryAnswer,
    WorkItemsAnswer, ProblemDetails,
)  # fmt: skip
_REFS: Final = "#/components/schemas/{model}"
_NO: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.BAD_REQUEST: "The body is no JSON, or the host is not that of ICMC.",
    HTTPStatus.UNAUTHORIZED: "No key was sent, or one that does not count: revoked, over, or never made. Of a gateway:"
    " no key that counts has signed this, or it was signed more than five minutes ago.",
    HTTPStatus.FORBIDDEN: "The key is not for that, or not for that unit; or a browser sent this from another site.",
    HTTPStatus.NOT_FOUND: "There is no such thing, or this program cannot see it: both are answered alike.",
    HTTPStatus.CONFLICT: "The same Idempotency-Key, or the same id of a message, came before with other content; that"
    " was saved, and this was not.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too long.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not sent as application/json.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something does not fit: `errors` says where, by a pointer, and what.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests, or too many reports: wait `Retry-After` seconds.",
    HTTPStatus.SERVICE_UNAVAILABLE: "This cannot be done now: send it again, under the same Idempotency-Key.",
}
"""Why each answer that says no is given."""
_ALWAYS: Final = (
    HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)  # fmt: skip
_OF_A_BODY: Final = (
    HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY,
)  # fmt: skip
_SIGNED: Final = (
    f"`sha256=` and the HMAC-SHA-256 (hexadecimal) by the key of the gateway of: {TIMESTAMP}, a full stop, the body as"
    f" it is sent. WhatsApp signs the body alone, in `{META_SIGNATURE}`, by the app secret of Meta."
)
_ID: Final = "7c0a3f2e-9b1d-4f53-8f0e-0d6b7a5c1e21"
_REPORT: Final = {
    "answers": {
        "immediate_danger": False, "safe_to_call": True, "consent_to_record": "yes", "is_child_suspected": "no",
        "concern": "forced_labour", "narrative": "Six people are kept in a brick kiln.",
    }
}  # fmt: skip
_MESSAGE: Final = {
    "id": "sms-20260307-0001", "kind": "message", "from": "+910000000000", "at": "2026-03-07T13:10:00Z",
    "text": "My sister is kept in a house in the town.",
}  # fmt: skip
_ANSWER: Final = {
    "id": _ID, "case_number": "C-7KQ2-M4TD", "status": "received",
    "in_words": "The report has arrived, and someone will look at it.",
}  # fmt: skip


def document(report: StepType) -> dict[str, Any]:
    """Return the document; `report` is the step type whose questions a report answers."""
    _, known = models_json_schema([(model, "serialization") for model in _MODELS], ref_template=_REFS)
    schemas = dict(known["$defs"])
    schemas["ReportBody"]["properties"]["answers"] = {"$ref": _REFS.format(model="ReportAnswers")}
    schemas["ReportAnswers"] = schema_of(report)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ICMC", "version": "1", "summary": "Reports and messages in; where they and cases stand."},
        "servers": [{"url": API}],
        "security": [{"key": []}],
        "paths": _PATHS,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "The key of a program."},
                "signature": {"type": "apiKey", "in": "header", "name": SIGNATURE, "description": _SIGNED},
            },
            "responses": {str(status.value): _refusal(status) for status in _NO},
        },
    }


def _refusal(status: HTTPStatus) -> dict[str, Any]:
    headers = {
        HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": {"schema": {"enum": ["Bearer", "Signature"]}, "required": True}},
        HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}},
    }.get(status, {})
    content = {MEDIA_TYPE: {"schema": {"$ref": _REFS.format(model="ProblemDetails")}}}
    return {"description": _NO[status], "headers": headers, "content": content}


def _refusals(*statuses: HTTPStatus) -> dict[str, Any]:
    every = sorted({*_ALWAYS, *statuses})
    return {str(status.value): {"$ref": f"#/components/responses/{status.value}"} for status in every}


def _json(model: str, example: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFS.format(model=model)}, "example": example}}


def _found(model: str, example: Mapping[str, Any], *refusals: HTTPStatus) -> dict[str, Any]:
    return {"200": {"description": "It was found.", "content": _json(model, example)}, **_refusals(*refusals)}


_ONE: Final = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
_AFTER: Final = {
    "name": "after", "in": "query", "description": "`next` of the page before: what comes after it is listed.",
    "schema": {"type": "string", "format": "uuid"},
}  # fmt: skip
_AFTER_EVENT: Final = {
    "name": "after", "in": "query", "description": "`next` of the page before: what comes after it is listed.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
}  # fmt: skip
_LIMIT: Final = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}}
_OF_WHATSAPP: Final = {
    "mode": {"const": "subscribe"}, "verify_token": {"type": "string"},
    "challenge": {"type": "string", "pattern": "^[A-Za-z0-9_-]{0,200}$"},
}  # fmt: skip
_OF_A_PART: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
_AT, _DUE = "2026-03-07T13:10:00Z", "2026-03-08T13:10:00Z"
_OF_CASE: Final = {"id": _ID, "number": "C-7KQ2-M4TD", "status": "open", "unit": "Helpline", "opened_at": _AT}
_LINE: Final = {**_OF_CASE, "open_items": 2, "next_due_at": _DUE, "is_overdue": False}
_STEP: Final = {
    "id": _ID, "title": "Make a safety plan", "person_label": "Person 1", "status": "ready", "opened_at": _AT,
    "ended_at": None, "due_at": _DUE, "due_state": "running",
}  # fmt: skip
_CASE: Final = {
    **_OF_CASE, "jurisdiction": "IN-AS", "closed_at": None, "steps": [_STEP],
    "persons": [{"label": "Person 1", "role": "possible_victim"}],
}  # fmt: skip
_EVENT: Final = {"seq": 1, "at": _AT, "type": "CaseOpened", "text": "The case was opened."}
_ITEM: Final = {
    "id": _ID, "case_id": _ID, "case_number": "C-7KQ2-M4TD", "title": "Make a safety plan", "person_label": "Person 1",
    "status": "ready", "candidate_roles": ["caseworker"], "opened_at": _AT, "due_at": _DUE, "is_overdue": False,
}  # fmt: skip


_PATHS: Final[Mapping[str, Any]] = {
    "/reports": {
        "post": {
            "operationId": "sendReport",
            "summary": "Send a report: a case is opened, and gets a number",
            "description": "Sent again under the same Idempotency-Key it is the same case, and the same answer.",
            "parameters": [
                {
                    "name": "Idempotency-Key", "in": "header", "required": True, "example": _ID,
                    "description": "A UUID, a new one for each report, kept until the report was answered.",
                    "schema": {"type": "string", "format": "uuid"},
                },
            ],
            "requestBody": {"required": True, "content": _json("ReportBody", _REPORT)},
            "responses": {
                "201": {
                    "description": "The report was taken.",
                    "headers": {"Location": {"schema": {"type": "string"}, "description": "Where its status is."}},
                    "content": _json("SentReportAnswer", {**_ANSWER, "receipt_code": "AB12C-3DE45"}),
                    "links": {"status": {"operationId": "askReport", "parameters": {"id": "$response.body#/id"}}},
                },
                **_refusals(*_OF_A_BODY),
            },
        },
    },
    "/reports/{id}": {
        "get": {
            "operationId": "askReport",
            "summary": "Ask how far a report is that the same program sent",
            "parameters": [_ONE],
            "responses": _found("ReportAnswer", _ANSWER, HTTPStatus.NOT_FOUND),
        },
    },
    "/gateways/{id}": {
        "post": {
            "operationId": "bringMessage",
            "summary": "Bring a text message or a missed call, as a gateway",
            "description": "It opens a case, or is added to the open case to which the same number wrote within seven"
            " days. The same id is taken once, and answered alike. The webhook of WhatsApp posts here in its own form.",
            "security": [{"signature": []}],
            "parameters": [
                _ONE,
                {
                    "name": TIMESTAMP, "in": "header", "schema": {"type": "string", "pattern": "^[0-9]{1,12}$"},
                    "description": "When it was signed: seconds since 1970, at most five minutes from ours.",
                },
            ],
            "requestBody": {"required": True, "content": _json("MessageBody", _MESSAGE)},
            "responses": {
                "200": {"description": "It was taken, now or before.", "content": _json("TakenAnswer", {"taken": 1})},
                **_refusals(*_OF_A_BODY),
            },
        },
        "get": {
            "operationId": "confirmGateway",
            "summary": "Confirm to WhatsApp that this is the address of a gateway",
            "security": [],
            "parameters": [
                _ONE,
                *(
                    {"name": f"hub.{name}", "in": "query", "required": True, "schema": schema}
                    for name, schema in _OF_WHATSAPP.items()
                ),
            ],
            "responses": {
                "200": {
                    "description": "`hub.challenge`, where `hub.verify_token` is the key of the gateway.",
                    "content": {"text/plain": {"schema": {"type": "string"}}},
                },
                **_refusals(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
            },
        },
    },
    "/cases": {
        "get": {
            "operationId": "listCases",
            "summary": "List the cases of the program's units, in the order in which they were opened",
            "parameters": [_AFTER, _LIMIT],
            "responses": _found("CasesAnswer", {"cases": [_LINE], "next": None}, HTTPStatus.UNPROCESSABLE_ENTITY),
        },
    },
    "/cases/{id}": {
        "get": {
            "operationId": "readCase",
            "summary": "Read where a case of the program's units stands",
            "parameters": [_ONE],
            "responses": _found("CaseAnswer", _CASE, HTTPStatus.NOT_FOUND),
        },
    },
    "/cases/{id}/history": {
        "get": {
            "operationId": "readHistory",
            "summary": "Read what was done in a case of the program's units",
            "parameters": [_ONE, _AFTER_EVENT, _LIMIT],
            "responses": _found("HistoryAnswer", {"events": [_EVENT], "next": None}, *_OF_A_PART),
        },
    },
    "/work-items": {
        "get": {
            "operationId": "listWork",
            "summary": "List the open work of these cases, in the order in which it came",
            "parameters": [_AFTER, _LIMIT],
            "responses": _found(
                "WorkItemsAnswer", {"work_items": [_ITEM], "next": None}, HTTPStatus.UNPROCESSABLE_ENTITY
            ),
        },
    },
    "/openapi.json": {
        "get": {
            "operationId": "describe",
            "summary": "This document, with the questions as this installation asks them",
            "responses": {
                "200": {"description": "It.", "content": {"application/json": {"schema": {"type": "object"}}}},
                **_refusals(),
            },
        },
    },
}  # fmt: skip
