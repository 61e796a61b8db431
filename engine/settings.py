"""What an installation can be told, by environment variables that begin with ICMC_."""

import os
from datetime import date
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _usual_data_folder() -> Path:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/icmc")
    return Path.home() / ".local" / "share" / "icmc"


class Settings(BaseSettings):
    """The settings of one installation. Secrets are read from the environment or files, and never shown."""

    model_config = SettingsConfigDict(env_prefix="ICMC_", frozen=True, extra="ignore")

    data_folder: Path = Field(default_factory=_usual_data_folder)
    database_url: SecretStr | None = None
    key_file: Path | None = None
    checkpoints: Path | None = None
    key_period_days: int = Field(default=30, ge=1)
    """After how many days a new period key is made, and the one before thrown away."""
    period_key_copies: Path | None = None
    """The second place of the period keys: on another disk or host than the data folder, and in no backup."""
    portal_host: str = "127.0.0.1"
    portal_port: int = 8080
    portal_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    training_port: int = 8090
    training_url: str = ""
    """Where `icmc training start` listens, and the address of it that people use."""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    smtp_from: str = ""
    smtp_security: str = Field(default="starttls", pattern="^(starttls|tls|none)$")
    gateway_hosts: tuple[str, ...] = ()
    hub_hosts: tuple[str, ...] = ()
    """The hosts of hubs elsewhere that this machine may speak to; none in a demo."""
    pillar_hosts: tuple[str, ...] = ()
    """The hosts that pillars may speak to, beside this machine; none in a demo."""
    file_scanner: str = ""
    factor_for_all: bool = True
    """Whether everybody needs a second factor; administrators always do, and nobody in a demo."""
    factor_at_latest: date | None = None
    """The last day (UTC) on which somebody without one may go on; None asks for it at the next sign-in."""
    prefect_ui: bool = True
    prefect_port: int = 0
    """Where the Prefect server of `icmc up` listens, on this machine only; 0 is a free port."""
    prefect_api_url: str = ""
    """A Prefect server elsewhere: of `icmc up` on another host, or one of one's own. Empty for that of this machine."""
    prefect_auth: SecretStr | None = None
    """Name and password of that server, `icmc:...`; None reads them from `prefect/secrets.json` in the data folder."""
    prefect_tunnel: bool = False
    """Whether the way to that server is protected though its address begins with http."""
    pillars: dict[str, str] = Field(default_factory=dict)
    demo: bool | None = None
    """What the database must be: a demo or not; None takes it as it is. It makes no database a demo."""
    durable: bool = True

    @property
    def keys(self) -> Path:
        """Where the key file is: beside the data folder, never inside the database's own.

        A file that systemd hands over as the credential `icmc-keys` comes before that; `key_file` comes before both.
        """
        handed_over = Path(os.environ.get("CREDENTIALS_DIRECTORY", "")) / "icmc-keys"
        usual = self.data_folder / "keys" / "icmc-keys.json"
        return self.key_file or (handed_over if handed_over.is_absolute() and handed_over.exists() else usual)

    @property
    def period_folders(self) -> tuple[Path, ...]:
        """Where the period keys are: in the data folder, which can always be changed, and in a second place."""
        usual = self.data_folder / "keys" / "periods"
        return (usual, self.period_key_copies) if self.period_key_copies else (usual,)

    @property
    def signing_key(self) -> Path:
        """Where the key that signs checkpoints is: beside the key file."""
        return self.keys.with_name("icmc-signing-key.json")

    @property
    def checkpoint_folder(self) -> Path:
        """The second place of checkpoints and of what was erased; better on another disk or host than the database."""
        return self.checkpoints or self.data_folder / "checkpoints"

    @property
    def address(self) -> str:
        """The address of the portal as people reach it; with the port that `icmc up` found free, if none is set."""
        port = self.portal_port
        if "portal_port" not in self.model_fields_set and self.port_file.exists():
            port = int(self.port_file.read_text(encoding="utf-8"))
        return self.portal_url or f"http://{self.portal_host}:{port}"

    @property
    def port_file(self) -> Path:
        """Where `icmc up` notes the port of the portal for commands beside it."""
        return self.data_folder / "portal.port"
