"""Read and choose how one is told of what is not critical: by which ways, at which hours, singly or once a day."""

import re
from datetime import time
from typing import Final
from uuid import UUID
from zoneinfo import available_timezones

from engine.assembly import Engine
from engine.core.viewer import Viewer
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError
from engine.language.ladders import ChannelName
from engine.messages.channel_store import PreferenceStore
from engine.messages.records import DIGESTS, IN_APP, Preference

WAYS: Final = tuple(channel.value for channel in ChannelName if channel is not ChannelName.CALL)
_TIME: Final = re.compile(r"[0-2]\d:[0-5]\d")


def preference_of(engine: Engine, *, viewer: Viewer) -> Preference:
    """Give what the viewer chose; empty fields where they chose nothing."""
    with engine.transaction() as tx:
        return _chosen(tx, viewer.actor_id)


def save_preference(
    engine: Engine,
    *,
    viewer: Viewer,
    channels: tuple[str, ...] = (),
    digest: str = "none",
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
        **_problem("digest", "Choose none or daily.", digest not in DIGESTS),
        **_problem("zone", "There is no such time zone.", bool(zone) and zone not in available_timezones()),
    }
    for name, text in quiet.items():
        problems |= _problem(name, "Write a time such as 21:30.", bool(text) and not _is_time(text))
    missing = [name for name, text in quiet.items() if not text]
    if len(missing) == 1:
        problems |= {missing[0]: "Give both times, or neither."}
    if problems:
        raise InvalidAnswersError(problems)
    ways = tuple(way for way in WAYS if way in channels and way != IN_APP) or ((IN_APP,) if channels else ())
    chosen = Preference(actor_id=viewer.actor_id, channels=ways, digest=digest, zone=zone, **quiet)
    with engine.transaction() as tx:
        tx.of(PreferenceStore).save(chosen, at=engine.clock.now())
        tx.commit()
    return chosen


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
