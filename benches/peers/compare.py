#!/usr/bin/env python3
"""Whether daily files agree: the same rows, equal counts, statistics as far as floats reach.

usage: compare.py FIRST OTHER...

Counts have to be equal; of other columns it says how far they are apart and how many cells
differ in their last bits. Columns that a file does not have are left out.
"""
import sys

import polars as pl

COUNTS = [
    "tx_count",
    "unique_users",
    "tx_count_cumulative",
    "days_since_start",
    "day_number",
    "tx_count_24h",
    "unique_users_7d",
    "target_tx_3d_ahead",
    "target_tx_7d_ahead",
]
# Sums of up to some 10^5 dollars in another order, then differences of such sums near zero.
NEAR = 1e-9


def rows(path):
    table = pl.read_parquet(path)
    if "date" in table.columns:
        table = table.rename({"date": "day"})
    if table["day"].dtype == pl.String:
        table = table.with_columns(pl.col("day").str.to_date())
    return table.with_columns(
        pl.col("day").cast(pl.Int32), pl.col("pool_address").cast(pl.String).str.to_lowercase()
    ).sort("pool_address", "day")


def distance(a, b):
    """Largest relative distance (absolute below one), cells apart, cells known in one alone."""
    a, b = (x.cast(pl.Float64, strict=False).fill_nan(None) for x in (a, b))
    alone = int((a.is_null() != b.is_null()).sum())
    scale = pl.select(pl.max_horizontal(a.abs(), b.abs(), pl.lit(1.0))).to_series()
    far = ((a - b).abs() / scale).max() or 0.0
    apart = int((a != b).fill_null(False).sum())
    return far, apart, alone


def main():
    first, *others = sys.argv[1:]
    ours = rows(first)
    wrong = []
    for path in others:
        theirs = rows(path)
        key = ["pool_address", "day"]
        if not ours.select(key).equals(theirs.select(key)):
            wrong.append(f"{path}: {theirs.height} rows, not the {ours.height} of {first}")
            continue
        shared = [c for c in ours.columns if c in theirs.columns and c not in key]
        far, apart, cells = 0.0, 0, 0
        for name in shared:
            if ours[name].dtype == pl.String or theirs[name].dtype == pl.String:
                continue
            d, n, alone = distance(ours[name], theirs[name])
            if name in COUNTS:
                if n or alone:
                    wrong.append(f"{path}: {name} differs in {n + alone} rows")
                continue
            if alone or d > NEAR:
                wrong.append(f"{path}: {name}: {alone} cells known in one alone, {d:.1e} apart")
            far, apart, cells = max(far, d), apart + n, cells + ours.height
        print(
            f"{path}: {theirs.height} rows, {len(shared)} columns, counts as in {first}; "
            f"{100 * apart / max(cells, 1):.1f} % of the other cells differ, by {far:.0e} at most"
        )
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
