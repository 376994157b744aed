# SPDX-License-Identifier: GPL-3.0-or-later
"""agreement.py NFT FLOWTABLES RULES: three JSON documents in libnftables' schema, of `nft -j list ruleset`,
`ftctl flowtable list -j` and `ftctl rule list -j`, say the same of flowtables and of rules that add flows."""

import json
import sys

theirs, flowtables, rules = ([*json.load(open(path))["nftables"]] for path in sys.argv[1:])


def named(members, kind):
    return [member[kind] for member in members if kind in member]


def adds_flows(rule):
    return any("flow" in statement for statement in rule["expr"])


ours, wanted = named(flowtables, "flowtable"), named(theirs, "flowtable")
assert len(ours) == len(wanted), f"{len(ours)} flowtables, not {len(wanted)}"
for flowtable, expected in zip(ours, wanted):
    # What nft does not print may stand beside it.
    found = {key: flowtable.get(key) for key in expected}
    assert found == expected, f"\n{found}\n{expected}"
ours, wanted = named(rules, "rule"), [rule for rule in named(theirs, "rule") if adds_flows(rule)]
assert ours == wanted, f"\n{ours}\n{wanted}"
print(f"{len(named(flowtables, 'flowtable'))} flowtables and {len(ours)} rules")
