#!/usr/bin/env python3
# Drives scripts/bench: starts the chain, runs each program, prints the table.
# Each figure is of one whole process: wall time, peak resident memory as the kernel counts it, files.
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

SWAPS_PER_BLOCK = 140  # a dense chain: the wire and the store, not the round trips, set the pace
BLOCKS_A_DAY = 7200
IN_FLIGHT = 16


def main():
    flags = arguments()
    folder = pathlib.Path(flags.dir)
    if flags.tail_blocks:
        return tail(flags, folder)
    days = max(1, -(-flags.swaps // (SWAPS_PER_BLOCK * BLOCKS_A_DAY)))
    chain = Background([flags.tidegauge, "simulate", "--listen", "127.0.0.1:0", "--frozen", "--seed", "1", "--pool-count", "64",
                        "--swaps-per-block", str(SWAPS_PER_BLOCK), "--history-days", str(days), "--cache-dir", flags.chain_cache])
    line = chain.line_with("http://")
    url = re.search(r"http://127\.0\.0\.1:\d+", line).group()
    head = int(re.search(r"\.\.=(\d+)", line).group(1))
    print(line, flush=True)
    results = {}
    for method in flags.methods.split():
        results[method] = measure(flags, folder, url, head, method)
    store = folder / f"store-{flags.methods.split()[0]}"
    results["start-up"] = start_up(flags, store, url, head, results)
    results["disk"] = on_disk(flags, folder, store, results[flags.methods.split()[0]]["swaps"])
    chain.stop()
    report(results)
    if flags.json:
        pathlib.Path(flags.json).write_text(json.dumps(results, indent=1))


def measure(flags, folder, url, head, method):
    """Backfill through the recorder (thrown away), download and discard what it recorded, backfill for the record."""
    requests = folder / f"requests-{method}"
    recorder = Background([flags.download, "record", url, str(requests)])
    run(backfill(flags, folder / "recorded", recorder.line_with("http://").strip(), head, method))
    recorder.stop()
    shutil.rmtree(folder / "recorded")
    discarded = json.loads(run([flags.download, "discard", url, str(requests), str(IN_FLIGHT)])["stdout"])
    collected = run(backfill(flags, folder / f"store-{method}", url, head, method))
    swaps = status(flags, folder / f"store-{method}")["counters"]["swaps"]
    return {"swaps": swaps, "seconds": collected["seconds"], "swaps_per_second": swaps / collected["seconds"],
            "peak_mib": collected["peak_mib"], "download": discarded, "ratio": collected["seconds"] / discarded["seconds"]}


def tail(flags, folder):
    """A live chain with a block a second, as dense as mainnet's densest: from the announcement to the synced write."""
    chain = Background([flags.tidegauge, "simulate", "--listen", "127.0.0.1:0", "--seed", "1", "--pool-count", "64", "--block-time", "1",
                        "--swaps-per-block", str(SWAPS_PER_BLOCK), "--history-days", "1", "--cache-dir", flags.chain_cache])
    line = chain.line_with("http://")
    url = re.search(r"http://127\.0\.0\.1:\d+", line).group()
    head = int(re.search(r"\.\.=(\d+)", line).group(1))
    with open(folder / "tail.log", "w") as log:
        daemon = subprocess.Popen([flags.tidegauge, f"--set=storage.path={folder / 'store-tail'}", f"--set=chain.rpc_urls={url}",
                                   "--set=chain.compute_units_per_second=0", "--set=api.listen=127.0.0.1:0", f"--set=chain.start={head - 100}", "run"],
                                  stderr=log, stdout=subprocess.DEVNULL)
    address = None
    while not address:
        time.sleep(0.2)
        address = re.search(r"status page at (http://[^/\s]+)", (folder / "tail.log").read_text())
    while True:
        time.sleep(1)
        with urllib.request.urlopen(f"{address.group(1)}/api/status") as answer:
            collector = json.load(answer)["collector"]
        if collector["commit_latency"]["observed"] >= flags.tail_blocks:
            break
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()
    chain.stop()
    figures = {"announced": collector["tail"]["announced"], **collector["commit_latency"], "swaps_per_block": SWAPS_PER_BLOCK}
    print(f"tail: {figures['observed']} blocks of {SWAPS_PER_BLOCK} swaps, announced: {figures['announced']}; "
          f"durable after p50 {figures['p50_ms']:.1f} ms, p99 {figures['p99_ms']:.1f} ms")
    if flags.json:
        pathlib.Path(flags.json).write_text(json.dumps(figures, indent=1))


def start_up(flags, store, url, head, results):
    """Opening a closed store to read, opening it to write, and opening one that was killed while it grew."""
    method = next(iter(results))
    writing = backfill(flags, store, url, head, method)
    figures = {"read_s": run([flags.tidegauge, f"--set=storage.path={store}", "status"])["seconds"], "write_s": run(writing)["seconds"]}
    killed = store.parent / "killed"
    victim = subprocess.Popen(backfill(flags, killed, url, head, method), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(results[method]["seconds"] / 2)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    tip = status(flags, killed)["tip"]
    figures["after_kill_at"] = tip["number"] if tip else None
    reached = backfill(flags, killed, url, tip["number"] if tip else 0, method)
    figures["write_after_kill_s"] = run(reached)["seconds"]
    shutil.rmtree(killed)
    return figures


def on_disk(flags, folder, store, swaps):
    size = sum(f.stat().st_size for f in store.rglob("*") if f.is_file())
    figures = {"store_bytes": size, "store_bytes_per_swap": size / swaps}
    try:
        import pyarrow.csv as csv, pyarrow.parquet as parquet, pyarrow as arrow
    except ImportError:
        return figures
    rows = folder / "swaps.csv"
    run([flags.tidegauge, f"--set=storage.path={store}", "export", "swaps", "--out", str(rows)])
    wide = ["amount0_raw", "amount1_raw", "token0_amount", "token1_amount", "sqrt_price_x96", "liquidity", "tx_from"]
    types = csv.ConvertOptions(column_types={name: arrow.string() for name in wide})
    reader = csv.open_csv(rows, convert_options=types)
    # The store holds raw amounts; the decimal ones follow from them.
    kept = [n for n in reader.schema.names if n not in ("token0_amount", "token1_amount", "chain_id", "fee_tier")]
    out = folder / "swaps.parquet"
    writer = None
    for batch in reader:
        table = arrow.Table.from_batches([batch]).select(kept)
        writer = writer or parquet.ParquetWriter(out, table.schema, compression="zstd")
        writer.write_table(table)
    writer.close()
    rows.unlink()
    figures["parquet_zstd_bytes_per_swap"] = out.stat().st_size / swaps
    return figures


def report(results):
    start, disk = results.pop("start-up"), results.pop("disk")
    print(f"\n{'method':10} {'swaps':>11} {'backfill':>9} {'download':>9} {'ratio':>6} {'swaps/s':>9} {'peak':>9} {'wire':>10}")
    for method, r in results.items():
        wire = r["download"]["bytes"] / 2**20
        print(f"{method:10} {r['swaps']:11,} {r['seconds']:8.2f}s {r['download']['seconds']:8.2f}s {r['ratio']:6.2f} "
              f"{r['swaps_per_second']:9,.0f} {r['peak_mib']:5.0f} MiB {wire:6.0f} MiB")
    print(f"start-up: {start['read_s']:.3f} s to read, {start['write_s']:.3f} s to write, "
          f"{start['write_after_kill_s']:.3f} s to write after a kill at block {start['after_kill_at']}")
    parquet = disk.get("parquet_zstd_bytes_per_swap")
    beside = f"; zstd Parquet of the same rows {parquet:.1f}" if parquet else ""
    print(f"on disk: {disk['store_bytes_per_swap']:.1f} bytes a swap{beside}")
    results.update({"start-up": start, "disk": disk})


def backfill(flags, store, url, head, method):
    return [flags.tidegauge, f"--set=storage.path={store}", f"--set=chain.rpc_urls={url}", "--set=chain.compute_units_per_second=0",
            f"--set=chain.max_in_flight={IN_FLIGHT}", "backfill", "--from", "0", "--to", str(head), "--method", method]


def status(flags, store):
    return json.loads(run([flags.tidegauge, f"--set=storage.path={store}", "status", "--json"])["stdout"])


def run(command):
    """Runs to the end; gives output, wall time and the peak of resident memory as the kernel counts it."""
    begun = time.monotonic()
    with open(os.devnull) as nothing:
        child = subprocess.Popen(command, stdin=nothing, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = [], []
    readers = [threading.Thread(target=lambda f=f, to=to: to.append(f.read())) for f, to in ((child.stdout, output), (child.stderr, errors))]
    for reader in readers:
        reader.start()
    _, code, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(code)
    seconds = time.monotonic() - begun
    for reader in readers:
        reader.join()
    if child.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{output[0]}\n{errors[0]}")
    return {"stdout": output[0], "seconds": seconds, "peak_mib": usage.ru_maxrss / 1024}


class Background:
    def __init__(self, command):
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def line_with(self, text):
        for line in self.child.stdout:
            if text in line:
                return line
        sys.exit(f"{self.child.args[0]} ended: {self.child.wait()}")

    def stop(self):
        self.child.terminate()
        self.child.wait(20)


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("tidegauge", "download", "methods", "dir", "chain-cache"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--swaps", type=int, required=True)
    parser.add_argument("--json")
    parser.add_argument("--tail-blocks", type=int)
    return parser.parse_args()


main()
