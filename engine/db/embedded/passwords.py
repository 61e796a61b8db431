"""Keep the random passwords of the database roles in one private file."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from engine.db.embedded.folder import write_private
from engine.errors import SettingsError


@dataclass(frozen=True)
class PasswordFile:
    """A file of mode 0600: a JSON object from role name to password."""

    path: Path

    def exists(self) -> bool:
        """Return whether passwords were ever made."""
        return self.path.exists()

    def get(self, role: str) -> str:
        """Return a role's password. Raises SettingsError when it is not in the file."""
        known = self._read()
        if role not in known:
            raise SettingsError(
                problem=f"The password of the database role {role} is not in {self.path}.",
                remedy="Put the file back from a backup.",
            )
        return known[role]

    def get_or_make(self, role: str) -> str:
        """Return a role's password, made and stored when there is none. The caller holds a lock."""
        known = self._read()
        if role not in known:
            known[role] = secrets.token_urlsafe(32)
            write_private(self.path, json.dumps(known, indent=1))
        return known[role]

    def _read(self) -> dict[str, str]:
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return {}
        if self.path.stat().st_mode & 0o077 or self.path.stat().st_uid not in {os.geteuid(), self._folder_owner()}:
            raise SettingsError(
                problem=f"{self.path} holds passwords, and others may read or change it.",
                remedy=f"Correct its owner, then: chmod 600 '{self.path}'.",
            )
        try:
            return {str(role): str(password) for role, password in json.loads(text).items()}
        except (ValueError, AttributeError) as error:
            raise SettingsError(
                problem=f"{self.path} is not the JSON object that it should be.",
                remedy="Put the file back from a backup.",
            ) from error

    def _folder_owner(self) -> int:
        return self.path.parent.stat().st_uid
