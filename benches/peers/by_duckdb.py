#!/usr/bin/env python3
"""DuckDB: swaps.parquet to daily.parquet, by the definitions in `run`.

usage: by_duckdb.py SWAPS DAILY
"""
import sys

import duckdb

source, target = sys.argv[1:]
db = duckdb.connect()
db.execute("SET preserve_insertion_order = false")
db.execute(
    f"""
CREATE TEMP TABLE swap AS
SELECT pool_address AS pool, epoch_ms("timestamp") // 3600000 AS hour, epoch_ms("timestamp") // 86400000 AS day,
       (block_number << 20) | log_index AS place, (block_number << 20) | tx_index AS tx,
       tx_from AS who, sqrt_price_x96 AS root, volume_usd::DOUBLE AS usd, fee_tier AS fee
FROM read_parquet('{source}');

CREATE TEMP TABLE hour AS
WITH h AS (
  SELECT pool, hour, count(*) AS s, coalesce(sum(usd), 0) AS v, count(*) - count(usd) AS unpriced,
         any_value(fee) AS fee, 2 * ln(arg_max(root, place)::DOUBLE) AS price
  FROM swap GROUP BY ALL)
SELECT *, hour // 24 AS day, price - lag(price) OVER (PARTITION BY pool ORDER BY hour) AS ret FROM h;

CREATE TEMP TABLE visit AS SELECT DISTINCT pool, who, day FROM swap;

-- A user counts for 7 days from a visit on, or until the next one.
CREATE TEMP TABLE users AS
WITH spell AS (
  SELECT pool, day, lead(day) OVER (PARTITION BY pool, who ORDER BY day) AS next FROM visit),
step AS (
  SELECT pool, day, 1 AS n FROM spell
  UNION ALL SELECT pool, least(day + 7, coalesce(next, day + 7)), -1 FROM spell)
SELECT pool, day, sum(n) AS n FROM step GROUP BY ALL;

CREATE TEMP TABLE day AS
WITH a AS (
  SELECT pool, day, sum(s) AS s, sum(v) AS v, sum(unpriced) AS unpriced, any_value(fee) AS fee,
         coalesce(sum(ret), 0) AS r1, coalesce(sum(ret * ret), 0) AS r2, min(hour) AS first_hour
  FROM hour GROUP BY ALL),
b AS (SELECT pool, day, count(DISTINCT tx) AS n FROM swap GROUP BY ALL),
c AS (SELECT pool, day, count(*) AS u, count(*) <> count(who) AS unknown FROM visit GROUP BY ALL)
SELECT a.*, n, u, unknown FROM a JOIN b USING (pool, day) JOIN c USING (pool, day);

COPY (
WITH life AS (SELECT pool, min(day) AS born, min(first_hour) AS born_hour, any_value(fee) AS fee FROM day GROUP BY ALL),
ends AS (SELECT max(day) AS last FROM day),
calendar AS (SELECT pool, born, born_hour, fee, last, unnest(range(born, last + 1)) AS day FROM life, ends),
dense AS (
  SELECT c.*, coalesce(s, 0) AS s, coalesce(v, 0) AS v, coalesce(unpriced, 0) AS unpriced, coalesce(r1, 0) AS r1,
         coalesce(r2, 0) AS r2, coalesce(d.n, 0) AS n, coalesce(u, 0) AS u, coalesce(unknown, false)::INT AS unknown,
         coalesce(k.n, 0) AS step
  FROM calendar c LEFT JOIN day d ON c.pool = d.pool AND c.day = d.day LEFT JOIN users k ON c.pool = k.pool AND c.day = k.day),
seen AS (
  SELECT *, day - born + 1 AS age, sum(step) OVER life AS u7, sum(s) OVER life AS s_all,
    sum((s > 0)::INT) OVER life AS active, sum(s) OVER w3 AS s3, sum(s) OVER w7 AS s7, stddev_samp(s) OVER w7 AS s_std,
    lag(s) OVER life AS s_before, sum(n) OVER w3 AS n3, sum(n) OVER w7 AS n7, sum(u) OVER w7 AS u_sum,
    sum(unknown) OVER w7 AS unknown7, sum(v) OVER w3 AS v3, sum(v) OVER w7 AS v7, sum(v) OVER p7 AS v7_before,
    stddev_samp(v) OVER w7 AS v_std, lag(v) OVER life AS v_before, lag(v, 2) OVER life AS v_two_before,
    lag(n, 2) OVER life AS n_two_before, sum(unpriced) OVER w2 AS unpriced2, sum(unpriced) OVER w3 AS unpriced3,
    sum(unpriced) OVER w7 AS unpriced7, sum(unpriced) OVER w14 AS unpriced14,
    sum(r1) OVER w3 AS r1_3, sum(r2) OVER w3 AS r2_3, sum(r1) OVER w7 AS r1_7, sum(r2) OVER w7 AS r2_7,
    least(72, 24 * (day + 1) - born_hour - 1) AS k3, least(168, 24 * (day + 1) - born_hour - 1) AS k7,
    lead(s, 3) OVER life AS s_third, lead(s, 7) OVER life AS s_seventh, sum(s) OVER f3 AS fs3, sum(s) OVER f7 AS fs7,
    sum(v) OVER f3 AS fv3, sum(v) OVER f7 AS fv7, sum(unpriced) OVER f3 AS fu3, sum(unpriced) OVER f7 AS fu7
  FROM dense WINDOW life AS (PARTITION BY pool ORDER BY day),
    w2 AS (PARTITION BY pool ORDER BY day ROWS 1 PRECEDING), w3 AS (PARTITION BY pool ORDER BY day ROWS 2 PRECEDING),
    w7 AS (PARTITION BY pool ORDER BY day ROWS 6 PRECEDING), w14 AS (PARTITION BY pool ORDER BY day ROWS 13 PRECEDING),
    p7 AS (PARTITION BY pool ORDER BY day ROWS BETWEEN 13 PRECEDING AND 7 PRECEDING),
    f3 AS (PARTITION BY pool ORDER BY day ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING),
    f7 AS (PARTITION BY pool ORDER BY day ROWS BETWEEN 1 FOLLOWING AND 7 FOLLOWING))
SELECT pool AS pool_address, day::INT AS day, fee::INT AS fee, s::BIGINT AS tx_count,
  CASE WHEN unknown = 0 THEN u END AS unique_users, s3 / least(age, 3) AS tx_count_3d_avg, s7 / least(age, 7) AS tx_count_7d_avg,
  CASE WHEN age >= 2 THEN s_std END AS tx_count_7d_std, s_all::BIGINT AS tx_count_cumulative, day - born AS days_since_start,
  active::BIGINT AS day_number, CASE WHEN s_before > 0 THEN s / s_before - 1 END AS tx_growth_rate,
  n AS tx_count_24h, CASE WHEN unknown7 = 0 THEN u7::BIGINT END AS unique_users_7d,
  CASE WHEN unpriced = 0 THEN v END AS volume_usd_24h, CASE WHEN unpriced = 0 THEN v * fee / 1e6 END AS fees_usd_24h,
  CASE WHEN age >= 3 AND unpriced3 = 0 THEN v3 / 3 END AS volume_usd_avg_3d,
  CASE WHEN age >= 7 AND unpriced7 = 0 THEN v7 / 7 END AS volume_usd_avg_7d,
  CASE WHEN age >= 3 THEN n3 / 3 END AS tx_count_avg_3d, CASE WHEN age >= 7 THEN n7 / 7 END AS tx_count_avg_7d,
  CASE WHEN age >= 7 AND unknown7 = 0 THEN u_sum / 7 END AS unique_users_avg_7d,
  CASE WHEN age >= 7 AND unpriced7 = 0 THEN v_std END AS volume_std_7d,
  CASE WHEN k3 >= 24 THEN sqrt(greatest((r2_3 - r1_3 * r1_3 / k3) / (k3 - 1), 0) * 24) END AS volatility_3d,
  CASE WHEN k7 >= 24 THEN sqrt(greatest((r2_7 - r1_7 * r1_7 / k7) / (k7 - 1), 0) * 24) END AS volatility_7d,
  CASE WHEN age >= 2 AND unpriced2 = 0 AND v_before > 0 THEN v / v_before - 1 END AS volume_growth_1d,
  CASE WHEN age >= 14 AND unpriced14 = 0 AND v7_before > 0 THEN v7 / v7_before - 1 END AS volume_growth_7d,
  CASE WHEN age >= 7 AND unpriced7 = 0 AND v7 > 0 THEN (v3 / 3) / (v7 / 7) - 1 END AS volume_momentum_3_7,
  CASE WHEN age < 3 THEN NULL
       WHEN unpriced3 = 0 THEN CASE WHEN v3 > 0 THEN CASE WHEN 30 * (v - v_two_before) > v3 THEN 1 WHEN 30 * (v - v_two_before) < -v3 THEN -1 ELSE 0 END END
       WHEN 30 * (n - n_two_before) > n3 THEN 1 WHEN 30 * (n - n_two_before) < -n3 THEN -1 ELSE 0 END::TINYINT AS trend_3d,
  s_third AS target_tx_3d_ahead, s_seventh AS target_tx_7d_ahead,
  CASE WHEN day + 3 <= last THEN fs3 / 3 END AS target_tx_3d_avg_ahead, CASE WHEN day + 7 <= last THEN fs7 / 7 END AS target_tx_7d_avg_ahead,
  CASE WHEN day + 3 <= last AND fu3 = 0 THEN fv3 END AS target_volume_usd_3d,
  CASE WHEN day + 7 <= last AND fu7 = 0 THEN fv7 END AS target_volume_usd_7d
FROM seen WHERE s > 0 ORDER BY pool_address, day
) TO '{target}' (FORMAT parquet, COMPRESSION zstd);
"""
)
