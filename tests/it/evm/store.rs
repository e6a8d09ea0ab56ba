//! The store agrees with the contracts: event by event, price by price, balance by balance.

use super::node::Node;
use super::truth::{Truth, field};
use crate::support::{Program, Table, assert_same, store_holds};
use alloy_primitives::I256;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// keccak256 of the creation code of Uniswap's published pool contract.
pub(super) const INIT_CODE_HASH: &str =
    "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54";
/// Blocks mined above the last trade, less one: the range ends there, below what the node calls final.
const BLOCKS_ABOVE: u64 = 3;

#[test]
fn the_store_agrees_with_real_contracts_without_a_multicall_contract_known() {
    agrees_by_both_methods("31337");
}

#[test]
fn the_store_agrees_with_real_contracts_read_by_multicall() {
    agrees_by_both_methods("1");
}

fn agrees_by_both_methods(chain_id: &str) {
    let Some(node) = Node::trade(chain_id) else {
        return;
    };
    let mut stored = BTreeMap::new();
    for method in ["receipts", "logs"] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let factories = format!(
            "--set=chain.factories=[\"{}:{INIT_CODE_HASH}\"]",
            node.factory
        );
        let to = (node.head - BLOCKS_ABOVE).to_string();
        Program::on(
            &store,
            &node.url,
            &[
                &factories, "backfill", "--from", "0", "--to", &to, "--method", method,
            ],
        )
        .succeed();
        let export = |rows| {
            Table::read(&Program::on(&store, &node.url, &["export", rows, "--out", "-"]).succeed())
        };
        let (swaps, liquidity) = (export("swaps"), export("liquidity"));

        assert_same(
            &swap_rows(&swaps, method),
            &node.truth.swaps(method),
            method,
        );
        assert_same(&liquidity_rows(&liquidity), &node.truth.liquidity(), method);
        prices_are_those_in_storage(&swaps, &liquidity, &node.truth);
        amounts_add_up_to_the_balances(&swaps, &liquidity, &node.truth);

        let status: Value =
            serde_json::from_str(&Program::on(&store, &node.url, &["status", "--json"]).succeed())
                .unwrap();
        let counters = &status["counters"];
        let known = |name: &str| counters[name].as_u64().unwrap();
        assert_eq!(known("received"), known("decoded") + known("refused"));
        // The fork's pool, the impostor, and the pool of the token without decimals.
        assert_eq!(
            (known("pools_accepted"), known("pools_refused")),
            (node.truth.genuine.len() as u64, 3),
            "{method}"
        );
        store_holds(&store, &node.url);
        stored.insert(
            method,
            (swap_rows(&swaps, "logs"), liquidity_rows(&liquidity)),
        );
    }
    assert!(
        stored["receipts"] == stored["logs"],
        "the two methods disagree"
    );
}

pub(super) fn swap_rows(table: &Table, method: &str) -> BTreeSet<Vec<String>> {
    let names = [
        "pool_address",
        "block_number",
        "log_index",
        "tx_hash",
        "tx_index",
        "timestamp",
        "tx_from",
        "sender",
        "recipient",
        "amount0_raw",
        "amount1_raw",
        "sqrt_price_x96",
        "liquidity",
        "tick",
    ];
    let with_origin = method == "receipts";
    rows(table.select(names).map(|mut row| {
        if !with_origin {
            row[6] = "";
        }
        row
    }))
}

pub(super) fn liquidity_rows(table: &Table) -> BTreeSet<Vec<String>> {
    rows(table.select([
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
        "paid0_raw",
        "paid1_raw",
        "sqrt_price_x96",
        "tick",
        "fee_protocol_old",
        "fee_protocol_new",
    ]))
}

/// Rows as a set; none of them twice.
fn rows<'a, const N: usize>(rows: impl Iterator<Item = [&'a str; N]>) -> BTreeSet<Vec<String>> {
    let all: Vec<Vec<String>> = rows.map(|row| row.map(str::to_owned).into()).collect();
    let set: BTreeSet<Vec<String>> = all.iter().cloned().collect();
    assert_eq!(set.len(), all.len(), "a row is there twice");
    set
}

/// After each block the pool's `slot0` and `liquidity` are those of its last event.
fn prices_are_those_in_storage(swaps: &Table, liquidity: &Table, truth: &Truth) {
    type Place = (u64, u64);
    let at =
        |block: &str, index: &str| -> Place { (block.parse().unwrap(), index.parse().unwrap()) };
    // Price, tick and, after a swap, liquidity.
    type State<'a> = (&'a str, &'a str, Option<&'a str>);
    let mut prices: HashMap<&str, BTreeMap<Place, State>> = HashMap::new();
    for [pool, block, index, price, tick, in_range] in swaps.select([
        "pool_address",
        "block_number",
        "log_index",
        "sqrt_price_x96",
        "tick",
        "liquidity",
    ]) {
        prices
            .entry(pool)
            .or_default()
            .insert(at(block, index), (price, tick, Some(in_range)));
    }
    for [pool, block, index, event, price, tick] in liquidity.select([
        "pool_address",
        "block_number",
        "log_index",
        "event",
        "sqrt_price_x96",
        "tick",
    ]) {
        let of_pool = prices.entry(pool).or_default();
        let place = at(block, index);
        if event == "Initialize" {
            of_pool.insert(place, (price, tick, Some("0")));
        } else if matches!(event, "Mint" | "Burn")
            && let Some((_, &(price, tick, _))) = of_pool.range(..place).next_back()
        {
            // It may change what is in range; the price stays.
            of_pool.insert(place, (price, tick, None));
        }
    }
    let mut checked = 0;
    for state in truth.of("state") {
        let (pool, block) = (field(&state["pool"]), state["block"].as_u64().unwrap());
        let (_, (price, tick, in_range)) = prices[pool.as_str()]
            .range(..=(block, u64::MAX))
            .next_back()
            .expect("an event before");
        assert_eq!(
            (price.to_string(), tick.to_string()),
            (field(&state["sqrt_price"]), field(&state["tick"])),
            "pool {pool} at block {block}"
        );
        if let Some(in_range) = in_range {
            assert_eq!(
                *in_range,
                field(&state["liquidity"]),
                "pool {pool} at block {block}"
            );
            checked += 1;
        }
    }
    assert!(
        checked > 100,
        "{checked} states are too few to mean anything"
    );
}

/// What flowed in and out by our rows is what the pool holds in the end.
fn amounts_add_up_to_the_balances(swaps: &Table, liquidity: &Table, truth: &Truth) {
    let number = |text: &str| -> I256 {
        if text.is_empty() {
            I256::ZERO
        } else {
            text.parse().unwrap()
        }
    };
    let mut held: HashMap<&str, [I256; 2]> = HashMap::new();
    let mut add = |pool, sign: I256, amounts: [&str; 2]| {
        let of_pool: &mut [I256; 2] = held.entry(pool).or_default();
        for (held, amount) in of_pool.iter_mut().zip(amounts) {
            *held += sign * number(amount);
        }
    };
    for [pool, amount0, amount1] in swaps.select(["pool_address", "amount0_raw", "amount1_raw"]) {
        add(pool, I256::ONE, [amount0, amount1]);
    }
    for [pool, event, amount0, amount1, paid0, paid1] in liquidity.select([
        "pool_address",
        "event",
        "amount0_raw",
        "amount1_raw",
        "paid0_raw",
        "paid1_raw",
    ]) {
        match event {
            "Mint" => add(pool, I256::ONE, [amount0, amount1]),
            "Collect" | "CollectProtocol" => add(pool, I256::MINUS_ONE, [amount0, amount1]),
            "Flash" => add(pool, I256::ONE, [paid0, paid1]),
            _ => {} // a burn moves nothing until it is collected
        }
    }
    let mut pools = 0;
    for balance in truth.of("balance") {
        let expected = ["balance0", "balance1"].map(|name| number(&field(&balance[name])));
        assert_eq!(
            held[field(&balance["pool"]).as_str()],
            expected,
            "pool {}",
            balance["pool"]
        );
        pools += 1;
    }
    assert_eq!(pools, truth.genuine.len());
}
