"""What pages, the command line and messages are shown: frozen views, made for one viewer."""

from engine.views.base import Membership, View, Viewer
from engine.views.cases import CaseLine, CaseView, EventView, JobView, PersonView, RunView, StepView
from engine.views.deadlines import AskedView, DeadlineView, DelayLine, ExtensionView, LinkView, PauseView
from engine.views.definitions import DefinitionView, LimitChange, MovedDeadline, PreviewView
from engine.views.explanations import (
    DeliveryView,
    EscalationView,
    ExplanationView,
    PlannedView,
    ReasonView,
    StretchView,
)
from engine.views.messages import ChannelView, ContactView, DeadLetterView, MailView, NoticeView, OfferView, SentView
from engine.views.people import AbsenceView, ActorView, ConflictView, ShiftView
from engine.views.running import (
    AsideDeadline,
    AuditProblem,
    BoardView,
    ClockJump,
    EscalationAudit,
    FiringView,
    LagBucket,
    ServiceState,
)
from engine.views.sharing import ConsentView, MatchView, PartnerPage, SharedView, SharingView
from engine.views.work import AnswerView, DocumentView, FieldView, FormView, WorkCounts, WorkItemView

__all__ = [
    "AbsenceView",
    "ActorView",
    "AnswerView",
    "AsideDeadline",
    "AskedView",
    "AuditProblem",
    "BoardView",
    "CaseLine",
    "CaseView",
    "ChannelView",
    "ClockJump",
    "ConflictView",
    "ConsentView",
    "ContactView",
    "DeadLetterView",
    "DeadlineView",
    "DefinitionView",
    "DelayLine",
    "DeliveryView",
    "DocumentView",
    "EscalationAudit",
    "EscalationView",
    "EventView",
    "ExplanationView",
    "ExtensionView",
    "FieldView",
    "FiringView",
    "FormView",
    "JobView",
    "LagBucket",
    "LimitChange",
    "LinkView",
    "MailView",
    "MatchView",
    "MemberView",
    "Membership",
    "MovedDeadline",
    "NoticeView",
    "OfferView",
    "PartnerPage",
    "PauseView",
    "PersonView",
    "PlannedView",
    "PreviewView",
    "ReasonView",
    "RunView",
    "SentView",
    "ServiceState",
    "SharedView",
    "SharingView",
    "ShiftView",
    "StepView",
    "StretchView",
    "View",
    "Viewer",
    "WorkCounts",
    "WorkItemView",
]
