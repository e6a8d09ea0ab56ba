#!/usr/bin/env python3
"""pandas: swaps.parquet to daily.parquet, by the definitions in `run`.

Tuned as its users would: columns by Arrow, addresses as codes, flat integer keys.

usage: by_pandas.py SWAPS DAILY
"""
import sys

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

source, target = sys.argv[1:]
names = ["pool_address", "timestamp", "block_number", "log_index", "tx_index", "tx_from", "fee_tier"]
table = pq.read_table(source, columns=[*names, "sqrt_price_x96", "volume_usd"])


def codes(name):
    """A text column as numbers, -1 where it is unknown, and the texts."""
    coded = pc.dictionary_encode(table.column(name).combine_chunks())
    return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), coded.dictionary


def column(name):
    return table.column(name).to_numpy()


pool, addresses = codes("pool_address")
who, _ = codes("tx_from")
clock = pc.cast(table.column("timestamp"), "int64").to_numpy() // 1000
day0, last = int(clock.min()) // 86400, int(clock.max()) // 86400
days = last - day0 + 8  # and a week for users to leave
hour = clock // 3600 - day0 * 24
block = column("block_number") << 20
place = block | column("log_index")
swap = pd.DataFrame({"hour": pool * days * 24 + hour, "day": pool * days + hour // 24})
swap["tx"] = block | column("tx_index")
swap["usd"] = pc.cast(table.column("volume_usd"), "double").to_numpy()
swap["unpriced"] = swap.usd.isna()
swap["fee"] = column("fee_tier")
root = table.column("sqrt_price_x96")
del clock, block, table

# Swaps by pool and hour; the order within comes from the chain.
order = np.lexsort((place, swap.hour.to_numpy()))
keys = swap.hour.to_numpy()[order]
final = order[np.append(keys[1:] != keys[:-1], True)]
hours = swap.groupby("hour").agg(s=("usd", "size"), v=("usd", "sum"), unpriced=("unpriced", "sum"), fee=("fee", "first"))
hours["price"] = 2 * np.log(pc.cast(root.take(final), "double").to_numpy())
hours["pool"] = hours.index // (days * 24)
hours["at"] = hours.index % (days * 24)
hours["ret"] = hours.groupby("pool").price.diff().fillna(0.0)
hours["ret2"] = hours.ret**2
hours["day"] = hours.pool * days + hours["at"] // 24
day = hours.groupby("day").agg(
    s=("s", "sum"), v=("v", "sum"), unpriced=("unpriced", "sum"), r1=("ret", "sum"), r2=("ret2", "sum"),
    fee=("fee", "first"), first_hour=("at", "min"),
)
del root, order, keys, place
day["n"] = swap[["day", "tx"]].drop_duplicates().day.value_counts()
people = int(who.max()) + 2
visit = np.sort(pd.unique((pool * people + who + 1) * days + swap.day.to_numpy() % days))
del swap, who, pool, hour
visit_day = visit % days
visitor = visit // days
visit_pool = visitor // people
keys = visit_pool * days + visit_day
day["u"] = pd.Series(keys).value_counts()
day["unknown"] = pd.Series(keys[visitor % people == 0]).value_counts()
# A user counts for 7 days from a visit on, or until the next one.
until = np.minimum(visit_day + 7, days - 1)
again = visitor[1:] == visitor[:-1]
until[:-1][again] = np.minimum(until[:-1][again], visit_day[1:][again])
step = pd.Series(keys).value_counts().sub(pd.Series(visit_pool * days + until).value_counts(), fill_value=0)
del visit, visitor, visit_day, visit_pool, keys, until

day["pool"] = day.index // days
day["at"] = day.index % days
life = day.groupby("pool").agg(born=("at", "min"), born_hour=("first_hour", "min"), fee=("fee", "first"))
length = last - day0 - life.born.to_numpy() + 1
row = np.repeat(np.arange(len(life)), length)
offset = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
d = life.iloc[row].reset_index()
d["day"] = d.born + offset
key = pd.Index(d.pool * days + d.day)
for name in ("s", "v", "unpriced", "r1", "r2", "n", "u", "unknown"):
    d[name] = day[name].reindex(key).fillna(0).to_numpy()
d["step"] = step.reindex(key).fillna(0).to_numpy()
by_pool = d.groupby("pool")


def total(name, n):
    """Sum over the days before, this one included, fewer while the pool is younger."""
    return by_pool[name].rolling(n, min_periods=1).sum().to_numpy()


def spread(name, n, least):
    return by_pool[name].rolling(n, min_periods=least).std().to_numpy()


def ahead(name, n):
    """Sum over the days after; nothing where they are not all there."""
    return sum(by_pool[name].shift(-i) for i in range(1, n + 1))


d["age"] = d.day - d.born + 1
d["u7"] = by_pool.step.cumsum()
d["s_all"] = by_pool.s.cumsum()
d["some"] = d.s > 0
d["active"] = by_pool.some.cumsum()
d["s_std"], d["v_std"] = spread("s", 7, 2), spread("v", 7, 7)
for n, most in ((3, 72), (7, 168)):
    d[f"k{n}"] = np.minimum(most, 24 * (d.day + 1) - d.born_hour - 1)
    for name in ("s", "n", "v", "unpriced", "r1", "r2"):
        d[f"{name}_{n}"] = total(name, n)
    for name in ("s", "v", "unpriced"):
        d[f"f{name}_{n}"] = ahead(name, n)
d["unpriced_2"], d["unpriced_14"] = total("unpriced", 2), total("unpriced", 14)
d["unknown_7"], d["u_7"] = total("unknown", 7), total("u", 7)
for name in ("s", "v", "n"):
    for n in (1, 2):
        d[f"{name}_back{n}"] = by_pool[name].shift(n)
d["v_7_before"] = d.groupby("pool").v_7.shift(7)
d["s_third"], d["s_seventh"] = by_pool.s.shift(-3), by_pool.s.shift(-7)
d = d[d.s > 0]


def when(condition, value):
    return value.where(condition)


def volatility(n):
    r1, r2, k = d[f"r1_{n}"], d[f"r2_{n}"], d[f"k{n}"]
    return when(k >= 24, np.sqrt(np.maximum((r2 - r1 * r1 / k) / (k - 1), 0) * 24))


def trend(rise, whole):
    return np.where(30 * rise > whole, 1, np.where(30 * rise < -whole, -1, 0))


def priced(n):
    return d[f"unpriced_{n}"] == 0


by_volume = pd.Series(trend(d.v - d.v_back2, d.v_3), d.index).where(d.v_3 > 0)
by_count = pd.Series(trend(d.n - d.n_back2, d.n_3), d.index)
with np.errstate(all="ignore"):
    out = pd.DataFrame(
        {
            "pool_address": addresses.take(d.pool.to_numpy()).to_pandas().to_numpy(),
            "day": (d.day + day0).astype("int32"),
            "fee": d.fee,
            "tx_count": d.s.astype("int64"),
            "unique_users": when(d.unknown == 0, d.u).astype("Int64"),
            "tx_count_3d_avg": d.s_3 / np.minimum(d.age, 3),
            "tx_count_7d_avg": d.s_7 / np.minimum(d.age, 7),
            "tx_count_7d_std": d.s_std,
            "tx_count_cumulative": d.s_all.astype("int64"),
            "days_since_start": d.day - d.born,
            "day_number": d.active,
            "tx_growth_rate": when(d.s_back1 > 0, d.s / d.s_back1 - 1),
            "tx_count_24h": d.n.astype("int64"),
            "unique_users_7d": when(d.unknown_7 == 0, d.u7).astype("Int64"),
            "volume_usd_24h": when(d.unpriced == 0, d.v),
            "fees_usd_24h": when(d.unpriced == 0, d.v * d.fee / 1e6),
            "volume_usd_avg_3d": when((d.age >= 3) & priced(3), d.v_3 / 3),
            "volume_usd_avg_7d": when((d.age >= 7) & priced(7), d.v_7 / 7),
            "tx_count_avg_3d": when(d.age >= 3, d.n_3 / 3),
            "tx_count_avg_7d": when(d.age >= 7, d.n_7 / 7),
            "unique_users_avg_7d": when((d.age >= 7) & (d.unknown_7 == 0), d.u_7 / 7),
            "volume_std_7d": when((d.age >= 7) & priced(7), d.v_std),
            "volatility_3d": volatility(3),
            "volatility_7d": volatility(7),
            "volume_growth_1d": when((d.age >= 2) & priced(2) & (d.v_back1 > 0), d.v / d.v_back1 - 1),
            "volume_growth_7d": when((d.age >= 14) & priced(14) & (d.v_7_before > 0), d.v_7 / d.v_7_before - 1),
            "volume_momentum_3_7": when((d.age >= 7) & priced(7) & (d.v_7 > 0), (d.v_3 / 3) / (d.v_7 / 7) - 1),
            "trend_3d": when(d.age >= 3, by_volume.where(priced(3), by_count)).astype("Int8"),
            "target_tx_3d_ahead": d.s_third.astype("Int64"),
            "target_tx_7d_ahead": d.s_seventh.astype("Int64"),
            "target_tx_3d_avg_ahead": d.fs_3 / 3,
            "target_tx_7d_avg_ahead": d.fs_7 / 7,
            "target_volume_usd_3d": when(d.funpriced_3 == 0, d.fv_3),
            "target_volume_usd_7d": when(d.funpriced_7 == 0, d.fv_7),
        }
    )
out.sort_values(["pool_address", "day"]).to_parquet(target, compression="zstd", index=False)
