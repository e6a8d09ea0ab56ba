//! Pure decoding of the nine events, strict to the bit.
//!
//! `sol!` decodes them too, through one allocation and one type walk per log;
//! this is several times faster, and tested to agree with it.

use crate::abi::TOPICS;
use alloy::primitives::{Address, B256, I256, U256};
use tidegauge_model::{LiquidityChange, RawAmount, SqrtPriceX96};

/// One of the nine events.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum EventKind {
    Swap,
    Mint,
    Burn,
    Collect,
    Flash,
    Initialize,
    SetFeeProtocol,
    CollectProtocol,
    PoolCreated,
}

impl EventKind {
    /// All of them, in the order of [`TOPICS`].
    pub const ALL: [Self; 9] = [
        Self::Swap,
        Self::Mint,
        Self::Burn,
        Self::Collect,
        Self::Flash,
        Self::Initialize,
        Self::SetFeeProtocol,
        Self::CollectProtocol,
        Self::PoolCreated,
    ];

    /// The event with this first topic.
    pub fn of_topic(topic: &B256) -> Option<Self> {
        let place = TOPICS.iter().position(|known| known == topic)?;
        Self::ALL.get(place).copied()
    }

    /// Number of topics and of data words in its log.
    fn shape(self) -> (usize, usize) {
        match self {
            Self::Swap => (3, 5),
            Self::Mint => (4, 4),
            Self::Flash => (3, 4),
            Self::Burn | Self::Collect => (4, 3),
            Self::Initialize => (1, 2),
            Self::SetFeeProtocol => (1, 4),
            Self::CollectProtocol => (3, 2),
            Self::PoolCreated => (4, 2),
        }
    }
}

/// Most bytes that the data of one of the events has.
pub const MAX_DATA_BYTES: usize = 5 * 32;

/// A decoded event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// `Swap`.
    Swap(SwapFields),
    /// Any other event of a pool.
    Change(LiquidityChange),
    /// `PoolCreated`.
    Created(CreatedFields),
}

/// The fields of `Swap`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct SwapFields {
    pub sender: Address,
    pub recipient: Address,
    pub amount0: RawAmount,
    pub amount1: RawAmount,
    pub sqrt_price: SqrtPriceX96,
    pub liquidity: u128,
    pub tick: i32,
}

/// The fields of `PoolCreated`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct CreatedFields {
    pub token0: Address,
    pub token1: Address,
    pub fee_pips: u32,
    pub tick_spacing: i32,
    pub pool: Address,
}

/// Why a log is not the event that its first topic announces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// A wrong number of topics.
    #[error("{found} topics instead of {expected}")]
    Topics {
        /// Found.
        found: usize,
        /// Expected.
        expected: usize,
    },
    /// A wrong length of data.
    #[error("{found} bytes of data instead of {expected}")]
    Data {
        /// Found.
        found: usize,
        /// Expected.
        expected: usize,
    },
    /// Bits set above the width of the field's type.
    #[error("`{field}` does not fit its type")]
    Dirty {
        /// The field.
        field: &'static str,
    },
    /// A tick beyond ±887,272.
    #[error("`{field}` is {tick}, beyond ±887272")]
    Tick {
        /// The field.
        field: &'static str,
        /// Its value.
        tick: i32,
    },
}

/// The highest tick (v3-core `TickMath.sol`).
const MAX_TICK: i32 = 887_272;

/// Decodes a log of the given kind; `topics` includes the first.
pub fn decode(kind: EventKind, topics: &[[u8; 32]], data: &[u8]) -> Result<Event, DecodeError> {
    let (topic_count, words) = kind.shape();
    if topics.len() != topic_count {
        return Err(DecodeError::Topics {
            found: topics.len(),
            expected: topic_count,
        });
    }
    if data.len() != words * 32 {
        return Err(DecodeError::Data {
            found: data.len(),
            expected: words * 32,
        });
    }
    let (words, _) = data.as_chunks::<32>();
    match (kind, topics, words) {
        (EventKind::Swap, [_, sender, recipient], [amount0, amount1, price, liquidity, at]) => {
            Ok(Event::Swap(SwapFields {
                sender: address(sender, "sender")?,
                recipient: address(recipient, "recipient")?,
                amount0: RawAmount(I256::from_be_bytes(*amount0)),
                amount1: RawAmount(I256::from_be_bytes(*amount1)),
                sqrt_price: sqrt_price(price)?,
                liquidity: uint128(liquidity, "liquidity")?,
                tick: tick(at, "tick")?,
            }))
        }
        (EventKind::Mint, [_, owner, lower, upper], [sender, amount, amount0, amount1]) => {
            Ok(Event::Change(LiquidityChange::Mint {
                sender: address(sender, "sender")?,
                owner: address(owner, "owner")?,
                tick_lower: tick(lower, "tickLower")?,
                tick_upper: tick(upper, "tickUpper")?,
                amount: uint128(amount, "amount")?,
                amount0: U256::from_be_bytes(*amount0),
                amount1: U256::from_be_bytes(*amount1),
            }))
        }
        (EventKind::Burn, [_, owner, lower, upper], [amount, amount0, amount1]) => {
            Ok(Event::Change(LiquidityChange::Burn {
                owner: address(owner, "owner")?,
                tick_lower: tick(lower, "tickLower")?,
                tick_upper: tick(upper, "tickUpper")?,
                amount: uint128(amount, "amount")?,
                amount0: U256::from_be_bytes(*amount0),
                amount1: U256::from_be_bytes(*amount1),
            }))
        }
        (EventKind::Collect, [_, owner, lower, upper], [recipient, amount0, amount1]) => {
            Ok(Event::Change(LiquidityChange::Collect {
                owner: address(owner, "owner")?,
                recipient: address(recipient, "recipient")?,
                tick_lower: tick(lower, "tickLower")?,
                tick_upper: tick(upper, "tickUpper")?,
                amount0: uint128(amount0, "amount0")?,
                amount1: uint128(amount1, "amount1")?,
            }))
        }
        (EventKind::Flash, [_, sender, recipient], [amount0, amount1, paid0, paid1]) => {
            Ok(Event::Change(LiquidityChange::Flash {
                sender: address(sender, "sender")?,
                recipient: address(recipient, "recipient")?,
                amount0: U256::from_be_bytes(*amount0),
                amount1: U256::from_be_bytes(*amount1),
                paid0: U256::from_be_bytes(*paid0),
                paid1: U256::from_be_bytes(*paid1),
            }))
        }
        (EventKind::Initialize, _, [price, at]) => Ok(Event::Change(LiquidityChange::Initialize {
            sqrt_price: sqrt_price(price)?,
            tick: tick(at, "tick")?,
        })),
        (EventKind::SetFeeProtocol, _, [old0, old1, new0, new1]) => {
            Ok(Event::Change(LiquidityChange::SetFeeProtocol {
                old0: uint8(old0, "feeProtocol0Old")?,
                old1: uint8(old1, "feeProtocol1Old")?,
                new0: uint8(new0, "feeProtocol0New")?,
                new1: uint8(new1, "feeProtocol1New")?,
            }))
        }
        (EventKind::CollectProtocol, [_, sender, recipient], [amount0, amount1]) => {
            Ok(Event::Change(LiquidityChange::CollectProtocol {
                sender: address(sender, "sender")?,
                recipient: address(recipient, "recipient")?,
                amount0: uint128(amount0, "amount0")?,
                amount1: uint128(amount1, "amount1")?,
            }))
        }
        (EventKind::PoolCreated, [_, token0, token1, fee], [spacing, pool]) => {
            Ok(Event::Created(CreatedFields {
                token0: address(token0, "token0")?,
                token1: address(token1, "token1")?,
                fee_pips: uint24(fee, "fee")?,
                tick_spacing: int24(spacing, "tickSpacing")?,
                pool: address(pool, "pool")?,
            }))
        }
        // The shape was checked above; this arm is for the compiler.
        _ => Err(DecodeError::Data {
            found: data.len(),
            expected: words.len() * 32,
        }),
    }
}

/// The low `N` bytes of a word whose high bytes are zero.
fn low<const N: usize>(word: &[u8; 32], field: &'static str) -> Result<[u8; N], DecodeError> {
    match word.split_last_chunk::<N>() {
        Some((high, low)) if high.iter().all(|byte| *byte == 0) => Ok(*low),
        _ => Err(DecodeError::Dirty { field }),
    }
}

fn address(word: &[u8; 32], field: &'static str) -> Result<Address, DecodeError> {
    low(word, field).map(Address::new)
}

fn uint128(word: &[u8; 32], field: &'static str) -> Result<u128, DecodeError> {
    low(word, field).map(u128::from_be_bytes)
}

fn uint24(word: &[u8; 32], field: &'static str) -> Result<u32, DecodeError> {
    low::<3>(word, field).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
}

fn uint8(word: &[u8; 32], field: &'static str) -> Result<u8, DecodeError> {
    low::<1>(word, field).map(|[byte]| byte)
}

fn sqrt_price(word: &[u8; 32]) -> Result<SqrtPriceX96, DecodeError> {
    low::<20>(word, "sqrtPriceX96")?;
    Ok(SqrtPriceX96(U256::from_be_bytes(*word)))
}

/// A two's-complement 24-bit integer, sign-extended over the whole word.
fn int24(word: &[u8; 32], field: &'static str) -> Result<i32, DecodeError> {
    let [high @ .., a, b, c] = word;
    let sign = if a & 0x80 == 0 { 0 } else { 0xff };
    if high.iter().any(|byte| *byte != sign) {
        return Err(DecodeError::Dirty { field });
    }
    Ok(i32::from_be_bytes([sign, *a, *b, *c]))
}

fn tick(word: &[u8; 32], field: &'static str) -> Result<i32, DecodeError> {
    let tick = int24(word, field)?;
    if tick.unsigned_abs() > MAX_TICK.unsigned_abs() {
        return Err(DecodeError::Tick { field, tick });
    }
    Ok(tick)
}
