"""Gateways of organisations, where people are reached by them, and how each wants to be notified."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.cases.records import SavedFilter
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.keys.vault import Vault
from engine.messages.records import ChannelSetting, Preference

_SETTING, _CHANGE = TABLES["channel_setting"], TABLES["channel_change"]
_CONTACT, _UNIT = TABLES["contact"], TABLES["unit"]
_ORGANISATION = TABLES["organisation"]


class ChannelStore(Store):
    """Gateways and contacts in PostgreSQL, within one transaction."""

    def of_unit(self, unit_id: UUID, channel: str) -> ChannelSetting | None:
        """Load the gateway that serves a unit, if one is set up and enabled."""
        organisation = self.organisation_of(unit_id)
        setting = self.get(organisation, channel) if organisation else None
        return setting if setting and setting.enabled else None

    def set_up(self, unit_id: UUID) -> tuple[str, ...]:
        """List the channels whose gateway serves a unit."""
        query = (
            select(_SETTING.c.channel)
            .join(_UNIT, _UNIT.c.organisation_id == _SETTING.c.organisation_id)
            .where(_UNIT.c.id == unit_id, _SETTING.c.enabled)
        )
        return tuple(self._connection.execute(query.order_by(_SETTING.c.channel)).scalars())

    def get(self, organisation_id: UUID, channel: str) -> ChannelSetting | None:
        """Load a gateway, also a disabled one."""
        query = select(*columns(_SETTING, ChannelSetting), _SETTING.c.encrypted_url)
        here = (_SETTING.c.organisation_id == organisation_id, _SETTING.c.channel == channel)
        row = self._connection.execute(query.where(*here)).mappings().first()
        if row is None or row["encrypted_url"] is None:
            return None
        known = dict(row)
        url = self._vault.decrypt(
            known.pop("encrypted_url"), table="channel_setting", row=row["id"], column="encrypted_url"
        )
        return ChannelSetting(**known, url=str(url))

    def save(self, setting: ChannelSetting, *, act: str, by: UUID | None, at: datetime) -> None:
        """Write a gateway, its address sealed, and a line that says who did it."""
        encrypted = self._vault.encrypt(
            setting.url, key_of=setting.id, table="channel_setting", row=setting.id, column="encrypted_url"
        )
        row = setting._asdict() | {"encrypted_url": encrypted, "changed_by": by, "changed_at": at}
        del row["url"]
        statement = upsert(_SETTING).values(row)
        changes = {name: statement.excluded[name] for name in row if name != "id"}
        self._connection.execute(statement.on_conflict_do_update(index_elements=("id",), set_=changes))
        line = {
            "id": uuid5(setting.id, f"{at.isoformat()}|{act}|{by}"), "setting_id": setting.id, "act": act,
            "host": setting.host, "rate_per_minute": setting.rate_per_minute, "changed_by": by, "changed_at": at,
        }  # fmt: skip
        self._connection.execute(upsert(_CHANGE).values(line).on_conflict_do_nothing())

    def rates(self) -> tuple[tuple[str, int], ...]:
        """List the enabled channels with the lowest rate a minute of any organisation."""
        query = select(_SETTING.c.channel, func.min(_SETTING.c.rate_per_minute)).where(_SETTING.c.enabled)
        rows = self._connection.execute(query.group_by(_SETTING.c.channel).order_by(_SETTING.c.channel))
        return tuple((row[0], row[1]) for row in rows)

    def organisation_of(self, unit_id: UUID) -> UUID | None:
        """Return the organisation of a unit."""
        query = select(_UNIT.c.organisation_id).where(_UNIT.c.id == unit_id)
        found: UUID | None = self._connection.execute(query).scalar()
        return found

    def organisation_named(self, name: str) -> UUID | None:
        """Find an organisation by its name."""
        query = select(_ORGANISATION.c.id).where(_ORGANISATION.c.name == name).order_by(_ORGANISATION.c.id).limit(1)
        found: UUID | None = self._connection.execute(query).scalar()
        return found

    def set_contact(self, actor_id: UUID, channel: str, address: str, *, at: datetime) -> None:
        """Keep where somebody is reached, sealed; an empty address takes it away."""
        place = (_CONTACT.c.actor_id == actor_id, _CONTACT.c.channel == channel)
        self._connection.execute(delete(_CONTACT).where(*place))
        if address:
            encrypted = self._vault.encrypt(
                address, key_of=actor_id, table="contact", row=actor_id, column=f"encrypted_address:{channel}"
            )
            row = {"actor_id": actor_id, "channel": channel, "encrypted_address": encrypted, "changed_at": at}
            self._connection.execute(insert(_CONTACT), row)

    def address(self, actor_id: UUID, channel: str) -> str:
        """Open where somebody is reached; empty when it is not known."""
        place = (_CONTACT.c.actor_id == actor_id, _CONTACT.c.channel == channel)
        encrypted = self._connection.execute(select(_CONTACT.c.encrypted_address).where(*place)).scalar()
        if encrypted is None:
            return ""
        return str(self._vault.decrypt(encrypted, table="contact", row=actor_id, column=f"encrypted_address:{channel}"))

    def contacts(self, actor_id: UUID) -> tuple[str, ...]:
        """List the channels by which somebody can be reached."""
        query = select(_CONTACT.c.channel).where(_CONTACT.c.actor_id == actor_id)
        return tuple(self._connection.execute(query.order_by(_CONTACT.c.channel)).scalars())


_PREFERENCE = TABLES["preference"]
_COLUMNS = columns(_PREFERENCE, Preference)


class PreferenceStore(Store):
    """Preferences in PostgreSQL, within one transaction."""

    def of(self, actor_ids: Iterable[UUID]) -> Mapping[UUID, Preference]:
        """Load what people chose; who chose nothing is left out."""
        wanted = list(actor_ids)
        if not wanted:
            return {}
        found = self._records(Preference, select(*_COLUMNS).where(_PREFERENCE.c.actor_id.in_(wanted)))
        return {one.actor_id: one for one in found}

    def with_daily_digest(self) -> tuple[Preference, ...]:
        """Load the choices of all who want one message a day."""
        query = select(*_COLUMNS).where(_PREFERENCE.c.digest == "daily").order_by(_PREFERENCE.c.actor_id)
        return self._records(Preference, query)

    def save(self, preference: Preference, *, at: datetime) -> None:
        """Write what a person chose, over what they chose before."""
        row = preference.model_dump() | {"changed_at": at}
        statement = upsert(_PREFERENCE).values(row)
        changes = {name: value for name, value in row.items() if name != "actor_id"}
        self._connection.execute(statement.on_conflict_do_update(index_elements=("actor_id",), set_=changes))

    def filters(self, actor_id: UUID, *, at: datetime) -> tuple[SavedFilter, ...]:
        """Return the filters that somebody saved, and lock them, so that two devices lose none."""
        row = Preference(actor_id=actor_id).model_dump() | {"changed_at": at}
        self._connection.execute(upsert(_PREFERENCE).values(row).on_conflict_do_nothing())
        query = select(_PREFERENCE.c.encrypted_filters).where(_PREFERENCE.c.actor_id == actor_id).with_for_update()
        return opened_filters(self._vault, actor_id, self._connection.execute(query).scalar_one())

    def save_filters(self, actor_id: UUID, filters: Iterable[SavedFilter], *, at: datetime) -> None:
        """Write the filters of somebody, sealed under their key, over those that they had."""
        sealed = self._vault.encrypt(
            [one.model_dump(mode="json") for one in filters], key_of=actor_id, **_place(actor_id)
        )
        changed = update(_PREFERENCE).where(_PREFERENCE.c.actor_id == actor_id)
        self._connection.execute(changed.values(encrypted_filters=sealed, changed_at=at))


def opened_filters(vault: Vault, actor_id: UUID, sealed: bytes | None) -> tuple[SavedFilter, ...]:
    """Return the filters that somebody saved, by their names."""
    found = vault.decrypt(sealed, **_place(actor_id)) if sealed else ()
    known = (SavedFilter.model_validate(one) for one in (found if isinstance(found, list) else ()))
    return tuple(sorted(known, key=lambda one: one.name.casefold()))


def _place(actor_id: UUID) -> dict[str, Any]:
    return {"table": "preference", "row": actor_id, "column": "encrypted_filters"}
