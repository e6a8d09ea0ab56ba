//! Verdicts and tokens: entered with the blocks that met them first, or beneath the journal
//! with a repair.

use crate::beneath::Beneath;
use crate::codec::{decode_token, decode_verdict, encode_token, encode_verdict};
use crate::database::damaged;
use crate::draft::Draft;
use crate::error::{StepFault, StoreError};
use crate::families::Family;
use crate::keys::address_key;
use std::collections::HashSet;
use tidegauge_model::{BlockRange, PoolId, PoolOrigin, PoolVerdict, Repair, Token};

/// Puts a token; an equal one is no change.
pub(crate) fn put_token(
    draft: &mut Draft<'_>,
    beneath: &mut Beneath,
    token: &Token,
) -> Result<(), StoreError> {
    let key = address_key(token.address);
    let mut value = Vec::new();
    encode_token(token, &mut value).map_err(|e| damaged(Family::Tokens, &key, e))?;
    let known = beneath.get(draft, Family::Tokens, &key)?;
    if known.as_ref() == Some(&value) {
        return Ok(());
    }
    if let Some(known) = known {
        let known = decode_token(&key, &known).map_err(|e| damaged(Family::Tokens, &key, e))?;
        if known.decimals != token.decimals {
            // Every price of its pools was another.
            draft.head.derived.rebuild();
        }
    }
    beneath.put(draft, Family::Tokens, &key, value)
}

/// Puts a verdict; an equal one is no change. Tokens come first: an accepted pool's must be known.
pub(crate) fn put_verdict(
    draft: &mut Draft<'_>,
    beneath: &mut Beneath,
    verdict: &PoolVerdict,
    refused: impl Fn(StepFault) -> StoreError,
) -> Result<(), StoreError> {
    let key = address_key(verdict.id().0);
    let mut value = Vec::new();
    encode_verdict(verdict, &mut value).map_err(|e| damaged(Family::Pools, &key, e))?;
    if let PoolVerdict::Accepted(pool) = verdict {
        for token in [pool.token0, pool.token1] {
            let known = beneath.get(draft, Family::Tokens, &address_key(token))?;
            if known.is_none() {
                return Err(refused(StepFault::UnknownToken {
                    pool: pool.id,
                    token,
                }));
            }
        }
    }
    // What is known of a pool may be refined; whether it is one may not change, since
    // rows were kept or left out by it.
    for before in [
        beneath.get(draft, Family::Pools, &key)?,
        draft.get(Family::Pools, &key)?,
    ] {
        let Some(before) = before else { continue };
        let before = decode_verdict(&key, &before).map_err(|e| damaged(Family::Pools, &key, e))?;
        if std::mem::discriminant(&before) != std::mem::discriminant(verdict) {
            return Err(refused(StepFault::Rejudged { pool: verdict.id() }));
        }
    }
    if beneath.get(draft, Family::Pools, &key)?.as_ref() == Some(&value) {
        return Ok(());
    }
    beneath.put(draft, Family::Pools, &key, value)
}

/// Judges a repaired range's contracts beneath the journal. What only the blocks above had met,
/// but this range needs too, becomes its own.
///
/// The journal's entries are to be written by the caller.
pub(crate) fn judge(
    draft: &mut Draft<'_>,
    repair: &Repair,
    refused: impl Fn(StepFault) -> StoreError,
) -> Result<Beneath, StoreError> {
    let mut beneath = Beneath::load(draft)?;
    for token in &repair.tokens {
        put_token(draft, &mut beneath, token)?;
    }
    for verdict in &repair.verdicts {
        let known = verdict_beneath(draft, &beneath, verdict.id())?;
        if !says_more(known.as_ref(), verdict, repair.covered.range) {
            take_over_tokens(draft, &mut beneath, verdict)?;
            put_verdict(draft, &mut beneath, verdict, &refused)?;
        }
    }
    let mut seen = HashSet::new();
    let rows = repair.blocks.iter().flat_map(|block| {
        let swaps = block.swaps.iter().map(|s| s.pool);
        let pools = swaps.chain(block.liquidity.iter().map(|e| e.pool));
        pools.map(move |pool| (block.number, pool))
    });
    for (block, pool) in rows {
        if seen.insert(pool) && !take_over(draft, &mut beneath, pool, &refused)? {
            return Err(refused(StepFault::UnknownPool { block, pool }));
        }
    }
    Ok(beneath)
}

/// Whether a verdict says where the factory made the pool, outside of the range that was
/// fetched again, and the new one only that its address fits.
fn says_more(known: Option<&PoolVerdict>, new: &PoolVerdict, range: BlockRange) -> bool {
    match (known, new) {
        (Some(PoolVerdict::Accepted(known)), PoolVerdict::Accepted(new)) => {
            matches!(known.origin, PoolOrigin::Created { block, .. } if !range.contains(block))
                && new.origin == PoolOrigin::Create2
        }
        _ => false,
    }
}

/// Whether a pool is accepted, if need be by what the blocks above say of it.
fn take_over(
    draft: &mut Draft<'_>,
    beneath: &mut Beneath,
    pool: PoolId,
    refused: impl Fn(StepFault) -> StoreError,
) -> Result<bool, StoreError> {
    if let Some(verdict) = verdict_beneath(draft, beneath, pool)? {
        return Ok(matches!(verdict, PoolVerdict::Accepted(_)));
    }
    let Some(verdict @ PoolVerdict::Accepted(_)) =
        verdict_beneath(draft, &Beneath::default(), pool)?
    else {
        return Ok(false);
    };
    take_over_tokens(draft, beneath, &verdict)?;
    put_verdict(draft, beneath, &verdict, refused)?;
    Ok(true)
}

/// Makes a pool's tokens known beneath the journal, if only the blocks above know them.
fn take_over_tokens(
    draft: &mut Draft<'_>,
    beneath: &mut Beneath,
    verdict: &PoolVerdict,
) -> Result<(), StoreError> {
    let PoolVerdict::Accepted(pool) = verdict else {
        return Ok(());
    };
    for token in [pool.token0, pool.token1] {
        let key = address_key(token);
        if beneath.get(draft, Family::Tokens, &key)?.is_none()
            && let Some(value) = draft.get(Family::Tokens, &key)?
        {
            beneath.put(draft, Family::Tokens, &key, value)?;
        }
    }
    Ok(())
}

/// The verdict on a contract as a store without the journal's blocks would have it.
fn verdict_beneath(
    draft: &Draft<'_>,
    beneath: &Beneath,
    pool: PoolId,
) -> Result<Option<PoolVerdict>, StoreError> {
    let key = address_key(pool.0);
    let value = beneath.get(draft, Family::Pools, &key)?;
    value
        .map(|value| decode_verdict(&key, &value).map_err(|e| damaged(Family::Pools, &key, e)))
        .transpose()
}
