//! Mints, burns, collects, flashes and settings as rows.

use super::cells::{address, column, hash, place};
use crate::cell::{Cell, Column, Kind};
use tidegauge_model::{ChainId, LiquidityChange, LiquidityEvent};

/// The columns of an event; what its kind does not say is NULL.
pub const LIQUIDITY_COLUMNS: &[Column] = &[
    column("chain_id", Kind::Int, "EIP-155 chain id"),
    column("block_number", Kind::Int, "Height of the block"),
    column("log_index", Kind::Int, "Place among the logs of the block"),
    column("tx_hash", Kind::Unique, "Hash of the transaction"),
    column(
        "tx_index",
        Kind::Int,
        "Place of the transaction in the block",
    ),
    column("pool_address", Kind::Text, "Contract that emitted it"),
    column(
        "timestamp",
        Kind::Moment,
        "Time of the block, UTC (unix seconds in CSV and JSON)",
    ),
    column(
        "tx_from",
        Kind::Text,
        "Sender of the transaction; NULL where only logs were read",
    ),
    column("event", Kind::Word, "Name of the event"),
    column("sender", Kind::Text, "Who called the pool"),
    column("owner", Kind::Text, "Whose position"),
    column("recipient", Kind::Text, "Who received"),
    column("tick_lower", Kind::Int, "Lower end of the position"),
    column("tick_upper", Kind::Int, "Upper end of the position"),
    column(
        "liquidity",
        Kind::Unique,
        "Liquidity of the change, 128 bits",
    ),
    column(
        "amount0_raw",
        Kind::Unique,
        "Amount of token0 in the smallest unit, 256 bits",
    ),
    column(
        "amount1_raw",
        Kind::Unique,
        "Amount of token1 in the smallest unit, 256 bits",
    ),
    column(
        "paid0_raw",
        Kind::Unique,
        "Paid back of token0 after a flash",
    ),
    column(
        "paid1_raw",
        Kind::Unique,
        "Paid back of token1 after a flash",
    ),
    column(
        "sqrt_price_x96",
        Kind::Unique,
        "Square root of the first price times 2^96",
    ),
    column("tick", Kind::Int, "First tick"),
    column(
        "fee_protocol_old",
        Kind::Word,
        "Divisors of the fee before, token0/token1",
    ),
    column(
        "fee_protocol_new",
        Kind::Word,
        "Divisors of the fee after, token0/token1",
    ),
];

/// What stands before the columns of the event's kind.
const SHARED: usize = 9;

/// An event's values, in the order of the columns.
pub fn liquidity_cells(
    chain: ChainId,
    event: &LiquidityEvent,
) -> [Cell<'static>; LIQUIDITY_COLUMNS.len()] {
    let mut cells = [const { Cell::Null }; LIQUIDITY_COLUMNS.len()];
    let [chain, block, log_index] = place(chain, event.block, event.log_index);
    let shared: [Cell<'static>; SHARED] = [
        chain,
        block,
        log_index,
        hash(event.tx_hash),
        Cell::Int(event.tx_index.0.into()),
        address(event.pool.0),
        Cell::Moment(event.timestamp),
        Cell::or_null(event.origin, address),
        Cell::text(event.change.name()),
    ];
    for (cell, value) in cells.iter_mut().zip(shared) {
        *cell = value;
    }
    for (name, value) in change(&event.change) {
        let at = LIQUIDITY_COLUMNS
            .iter()
            .position(|column| column.name == name);
        if let Some(cell) = at.and_then(|at| cells.get_mut(at)) {
            *cell = value;
        }
    }
    cells
}

/// The columns that the event's kind fills.
fn change(change: &LiquidityChange) -> Vec<(&'static str, Cell<'static>)> {
    use LiquidityChange as C;
    match change {
        C::Initialize { sqrt_price, tick } => vec![
            ("sqrt_price_x96", digits(sqrt_price)),
            ("tick", Cell::Int((*tick).into())),
        ],
        C::Mint {
            sender,
            owner,
            tick_lower,
            tick_upper,
            amount,
            amount0,
            amount1,
        } => vec![
            ("sender", address(*sender)),
            ("owner", address(*owner)),
            ("tick_lower", Cell::Int((*tick_lower).into())),
            ("tick_upper", Cell::Int((*tick_upper).into())),
            ("liquidity", digits(amount)),
            ("amount0_raw", digits(amount0)),
            ("amount1_raw", digits(amount1)),
        ],
        C::Burn {
            owner,
            tick_lower,
            tick_upper,
            amount,
            amount0,
            amount1,
        } => vec![
            ("owner", address(*owner)),
            ("tick_lower", Cell::Int((*tick_lower).into())),
            ("tick_upper", Cell::Int((*tick_upper).into())),
            ("liquidity", digits(amount)),
            ("amount0_raw", digits(amount0)),
            ("amount1_raw", digits(amount1)),
        ],
        C::Collect {
            owner,
            recipient,
            tick_lower,
            tick_upper,
            amount0,
            amount1,
        } => vec![
            ("owner", address(*owner)),
            ("recipient", address(*recipient)),
            ("tick_lower", Cell::Int((*tick_lower).into())),
            ("tick_upper", Cell::Int((*tick_upper).into())),
            ("amount0_raw", digits(amount0)),
            ("amount1_raw", digits(amount1)),
        ],
        C::Flash {
            sender,
            recipient,
            amount0,
            amount1,
            paid0,
            paid1,
        } => vec![
            ("sender", address(*sender)),
            ("recipient", address(*recipient)),
            ("amount0_raw", digits(amount0)),
            ("amount1_raw", digits(amount1)),
            ("paid0_raw", digits(paid0)),
            ("paid1_raw", digits(paid1)),
        ],
        C::SetFeeProtocol {
            old0,
            old1,
            new0,
            new1,
        } => vec![
            ("fee_protocol_old", Cell::text(format!("{old0}/{old1}"))),
            ("fee_protocol_new", Cell::text(format!("{new0}/{new1}"))),
        ],
        C::CollectProtocol {
            sender,
            recipient,
            amount0,
            amount1,
        } => vec![
            ("sender", address(*sender)),
            ("recipient", address(*recipient)),
            ("amount0_raw", digits(amount0)),
            ("amount1_raw", digits(amount1)),
        ],
    }
}

fn digits(number: &impl ToString) -> Cell<'static> {
    Cell::text(number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::{
        Address, B256, BlockNumber, LogIndex, PoolId, SqrtPriceX96, TxIndex, U256, UnixSeconds,
    };

    #[test]
    fn every_kind_of_event_fills_columns_that_there_are() {
        let (a, n) = (Address::repeat_byte(1), U256::from(5));
        for change in [
            LiquidityChange::Initialize {
                sqrt_price: SqrtPriceX96(n),
                tick: -3,
            },
            LiquidityChange::Mint {
                sender: a,
                owner: a,
                tick_lower: -1,
                tick_upper: 1,
                amount: 1,
                amount0: n,
                amount1: n,
            },
            LiquidityChange::Burn {
                owner: a,
                tick_lower: -1,
                tick_upper: 1,
                amount: 1,
                amount0: n,
                amount1: n,
            },
            LiquidityChange::Collect {
                owner: a,
                recipient: a,
                tick_lower: -1,
                tick_upper: 1,
                amount0: 1,
                amount1: 2,
            },
            LiquidityChange::Flash {
                sender: a,
                recipient: a,
                amount0: n,
                amount1: n,
                paid0: n,
                paid1: n,
            },
            LiquidityChange::SetFeeProtocol {
                old0: 0,
                old1: 0,
                new0: 4,
                new1: 4,
            },
            LiquidityChange::CollectProtocol {
                sender: a,
                recipient: a,
                amount0: 1,
                amount1: 2,
            },
        ] {
            let named = super::change(&change);
            for (name, _) in &named {
                assert!(
                    LIQUIDITY_COLUMNS.iter().any(|column| column.name == *name),
                    "{name}"
                );
            }
            let event = LiquidityEvent {
                pool: PoolId(a),
                block: BlockNumber(1),
                log_index: LogIndex(2),
                tx_hash: B256::ZERO,
                tx_index: TxIndex(0),
                timestamp: UnixSeconds(9),
                origin: None,
                change,
            };
            let filled = liquidity_cells(ChainId(1), &event)
                .iter()
                .filter(|cell| **cell != Cell::Null)
                .count();
            assert_eq!(filled, SHARED - 1 + named.len(), "{event:?}");
        }
    }
}
