"""Turns a tenant's questions about itself into answers, and its wishes about keys into changes.

What a key may see: its own tenant, and the models its tenant may use. What it may ask for: keys of
its own app. All that the console shows and does goes through here with the key of whoever signed in,
so the console has no rights of its own.
"""

import json
import logging
import re
from typing import Any

from llmplat.gateway import changes
from llmplat.gateway.account import Visit, describe_account, describe_catalog
from llmplat.gateway.answers import send_json
from llmplat.gateway.lanes import get_prefix
from llmplat.gateway.policy import SYSTEM, Key, get_class_name
from llmplat.gateway.refusals import RefusedError
from llmplat.gateway.upstream import Send

CATALOG = "/llmplat/v1/catalog"
ACCOUNT = "/llmplat/v1/account"
CHANGES = "/llmplat/v1/key-changes"
VERDICTS = "/llmplat/v1/key-verdicts"
READS = frozenset({CATALOG, ACCOUNT, CHANGES})
WRITES = frozenset({CHANGES, VERDICTS})
BODY_BYTES = 4096

_LIFETIME_AT_MOST_S = 366 * 86400
_OVERLAP_AT_MOST_S = 7 * 86400
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_FIELDS = {
    "create": {"sha256", "lifetime_s"},
    "rotate": {"key", "sha256", "lifetime_s", "overlap_s"},
    "revoke": {"key"},
    "withdraw": {"change"},
}
_log = logging.getLogger("llmplat.gateway")


async def answer(path: str, visit: Visit, send: Send, request_id: str) -> None:
    """The answer to a GET of one of READS; RefusedError when there is none."""
    if path == CATALOG:
        told: dict[str, Any] = await describe_catalog(visit)
    elif path == ACCOUNT:
        told = await describe_account(visit)
    else:
        whose = None if visit.key.is_system else visit.key.tenant
        told = {"changes": await changes.read(visit.question.ledger, whose)}
    await send_json(send, told, request_id)


async def change(path: str, visit: Visit, body: bytes, send: Send, request_id: str) -> None:
    """Takes a POST to one of WRITES; RefusedError says why it is not taken."""
    wish = _parse(body)
    if path == VERDICTS:
        told = await _decide(visit, wish)
    else:
        told = await _ask_for(visit, wish)
    _log.warning("audit: %s", json.dumps(told | {"by": visit.key.id}, sort_keys=True))
    await send_json(send, told, request_id)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        wish = json.loads(body)
    except ValueError as error:
        raise RefusedError("body_invalid", "The body is not JSON.") from error
    if not isinstance(wish, dict):
        raise RefusedError("body_invalid", "The body is not a JSON object.")
    return wish


async def _ask_for(visit: Visit, wish: dict[str, Any]) -> dict[str, Any]:
    key = visit.key
    if key.tenant == SYSTEM[0]:
        raise RefusedError("tenant_key_only")
    act = wish.pop("act", None)
    if act not in _FIELDS or set(wish) - _FIELDS[act]:
        raise RefusedError(
            "body_invalid", "act is create, rotate, revoke or withdraw, with its own fields."
        )
    if act == "withdraw":
        return await _withdraw(visit, _word(wish, "change"))
    old = _own_key(visit, _word(wish, "key")) if act != "create" else None
    who = (key.tenant, key.app, key.id)
    deny = ""
    more: dict[str, Any] = {}
    if act == "revoke":
        deny = f"{get_prefix(visit.policy.platform)}deny:{old.id if old else ''}"
    else:
        more["sha256"] = _new_hash(visit, wish)
        more["lifetime_s"] = _seconds(wish, "lifetime_s", _LIFETIME_AT_MOST_S)
        more["overlap_s"] = _seconds(wish, "overlap_s", _OVERLAP_AT_MOST_S)
    made = changes.make_change(act, who, old.id if old else "", **more)
    tenant = visit.policy.tenants[key.tenant]
    of_class = get_class_name(visit.policy, tenant, tenant.apps[key.app])
    backlog = visit.policy.ledger_backlog
    await changes.ask(visit.question.ledger, made, deny, of_class, backlog)
    return {"change": made.id, "act": act, "key": made.key, "made": made.made}


async def _withdraw(visit: Visit, change_id: str) -> dict[str, Any]:
    ledger, backlog = visit.question.ledger, visit.policy.ledger_backlog
    mine = await changes.read(ledger, visit.key.tenant)
    if not any(one["id"] == change_id and one["app"] == visit.key.app for one in mine):
        raise RefusedError("change_unknown")
    verdict = changes.Verdict(change_id, "withdrawn", "", visit.key.id, visit.key.tenant)
    await changes.settle(ledger, verdict, backlog)
    return {"change": change_id, "act": "withdraw"}


async def _decide(visit: Visit, wish: dict[str, Any]) -> dict[str, Any]:
    if not visit.key.is_system:
        raise RefusedError("system_key_only")
    change_id, state = _word(wish, "change"), wish.get("state")
    why = str(wish.get("why") or "")[:200]
    if state not in changes.VERDICTS:
        raise RefusedError("body_invalid", "state is approved or rejected.")
    verdict = changes.Verdict(change_id, state, why, visit.key.id)
    await changes.settle(visit.question.ledger, verdict, visit.policy.ledger_backlog)
    return {"change": change_id, "act": state}


def _own_key(visit: Visit, key_id: str) -> Key:
    """The key of that id of the asker's own app; others are as unknown as none."""
    mine = (visit.key.tenant, visit.key.app)
    for key in visit.keys.values():
        if key.id == key_id and (key.tenant, key.app) == mine:
            return key
    raise RefusedError("key_not_yours")


def _new_hash(visit: Visit, wish: dict[str, Any]) -> str:
    sha256 = wish.get("sha256")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise RefusedError("body_invalid", "sha256 is 64 digits in lower-case hex.")
    # With the hash of somebody's key, that key would begin to count as the asker's.
    if sha256 in visit.keys:
        raise RefusedError("key_hash_taken")
    return sha256


def _word(wish: dict[str, Any], name: str) -> str:
    word = wish.get(name)
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        raise RefusedError("body_invalid", f"{name} is missing or no id.")
    return word


def _seconds(wish: dict[str, Any], name: str, at_most: int) -> int:
    number = wish.get(name) or 0
    if type(number) is not int or not 0 <= number <= at_most:
        raise RefusedError("body_invalid", f"{name} is a whole number from 0 to {at_most}.")
    return number
