//! Readers of other people: DuckDB and Polars come to the same sums, by the manifest and by
//! listing.

use super::bench::Bench;
use crate::runs::{kept, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tidegauge_model::{Day, I256, U256, UnixSeconds};

/// What `benches/peers/run` measures.
const PINNED: [&str; 2] = ["duckdb==2.0.0", "polars==2.1.0"];

/// Reads `lake/` below its argument as `docs/lake.md` says, and prints what it came to.
const SCRIPT: &str = r#"
import json, pathlib, struct, sys
import duckdb, polars

root = pathlib.Path(sys.argv[1])
manifest = json.loads((root / "lake/_manifests/latest.json").read_text())
objects = list(manifest["hot"])
for part in manifest["parts"]:
    objects += json.loads((root / part["key"]).read_text())["objects"]
by_manifest = {}
for o in objects:
    by_manifest.setdefault(o["table"], []).append(str(root / o["key"]))

def summed(rows):
    count, volume, raw, days = 0, 0, 0, set()
    for date, usd, amount in rows:
        count += 1
        days.add(str(date))
        # DECIMAL(38, 9), exactly.
        volume += 0 if usd is None else int(usd.scaleb(9))
        raw += int(amount)
    return [count, str(volume), str(raw), len(days)]

columns = ["date", "volume_usd", "amount0_raw"]
duck = duckdb.connect()
duck.execute("SET TimeZone = 'UTC'")
def by_duckdb(files):
    sql = f"SELECT {', '.join(columns)} FROM read_parquet({files!r}, hive_partitioning = true)"
    return summed(duck.execute(sql).fetchall())

def by_polars(files):
    frame = polars.scan_parquet(files, hive_partitioning=True, glob=False)
    return summed(frame.select(columns).collect().iter_rows())

# Rows of features, every bit of them.
picked = ["date", "pool_address", "tx_count", "volume_usd_24h", "volatility_7d"]
def lines(rows):
    exact = lambda usd: "-" if usd is None else str(int(usd.scaleb(9)))
    bits = lambda value: "-" if value is None else struct.pack(">d", value).hex()
    return sorted(f"{date}|{pool}|{n}|{exact(usd)}|{bits(value)}" for date, pool, n, usd, value in rows)
files = by_manifest["features"]
sql = f"SELECT {', '.join(picked)} FROM read_parquet({files!r}, hive_partitioning = true)"
features = [
    lines(duck.execute(sql).fetchall()),
    lines(polars.scan_parquet(files, hive_partitioning=True, glob=False).select(picked).collect().iter_rows()),
]

listed = sorted(str(f) for f in root.glob("lake/swaps/*/*/*.parquet"))
counts = {}
for table, files in by_manifest.items():
    sql = f"SELECT count(*) FROM read_parquet({files!r}, hive_partitioning = true)"
    frame = polars.scan_parquet(files, hive_partitioning=True, glob=False)
    counts[table] = [duck.execute(sql).fetchone()[0], frame.select(polars.len()).collect().item()]
glob = str(root / "lake/swaps/*/*/*.parquet")
pool = duck.execute(
    f"SELECT pool_address, count(*) FROM read_parquet({glob!r}, hive_partitioning = true) "
    "WHERE date >= DATE '1970-01-01' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1").fetchone()
print(json.dumps({
    "all": [by_duckdb(by_manifest["swaps"]), by_polars(by_manifest["swaps"])],
    "final": [by_duckdb(listed), by_polars(listed)],
    "counts": counts,
    "features": features,
    "busiest": list(pool),
}))
"#;

/// An interpreter with both; none where that cannot be had.
fn python() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let folder = cache.or(home)?.join("tidegauge/readers");
    let (python, stamp) = (folder.join("bin/python"), folder.join("pinned"));
    let pinned = PINNED.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == pinned) {
        return Some(python);
    }
    let run = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        && run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(PINNED));
    if !made {
        eprintln!("skipped: python3 -m venv and pip install {PINNED:?} are not possible here");
        return None;
    }
    std::fs::write(&stamp, pinned).unwrap();
    Some(python)
}

#[tokio::test]
async fn duckdb_and_polars_come_to_the_same_sums() {
    let Some(python) = python() else { return };
    let mut bench = Bench::new(701);
    bench.grow(220, 12);
    let mut lake = bench.lake().await;
    lake.once().await.unwrap();
    let settled = bench.rows("swaps", false, &["tick"]);
    let days: Vec<Day> = settled.into_keys().rev().take(2).collect();
    let runs = [run("naive", days[0], 0, 5), run("naive", days[1], 0, 4)];
    bench.store.keep(&kept(&runs)).unwrap();
    lake.once().await.unwrap();
    bench.assert_equal();
    let output = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(bench.bucket.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();

    let reader = bench.store.reader();
    let view = reader.view().unwrap();
    let mut last_final = Day::of(UnixSeconds(0));
    for entry in bench.entries(false) {
        last_final = last_final.max(entry["date"].as_str().unwrap().parse().unwrap());
    }
    let expected = |is_taken: &dyn Fn(Day) -> bool| {
        let (mut count, mut volume, mut raw) = (0, 0, I256::ZERO);
        let mut days = std::collections::BTreeSet::new();
        for swap in bench.chain.blocks.iter().flat_map(|block| &block.swaps) {
            if !is_taken(Day::of(swap.timestamp)) {
                continue;
            }
            let value = view.value(swap.pool, swap.block, swap.log_index).unwrap();
            count += 1;
            days.insert(Day::of(swap.timestamp));
            volume += value.and_then(|value| value.usd).map_or(0, |usd| usd.0);
            raw += swap.amount0.0;
        }
        assert!(volume > 0 && raw.unsigned_abs() > U256::from(1u64 << 60));
        serde_json::json!([count, volume.to_string(), raw.to_string(), days.len()])
    };
    let all = expected(&|_| true);
    assert_eq!(found["all"], serde_json::json!([all, all]));
    let settled = expected(&|day| day <= last_final);
    assert_eq!(found["final"], serde_json::json!([settled, settled]));
    let mut rows = Vec::new();
    let (first, last) = (Day::of(UnixSeconds(0)), Day::of(UnixSeconds(u64::MAX)));
    for row in view.daily_rows(first, last, None).unwrap() {
        let (day, pool, row) = row.map(|row| (row.day, row.pool, row.row)).unwrap();
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let usd = or_none(row.volume_usd_24h.map(|usd| usd.0.to_string()));
        let bits = row.volatility_7d.map(|v| format!("{:016x}", v.to_bits()));
        rows.push(format!(
            "{day}|{pool}|{}|{usd}|{}",
            row.tx_count,
            or_none(bits)
        ));
    }
    rows.sort();
    assert!(rows.len() > 50 && rows.iter().any(|row| !row.contains("|-")));
    assert_eq!(found["features"], serde_json::json!([rows, rows]));
    for (table, counts) in found["counts"].as_object().unwrap() {
        let entries = bench.entries(false).into_iter().chain(bench.entries(true));
        let rows: u64 = entries
            .filter(|entry| entry["table"] == table.as_str())
            .map(|entry| entry["rows"].as_u64().unwrap())
            .sum();
        assert_eq!(*counts, serde_json::json!([rows, rows]), "{table}");
    }
    assert_eq!(found["counts"].as_object().unwrap().len(), 5);
    assert!(found["busiest"][0].as_str().unwrap().starts_with("0x"));
}
