//! Recorded mainnet logs, replayed and collected: equal to an independent decode, row by row.

use crate::support::{Chain, Program, Table, assert_same, gunzip, shared, store_holds};
use alloy_primitives::{I256, U256};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const USDC_WETH_005: &str = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640";
const USDC_WETH_03: &str = "0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8";
const SWAP_TOPIC: &str = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67";
/// The pool's events that occur in the recordings.
const POOL_TOPICS: [&str; 4] = [
    SWAP_TOPIC,
    "0x7a53080ba414158be7ec69b987b5fb7d07dee101fe85488f0853ae16239d0bde", // Mint
    "0x0c396cd989a39f4459b5fa1aed6a9a8dcdbc45908acfd67e028cd568da98982c", // Burn
    "0x70935338e69775456a85ddef226c395fb668b63fa0115f5f20610b388e6ca9c0", // Collect
];
const METHODS: [&str; 2] = ["receipts", "logs"];

#[test]
fn a_recorded_day_is_stored_exactly() {
    let (Some(logs), Some(pools)) = (
        shared("logs/mainnet-2024-01-05-usdc-weth.jsonl.gz"),
        shared("logs/mainnet-2024-01-05-usdc-weth.pools.json"),
    ) else {
        return;
    };
    let truth = shared("truth/ethereum-0x88e6a0c2-2024-01-05.pool.tick.csv.gz")
        .map(|path| Table::read(&gunzip(&path)));
    let chain = Chain::replay(&logs, &pools);
    for method in METHODS {
        let folder = tempfile::tempdir().unwrap();
        let day = [
            "backfill",
            "--from",
            "2024-01-05",
            "--to",
            "2024-01-05",
            "--method",
            method,
        ];
        Program::on(folder.path(), &chain.url, &day).succeed();
        let (swaps, liquidity) = exported(folder.path(), &chain);

        let sums = sums_by_pool(&swaps);
        let expected = [
            (
                USDC_WETH_005,
                (6_046, "246966136903766", "110106227894665936356241"),
            ),
            (
                USDC_WETH_03,
                (267, "18565272047490", "8262957675797334431887"),
            ),
        ];
        let expected = expected.map(|(pool, (count, a, b))| {
            (
                pool.to_owned(),
                (count, a.parse().unwrap(), b.parse().unwrap()),
            )
        });
        assert_eq!(sums, BTreeMap::from(expected), "{method}");
        let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
        for [pool, event] in liquidity.select(["pool_address", "event"]) {
            if pool == USDC_WETH_005 {
                *kinds.entry(event).or_default() += 1;
            }
        }
        assert_eq!(
            kinds,
            BTreeMap::from([("Mint", 54), ("Burn", 69), ("Collect", 65)]),
            "{method}"
        );
        if let Some(truth) = &truth {
            assert_same(&ours(&swaps, &liquidity), &theirs(truth), method);
        }
        everything_is_accounted_for(folder.path(), &chain);
    }
}

#[test]
fn every_swap_topic_of_51_blocks_is_accepted_or_refused() {
    let (Some(logs), Some(pools)) = (
        shared("logs/mainnet-18426253-18426303-all.jsonl.gz"),
        shared("logs/mainnet-18426253-18426303-all.pools.json"),
    ) else {
        return;
    };
    let side: Value = serde_json::from_str(&std::fs::read_to_string(&pools).unwrap()).unwrap();
    let known: BTreeSet<String> = side["pools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| address(&p["address"]))
        .collect();
    let mut expected = BTreeSet::new();
    let mut met = 0;
    for line in gunzip(&logs).lines() {
        let log: Value = serde_json::from_str(line).unwrap();
        if log["topics"][0] == SWAP_TOPIC {
            met += 1;
            if known.contains(&address(&log["address"])) {
                let number = |name: &str| {
                    u64::from_str_radix(log[name].as_str().unwrap().trim_start_matches("0x"), 16)
                        .unwrap()
                        .to_string()
                };
                expected.insert([
                    address(&log["address"]),
                    number("blockNumber"),
                    number("logIndex"),
                ]);
            }
        }
    }
    assert_eq!((met, expected.len()), (432, 254));

    let chain = Chain::replay(&logs, &pools);
    for method in METHODS {
        let folder = tempfile::tempdir().unwrap();
        Program::on(
            folder.path(),
            &chain.url,
            &[
                "backfill", "--from", "18426253", "--to", "18426303", "--method", method,
            ],
        )
        .succeed();
        let (swaps, _) = exported(folder.path(), &chain);
        let stored: BTreeSet<_> = swaps
            .select(["pool_address", "block_number", "log_index"])
            .map(|row| row.map(str::to_owned))
            .collect();
        assert_eq!(swaps.len(), expected.len(), "{method}");
        assert_same(&stored, &expected, method);
        let counters = everything_is_accounted_for(folder.path(), &chain);
        assert!(
            counters["refused"].as_u64().unwrap() >= 432 - 254,
            "{method}: {counters}"
        );
        assert_eq!(
            counters["pools_accepted"].as_u64().unwrap()
                + counters["pools_refused"].as_u64().unwrap(),
            contracts(&logs),
            "{method}"
        );
    }
}

/// Swaps and other events of the store.
fn exported(store: &Path, chain: &Chain) -> (Table, Table) {
    let export = |rows| {
        Table::read(&Program::on(store, &chain.url, &["export", rows, "--out", "-"]).succeed())
    };
    (export("swaps"), export("liquidity"))
}

/// Received = decoded + refused, and every invariant of the store holds; gives the counters.
fn everything_is_accounted_for(store: &Path, chain: &Chain) -> Value {
    let status: Value =
        serde_json::from_str(&Program::on(store, &chain.url, &["status", "--json"]).succeed())
            .unwrap();
    let counters = status["counters"].clone();
    let n = |name: &str| counters[name].as_u64().unwrap();
    assert_eq!(n("received"), n("decoded") + n("refused"), "{counters}");
    assert_eq!(n("decoded"), n("swaps") + n("liquidity"), "{counters}");
    store_holds(store, &chain.url);
    counters
}

/// Swaps of each pool, with the sums of the absolute amounts.
fn sums_by_pool(swaps: &Table) -> BTreeMap<String, (u32, U256, U256)> {
    let mut sums: BTreeMap<String, (u32, U256, U256)> = BTreeMap::new();
    for [pool, amount0, amount1] in swaps.select(["pool_address", "amount0_raw", "amount1_raw"]) {
        let absolute = |text: &str| text.parse::<I256>().unwrap().unsigned_abs();
        let entry = sums.entry(pool.to_owned()).or_default();
        *entry = (
            entry.0 + 1,
            entry.1 + absolute(amount0),
            entry.2 + absolute(amount1),
        );
    }
    sums
}

/// Our rows of the 0.05 % pool in the words of the independent decode.
fn ours(swaps: &Table, liquidity: &Table) -> BTreeMap<(u64, u64), Vec<String>> {
    let mut rows = BTreeMap::new();
    let mut put = |block: &str, index: &str, row: Vec<&str>| {
        let place = (block.parse().unwrap(), index.parse().unwrap());
        assert!(
            rows.insert(place, row.into_iter().map(str::to_owned).collect())
                .is_none(),
            "{place:?} twice"
        );
    };
    for [
        pool,
        block,
        index,
        hash,
        tx,
        at,
        sender,
        recipient,
        a0,
        a1,
        price,
        tick,
        in_range,
    ] in swaps.select([
        "pool_address",
        "block_number",
        "log_index",
        "tx_hash",
        "tx_index",
        "timestamp",
        "sender",
        "recipient",
        "amount0_raw",
        "amount1_raw",
        "sqrt_price_x96",
        "tick",
        "liquidity",
    ]) {
        if pool == USDC_WETH_005 {
            put(
                block,
                index,
                vec![
                    "SWAP",
                    hash,
                    tx,
                    &moment(at),
                    sender,
                    recipient,
                    a0,
                    a1,
                    price,
                    tick,
                    in_range,
                ],
            );
        }
    }
    for [
        pool,
        block,
        index,
        hash,
        tx,
        at,
        event,
        sender,
        owner,
        recipient,
        lower,
        upper,
        amount,
        a0,
        a1,
    ] in liquidity.select([
        "pool_address",
        "block_number",
        "log_index",
        "tx_hash",
        "tx_index",
        "timestamp",
        "event",
        "sender",
        "owner",
        "recipient",
        "tick_lower",
        "tick_upper",
        "liquidity",
        "amount0_raw",
        "amount1_raw",
    ]) {
        if pool == USDC_WETH_005 {
            // The independent decode names who called for a mint, and whose the position is otherwise.
            let party = if event == "Mint" { sender } else { owner };
            put(
                block,
                index,
                vec![
                    &event.to_uppercase(),
                    hash,
                    tx,
                    &moment(at),
                    party,
                    recipient,
                    lower,
                    upper,
                    amount,
                    a0,
                    a1,
                ],
            );
        }
    }
    rows
}

/// The independent decode, in comparable form.
fn theirs(truth: &Table) -> BTreeMap<(u64, u64), Vec<String>> {
    let whole = |text: &str| text.trim_end_matches(".0").to_owned();
    truth
        .select([
            "block_number",
            "log_index",
            "tx_type",
            "transaction_hash",
            "tx_index",
            "block_timestamp",
            "sender",
            "receipt",
            "amount0",
            "amount1",
            "sqrtPriceX96",
            "current_tick",
            "tick_lower",
            "tick_upper",
            "liquidity",
            "total_liquidity",
        ])
        .map(
            |[
                block,
                index,
                kind,
                hash,
                tx,
                at,
                sender,
                recipient,
                a0,
                a1,
                price,
                tick,
                lower,
                upper,
                amount,
                in_range,
            ]| {
                let head = [kind, hash, tx, at].map(str::to_owned);
                let rest: Vec<String> = if kind == "SWAP" {
                    vec![
                        sender.into(),
                        recipient.into(),
                        a0.into(),
                        a1.into(),
                        price.into(),
                        whole(tick),
                        in_range.into(),
                    ]
                } else {
                    vec![
                        sender.into(),
                        recipient.into(),
                        whole(lower),
                        whole(upper),
                        amount.into(),
                        a0.into(),
                        a1.into(),
                    ]
                };
                (
                    (block.parse().unwrap(), index.parse().unwrap()),
                    head.into_iter().chain(rest).collect(),
                )
            },
        )
        .collect()
}

/// Unix seconds of 2024-01-05 as the independent decode writes them.
fn moment(unix: &str) -> String {
    const MIDNIGHT: u64 = 1_704_412_800;
    let of_day = unix.parse::<u64>().unwrap() - MIDNIGHT;
    format!(
        "2024-01-05 {:02}:{:02}:{:02}",
        of_day / 3_600,
        of_day / 60 % 60,
        of_day % 60
    )
}

fn address(value: &Value) -> String {
    value.as_str().expect("an address").to_lowercase()
}

/// Contracts that emitted a pool event's topic.
fn contracts(logs: &Path) -> u64 {
    let mut met = BTreeSet::new();
    for line in gunzip(logs).lines() {
        let log: Value = serde_json::from_str(line).unwrap();
        if log["topics"][0]
            .as_str()
            .is_some_and(|topic| POOL_TOPICS.contains(&topic))
        {
            met.insert(address(&log["address"]));
        }
    }
    met.len() as u64
}
