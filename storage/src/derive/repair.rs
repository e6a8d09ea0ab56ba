//! After final rows were replaced: what rests on them is derived again, to what a store would
//! hold that had the right rows from the beginning.
//!
//! Every pool is folded again from the hour of the first changed block on, until all of them
//! stand as they are stored: a pool's state decides prices, and so the values of others. From
//! there only lives, which are cumulative, can differ. Only what differs is written.

use super::live::{Live, NO_HOUR};
use super::pending::{Pending, encoded};
use super::rebuild::refold;
use super::relevance::Relevance;
use super::rows::{Reach, repair_rows};
use super::windows::tiles_between;
use crate::beneath::Above;
use crate::block_walk::walk;
use crate::codec::{
    decode_block, decode_tile, encode_price, encode_tile, encode_user, encode_value,
};
use crate::database::{damaged, unreadable};
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{RowKey, block_key, price_key, tile_key, user_key};
use crate::lookup::Lookup;
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_features::{FeatureSet, PriceKey, Tile};
use tidegauge_model::{Address, BlockData, BlockNumber, BlockRange, Hour, PoolId};

/// Most blocks folded again within a repair, some two weeks of the chain; beyond, everything
/// is derived anew in slices, so that no step takes minutes.
const MAX_REFOLDED_BLOCKS: u64 = 100_000;

/// What a repair changed of the rows.
#[derive(Default)]
pub(crate) struct Changes {
    /// Blocks as they are now; `None`: there is none any more.
    pub(crate) blocks: BTreeMap<BlockNumber, Option<BlockData>>,
    /// Pools with rows in these blocks, before or after, by hour.
    pub(crate) places: BTreeSet<(Hour, PoolId)>,
    /// Swaps that are no more.
    pub(crate) gone: Vec<RowKey>,
}

/// What became of what is derived.
pub(crate) enum Outcome {
    /// It is right in the draft, and this is known at the tip.
    Derived(Box<Live>),
    /// Nothing was to be derived.
    Unchanged,
    /// It takes a rebuild.
    Rebuild,
}

/// Derives again what rests on the changes.
pub(crate) fn repair(
    draft: &mut Draft<'_>,
    set: &FeatureSet,
    changes: Changes,
    above: Vec<Above>,
    limit_bytes: usize,
) -> Result<Outcome, StoreError> {
    let (Some(tip), Some((first, _))) = (draft.head.tip, changes.places.first().copied()) else {
        return Ok(Outcome::Unchanged);
    };
    // What is stored is now as of the final block.
    for above in above.iter().rev() {
        for touched in above.entry.touched.iter().rev() {
            if touched.family.is_derived() {
                draft.restore(touched.clone())?;
            }
        }
    }
    let last_final = draft.head.finalized.unwrap_or_default().min(tip.number);
    let mut refold_of = Refold::begin(draft, set, changes, first, last_final)?;
    if !refold_of.run(draft, limit_bytes)? {
        return Ok(Outcome::Rebuild);
    }
    repair_rows(draft, &refold_of.live, &refold_of.reach)?;
    if draft.size_in_bytes() > limit_bytes {
        return Ok(Outcome::Rebuild);
    }
    let mut live = Live::load_at(draft, set, last_final, NO_HOUR)?;
    live.touch();
    refold(draft, &mut live, above)?;
    Ok(Outcome::Derived(Box::new(live)))
}

/// All pools, folded again hour by hour.
struct Refold {
    live: Live,
    changes: Changes,
    range: BlockRange,
    last_changed: Hour,
    /// Pools that do not stand as they are stored.
    apart: BTreeSet<PoolId>,
    /// By how many swaps and active days a life is longer than stored.
    longer: BTreeMap<PoolId, (i64, i64)>,
    reach: Reach,
    /// Once it is asked for.
    relevance: Option<Relevance>,
}

impl Refold {
    fn begin(
        draft: &Draft<'_>,
        set: &FeatureSet,
        changes: Changes,
        first: Hour,
        last_final: BlockNumber,
    ) -> Result<Self, StoreError> {
        let changed = changes.blocks.keys().next().copied().unwrap_or_default();
        let from = first_of_hour(draft, first, changed)?;
        let at = from.prev().unwrap_or_default();
        let live = Live::load_at(draft, set, at, first)?;
        let range = BlockRange::new(from, last_final).ok_or_else(|| {
            StoreError::Contradiction(format!("block {from} was repaired, but is not final"))
        })?;
        let last_changed = changes.places.last().map_or(first, |(hour, _)| *hour);
        let mut reach = Reach::default();
        for (hour, pool) in &changes.places {
            reach.edited.insert((*pool, hour.day()));
        }
        Ok(Self {
            live,
            changes,
            range,
            last_changed,
            apart: BTreeSet::new(),
            longer: BTreeMap::new(),
            reach,
            relevance: None,
        })
    }

    /// Goes on until nothing differs any more; whether that was soon enough.
    fn run(&mut self, draft: &mut Draft<'_>, limit_bytes: usize) -> Result<bool, StoreError> {
        for key in std::mem::take(&mut self.changes.gone) {
            draft.delete_row(Family::Values, &key)?;
        }
        let mut blocks = 0;
        let mut open: Option<(Hour, Pending)> = None;
        let mut changed = std::mem::take(&mut self.changes.blocks)
            .into_iter()
            .peekable();
        let mut stored = walk(draft.database(), self.range)?.peekable();
        loop {
            let next = match (stored.peek(), changed.peek()) {
                (Some(Err(_)), _) | (None, None) => None,
                (Some(Ok(stored)), Some((number, _))) => Some(stored.number.min(*number)),
                (Some(Ok(stored)), None) => Some(stored.number),
                (None, Some((number, _))) => Some(*number),
            };
            let Some(number) = next else { break };
            let old = stored
                .next_if(|s| s.as_ref().is_ok_and(|s| s.number == number))
                .transpose()?;
            let block = match changed.next_if(|(n, _)| *n == number) {
                Some((_, block)) => block,
                None => old.map(|old| old.into_data()),
            };
            let Some(block) = block else { continue };
            let hour = Hour::of(block.timestamp);
            let passed = open.take_if(|(before, _)| *before != hour);
            if let Some((before, pending)) = passed {
                self.settle_until(draft, before, pending, hour)?;
                if self.is_done(draft, before)? {
                    self.lengthen(draft, before)?;
                    return Ok(true);
                }
            }
            blocks += 1;
            if blocks > MAX_REFOLDED_BLOCKS || draft.size_in_bytes() > limit_bytes {
                return Ok(false);
            }
            let (_, pending) = open.get_or_insert_with(|| (hour, Pending::default()));
            pending.fold(&mut self.live, &block)?;
        }
        if let Some(Err(error)) = stored.next() {
            return Err(error);
        }
        let (last, pending) = open.unwrap_or((self.last_changed, Pending::default()));
        self.settle_until(draft, last, pending, NO_HOUR)?;
        self.lengthen(draft, last)?;
        Ok(true)
    }

    /// Whether nothing after an hour can differ, but for how long lives are.
    fn is_done(&mut self, draft: &Draft<'_>, hour: Hour) -> Result<bool, StoreError> {
        if hour < self.last_changed {
            return Ok(false);
        }
        if self.apart.is_empty() {
            return Ok(true);
        }
        let relevance = match &mut self.relevance {
            Some(relevance) => relevance,
            none => none.insert(Relevance::new(draft)?),
        };
        for pool in &self.apart {
            if relevance.matters(draft, self.live.set(), *pool, hour)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Settles an hour, and changed places of hours that have no block any more.
    fn settle_until(
        &mut self,
        draft: &mut Draft<'_>,
        hour: Hour,
        pending: Pending,
        next: Hour,
    ) -> Result<(), StoreError> {
        let before: BTreeSet<Hour> = self
            .changes
            .places
            .iter()
            .map(|(hour, _)| *hour)
            .take_while(|h| *h < hour)
            .collect();
        for empty in before {
            self.settle(draft, empty, Pending::default())?;
        }
        self.settle(draft, hour, pending)?;
        let after: BTreeSet<Hour> = self
            .changes
            .places
            .iter()
            .map(|(hour, _)| *hour)
            .take_while(|h| *h < next)
            .collect();
        for empty in after {
            self.settle(draft, empty, Pending::default())?;
        }
        Ok(())
    }

    /// Compares an hour with what is stored of it, and writes what differs.
    fn settle(
        &mut self,
        draft: &mut Draft<'_>,
        hour: Hour,
        mut pending: Pending,
    ) -> Result<(), StoreError> {
        let places = &mut self.changes.places;
        let edited: BTreeSet<PoolId> = places
            .extract_if((hour, PoolId(Address::ZERO)).., |(at, _)| *at == hour)
            .map(|(_, pool)| pool)
            .collect();
        for (key, value) in pending.values.drain(..) {
            let new = encoded(Family::Values, &key, |out| encode_value(&value, out))?;
            match draft.get(Family::Values, &key)? {
                Some(old) if old == new => {}
                Some(_) => draft.correct(Family::Values, &key, &new),
                None => draft.put_fresh(Family::Values, &key, &new),
            }
        }
        for pool in &edited {
            self.settle_users(draft, *pool, hour, &pending)?;
        }
        let touched = pending.tiles.keys().map(|(pool, _)| *pool);
        let pools: BTreeSet<_> = touched.chain(edited.iter().copied()).collect();
        for pool in pools {
            let tile = pending.tiles.remove(&(pool, hour));
            self.settle_tile(draft, pool, hour, tile)?;
        }
        settle_prices(draft, hour, &pending)
    }

    fn settle_tile(
        &mut self,
        draft: &mut Draft<'_>,
        pool: PoolId,
        hour: Hour,
        tile: Option<Tile>,
    ) -> Result<(), StoreError> {
        let key = tile_key(pool, hour);
        let old = draft.get(Family::Tiles, &key)?;
        let old_tile = match &old {
            Some(old) => Some(
                decode_tile(&key, old)
                    .map_err(|e| damaged(Family::Tiles, &key, e))?
                    .2,
            ),
            None => None,
        };
        if let (Some(new), Some(old)) = (&tile, &old_tile)
            && stands_alike(new, old)
        {
            self.apart.remove(&pool);
            let longer = (
                new.life.swaps as i64 - old.life.swaps as i64,
                i64::from(new.life.active_days) - i64::from(old.life.active_days),
            );
            if longer == (0, 0) {
                self.longer.remove(&pool);
            } else {
                self.longer.insert(pool, longer);
            }
        } else if tile.is_some() || old_tile.is_some() {
            self.longer.remove(&pool);
            self.apart.insert(pool);
        }
        match tile {
            Some(tile) => {
                let new = encoded(Family::Tiles, &key, |out| encode_tile(&tile, out))?;
                if old.as_ref() != Some(&new) {
                    draft.rederive(Family::Tiles, &key, Some(new))?;
                    self.reach.tile(pool, hour);
                }
            }
            None if old.is_some() => {
                draft.rederive(Family::Tiles, &key, None)?;
                self.reach.tile(pool, hour);
            }
            None => {}
        }
        Ok(())
    }

    fn settle_users(
        &mut self,
        draft: &mut Draft<'_>,
        pool: PoolId,
        hour: Hour,
        pending: &Pending,
    ) -> Result<(), StoreError> {
        let first = |hour| user_key(pool, hour, Address::ZERO).to_vec();
        // What is stored of each, and what shall be.
        let mut users: BTreeMap<Vec<u8>, [Option<Vec<u8>>; 2]> = BTreeMap::new();
        let bounds = (first(hour), first(hour.next()));
        draft.each(Family::Users, bounds, &mut |key, value| {
            users.insert(key.to_vec(), [Some(value.to_vec()), None]);
            Ok(())
        })?;
        for ((of, at, user), swaps) in &pending.users {
            if (*of, *at) == (pool, hour) {
                let key = user_key(pool, hour, *user);
                let value = encoded(Family::Users, &key, |out| encode_user(*swaps, out))?;
                users.entry(key.to_vec()).or_default()[1] = Some(value);
            }
        }
        for (key, [old, new]) in users {
            if old != new {
                draft.rederive(Family::Users, &key, new)?;
                self.reach.tile(pool, hour);
            }
        }
        Ok(())
    }

    /// Carries longer and shorter lives on to the tiles after an hour.
    fn lengthen(&mut self, draft: &mut Draft<'_>, hour: Hour) -> Result<(), StoreError> {
        for (pool, (swaps, active_days)) in std::mem::take(&mut self.longer) {
            for (hour, mut tile) in tiles_between(draft, pool, hour.next()..NO_HOUR)? {
                let life = &mut tile.life;
                let longer = life.swaps.checked_add_signed(swaps);
                let days = i64::from(life.active_days) + active_days;
                let (Some(swaps), Ok(days)) = (longer, u32::try_from(days)) else {
                    return Err(StoreError::Contradiction(format!(
                        "the life of pool {pool} is shorter than what was taken from it"
                    )));
                };
                (life.swaps, life.active_days) = (swaps, days);
                let key = tile_key(pool, hour);
                let value = encoded(Family::Tiles, &key, |out| encode_tile(&tile, out))?;
                draft.rederive(Family::Tiles, &key, Some(value))?;
                self.reach.tile(pool, hour);
            }
        }
        Ok(())
    }
}

/// Whether later events lead to the same, but for the numbers of swaps and active days.
fn stands_alike(a: &Tile, b: &Tile) -> bool {
    let of = |tile: &Tile| {
        let life = tile.life;
        (
            tile.state,
            life.first_hour,
            life.first_day,
            life.last_day,
            life.last_block,
        )
    };
    of(a) == of(b)
}

fn settle_prices(draft: &mut Draft<'_>, hour: Hour, pending: &Pending) -> Result<(), StoreError> {
    for kind in [PriceKey::Ether, PriceKey::Bitcoin] {
        let key = price_key(kind, hour);
        let new = match pending.prices.get(&(kind, hour)) {
            Some(record) => Some(encoded(Family::Prices, &key, |out| {
                encode_price(record, out)
            })?),
            None => None,
        };
        if draft.get(Family::Prices, &key)? != new {
            draft.rederive(Family::Prices, &key, new)?;
        }
    }
    Ok(())
}

/// The first block of an hour, looked for downwards from a block of it or after it.
fn first_of_hour(
    draft: &Draft<'_>,
    hour: Hour,
    from: BlockNumber,
) -> Result<BlockNumber, StoreError> {
    let db = draft.database();
    let mut rows = db.rocks.raw_iterator_cf(db.family(Family::Blocks)?);
    let mut first = from;
    rows.seek_for_prev(block_key(from));
    while let Some((key, value)) = rows.item() {
        let (number, record) =
            decode_block(key, value).map_err(|e| damaged(Family::Blocks, key, e))?;
        if number != from && Hour::of(record.timestamp) < hour {
            break;
        }
        first = number.min(first);
        rows.prev();
    }
    rows.status().map_err(|e| unreadable(Family::Blocks, &e))?;
    Ok(first)
}
