//! The state of each pool after each of its events.

use crate::{History, PoolState};
use std::collections::BTreeMap;
use tidegauge_model::{
    BlockNumber, LiquidityChange, LiquidityEvent, LogIndex, PoolId, Swap, UnixSeconds,
};

/// A pool after one of its events.
pub(super) struct After {
    block: BlockNumber,
    log_index: LogIndex,
    pub(super) timestamp: UnixSeconds,
    pub(super) state: PoolState,
}

/// All pools after all their events.
pub(super) struct States(BTreeMap<PoolId, Vec<After>>);

#[derive(Clone, Copy)]
enum Event<'a> {
    Swap(&'a Swap),
    Change(&'a LiquidityEvent),
}

impl States {
    pub(super) fn of(history: &History) -> Self {
        let mut events: Vec<Event> = history.swaps.iter().map(Event::Swap).collect();
        events.extend(history.liquidity.iter().map(Event::Change));
        events.sort_by_key(|event| event.place());
        let mut pools: BTreeMap<PoolId, Vec<After>> = BTreeMap::new();
        for event in events {
            let pool = pools.entry(event.pool()).or_default();
            let before = pool.last().map(|last| last.state).unwrap_or_default();
            let (block, log_index) = event.place();
            pool.push(After {
                block,
                log_index,
                timestamp: event.timestamp(),
                state: event.changes(before),
            });
        }
        Self(pools)
    }

    /// The events of a pool, in order.
    pub(super) fn of_pool(&self, pool: PoolId) -> &[After] {
        self.0.get(&pool).map_or(&[], Vec::as_slice)
    }

    /// A pool just before an event of its own.
    pub(super) fn before_event(
        &self,
        pool: PoolId,
        block: BlockNumber,
        log_index: LogIndex,
    ) -> PoolState {
        self.last_where(pool, |after| {
            (after.block, after.log_index) < (block, log_index)
        })
    }

    /// A pool at the end of the block before.
    pub(super) fn before_block(&self, pool: PoolId, block: BlockNumber) -> PoolState {
        self.last_where(pool, |after| after.block < block)
    }

    fn last_where(&self, pool: PoolId, is_before: impl Fn(&After) -> bool) -> PoolState {
        let events = self.of_pool(pool);
        let count = events.partition_point(is_before);
        events[..count]
            .last()
            .map(|after| after.state)
            .unwrap_or_default()
    }
}

impl Event<'_> {
    fn pool(self) -> PoolId {
        match self {
            Self::Swap(swap) => swap.pool,
            Self::Change(change) => change.pool,
        }
    }

    fn place(self) -> (BlockNumber, LogIndex) {
        match self {
            Self::Swap(swap) => (swap.block, swap.log_index),
            Self::Change(change) => (change.block, change.log_index),
        }
    }

    fn timestamp(self) -> UnixSeconds {
        match self {
            Self::Swap(swap) => swap.timestamp,
            Self::Change(change) => change.timestamp,
        }
    }

    fn changes(self, before: PoolState) -> PoolState {
        let change = match self {
            Self::Swap(swap) => {
                return PoolState {
                    sqrt_price: swap.sqrt_price,
                    tick: swap.tick,
                    liquidity: Some(swap.liquidity),
                    ..before
                };
            }
            Self::Change(change) => &change.change,
        };
        // In range only if the price is known.
        let in_range = |lower: i32, upper: i32| {
            !before.sqrt_price.0.is_zero() && lower <= before.tick && before.tick < upper
        };
        match *change {
            LiquidityChange::Initialize { sqrt_price, tick } => PoolState {
                sqrt_price,
                tick,
                liquidity: Some(before.liquidity.unwrap_or(0)),
                ..before
            },
            LiquidityChange::Mint {
                tick_lower,
                tick_upper,
                amount,
                ..
            } if in_range(tick_lower, tick_upper) => PoolState {
                liquidity: before.liquidity.and_then(|l| l.checked_add(amount)),
                ..before
            },
            LiquidityChange::Burn {
                tick_lower,
                tick_upper,
                amount,
                ..
            } if in_range(tick_lower, tick_upper) => PoolState {
                liquidity: before.liquidity.and_then(|l| l.checked_sub(amount)),
                ..before
            },
            LiquidityChange::SetFeeProtocol { new0, new1, .. } => PoolState {
                protocol_fee: [new0, new1],
                ..before
            },
            LiquidityChange::Mint { .. }
            | LiquidityChange::Burn { .. }
            | LiquidityChange::Collect { .. }
            | LiquidityChange::Flash { .. }
            | LiquidityChange::CollectProtocol { .. } => before,
        }
    }
}
