//! Decoding agrees with `sol!`, with recorded sums, and refuses what is not exact.

use crate::data;
use alloy::{
    primitives::{
        Address, B256, I256, LogData, U256, address, aliases::I24, aliases::U24, aliases::U160,
        b256,
    },
    sol_types::SolEvent,
};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::HashMap;
use tidegauge_chain::{
    abi::{FactoryEvents, PoolEvents, TOPICS},
    decode::{DecodeError, Event, EventKind, decode},
    logs::parse_logs,
};
use tidegauge_model::LiquidityChange;

fn run(log: &LogData) -> Result<Event, DecodeError> {
    let kind = EventKind::of_topic(&log.topics()[0]).unwrap();
    let topics: Vec<[u8; 32]> = log.topics().iter().map(|topic| topic.0).collect();
    decode(kind, &topics, &log.data)
}

#[test]
fn topics_are_those_of_the_contracts() {
    assert_eq!(
        TOPICS[0],
        b256!("c42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67")
    );
    assert_eq!(
        TOPICS[8],
        b256!("783cca1c0412dd0d695e784568c96da2e9c22ff989357a2e8b1d9b2b4e6b7118")
    );
    for (kind, topic) in EventKind::ALL.into_iter().zip(TOPICS) {
        assert_eq!(EventKind::of_topic(&topic), Some(kind));
    }
    assert_eq!(EventKind::of_topic(&B256::ZERO), None);
}

fn tick() -> impl Strategy<Value = i32> {
    -887_272..=887_272i32
}

fn i24(value: i32) -> I24 {
    I24::try_from(value).unwrap()
}

proptest! {
    #[test]
    fn swaps_agree_with_sol(
        sender: [u8; 20], recipient: [u8; 20], amount0: [u8; 32], amount1: [u8; 32],
        price: [u8; 20], liquidity: u128, tick in tick(),
    ) {
        let event = PoolEvents::Swap {
            sender: sender.into(),
            recipient: recipient.into(),
            amount0: I256::from_be_bytes(amount0),
            amount1: I256::from_be_bytes(amount1),
            sqrtPriceX96: U160::from_be_bytes(price),
            liquidity,
            tick: i24(tick),
        };
        let Ok(Event::Swap(swap)) = run(&event.encode_log_data()) else { panic!("{event:?}") };
        prop_assert_eq!(swap.sender, event.sender);
        prop_assert_eq!(swap.recipient, event.recipient);
        prop_assert_eq!(swap.amount0.0, event.amount0);
        prop_assert_eq!(swap.amount1.0, event.amount1);
        prop_assert_eq!(swap.sqrt_price.0, U256::from(event.sqrtPriceX96));
        prop_assert_eq!(swap.liquidity, liquidity);
        prop_assert_eq!(swap.tick, tick);
    }

    #[test]
    fn mints_burns_and_collects_agree_with_sol(
        a: [u8; 20], b: [u8; 20], lower in tick(), upper in tick(),
        amount: u128, other: u128, x: [u8; 32], y: [u8; 32],
    ) {
        let (a, b) = (Address::from(a), Address::from(b));
        let (x, y) = (U256::from_be_bytes(x), U256::from_be_bytes(y));
        let mint = PoolEvents::Mint {
            sender: a, owner: b, tickLower: i24(lower), tickUpper: i24(upper),
            amount, amount0: x, amount1: y,
        };
        prop_assert_eq!(run(&mint.encode_log_data()), Ok(Event::Change(LiquidityChange::Mint {
            sender: a, owner: b, tick_lower: lower, tick_upper: upper,
            amount, amount0: x, amount1: y,
        })));
        let burn = PoolEvents::Burn {
            owner: b, tickLower: i24(lower), tickUpper: i24(upper), amount, amount0: x, amount1: y,
        };
        prop_assert_eq!(run(&burn.encode_log_data()), Ok(Event::Change(LiquidityChange::Burn {
            owner: b, tick_lower: lower, tick_upper: upper, amount, amount0: x, amount1: y,
        })));
        let collect = PoolEvents::Collect {
            owner: a, recipient: b, tickLower: i24(lower), tickUpper: i24(upper),
            amount0: amount, amount1: other,
        };
        prop_assert_eq!(run(&collect.encode_log_data()), Ok(Event::Change(LiquidityChange::Collect {
            owner: a, recipient: b, tick_lower: lower, tick_upper: upper,
            amount0: amount, amount1: other,
        })));
    }

    #[test]
    fn the_rarer_events_agree_with_sol(
        a: [u8; 20], b: [u8; 20], price: [u8; 20], tick in tick(), fees: [u8; 4],
        amounts: [u128; 2], words: [[u8; 32]; 4], fee in 0u32..1 << 24, spacing in -8_388_608..8_388_607i32,
    ) {
        let (a, b) = (Address::from(a), Address::from(b));
        let [w0, w1, w2, w3] = words.map(U256::from_be_bytes);
        let init = PoolEvents::Initialize { sqrtPriceX96: U160::from_be_bytes(price), tick: i24(tick) };
        let Ok(Event::Change(LiquidityChange::Initialize { sqrt_price, tick: at })) =
            run(&init.encode_log_data()) else { panic!() };
        prop_assert_eq!((sqrt_price.0, at), (U256::from(init.sqrtPriceX96), tick));
        let flash = PoolEvents::Flash {
            sender: a, recipient: b, amount0: w0, amount1: w1, paid0: w2, paid1: w3,
        };
        prop_assert_eq!(run(&flash.encode_log_data()), Ok(Event::Change(LiquidityChange::Flash {
            sender: a, recipient: b, amount0: w0, amount1: w1, paid0: w2, paid1: w3,
        })));
        let [old0, old1, new0, new1] = fees;
        let set = PoolEvents::SetFeeProtocol {
            feeProtocol0Old: old0, feeProtocol1Old: old1, feeProtocol0New: new0, feeProtocol1New: new1,
        };
        prop_assert_eq!(run(&set.encode_log_data()), Ok(Event::Change(
            LiquidityChange::SetFeeProtocol { old0, old1, new0, new1 })));
        let collect = PoolEvents::CollectProtocol {
            sender: a, recipient: b, amount0: amounts[0], amount1: amounts[1],
        };
        prop_assert_eq!(run(&collect.encode_log_data()), Ok(Event::Change(
            LiquidityChange::CollectProtocol {
                sender: a, recipient: b, amount0: amounts[0], amount1: amounts[1],
            })));
        let created = FactoryEvents::PoolCreated {
            token0: a, token1: b, fee: U24::from(fee), tickSpacing: i24(spacing), pool: a,
        };
        let Ok(Event::Created(fields)) = run(&created.encode_log_data()) else { panic!() };
        prop_assert_eq!(
            (fields.token0, fields.token1, fields.fee_pips, fields.tick_spacing, fields.pool),
            (a, b, fee, spacing, a)
        );
    }

    #[test]
    fn any_bytes_decode_or_are_refused(data in prop::collection::vec(any::<u8>(), 0..200), count in 1usize..5) {
        for (kind, topic) in EventKind::ALL.into_iter().zip(TOPICS) {
            let _ = decode(kind, &vec![topic.0; count], &data);
        }
    }
}

#[test]
fn what_is_not_exact_is_refused() {
    let good = PoolEvents::Swap {
        sender: Address::repeat_byte(1),
        recipient: Address::repeat_byte(2),
        amount0: I256::ONE,
        amount1: I256::MINUS_ONE,
        sqrtPriceX96: U160::from(7),
        liquidity: 5,
        tick: i24(-3),
    }
    .encode_log_data();
    let topics: Vec<[u8; 32]> = good.topics().iter().map(|topic| topic.0).collect();
    let swap = |topics: &[[u8; 32]], data: &[u8]| decode(EventKind::Swap, topics, data);
    assert!(swap(&topics, &good.data).is_ok());
    let with_byte = |at: usize, byte: u8| {
        let mut data = good.data.to_vec();
        data[at] = byte;
        data
    };
    for (name, topics, data) in [
        ("two topics", topics[..2].to_vec(), good.data.to_vec()),
        ("short data", topics.clone(), good.data[..159].to_vec()),
        ("long data", topics.clone(), [&good.data[..], &[0]].concat()),
        ("dirty price", topics.clone(), with_byte(2 * 32 + 11, 1)),
        ("dirty liquidity", topics.clone(), with_byte(3 * 32 + 15, 1)),
        (
            "tick without its sign",
            topics.clone(),
            with_byte(4 * 32, 0),
        ),
        (
            "tick out of range",
            topics.clone(),
            with_byte(4 * 32 + 29, 0x80),
        ),
        (
            "dirty address",
            vec![topics[0], [1; 32], topics[2]],
            good.data.to_vec(),
        ),
    ] {
        assert!(swap(&topics, &data).is_err(), "{name}");
    }
}

/// A recorded log line with the block hash that the recording lacks.
fn with_hash(line: &str) -> String {
    format!(
        "{},\"blockHash\":\"{:#x}\"}}",
        line.trim_end().trim_end_matches('}'),
        B256::repeat_byte(7)
    )
}

#[test]
fn a_recorded_day_has_its_sums() {
    let Some(folder) = data::folder() else { return };
    let text = data::text(&folder.join("logs/mainnet-2024-01-05-usdc-weth.jsonl.gz"));
    let lines: Vec<String> = text.lines().map(with_hash).collect();
    let records = parse_logs(&format!("[{}]", lines.join(","))).unwrap();
    let mut counts: HashMap<(Address, EventKind), u64> = HashMap::new();
    let mut sums: HashMap<Address, (U256, U256)> = HashMap::new();
    for record in &records {
        *counts.entry((record.emitter, record.kind)).or_default() += 1;
        if let Event::Swap(swap) = record.event.as_ref().unwrap() {
            let sum = sums.entry(record.emitter).or_default();
            sum.0 += swap.amount0.0.unsigned_abs();
            sum.1 += swap.amount1.0.unsigned_abs();
        }
    }
    let low = address!("88e6a0c2ddd26feeb64f039a2c41296fcb3f5640");
    let high = address!("8ad599c3a0ff1de082011efddc58f1908eb6e6d8");
    for (pool, kind, count) in [
        (low, EventKind::Swap, 6_046),
        (low, EventKind::Mint, 54),
        (low, EventKind::Burn, 69),
        (low, EventKind::Collect, 65),
        (high, EventKind::Swap, 267),
    ] {
        assert_eq!(counts[&(pool, kind)], count, "{pool} {kind:?}");
    }
    let sum = |a: &str, b: &str| (a.parse::<U256>().unwrap(), b.parse::<U256>().unwrap());
    assert_eq!(
        sums[&low],
        sum("246966136903766", "110106227894665936356241")
    );
    assert_eq!(sums[&high], sum("18565272047490", "8262957675797334431887"));
}

#[test]
fn every_swap_of_real_blocks_decodes_as_sol_decodes_it() {
    let Some(folder) = data::folder() else { return };
    let text = data::text(&folder.join("logs/mainnet-18426253-18426303-all.jsonl.gz"));
    let ours: Vec<String> = text
        .lines()
        .filter(|line| {
            TOPICS
                .iter()
                .any(|topic| line.contains(&format!("[\"{topic:#x}")))
        })
        .map(with_hash)
        .collect();
    let records = parse_logs(&format!("[{}]", ours.join(","))).unwrap();
    let mut swaps = 0;
    for (record, line) in records.iter().zip(&ours) {
        let json: Value = serde_json::from_str(line).unwrap();
        let topics: Vec<B256> = serde_json::from_value(json["topics"].clone()).unwrap();
        let bytes = alloy::hex::decode(json["data"].as_str().unwrap()).unwrap();
        let log = LogData::new_unchecked(topics, bytes.into());
        if let Ok(Event::Swap(swap)) = &record.event {
            let expected = PoolEvents::Swap::decode_log_data_validate(&log).unwrap();
            assert_eq!(swap.amount0.0, expected.amount0);
            assert_eq!(swap.amount1.0, expected.amount1);
            assert_eq!(swap.tick, expected.tick.as_i32());
            assert_eq!(swap.liquidity, expected.liquidity);
        }
        swaps += u32::from(record.kind == EventKind::Swap);
    }
    assert_eq!(swaps, 432);
}

#[test]
fn pages_that_are_none_are_refused() {
    let good = r#"{"address":"0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640","blockNumber":"0x1","blockHash":"0x0707070707070707070707070707070707070707070707070707070707070707","transactionHash":"0x0707070707070707070707070707070707070707070707070707070707070707","transactionIndex":"0x0","logIndex":"0x0","topics":["0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"],"data":"0x","removed":false}"#;
    assert!(parse_logs(&format!("[{good}]")).unwrap()[0].event.is_err());
    for (from, to, said) in [
        ("\"removed\":false", "\"removed\":true", "removed"),
        ("0xc42079", "0xd42079", "outside the topic filter"),
        ("\"logIndex\":\"0x0\"", "\"logIndex\":null", "logIndex"),
        (
            "\"blockNumber\":\"0x1\"",
            "\"blockNumber\":\"1\"",
            "blockNumber",
        ),
        ("\"data\":\"0x\"", "\"data\":\"0x0\"", "data"),
        ("0x88e6", "0x88", "address"),
        ("\"blockHash\":\"0x07", "\"blockHash\":\"0x7", "blockHash"),
    ] {
        let error = parse_logs(&format!("[{}]", good.replacen(from, to, 1))).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    for bad in ["", "null", "{}", "[1]", "[", "[{}]"] {
        assert!(parse_logs(bad).is_err(), "{bad}");
    }
}
