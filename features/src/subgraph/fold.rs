//! The mappings, event by event, into `PoolDayData`: `src/v3/mappings/*.ts`.

use super::{
    decimal::Decimal,
    pricing,
    rules::Rules,
    state::{Pool, State},
};
use crate::{FeatureError, History};
use std::collections::BTreeMap;
use tidegauge_model::{
    BlockNumber, Day, I256, LiquidityChange, LiquidityEvent, LogIndex, PoolId, Swap, UnixSeconds,
};

/// A pool's day as the subgraph's entity of this name holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolDayData {
    /// Whose.
    pub pool: PoolId,
    /// Which.
    pub day: Day,
    /// Σ |amount0| of the swaps, in whole tokens.
    pub volume_token0: Decimal,
    /// Σ |amount1| of the swaps, in whole tokens.
    pub volume_token1: Decimal,
    /// Σ tracked value of the swaps in USD.
    pub volume_usd: Decimal,
    /// Σ value of the swaps in USD, whitelisted or not; their pools hold it, their days do not.
    pub untracked_volume_usd: Decimal,
    /// Σ fees of the tracked value in USD.
    pub fees_usd: Decimal,
    /// Events: Initialize, Mint, Swap, Burn, Collect.
    pub tx_count: u64,
    /// Tick after the last event.
    pub tick: Option<i32>,
    /// token0 per token1 after the day's last event, as of the last swap.
    pub token0_price: Decimal,
    /// token1 per token0, likewise.
    pub token1_price: Decimal,
}

/// The days of all pools, by day and pool.
///
/// # Errors
/// Events of unknown pools or out of order.
pub fn pool_days(history: &History, rules: &Rules) -> Result<Vec<PoolDayData>, FeatureError> {
    let mut fold = Fold {
        state: State::new(history, rules),
        rules,
        days: BTreeMap::new(),
    };
    let mut swaps = history.swaps.iter().peekable();
    let mut others = history.liquidity.iter().peekable();
    let mut last = None;
    loop {
        let event = match (swaps.peek(), others.peek()) {
            (Some(swap), Some(other)) if place(other) < (swap.block, swap.log_index) => {
                others.next().map(Event::Other)
            }
            (Some(_), _) => swaps.next().map(Event::Swap),
            (None, _) => others.next().map(Event::Other),
        };
        let Some(event) = event else { break };
        let (at, pool) = (event.place(), event.pool());
        let block = at.0;
        if last.is_some_and(|last| last >= at) {
            return Err(FeatureError::OutOfOrder { block, pool });
        }
        last = Some(at);
        if !history.pools.contains_key(&pool) {
            return Err(FeatureError::UnknownPool { block, pool });
        }
        match event {
            Event::Swap(swap) => fold.swap(swap),
            Event::Other(other) => fold.other(other),
        }
    }
    Ok(fold.days.into_values().collect())
}

enum Event<'a> {
    Swap(&'a Swap),
    Other(&'a LiquidityEvent),
}

impl Event<'_> {
    fn place(&self) -> (BlockNumber, LogIndex) {
        match self {
            Self::Swap(swap) => (swap.block, swap.log_index),
            Self::Other(other) => place(other),
        }
    }

    fn pool(&self) -> PoolId {
        match self {
            Self::Swap(swap) => swap.pool,
            Self::Other(other) => other.pool,
        }
    }
}

fn place(event: &LiquidityEvent) -> (BlockNumber, LogIndex) {
    (event.block, event.log_index)
}

struct Fold<'a> {
    state: State,
    rules: &'a Rules,
    days: BTreeMap<(Day, PoolId), PoolDayData>,
}

impl Fold<'_> {
    /// `handleSwap`: valued at the prices before it, then state, then prices.
    fn swap(&mut self, swap: &Swap) {
        if self.rules.ignores(swap) {
            return;
        }
        let Some(pool) = self.state.pools.get(&swap.pool) else {
            return;
        };
        let (tokens, fee_pips) = (pool.tokens, pool.fee_pips);
        let [token0, token1] = tokens.map(|at| &self.state.tokens[at]);
        let amounts = [token0.amount(swap.amount0.0), token1.amount(swap.amount1.0)];
        let [abs0, abs1] = amounts.each_ref().map(Decimal::abs);
        let usd0 = &(&abs0 * &token0.derived_eth) * &self.state.eth_usd;
        let usd1 = &(&abs1 * &token1.derived_eth) * &self.state.eth_usd;
        let two = Decimal::from(2);
        let tracked = pricing::tracked_usd(&self.state, tokens, [&abs0, &abs1]).over(&two);
        let untracked = (&usd0 + &usd1).over(&two);
        let fees = (&tracked * &Decimal::from(fee_pips)).over(&Decimal::from(1_000_000));
        let prices = pricing::prices(swap.sqrt_price.0, [token0, token1]);

        if let Some(pool) = self.state.pools.get_mut(&swap.pool) {
            pool.liquidity = signed(swap.liquidity);
            pool.tick = Some(swap.tick);
            pool.prices = prices;
            add(&mut pool.locked, &amounts);
        }
        self.refresh(tokens);

        let Some(day) = self.day(swap.pool, swap.timestamp) else {
            return;
        };
        day.volume_token0 = &day.volume_token0 + &abs0;
        day.volume_token1 = &day.volume_token1 + &abs1;
        day.volume_usd = &day.volume_usd + &tracked;
        day.untracked_volume_usd = &day.untracked_volume_usd + &untracked;
        day.fees_usd = &day.fees_usd + &fees;
    }

    /// `handleInitialize`, `handleMint`, `handleBurn`, `handleCollect`; it has no other.
    fn other(&mut self, event: &LiquidityEvent) {
        let Some(pool) = self.state.pools.get_mut(&event.pool) else {
            return;
        };
        let tokens = pool.tokens;
        let [token0, token1] = tokens.map(|at| &self.state.tokens[at]);
        match &event.change {
            // Prices follow with the first swap.
            LiquidityChange::Initialize { tick, .. } => {
                pool.tick = Some(*tick);
                self.refresh(tokens);
            }
            LiquidityChange::Mint {
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
                ..
            } => {
                if in_range(pool, *tick_lower, *tick_upper) {
                    pool.liquidity += signed(*amount);
                }
                let amounts = [token0.amount(*amount0), token1.amount(*amount1)];
                add(&mut pool.locked, &amounts);
            }
            // Its tokens leave with Collect.
            LiquidityChange::Burn {
                tick_lower,
                tick_upper,
                amount,
                ..
            } => {
                if in_range(pool, *tick_lower, *tick_upper) {
                    pool.liquidity -= signed(*amount);
                }
            }
            LiquidityChange::Collect {
                amount0, amount1, ..
            } => {
                let amounts = [
                    -&token0.amount(signed(*amount0)),
                    -&token1.amount(signed(*amount1)),
                ];
                add(&mut pool.locked, &amounts);
            }
            LiquidityChange::Flash { .. }
            | LiquidityChange::SetFeeProtocol { .. }
            | LiquidityChange::CollectProtocol { .. } => return,
        }
        self.day(event.pool, event.timestamp);
    }

    /// The price of ether, then of the pool's two tokens, both by what was stored of the other.
    fn refresh(&mut self, tokens: [usize; 2]) {
        self.state.eth_usd = pricing::eth_usd(&self.state, self.rules);
        let derived = tokens.map(|at| pricing::derived_eth(&self.state, at, self.rules));
        for (at, price) in tokens.into_iter().zip(derived) {
            self.state.tokens[at].derived_eth = price;
        }
    }

    /// `updatePoolDayData`.
    fn day(&mut self, id: PoolId, at: UnixSeconds) -> Option<&mut PoolDayData> {
        let pool = self.state.pools.get(&id)?;
        let [price0, price1] = pool.prices.clone();
        let day = Day::of(at);
        let data = self.days.entry((day, id)).or_insert_with(|| PoolDayData {
            pool: id,
            day,
            volume_token0: Decimal::default(),
            volume_token1: Decimal::default(),
            volume_usd: Decimal::default(),
            untracked_volume_usd: Decimal::default(),
            fees_usd: Decimal::default(),
            tx_count: 0,
            tick: None,
            token0_price: Decimal::default(),
            token1_price: Decimal::default(),
        });
        data.tx_count += 1;
        data.tick = pool.tick;
        data.token0_price = price0;
        data.token1_price = price1;
        Some(data)
    }
}

fn in_range(pool: &Pool, lower: i32, upper: i32) -> bool {
    pool.tick.is_some_and(|tick| lower <= tick && tick < upper)
}

/// Sums of 2⁶⁴ such numbers fit.
fn signed(amount: u128) -> I256 {
    I256::try_from(amount).unwrap_or(I256::MAX)
}

fn add(locked: &mut [Decimal; 2], amounts: &[Decimal; 2]) {
    for (locked, amount) in locked.iter_mut().zip(amounts) {
        *locked = &*locked + amount;
    }
}
