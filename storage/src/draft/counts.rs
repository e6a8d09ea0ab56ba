//! Counters, which follow from what is written, forward and back alike.

use crate::codec::decode_verdict;
use crate::database::damaged;
use crate::error::StoreError;
use crate::families::Family;
use crate::head::Counters;
use crate::keys::{address_key, parse_address_key};
use tidegauge_model::{PoolId, PoolVerdict, Tally};

/// What remains of a tally without a part of it.
pub(crate) fn without(whole: Tally, part: Tally) -> Result<Tally, StoreError> {
    let less = |whole: u64, part: u64| {
        whole.checked_sub(part).ok_or_else(|| {
            StoreError::Contradiction("a range has fewer logs than its blocks".to_owned())
        })
    };
    Ok(Tally {
        received: less(whole.received, part.received)?,
        decoded: less(whole.decoded, part.decoded)?,
        refused: less(whole.refused, part.refused)?,
    })
}

/// The counter of a family of rows; what is derived is as many as its rows.
pub(super) fn row_counter(counters: &mut Counters, family: Family) -> Option<&mut u64> {
    match family {
        Family::Swaps => Some(&mut counters.swaps),
        Family::Liquidity => Some(&mut counters.liquidity),
        Family::Blocks => Some(&mut counters.blocks),
        _ => None,
    }
}

/// Counts what comes or goes where a value takes another's place.
pub(super) fn count(
    counters: &mut Counters,
    family: Family,
    key: &[u8],
    (before, after): (Option<&[u8]>, Option<&[u8]>),
) -> Result<(), StoreError> {
    let (was, is) = (before.is_some(), after.is_some());
    match family {
        Family::Tokens => shift(&mut counters.tokens, family, was, is)?,
        Family::Disputes => shift(&mut counters.disputes, family, was, is)?,
        Family::Pools => {
            let pool = PoolId(parse_address_key(key).map_err(|e| damaged(family, key, e))?);
            let was = standing(pool, before)?;
            let is = standing(pool, after)?;
            for (counter, accepted) in [
                (&mut counters.pools_accepted, Some(true)),
                (&mut counters.pools_refused, Some(false)),
            ] {
                shift(counter, family, was == accepted, is == accepted)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn shift(counter: &mut u64, family: Family, was: bool, is: bool) -> Result<(), StoreError> {
    match (was, is) {
        (false, true) => *counter += 1,
        (true, false) => *counter = counter.checked_sub(1).ok_or_else(|| miscounted(family))?,
        (true, true) | (false, false) => {}
    }
    Ok(())
}

pub(super) fn miscounted(family: Family) -> StoreError {
    StoreError::Contradiction(format!("family `{family}` holds more than was counted"))
}

/// Whether a contract is accepted; `None` if it was not judged.
pub(super) fn standing(pool: PoolId, value: Option<&[u8]>) -> Result<Option<bool>, StoreError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let key = address_key(pool.0);
    let verdict = decode_verdict(&key, value).map_err(|e| damaged(Family::Pools, &key, e))?;
    Ok(Some(matches!(verdict, PoolVerdict::Accepted(_))))
}
