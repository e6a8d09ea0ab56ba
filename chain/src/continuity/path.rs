//! Which amounts a swap can have, given its way from one price to another.
//!
//! After Uniswap v3-core 1.0.1. `UniswapV3Pool.swap` moves in steps; a step ends at the next
//! initialised tick, at the end of a word of 256 intervals of the tick bitmap
//! (`TickBitmap.nextInitializedTickWithinOneWord`), or at the swap's price limit; only the
//! last may end elsewhere. With L the liquidity, X the real input and Y the real output
//! between two prices (`SqrtPriceMath.getAmount{0,1}Delta`), and q = 10⁶ / (10⁶ − fee):
//!
//! - a whole step (`SwapMath.computeSwapStep`) takes ⌈⌈X⌉ q⌉, fee included, and gives ⌊Y⌋;
//! - a last step that used up an exact input gives ⌊Y⌋ and takes at least ⌈⌈X⌉ q⌉, but less
//!   than would move the price one unit further;
//! - a last step that used up an exact output takes ⌈⌈X⌉ q⌉ and gives at most ⌊Y⌋, but more
//!   than would leave the price one unit short.
//!
//! The protocol's share is taken from the fee and changes no amount. Both X and Y add up over
//! steps of one liquidity, so an initialised tick that changes no liquidity, of which events
//! do not tell, only rounds once more: that much is allowed for each such tick, no more.

use super::{outcome::Place, profile::Profile};
use tidegauge_model::U256;
use tidegauge_model::v3::{
    FEE_DENOMINATOR, Rounding, amount0_delta, amount1_delta, mul_div_rounding_up,
    sqrt_ratio_at_tick,
};

/// Intervals in a word of the tick bitmap.
const WORD: i32 = 256;

/// Most legs of one way: all words at spacing 1 (6,932) and all segments of a profile.
const MAX_LEGS: usize = 16_384;

/// What of a pool never changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolTerms {
    /// Fee in hundredths of a basis point; below 1,000,000.
    pub fee_pips: u32,
    /// Distance between usable ticks, in ticks; positive.
    pub tick_spacing: i32,
}

/// A price with its tick; the tick tells on which side a price between two ticks' ranges is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Position {
    pub(super) sqrt_price: U256,
    pub(super) tick: i32,
}

/// Which way the price goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    /// Token0 comes in, token1 goes out (`zeroForOne`).
    Down,
    /// Token1 comes in, token0 goes out.
    Up,
}

/// Whether amounts fit a way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fit {
    Fits,
    /// They fit what is known of the way, but not all of it is.
    Open,
    Unfit,
}

/// A stretch of one liquidity without a stop inside that is known.
#[derive(Clone, Copy)]
struct Leg {
    from: U256,
    to: U256,
    liquidity: u128,
}

/// The amounts of a way, all steps taken as whole ones.
pub(super) struct Way {
    terms: PoolTerms,
    direction: Direction,
    taken: U256,
    given: U256,
    /// What roundings at unknown ticks may add to `taken`, and take from `given`.
    taken_slack: U256,
    given_slack: U256,
    /// Stretches of unknown liquidity.
    gaps: U256,
    /// The last leg that moves the price, and the leg that ends the way.
    moving: Option<Leg>,
    ending: Option<Leg>,
    /// The oldest event relied on.
    pub(super) relied: Place,
}

impl Way {
    /// Follows the price through the profile; `None` where the contract would revert.
    pub(super) fn follow(
        profile: &Profile,
        terms: PoolTerms,
        direction: Direction,
        [from, to]: [Position; 2],
        relied: Place,
    ) -> Option<Self> {
        let mut way = Self {
            terms,
            direction,
            taken: U256::ZERO,
            given: U256::ZERO,
            taken_slack: U256::ZERO,
            given_slack: U256::ZERO,
            gaps: U256::ZERO,
            moving: None,
            ending: None,
            relied,
        };
        let end = terms.interval(to.tick);
        let mut interval = terms.interval(from.tick);
        let mut price = from.sqrt_price;
        for _ in 0..MAX_LEGS {
            let (last, liquidity) = way.reach(profile, interval, end);
            let target = match direction {
                _ if last == end => to.sqrt_price,
                Direction::Down => sqrt_ratio_at_tick(last.checked_mul(terms.tick_spacing)?)?,
                Direction::Up => sqrt_ratio_at_tick((last + 1).checked_mul(terms.tick_spacing)?)?,
            };
            let boundaries = U256::from(interval.abs_diff(last));
            way.add(price, target, liquidity, boundaries)?;
            if last == end {
                return Some(way);
            }
            price = target;
            interval = match direction {
                Direction::Down => last - 1,
                Direction::Up => last + 1,
            };
        }
        None
    }

    /// The last interval of the leg that begins in this one, and its liquidity.
    fn reach(&mut self, profile: &Profile, interval: i32, end: i32) -> (i32, Option<u128>) {
        let mut run = profile.at(interval);
        let liquidity = run.segment.liquidity;
        // The word's stop: its lowest tick going down, its highest going up.
        let stop = match self.direction {
            Direction::Down => end.max(interval & -WORD),
            Direction::Up => end.min(((interval + 1) | (WORD - 1)) - 1),
        };
        loop {
            if liquidity.is_some() {
                self.relied = self.relied.min(run.segment.since);
            }
            let last = match self.direction {
                Direction::Down => run.first.max(stop),
                Direction::Up => run.last.min(stop),
            };
            if last == stop {
                return (last, liquidity);
            }
            let next = match self.direction {
                Direction::Down => profile.at(last - 1),
                Direction::Up => profile.at(last + 1),
            };
            if next.segment.liquidity != liquidity {
                return (last, liquidity);
            }
            run = next;
        }
    }

    /// Adds a leg that passes so many boundaries of which nothing is known.
    fn add(
        &mut self,
        from: U256,
        to: U256,
        liquidity: Option<u128>,
        boundaries: U256,
    ) -> Option<()> {
        let Some(liquidity) = liquidity else {
            self.gaps += U256::ONE;
            return Some(());
        };
        let leg = Leg {
            from,
            to,
            liquidity,
        };
        self.ending = Some(leg);
        if from == to {
            return Some(());
        }
        self.moving = Some(leg);
        let input = self.input(leg)?;
        let taken = self.with_fee(input)?;
        self.taken = self.taken.checked_add(taken)?;
        self.given = self.given.checked_add(self.output(leg)?)?;
        if liquidity > 0 && boundaries > 0 {
            self.given_slack = self.given_slack.checked_add(boundaries)?;
            let cut = self.with_cuts(input, boundaries)?;
            self.taken_slack = self.taken_slack.checked_add(cut.checked_sub(taken)?)?;
        }
        Some(())
    }

    /// Whether a swap along this way can have taken and given so much.
    pub(super) fn admits(&self, taken: U256, given: U256) -> Option<Fit> {
        let most_whole = self.taken.checked_add(self.taken_slack)?;
        let least_whole = self.given.saturating_sub(self.given_slack);
        if !self.gaps.is_zero() {
            // Unknown stretches only add, but may join known ones into one step.
            let joined = self.with_cuts(U256::ZERO, self.gaps)?;
            let least = least_whole.saturating_sub(self.short_by()?);
            let fits = taken >= self.taken.saturating_sub(joined) && given >= least;
            return Some(if fits { Fit::Open } else { Fit::Unfit });
        }
        if taken < self.taken || given > self.given {
            return Some(Fit::Unfit);
        }
        let fits = match (taken <= most_whole, given >= least_whole) {
            (true, true) => true,
            // An exact input, used up.
            (false, true) => taken <= most_whole.checked_add(self.over_by()?)?,
            // An exact output, used up.
            (true, false) => given >= least_whole.saturating_sub(self.short_by()?),
            (false, false) => false,
        };
        Some(if fits { Fit::Fits } else { Fit::Unfit })
    }

    /// What an exact input may take beyond whole steps without moving the price further.
    fn over_by(&self) -> Option<U256> {
        let Some(leg) = self.ending else {
            return Some(U256::ZERO);
        };
        let to = match self.direction {
            Direction::Down => leg.to.checked_sub(U256::ONE)?,
            Direction::Up => leg.to.checked_add(U256::ONE)?,
        };
        let mut beyond = self.input(Leg { to, ..leg })?;
        if self.direction == Direction::Down && self.divides_first(leg, beyond) {
            beyond += U256::ONE;
        }
        let most = self.with_fee(beyond)?.saturating_sub(U256::ONE);
        let whole = self.taken_by(leg)?;
        Some(most.saturating_sub(whole))
    }

    /// What an exact output may give short of whole steps without the price being another.
    fn short_by(&self) -> Option<U256> {
        let Some(leg) = self.moving else {
            return Some(U256::ZERO);
        };
        let to = match self.direction {
            Direction::Down => leg.to.checked_add(U256::ONE)?,
            Direction::Up => leg.to.checked_sub(U256::ONE)?,
        };
        let least = self.output(Leg { to, ..leg })?.checked_add(U256::ONE)?;
        Some(self.output(leg)?.saturating_sub(least))
    }

    /// `getNextSqrtPriceFromAmount0RoundingUp` divides before it adds, and rounds that too,
    /// where its products exceed 256 bits.
    fn divides_first(&self, leg: Leg, amount: U256) -> bool {
        let numerator: U256 = U256::from(leg.liquidity) << 96_usize;
        let product = amount.checked_mul(leg.from);
        product.and_then(|p| p.checked_add(numerator)).is_none()
    }

    /// ⌈⌈X⌉ q⌉.
    fn taken_by(&self, leg: Leg) -> Option<U256> {
        self.with_fee(self.input(leg)?)
    }

    /// ⌈X⌉.
    fn input(&self, leg: Leg) -> Option<U256> {
        match self.direction {
            Direction::Down => amount0_delta(leg.from, leg.to, leg.liquidity, Rounding::Up),
            Direction::Up => amount1_delta(leg.from, leg.to, leg.liquidity, Rounding::Up),
        }
    }

    /// ⌊Y⌋.
    fn output(&self, leg: Leg) -> Option<U256> {
        match self.direction {
            Direction::Down => amount1_delta(leg.from, leg.to, leg.liquidity, Rounding::Down),
            Direction::Up => amount0_delta(leg.from, leg.to, leg.liquidity, Rounding::Down),
        }
    }

    fn with_fee(&self, amount: U256) -> Option<U256> {
        let kept = FEE_DENOMINATOR.checked_sub(self.terms.fee_pips)?;
        mul_div_rounding_up(amount, U256::from(FEE_DENOMINATOR), U256::from(kept))
    }

    /// The most that is taken if a step is cut so many times: each cut rounds ⌈X⌉ up once
    /// more, and its product with q once more.
    fn with_cuts(&self, input: U256, cuts: U256) -> Option<U256> {
        self.with_fee(input.checked_add(cuts)?)?.checked_add(cuts)
    }
}

impl PoolTerms {
    /// The interval of a tick.
    pub(super) fn interval(self, tick: i32) -> i32 {
        tick.div_euclid(self.tick_spacing)
    }
}
