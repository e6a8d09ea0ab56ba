//! Whether a pool that stands otherwise than stored still matters to later numbers.
//!
//! A pool without later events never comes to stand as it is stored again. It matters only if
//! prices of later swaps can rest on it.

use super::pools;
use super::windows::last_tile;
use crate::draft::Draft;
use crate::error::StoreError;
use std::collections::HashMap;
use tidegauge_features::{FeatureSet, PoolInfo};
use tidegauge_model::{Address, Hour, PoolId};

/// Pools by their tokens.
pub(super) struct Relevance {
    infos: HashMap<PoolId, PoolInfo>,
    of_token: HashMap<Address, Vec<PoolId>>,
}

impl Relevance {
    pub(super) fn new(draft: &Draft<'_>) -> Result<Self, StoreError> {
        let mut infos = HashMap::new();
        let mut of_token: HashMap<_, Vec<_>> = HashMap::new();
        for info in pools::all(draft)? {
            for token in [info.pool.token0, info.pool.token1] {
                of_token.entry(token).or_default().push(info.pool.id);
            }
            infos.insert(info.pool.id, info);
        }
        Ok(Self { infos, of_token })
    }

    /// Whether numbers after an hour can rest on how a pool stood at its end.
    pub(super) fn matters(
        &self,
        draft: &Draft<'_>,
        set: &FeatureSet,
        pool: PoolId,
        hour: Hour,
    ) -> Result<bool, StoreError> {
        if has_later(draft, pool, hour)? || set.lists.reference_pools().any(|of| of == pool) {
            return Ok(true);
        }
        let Some(info) = self.infos.get(&pool) else {
            return Ok(true);
        };
        let [a, b] = [info.pool.token0, info.pool.token1];
        for (token, quote) in [(a, b), (b, a)] {
            if !quotes(set, quote) || is_fixed(set, token) {
                continue;
            }
            let others = self.of_token.get(&token).map_or(&[][..], Vec::as_slice);
            for other in others.iter().filter(|other| **other != pool) {
                if has_later(draft, *other, hour)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Whether a pool has events after an hour.
fn has_later(draft: &Draft<'_>, pool: PoolId, hour: Hour) -> Result<bool, StoreError> {
    let last = last_tile(draft, pool, Hour(u32::MAX))?;
    Ok(last.is_some_and(|(last, _)| last > hour))
}

/// Whether other tokens are priced through this one, at any height.
fn quotes(set: &FeatureSet, token: Address) -> bool {
    let lists = &set.lists;
    let listed = lists.stables.iter().chain(&lists.anchors);
    lists.weth == Some(token) || listed.into_iter().any(|listed| listed.of == token)
}

/// Whether a token's price rests on no pool, or on reference pools alone, at all heights.
fn is_fixed(set: &FeatureSet, token: Address) -> bool {
    let always = |listed: &&tidegauge_model::Listed<Address>| listed.effective_block.0 == 0;
    let mut anchors = set.lists.anchors.iter().filter(always);
    set.lists.weth == Some(token) || anchors.any(|listed| listed.of == token)
}
