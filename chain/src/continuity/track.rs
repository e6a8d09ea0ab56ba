//! One pool, followed from event to event.

use super::{
    outcome::{Contradiction, Outcome, Place, Unknown},
    path::{Direction, Fit, PoolTerms, Position, Way},
    profile::Profile,
};
use std::ops::Range;
use tidegauge_model::v3::{
    MAX_TICK, MIN_TICK, Rounding, amount0_delta, amount1_delta, sqrt_ratio_at_tick,
};
use tidegauge_model::{I256, SqrtPriceX96, Swap, U256};

/// What is known of a pool after the last event observed.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) terms: PoolTerms,
    pub(super) last: Place,
    position: Position,
    profile: Profile,
}

/// A mint or burn.
#[derive(Clone, Copy)]
pub(super) struct Change {
    pub(super) is_mint: bool,
    pub(super) tick_lower: i32,
    pub(super) tick_upper: i32,
    pub(super) liquidity: u128,
    pub(super) amount0: U256,
    pub(super) amount1: U256,
}

impl Track {
    /// A pool whose first event observed is this swap.
    pub(super) fn from_swap(swap: &Swap, terms: PoolTerms) -> Self {
        let position = position(swap.sqrt_price, swap.tick);
        let profile = Profile::unknown();
        Self::from_parts(terms, place(swap), position, profile).with(swap.liquidity)
    }

    /// A pool that was just opened; `None` if the tick is not that of the price.
    pub(super) fn opened(
        at: Place,
        sqrt_price: SqrtPriceX96,
        tick: i32,
        terms: PoolTerms,
    ) -> Option<Self> {
        let position = position(sqrt_price, tick);
        is_tick_of_price(position, Direction::Up, terms)
            .then(|| Self::from_parts(terms, at, position, Profile::empty(at)))
    }

    pub(super) fn from_parts(
        terms: PoolTerms,
        last: Place,
        position: Position,
        profile: Profile,
    ) -> Self {
        Self {
            terms,
            last,
            position,
            profile,
        }
    }

    /// The same, with the in-range liquidity known.
    pub(super) fn with(mut self, liquidity: u128) -> Self {
        let interval = self.terms.interval(self.position.tick);
        self.profile.learn(interval, liquidity, self.last);
        self
    }

    pub(super) fn segments(&self) -> usize {
        self.profile.len()
    }

    /// Judges a swap and goes on from it, whatever the judgement.
    pub(super) fn swap(&mut self, swap: &Swap) -> Outcome {
        let at = place(swap);
        if at <= self.last {
            return self.breaks(Contradiction::Order);
        }
        let outcome = self.judge(swap, at);
        if matches!(outcome, Outcome::Breaks { .. }) {
            // What is missing may be a mint or burn anywhere.
            *self = Self::from_swap(swap, self.terms);
        } else {
            self.position = position(swap.sqrt_price, swap.tick);
            self.last = at;
            self.profile.trim(self.terms.interval(swap.tick));
        }
        outcome
    }

    fn judge(&mut self, swap: &Swap, at: Place) -> Outcome {
        let to = position(swap.sqrt_price, swap.tick);
        let direction = self.direction(to, swap);
        if !is_tick_of_price(to, direction, self.terms) {
            return self.breaks(Contradiction::Tick);
        }
        let (into, out) = match direction {
            Direction::Down => (swap.amount0.0, swap.amount1.0),
            Direction::Up => (swap.amount1.0, swap.amount0.0),
        };
        if into.is_negative() || out.is_positive() {
            return self.breaks(Contradiction::Direction);
        }
        let interval = self.terms.interval(to.tick);
        let known = self.profile.at(interval).segment;
        match known.liquidity {
            Some(expected) if expected != swap.liquidity => {
                let found = swap.liquidity;
                return Outcome::Breaks {
                    after: known.since.min(self.last),
                    what: Contradiction::Liquidity { expected, found },
                };
            }
            _ => self.profile.learn(interval, swap.liquidity, at),
        }
        let way = [self.position, to];
        let way = Way::follow(&self.profile, self.terms, direction, way, self.last);
        let fit = way
            .as_ref()
            .and_then(|way| way.admits(into.unsigned_abs(), out.unsigned_abs()));
        match fit {
            Some(Fit::Fits) => Outcome::Continues,
            Some(Fit::Open) => Outcome::Unknowable(Unknown::UnknownTicks),
            Some(Fit::Unfit) | None => Outcome::Breaks {
                after: way.map_or(self.last, |way| way.relied),
                what: Contradiction::Amounts,
            },
        }
    }

    /// The way of the price; the tick and the input tell where the price stands still.
    fn direction(&self, to: Position, swap: &Swap) -> Direction {
        let moved = to.sqrt_price.cmp(&self.position.sqrt_price);
        match moved.then(to.tick.cmp(&self.position.tick)) {
            std::cmp::Ordering::Less => Direction::Down,
            std::cmp::Ordering::Greater => Direction::Up,
            std::cmp::Ordering::Equal if swap.amount0.0 > I256::ZERO => Direction::Down,
            std::cmp::Ordering::Equal => Direction::Up,
        }
    }

    /// Judges a mint or burn and goes on from it; after a break the price is unknown.
    ///
    /// `UniswapV3Pool._modifyPosition`: token0 from the price up to the range's upper end,
    /// token1 from its lower end up to the price; what is minted rounds up, what is burned down.
    pub(super) fn change(&mut self, change: Change, at: Place) -> Outcome {
        if at <= self.last {
            return self.breaks(Contradiction::Order);
        }
        let Some((amounts, intervals)) = self.expected(change) else {
            return self.breaks(Contradiction::PositionAmounts);
        };
        if amounts != [change.amount0, change.amount1] {
            return self.breaks(Contradiction::PositionAmounts);
        }
        let changed = self.profile.change(intervals, |before| {
            if change.is_mint {
                before.checked_add(change.liquidity)
            } else {
                before.checked_sub(change.liquidity)
            }
        });
        if let Err(since) = changed {
            return Outcome::Breaks {
                after: since.min(self.last),
                what: Contradiction::Overdrawn,
            };
        }
        self.last = at;
        self.profile.trim(self.terms.interval(self.position.tick));
        Outcome::Continues
    }

    /// The amounts of a mint or burn, and the intervals of its range.
    fn expected(&self, change: Change) -> Option<([U256; 2], Range<i32>)> {
        let (lower, upper) = (change.tick_lower, change.tick_upper);
        let spacing = self.terms.tick_spacing;
        let is_range = MIN_TICK <= lower
            && lower < upper
            && upper <= MAX_TICK
            && lower % spacing == 0
            && upper % spacing == 0;
        if !is_range {
            return None;
        }
        let rounding = match change.is_mint {
            true => Rounding::Up,
            false => Rounding::Down,
        };
        let (low, high) = (sqrt_ratio_at_tick(lower)?, sqrt_ratio_at_tick(upper)?);
        let price = match self.position.tick {
            tick if tick < lower => low,
            tick if tick < upper => self.position.sqrt_price,
            _ => high,
        };
        let amounts = [
            amount0_delta(price, high, change.liquidity, rounding)?,
            amount1_delta(low, price, change.liquidity, rounding)?,
        ];
        Some((amounts, lower / spacing..upper / spacing))
    }

    fn breaks(&self, what: Contradiction) -> Outcome {
        let after = self.last;
        Outcome::Breaks { after, what }
    }
}

pub(super) fn place(swap: &Swap) -> Place {
    Place {
        block: swap.block,
        log_index: swap.log_index,
    }
}

fn position(sqrt_price: SqrtPriceX96, tick: i32) -> Position {
    Position {
        sqrt_price: sqrt_price.0,
        tick,
    }
}

/// Whether price and tick belong together: the greatest tick whose price is not above; but
/// going down onto a tick between two ranges crosses it (`tick = tickNext - 1`).
pub(super) fn is_tick_of_price(at: Position, direction: Direction, terms: PoolTerms) -> bool {
    let Some(above) = at.tick.checked_add(1) else {
        return false;
    };
    let (Some(low), Some(high)) = (sqrt_ratio_at_tick(at.tick), sqrt_ratio_at_tick(above)) else {
        return false;
    };
    let is_crossed = direction == Direction::Down && above % terms.tick_spacing == 0;
    low <= at.sqrt_price && (at.sqrt_price < high || is_crossed && at.sqrt_price == high)
}
