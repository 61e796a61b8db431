"""The contract with pillars: all that a pillar imports of the engine, one page of docs."""

from engine.language import scripts as sounds
from engine.language.catalogue import FollowUp
from engine.plugin import copies
from engine.plugin.answers import Form
from engine.plugin.context import Completed, Concluded, Document, Law, Prepared, StepContext
from engine.plugin.fields import field
from engine.plugin.kinds import (
    CaseRef,
    Count,
    Country,
    Day,
    Duration,
    FileRef,
    Geo,
    Instant,
    Intervals,
    Language,
    LongText,
    Money,
    OrganisationRef,
    PersonRef,
    Phone,
    Sha256,
    Signature,
    Some,
    Text,
    YesNo,
)
from engine.plugin.registry import Pillar
from engine.plugin.steps import Asked, NoSettings, automatic

__all__ = [
    "Asked",
    "CaseRef",
    "Completed",
    "Concluded",
    "Count",
    "Country",
    "Day",
    "Document",
    "Duration",
    "FileRef",
    "FollowUp",
    "Form",
    "Geo",
    "Instant",
    "Intervals",
    "Language",
    "Law",
    "LongText",
    "Money",
    "NoSettings",
    "OrganisationRef",
    "PersonRef",
    "Phone",
    "Pillar",
    "Prepared",
    "Sha256",
    "Signature",
    "Some",
    "StepContext",
    "Text",
    "YesNo",
    "automatic",
    "copies",
    "field",
    "sounds",
]
