"""Set up gateways, choose how one is notified, and decide about what was given up."""

import re
from collections.abc import Callable, Mapping
from datetime import time
from typing import Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Action, Viewer, can, require
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.calendars import time_zones
from engine.language.ladders import ChannelName
from engine.messages.channel_store import ChannelStore, PreferenceStore
from engine.messages.deliveries import DeliveryStore
from engine.messages.records import DIGESTS, IN_APP, ChannelSetting, DeliveryError, Outgoing, Preference
from engine.people.store import DirectoryStore
from engine.people.viewer import looks_after, person_looked_after

CHANNELS = ("sms", "whatsapp", "telegram", "matrix")
HIGHEST_RATE = 6000
_LONGEST_ADDRESS = 200


def set_channel(
    engine: Engine, *, viewer: Viewer, organisation: str, channel: str, url: str, rate_per_minute: int = 60
) -> UUID:
    """Set up the gateway of an organisation, or change it; the same once more changes nothing. It serves at once.

    `url` holds credentials: it is sealed, and no error repeats it. Raises `GatewayError` for one that may not be used,
    `InvalidAnswersError` for an unknown channel or rate, `NotFoundError`, `NotAllowedError`.
    """
    require(viewer, Action.KEEP_CHANNELS)
    _refuse(
        {
            "channel": "" if channel in CHANNELS else f"Choose one of: {', '.join(CHANNELS)}.",
            "rate": "" if 0 < rate_per_minute <= HIGHEST_RATE else f"Give 1 to {HIGHEST_RATE} messages a minute.",
        }
    )
    engine.gateways.channel(channel, url)
    host = engine.gateways.host(channel, url)
    with engine.transaction() as tx:
        organisation_id = _organisation(tx, organisation, viewer)
        known = tx.of(ChannelStore).get(organisation_id, channel)
        setting_id = known.id if known else uuid5(organisation_id, f"channel|{channel}")
        wanted = ChannelSetting(
            setting_id, organisation_id, channel, url=url, host=host, enabled=True, rate_per_minute=rate_per_minute
        )
        if wanted != known:
            tx.of(ChannelStore).save(wanted, act="set", by=viewer.acting_id, at=engine.clock.now())
            tx.commit()
    return setting_id


def disable_channel(engine: Engine, *, viewer: Viewer, organisation: str, channel: str) -> None:
    """Use the gateway of an organisation no longer: what waits for it goes on waiting. Raises `NotFoundError`."""
    require(viewer, Action.KEEP_CHANNELS)
    with engine.transaction() as tx:
        known = _known(tx, organisation, channel, viewer)
        if known.enabled:
            tx.of(ChannelStore).save(
                known._replace(enabled=False), act="disabled", by=viewer.acting_id, at=engine.clock.now()
            )
            tx.commit()


def try_channel(
    engine: Engine, *, viewer: Viewer, organisation: str, channel: str, to: str, command_id: UUID | None = None
) -> None:
    """Send one message that says it is a trial, now, so that whoever sets a gateway up sees whether it works.

    Raises `DeliveryError` when it was not taken, `NotFoundError` when there is no such gateway, `InvalidAnswersError`
    when this command has sent one before.
    """
    require(viewer, Action.KEEP_CHANNELS)
    now, command = engine.clock.now(), command_id or engine.entropy.uuid()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command)
        if tx.of(HousekeepingStore).answer_to(command) is not None:
            raise InvalidAnswersError(
                {"to": "A test message is already on its way: check whether it has arrived, then try again."}
            )
        known = _known(tx, organisation, channel, viewer)
        tx.of(ChannelStore).save(known, act="tried", by=viewer.acting_id, at=now)
        tx.of(HousekeepingStore).remember(command, {"tried": channel}, case_id=None, at=now)
        tx.commit()
    if not known.enabled:
        raise DeliveryError(channel=channel, reason="disabled")
    with engine.gateways.channel(channel, known.url).open() as sending:
        sending.send(
            Outgoing(
                to=to, subject="A test message", body="This is a test of this channel. You do not have to do anything.",
                html="", message_id=str(engine.entropy.uuid()), written_at=now,
            )
        )  # fmt: skip


def gateway_rates(engine: Engine) -> tuple[tuple[str, int], ...]:
    """List the channels that organisations have set up, each with the lowest of their rates a minute."""
    with engine.transaction() as tx:
        return tuple((name, rate) for name, rate in tx.of(ChannelStore).rates() if name not in engine.channels)


def share_of(engine: Engine, channel: str, *, most: Callable[[int], int]) -> int | None:
    """Return how many messages the next job of a channel with a rate asks for; None for one without a rate.

    `most` says how many of a rate a minute may go at one time.
    """
    rate = dict(gateway_rates(engine)).get(channel)
    if rate is None:
        return None
    with engine.transaction() as tx:
        due = tx.of(DeliveryStore).count_due(channel, now=engine.clock.now())
    return max(1, min(due, most(rate)))


def set_contact(engine: Engine, *, viewer: Viewer, email: str, channel: str, address: str) -> None:
    """Keep where somebody is reached by a channel, sealed; an empty address takes it away.

    People may do so for themselves, administrators for all. Raises `NotFoundError`, `InvalidAnswersError`.
    """
    clean = address.strip()
    is_bad = len(clean) > _LONGEST_ADDRESS or any(letter.isspace() or not letter.isprintable() for letter in clean)
    _refuse(
        {
            "channel": "" if channel in CHANNELS else f"Choose one of: {', '.join(CHANNELS)}.",
            "address": "Give a number or name without spaces." if is_bad else "",
        }
    )
    with engine.transaction() as tx:
        known = tx.of(DirectoryStore).credentials(email)
        if not can(viewer, Action.MANAGE_PEOPLE) and (known is None or known.actor_id != viewer.actor_id):
            raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
        if known is None:
            raise NotFoundError(kind="person")
        if known.actor_id != viewer.actor_id:
            person_looked_after(tx, viewer, known.actor_id)
        tx.of(ChannelStore).set_contact(known.actor_id, channel, clean, at=engine.clock.now())
        tx.commit()


def _refuse(problems: Mapping[str, str]) -> None:
    found = {name: problem for name, problem in problems.items() if problem}
    if found:
        raise InvalidAnswersError(found)


def _organisation(tx: Transaction, name: str, viewer: Viewer) -> UUID:
    """Find an organisation whose gateways somebody keeps: their own, or any for the hub's body."""
    found = tx.of(ChannelStore).organisation_named(name)
    if found is None or not looks_after(tx, viewer, found, Action.KEEP_CHANNELS):
        raise NotFoundError(kind="organisation")
    return found


def _known(tx: Transaction, organisation: str, channel: str, viewer: Viewer) -> ChannelSetting:
    known = tx.of(ChannelStore).get(_organisation(tx, organisation, viewer), channel)
    if known is None:
        raise NotFoundError(kind="channel")
    return known


WAYS: Final = tuple(channel.value for channel in ChannelName if channel is not ChannelName.CALL)
_TIME: Final = re.compile(r"[0-2]\d:[0-5]\d")


def preference_of(engine: Engine, *, viewer: Viewer) -> Preference:
    """Return what the viewer chose; empty fields where they chose nothing."""
    with engine.transaction() as tx:
        return _chosen(tx, viewer.actor_id)


def save_preference(
    engine: Engine,
    *,
    viewer: Viewer,
    channels: tuple[str, ...] = (),
    digest: str = "late",
    quiet_from: str = "",
    quiet_until: str = "",
    zone: str = "",
) -> Preference:
    """Keep what the viewer chose; raises `InvalidAnswersError` with a sentence for each field that does not fit.

    `channels` empty: all. `quiet_from` and `quiet_until` are local times such as `21:30`: both or neither; the same
    twice means no quiet hours. `zone` empty: that of the viewer's unit. What is critical comes at once all the same.
    """
    quiet = {"quiet_from": quiet_from.strip(), "quiet_until": quiet_until.strip()}
    problems = {
        **_problem("channels", "This way is not known.", bool(set(channels) - set(WAYS))),
        **_problem("digest", "Choose none, late or daily.", digest not in DIGESTS),
        **_problem("zone", "There is no such time zone.", bool(zone) and zone not in time_zones()),
    }
    for name, text in quiet.items():
        problems |= _problem(name, "Write a time such as 21:30.", bool(text) and not _is_time(text))
    missing = [name for name, text in quiet.items() if not text]
    if len(missing) == 1:
        problems |= {missing[0]: "Give both times, or neither."}
    if problems:
        raise InvalidAnswersError(problems)
    ways = tuple(way for way in WAYS if way in channels and way != IN_APP) or ((IN_APP,) if channels else ())
    with engine.transaction() as tx:
        said = {"channels": ways, "digest": digest, "zone": zone, **quiet}
        chosen = _chosen(tx, viewer.actor_id).model_copy(update=said)
        tx.of(PreferenceStore).save(chosen, at=engine.clock.now())
        tx.commit()
    return chosen


def choose_page_language(engine: Engine, *, viewer: Viewer, code: str) -> None:
    """Keep in which language the viewer reads pages, by its code."""
    with engine.transaction() as tx:
        chosen = _chosen(tx, viewer.actor_id).model_copy(update={"page_language": code})
        tx.of(PreferenceStore).save(chosen, at=engine.clock.now())
        tx.commit()


def _chosen(tx: Transaction, actor_id: UUID) -> Preference:
    return tx.of(PreferenceStore).of((actor_id,)).get(actor_id, Preference(actor_id=actor_id))


def _problem(name: str, sentence: str, applies: bool) -> dict[str, str]:  # noqa: FBT001 - it is the question itself
    return {name: sentence} if applies else {}


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        time.fromisoformat(text)
    except ValueError:
        return False
    return True


REASONS: Final[Mapping[str, str]] = {
    "told_otherwise": "They were informed in another way",
    "out_of_date": "The message is out of date",
    "no_address": "They cannot be reached by this channel any more",
    "gone": "They no longer work here",
    "written_twice": "The same message was written twice",
}
"""Why a message need not be sent: codes only, since whoever reads the database reads them."""


def retry_delivery(engine: Engine, delivery_id: UUID, *, viewer: Viewer) -> None:
    """Let a delivery that was given up be tried again for another 72 hours, under its old Message-ID.

    Raises `NotFoundError` when it was not given up, `NotAllowedError`.
    """
    require(viewer, Action.MEND)
    now = engine.clock.now()
    with engine.transaction() as tx:
        found = tx.of(DeliveryStore).again(delivery_id, now=now)
        if found is None:
            raise NotFoundError(kind="delivery that was given up")
        case_id, channel = found
        if case_id is not None:
            job_id = uuid5(delivery_id, f"again|{now.isoformat()}")
            tx.of(DeliveryStore).queue(case_id, channel=channel, job_id=job_id, critical=False, now=now)
        tx.wake_listeners()
        tx.commit()


def drop_delivery(engine: Engine, delivery_id: UUID, *, viewer: Viewer, reason: str) -> None:
    """Take a delivery that was given up off the list: it is never sent. The reason stays as a code, with who gave it.

    Raises `InvalidAnswersError` for a reason that is none of `REASONS`, `NotFoundError` when it was not given up,
    `NotAllowedError`.
    """
    require(viewer, Action.MEND)
    if reason not in REASONS:
        raise InvalidAnswersError({"reason": "Choose why it need not be sent."})
    with engine.transaction() as tx:
        dropped = tx.of(DeliveryStore).drop(delivery_id, reason=reason, by=viewer.actor_id, at=engine.clock.now())
        if not dropped:
            raise NotFoundError(kind="delivery that was given up")
        tx.commit()
