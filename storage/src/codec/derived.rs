//! What is folded from rows: values of swaps, tiles, users, prices, days.

use super::integers::{Short, Unsigned};
use super::state::day;
use super::{read, write};
use crate::codec_error::CodecError;
use crate::keys::{
    parse_calendar_key, parse_day_key, parse_price_key, parse_row_key, parse_tile_key,
    parse_user_key,
};
use bincode::{Decode, Encode};
use tidegauge_features::{
    Depth, FeeReturn, Life, Path, PoolState, PriceKey, PriceRecord, Sums, SwapValue, Tile,
};
use tidegauge_model::{
    Address, BlockNumber, Day, Hour, LogIndex, PoolId, SqrtPriceX96, UnixSeconds, Usd,
};

const VALUE_VERSION: u8 = 1;
const TILE_VERSION: u8 = 1;
const USER_VERSION: u8 = 1;
const PRICE_VERSION: u8 = 1;
const DAY_VERSION: u8 = 1;
const CALENDAR_VERSION: u8 = 1;

#[derive(Encode, Decode)]
struct ValueValue {
    usd: Option<i128>,
    guarded: bool,
    crossed: Option<bool>,
    fee_return: Option<Short>,
}

pub(crate) fn encode_value(value: &SwapValue, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = ValueValue {
        usd: value.usd.map(|usd| usd.0),
        guarded: value.guarded,
        crossed: value.crossed,
        fee_return: value.fee_return.map(|r| Short(r.0)),
    };
    write(VALUE_VERSION, &value, out)
}

/// Where a swap lies, and what it is worth.
pub(crate) type PlacedValue = ((PoolId, BlockNumber, LogIndex), SwapValue);

pub(crate) fn decode_value(key: &[u8], bytes: &[u8]) -> Result<PlacedValue, CodecError> {
    let place = parse_row_key(key)?;
    let value: ValueValue = read(VALUE_VERSION, bytes)?;
    let value = SwapValue {
        usd: value.usd.map(Usd),
        guarded: value.guarded,
        crossed: value.crossed,
        fee_return: value.fee_return.map(|r| FeeReturn(r.0)),
    };
    Ok((place, value))
}

#[derive(Encode, Decode)]
struct TileValue {
    life: LifeValue,
    sums: SumsValue,
    path: Option<PathValue>,
    state: StateValue,
    depth: DepthValue,
}

#[derive(Encode, Decode)]
struct LifeValue {
    first_hour: Option<u32>,
    first_day: Option<u32>,
    last_day: Option<u32>,
    swaps: u64,
    active_days: u32,
    last_block: u64,
}

#[derive(Encode, Decode)]
struct SumsValue {
    swaps: u64,
    transactions: u64,
    buys: u64,
    unpriced: u64,
    guarded: u64,
    users_unknown: u64,
    returns_unknown: u64,
    volume: i128,
    max_usd: i128,
    crossing_known: i128,
    crossing: i128,
    fee_return: Short,
}

#[derive(Encode, Decode)]
struct PathValue {
    open: Unsigned,
    high: Unsigned,
    low: Unsigned,
    close: Unsigned,
    close_log2: i64,
    log_return: Option<i64>,
}

#[derive(Encode, Decode)]
struct StateValue {
    sqrt_price: Unsigned,
    tick: i32,
    liquidity: Option<Short>,
    protocol_fee: [u8; 2],
}

#[derive(Encode, Decode)]
struct DepthValue {
    area: Unsigned,
    seconds: u32,
    until: u64,
}

pub(crate) fn encode_tile(tile: &Tile, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let Tile {
        life,
        sums,
        path,
        state,
        depth,
    } = tile;
    let value = TileValue {
        life: LifeValue {
            first_hour: life.first_hour.map(|h| h.0),
            first_day: life.first_day.map(Day::number),
            last_day: life.last_day.map(Day::number),
            swaps: life.swaps,
            active_days: life.active_days,
            last_block: life.last_block.0,
        },
        sums: SumsValue {
            swaps: sums.swaps,
            transactions: sums.transactions,
            buys: sums.buys,
            unpriced: sums.unpriced,
            guarded: sums.guarded,
            users_unknown: sums.users_unknown,
            returns_unknown: sums.returns_unknown,
            volume: sums.volume.0,
            max_usd: sums.max_usd.0,
            crossing_known: sums.crossing_known.0,
            crossing: sums.crossing.0,
            fee_return: Short(sums.fee_return.0),
        },
        path: path.map(|path| PathValue {
            open: Unsigned(path.open.0),
            high: Unsigned(path.high.0),
            low: Unsigned(path.low.0),
            close: Unsigned(path.close.0),
            close_log2: path.close_log2,
            log_return: path.log_return,
        }),
        state: StateValue {
            sqrt_price: Unsigned(state.sqrt_price.0),
            tick: state.tick,
            liquidity: state.liquidity.map(Short),
            protocol_fee: state.protocol_fee,
        },
        depth: DepthValue {
            area: Unsigned(depth.area),
            seconds: depth.seconds,
            until: depth.until.0,
        },
    };
    write(TILE_VERSION, &value, out)
}

pub(crate) fn decode_tile(key: &[u8], bytes: &[u8]) -> Result<(PoolId, Hour, Tile), CodecError> {
    let (pool, hour) = parse_tile_key(key)?;
    let TileValue {
        life,
        sums,
        path,
        state,
        depth,
    } = read(TILE_VERSION, bytes)?;
    let tile = Tile {
        life: Life {
            first_hour: life.first_hour.map(Hour),
            first_day: life.first_day.map(day),
            last_day: life.last_day.map(day),
            swaps: life.swaps,
            active_days: life.active_days,
            last_block: BlockNumber(life.last_block),
        },
        sums: Sums {
            swaps: sums.swaps,
            transactions: sums.transactions,
            buys: sums.buys,
            unpriced: sums.unpriced,
            guarded: sums.guarded,
            users_unknown: sums.users_unknown,
            returns_unknown: sums.returns_unknown,
            volume: Usd(sums.volume),
            max_usd: Usd(sums.max_usd),
            crossing_known: Usd(sums.crossing_known),
            crossing: Usd(sums.crossing),
            fee_return: FeeReturn(sums.fee_return.0),
        },
        path: path.map(|path| Path {
            open: SqrtPriceX96(path.open.0),
            high: SqrtPriceX96(path.high.0),
            low: SqrtPriceX96(path.low.0),
            close: SqrtPriceX96(path.close.0),
            close_log2: path.close_log2,
            log_return: path.log_return,
        }),
        state: PoolState {
            sqrt_price: SqrtPriceX96(state.sqrt_price.0),
            tick: state.tick,
            liquidity: state.liquidity.map(|l| l.0),
            protocol_fee: state.protocol_fee,
        },
        depth: Depth {
            area: depth.area.0,
            seconds: depth.seconds,
            until: UnixSeconds(depth.until),
        },
    };
    Ok((pool, hour, tile))
}

/// How many swaps of a user an hour of a pool has.
pub(crate) fn encode_user(swaps: u32, out: &mut Vec<u8>) -> Result<(), CodecError> {
    write(USER_VERSION, &swaps, out)
}

/// A user's swaps in an hour of a pool.
pub(crate) type UserSwaps = ((PoolId, Hour, Address), u32);

pub(crate) fn decode_user(key: &[u8], bytes: &[u8]) -> Result<UserSwaps, CodecError> {
    let swaps = read(USER_VERSION, bytes)?;
    if swaps == 0 {
        return Err(CodecError::Impossible("swaps"));
    }
    Ok((parse_user_key(key)?, swaps))
}

#[derive(Encode, Decode)]
struct PriceValue {
    price: Unsigned,
    source: [u8; 20],
    block: u64,
    guarded: bool,
}

pub(crate) fn encode_price(record: &PriceRecord, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = PriceValue {
        price: Unsigned(record.price),
        source: record.source.0.0.0,
        block: record.block.0,
        guarded: record.guarded,
    };
    write(PRICE_VERSION, &value, out)
}

/// A price at the end of an hour.
pub type HourlyPrice = (PriceKey, Hour, PriceRecord);

pub(crate) fn decode_price(key: &[u8], bytes: &[u8]) -> Result<HourlyPrice, CodecError> {
    let (kind, hour) = parse_price_key(key)?;
    let value: PriceValue = read(PRICE_VERSION, bytes)?;
    let record = PriceRecord {
        price: value.price.0,
        source: PoolId(value.source.into()),
        block: BlockNumber(value.block),
        guarded: value.guarded,
    };
    Ok((kind, hour, record))
}

/// The key says it all; the value holds room for more.
pub(crate) fn encode_day(out: &mut Vec<u8>) -> Result<(), CodecError> {
    write(DAY_VERSION, &(), out)
}

pub(crate) fn decode_day(key: &[u8], bytes: &[u8]) -> Result<(Day, PoolId), CodecError> {
    let () = read(DAY_VERSION, bytes)?;
    parse_day_key(key)
}

#[derive(Encode, Decode)]
struct CalendarValue {
    last_block: u64,
    whole: bool,
}

/// A day after which a block or its time is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClosedDay {
    /// Which.
    pub day: Day,
    /// Its last block; where blocks without events were not read, no earlier than that.
    pub last_block: BlockNumber,
    /// Whether all of it is known, from its first block on.
    pub whole: bool,
}

pub(crate) fn encode_calendar(closed: &ClosedDay, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = CalendarValue {
        last_block: closed.last_block.0,
        whole: closed.whole,
    };
    write(CALENDAR_VERSION, &value, out)
}

pub(crate) fn decode_calendar(key: &[u8], bytes: &[u8]) -> Result<ClosedDay, CodecError> {
    let value: CalendarValue = read(CALENDAR_VERSION, bytes)?;
    Ok(ClosedDay {
        day: parse_calendar_key(key)?,
        last_block: BlockNumber(value.last_block),
        whole: value.whole,
    })
}
