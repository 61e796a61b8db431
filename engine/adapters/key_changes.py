"""Changes the key file: new keys beside the old ones, and old ones out, each in one step."""

from pathlib import Path
from typing import Any

from engine.adapters.key_file import change_key_file, new_key, new_key_id, read_key_file
from engine.errors import SettingsError


def add_key(path: Path) -> str:
    """Put a new key-encryption key into the file and make it the current one; the old ones stay. Gives its id.

    Raises `SettingsError`.
    """
    key_id = new_key_id()
    change_key_file(path, lambda had: had | {"keys": had["keys"] | {key_id: new_key()}, "current": key_id})
    return key_id


def remove_key(path: Path, key_id: str) -> None:
    """Take a key out of the file; raises `KeyMissingError` for one that is not there, `SettingsError`."""
    held = read_key_file(path)
    held.key(key_id)
    if key_id == held.current:
        raise SettingsError(
            problem=f"The key {key_id} is the one that is used now.", remedy="`icmc keys rotate` first makes another."
        )
    kept = {name for name in held.keys if name != key_id}
    change_key_file(path, lambda had: had | {"keys": {name: had["keys"][name] for name in kept}})


def add_chain_key(path: Path) -> str:
    """Let a new key sign the links of histories; the older ones stay, to prove what they signed. Gives its id.

    Raises `SettingsError`.
    """
    key_id = new_key_id()
    change_key_file(
        path,
        lambda had: had | {
            "chain": new_key(), "chain_id": key_id,
            "older_chains": [*had.get("older_chains", []), {"id": had.get("chain_id", ""), "key": had["chain"]}],
        },
    )  # fmt: skip
    return key_id


def close_chain_keys(path: Path, until: int) -> None:
    """Let links of older keys count only up to a checkpoint; keys that are closed already stay so."""

    def closed(had: dict[str, Any]) -> dict[str, Any]:
        return had | {"older_chains": [{"until": until} | one for one in had.get("older_chains", [])]}

    change_key_file(path, closed)


def add_blind_key(path: Path) -> str:
    """Let tokens be made by a new key too, beside the current one; gives its id. Raises `SettingsError`."""
    key_id = new_key_id()
    change_key_file(path, lambda had: had | {"next_blind": {"id": key_id, "key": new_key()}})
    return key_id


def switch_blind_key(path: Path) -> None:
    """Let the next key of tokens be the current one; tokens are still made by the old one too."""

    def switched(had: dict[str, Any]) -> dict[str, Any]:
        coming = had.pop("next_blind")
        old = {"id": had.get("blind_id", ""), "key": had["blind"]}
        return had | {"blind": coming["key"], "blind_id": coming["id"], "old_blind": old}

    change_key_file(path, switched)


def drop_blind_key(path: Path) -> None:
    """Take the old key of tokens out of the file."""
    change_key_file(path, lambda had: {name: value for name, value in had.items() if name != "old_blind"})
