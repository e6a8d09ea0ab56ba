#!/usr/bin/env python3
"""Makes an export as `tidegauge export swaps` writes it, for want of a real one.

usage: generate.py --swaps 7200000 --pools 6000 --days 90 --seed 1 --out DIR

Skewed as mainnet is: swaps per pool by a power law, most pools short-lived, days and hours
uneven, a third of the swaps by a few bots. The same arguments give the same file.
"""
import argparse
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = 1_735_689_600  # 2025-01-01, a midnight
FIRST_BLOCK = 21_525_891
BLOCKS_A_DAY = 7_200
CHUNK = 500_000  # rows a row group
SPAN = 1 << 40  # keeps the words of one hash apart


def scrambled(x):
    """splitmix64: one 64-bit word that looks random, for each."""
    with np.errstate(over="ignore"):
        z = x.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


HEX = np.array([list(f"{b:02x}".encode()) for b in range(256)], np.uint8)


def hex_text(ids, size):
    """0x and `size` bytes made of an id, as text."""
    n = len(ids)
    words = -(-size // 8)
    raw = np.empty((n, words), np.uint64)
    for word in range(words):
        raw[:, word] = scrambled(ids.astype(np.uint64) + np.uint64(word * SPAN))
    raw = raw.view(np.uint8).reshape(n, words * 8)[:, :size]
    text = np.empty((n, 2 + 2 * size), np.uint8)
    text[:, 0], text[:, 1] = ord("0"), ord("x")
    text[:, 2:] = HEX[raw].reshape(n, 2 * size)
    offsets = pa.py_buffer((np.arange(n + 1, dtype=np.int32) * (2 + 2 * size)).tobytes())
    return pa.StringArray.from_buffers(n, offsets, pa.py_buffer(text.tobytes()))


def decimals(high, low, scale, nulls=None):
    """128-bit integers as decimals."""
    words = np.empty((len(low), 2), np.uint64)
    words[:, 0], words[:, 1] = low, high
    mask = None
    if nulls is not None:
        mask = pa.py_buffer(np.packbits(~nulls, bitorder="little").tobytes())
    buffers = [mask, pa.py_buffer(words.tobytes())]
    return pa.Array.from_buffers(pa.decimal128(38, scale), len(low), buffers)


def integers(x, rng):
    """Floats as text of whole numbers; what lies below a float's precision is random."""
    negative, size = x < 0, np.maximum(np.abs(x), 1.0)
    shift = np.maximum(np.frexp(size)[1].astype(np.int64) - 53, 0)
    head = np.floor(np.ldexp(size, -shift.astype(np.int32))).astype(np.uint64)
    noise_bits = np.minimum(shift, 63).astype(np.uint64)
    noise = rng.integers(0, 2**63, len(x), dtype=np.uint64) >> (np.uint64(63) - noise_bits)
    s = shift.astype(np.uint64)
    low = np.where(s < 64, head << np.minimum(s, np.uint64(63)), np.uint64(0)) | noise
    carried = head >> np.minimum(np.uint64(64) - np.maximum(s, np.uint64(1)), np.uint64(63))
    moved = head << np.minimum(s - np.minimum(s, np.uint64(64)), np.uint64(63))
    high = np.where(s == 0, np.uint64(0), np.where(s < 64, carried, moved))
    flipped = ~low + np.uint64(1)
    high = np.where(negative, ~high + (flipped == 0).astype(np.uint64), high)
    return decimals(high, np.where(negative, flipped, low), 0).cast(pa.string())


def running(pool, steps, pools):
    """Running sum of each pool's steps, from zero."""
    order = np.argsort(pool, kind="stable")
    total = np.cumsum(steps[order])
    first = np.searchsorted(pool[order], np.arange(pools))
    before = np.where(first > 0, total[np.maximum(first - 1, 0)], 0.0)
    out = np.empty(len(pool))
    out[order] = total
    return out - before[pool]


def main():
    args = argparse.ArgumentParser(description=__doc__)
    for name in ("swaps", "pools", "days", "seed"):
        args.add_argument(f"--{name}", type=int, required=True)
    args.add_argument("--out", required=True)
    args = args.parse_args()
    n, pools, days = args.swaps, args.pools, args.days
    rng = np.random.default_rng(args.seed)

    # Pools: how many swaps, from when to when, which legs, which fee.
    rank = np.arange(1, pools + 1)
    share = rank**-1.05
    count = np.maximum(1, np.floor(share / share.sum() * n)).astype(np.int64)
    count[0] += n - count.sum()
    lasting = rank <= max(2, pools // 20)
    born = np.where(lasting, 0, rng.integers(0, days, pools))
    lives = np.where(lasting, days, np.minimum(1 + rng.geometric(1 / 5.45, pools), days - born))
    fee = rng.choice([100, 500, 3_000, 10_000], pools, p=[0.03, 0.07, 0.5, 0.4])
    unpriced = (rng.random(pools) < 0.08) & ~lasting

    # Swaps: day by the pool's moods, block by the hour.
    pool = np.repeat(np.arange(pools), count)
    day = np.empty(n, np.int64)
    at = 0
    for p in range(pools):
        mood = np.zeros(lives[p])
        level = rng.normal(0, 0.6)
        for i, step in enumerate(rng.normal(0, 0.35, lives[p])):
            level = 0.8 * level + step
            mood[i] = level
        weight = np.exp(mood)
        spread = rng.multinomial(count[p], weight / weight.sum())
        day[at : at + count[p]] = np.repeat(np.arange(lives[p]) + born[p], spread)
        at += count[p]
    u = rng.random(n)
    within = np.floor(BLOCKS_A_DAY * (u + 0.12 * np.sin(2 * np.pi * u) / (2 * np.pi)))
    block = day * BLOCKS_A_DAY + within.astype(np.int64) % BLOCKS_A_DAY
    order = np.lexsort((rng.random(n), block))
    block, pool = block[order], pool[order]
    del order, u, within, day
    fresh = np.empty(n, bool)
    fresh[0] = True
    fresh[1:] = block[1:] != block[:-1]
    start = np.maximum.accumulate(np.where(fresh, np.arange(n), 0))
    log_index = ((np.arange(n) - start) * 3 + 2).astype(np.int32)
    tx = np.cumsum(fresh | (rng.random(n) < 0.9))
    tx_index = (tx - tx[start]).astype(np.int32)

    # Prices and amounts, in raw units of tokens with 18 decimals.
    daily = np.where(lasting, 0.03, 0.12) / np.sqrt(np.maximum(count / lives, 1))
    log_price = np.clip(rng.normal(0, 6, pools), -18, 18)[pool]
    log_price += running(pool, rng.standard_normal(n) * daily[pool], pools)
    root = np.exp(log_price / 2)
    usd = np.exp(rng.normal(np.log(900), 1.7, n)) * np.clip(2 * rank**-0.25, 0.2, 4)[pool]
    inward = rng.random(n) < 0.5
    amount1 = usd * 1e18 / 3_000
    amount0 = amount1 / np.exp(log_price)
    amount0, amount1 = np.where(inward, -amount0, amount0), np.where(inward, amount1, -amount1)
    depth = np.exp(rng.normal(np.log(3e7), 0.8, pools)) * rank**-0.75
    liquidity = np.maximum(depth[pool] * 1e18 / (6_000 * root), 1e3)
    bot = rng.random(n) < 0.3
    user = np.where(bot, 50 * rng.random(n) ** 2, 1_000 + 600_000 * rng.random(n) ** 2.2)
    router = 300 * rng.random(n) ** 4

    os.makedirs(args.out, exist_ok=True)
    path = os.path.join(args.out, "swaps.parquet")
    named = hex_text(np.arange(pools) + 7_000_000, 20)
    writer = None
    for low in range(0, n, CHUNK):
        part = slice(low, min(low + CHUNK, n))
        p, b = pool[part], block[part]
        who = hex_text(user[part].astype(np.int64) + 11_000_000, 20)
        through = hex_text(router[part].astype(np.int64) + 9_000_000, 20)
        nano = np.floor(usd[part] * 1e9).astype(np.uint64)
        table = pa.table(
            {
                "chain_id": pa.array(np.ones(len(p), np.int64)),
                "block_number": pa.array(b + FIRST_BLOCK),
                "log_index": pa.array(log_index[part]),
                "tx_hash": hex_text(tx[part] + 13_000_000, 32),
                "tx_index": pa.array(tx_index[part]),
                "pool_address": named.take(pa.array(p)),
                "timestamp": pa.array((START + b * 12 + 11) * 1000).cast(pa.timestamp("ms", "UTC")),
                "fee_tier": pa.array(fee[p].astype(np.int32)),
                "token0_amount": pa.array(amount0[part] / 1e18),
                "token1_amount": pa.array(amount1[part] / 1e18),
                "amount0_raw": integers(amount0[part], rng),
                "amount1_raw": integers(amount1[part], rng),
                "sender": through,
                "recipient": who,
                "tx_from": who,
                "sqrt_price_x96": integers(root[part] * 2.0**96, rng),
                "liquidity": integers(liquidity[part], rng),
                "tick": pa.array(np.floor(log_price[part] / np.log(1.0001)).astype(np.int32)),
                "volume_usd": decimals(np.zeros(len(p), np.uint64), nano, 9, unpriced[p]),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=CHUNK)
    writer.close()
    print(f"{path}: {n} swaps, {pools} pools, {os.path.getsize(path) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
