//! All events of one pool after another, as a computation from raw rows reads them.

use crate::codec::{decode_liquidity, decode_swap};
use crate::database::damaged;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::row_key;
use crate::scan::{Decode, Pair, RawScan};
use tidegauge_model::{BlockNumber, LiquidityEvent, LogIndex, PoolId, Swap};

/// Reads pools' events, each pool's in the order of the chain. Pools that follow each other in
/// the order of their addresses cost no search, and the cache is left to others.
pub struct PoolRows<'v> {
    swaps: RawScan<'v>,
    liquidity: RawScan<'v>,
    /// The pool whose rows were read to their end.
    last: Option<PoolId>,
}

/// One event of a pool.
#[derive(Clone, Copy, Debug)]
pub enum PoolEvent<'e> {
    /// A swap.
    Swap(&'e Swap),
    /// Any other.
    Liquidity(&'e LiquidityEvent),
}

impl<'v> PoolRows<'v> {
    pub(crate) fn new(swaps: RawScan<'v>, liquidity: RawScan<'v>) -> Self {
        Self {
            swaps,
            liquidity,
            last: None,
        }
    }

    /// Hands over all events of a pool; returns the number of swaps.
    ///
    /// # Errors
    /// What cannot be read, or what `take` says.
    pub fn each<E: From<StoreError>>(
        &mut self,
        pool: PoolId,
        mut take: impl FnMut(PoolEvent<'_>) -> Result<(), E>,
    ) -> Result<u64, E> {
        let last = self.last.take();
        find(&mut self.swaps, last, pool)?;
        find(&mut self.liquidity, last, pool)?;
        let mut event = next(
            &mut self.liquidity,
            Family::Liquidity,
            pool,
            decode_liquidity,
        )?;
        let mut count = 0;
        // Where it lies: a swap that is passed from hand to hand is copied from hand to hand.
        while let Some((key, value)) = here(&self.swaps, pool)? {
            let swap = decode_swap(key, value).map_err(|e| damaged(Family::Swaps, key, e))?;
            self.swaps.step();
            while let Some(found) = &event
                && (found.block, found.log_index) < (swap.block, swap.log_index)
            {
                take(PoolEvent::Liquidity(found))?;
                event = next(
                    &mut self.liquidity,
                    Family::Liquidity,
                    pool,
                    decode_liquidity,
                )?;
            }
            count += 1;
            take(PoolEvent::Swap(&swap))?;
        }
        while let Some(found) = &event {
            take(PoolEvent::Liquidity(found))?;
            event = next(
                &mut self.liquidity,
                Family::Liquidity,
                pool,
                decode_liquidity,
            )?;
        }
        self.last = Some(pool);
        Ok(count)
    }
}

/// Goes to a pool's first row, or to where it would be: the scan stands behind the rows of `last`.
fn find(rows: &mut RawScan<'_>, last: Option<PoolId>, pool: PoolId) -> Result<(), StoreError> {
    let stands = match rows.here()? {
        Some((key, _)) => key.get(..20) >= Some(pool.0.as_slice()),
        None => true,
    };
    if stands && last.is_some_and(|last| last < pool) {
        return Ok(());
    }
    rows.seek(&row_key(pool, BlockNumber(0), LogIndex(0)))
}

/// Where the scan stands, if that is a row of the pool.
fn here<'r>(rows: &'r RawScan<'_>, pool: PoolId) -> Result<Option<Pair<'r>>, StoreError> {
    let here = rows.here()?;
    Ok(here.filter(|(key, _)| key.get(..20) == Some(pool.0.as_slice())))
}

/// The pool's next record; `None` behind its last.
fn next<T>(
    rows: &mut RawScan<'_>,
    family: Family,
    pool: PoolId,
    decode: Decode<T>,
) -> Result<Option<T>, StoreError> {
    let Some((key, value)) = here(rows, pool)? else {
        return Ok(None);
    };
    let record = decode(key, value).map_err(|e| damaged(family, key, e))?;
    rows.step();
    Ok(Some(record))
}
