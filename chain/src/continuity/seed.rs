//! Where to begin with a pool: its state at a place, as a store or an endpoint tells it.

use super::{
    outcome::Place,
    path::{Direction, PoolTerms, Position},
    profile::Profile,
    track::{Track, is_tick_of_price, place},
};
use tidegauge_model::{SqrtPriceX96, Swap};

/// The state of a pool after an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seed {
    /// The last event contained; what follows is judged.
    pub after: Place,
    /// Price then.
    pub sqrt_price: SqrtPriceX96,
    /// Tick then.
    pub tick: i32,
    /// In-range liquidity then.
    pub liquidity: u128,
    /// Every initialised tick, ascending, with the liquidity that it adds going up; `None`
    /// where they are not known.
    pub ticks: Option<Vec<(i32, i128)>>,
}

impl Seed {
    /// The state that a swap leaves behind.
    pub fn of_swap(swap: &Swap) -> Self {
        Self {
            after: place(swap),
            sqrt_price: swap.sqrt_price,
            tick: swap.tick,
            liquidity: swap.liquidity,
            ticks: None,
        }
    }

    /// A track that goes on from here; `None` if the parts contradict each other.
    pub(super) fn track(&self, terms: PoolTerms) -> Option<Track> {
        let position = Position {
            sqrt_price: self.sqrt_price.0,
            tick: self.tick,
        };
        if !is_tick_of_price(position, Direction::Down, terms) {
            return None;
        }
        let Some(ticks) = &self.ticks else {
            let track = Track::from_parts(terms, self.after, position, Profile::unknown());
            return Some(track.with(self.liquidity));
        };
        let mut profile = Profile::empty(self.after);
        let mut above = 0_u128;
        let mut in_range = 0;
        let mut before = i32::MIN;
        for (tick, net) in ticks {
            if *tick <= before || tick % terms.tick_spacing != 0 {
                return None;
            }
            before = *tick;
            above = above.checked_add_signed(*net)?;
            if *tick <= self.tick {
                in_range = above;
            }
            let first = terms.interval(*tick);
            profile.change(first..i32::MAX, |_| Some(above)).ok()?;
        }
        let is_whole = above == 0 && in_range == self.liquidity;
        is_whole.then(|| Track::from_parts(terms, self.after, position, profile))
    }
}
