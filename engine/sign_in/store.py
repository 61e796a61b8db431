"""Sessions, second factors, invitations, tries, habits and keys: what signing in keeps."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.sign_in.records import ApiKey, Factor, Habit, Invitation, KeptForm, Session, SignedIn, Sort

_HABIT, _DEVICE = TABLES["sign_in_habit"], TABLES["known_device"]

_SESSION, _ACTOR, _FACTOR = TABLES["session"], TABLES["actor"], TABLES["second_factor"]
_RECOVERY, _INVITATION = TABLES["recovery_code"], TABLES["invitation"]
_DEVICE, _TRY, _FORM, _KEY = TABLES["known_device"], TABLES["sign_in_try"], TABLES["kept_form"], TABLES["api_key"]
_SIGNED_IN = text("""
    SELECT s.id, s.actor_id, s.created_at, s.seen_at, s.ended_at, s.stepped_up_at, s.by_factor, s.pending, s.device,
        a.disabled, a.name, a.language, m.unit_id, m.role, m.ends_at, u.zone,
        EXISTS (SELECT FROM installation WHERE key = 'custody' AND value ->> 'since' IS NOT NULL) AS is_in_custody
    FROM session s JOIN actor a ON a.id = s.actor_id
    LEFT JOIN membership m ON m.actor_id = a.id LEFT JOIN unit u ON u.id = m.unit_id
    WHERE s.token_hash = :token_hash ORDER BY u.name, m.role
""")


class SignInHabitStore(Store):
    """By what sign-ins are known again in PostgreSQL, within one transaction."""

    def of(self, actor_id: UUID) -> Sequence[Habit]:
        """Load the marks of somebody."""
        query = select(_HABIT.c.sort, _HABIT.c.mark, _HABIT.c.count, _HABIT.c.first_seen_at)
        rows = self._connection.execute(query.where(_HABIT.c.actor_id == actor_id))
        return tuple(Habit(Sort(row[0]), bytes(row[1]), row[2], row[3]) for row in rows)

    def note(self, actor_id: UUID, marks: Mapping[bytes, Sort], *, at: datetime) -> None:
        """Note that these marks came once more."""
        for mark, sort in sorted(marks.items()):
            statement = upsert(_HABIT).values(
                actor_id=actor_id, mark=mark, sort=sort.value, count=1, first_seen_at=at, seen_at=at
            )
            more = {"count": _HABIT.c.count + 1, "seen_at": at}
            self._connection.execute(statement.on_conflict_do_update(index_elements=("actor_id", "mark"), set_=more))

    def is_new_device(self, actor_id: UUID, mark_hash: bytes) -> bool:
        """Return whether somebody who has browsers does not have this one."""
        mine = select(_DEVICE.c.mark_hash).where(_DEVICE.c.actor_id == actor_id)
        known = {bytes(row[0]) for row in self._connection.execute(mine)}
        return bool(known) and mark_hash not in known

    def forget(self, actor_id: UUID) -> None:
        """Forget the marks and the browsers of somebody: the next sign-in is like a first one."""
        for table in (_HABIT, _DEVICE):
            self._connection.execute(delete(table).where(table.c.actor_id == actor_id))

    def forget_marks(self) -> None:
        """Forget the marks of everybody, but no browser: those by a key that is gone would fit nothing any more."""
        self._connection.execute(delete(_HABIT))

    def forget_old(self, *, before: datetime) -> int:
        """Forget the marks that last came before an instant; returns how many."""
        return self._connection.execute(delete(_HABIT).where(_HABIT.c.seen_at < before)).rowcount


class SignInStore(Store):
    """What signing in keeps in PostgreSQL, within one transaction."""

    def add_session(
        self,
        token_hash: bytes,
        *,
        actor_id: UUID,
        at: datetime,
        pending: bool = False,
        by_factor: bool = False,
        device: str = "",
    ) -> None:
        """Write a sign-in; a pending one waits for the code of a second factor."""
        row = {
            "token_hash": token_hash, "actor_id": actor_id, "created_at": at, "seen_at": at, "pending": pending,
            "by_factor": by_factor, "device": device, "stepped_up_at": None if pending else at,
        }  # fmt: skip
        self._connection.execute(insert(_SESSION), row)

    def session(self, token_hash: bytes) -> Session | None:
        """Load a session, be it over or not; None for a token that was never given or was replaced."""
        query = select(*_session_columns()).join(_ACTOR, _ACTOR.c.id == _SESSION.c.actor_id)
        return self._record(Session, query.where(_SESSION.c.token_hash == token_hash))

    def signed_in(self, token_hash: bytes) -> SignedIn | None:
        """Load a session, be it over or not, with what its actor is; None for a token that was never given."""
        rows = self._connection.execute(_SIGNED_IN, {"token_hash": token_hash}).mappings().all()
        if not rows:
            return None
        session = Session(**{name: rows[0][name] for name in Session._fields})
        return SignedIn(session, rows, is_in_custody=rows[0]["is_in_custody"])

    def sessions_of(self, actor_id: UUID, *, since: datetime) -> tuple[Session, ...]:
        """Load the sessions of somebody that were not ended and began after an instant, the newest first."""
        query = select(*_session_columns()).join(_ACTOR, _ACTOR.c.id == _SESSION.c.actor_id)
        query = query.where(
            _SESSION.c.actor_id == actor_id, _SESSION.c.ended_at.is_(None), _SESSION.c.created_at > since,
            _SESSION.c.pending.is_(False),
        )  # fmt: skip
        return self._records(Session, query.order_by(_SESSION.c.seen_at.desc()))

    def touch_session(self, token_hash: bytes, *, at: datetime) -> None:
        """Note that a session was used."""
        self._connection.execute(update(_SESSION).where(_SESSION.c.token_hash == token_hash).values(seen_at=at))

    def renew_session(self, token_hash: bytes, *, new_hash: bytes, at: datetime, by_factor: bool) -> bool:
        """Give a live session another token, proved at `at`, and end the old one. Returns whether there was one."""
        values = {"token_hash": new_hash, "stepped_up_at": at, "seen_at": at, "pending": False, "by_factor": by_factor}
        live = (_SESSION.c.token_hash == token_hash, _SESSION.c.ended_at.is_(None))
        return self._connection.execute(update(_SESSION).where(*live).values(**values)).rowcount == 1

    def end_session(self, token_hash: bytes, *, at: datetime) -> None:
        """End a session; it does not come back."""
        self._connection.execute(update(_SESSION).where(_SESSION.c.token_hash == token_hash).values(ended_at=at))

    def end_session_of(self, actor_id: UUID, session_id: UUID, *, at: datetime) -> bool:
        """End one of somebody's own sessions; returns whether it was one."""
        mine = (_SESSION.c.id == session_id, _SESSION.c.actor_id == actor_id, _SESSION.c.ended_at.is_(None))
        return self._connection.execute(update(_SESSION).where(*mine).values(ended_at=at)).rowcount == 1

    def end_sessions(self, actor_id: UUID, *, at: datetime, but: bytes | None = None) -> int:
        """End every session of somebody, but for one; returns how many."""
        statement = update(_SESSION).where(_SESSION.c.actor_id == actor_id, _SESSION.c.ended_at.is_(None))
        if but is not None:
            statement = statement.where(_SESSION.c.token_hash != but)
        return self._connection.execute(statement.values(ended_at=at)).rowcount

    # Second factors

    def factor(self, actor_id: UUID, *, hold: bool = False) -> Factor | None:
        """Load somebody's second factor; with `hold` nobody else uses a code of it until the transaction ends."""
        query = select(_FACTOR.c.encrypted_secret, _FACTOR.c.last_step).where(_FACTOR.c.actor_id == actor_id)
        row = self._connection.execute(query.with_for_update() if hold else query).first()
        if row is None or row[0] is None:
            return None
        return Factor(self._decrypted(row[0], actor_id, "encrypted_secret"), row[1])

    def has_factor(self, actor_id: UUID) -> bool:
        """Return whether somebody has a second factor that was tried once."""
        query = select(_FACTOR.c.actor_id).where(_FACTOR.c.actor_id == actor_id, _FACTOR.c.confirmed_at.is_not(None))
        return self._connection.execute(query).first() is not None

    def propose_factor(self, actor_id: UUID, secret: str, *, at: datetime) -> None:
        """Write a secret that counts once a code of it was given; the one that counts now stays until then."""
        row = {
            "actor_id": actor_id, "created_at": at, "last_step": 0,
            "encrypted_proposed": self._encrypted(secret, actor_id, "encrypted_proposed"),
        }  # fmt: skip
        statement = upsert(_FACTOR).values(row)
        changes = {"encrypted_proposed": statement.excluded.encrypted_proposed}
        self._connection.execute(statement.on_conflict_do_update(index_elements=("actor_id",), set_=changes))

    def proposed_factor(self, actor_id: UUID) -> str | None:
        """Open the secret that was proposed, if there is one."""
        query = select(_FACTOR.c.encrypted_proposed).where(_FACTOR.c.actor_id == actor_id)
        encrypted = self._connection.execute(query).scalar()
        return self._decrypted(encrypted, actor_id, "encrypted_proposed") if encrypted is not None else None

    def confirm_factor(self, actor_id: UUID, secret: str, *, step: int, at: datetime) -> None:
        """Let a secret count from now on, in place of the one before; the code of `step` was used for that."""
        values = {
            "encrypted_secret": self._encrypted(secret, actor_id, "encrypted_secret"), "encrypted_proposed": None,
            "confirmed_at": at, "last_step": step,
        }  # fmt: skip
        self._connection.execute(update(_FACTOR).where(_FACTOR.c.actor_id == actor_id).values(**values))

    def use_step(self, actor_id: UUID, step: int) -> None:
        """Say that the code of these thirty seconds was used: it, and those before it, count no more."""
        self._connection.execute(update(_FACTOR).where(_FACTOR.c.actor_id == actor_id).values(last_step=step))

    def drop_factor(self, actor_id: UUID) -> None:
        """Take somebody's second factor away, with its recovery codes."""
        self._connection.execute(delete(_FACTOR).where(_FACTOR.c.actor_id == actor_id))
        self._connection.execute(delete(_RECOVERY).where(_RECOVERY.c.actor_id == actor_id))

    def set_recovery_codes(self, actor_id: UUID, hashes: Mapping[UUID, str], *, at: datetime) -> None:
        """Write the hashes of new recovery codes, by id; the ones before count no more."""
        self._connection.execute(delete(_RECOVERY).where(_RECOVERY.c.actor_id == actor_id))
        rows = [
            {"id": id_, "actor_id": actor_id, "code_hash": code, "created_at": at, "used_at": None}
            for id_, code in hashes.items()
        ]
        self._connection.execute(insert(_RECOVERY), rows)

    def recovery_codes(self, actor_id: UUID) -> tuple[tuple[UUID, str], ...]:
        """Load the recovery codes that were not used: id and hash."""
        query = select(_RECOVERY.c.id, _RECOVERY.c.code_hash)
        query = query.where(_RECOVERY.c.actor_id == actor_id, _RECOVERY.c.used_at.is_(None)).order_by(_RECOVERY.c.id)
        return tuple((row[0], row[1]) for row in self._connection.execute(query))

    def use_recovery_code(self, code_id: UUID, *, at: datetime) -> bool:
        """Use a recovery code; returns whether it was still there."""
        free = (_RECOVERY.c.id == code_id, _RECOVERY.c.used_at.is_(None))
        return self._connection.execute(update(_RECOVERY).where(*free).values(used_at=at)).rowcount == 1

    # Invitations

    def add_invitation(self, invitation: Invitation, token_hash: bytes) -> None:
        """Write a link by which somebody sets a password; earlier ones of the same person count no more."""
        self.cancel_invitations(invitation.actor_id, at=invitation.created_at)
        row = invitation._asdict() | {"token_hash": token_hash}
        self._connection.execute(insert(_INVITATION), row)

    def invitation(self, token_hash: bytes, *, now: datetime) -> Invitation | None:
        """Load the invitation of a link that can still be used."""
        live = (*_usable(now), _INVITATION.c.token_hash == token_hash)
        return self._record(Invitation, select(*columns(_INVITATION, Invitation)).where(*live))

    def use_invitation(self, invitation_id: UUID, *, at: datetime) -> bool:
        """Use a link; returns whether it could still be used."""
        live = (*_usable(at), _INVITATION.c.id == invitation_id)
        return self._connection.execute(update(_INVITATION).where(*live).values(used_at=at)).rowcount == 1

    def cancel_invitations(self, actor_id: UUID | None, *, at: datetime) -> None:
        """Let no link of somebody count any more; None: no link for the first administrator."""
        who = _INVITATION.c.actor_id.is_(None) if actor_id is None else _INVITATION.c.actor_id == actor_id
        statement = update(_INVITATION).where(
            who, _INVITATION.c.used_at.is_(None), _INVITATION.c.cancelled_at.is_(None)
        )
        self._connection.execute(statement.values(cancelled_at=at))

    # Devices and tries

    def note_device(self, actor_id: UUID, mark_hash: bytes, *, at: datetime) -> bool:
        """Note the browser of a sign-in; returns whether it is a new one of somebody who had others."""
        mine = select(_DEVICE.c.mark_hash).where(_DEVICE.c.actor_id == actor_id)
        known = {bytes(row[0]) for row in self._connection.execute(mine)}
        row = {"actor_id": actor_id, "mark_hash": mark_hash, "first_seen_at": at, "seen_at": at}
        statement = upsert(_DEVICE).values(row)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=("actor_id", "mark_hash"), set_={"seen_at": at})
        )
        return bool(known) and mark_hash not in known

    def tries(self, keys: Sequence[bytes], *, at: datetime) -> tuple[tuple[int, datetime], ...]:
        """Load how often signing in failed of late under each key, and when last; others wait for the transaction.

        Keys are made where they are missing, in one order, so that two transactions never wait for each other.
        """
        fresh = [{"key": key, "count": 0, "last_at": at} for key in sorted(set(keys))]
        self._connection.execute(upsert(_TRY).on_conflict_do_nothing(), fresh)
        query = select(_TRY.c.key, _TRY.c.count, _TRY.c.last_at).where(_TRY.c.key.in_(keys))
        found = {
            bytes(r[0]): (r[1], r[2]) for r in self._connection.execute(query.order_by(_TRY.c.key).with_for_update())
        }
        return tuple(found[key] for key in keys)

    def set_tries(self, counts: Mapping[bytes, int], *, at: datetime) -> None:
        """Write how often signing in failed under keys that were loaded."""
        for key, count in sorted(counts.items()):
            self._connection.execute(update(_TRY).where(_TRY.c.key == key).values(count=count, last_at=at))

    def forget_tries(self, keys: Iterable[bytes]) -> None:
        """Forget the failures under some keys."""
        self._connection.execute(delete(_TRY).where(_TRY.c.key.in_(list(keys))))

    def forget_old(
        self, *, tries_before: datetime, forms_before: datetime, devices_before: datetime, sessions_before: datetime
    ) -> int:
        """Forget failures, kept forms, browsers, sessions and links that are older; returns how many rows."""
        gone = 0
        for statement in (
            delete(_TRY).where(_TRY.c.last_at < tries_before),
            delete(_FORM).where(_FORM.c.created_at < forms_before),
            delete(_DEVICE).where(_DEVICE.c.seen_at < devices_before),
            delete(_SESSION).where(_SESSION.c.created_at < sessions_before),
            delete(_INVITATION).where(_INVITATION.c.expires_at < sessions_before),
        ):
            gone += self._connection.execute(statement).rowcount
        return gone

    # What somebody had typed

    def keep_form(
        self, form_id: UUID, *, actor_id: UUID, path: str, fields: Sequence[tuple[str, str]], at: datetime
    ) -> None:
        """Keep what somebody had typed, sealed, in place of what was kept of them before."""
        value: JsonValue = [[name, text] for name, text in fields]
        encrypted = self._vault.encrypt(
            value, key_of=actor_id, table="kept_form", row=form_id, column="encrypted_fields"
        )
        self._connection.execute(delete(_FORM).where(_FORM.c.actor_id == actor_id, _FORM.c.path == path))
        row = {"id": form_id, "actor_id": actor_id, "path": path, "encrypted_fields": encrypted, "created_at": at}
        self._connection.execute(insert(_FORM), row)

    def kept_form(self, form_id: UUID, *, actor_id: UUID, since: datetime) -> KeptForm | None:
        """Open what somebody had typed; None when it is another's, too old, or gone."""
        query = select(_FORM.c.path, _FORM.c.encrypted_fields, _FORM.c.created_at)
        mine = (_FORM.c.id == form_id, _FORM.c.actor_id == actor_id, _FORM.c.created_at > since)
        row = self._connection.execute(query.where(*mine)).first()
        if row is None or row[1] is None:
            return None
        opened: Any = self._vault.decrypt(row[1], table="kept_form", row=form_id, column="encrypted_fields")
        return KeptForm(form_id, row[0], tuple((str(name), str(text)) for name, text in opened), row[2])

    def newest_kept_form(self, actor_id: UUID, *, since: datetime) -> UUID | None:
        """Return the newest of what was kept of somebody."""
        query = select(_FORM.c.id).where(_FORM.c.actor_id == actor_id, _FORM.c.created_at > since)
        found: UUID | None = self._connection.execute(query.order_by(_FORM.c.created_at.desc()).limit(1)).scalar()
        return found

    def drop_form(self, form_id: UUID, *, actor_id: UUID) -> None:
        """Forget what somebody had typed."""
        self._connection.execute(delete(_FORM).where(_FORM.c.id == form_id, _FORM.c.actor_id == actor_id))

    # Keys of service accounts

    def add_key(
        self, key: ApiKey, key_hash: bytes, *, by: UUID | None, at: datetime, secret: str | None = None
    ) -> None:
        """Write a key of a service account, with the secret by which a gateway signs, sealed."""
        row = key._asdict() | {"key_hash": key_hash, "created_at": at, "created_by": by}
        del row["account"]
        if secret is not None:
            row["encrypted_secret"] = self._vault.encrypt(
                secret, key_of=key.actor_id, table="api_key", row=key.id, column="encrypted_secret"
            )
        self._connection.execute(insert(_KEY), row)

    def key(self, key_hash: bytes, *, now: datetime) -> ApiKey | None:
        """Load a key that counts now: not revoked, not over, of an account that may act."""
        query = select(*_key_columns()).join(_ACTOR, _ACTOR.c.id == _KEY.c.actor_id)
        row = self._connection.execute(query.where(_KEY.c.key_hash == key_hash, *_counts(now))).first()
        return _api_key(row) if row else None

    def signing_keys(self, actor_id: UUID, *, now: datetime) -> tuple[tuple[ApiKey, str], ...]:
        """Load the keys of a gateway that count now, each with the secret by which it signs."""
        query = select(*_key_columns(), _KEY.c.encrypted_secret).join(_ACTOR, _ACTOR.c.id == _KEY.c.actor_id)
        signs = (_KEY.c.actor_id == actor_id, _KEY.c.encrypted_secret.is_not(None))
        rows = self._connection.execute(query.where(*signs, *_counts(now)).order_by(_KEY.c.created_at)).all()
        place = {"table": "api_key", "column": "encrypted_secret"}
        return tuple((_api_key(row), str(self._vault.decrypt(row[-1], row=row[0], **place))) for row in rows)

    def keys(self) -> tuple[ApiKey, ...]:
        """Load every key, by account and name."""
        query = select(*_key_columns()).join(_ACTOR, _ACTOR.c.id == _KEY.c.actor_id)
        return tuple(_api_key(row) for row in self._connection.execute(query.order_by(_ACTOR.c.name, _KEY.c.name)))

    def use_key(self, key_id: UUID, *, at: datetime) -> None:
        """Note that a key was used."""
        self._connection.execute(update(_KEY).where(_KEY.c.id == key_id).values(used_at=at))

    def revoke_key(self, key_id: UUID, *, at: datetime) -> bool:
        """Let a key count no more; returns whether it did."""
        live = (_KEY.c.id == key_id, _KEY.c.revoked_at.is_(None))
        return self._connection.execute(update(_KEY).where(*live).values(revoked_at=at)).rowcount == 1

    def revoke_keys(self, actor_id: UUID, *, at: datetime) -> None:
        """Let no key of an account count any more."""
        live = (_KEY.c.actor_id == actor_id, _KEY.c.revoked_at.is_(None))
        self._connection.execute(update(_KEY).where(*live).values(revoked_at=at))

    def _encrypted(self, secret: str, actor_id: UUID, column: str) -> bytes:
        return self._vault.encrypt(secret, key_of=actor_id, table="second_factor", row=actor_id, column=column)

    def _decrypted(self, encrypted: bytes, actor_id: UUID, column: str) -> str:
        return str(self._vault.decrypt(encrypted, table="second_factor", row=actor_id, column=column))


def _session_columns() -> tuple[Any, ...]:
    return (*columns(_SESSION, Session), _ACTOR.c.disabled)


def _usable(now: datetime) -> tuple[Any, ...]:
    return (_INVITATION.c.used_at.is_(None), _INVITATION.c.cancelled_at.is_(None), _INVITATION.c.expires_at > now)


def _counts(now: datetime) -> tuple[Any, ...]:
    return (
        _KEY.c.revoked_at.is_(None), _KEY.c.valid_until > now, _ACTOR.c.disabled.is_(False),
        _ACTOR.c.is_service.is_(True),
    )  # fmt: skip


def _key_columns() -> tuple[Any, ...]:
    return (*columns(_KEY, ApiKey), _ACTOR.c.name.label("account"))


def _api_key(row: Any) -> ApiKey:  # noqa: ANN401 - a row
    return ApiKey(row[0], row[1], row[2], tuple(row[3]), row[4], row[5], row[6], row[7])
