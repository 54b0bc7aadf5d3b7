"""Every bypass attempt that `verify` makes and that the gateway's tests make, in one list."""

from llmplat.observe.attacks import Attack
from llmplat.observe.attacks_desk import desk_attacks
from llmplat.observe.attacks_keys import key_attacks
from llmplat.observe.attacks_leaving import leaving_attacks
from llmplat.observe.attacks_protocol import protocol_attacks
from llmplat.observe.attacks_routes import route_attacks
from llmplat.observe.attacks_wire import wire_attacks
from llmplat.observe.attacks_words import word_attacks

ATTACKS: tuple[Attack, ...] = (
    *word_attacks(),
    *route_attacks(),
    *key_attacks(),
    *wire_attacks(),
    *protocol_attacks(),
    *leaving_attacks(),
    *desk_attacks(),
)
"""Names are unique; order is by group."""

GROUPS: tuple[str, ...] = tuple(dict.fromkeys(attack.group for attack in ATTACKS))
