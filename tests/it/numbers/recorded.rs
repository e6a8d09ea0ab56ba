//! A recorded day of mainnet: its rows by every engine, its sums beside an independent truth.

use super::table;
use crate::support::{Chain, Program, Table, assert_same, gunzip, shared};
use alloy_primitives::I256;
use std::collections::BTreeMap;

const DAY: &str = "2024-01-05";
const USDC_WETH_005: &str = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640";
const USDC_WETH_03: &str = "0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8";

#[test]
fn a_recorded_day_has_the_same_rows_by_every_engine_and_the_volume_of_its_logs() {
    let (Some(logs), Some(pools)) = (
        shared("logs/mainnet-2024-01-05-usdc-weth.jsonl.gz"),
        shared("logs/mainnet-2024-01-05-usdc-weth.pools.json"),
    ) else {
        return;
    };
    let chain = Chain::replay(&logs, &pools);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let run = |arguments: &[&str]| Program::on(&store, &chain.url, arguments).succeed();
    run(&["backfill", "--from", DAY, "--to", DAY]);
    let write = |name: &str, arguments: &[&str]| {
        let path = folder.path().join(name);
        let out = path.display().to_string();
        run(&[arguments, &["--from", DAY, "--to", DAY, "--out", &out]].concat());
        table(&path)
    };
    let stored = write("stored.csv", &["features"]);
    for (name, engine) in [("fold.csv", "fold"), ("oracle.csv", "oracle")] {
        let computed = write(name, &["features", "--engine", engine]);
        assert_same(computed.rows(), stored.rows(), engine);
    }
    // One leg is USDC, whose dollars are its units: the volume is its absolute amounts.
    let columns = [
        "pool_address",
        "date",
        "tx_count",
        "volume_usd_24h",
        "status",
    ];
    let found: Vec<_> = stored.select(columns).collect();
    assert_eq!(
        found,
        [
            [USDC_WETH_005, DAY, "6046", "246966136.903766", "final"],
            [USDC_WETH_03, DAY, "267", "18565272.04749", "final"],
        ]
    );
    if let Some(truth) = shared("truth/ethereum-0x88e6a0c2-2024-01-05.minute.csv.gz") {
        let truth = Table::read(&gunzip(&truth));
        minutes_agree(&write("swaps.csv", &["export", "swaps"]), &truth);
    }
}

/// Net and incoming amounts of each minute, exactly.
fn minutes_agree(swaps: &Table, truth: &Table) {
    let mut ours: BTreeMap<u64, [I256; 4]> = BTreeMap::new();
    let columns = ["pool_address", "timestamp", "amount0_raw", "amount1_raw"];
    for [pool, timestamp, amount0, amount1] in swaps.select(columns) {
        if pool != USDC_WETH_005 {
            continue;
        }
        let minute = timestamp.parse::<u64>().unwrap() / 60;
        let sums = ours.entry(minute).or_default();
        for (place, amount) in [amount0, amount1].into_iter().enumerate() {
            let amount: I256 = amount.parse().unwrap();
            sums[place] += amount;
            if amount.is_positive() {
                sums[2 + place] += amount;
            }
        }
    }
    let day = DAY.parse::<tidegauge_model::Day>().unwrap();
    let columns = [
        "timestamp",
        "netAmount0",
        "netAmount1",
        "inAmount0",
        "inAmount1",
    ];
    let mut compared = 0;
    for [timestamp, sums @ ..] in truth.select(columns) {
        // As 2024-01-05 00:01:00.
        let clock = timestamp.split(' ').next_back().unwrap();
        let [hours, minutes, _] = clock
            .split(':')
            .map(|part| part.parse::<u64>().unwrap())
            .collect::<Vec<_>>()[..]
        else {
            panic!("{timestamp}");
        };
        let minute = day.start().0 / 60 + hours * 60 + minutes;
        let expected = sums.map(|sum| sum.parse::<I256>().unwrap());
        let found = ours.remove(&minute).unwrap_or_default();
        assert_eq!(found, expected, "{timestamp}");
        compared += 1;
    }
    assert_eq!(compared, 1_440);
    assert!(ours.is_empty(), "minutes that the truth lacks: {ours:?}");
}
