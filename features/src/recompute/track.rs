//! The first pass: the states of the pools that prices rest on.

use super::spots::Spots;
use crate::fold::quote_of;
use crate::pricing::{Guarded, Quote, Quotes};
use crate::tile::PoolState;
use std::collections::HashMap;
use tidegauge_model::{BlockNumber, LiquidityEvent, PoolId, Swap};

/// A pool's quotes, each as of the end of a block.
pub(super) type States = Vec<(BlockNumber, Option<Quote>)>;

/// One pool's states by block, gathered in the first pass.
#[derive(Clone, Debug)]
pub struct Track {
    pub(super) pool: PoolId,
    state: PoolState,
    pub(super) states: States,
}

impl Track {
    /// Of a pool before its first event.
    pub fn new(pool: PoolId) -> Self {
        Self {
            pool,
            state: PoolState::default(),
            states: Vec::new(),
        }
    }

    /// The pool's next event.
    pub fn swap(&mut self, swap: &Swap) {
        self.state.swap(swap);
        self.note(swap.block);
    }

    /// The pool's next event.
    pub fn liquidity(&mut self, event: &LiquidityEvent) {
        self.state.apply(&event.change);
        self.note(event.block);
    }

    fn note(&mut self, block: BlockNumber) {
        let quote = quote_of(&self.state);
        match self.states.last_mut() {
            Some(last) if last.0 == block => last.1 = quote,
            Some(last) if last.1 == quote => {}
            _ => self.states.push((block, quote)),
        }
    }
}

/// What is known before a block.
pub(super) struct Before<'a> {
    pub(super) tracks: &'a HashMap<PoolId, States>,
    pub(super) block: BlockNumber,
    pub(super) spots: &'a Spots,
    /// Where among them; `None` before the first.
    pub(super) place: Option<usize>,
}

impl Quotes for Before<'_> {
    fn quote(&self, pool: PoolId) -> Option<Quote> {
        let states = self.tracks.get(&pool)?;
        let place = states.partition_point(|(at, _)| *at < self.block);
        states.get(place.checked_sub(1)?)?.1
    }

    fn ether(&self) -> Option<Guarded> {
        *self.spots.ether.get(self.place?)?
    }

    fn bitcoin(&self) -> Option<Guarded> {
        *self.spots.bitcoin.get(self.place?)?
    }
}
