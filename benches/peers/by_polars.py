#!/usr/bin/env python3
"""Polars, its streaming engine: swaps.parquet to daily.parquet, by the definitions in `run`.

usage: by_polars.py SWAPS DAILY
"""
import sys

import polars as pl

source, target = sys.argv[1:]
c = pl.col
swap = pl.scan_parquet(source).select(
    c.pool_address.cast(pl.Categorical(pl.Categories("pool"))).alias("pool"),
    (c.timestamp.dt.epoch("s") // 3600).cast(pl.Int32).alias("hour"),
    (c.timestamp.dt.epoch("s") // 86400).cast(pl.Int32).alias("day"),
    (c.block_number * (1 << 20) + c.log_index).alias("place"),
    (c.block_number * (1 << 20) + c.tx_index).alias("tx"),
    c.tx_from.cast(pl.Categorical(pl.Categories("who"))).to_physical().alias("who"),
    c.sqrt_price_x96.alias("root"),
    c.volume_usd.cast(pl.Float64).alias("usd"),
    c.fee_tier.alias("fee"),
)

hour = swap.group_by("pool", "hour").agg(
    pl.len().alias("s"),
    c.usd.sum().alias("v"),
    c.usd.null_count().alias("unpriced"),
    c.fee.first(),
    c.root.get(c.place.arg_max()).alias("root"),
)
txs = swap.group_by("pool", "day").agg(c.tx.n_unique().alias("n"))
visit = swap.group_by("pool", "day", "who").agg()
hour, txs, visit = pl.collect_all([hour, txs, visit], engine="streaming")

hour = (
    hour.lazy()
    .sort("pool", "hour")
    .with_columns((2 * c.root.cast(pl.Float64).log()).alias("price"), (c.hour // 24).alias("day"))
    .with_columns((c.price - c.price.shift(1).over("pool")).fill_null(0.0).alias("ret"))
)
day = hour.group_by("pool", "day").agg(
    c.s.sum().cast(pl.Int64),
    c.v.sum(),
    c.unpriced.sum().cast(pl.Int64),
    c.fee.first(),
    c.ret.sum().alias("r1"),
    (c.ret * c.ret).sum().alias("r2"),
    c.hour.min().alias("first_hour"),
)
users = visit.lazy().group_by("pool", "day").agg(
    pl.len().cast(pl.Int64).alias("u"), c.who.null_count().cast(pl.Int64).alias("unknown")
)
# A user counts for 7 days from a visit on, or until the next one.
spell = visit.lazy().sort("pool", "who", "day").select(
    "pool",
    "day",
    pl.when((c.pool == c.pool.shift(-1)) & c.who.eq_missing(c.who.shift(-1)))
    .then(pl.min_horizontal(c.day + 7, c.day.shift(-1)))
    .otherwise(c.day + 7)
    .alias("until"),
)
step = (
    pl.concat(
        [
            spell.select("pool", "day", pl.lit(1, pl.Int64).alias("step")),
            spell.select("pool", c.until.alias("day"), pl.lit(-1, pl.Int64).alias("step")),
        ]
    )
    .group_by("pool", "day")
    .agg(c.step.sum())
)
day = day.join(txs.lazy(), on=["pool", "day"]).join(users, on=["pool", "day"]).collect(engine="streaming")
last = day["day"].max()
life = day.group_by("pool").agg(
    c.day.min().alias("born"), c.first_hour.min().alias("born_hour"), c.fee.first()
)
calendar = life.lazy().with_columns(
    pl.int_ranges("born", last + 1, dtype=pl.Int32).alias("day")
).explode("day")
known = ("s", "v", "unpriced", "r1", "r2", "n", "u", "unknown", "step")
dense = (
    calendar.join(day.lazy().drop("first_hour", "fee"), on=["pool", "day"], how="left")
    .join(step, on=["pool", "day"], how="left")
    .with_columns(*[c(name).fill_null(0) for name in known])
    .with_columns(c.n.cast(pl.Int64))
    .sort("pool", "day")
)


def total(name, days):
    """Sum over the days before, this one included, fewer while the pool is younger."""
    return c(name).rolling_sum(days, min_samples=1).over("pool")


def ahead(name, days):
    """Sum over the days after; nothing where they are not all there."""
    return sum((c(name).shift(-i).over("pool") for i in range(1, days + 1)), pl.lit(0))


def back(name, days):
    """The same of days ago."""
    return c(name).shift(days).over("pool")


def when(condition, value):
    return pl.when(condition).then(value)


seen = dense.with_columns(
    age=c.day - c.born + 1,
    u7=c.step.cum_sum().over("pool"),
    s_all=c.s.cum_sum().over("pool"),
    active=(c.s > 0).cast(pl.Int64).cum_sum().over("pool"),
    s_std=c.s.rolling_std(7, min_samples=2).over("pool"),
    v_std=c.v.rolling_std(7, min_samples=7).over("pool"),
    k3=pl.min_horizontal(pl.lit(72), 24 * (c.day + 1) - c.born_hour - 1),
    k7=pl.min_horizontal(pl.lit(168), 24 * (c.day + 1) - c.born_hour - 1),
    unpriced2=total("unpriced", 2),
    unpriced14=total("unpriced", 14),
    unknown7=total("unknown", 7),
    u_sum=total("u", 7),
    s_before=back("s", 1),
    v_before=back("v", 1),
    v_two=back("v", 2),
    n_two=back("n", 2),
    **{f"{name}{days}": total(name, days) for name in ("s", "n", "v", "unpriced") for days in (3, 7)},
    **{f"{name}_{days}": total(name, days) for name in ("r1", "r2") for days in (3, 7)},
    **{f"f{name}{days}": ahead(name, days) for name in ("s", "v", "unpriced") for days in (3, 7)},
    s_third=back("s", -3),
    s_seventh=back("s", -7),
).with_columns(v7_before=back("v7", 7))


def volatility(days):
    r1, r2, k = c(f"r1_{days}"), c(f"r2_{days}"), c(f"k{days}")
    return when(k >= 24, (pl.max_horizontal((r2 - r1 * r1 / k) / (k - 1), pl.lit(0.0)) * 24).sqrt())


def trend(rise, whole):
    return pl.when(30 * rise > whole).then(1).when(30 * rise < -whole).then(-1).otherwise(0)


seen.filter(c.s > 0).select(
    c.pool.cast(pl.String).alias("pool_address"),
    "day",
    "fee",
    c.s.alias("tx_count"),
    when(c.unknown == 0, c.u).alias("unique_users"),
    (c.s3 / pl.min_horizontal("age", pl.lit(3))).alias("tx_count_3d_avg"),
    (c.s7 / pl.min_horizontal("age", pl.lit(7))).alias("tx_count_7d_avg"),
    c.s_std.alias("tx_count_7d_std"),
    c.s_all.alias("tx_count_cumulative"),
    (c.day - c.born).alias("days_since_start"),
    c.active.alias("day_number"),
    when(c.s_before > 0, c.s / c.s_before - 1).alias("tx_growth_rate"),
    c.n.alias("tx_count_24h"),
    when(c.unknown7 == 0, c.u7).alias("unique_users_7d"),
    when(c.unpriced == 0, c.v).alias("volume_usd_24h"),
    when(c.unpriced == 0, c.v * c.fee / 1e6).alias("fees_usd_24h"),
    when((c.age >= 3) & (c.unpriced3 == 0), c.v3 / 3).alias("volume_usd_avg_3d"),
    when((c.age >= 7) & (c.unpriced7 == 0), c.v7 / 7).alias("volume_usd_avg_7d"),
    when(c.age >= 3, c.n3 / 3).alias("tx_count_avg_3d"),
    when(c.age >= 7, c.n7 / 7).alias("tx_count_avg_7d"),
    when((c.age >= 7) & (c.unknown7 == 0), c.u_sum / 7).alias("unique_users_avg_7d"),
    when((c.age >= 7) & (c.unpriced7 == 0), c.v_std).alias("volume_std_7d"),
    volatility(3).alias("volatility_3d"),
    volatility(7).alias("volatility_7d"),
    when((c.age >= 2) & (c.unpriced2 == 0) & (c.v_before > 0), c.v / c.v_before - 1).alias("volume_growth_1d"),
    when((c.age >= 14) & (c.unpriced14 == 0) & (c.v7_before > 0), c.v7 / c.v7_before - 1).alias("volume_growth_7d"),
    when((c.age >= 7) & (c.unpriced7 == 0) & (c.v7 > 0), (c.v3 / 3) / (c.v7 / 7) - 1).alias("volume_momentum_3_7"),
    when(
        c.age >= 3,
        pl.when(c.unpriced3 == 0).then(when(c.v3 > 0, trend(c.v - c.v_two, c.v3))).otherwise(trend(c.n - c.n_two, c.n3)),
    ).cast(pl.Int8).alias("trend_3d"),
    c.s_third.alias("target_tx_3d_ahead"),
    c.s_seventh.alias("target_tx_7d_ahead"),
    (c.fs3 / 3).alias("target_tx_3d_avg_ahead"),
    (c.fs7 / 7).alias("target_tx_7d_avg_ahead"),
    when(c.funpriced3 == 0, c.fv3).alias("target_volume_usd_3d"),
    when(c.funpriced7 == 0, c.fv7).alias("target_volume_usd_7d"),
).sort("pool_address", "day").collect(engine="streaming").write_parquet(target, compression="zstd")
