"""The follow-ups of all steps of a kind as a form, whichever workflow or person adds such a step."""

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.datastructures import FormData

from engine.definitions.pages.follow_up_form import FollowUpEditor
from engine.definitions.pages.part_form import PartEditor, PartField, PartList
from engine.definitions.pages.question_form import Edit
from engine.language.editing import value_at
from engine.language.yaml_files import Path
from engine.web.languages import say


class KindEditor(PartEditor):
    """Shows what each step of a kind can bring later, and what the workflow changes of it."""

    kind, title = "follow_ups", "What all steps of a kind can bring later"
    is_named = False

    @property
    def is_there(self) -> bool:
        """Whether steps of the kind bring something."""
        return self._name in self._all()

    def listed(self) -> PartList:
        """Return all kinds of steps that bring something; they are not counted, for a workflow changes few."""
        return super().listed()._replace(is_counted=False)

    def _all(self) -> Mapping[str, Any]:
        said, types = self._workflow.follow_ups, self._catalogue.keys()
        found = (uses for uses in types if (info := self._catalogue.find(uses)) and info.follow_ups)
        return dict.fromkeys(sorted({*said, *found}, key=lambda one: (one not in said, self._words.type(one))))

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        for one in self._editor(self._name).forms(self._ladders, posted):
            yield PartField("brings", f"f-{one.name}-amount", one.title, brings=one)

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        return self._editor(self._name).problems(form)

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        return self._editor(self._name).edits(form, value_at(self._inherited, at) or {})

    def _said(self, name: str) -> str:
        changed = (f"“{self._words.brought(one, name)}”" for one in self._editor(name).own)
        names = ", ".join(dict.fromkeys(changed))
        return say("changed: {names}", names=names) if names else say("as usual")

    def _title(self, name: str) -> str:
        return say("Each “{title}”", title=self._words.type(name))

    def _editor(self, uses: str) -> FollowUpEditor:
        return FollowUpEditor(self._workflow, self._catalogue, self._words, uses)
