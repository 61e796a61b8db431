"""The words of a message that carries a code, which is made when it leaves and is kept nowhere."""

from typing import Final

from engine.assembly import Engine
from engine.messages.records import ClaimedDelivery
from engine.people.store import DirectoryStore
from engine.ports import Rendered
from engine.sign_in.records import CODE_DIGITS

SIGN_IN_CODE: Final = "sign_in_code"
CODE_PAGE: Final = "/sign-in/code"


def words_to_send(engine: Engine, delivery: ClaimedDelivery) -> Rendered:
    """Give the words of a message as they leave: those that are kept, or with the code of the sign-in it is for."""
    if delivery.code_of is None:
        return Rendered(delivery.subject, delivery.body, delivery.html)
    with engine.transaction() as tx:
        person = tx.of(DirectoryStore).actor(delivery.recipient_id)
    variables = {
        "unit": "", "case_number": "", "due_time": "", "link": f"{engine.portal_url}{CODE_PAGE}",
        "code": codes_for(engine, bytes(delivery.code_of))[0],
    }  # fmt: skip
    return engine.renderer.message(SIGN_IN_CODE, (person.language,) if person else (), variables)


def codes_for(engine: Engine, token_hash: bytes) -> tuple[str, ...]:
    """Return the codes of the sign-in that waits under a token, one by every key that is used now."""
    tokens = engine.vault.blinds("sign-in-code", token_hash.hex()).values()
    return tuple(f"{int.from_bytes(one, 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}" for one in tokens)
