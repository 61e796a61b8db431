"""The contract with pillars: all that a pillar imports of the engine, one page of docs."""

from engine.language.follow_ups import FollowUp
from engine.plugin import copies, sounds
from engine.plugin.answers import Form
from engine.plugin.context import StepContext
from engine.plugin.counting import Law
from engine.plugin.fields import (
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
    Text,
    YesNo,
    field,
)
from engine.plugin.registry import Pillar
from engine.plugin.rules import Some
from engine.plugin.steps import Asked, Completed, Concluded, Document, NoSettings, Prepared, automatic

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
