"""The roles that people have in a network."""

from enum import StrEnum

from engine.language.plain_words import in_plain_words


class Role(StrEnum):
    """What a member of a unit does; the value is the key used in files, `label` the words used on pages."""

    INTAKE_OFFICER = "intake_officer"
    CASE_MANAGER = "case_manager"
    CASEWORKER = "caseworker"
    COUNSELLOR = "counsellor"
    MEDICAL_OFFICER = "medical_officer"
    POLICE_LIAISON = "police_liaison"
    AHTU_OFFICER = "ahtu_officer"
    LAWYER = "lawyer"
    REPATRIATION_COORDINATOR = "repatriation_coordinator"
    SHELTER_MANAGER = "shelter_manager"
    PRESS_OFFICER = "press_officer"
    PREVENTION_OFFICER = "prevention_officer"
    PARTNERSHIP_MANAGER = "partnership_manager"
    FINANCE_OFFICER = "finance_officer"
    SUPERVISOR = "supervisor"
    NODAL_OFFICER = "nodal_officer"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    AUDITOR = "auditor"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SAFEGUARDING_LEAD = "safeguarding_lead"

    @property
    def label(self) -> str:
        """The role in plain words, for pages."""
        return _TITLES.get(self, in_plain_words(self.value))


_TITLES = {
    Role.AHTU_OFFICER: "Anti-Human Trafficking Unit officer",
    Role.DATA_PROTECTION_OFFICER: "Data-protection officer",
}
