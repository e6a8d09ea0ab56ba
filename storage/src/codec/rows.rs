//! Swaps and other pool events; pool, block and log index come from the key.

use super::integers::{Short, Signed, Unsigned};
use super::{read, write};
use crate::codec_error::CodecError;
use crate::keys::parse_row_key;
use bincode::{Decode, Encode};
use tidegauge_model::{
    Address, B256, LiquidityChange, LiquidityEvent, RawAmount, SqrtPriceX96, Swap, TxIndex,
    UnixSeconds,
};

const SWAP_VERSION: u8 = 1;
const LIQUIDITY_VERSION: u8 = 1;

type AddressBytes = [u8; 20];

#[derive(Encode, Decode)]
struct SwapValue {
    tx_hash: [u8; 32],
    tx_index: u32,
    timestamp: u64,
    sender: AddressBytes,
    recipient: AddressBytes,
    origin: Option<AddressBytes>,
    amount0: Signed,
    amount1: Signed,
    sqrt_price: Unsigned,
    liquidity: Short,
    tick: i32,
}

/// Appends a swap's value.
pub fn encode_swap(swap: &Swap, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = SwapValue {
        tx_hash: swap.tx_hash.0,
        tx_index: swap.tx_index.0,
        timestamp: swap.timestamp.0,
        sender: swap.sender.0.0,
        recipient: swap.recipient.0.0,
        origin: swap.origin.map(|a| a.0.0),
        amount0: Signed(swap.amount0.0),
        amount1: Signed(swap.amount1.0),
        sqrt_price: Unsigned(swap.sqrt_price.0),
        liquidity: Short(swap.liquidity),
        tick: swap.tick,
    };
    write(SWAP_VERSION, &value, out)
}

#[inline]
pub(crate) fn decode_swap(key: &[u8], bytes: &[u8]) -> Result<Swap, CodecError> {
    let (pool, block, log_index) = parse_row_key(key)?;
    let value: SwapValue = read(SWAP_VERSION, bytes)?;
    Ok(Swap {
        pool,
        block,
        log_index,
        tx_hash: B256::new(value.tx_hash),
        tx_index: TxIndex(value.tx_index),
        timestamp: UnixSeconds(value.timestamp),
        sender: Address::new(value.sender),
        recipient: Address::new(value.recipient),
        origin: value.origin.map(Address::new),
        amount0: RawAmount(value.amount0.0),
        amount1: RawAmount(value.amount1.0),
        sqrt_price: SqrtPriceX96(value.sqrt_price.0),
        liquidity: value.liquidity.0,
        tick: value.tick,
    })
}

#[derive(Encode, Decode)]
struct LiquidityValue {
    tx_hash: [u8; 32],
    tx_index: u32,
    timestamp: u64,
    origin: Option<AddressBytes>,
    change: ChangeValue,
}

/// The order of the variants is part of the format: new ones go to the end.
#[derive(Encode, Decode)]
enum ChangeValue {
    Initialize {
        sqrt_price: Unsigned,
        tick: i32,
    },
    Mint {
        sender: AddressBytes,
        owner: AddressBytes,
        tick_lower: i32,
        tick_upper: i32,
        amount: Short,
        amount0: Unsigned,
        amount1: Unsigned,
    },
    Burn {
        owner: AddressBytes,
        tick_lower: i32,
        tick_upper: i32,
        amount: Short,
        amount0: Unsigned,
        amount1: Unsigned,
    },
    Collect {
        owner: AddressBytes,
        recipient: AddressBytes,
        tick_lower: i32,
        tick_upper: i32,
        amount0: Short,
        amount1: Short,
    },
    Flash {
        sender: AddressBytes,
        recipient: AddressBytes,
        amount0: Unsigned,
        amount1: Unsigned,
        paid0: Unsigned,
        paid1: Unsigned,
    },
    SetFeeProtocol {
        old0: u8,
        old1: u8,
        new0: u8,
        new1: u8,
    },
    CollectProtocol {
        sender: AddressBytes,
        recipient: AddressBytes,
        amount0: Short,
        amount1: Short,
    },
}

/// Appends a pool event's value.
pub(crate) fn encode_liquidity(
    event: &LiquidityEvent,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let value = LiquidityValue {
        tx_hash: event.tx_hash.0,
        tx_index: event.tx_index.0,
        timestamp: event.timestamp.0,
        origin: event.origin.map(|a| a.0.0),
        change: ChangeValue::from(&event.change),
    };
    write(LIQUIDITY_VERSION, &value, out)
}

pub(crate) fn decode_liquidity(key: &[u8], bytes: &[u8]) -> Result<LiquidityEvent, CodecError> {
    let (pool, block, log_index) = parse_row_key(key)?;
    let value: LiquidityValue = read(LIQUIDITY_VERSION, bytes)?;
    Ok(LiquidityEvent {
        pool,
        block,
        log_index,
        tx_hash: B256::new(value.tx_hash),
        tx_index: TxIndex(value.tx_index),
        timestamp: UnixSeconds(value.timestamp),
        origin: value.origin.map(Address::new),
        change: value.change.into(),
    })
}

impl From<&LiquidityChange> for ChangeValue {
    fn from(change: &LiquidityChange) -> Self {
        match *change {
            LiquidityChange::Initialize { sqrt_price, tick } => Self::Initialize {
                sqrt_price: Unsigned(sqrt_price.0),
                tick,
            },
            LiquidityChange::Mint {
                sender,
                owner,
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
            } => Self::Mint {
                sender: sender.0.0,
                owner: owner.0.0,
                tick_lower,
                tick_upper,
                amount: Short(amount),
                amount0: Unsigned(amount0),
                amount1: Unsigned(amount1),
            },
            LiquidityChange::Burn {
                owner,
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
            } => Self::Burn {
                owner: owner.0.0,
                tick_lower,
                tick_upper,
                amount: Short(amount),
                amount0: Unsigned(amount0),
                amount1: Unsigned(amount1),
            },
            LiquidityChange::Collect {
                owner,
                recipient,
                tick_lower,
                tick_upper,
                amount0,
                amount1,
            } => Self::Collect {
                owner: owner.0.0,
                recipient: recipient.0.0,
                tick_lower,
                tick_upper,
                amount0: Short(amount0),
                amount1: Short(amount1),
            },
            LiquidityChange::Flash {
                sender,
                recipient,
                amount0,
                amount1,
                paid0,
                paid1,
            } => Self::Flash {
                sender: sender.0.0,
                recipient: recipient.0.0,
                amount0: Unsigned(amount0),
                amount1: Unsigned(amount1),
                paid0: Unsigned(paid0),
                paid1: Unsigned(paid1),
            },
            LiquidityChange::SetFeeProtocol {
                old0,
                old1,
                new0,
                new1,
            } => Self::SetFeeProtocol {
                old0,
                old1,
                new0,
                new1,
            },
            LiquidityChange::CollectProtocol {
                sender,
                recipient,
                amount0,
                amount1,
            } => Self::CollectProtocol {
                sender: sender.0.0,
                recipient: recipient.0.0,
                amount0: Short(amount0),
                amount1: Short(amount1),
            },
        }
    }
}

impl From<ChangeValue> for LiquidityChange {
    fn from(value: ChangeValue) -> Self {
        match value {
            ChangeValue::Initialize { sqrt_price, tick } => Self::Initialize {
                sqrt_price: SqrtPriceX96(sqrt_price.0),
                tick,
            },
            ChangeValue::Mint {
                sender,
                owner,
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
            } => Self::Mint {
                sender: sender.into(),
                owner: owner.into(),
                tick_lower,
                tick_upper,
                amount: amount.0,
                amount0: amount0.0,
                amount1: amount1.0,
            },
            ChangeValue::Burn {
                owner,
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
            } => Self::Burn {
                owner: owner.into(),
                tick_lower,
                tick_upper,
                amount: amount.0,
                amount0: amount0.0,
                amount1: amount1.0,
            },
            ChangeValue::Collect {
                owner,
                recipient,
                tick_lower,
                tick_upper,
                amount0,
                amount1,
            } => Self::Collect {
                owner: owner.into(),
                recipient: recipient.into(),
                tick_lower,
                tick_upper,
                amount0: amount0.0,
                amount1: amount1.0,
            },
            ChangeValue::Flash {
                sender,
                recipient,
                amount0,
                amount1,
                paid0,
                paid1,
            } => Self::Flash {
                sender: sender.into(),
                recipient: recipient.into(),
                amount0: amount0.0,
                amount1: amount1.0,
                paid0: paid0.0,
                paid1: paid1.0,
            },
            ChangeValue::SetFeeProtocol {
                old0,
                old1,
                new0,
                new1,
            } => Self::SetFeeProtocol {
                old0,
                old1,
                new0,
                new1,
            },
            ChangeValue::CollectProtocol {
                sender,
                recipient,
                amount0,
                amount1,
            } => Self::CollectProtocol {
                sender: sender.into(),
                recipient: recipient.into(),
                amount0: amount0.0,
                amount1: amount1.0,
            },
        }
    }
}
