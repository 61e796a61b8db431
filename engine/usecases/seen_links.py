"""Put the link by which a level is acknowledged into its message when that is sent: nobody reads it in the database.

The token is made of the message's id by a key of this machine, so that each try sends the same words. What is kept is
its hash, and words that have the id of the message where the token belongs.
"""

from base64 import urlsafe_b64encode
from uuid import UUID

from engine.adapters.sql.message_store import MessageStore
from engine.assembly import Engine
from engine.domain.seen_link import hash_of_link
from engine.ports import Rendered
from engine.stores import ClaimedDelivery


def token_of_link(engine: Engine, message_id: UUID) -> str:
    """Give the token of the link of a message, by the key that is used now."""
    return _tokens(engine, message_id)[0]


def with_link(engine: Engine, delivery: ClaimedDelivery, words: Rendered) -> Rendered:
    """Give the words of a message as they leave: those of a level with its link."""
    if delivery.link_hash is None:
        return words
    mark, token = str(delivery.message_id), _token_to_send(engine, delivery)
    return Rendered(words.subject, words.body.replace(mark, token), words.html.replace(mark, token))


def _token_to_send(engine: Engine, delivery: ClaimedDelivery) -> str:
    """Give the token whose hash is kept; one by the key of now where that key is gone, which is kept from then on."""
    tokens = _tokens(engine, delivery.message_id)
    known = next((one for one in tokens if hash_of_link(one) == delivery.link_hash), None)
    if known is not None:
        return known
    with engine.transaction() as tx:
        tx.of(MessageStore).change_link(delivery.message_id, link_hash=hash_of_link(tokens[0]))
        tx.commit()
    return tokens[0]


def _tokens(engine: Engine, message_id: UUID) -> tuple[str, ...]:
    made = engine.vault.blinds("seen-link", str(message_id)).values()
    return tuple(urlsafe_b64encode(one).rstrip(b"=").decode() for one in made)
