"""Words of papers: which papers there are, how each reads and is printed, and a draft that changes its words."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from engine.definitions.actions.drafts import DefinitionDraft, open_draft
from engine.definitions.actions.proposals import proposed_changes
from engine.definitions.actions.publish import publishing
from engine.definitions.pages.drafting import answered, saved
from engine.definitions.views import definitions
from engine.documents.actions.papers import PLACES, makers, specimen
from engine.documents.records import PaperPart, PaperWords
from engine.errors import NotFoundError
from engine.language.findings import has_errors
from engine.language.library import definitions_of
from engine.language.texts import LONGEST, PaperText, ReplacedWords, replaced
from engine.language.yaml_files import read_yaml
from engine.messages.text_rules import TextProblem
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import FIRST, Again, fitting, text
from engine.web.security import PAPER_POLICY
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
Of = Annotated[Literal["now", "release", "draft"], Query()]
Place = Annotated[str, Query(pattern=f"^({'|'.join(PLACES)})$")]
Form = Annotated[Literal["html", "pdf"], Query()]
_DOCUMENT: Final = "document"
_LETTERS: Final = "Letters to other bodies"
_SEVERAL: Final = frozenset({PaperPart.PARAGRAPH, PaperPart.ITEM})


class PaperShown(NamedTuple):
    """A paper in the list: `version` is 0 for the words of the release; `changed` counts those that differ from them.

    `set_aside` counts published words that cannot be used, so that the release's are printed instead.
    """

    name: str
    title: str
    made_by: tuple[str, ...]
    version: int
    changed: int
    set_aside: int


class WordsShown(NamedTuple):
    """Words of a paper: as the release has them, and as they are printed or are to be; with what was found."""

    id: str
    words: PaperWords
    text: str
    problems: tuple[TextProblem, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether other words than the release's are to be printed."""
        return self.text != self.words.release

    @property
    def takes_lines(self) -> bool:
        """Whether more paragraphs can be made of it."""
        return self.words.part in _SEVERAL


@router.get("/definitions/document")
def every_paper(visit: SignedIn) -> Response:
    """List every paper with where its words come from, by the pillar that makes it."""
    published = {one.name: (one.version, _read(one.source)) for one in visit.engine.ask_all(definitions, _DOCUMENT)}
    groups: dict[str, list[PaperShown]] = {}
    for name in visit.engine.papers.names():
        version, texts = published.get(name, (0, {}))
        shown = _paper(visit, name, version, texts)
        groups.setdefault(_pillar(visit, name), []).append(shown)
    ordered = {title: sorted(groups[title], key=lambda one: one.title) for title in sorted(groups)}
    return visit.page("paper-texts.html", title="Words of papers", section="workflows", groups=ordered)


@router.get("/definitions/document/{name}")
def one_paper(visit: SignedIn, name: Name) -> Response:
    """Show all words of a paper in their order, with those of the release beside what was changed."""
    _require(visit, name)
    runs = next((one for one in visit.engine.ask_all(definitions, _DOCUMENT) if one.name == name), None)
    texts = _read(runs.source) if runs else {}
    return visit.page(
        "paper-text.html",
        title=say("Words of {name}", name=_title(visit, name)),
        section="workflows",
        paper=_paper(visit, name, runs.version if runs else 0, texts),
        words=[*_shown(visit, name, texts)],
        places=PLACES,
        may_change=visit.may(publishing(_DOCUMENT)),
    )


@router.get("/definitions/document/{name}/preview")
def preview(
    visit: SignedIn, name: Name, of: Of = "now", place: Place = "IN", form: Form = "html", proposal: UUID | None = None
) -> Response:
    """Show a paper as it is printed, with invented values: as it is now, in a draft, a proposal or the release."""
    _require(visit, name)
    published = {**visit.engine.library().papers}
    if proposal is not None:
        changes = proposed_changes(visit.engine, proposal, viewer=visit.viewer, tell=say)
        published |= {one.name: _read(one.source) for one in changes if one.kind == _DOCUMENT}
    elif of != "now":
        published[name] = _read(_open(visit, name).source) if of == "draft" else {}
    html = specimen(visit.engine, name, place=place, published=published)
    if form == "html":
        return HTMLResponse(html, headers={"Content-Security-Policy": PAPER_POLICY})
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return Response(visit.engine.printer.pdf(html), media_type="application/pdf", headers=headers)


@router.get("/definitions/document/{name}/draft")
def draft(visit: SignedIn, name: Name) -> Response:
    """Show the viewer's draft of the words of a paper, or those that are printed now, with what was found in them."""
    return _draft_page(visit, _open(visit, name))


@router.post("/definitions/document/{name}/draft")
def draft_posted(visit: SignedIn, name: Name, form: Posted) -> Response:
    """Save the words, take those of the release again, undo what was saved last, discard the draft, or propose it."""
    known, here = _open(visit, name), f"/definitions/document/{name}/draft"
    return answered(
        visit, known, form, here=here, page=lambda again: _draft_page(visit, known, again=again),
        save=lambda: saved(visit, known, here, _posted(visit, known, form)),
    )  # fmt: skip


def _require(visit: Visit, name: str) -> None:
    if name not in visit.engine.papers.names():
        raise NotFoundError(kind="paper")


def _open(visit: Visit, name: str) -> DefinitionDraft:
    """Open the draft of a paper; one that nobody has changed begins as that of the release."""
    _require(visit, name)
    begun_from = PaperText(document=name).as_source()
    return open_draft(visit.engine, _DOCUMENT, name, viewer=visit.viewer, begun_from=begun_from, tell=say)


def _posted(visit: Visit, known: DefinitionDraft, form: FormData) -> str:
    """Return the definition of what was posted: what is word for word the release's goes on following it."""
    shown = [*_shown(visit, known.name, _read(known.source))]
    wanted = (
        {} if text(form, "action") == "release" else fitting(form, {one.id: LONGEST for one in shown if one.id in form})
    )
    texts = []
    for one in shown:
        said = _tidy(wanted.get(one.id, one.words.release), one)
        if said != one.words.release:
            texts.append(ReplacedWords(release=one.words.release, text=said))
    return PaperText(document=known.name, texts=tuple(texts)).as_source()


def _tidy(said: str, one: WordsShown) -> str:
    """Return words without blanks that nobody sees; each line of them is a paragraph, where there can be several."""
    lines = [" ".join(line.split()) for line in said.split("\n")]
    return ("\n" if one.takes_lines else " ").join(line for line in lines if line)


def _read(source: str) -> dict[str, str]:
    found = definitions_of([read_yaml(source, file="document.yaml")]).documents.values()
    return {key: value for one in found for key, value in replaced(one.model_dump()).items()}


def _shown(visit: Visit, name: str, texts: Mapping[str, str]) -> Iterator[WordsShown]:
    papers = visit.engine.papers
    for words in papers.words(name):
        id_, said = f"w{hashlib.sha256(words.release.encode()).hexdigest()[:12]}", texts.get(words.release)
        problems = () if said is None else tuple(papers.problems(name, words.release, said))
        yield WordsShown(id_, words, words.release if said is None else said, problems)


def _paper(visit: Visit, name: str, version: int, texts: Mapping[str, str]) -> PaperShown:
    problems = (visit.engine.papers.problems(name, release, said) for release, said in texts.items())
    set_aside = sum(not all(one.is_doubt for one in some) for some in problems)
    made_by = tuple(one.title for one in makers(visit.engine, name))
    return PaperShown(name, _title(visit, name), made_by, version if texts else 0, len(texts), set_aside)


def _title(visit: Visit, name: str) -> str:
    """Return what people call a paper: the name under which a step makes it, else its own heading."""
    documents = (one for made in makers(visit.engine, name) for one in made.documents if one.name == name)
    return next((one.title for one in documents), visit.engine.papers.words(name)[0].release)


def _pillar(visit: Visit, name: str) -> str:
    made = makers(visit.engine, name)
    installed = (one.pillar for one in visit.engine.registry.installed)
    return next((one.name for one in installed if made and made[0] in one.step_types), _LETTERS)


def _draft_page(visit: Visit, known: DefinitionDraft, *, again: Again = FIRST) -> Response:
    words = [*_shown(visit, known.name, _read(known.source))]
    return visit.page(
        "paper-draft.html",
        title=say("Draft of {name}", name=known.name),
        section="workflows",
        draft=known,
        title_of=_title(visit, known.name),
        change=known.change,
        has_errors=has_errors(known.findings),
        findings=known.findings,
        sentences=[one for one in words if one.words.part not in _NAMES],
        labels=[one for one in words if one.words.part in _NAMES],
        typed=again.typed,
        places=PLACES,
        again=again,
    )


_NAMES: Final = frozenset({PaperPart.LABEL, PaperPart.SIGNATURE})
