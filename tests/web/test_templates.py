"""Every template renders: with everything that its views can hold, and with as little as they may."""

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from engine.access.records import AccessView
from engine.approvals.actions.approvals import HANDLERS
from engine.approvals.records import WaitingView
from engine.cases.actions.public import Progress, Puzzle, Receipt, Reply, Returned
from engine.cases.records import SavedFilter
from engine.core.library import Library
from engine.core.policy import View, Viewer
from engine.core.records import PersonRole
from engine.course.actions.moving import MovePreview
from engine.course.pages.course import REOPEN, START
from engine.course.records import BulkMove, BulkPlan
from engine.deadlines.records import (
    AskedView,
    DeadlineView,
    DelayLine,
    ExplanationView,
    ExtensionView,
    LateView,
    LinkView,
    PlannedView,
    StretchView,
)
from engine.definitions.actions.days import CalendarDay, MonthDay
from engine.definitions.actions.drafts import DefinitionDraft
from engine.definitions.actions.proposals import Change
from engine.definitions.pages.calendar_form import DayForm, _fields
from engine.definitions.pages.ladders import level_form
from engine.definitions.pages.message_texts import Shown
from engine.definitions.pages.paper_texts import PaperShown, WordsShown
from engine.definitions.pages.part_form import PartList
from engine.definitions.pages.part_kinds import EDITORS
from engine.definitions.pages.rotas import _form
from engine.definitions.pages.rule_form import ConditionChoice
from engine.definitions.pages.simulating import CASES, StaffForm, lost, sections
from engine.definitions.pages.step_form import StepEditor
from engine.definitions.pages.studio import WholeForm
from engine.definitions.pages.workflows import numbered
from engine.definitions.records import DefinitionView, LawExplanationView, PointsToView, PreviewView, RetirementView
from engine.definitions.rehearsed import (
    AlertBudget,
    ComparedSoFar,
    ComparisonAsked,
    Figures,
    Load,
    Rehearsed,
    RoleLoad,
    Staff,
    VersionsCompared,
)
from engine.documents.records import PaperPart, PaperWords
from engine.language.calendars import Calendar
from engine.language.changes import ChangeSentence
from engine.language.diagram import draw
from engine.language.editing import Difference
from engine.language.extends import assemble
from engine.language.findings import Finding
from engine.language.ladders import Level
from engine.language.lanes import LaneView, in_lanes, step_in_words
from engine.language.rotas import Turn
from engine.language.yaml_files import read_yaml
from engine.messages.records import (
    ChannelView,
    ContactView,
    DeadLetterView,
    MailView,
    NoticeView,
    OfferView,
    Preference,
    SentView,
)
from engine.messages.templates import Rendered
from engine.messages.text_rules import TextProblem
from engine.numbers.charts import columns
from engine.overview.pages.board import run_links
from engine.overview.pages.glance import LateLine, SafetyLine, ledger_by_step, tabs_of, time_line
from engine.overview.pages.plan import DeclaredFact, Offer, OfferGroup, lane_groups
from engine.overview.records import (
    BoardView,
    CaseLine,
    CaseView,
    DiaryView,
    EventView,
    JobView,
    NewsView,
    RunView,
    StepView,
)
from engine.people.pages.people import Door, Group, Someone
from engine.people.records import AbsenceView, ActorView, MemberView, RotaDay, ShiftView, UnitView
from engine.persons.records import CaseLinkView, CasePersonView, FoundPeople, PersonPageView, PersonRoleView
from engine.plugin.registry import RegistryCatalogue
from engine.sharing.pages.partners import NoticeGroup
from engine.web.forms import Item, TypedText, controls, laid_out
from engine.web.pages import environment, render
from engine.web.visit import NavigationLink
from engine.web.words import FormChoice
from engine.work.pages.worklist import DueGroup, Whose, WorkPart
from engine.work.records import (
    AnswerView,
    FileView,
    FollowedView,
    FormView,
    MovableItem,
    ProposedView,
    WorkCounts,
    WorkItemView,
)
from tests.kit.shipped import registry
from tests.web.contexts import (
    account_contexts,
    audit_contexts,
    hub_contexts,
    law_contexts,
    number_contexts,
    sharing_contexts,
)
from tests.web.keeping_contexts import keeping_contexts

NOW = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
ID = UUID(int=7)
NASTY = "<b>&\"'"
_WORDS = {"kind": "text", "status": "open", "state": "overdue", "zone": "Asia/Kathmandu", "pillar": "rescue",
          "shown_when": "", "link": "/items/7", "force": "advisory", "month": "2026-03"}  # fmt: skip
EFFECTS = ("would_breach", "stays_breached", "moves", "told_at_another_time", "begins", "ends")
POINTS = (
    ("w:80%", "warning", "passed_over"), ("w:due", "warning", "fired"), ("breach", "breach", "fired"),
    ("l:1", "level", "fired"), ("l:2.2", "level", "planned"),
)  # fmt: skip
MAY = ("acknowledge", "reveal", "pause", "resume", "ask", "answer", "owner")


def made(kind: Any, *, full: bool, name: str = "") -> Any:
    """Make a value of a type: as much as it can hold, or as little."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        return made(next(a for a in arguments if a is not type(None)), full=full, name=name) if full else None
    if origin is tuple:
        return (made(arguments[0], full=full, name=name),) if full else ()
    if origin is not None and issubclass(origin, Mapping):
        return {"key": made(arguments[1], full=full)} if full else {}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {key: made(info.annotation, full=full, name=key) for key, info in kind.model_fields.items()}
        return kind.model_validate(fields)
    simple = {str: _WORDS.get(name, NASTY if full else ""), bool: full, int: 3 if full else 0, UUID: ID, datetime: NOW,
              timedelta: timedelta(seconds=9), date: NOW.date(), float: 3.5 if full else 0.0}  # fmt: skip
    return simple.get(kind, NASTY)


RUNG = Level.model_validate(
    {
        "level": 1,
        "after": "PT1H30M",
        "to": {
            "law_route": NASTY,
            "letter": "escalation-letter",
            "released_by": "supervisor",
            "release_within": "PT1H30M",
        },
    }
)
RULES = ("title", "hours_since", "note", "ticks", "owners")
OFFICE = Calendar.model_validate(
    {
        "calendar": "IN",
        "title": NASTY,
        "zone": "Asia/Kolkata",
        "weekend": ["2nd sat"],
        "hours_by_weekday": {"fri": "09:00-12:00"},
        "weekend_source": NASTY,
    }
)
STRIKE = DayForm("holidays-0", "not_holidays", NOW.date(), NASTY, NASTY, NASTY)


def contexts(*, full: bool) -> dict[str, dict[str, Any]]:
    """Return what each template needs."""

    def view(kind: type[View]) -> Any:
        return made(kind, full=full)

    def some(value: Any) -> Any:
        return (value,) if full else ()

    case, item, form, definition = view(CaseView), view(WorkItemView), view(FormView), view(DefinitionView)
    step, job = view(StepView), view(JobView)
    deadline = view(DeadlineView).model_copy(update={"force": "binding" if full else "target"})
    preview = view(PreviewView)
    if full:
        preview = preview.model_copy(
            update={"lines": tuple(preview.lines[0].model_copy(update={"effect": effect}) for effect in EFFECTS)}
        )
    errors, problems = ({"to": NASTY, "until": NASTY} if full else {}), some(("#to", NASTY))
    typed = {"errors": errors, "problems": problems, "typed": {"channel": NASTY} if full else {}, "command_id": ID}
    picks = some(Item("no", NASTY, checked=full))
    upload = {"endings": "pdf", "accept": ".pdf", "largest": 25, "kinds": picks, "child_label": NASTY,
              "child_choices": picks}  # fmt: skip
    someone, shift, offer = view(ActorView), view(ShiftView), view(OfferView)
    asked = view(ExtensionView).model_copy(update={"state": "asked"})
    points = [
        view(PlannedView).model_copy(update={"name": name, "kind": kind, "state": state})
        for name, kind, state in POINTS
    ]
    why = view(ExplanationView).model_copy(
        update={
            "planned": tuple(points) if full else (),
            "deadline": deadline.model_copy(update={"extensions": (*deadline.extensions, asked) if full else ()}),
        }
    )
    shown = controls(form.fields, zone="Asia/Kathmandu", now=NOW, errors={"name": NASTY})
    changes = {
        "case": case, "errors": {"uses": NASTY} if full else {}, "problems": some(("#uses", NASTY)), "typed": {},
        "command_id": ID, "limits": {"": "usual"}, "foreseen": some(Offer("a:b", NASTY, NASTY)), "roles": (),
        "facts": tuple(DeclaredFact(k, NASTY, k, (("x", NASTY),), "") for k in ("bool", "choice", "number", "instant"))
        if full else (), "offered": some(OfferGroup(NASTY, (Offer("x.y", NASTY, NASTY),))), "step_id": ID,
        "step_title": NASTY, "names": (Offer("a", "A"), Offer("b", "B")) if full else (Offer("journey", "Journey"),),
    }  # fmt: skip
    link = view(CaseLinkView)
    roles_of_link = ("is_merged", "is_into", "is_asked", "none")
    links = [link.model_copy(update={name: name == one for name in roles_of_link[:3]}) for one in roles_of_link] * full
    strip = view(LateView)
    late = some(strip.model_copy(update={"calls": tuple(
        call.model_copy(update={"id": UUID(int=number), "ended": ended})
        for call in strip.calls for number, ended in enumerate((None, "reached"))
    )}))  # fmt: skip
    one_item = {
        "view": form, "item": item, "layout": laid_out(form.fields, shown if full else ()), "revision": 1,
        "command_id": ID, "beside": dict.fromkeys(("happened_at", "late_reason", "reason", "outcome"), ""),
        "errors": {"reason": NASTY, "outcome": NASTY} if full else {}, "problems": some(("#reason", NASTY)),
        "is_others": False, "may_give": full, "colleagues": some(view(ActorView)), "has_appointment": full,
        "proposed": view(ProposedView) if full else None, "may_delegate": full,
        "late_reasons": some(NASTY), "late": late, "may_reveal": full,
    }  # fmt: skip
    tabs = tabs_of(case)
    of_case = {
        "case": case, "tabs": tabs, "tab": tabs[-1], "command_id": ID,
        "safety": some(SafetyLine(NASTY, NASTY, NASTY, not full, NOW, step)),
    }  # fmt: skip
    late_ones = some(LateLine(deadline, (NASTY,), NOW, late[0])) if full else ()
    svg = f'<?xml version="1.0"?><svg><text>{"x" if full else ""}</text></svg>'
    found = some(Finding("f.yaml", 1, 1, "code", NASTY))
    lines, said = some(Difference(NASTY, NASTY, "", True)), some(ChangeSentence(NASTY, is_loss=True))
    title = json.dumps(NASTY)
    step_text = f"{{uses: core.note, title: {title}, time: {{limit: P1D}}}}"
    text = f"workflow: w\nversion: 1\ntitle: {title}\nsteps:\n  a: {step_text}\n"
    loaded = assemble(read_yaml(text, file="w.yaml"), library=lambda _: None)
    drawn = loaded.workflow
    assert drawn is not None
    other = drawn.model_copy(update={"steps": {"b": drawn.steps["a"]}})
    compared_lanes = in_lanes(drawn, before=other)
    catalogue = RegistryCatalogue(registry())
    lanes, editor = in_lanes(drawn, chosen="a"), StepEditor(loaded, drawn, catalogue, "a")
    change = Change("ladder", NASTY, 2, 1, NASTY, NASTY, lines, said, NASTY)
    paper = PaperShown(NASTY, NASTY, some(NASTY), int(full), int(full), int(full))
    words = WordsShown("w", PaperWords(NASTY, PaperPart.PARAGRAPH, (NASTY,), (NASTY,)), NASTY * 2,
                       (TextProblem(1, NASTY),) if full else ())  # fmt: skip
    duty = Turn.model_validate({"days": ["mon"], "from": "18:00", "until": "08:00", "who": ["b@x.org"]})
    reads = Shown("late.hi", NASTY, Rendered(NASTY, NASTY, ""), 1, is_proofread=not full, is_set_aside=full)
    draft = DefinitionDraft(
        "workflow",
        "w",
        text,
        1 if full else 0,
        NOW if full else None,
        full,
        some(NASTY),
        loaded,
        {},
        change if full else None,
        found,
    )
    one = Figures(
        1,
        9,
        8,
        2.0,
        {"a": 1, NASTY: 2},
        {"a": 1},
        {"a": 1.0},
        {"supervisor": 0.1},
        ("a",),
        {"a": 2.0},
        {"supervisor": RoleLoad(3, 1.5, 9, 0.5)},
        AlertBudget(NASTY, 200, *[Load(0.5, 2, 3, "caseworker 1")] * 3, {}) if full else None,
    )
    compared = VersionsCompared(replace(one, late={}, step_days={"a": 2.0}, never=()), one)
    return {
        "sign-in.html": {"email": NASTY, "problem": NASTY if full else "", "next_path": "/",
                         "groups": some(Group(NASTY, (Someone(ID, NASTY, NASTY, NASTY),),
                                              ((Door(NASTY, NASTY, "/"), ID),)))},
        "home.html": {"counts": view(WorkCounts), "cases": 1, "unread": 1, "may_report": full,
                      "may_work": full, "may_see": full, "may_publish": full, "may_see_board": full},
        "worklist-papers.html": {"items": some(item.model_copy(update={"due_at": NOW})),
                                 "forms": {NASTY: NASTY} if full else {}},
        "paper-forms.html": {"groups": some((NASTY, some(types.SimpleNamespace(key="rescue.plan", title=NASTY))))},
        "calls.html": {"case": case, "step": step, "late": late, "may_ring": full, "may_reveal": full,
                       "errors": {"outcome": NASTY, "words": NASTY} if full else {}, "problems": problems,
                       "typed": {"words": NASTY} if full else {}, "command_id": ID},
        "worklist.html": {"late": {ID: late[0]} if full else {}, "late_elsewhere": late,
                          "work": [WorkPart(one, some(item), {DueGroup.LATE: 9, DueGroup.ALL: 9}, 1) for one in Whose],
                          "due": None if full else DueGroup.LATE, "is_cut": full, "command_id": ID, "may_lead": full,
                          "page": 1 + full,
                          "counts": view(WorkCounts), "on_call": some(shift), "offers": some(view(OfferView)),
                          "asked": some(view(AskedView).model_copy(update={"deadline": why.deadline}))},
        "team.html": {"of": NASTY, "giver": someone if full else None, "takers": (ID,) if full else (),
                      "people": some(someone), "names": {ID: NASTY}, "items": some(MovableItem(item, (ID,), ID)),
                      "count": 9, "shifts": some((shift, ID)), "problem": NASTY if full else "", "command_id": ID,
                      "stayed": some(NASTY)},
        "report.html": {"problems": some(("#x", NASTY)), "command_id": ID, "before": shown, "words": shown,
                        "units": ((ID, NASTY), (ID, NASTY)) if full else (), "unit_id": None},
        "saved.html": {"case": case, "item": item if full else None, "receipt": NASTY if full else "",
                       "progress_address": NASTY, "who": "theirs" if full else "", "is_kept": full},
        "tell.html": {"problems": some(("#x", NASTY)), "refused": NASTY if full else "", "command_id": ID,
                      "questions": shown, "puzzle": Puzzle(NASTY, NASTY) if full else None,
                      "puzzle_error": NASTY if full else ""},
        "tell-off.html": {},
        "reported.html": {"receipt": Receipt(NASTY, NASTY), "is_kept": full},
        "progress.html": {
            "found": Returned(Progress.CLOSED, (Reply(NOW, NASTY),), may_add=True, has_added=True) if full else None,
            "number": NASTY, "code": NASTY, "is_wrong": not full, "words": NASTY, "problem": NASTY if full else "",
            "command_id": ID,
        },
        "item.html": one_item,
        "approval.html": one_item,
        "item-over.html": {"item": item},
        "done.html": {"item": item, "followed": view(FollowedView).model_copy(
            update={"next": item if full else None, "is_closed": not full} | ({} if full else dict.fromkeys(
                ("opened", "by_itself", "later", "called_off"), ())))},
        "conflict.html": {"item": item, "typed": some(TypedText(NASTY, NASTY)), "message": NASTY},
        "refused.html": {"heading": NASTY, "message": NASTY if full else ""},
        "failed.html": {"failure": "abc"},
        "busy.html": {"message": NASTY, "path": "/report", "again": some(("a-narrative", NASTY)) if full else None,
                      "is_once": full,
                      "shown": some((NASTY, NASTY))},
        "cases.html": {"saved": some((SavedFilter(id=ID, name=NASTY, chosen={"late": NASTY}), "late=yes")),
                       "longest": 60,
                       "cases": some(view(CaseLine)), "status_shown": "open", "number": "", "page": 2 if full else 1,
                       "has_more": full, "count": 1, "may_emergency_access": full, "may_see_statistics": full,
                       "may_import": full, "is_filtered": full, "query": "status=open&late=yes",
                       "choices": dict.fromkeys(("about", "late", "waits", "place"), some(FormChoice(NASTY, NASTY))),
                       "may_see_retention": full, "may_find": full, **typed},
        "find.html": {"words": NASTY, "people": view(FoundPeople) if full else None, "by_number": some(view(CaseLine)),
                      "number": 2 if full else 1, "has_more": full, **typed},
        "case.html": of_case | {"has_story": full, "groups": lane_groups((), case.steps), "waiting": some(step),
                              "held": some(step), "late": late_ones, "may_change": full, "may_steer": full,
                              "has_facts": full, "linked": links, "news": view(NewsView) if full else None,
                              "asked": some((view(WaitingView), HANDLERS["closure"]))},
        "case-steps.html": of_case | {"opened": "x", "groups": lane_groups((), case.steps),
                                    "runs_in_prefect": run_links(some(job), "http://127.0.0.1:4200")},
        "case-people.html": of_case | {"points": some(view(PointsToView))},
        "case-time.html": of_case | {"late": late, "may_ring": full, "may_reveal": full, "running": some(deadline),
                                   "past": some(deadline), "ledger": ledger_by_step(case.escalations),
                                   "picture": time_line(case, now=NOW)},
        "case-papers.html": of_case | {"may_release": full},
        "case-sharing.html": of_case,
        "diary.html": of_case | typed | {
            "diary": view(DiaryView) if full else DiaryView(notes=(), count=0, files=()), "answer": "answer",
            "upload": upload if full else {},
            "note_words": {},
            "page": 2 if full else 1, "file_kinds": {}, "has_more": full, "words": {1: NASTY} if full else {},
            "has_read": full, "may_note": full, "may_read": full,
            "offered": (OfferGroup(NASTY, (Offer("x", NASTY),)),) if full else (),
        },
        "history.html": {"folded": int(full), "case": case, "tabs": tabs, "tab": tabs[-1],
                         "events": some(view(EventView)),
                         "has_earlier": full, "has_later": full,
                         "words": {1: NASTY} if full else {},
                         "has_read": full, "may_read": full},
        "case-course.html": {"case": case, "asked": REOPEN if full else START, "step": step if full else None,
                             "workflows": some(("x", NASTY)), "errors": {"words": NASTY} if full else {},
                             "problems": some(("#words", NASTY)), "typed": {}, "command_id": ID, "is_over": False},
        "case-move.html": {"case": case, "runs": some(view(RunView)) * 2,
                           "workflows": some(("x", NASTY)), "chosen": "x" if full else "",
                           "run": view(RunView) if full else None, "problem": NASTY if full else "",
                           "problems": (), "command_id": ID,
                           "proposed": NASTY if full else None, "reasons": some(NASTY),
                           "preview": MovePreview((NASTY,), (NASTY,), ((NASTY, NOW, NOW), (NASTY, None, NOW)))
                           if full else None},
        "step.html": {"case": case, "step": step, "answers": some(view(AnswerView)), "revealed": full,
                      "may_reveal": full, "may_offer": full, "deadlines": some(deadline), "command_id": ID,
                      "may_cancel": full,
                      "proposed": view(ProposedView).model_copy(update={"is_viewer": False}) if full else None},
        "person.html": {"may_answer_subject": full, "may_correct": full, "case": case,
                        "known": view(PersonPageView), "person": view(CasePersonView) if full else None,
                        "present": some(view(PersonRoleView)), "others": some(view(CasePersonView)),
                        "may_reveal": full, "may_write": full, "may_change": full, "roles": tuple(PersonRole),
                        "statuses": {"x": NASTY}, "sources": {"x": NASTY}, "role_reasons": {"x": NASTY},
                        "merge_reasons": {"x": NASTY}, "split_reasons": {"x": NASTY}, **typed},
        "case-links.html": {"case": case, "links": links, "kinds": {"x": NASTY}, "by_hand": (("x", NASTY),),
                            "merge_reasons": {"x": NASTY}, "split_reasons": {"x": NASTY}, "workflows": (("x", NASTY),),
                            "may_link": full, "may_merge": full, "is_merged": False, **typed},
        "why.html": {"case": case, "why": why, "places": {(NASTY, NOW): view(StretchView)} if full else None,
                     "deadline": why.deadline, "may": dict.fromkeys(MAY, full),
                     "owners": some(Offer("ours", NASTY)), "pause_reasons": some(Offer("a", NASTY)),
                     "extension_reasons": some(Offer("a", NASTY)), "lengths": some(Offer("P1D", NASTY)), **typed},
        "link.html": {"link": view(LinkView), "command_id": ID},
        "on-call.html": {"rotas": {ID: ((None, RotaDay(NOW.date(), (NASTY,), ("", NASTY), (NASTY,))),)} if full else {},
                         "units": ((ID, NASTY, [shift] if full else []),), "colleagues": some(someone),
                         "may_plan": {ID: full}, "may_hand_over": {ID: full}, **typed},
        "absences.html": {"mine": some(view(AbsenceView)), "others": some(view(AbsenceView)),
                          "colleagues": some(someone), "may_plan": full, **typed},
        "access.html": {"case": case, "access": view(AccessView), "people": some((ID, NASTY)),
                        "units": some((ID, NASTY)), "reasons": {"denied": {"kin": NASTY}},
                        "groups": {"denied": NASTY}, "lifting": {"kin": NASTY}, **typed},
        "files.html": {"case": case, "files": some(view(FileView)), "kinds": {"order": NASTY}, "scans": {},
                       "may_add": full, "upload": upload, "errors": errors, "problems": problems},
        "referrals.html": {"waiting": some(offer), "answered": some(offer), "may_answer": full,
                           "page": 2, "waiting_goes_on": full, "answered_page": 2, "answered_goes_on": full,
                           "reasons": {"full": NASTY}, **typed},
        "delays.html": {"lines": some(view(DelayLine)), "owners": {"ours": NASTY}},
        "dead-letters.html": {"letters": some(view(DeadLetterView)), "reasons": some(FormChoice("a", NASTY)),
                              "page": 2 if full else 1, "has_more": full, "errors": errors, "problems": problems},
        "channels.html": {"channels": some(view(ChannelView)), "organisations": some(NASTY),
                          "kinds": ("sms", "matrix"), **typed},
        "preferences.html": {"chosen": Preference(actor_id=ID, digest="daily" if full else "none"),
                             "ways": ("email", "sms"), "wanted": some("email"), "gateways": ("sms",),
                             "contacts": some(view(ContactView)), "may_be_reached": full, **typed},
        "calendar.html": {"name": "IN", "year": 2026, "calendar_title": NASTY, "calendar_zone": "Asia/Kolkata",
                          "weekend": "Sunday", "gaps": some(NASTY), "month": NOW.date(), "today": NOW.date(),
                          "weeks": some((None, MonthDay(NOW.date(), "holiday", NASTY))), "beside": [NOW.date()],
                          "years": [2025],
                          "days": some(CalendarDay(NOW.date(), "working", NASTY, NASTY, is_added=True)),
                          "may_keep": full, "preview": preview if full else None, "confirm_path": "/calendars/IN/days",
                          "confirm_words": NASTY, **typed},
        "add-step.html": changes | {
            "sought": NASTY, "call": None, "places": {"NP": NASTY},
            "step_type": None if full else types.SimpleNamespace(key="x.y", title=NASTY, purpose=NASTY, roles=()),
        },
        "add-person.html": changes,
        "add-fact.html": changes,
        "journey.html": changes,
        "transmit.html": {"groups": some(NoticeGroup(ID, NASTY, [view(NoticeView), view(NoticeView).model_copy(
            update={"is_over": False, "read_at": None})])), "waiting": some(view(SentView)),
                          "sent": some(view(SentView)), "offered": int(full), "may_see_matches": full,
                          "page": 1 + full, "groups_go_on": full, "waiting_page": 1, "waiting_goes_on": full,
                          "sent_page": 1, "sent_goes_on": full,
                          "read_at_once": [UUID(int=1), UUID(int=2)] if full else []},
        "workflows.html": {"definitions": some(definition), "others": some(definition), "may_publish": full,
                           "drafts": some(("workflow", NASTY, NOW)), "retired": some(definition)},
        "workflow-cases.html": {"definition": definition, "by": LaneView.PILLAR, "lanes": lanes, "least": 5,
                                "brought": some((NASTY, NASTY, (NASTY,)))},
        "workflow-move.html": {"plan": BulkPlan(
            "x", NASTY, 2, {1: 3} if full else {}, 1, 1, {NASTY: 1}, ((ID, NASTY, NASTY),),
            tuple(BulkMove(ID, "x", 2, "h", ID, NOW, 5, cases=2, moved=1, undoes=undoes, done_at=at)
                  for undoes in (None, ID) for at in (NOW, None)) if full else (),
            *((2, 1, ID, preview.lines, {NASTY: 1}, {NASTY: 1}, ((ID, NASTY), (ID, NASTY))) if full else ())),
            "choices": some(Item("stay", NASTY, checked=False)), "problems": problems, "command_id": ID,
            "errors": {"with_work": NASTY} if full else {}},
        "workflow.html": {"definition": definition, "lines": numbered(NASTY), "may_publish": full, "key": "a",
                          "acts": some(NASTY),
                          "may_move": full, "may_count": full,
                          "compiled": {"workflow": {"description": NASTY, "case_type": "x", "start": {"on": "hand"}}}
                          if full else None,
                          "by": LaneView.PILLAR, "lanes": lanes if full else None,
                          "step": step_in_words(drawn, "a") if full else ()},
        "ladder-new.html": typed | {"blank": level_form(None), "bases": some(Item("x", NASTY, checked=False))},
        "ladder-draft.html": {"draft": draft, "title_of": NASTY, "change": draft.change, "findings": found,
                              "has_errors": full, "levels": some(level_form(RUNG)), "blank": level_form(None),
                              "problems": problems,
                              "wrong": "l1", "only_text": some((NASTY, NASTY)),
                              "rules": dict.fromkeys(RULES, "") if full else {},
                              "errors": {"new-amount": NASTY} if full else {}, "typed": {}},
        "calendar-draft.html": {
            "draft": draft, "title_of": NASTY, "change": change if full else None, "findings": found,
            "has_errors": full, "calendar": OFFICE if full else None, "month": NOW.date(), "today": NOW.date(),
            "weeks": some((None, MonthDay(NOW.date(), "holiday", NASTY))), "beside": [NOW.date()],
            "fields": _fields(OFFICE, None), "days": {NASTY: [STRIKE]} if full else {},
            "chosen": STRIKE if full else None, "kinds": [("holidays", NASTY)], "only_text": some((NASTY, NASTY)),
            "errors": {"day": NASTY, "hours-opens": NASTY} if full else {}, "typed": {"name": NASTY},
            "problems": problems,
        },
        "rota-draft.html": {"draft": draft, "unit": NASTY, "wrong": "t1", "change": change if full else None,
                            "findings": found,
                            "has_errors": full, "turns": some(_form("t1", duty, {})),
                            "blank": _form("new", None, {"a@x.org": NASTY}), "swaps": some((NASTY, NASTY, NASTY)),
                            "starts": some(Item("18:00", NASTY, checked=False)),
                            "people": some(Item("a@x.org", NASTY, checked=False)), "begins": "2026-03-02",
                            "weeks": ((RotaDay(NOW.date(), (NASTY,), (NASTY,), (NASTY,)),),) if full else (),
                            "errors": {"new-from": NASTY, "on": NASTY} if full else {}, "problems": problems},
        "simulation.html": {"draft": draft, "case": 1, "version": 1,
                            "selects": some(("answer-a", NASTY, some(Item(NASTY, NASTY, checked=True)))),
                            "by_what_runs": Rehearsed(NOW, (), {}, NOW, ()) if full else None,
                            "lines": ((NOW, "breached", NASTY, NASTY), (NOW, "closed", "", "")), "done": Rehearsed(
            NOW, ((NOW, "breached", "a", NASTY), (NOW, "closed", "", "")), {"supervisor": 2}, NOW, (NASTY,)
        ) if full else None},
        "comparison.html": {"draft": draft, "may": True, "found": compared if full else None, "offered": CASES,
                            "asked": ComparisonAsked(100, staff=(Staff("supervisor", 1, 40),)),
                            "so_far": ComparedSoFar(7, compared if full else None), "stop_at": "?stop=1",
                            "form": StaffForm({}, ["supervisor"]),
                            "shown": ((NASTY, compared.before), (NASTY, one)) if full else ((NASTY, one),),
                            "lost": lost(one, {"a": NASTY}), "titles": {"a": NASTY},
                            "sections": sections(compared, {"a": NASTY}) if full else (), "problems": problems,
                            "errors": {"people-supervisor": NASTY} if full else {}},
        "studio.html": {"draft": draft, "title_of": NASTY, "change": draft.change, "findings": found,
                        "has_errors": full, "by": LaneView.ROLE, "lanes": lanes if full else None,
                        "form": editor.form(Library()) if full else None, "only_text": some((NASTY, NASTY)),
                        "only_names": NASTY if full else "",
                        "whole": WholeForm(NASTY, NASTY, some(Item("x", NASTY, checked=False)), ConditionChoice(
                            NASTY, ((NASTY, some(Item("x", NASTY, checked=True))),), is_rich=False), NASTY, NASTY)
                        if full else None,
                        "kinds": some(PartList("conditions", NASTY, NASTY, some((NASTY,) * 3), is_counted=full)),
                        "part": EDITORS["conditions"](loaded, drawn, catalogue, "").form() if full else None,
                        "asked": some(NASTY), "looks": (),
                        "uses": some((NASTY, some(Item("x.y", NASTY, checked=False)))),
                        "steps": (), "errors": {"uses": NASTY} if full else {}, "problems": problems},
        "message-texts.html": {"language": "en", "languages": {"en": 0, "hi": int(full)},
                               "groups": {NASTY: (*some((NASTY, reads)), ("late", None))}},
        "message-text.html": {"name": "late.en", "kind": NASTY, "language": "en", "texts": some(reads),
                              "missing": some("as"), "may_change": full},
        "message-draft.html": {"draft": draft, "kind": NASTY, "language": "hi", "change": change if full else None,
                               "findings": found, "has_errors": full, "written": NASTY, "is_proofread": full,
                               "shown": reads if full else reads._replace(words=None), "shipped": NASTY,
                               "english": reads if full else "", "names": some(NASTY), "follows": not full,
                               "errors": {"text": NASTY} if full else {}, "problems": problems},
        "paper-texts.html": {"groups": {NASTY: some(paper)}},
        "paper-text.html": {"paper": paper, "words": some(words), "places": ("IN",), "may_change": full},
        "paper-draft.html": {"draft": draft, "title_of": NASTY, "change": change if full else None,
                             "has_errors": full, "findings": found, "sentences": some(words),
                             "labels": some(words._replace(words=words.words._replace(part=PaperPart.LABEL))),
                             "typed": {}, "places": ("IN",), "errors": {"w": NASTY} if full else {},
                             "problems": problems},
        "versions.html": {"page": "/workflows/x", "title_of": NASTY, "versions": some(definition) * 2,
                          "lanes": compared_lanes if full else None,
                          "runs": 1, "change": change if full else None, "may_go_back": full, "problems": problems,
                          "back_to": NASTY, "may_publish": full, "may_retire": full,
                          "compared": ([Item("1", "1", checked=full)],) * 2,
                          "retirement": RetirementView(
                              kind="workflow", name="x", reason=NASTY, asked_by=NASTY, asked_at=NOW, agreed_by=NASTY,
                              retired_at=NOW, request_id=ID,
                          ) if full else None,
                          "errors": {"reason": NASTY} if full else {}, "typed": {"reason": NASTY} if full else {}},
        "retiring.html": {"it": view(WaitingView), "retires": definition if full else None, "command_id": ID},
        "diagram.html": {"definition": definition, "svg": svg if full else "", "drawing": draw(drawn)},
        "definition.html": {"definition": definition, "lines": numbered(NASTY), "may_change": full,
                            "note": NASTY if full else "", "levels": some((NASTY, NASTY, NASTY))},
        "definition-edit.html": {"kind": "ladder", "name": "x", "draft": draft, "lines": numbered(NASTY, found),
                                 "problems": problems,
                                 "findings": found, "has_errors": full, "checked": full, "refused": full,
                                 "preview": preview if full else None},
        "workflow-edit.html": typed | {"bases": some(Item("x", NASTY, checked=True)),
                               "name": "x" if full else "", "source": NASTY, "lines": numbered(NASTY, found),
                               "alone": NASTY if full else "",
                               "findings": found, "has_errors": full, "checked": full, "refused": full,
                               "preview": preview if full else None},
        "board-list.html": {"name": "overdue" if full else "stuck", "runs": (), "page": 2 if full else 1,
                            "may_plan": full, "may_steer": full,
                            "lines": some(view(WorkItemView)) if full else (), "has_more": full, "may_mend": full,
                            "may_see": full, "skip_reasons": {"x": NASTY}},
        "board.html": {"board": view(BoardView), "failed": run_links(some(job), None), "may_see": full,
                       "may_plan": full, "may_steer": full,
                       "tried": run_links(some(job), None),
                       "may_keep_channels": full, "may_mend": full, "may_lead": full, "skip_reasons": {"x": NASTY},
                       "pause_reasons": {"x": NASTY}, "ready": run_links(some(job), None),
                       "backup_is_old": timedelta(days=7), "mail_is_late": timedelta(minutes=9), "real_now": NOW,
                       "pictures": [("opened", NASTY, columns(NASTY, [(NASTY, 3), (NASTY, 0)], "#17464a"))],
                       "recent": run_links(some(job), "http://127.0.0.1:4200"), "held": run_links(some(job), None),
                       "deadlines_age": timedelta(seconds=9) if full else None, "deadlines_late": full,
                       "prefect_ui_url": "http://127.0.0.1:4200" if full else None},
        **keeping_contexts(view, some, NASTY, full=full),
        **number_contexts(view, some, NASTY, full=full),
        "demo.html": {"spans": {"PT6H": ("Let 6 hours pass", timedelta(hours=6))}, "cases": some(view(CaseLine)),
                      "has_story": lambda _case_id: full, "mails": some(view(MailView))},
        **audit_contexts(view, some, NASTY, full=full),
        **law_contexts(full=full, typed=typed, case=case, explained=view(LawExplanationView)),
        **sharing_contexts(view, some, NASTY, full=full),
        **hub_contexts(view, some, NASTY, full=full),
        **account_contexts(NASTY, full=full, member=view(MemberView), unit=view(UnitView)),
    }  # fmt: skip


def framed(context: dict[str, Any], *, full: bool) -> dict[str, Any]:
    return {
        "title": "Title", "viewer": made(Viewer, full=True), "zone": "Asia/Kathmandu", "now": NOW, "demo": full,
        "has_demo_controls": full, "navigation": (NavigationLink("Home", "/", current=True),) if full else (),
        "training": full, "unprotected": full, "said": "Done." if full else "",
        "list_of_cases": "/cases?status=all&page=2",
    } | context  # fmt: skip


PAGES = sorted(contexts(full=True))


def test_no_template_is_left_out() -> None:
    names = "board calls case changes controls editor figures flow keeping languages level message month paper parts"
    parts = {f"_{name}.html" for name in (*names.split(), "preview", "rota")} | {"base.html"}
    assert set(environment().list_templates(extensions=["html"])) - parts == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_a_page_shows_everything_it_is_given_and_escapes_it(name: str, *, full: bool) -> None:
    page = render(name, framed(contexts(full=full)[name], full=full))
    assert NASTY not in page
    assert "<b>" not in page
    assert page.count("<h1") == 1
    assert "Not for real cases" in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<style" not in page
    assert page.count('<script src="/static/editor.js') == (name in {"workflow-edit.html", "definition-edit.html"})
    assert page.count("<script") == page.count('<script src="/static/portal.js') + page.count("/static/editor.js")
