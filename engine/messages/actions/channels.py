"""Set up, disable and try the gateways of an organisation, and keep where people are reached by them."""

from collections.abc import Callable, Mapping
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Action, can
from engine.core.viewer import Viewer
from engine.db.transaction import Transaction
from engine.errors import DeliveryError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.messages.channel_store import ChannelStore
from engine.messages.deliveries import DeliveryStore
from engine.messages.records import ChannelSetting
from engine.people.administering import looks_after, person_looked_after
from engine.people.store import DirectoryStore
from engine.ports import Outgoing

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
    _require(viewer)
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
            tx.of(ChannelStore).save(wanted, act="set", by=_by(viewer), at=engine.clock.now())
            tx.commit()
    return setting_id


def disable_channel(engine: Engine, *, viewer: Viewer, organisation: str, channel: str) -> None:
    """Use the gateway of an organisation no longer: what waits for it goes on waiting. Raises `NotFoundError`."""
    _require(viewer)
    with engine.transaction() as tx:
        known = _known(tx, organisation, channel, viewer)
        if known.enabled:
            tx.of(ChannelStore).save(
                known._replace(enabled=False), act="disabled", by=_by(viewer), at=engine.clock.now()
            )
            tx.commit()


def try_channel(
    engine: Engine, *, viewer: Viewer, organisation: str, channel: str, to: str, command_id: UUID | None = None
) -> None:
    """Send one message that says it is a trial, now, so that whoever sets a gateway up sees whether it works.

    Raises `DeliveryError` when it was not taken, `NotFoundError` when there is no such gateway, `InvalidAnswersError`
    when this command has sent one before.
    """
    _require(viewer)
    now, command = engine.clock.now(), command_id or engine.entropy.uuid()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command)
        if tx.of(HousekeepingStore).answer_to(command) is not None:
            raise InvalidAnswersError(
                {"to": "A test message is already on its way: check whether it has arrived, then try again."}
            )
        known = _known(tx, organisation, channel, viewer)
        tx.of(ChannelStore).save(known, act="tried", by=_by(viewer), at=now)
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
    """Give how many messages the next job of a channel with a rate asks for; None for one without a rate.

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


def _require(viewer: Viewer) -> None:
    if not can(viewer, Action.KEEP_CHANNELS):
        raise NotAllowedError(actor=viewer.name, action=Action.KEEP_CHANNELS.value)


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


def _by(viewer: Viewer) -> UUID | None:
    return None if viewer.is_system else viewer.actor_id
