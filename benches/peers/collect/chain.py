"""The simulated chain that all collect, and what is truly on it."""
import collections
import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import urllib.request

SWAPS_PER_BLOCK = 140  # as in scripts/bench.py: the wire and the programs, not the round trips, set the pace
BLOCKS_A_DAY = 7200

FACTORY = "0x1f98431c8ad98523631ae4a59f267346ea31f984"
POOL_CREATED = "0x783cca1c0412dd0d695e784568c96da2e9c22ff989357a2e8b1d9b2b4e6b7118"
SWAP = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
DECIMALS = "0x313ce567"


class Background:
    """A server that says its address; it ends with the block."""

    def __init__(self, *command):
        self.child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
        for line in self.child.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.url = found.group()
                return
        sys.exit(f"run: {command[0]} ended: {self.child.wait()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()


def simulate(tidegauge, swaps, cache, more=()):
    """A frozen chain of at least so many swaps."""
    days = max(1, -(-swaps // (SWAPS_PER_BLOCK * BLOCKS_A_DAY)))
    size = ["--pool-count", 64, "--swaps-per-block", SWAPS_PER_BLOCK, "--history-days", days, "--cache-dir", cache]
    return Background(tidegauge, "simulate", "--listen", "127.0.0.1:0", "--frozen", "--seed", 1, *size, *more)


@dataclasses.dataclass
class Truth:
    """Of the blocks 0 to `head`: all swaps, those of genuine pools, a file of the transactions' hashes."""

    head: int
    swaps: int
    genuine: int
    hashes: pathlib.Path


def truth(url, swaps, hashes):
    """Counts about so many swaps, in small pages: a child's peak memory is never below its parent's."""
    head = max(1, swaps // SWAPS_PER_BLOCK) - 1
    by_address = collections.Counter()
    for first in range(0, head + 1, 8):
        span = {"fromBlock": hex(first), "toBlock": hex(min(first + 7, head)), "topics": [SWAP]}
        by_address.update(log["address"] for log in ask(url, "eth_getLogs", span))
    genuine = 0
    created = {"fromBlock": "0x0", "toBlock": hex(head), "address": FACTORY, "topics": [POOL_CREATED]}
    for log in ask(url, "eth_getLogs", created):
        tokens = ["0x" + topic[-40:] for topic in log["topics"][1:3]]
        if all(has_decimals(url, token) for token in tokens):
            genuine += by_address["0x" + log["data"][-40:]]
    with open(hashes, "w") as lines:
        for number in range(head + 1):
            lines.writelines(f"{hash}\n" for hash in ask(url, "eth_getBlockByNumber", hex(number), False)["transactions"])
    return Truth(head, by_address.total(), genuine, hashes)


def has_decimals(url, token):
    answer = post(url, "eth_call", {"to": token, "data": DECIMALS}, "latest")
    return answer.get("result", "0x") != "0x"


def ask(url, method, *params):
    answer = post(url, method, *params)
    return answer["result"] if "result" in answer else sys.exit(f"run: {method} {params}: {answer}")


def post(url, method, *params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, {"content-type": "application/json"})) as answer:
        return json.load(answer)
