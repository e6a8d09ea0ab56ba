//! Golden bytes of everything derived, and proofs that decoding inverts encoding.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::head::{Derived, Head};
use crate::keys::{calendar_key, day_key, pool_day_key, price_key, row_key, tile_key, user_key};
use proptest::prelude::*;
use tidegauge_features::{
    DailyRow, Depth, FeatureSet, FeeReturn, Life, Path, PoolState, PriceKey, PriceRecord,
    ROW_COLUMNS, Sums, SwapValue, TargetRow, Tile,
};
use tidegauge_model::{
    Address, BlockNumber, ChainId, Day, Hour, Listed, Lists, LogIndex, PoolId, SqrtPriceX96, U256,
    UnixSeconds, Usd, UserKey,
};

const POOL: PoolId = PoolId(Address::repeat_byte(0xab));
const HOUR: Hour = Hour(473_448);

fn day() -> Day {
    HOUR.day()
}

fn value() -> SwapValue {
    SwapValue {
        usd: Some(Usd(1_234_567_890_123)),
        guarded: true,
        crossed: Some(false),
        fee_return: Some(FeeReturn(1 << 70)),
    }
}

fn tile() -> Tile {
    let price = |n: u64| SqrtPriceX96(U256::from(n) << 90);
    Tile {
        life: Life {
            first_hour: Some(Hour(7)),
            first_day: Some(day()),
            last_day: None,
            swaps: 300,
            active_days: 4,
            last_block: BlockNumber(18_937_000),
        },
        sums: Sums {
            swaps: 1,
            transactions: 2,
            buys: 3,
            unpriced: 4,
            guarded: 5,
            users_unknown: 6,
            returns_unknown: 7,
            volume: Usd(8_000_000_000),
            max_usd: Usd(9),
            crossing_known: Usd(10),
            crossing: Usd(11),
            fee_return: FeeReturn(12),
        },
        path: Some(Path {
            open: price(1),
            high: price(4),
            low: price(1),
            close: price(3),
            close_log2: -5,
            log_return: Some(6),
        }),
        state: PoolState {
            sqrt_price: price(3),
            tick: -200_000,
            liquidity: Some(1 << 100),
            protocol_fee: [4, 6],
        },
        depth: Depth {
            area: U256::MAX,
            seconds: 3_599,
            until: UnixSeconds(1_704_412_799),
        },
    }
}

fn record() -> PriceRecord {
    PriceRecord {
        price: U256::from(1u64) << 200,
        source: POOL,
        block: BlockNumber(18_937_000),
        guarded: false,
    }
}

fn daily() -> DailyRow {
    DailyRow {
        tx_count: 300,
        tx_count_3d_avg: 100.5,
        volume_usd_24h: Some(Usd(-1)),
        trend_3d: Some("decreasing"),
        priced: true,
        pool_class: "eth_paired",
        pool_subclass: "eth_btc",
        user_key: "recipient",
        feature_set: i64::MIN,
        ..DailyRow::default()
    }
}

fn targets() -> TargetRow {
    TargetRow {
        target_tx_3d_ahead: Some(0),
        target_fee_apr_7d: Some(f64::MIN_POSITIVE),
        ..TargetRow::default()
    }
}

fn set() -> StoredSet {
    let token = |byte, height| Listed {
        of: Address::repeat_byte(byte),
        effective_block: BlockNumber(height),
    };
    let pool = |byte| Listed {
        of: PoolId(Address::repeat_byte(byte)),
        effective_block: BlockNumber(0),
    };
    StoredSet {
        definitions: 7,
        set: FeatureSet {
            chain: ChainId(1),
            user: UserKey::Sender,
            lists: Lists {
                weth: Some(Address::repeat_byte(1)),
                anchors: vec![token(2, 0)],
                stables: vec![token(2, 0), token(3, 300)],
                staked_eth: vec![],
                bitcoin: vec![token(4, 0)],
                eth_usd_pools: vec![pool(5)],
                btc_eth_pools: vec![pool(6)],
                support_pools: vec![pool(7)],
                earlier_stables: vec![Address::repeat_byte(8)],
            },
        },
    }
}

fn closed() -> ClosedDay {
    ClosedDay {
        day: day(),
        last_block: BlockNumber(18_937_000),
        whole: true,
    }
}

/// Every value type with its bytes; a change of any is a new version, never a new golden.
#[test]
fn golden_bytes_hold() {
    let hex = |encode: &dyn Fn(&mut Vec<u8>) -> Result<(), CodecError>| {
        let mut out = Vec::new();
        encode(&mut out).unwrap();
        alloy_primitives::hex::encode(out)
    };
    let found = [
        ("value", hex(&|o| encode_value(&value(), o))),
        ("no value", hex(&|o| encode_value(&SwapValue::default(), o))),
        ("tile", hex(&|o| encode_tile(&tile(), o))),
        ("empty tile", hex(&|o| encode_tile(&Tile::default(), o))),
        ("user", hex(&|o| encode_user(300, o))),
        ("price", hex(&|o| encode_price(&record(), o))),
        ("day", hex(&encode_day)),
        ("calendar", hex(&|o| encode_calendar(&closed(), o))),
        ("daily row", hex(&|o| encode_daily_row(&daily(), o))),
        ("targets", hex(&|o| encode_target_row(&targets(), o))),
        ("feature set", hex(&|o| encode_feature_set(&set(), o))),
    ];
    let golden = include_str!("golden_derived.txt").lines();
    let golden: Vec<_> = golden.filter_map(|line| line.split_once(": ")).collect();
    let found: Vec<_> = found.iter().map(|(n, hex)| (*n, hex.as_str())).collect();
    assert_eq!(found, golden);

    let bytes = |name: &str| {
        let (_, hex) = found.iter().find(|(n, _)| *n == name).unwrap();
        alloy_primitives::hex::decode(hex).unwrap()
    };
    let place = (POOL, BlockNumber(5), LogIndex(6));
    let key = row_key(place.0, place.1, place.2);
    assert_eq!(decode_value(&key, &bytes("value")), Ok((place, value())));
    let key = tile_key(POOL, HOUR);
    assert_eq!(decode_tile(&key, &bytes("tile")), Ok((POOL, HOUR, tile())));
    let empty = decode_tile(&key, &bytes("empty tile"));
    assert_eq!(empty, Ok((POOL, HOUR, Tile::default())));
    let user = Address::repeat_byte(9);
    let key = user_key(POOL, HOUR, user);
    assert_eq!(
        decode_user(&key, &bytes("user")),
        Ok(((POOL, HOUR, user), 300))
    );
    let key = price_key(PriceKey::Bitcoin, HOUR);
    let price = decode_price(&key, &bytes("price"));
    assert_eq!(price, Ok((PriceKey::Bitcoin, HOUR, record())));
    let key = day_key(day(), POOL);
    assert_eq!(decode_day(&key, &bytes("day")), Ok((day(), POOL)));
    let key = calendar_key(day());
    assert_eq!(decode_calendar(&key, &bytes("calendar")), Ok(closed()));
    let key = pool_day_key(POOL, day());
    let row = decode_daily_row(&key, &bytes("daily row"));
    assert_eq!(row, Ok((POOL, day(), daily())));
    let row = decode_target_row(&key, &bytes("targets"));
    assert_eq!(row, Ok((POOL, day(), targets())));
    assert_eq!(decode_feature_set(&bytes("feature set")), Ok(set()));
}

#[test]
fn rows_hold_what_their_columns_can() {
    let key = pool_day_key(POOL, day());
    let encoded = |row: &DailyRow| {
        let mut out = Vec::new();
        encode_daily_row(row, &mut out).map(|()| out)
    };
    let mut row = daily();
    row.tx_count_3d_avg = f64::NAN;
    assert!(encoded(&row).is_err(), "no NaN is ever stored");
    row = daily();
    row.pool_class = "made up";
    assert!(encoded(&row).is_err());
    let mut bytes = encoded(&daily()).unwrap();
    bytes.push(0);
    assert_eq!(decode_daily_row(&key, &bytes), Err(CodecError::Trailing(1)));
    bytes.truncate(2 + ROW_COLUMNS.len() / 2);
    assert!(decode_daily_row(&key, &bytes).is_err());
    bytes[0] = 9;
    assert_eq!(
        decode_daily_row(&key, &bytes),
        Err(CodecError::Version { found: 9, known: 1 })
    );
}

#[test]
fn the_head_of_format_2_is_read() {
    let head = Head {
        start: Some(BlockNumber(1)),
        journal_bytes: 7,
        derived: Derived::default(),
        ..Head::default()
    };
    let golden = "020101000000000000000000000000010100".to_owned() + "07";
    let mut out = Vec::new();
    encode_head_2(&head, &mut out).unwrap();
    assert_eq!(alloy_primitives::hex::encode(&out), golden);
    assert_eq!(decode_head_2(&out), Ok(head));
}

proptest! {
    #[test]
    fn any_bytes_decode_or_are_refused(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..400),
        versioned: bool,
    ) {
        if versioned && !bytes.is_empty() {
            bytes[0] = 1;
        }
        let _ = decode_value(&[7; 32], &bytes);
        let _ = decode_tile(&[7; 24], &bytes);
        let _ = decode_user(&[7; 44], &bytes);
        let _ = decode_price(&[0; 5], &bytes);
        let _ = decode_day(&[0; 24], &bytes);
        let _ = decode_calendar(&[0; 4], &bytes);
        let _ = decode_daily_row(&[0; 24], &bytes);
        let _ = decode_target_row(&[0; 24], &bytes);
        let _ = decode_feature_set(&bytes);
        let _ = decode_head_2(&bytes);
        let _ = decode_tile(&bytes, &bytes);
        let _ = decode_user(&bytes, &bytes);
        let _ = decode_price(&bytes, &bytes);
    }
}
