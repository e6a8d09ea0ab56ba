//! Accepted pools with the decimals of their tokens.

use crate::codec::{decode_token, decode_verdict};
use crate::database::damaged;
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::address_key;
use crate::lookup::Lookup;
use std::collections::HashMap;
use tidegauge_features::PoolInfo;
use tidegauge_model::{Address, Pool, PoolId, PoolVerdict};

/// One pool; `None` if it is not accepted.
pub(crate) fn info(draft: &Draft<'_>, pool: PoolId) -> Result<Option<PoolInfo>, StoreError> {
    let key = address_key(pool.0);
    let Some(value) = draft.get(Family::Pools, &key)? else {
        return Ok(None);
    };
    let verdict = decode_verdict(&key, &value).map_err(|e| damaged(Family::Pools, &key, e))?;
    let PoolVerdict::Accepted(pool) = verdict else {
        return Ok(None);
    };
    with_decimals(pool, |token| {
        let key = address_key(token);
        let value = draft.get(Family::Tokens, &key)?;
        value
            .map(|value| {
                let token = decode_token(&key, &value);
                let token = token.map_err(|e| damaged(Family::Tokens, &key, e))?;
                Ok(token.decimals)
            })
            .transpose()
    })
    .map(Some)
}

/// All of them.
pub(crate) fn all(from: &impl Lookup) -> Result<Vec<PoolInfo>, StoreError> {
    let mut decimals = HashMap::new();
    let everything = || (Vec::new(), vec![0xff; ADDRESS_BYTES + 1]);
    from.each(Family::Tokens, everything(), &mut |key, value| {
        let token = decode_token(key, value)?;
        decimals.insert(token.address, token.decimals);
        Ok(())
    })?;
    let mut accepted = Vec::new();
    from.each(Family::Pools, everything(), &mut |key, value| {
        if let PoolVerdict::Accepted(pool) = decode_verdict(key, value)? {
            accepted.push(pool);
        }
        Ok(())
    })?;
    accepted
        .into_iter()
        .map(|pool| with_decimals(pool, |token| Ok(decimals.get(&token).copied())))
        .collect()
}

/// Bytes of an address; a longer key lies above all of them.
const ADDRESS_BYTES: usize = 20;

fn with_decimals(
    pool: Pool,
    decimals: impl Fn(Address) -> Result<Option<u8>, StoreError>,
) -> Result<PoolInfo, StoreError> {
    let of = |token| {
        decimals(token)?.ok_or_else(|| {
            StoreError::Contradiction(format!(
                "pool {} is accepted, but its token {token} is not known",
                pool.id
            ))
        })
    };
    let (decimals0, decimals1) = (of(pool.token0)?, of(pool.token1)?);
    Ok(PoolInfo {
        pool,
        decimals0,
        decimals1,
    })
}
