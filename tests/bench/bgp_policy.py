# SPDX-License-Identifier: GPL-2.0-or-later
"""The case `policy` of tests/bench/bgp: a million prefixes through rules in both directions, ours beside BIRD's filters.

Both have the same: in, no bogons (1,000 prefixes), no path with a certain AS, none with a community of four; 1,000
prefixes of customers get a preference and a community. Out, none with a certain community; 1,000 prefixes get a MED, and
all a community. Nothing is denied, so that all arrives.
"""

import random

from bgp_stand import SINK, SOURCE, Stand, best, neighbours, ratio, rounds, session, show

SET = 1000
BOGONS = [f"{random.Random(n).randrange(160, 220)}.{n % 250}.{n // 4 % 250}.0/24" for n in range(SET // 2)] + \
    [f"{160 + n % 60}.{n // 2 % 250}.0.0/{16 + n % 8}" for n in range(0, SET, 2)]
CUSTOMERS = [f"{16 + n % 15}.{n // 15}.{n % 16 * 16}.0/20" for n in range(SET)]
MARKED = [f"{16 + n % 15}.{100 + n // 15}.{n % 16 * 16}.0/20" for n in range(SET)]
COMMUNITIES = [(65000, 666), (65535, 666), (64512, 1), (64512, 2)]


def network(text):
    """With the host bits that a generated prefix may have cleared."""
    address, length = text.split("/")
    number = sum(int(part) << 8 * (3 - n) for n, part in enumerate(address.split("."))) >> (32 - int(length)) << (32 - int(length))
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{length}"


def patterns(speaker, name, prefixes):
    return speaker.write(name, "".join(f"{network(prefix)} le 24\n" for prefix in prefixes))


def ours(speaker):
    communities = "".join(f"import\tdeny\tcommunity={a}:{b}\n" for a, b in COMMUNITIES)
    return speaker.write("rules", f"import\tdeny\tprefixes={patterns(speaker, 'bogons', BOGONS)}\n"
                         f"import\tdeny\tas_path=.* 64999 .*\n{communities}"
                         f"import\tnext\tprefixes={patterns(speaker, 'customers', CUSTOMERS)}\tlocal_preference=200\tadd=65000:200\n"
                         "import\taccept\n"
                         "export\tdeny\tcommunity=65000:999\n"
                         f"export\tnext\tprefixes={patterns(speaker, 'marked', MARKED)}\tmed=50\n"
                         "export\taccept\tadd=65000:1\n")


def bird(_):
    def prefixes(items):
        return ", ".join(f"{network(prefix)}{{{prefix.split('/')[1]},24}}" for prefix in items)
    communities = ", ".join(f"({a},{b})" for a, b in COMMUNITIES)
    return f"""define bogons = [ {prefixes(BOGONS)} ];
define customers = [ {prefixes(CUSTOMERS)} ];
define marked = [ {prefixes(MARKED)} ];
filter ins {{
  if net ~ bogons then reject;
  if bgp_path ~ [= * 64999 * =] then reject;
  if bgp_community ~ [ {communities} ] then reject;
  if net ~ customers then {{ bgp_local_pref = 200; bgp_community.add((65000,200)); }}
  accept;
}}
filter outs {{
  if (65000,999) ~ bgp_community then reject;
  if net ~ marked then bgp_med = 50;
  bgp_community.add((65000,1));
  accept;
}}
"""


RULES = {"ours": ours, "bird": bird}


def policy(bench):
    count = 20_000 if bench.smoke else 1_000_000

    def work(name):
        with Stand(name, neighbours(SOURCE, SINK), {"policy": RULES[name]}) as stand:
            before = stand.cpu()
            got = stand.load("--source", session(SOURCE), "--sink", session(SINK), "-n", count)
            return {**got, "cpu": stand.cpu() - before, "memory": stand.memory(), "held": stand.speaker.longest_turn()}
    kept, bench.names = bench.names, [name for name in bench.names if name in RULES]
    rows = rounds(bench, work)
    bench.names = kept
    for name, of in rows.items():
        part, spent = ratio(rows, name, "last_s"), ratio(rows, name, "cpu")
        bench.line(f"{count:,} through rules, in and out: {name}",
                   f"{show(best(of, 'last_s'))}, CPU {show(best(of, 'cpu'))}, {show(best(of, 'memory'), 'MiB')}",
                   "" if part is None else f"{part:.2f} of BIRD's time, goal 0.5", None if part is None else part <= 0.5)
        if spent is not None:
            bench.line("", "", f"{spent:.2f} of BIRD's CPU, goal 0.5", spent <= 0.5)
        held = [row["held"] for row in of if row["held"] is not None]
        if held:
            bench.line("", f"the loop was held {max(held):.1f} ms at most, of processor time", "5 ms at most", max(held) <= 5)
