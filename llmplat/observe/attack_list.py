"""Every bypass attempt that `verify` makes and that the gateway's tests make, in one list."""

from llmplat.observe.attacks import Attack
from llmplat.observe.attacks_wire import wire_attacks
from llmplat.observe.attacks_words import word_attacks

ATTACKS: tuple[Attack, ...] = (*word_attacks(), *wire_attacks())
"""Names are unique; order is by group."""

GROUPS: tuple[str, ...] = tuple(dict.fromkeys(attack.group for attack in ATTACKS))
