"""Texts of messages: which there are in a language, how each reads in all of them, and a draft that changes one."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Path, Query
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.definitions.actions.drafts import DefinitionDraft, open_draft
from engine.definitions.actions.publish import publishing
from engine.definitions.pages.drafting import answered, saved, worst_first
from engine.definitions.views import definitions
from engine.errors import InvalidAnswersError, NotFoundError
from engine.language.findings import has_errors
from engine.language.library import definitions_of
from engine.language.texts import MessageText
from engine.language.yaml_files import read_yaml
from engine.messages.templates import Rendered
from engine.messages.text_rules import sms_parts
from engine.people.records import MESSAGE_LANGUAGES
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[a-z][a-z_]{0,59}\.[a-z]{2,3}$")]
Language = Annotated[str, Query(pattern=r"^[a-z]{2,3}$")]
_MESSAGE: Final = "message"
_ENGLISH: Final = "en"
"""The language in which texts come that others follow; those of a release in the others wait for a native speaker."""


class Shown(NamedTuple):
    """A text as people look at it: `version` is 0 for that of the release, `words` None where it cannot be read.

    `is_set_aside` when a published text cannot be used, so that the release's, or the English one, is sent instead.
    """

    name: str
    text: str
    words: Rendered | None
    version: int
    is_proofread: bool
    is_set_aside: bool = False

    @property
    def kind(self) -> str:
        """What it tells of."""
        return self.name.partition(".")[0]

    @property
    def language(self) -> str:
        """The code of its language."""
        return self.name.partition(".")[2]

    @property
    def sms(self) -> str:
        """The whole text as it goes by SMS: the subject, then the rest."""
        return f"{self.words.subject}\n{self.words.body.strip()}" if self.words else ""

    @property
    def parts(self) -> int:
        """In how many parts an SMS of it goes."""
        return sms_parts(self.sms)


@router.get("/definitions/message")
def every_text(visit: SignedIn, language: Language = _ENGLISH) -> Response:
    """List every kind of message with the text that it has in a language."""
    texts = _Texts(visit)
    count = {one: sum(not shown.is_proofread for shown in texts.in_language(one)) for one in MESSAGE_LANGUAGES}
    known = {one.kind: one for one in texts.in_language(language)}
    return visit.page(
        "message-texts.html",
        title="Texts of messages",
        section="workflows",
        language=language,
        languages=count,
        groups=_grouped(visit, known),
    )


def _grouped(visit: Visit, known: Mapping[str, Shown]) -> dict[str, list[tuple[str, Shown | None]]]:
    """Part the kinds into those that name a case and those that do not, each with its text in a language."""
    renderer, about_cases = visit.engine.renderer, "case_number"
    groups: dict[str, list[tuple[str, Shown | None]]] = {"About a case": [], "About people, sign-in and the system": []}
    of_case, others = groups.values()
    for kind in renderer.kinds():
        (of_case if about_cases in renderer.names(kind) else others).append((kind, known.get(kind)))
    return groups


@router.get("/definitions/message/{name}")
def one_text(visit: SignedIn, name: Name) -> Response:
    """Show one kind of message in each language side by side, with invented values."""
    kind, _, language = name.partition(".")
    texts = _Texts(visit)
    found = [shown for one in dict.fromkeys((language, *MESSAGE_LANGUAGES)) if (shown := texts.of(f"{kind}.{one}"))]
    if kind not in visit.engine.renderer.kinds() or language not in MESSAGE_LANGUAGES:
        raise NotFoundError(kind="message")
    return visit.page(
        "message-text.html",
        title=f"Message {name}",
        section="workflows",
        name=name,
        kind=kind,
        language=language,
        texts=found,
        missing=[one for one in MESSAGE_LANGUAGES if one not in {shown.language for shown in found}],
        may_change=visit.may(publishing(_MESSAGE)),
    )


@router.get("/definitions/message/{name}/draft")
def draft(visit: SignedIn, name: Name) -> Response:
    """Show the viewer's draft of a text, or what is sent now, with what was found in it and how it reads."""
    return _draft_page(visit, _open(visit, name))


@router.post("/definitions/message/{name}/draft")
def draft_posted(visit: SignedIn, name: Name, form: Posted) -> Response:
    """Save the text, take that of the release again, undo what was saved last, discard the draft, or propose it."""
    known, here = _open(visit, name), f"/definitions/message/{name}/draft"
    return answered(
        visit, known, form, here=here, page=lambda again: _draft_page(visit, known, again=again),
        save=lambda: saved(visit, known, here, _posted(visit, name, form)),
    )  # fmt: skip


def _open(visit: Visit, name: str) -> DefinitionDraft:
    """Open the draft of a text; one that nobody has changed begins as that of the release."""
    kind, _, language = name.partition(".")
    if kind not in visit.engine.renderer.kinds() or language not in MESSAGE_LANGUAGES:
        raise NotFoundError(kind="message")
    begun_from = MessageText(message=name).as_source()
    return open_draft(visit.engine, _MESSAGE, name, viewer=visit.viewer, begun_from=begun_from, tell=say)


def _posted(visit: Visit, name: str, form: FormData) -> str:
    """Return the definition of what was posted; the text of the release, word for word, goes on following it.

    Raises `InvalidAnswersError` for one that cannot be kept at all, such as one that is too long.
    """
    of_release = text(form, "action") == "release"
    wanted, is_proofread = text(form, "text"), "proofread" in form and not of_release
    is_shipped = wanted == visit.engine.renderer.shipped(name).strip() and not is_proofread
    kept = "" if of_release or is_shipped else wanted
    source = MessageText.model_construct(message=name, version=1, text=kept, proofread=is_proofread).as_source()
    found = definitions_of([read_yaml(source, file="message.yaml")])
    if not found.messages:
        raise InvalidAnswersError({"text": next((one.message for one in found.findings), "Write a text.")})
    return source


def as_read(visit: Visit, name: str, source: str) -> Shown:
    """Return a text as its draft has it, to be looked at; without one of its own it is that of the release."""
    stored, renderer = _read(source), visit.engine.renderer
    written = (stored.text if stored else "") or renderer.shipped(name)
    return Shown(name, written, renderer.shown(name, written), 0, is_proofread=bool(stored and stored.proofread))


def _read(source: str) -> MessageText | None:
    return next(iter(definitions_of([read_yaml(source, file="message.yaml")]).messages.values()), None)


def _draft_page(visit: Visit, known: DefinitionDraft, *, again: Again = FIRST) -> Response:
    kind, _, language = known.name.partition(".")
    shown, shipped = as_read(visit, known.name, known.source), visit.engine.renderer.shipped(known.name)
    return visit.page(
        "message-draft.html",
        title=say("Draft of {name}", name=known.name),
        section="workflows",
        draft=known,
        kind=kind,
        language=language,
        change=known.change,
        findings=worst_first(known.findings),
        has_errors=has_errors(known.findings),
        written=again.typed.get("text", shown.text),
        is_proofread="proofread" in again.typed if again.typed else shown.is_proofread,
        shown=shown,
        shipped=shipped,
        english="" if language == _ENGLISH else _Texts(visit).of(f"{kind}.{_ENGLISH}"),
        names=sorted(visit.engine.renderer.names(kind)),
        follows=shown.text == shipped,
        again=again,
    )


class _Texts:
    """What is sent now of each kind in each language: what was published, else what came with the release."""

    def __init__(self, visit: Visit) -> None:
        self._renderer = visit.engine.renderer
        found = ((one, _read(one.source)) for one in visit.engine.ask_all(definitions, _MESSAGE))
        self._published = {one.name: (one, stored) for one, stored in found if stored and stored.text}

    def of(self, name: str) -> Shown | None:
        """Return the text of a kind in a language (`due_soon.hi`); None where there is none."""
        shipped, is_english = self._renderer.shipped(name), name.endswith(f".{_ENGLISH}")
        known = self._published.get(name)
        if known is None:
            return self._shown(name, shipped, 0, is_proofread=is_english) if shipped else None
        definition, stored = known
        if any(not one.is_doubt for one in self._renderer.problems(name, stored.text)):
            shown = self._shown(name, shipped or stored.text, 0, is_proofread=is_english)
            return shown._replace(is_set_aside=True)
        return self._shown(name, stored.text, definition.version, is_proofread=stored.proofread or is_english)

    def in_language(self, language: str) -> Iterator[Shown]:
        """Go through the texts that there are in a language."""
        return filter(None, (self.of(f"{kind}.{language}") for kind in self._renderer.kinds()))

    def _shown(self, name: str, source: str, version: int, *, is_proofread: bool) -> Shown:
        return Shown(name, source, self._renderer.shown(name, source), version, is_proofread)
