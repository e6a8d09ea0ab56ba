"""Who collects: how each is installed, told what to do, and asked how many swaps it has got."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import throttle
from chain import SWAP

HERE = pathlib.Path(__file__).resolve().parent
CRYO = ["cryo==0.3.2", "pyarrow==26.0.1"]
SIGNATURE = (
    "event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1,"
    " uint160 sqrtPriceX96, uint128 liquidity, int24 tick)"
)
IN_FLIGHT = 16
PAGE_BLOCKS = 56
FILE_BLOCKS = 18 * PAGE_BLOCKS  # about the thousand that cryo takes, in whole pages


class Failed(Exception):
    """Why there is no figure."""


class Peer:
    """`command` collects the blocks 0 to truth.head of case.url into `out`; `count` looks at what is there."""

    name = version = ""

    def install(self, flags):
        pass

    def true(self, truth):
        return truth.swaps


class Discard(Peer):
    name = "discard"

    def install(self, flags):
        if not flags.download:
            raise Failed("there is no program `download`: cargo build --release --bench download")
        self.program = flags.download

    def command(self, case, truth, out):
        return [self.program, "discard", case.url, case.requests, IN_FLIGHT]

    def count(self, out, log):
        return None

    def true(self, truth):
        return None


class Ours(Peer):
    name = "tidegauge"

    def install(self, flags):
        self.program = flags.tidegauge
        self.version = subprocess.check_output([self.program, "--version"], text=True).split()[-1]

    def command(self, case, truth, out):
        settings = {
            "storage.path": out,
            "chain.rpc_urls": case.url,
            "chain.compute_units_per_second": case.units,
            "chain.max_in_flight": IN_FLIGHT,
        }
        given = [f"--set={key}={value}" for key, value in settings.items()]
        return [self.program, *given, "backfill", "--from", 0, "--to", truth.head, "--method", "logs"]

    def count(self, out, log):
        status = subprocess.check_output([self.program, f"--set=storage.path={out}", "status", "--json"])
        return json.loads(status)["counters"]["swaps"]

    def true(self, truth):
        return truth.genuine


class AlloyLoop(Peer):
    version = "2.5.0"

    def __init__(self, in_flight):
        self.name, self.in_flight = f"alloy-{in_flight}", in_flight

    def install(self, flags):
        target = flags.cache / "target"
        manifest = HERE / "alloy-loop" / "Cargo.toml"
        path = f"{os.environ['PATH']}:{pathlib.Path.home() / '.cargo' / 'bin'}"
        checked(
            ["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest],
            {**os.environ, "PATH": path, "CARGO_TARGET_DIR": str(target)},
        )
        self.program = target / "release" / "alloy-loop"

    def command(self, case, truth, out):
        told = ["--page-blocks", case.page_blocks, "--in-flight", self.in_flight]
        if case.units:
            told += ["--units-per-second", case.units]
        return [self.program, "--rpc", case.url, "--from", 0, "--to", truth.head, "--out", out, *told]

    def count(self, out, log):
        with open(out, "rb") as rows:
            return sum(1 for _ in rows) - 1


class Cryo(Peer):
    version = CRYO[0].split("==")[1]

    def __init__(self, name, **more):
        self.name, self.more = name, more

    def install(self, flags):
        self.python = environment(flags.cache / "cryo", CRYO)

    def command(self, case, truth, out):
        told = {
            "blocks": [f"0:{truth.head + 1}"],
            "rpc": case.url,
            "network_name": "simulated",
            "topic0": [SWAP],
            "inner_request_size": case.page_blocks,
            "chunk_size": FILE_BLOCKS,
            "max_concurrent_requests": IN_FLIGHT,
            "output_dir": str(out),
            **self.more,
        }
        if case.units:
            told["requests_per_second"] = max(1, case.units // throttle.UNITS["eth_getLogs"])
        return [self.python, HERE / "by_cryo.py", "freeze", json.dumps(told)]

    def count(self, out, log):
        rows = int(subprocess.check_output([self.python, HERE / "by_cryo.py", "count", out]))
        # It ends well all the same.
        if errors := re.findall(r"^- (.*) \(\d+x\)$", log, re.MULTILINE):
            raise Failed(f"status 0, but {rows:,} swaps and errors: {'; '.join(errors)}")
        return rows


class EthereumEtl(Peer):
    name, version = "ethereum-etl", "2.4.2"

    def install(self, flags):
        pins = [line for line in (HERE / "ethereum-etl.txt").read_text().splitlines() if line[0] != "#"]
        self.python = environment(flags.cache / "ethereum-etl", ["--no-deps", *pins])

    def command(self, case, truth, out):
        # It knows of no plan, but a batch that is never let pass would be our mistake.
        batch, workers = (max(1, case.units // throttle.UNITS["eth_getTransactionReceipt"]), 1) if case.units else (100, IN_FLIGHT)
        told = ["--batch-size", batch, "--max-workers", workers, "--logs-output", out]
        program = self.python.parent / "ethereumetl"
        return [program, "export_receipts_and_logs", "-t", truth.hashes, "-p", case.url, *told]

    def count(self, out, log):
        with open(out, "rb") as rows:
            return sum(f'"{SWAP}'.encode() in row for row in rows)


PEERS = [
    Discard(),
    Ours(),
    AlloyLoop(1),
    AlloyLoop(IN_FLIGHT),
    Cryo("cryo"),
    Cryo("cryo-decoded", event_signature=SIGNATURE),
    EthereumEtl(),
]


def environment(folder, packages):
    """The interpreter of a virtual environment with these packages, and no others."""
    python, stamp = folder / "bin" / "python", folder / "pinned"
    if not stamp.exists() or stamp.read_text() != "\n".join(packages):
        shutil.rmtree(folder, ignore_errors=True)
        # The version that there is a wheel of cryo for.
        checked([shutil.which("python3.11") or sys.executable, "-m", "venv", folder])
        checked([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
        stamp.write_text("\n".join(packages))
    return python


def checked(command, env=None):
    done = subprocess.run([str(part) for part in command], check=False, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(f"{command[0]}: {reason(done.stderr)}")


def reason(text):
    """The last line that looks like an error, or just the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]*error\b", line, re.IGNORECASE)]
    return (errors or lines or ["without a word"])[-1][:300]
