"""Keeps what tenants ask to be changed about their keys, in Redis, until the platform's owner decides.

Nothing here makes a key good: keys are declared, and whoever declares them (`llmplat keys approve`)
reads the open changes here and says what came of each. A revocation is the one thing that acts at
once, since it only takes away. Each step adds its record in the same breath, or does not happen.
"""

import json
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Any

from llmplat.gateway.ledger import Ledger
from llmplat.gateway.refusals import RefusedError
from llmplat.gateway.scripts import PUT

OPEN_AT_MOST = 20
"""Changes of one tenant that may wait; revocations are always taken."""
_SETTLED_KEPT = 50
VERDICTS = frozenset({"approved", "rejected"})

_ASK = (
    PUT
    + """
local p, id, document, most, deny = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local backlog, class, cause = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local wish = cjson.decode(document)
if backlog > 0 and redis.call('XLEN', p .. 'records') >= backlog then return 'ledger_full' end
local open, settled = 0, {}
local all = redis.call('HGETALL', p .. 'changes')
for i = 1, #all, 2 do
  local one = cjson.decode(all[i + 1])
  if one.sha256 ~= '' and one.sha256 == wish.sha256 and one.state ~= 'withdrawn' then
    return 'key_hash_taken'
  end
  if one.tenant == wish.tenant then
    if one.state ~= 'open' then settled[#settled + 1] = one
    elseif one.act ~= 'revoke' then open = open + 1
    elseif wish.act == 'revoke' and one.key == wish.key then return 'ok' end
  end
end
if wish.act ~= 'revoke' and open >= most then return 'changes_full' end
table.sort(settled, function(a, b) return a.settled_ms > b.settled_ms end)
for i = tonumber(ARGV[9]) + 1, #settled do redis.call('HDEL', p .. 'changes', settled[i].id) end
local clock = redis.call('TIME')
wish.asked_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('HSET', p .. 'changes', id, cjson.encode(wish))
if deny ~= '' then redis.call('SET', deny, 'revoked') end
if backlog > 0 then
  local who = wish.tenant .. '\\31' .. wish.app .. '\\31'
  put(p, id .. '-asked', who, class,
    {wish.key ~= '' and wish.key or wish.made, '', 0, 0, 0, 0, 'changed', cause},
    'by ' .. wish.by)
end
return 'ok'
"""
)

_SETTLE = (
    PUT
    + """
local p, id, state, why, tenant = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local backlog, by = tonumber(ARGV[6]), ARGV[7]
local text = redis.call('HGET', p .. 'changes', id)
if not text then return 'unknown' end
local wish = cjson.decode(text)
if tenant ~= '' and wish.tenant ~= tenant then return 'unknown' end
if wish.state == state then return 'ok' end
if wish.state ~= 'open' then return 'settled' end
if wish.act == 'revoke' and state ~= 'approved' then return 'final' end
if backlog > 0 and redis.call('XLEN', p .. 'records') >= backlog then return 'ledger_full' end
local clock = redis.call('TIME')
wish.state, wish.why = state, why
wish.settled_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('HSET', p .. 'changes', id, cjson.encode(wish))
if backlog > 0 then
  local who = wish.tenant .. '\\31' .. wish.app .. '\\31'
  put(p, id .. '-' .. state, who, '',
    {wish.key ~= '' and wish.key or wish.made, '', 0, 0, 0, 0, 'changed',
     'key_' .. wish.act .. '_' .. state}, 'by ' .. by)
end
return 'ok'
"""
)


@dataclass(frozen=True)
class Change:
    """One change that a tenant asks for; its secret, if it has one, is known to the tenant alone."""

    id: str
    act: str
    """create, rotate or revoke."""
    tenant: str
    app: str
    key: str
    """The key that ends; "" for create."""
    made: str
    """The id that the new key will have; "" for revoke."""
    sha256: str
    """Of the new key; "" for revoke."""
    lifetime_s: int
    """Of the new key; 0 for one that does not end."""
    overlap_s: int
    """How long the old key stays good after a rotation."""
    by: str
    """Id of the key that asked."""
    state: str = "open"
    """open, approved, rejected or withdrawn."""
    why: str = ""
    asked_ms: int = 0
    settled_ms: int = 0


@dataclass(frozen=True)
class Verdict:
    """What came of a change."""

    change: str
    state: str
    """approved, rejected or withdrawn."""
    why: str
    by: str
    """Id of the key that says so."""
    tenant: str = ""
    """Where given, only a change of this tenant is meant."""


def make_change(act: str, by: tuple[str, str, str], key: str, **wish: Any) -> Change:  # noqa: ANN401 (fields of Change)
    """A new change asked for by `by`: tenant, app and key id."""
    tenant, app, key_id = by
    made = "" if act == "revoke" else f"k-{secrets.token_hex(4)}"
    blank = Change(f"c-{secrets.token_hex(6)}", act, tenant, app, key, made, "", 0, 0, key_id)
    return replace(blank, **wish)


async def ask(ledger: Ledger, change: Change, deny: str, class_name: str, backlog: int) -> None:
    """Keeps `change`; with `deny` that key is refused from now on. RefusedError when it is too much."""
    args: list[str | int] = [ledger.prefix, change.id, json.dumps(asdict(change)), OPEN_AT_MOST]
    args += [deny, backlog, class_name, f"key_{change.act}_asked", _SETTLED_KEPT]
    verdict = (await ledger.run(_ASK, args)).decode()
    if verdict != "ok":
        raise RefusedError(verdict)


async def settle(ledger: Ledger, verdict: Verdict, backlog: int) -> None:
    """Says what came of a change. RefusedError when there is none or it was decided before."""
    args: list[str | int] = [ledger.prefix, verdict.change, verdict.state, verdict.why]
    told = (await ledger.run(_SETTLE, [*args, verdict.tenant, backlog, verdict.by])).decode()
    if told != "ok":
        raise RefusedError(told if told == "ledger_full" else f"change_{told}")


async def read(ledger: Ledger, tenant: str | None) -> list[dict[str, Any]]:
    """All changes of `tenant`, or with None of everybody, the newest first."""
    kept = [json.loads(text) for text in (await ledger.read_hash("changes")).values()]
    mine = [one for one in kept if tenant is None or one["tenant"] == tenant]
    return sorted(mine, key=lambda one: (-int(one["asked_ms"]), one["id"]))
