//! What pools are called, kept: a pool's address says for ever which tokens it pairs.

use crate::error::Error;
use quick_cache::sync::Cache;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use tidegauge_model::{Address, AddressText, PoolId, PoolOrigin};
use tidegauge_storage::View;
use tidegauge_sync::NamedPool;

/// Pools kept, of some 300 bytes each.
const KEPT: usize = 65_536;

/// The names of pools.
#[derive(Debug)]
pub(crate) struct Names {
    known: Cache<PoolId, Arc<NamedPool>>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            known: Cache::new(KEPT),
        }
    }
}

impl Names {
    /// A pool with its tokens; `None` if the store has no such pool.
    pub(super) fn of(&self, view: &View<'_>, id: PoolId) -> Result<Option<Arc<NamedPool>>, Error> {
        if let Some(known) = self.known.get(&id) {
            return Ok(Some(known));
        }
        let Some(named) = NamedPool::read(view, id)?.map(Arc::new) else {
            return Ok(None);
        };
        // While symbols are unknown they may become known.
        if named.symbols.iter().all(Option::is_some) {
            self.known.insert(id, named.clone());
        }
        Ok(Some(named))
    }

    /// A pool's label; its address if the store has no such pool.
    pub(super) fn label(&self, view: &View<'_>, id: PoolId) -> Result<String, Error> {
        let named = self.of(view, id)?;
        Ok(named.map_or_else(|| id.to_string(), |named| label(&named)))
    }
}

/// `SYMBOL0/SYMBOL1 0.05 %`, with short addresses where a token has no symbol.
pub(super) fn label(named: &NamedPool) -> String {
    let pool = &named.info.pool;
    let [a, b] = &named.symbols;
    let text = |symbol: &Option<String>, token: Address| match symbol {
        Some(symbol) => symbol.clone(),
        None => format!("{token:#x}").chars().take(8).collect(),
    };
    let (a, b) = (text(a, pool.token0), text(b, pool.token1));
    format!("{a}/{b} {} %", percent(pool.fee_pips))
}

/// A pool as people know it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PoolShown {
    /// Its contract.
    pub(super) pool_address: PoolId,
    /// `SYMBOL0/SYMBOL1 FEE %`, with short addresses where a token has no symbol.
    pub(super) pool_name: String,
    /// The token with the lower address.
    token0: TokenShown,
    /// The other one.
    token1: TokenShown,
    /// Fee in hundredths of a basis point (3000 = 0.3 %).
    fee_pips: u32,
    /// Block of its creation, where that is known.
    created_block: Option<u64>,
}

/// A token as people know it.
#[derive(Debug, Serialize, JsonSchema)]
struct TokenShown {
    /// Its contract.
    #[schemars(with = "AddressText")]
    address: String,
    /// What it calls itself; null where it says nothing readable.
    symbol: Option<String>,
    /// Decimals of its amounts.
    decimals: u8,
}

impl PoolShown {
    /// Of a pool with its tokens.
    pub(super) fn of(named: &NamedPool) -> Self {
        let info = &named.info;
        let [symbol0, symbol1] = named.symbols.clone();
        let token = |address: Address, symbol, decimals| TokenShown {
            address: format!("{address:#x}"),
            symbol,
            decimals,
        };
        Self {
            pool_address: info.pool.id,
            pool_name: label(named),
            token0: token(info.pool.token0, symbol0, info.decimals0),
            token1: token(info.pool.token1, symbol1, info.decimals1),
            fee_pips: info.pool.fee_pips,
            created_block: match info.pool.origin {
                PoolOrigin::Created { block, .. } => Some(block.0),
                PoolOrigin::Create2 => None,
            },
        }
    }
}

/// Hundredths of a basis point as per cent, exact.
fn percent(fee_pips: u32) -> String {
    let text = format!("{}.{:04}", fee_pips / 10_000, fee_pips % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn fees_read_as_per_cent() {
        for (pips, text) in [
            (100, "0.01"),
            (500, "0.05"),
            (3_000, "0.3"),
            (10_000, "1"),
            (0, "0"),
            (1, "0.0001"),
        ] {
            assert_eq!(super::percent(pips), text);
        }
    }
}
