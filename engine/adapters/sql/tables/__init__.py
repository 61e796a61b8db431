"""The tables. Rows hold columns; records hold rules. Only this package touches rows."""

from engine.adapters.sql.tables.access import ConflictRow, GrantRow
from engine.adapters.sql.tables.cases import (
    AnswerRow,
    CaseRow,
    DocumentRow,
    DraftRow,
    EventRow,
    IntervalRow,
    ReportRow,
    RunRow,
    StepRow,
    WorkItemRow,
)
from engine.adapters.sql.tables.installation import CommandRow, DefinitionVersionRow, InstallationRow
from engine.adapters.sql.tables.jobs import BatchRow, DispatchRow, JobRow, ServiceRow
from engine.adapters.sql.tables.keeping import (
    CorrectionRow,
    ErasureApprovalRow,
    ErasureNoticeRow,
    ErasureRow,
    ExportCopyRow,
    LegalHoldRow,
    RestrictionRow,
    RetentionProposalRow,
    TombstoneRow,
)
from engine.adapters.sql.tables.keys import AttachmentRow, DataKeyRow
from engine.adapters.sql.tables.messages import ChannelChangeRow, ChannelSettingRow, DeliveryRow, MessageRow
from engine.adapters.sql.tables.people import (
    AbsenceRow,
    ActorRow,
    ContactRow,
    MembershipRow,
    OrganisationRow,
    PreferenceRow,
    ShiftRow,
    UnitRow,
)
from engine.adapters.sql.tables.persons import CasePersonRow, PersonRow, PersonTokenRow
from engine.adapters.sql.tables.sharing import ConsentRow, ReferralRow
from engine.adapters.sql.tables.sign_in import ApiKeyRow, SessionRow
from engine.adapters.sql.tables.time import DeadlineRow, EscalationAuditRow, EscalationRow, RecountRow, SpecialDayRow

__all__ = [
    "AbsenceRow",
    "ActorRow",
    "AnswerRow",
    "ApiKeyRow",
    "AttachmentRow",
    "BatchRow",
    "CasePersonRow",
    "CaseRow",
    "ChannelChangeRow",
    "ChannelSettingRow",
    "CommandRow",
    "ConflictRow",
    "ConsentRow",
    "ContactRow",
    "CorrectionRow",
    "DataKeyRow",
    "DeadlineRow",
    "DefinitionVersionRow",
    "DeliveryRow",
    "DispatchRow",
    "DocumentRow",
    "DraftRow",
    "ErasureApprovalRow",
    "ErasureNoticeRow",
    "ErasureRow",
    "EscalationAuditRow",
    "EscalationRow",
    "EventRow",
    "ExportCopyRow",
    "GrantRow",
    "InstallationRow",
    "IntervalRow",
    "JobRow",
    "LegalHoldRow",
    "MembershipRow",
    "MessageRow",
    "OrganisationRow",
    "PersonRow",
    "PersonTokenRow",
    "PreferenceRow",
    "RecountRow",
    "ReferralRow",
    "ReportRow",
    "RestrictionRow",
    "RetentionProposalRow",
    "RunRow",
    "ServiceRow",
    "SessionRow",
    "ShiftRow",
    "SpecialDayRow",
    "StepRow",
    "TombstoneRow",
    "UnitRow",
    "WorkItemRow",
]
