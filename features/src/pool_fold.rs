//! One pool's events, folded into its hours.

use crate::exact::log2_q40;
use crate::fee_return::fee_return;
use crate::pricing::Valued;
use crate::tile::{Path, PoolState, Tile};
use crate::{FeatureError, PoolInfo, SwapValue};
use tidegauge_model::{
    BlockNumber, Day, Hour, LiquidityEvent, Swap, TxIndex, U256, UnixSeconds, Usd,
};

/// A pool at its last event: the tile of that hour, and what goes with it.
#[derive(Clone, Debug)]
pub(crate) struct PoolFold {
    pub(crate) info: PoolInfo,
    hour: Hour,
    tile: Tile,
    /// The tile has an event.
    begun: bool,
    /// Logarithm of the last price before the tile's hour.
    before_log2: Option<i64>,
    last_transaction: Option<(BlockNumber, TxIndex)>,
    /// The close's logarithm is still to be computed.
    unsettled: bool,
}

/// What is known of a swap besides its log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) valued: Valued,
    /// Whether its user is known.
    pub(crate) user: bool,
}

impl PoolFold {
    /// A pool with its last tile, if it has any.
    pub(crate) fn new(info: PoolInfo, latest: Option<(Hour, Tile)>) -> Self {
        let begun = latest.is_some();
        let (hour, tile) = latest.unwrap_or_default();
        let before_log2 = match &tile.path {
            Some(path) => path.log_return.map(|r| path.close_log2 - r),
            None => close_log2(&tile),
        };
        Self {
            info,
            hour,
            tile,
            begun,
            before_log2,
            last_transaction: None,
            unsettled: false,
        }
    }

    /// Begins in the middle of an hour, from the pool as it was left.
    pub(crate) fn resume(info: PoolInfo, before: Option<&Tile>, at: UnixSeconds) -> Self {
        let none = Tile::default();
        let before = before.unwrap_or(&none);
        Self {
            info,
            hour: Hour::of(at),
            tile: carried(before, at),
            begun: true,
            before_log2: close_log2(before),
            last_transaction: None,
            unsettled: false,
        }
    }

    /// The last tile; `None` before the first event.
    pub(crate) fn tile(&self) -> Option<(Hour, &Tile)> {
        self.begun.then_some((self.hour, &self.tile))
    }

    /// The pool now.
    pub(crate) fn state(&self) -> &PoolState {
        &self.tile.state
    }

    /// Folds a swap; life is counted from `whole_from` on.
    pub(crate) fn swap(
        &mut self,
        swap: &Swap,
        known: Known,
        whole_from: Day,
    ) -> Result<SwapValue, FeatureError> {
        self.move_to(swap.timestamp, swap.block)?;
        let state = &self.tile.state;
        let value = SwapValue {
            usd: known.valued.usd,
            guarded: known.valued.guarded,
            crossed: state.liquidity.map(|before| before != swap.liquidity),
            fee_return: fee_return(swap, self.info.pool.fee_pips, state.protocol_fee),
        };
        self.take(swap, &value, known.user, whole_from)?;
        Ok(value)
    }

    /// Folds a swap once more, of which the value is what [`PoolFold::swap`] gave.
    pub(crate) fn swap_again(
        &mut self,
        swap: &Swap,
        value: &SwapValue,
        user: bool,
        whole_from: Day,
    ) -> Result<(), FeatureError> {
        self.move_to(swap.timestamp, swap.block)?;
        self.take(swap, value, user, whole_from)
    }

    fn take(
        &mut self,
        swap: &Swap,
        value: &SwapValue,
        user: bool,
        whole_from: Day,
    ) -> Result<(), FeatureError> {
        let overflow = |what| FeatureError::Overflow {
            what,
            block: swap.block,
            pool: swap.pool,
        };
        self.tile.state.swap(swap);
        let transaction = (swap.block, swap.tx_index);
        let sums = &mut self.tile.sums;
        if self.last_transaction.replace(transaction) != Some(transaction) {
            sums.transactions += 1;
        }
        sums.swaps += 1;
        sums.buys += u64::from(swap.amount0.0.is_negative());
        sums.guarded += u64::from(value.guarded);
        sums.users_unknown += u64::from(!user);
        match value.usd {
            None => sums.unpriced += 1,
            Some(usd) => {
                let add = |sum: &mut Usd| {
                    *sum = sum.checked_add(usd).ok_or(overflow("volume"))?;
                    Ok::<_, FeatureError>(())
                };
                add(&mut sums.volume)?;
                if let Some(crossed) = value.crossed {
                    add(&mut sums.crossing_known)?;
                    if crossed {
                        add(&mut sums.crossing)?;
                    }
                }
                sums.max_usd = sums.max_usd.max(usd);
            }
        }
        match value.fee_return {
            None => sums.returns_unknown += 1,
            Some(r) => {
                let sum = sums.fee_return.0.checked_add(r.0);
                sums.fee_return.0 = sum.ok_or(overflow("fee return"))?;
            }
        }
        self.live(swap, whole_from);
        self.walk(swap);
        Ok(())
    }

    /// Folds any other event.
    pub(crate) fn liquidity(&mut self, event: &LiquidityEvent) -> Result<(), FeatureError> {
        self.move_to(event.timestamp, event.block)?;
        self.tile.state.apply(&event.change);
        Ok(())
    }

    /// Computes what was put off to the end of a block: logarithms are dear.
    pub(crate) fn settle(&mut self) {
        if !std::mem::take(&mut self.unsettled) {
            return;
        }
        if let Some(path) = &mut self.tile.path {
            path.close_log2 = log2_q40(path.close);
            path.log_return = self.before_log2.map(|before| path.close_log2 - before);
        }
    }

    /// Opens the hour of an event, if it is another, and lets liquidity stand until then.
    fn move_to(&mut self, at: UnixSeconds, block: BlockNumber) -> Result<(), FeatureError> {
        let hour = Hour::of(at);
        if self.begun && hour < self.hour {
            return Err(FeatureError::OutOfOrder {
                block,
                pool: self.info.pool.id,
            });
        }
        if !self.begun || hour > self.hour {
            self.settle();
            if let Some(path) = &self.tile.path {
                self.before_log2 = Some(path.close_log2);
            }
            self.tile = carried(&self.tile, hour.start());
            self.hour = hour;
            self.begun = true;
        }
        let depth = &mut self.tile.depth;
        let seconds = at.0.saturating_sub(depth.until.0);
        if let Some(liquidity) = self.tile.state.liquidity {
            depth.area += U256::from(liquidity) * U256::from(seconds);
            // Within one hour.
            depth.seconds += seconds as u32;
        }
        depth.until = depth.until.max(at);
        Ok(())
    }

    fn live(&mut self, swap: &Swap, whole_from: Day) {
        let hour = Hour::of(swap.timestamp);
        let life = &mut self.tile.life;
        life.last_block = swap.block;
        life.first_hour = life.first_hour.or(Some(hour));
        let day = hour.day();
        life.first_day = life.first_day.or(Some(day.max(whole_from)));
        if day < whole_from {
            return;
        }
        life.swaps += 1;
        if life.last_day.replace(day) != Some(day) {
            life.active_days += 1;
        }
    }

    fn walk(&mut self, swap: &Swap) {
        let price = swap.sqrt_price;
        let path = self.tile.path.get_or_insert(Path {
            open: price,
            high: price,
            low: price,
            ..Path::default()
        });
        path.high = path.high.max(price);
        path.low = path.low.min(price);
        path.close = price;
        self.unsettled = true;
    }
}

/// An empty tile of a pool as it was left.
fn carried(before: &Tile, at: UnixSeconds) -> Tile {
    let mut tile = Tile {
        life: before.life,
        state: before.state,
        ..Tile::default()
    };
    tile.depth.until = at;
    tile
}

/// Logarithm of the last price after a swap up to a tile's end.
pub(crate) fn close_log2(tile: &Tile) -> Option<i64> {
    // Since the first swap, only swaps move the price.
    let swapped = tile.life.first_hour.is_some();
    swapped.then(|| match &tile.path {
        Some(path) => path.close_log2,
        None => log2_q40(tile.state.sqrt_price),
    })
}
