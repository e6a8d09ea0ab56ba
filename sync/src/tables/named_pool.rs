//! Pools with what their tokens call themselves.

use crate::error::SyncError;
use std::collections::HashMap;
use tidegauge_features::PoolInfo;
use tidegauge_model::{Address, PoolId, PoolVerdict, Token};
use tidegauge_storage::{StoreError, View};

/// A pool with what its tokens call themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPool {
    /// The pool and its tokens' decimals.
    pub info: PoolInfo,
    /// Symbols of token0 and token1, where they have any.
    pub symbols: [Option<String>; 2],
}

impl NamedPool {
    /// What a store knows of a pool; `None` if that is no pool it accepted.
    ///
    /// # Errors
    /// What reading says, or a pool whose token is not there.
    pub fn read(view: &View<'_>, id: PoolId) -> Result<Option<Self>, SyncError> {
        let Some(PoolVerdict::Accepted(pool)) = view.pool(id)? else {
            return Ok(None);
        };
        let [token0, token1] = [token(view, pool.token0)?, token(view, pool.token1)?];
        Ok(Some(Self {
            info: PoolInfo {
                decimals0: token0.decimals,
                decimals1: token1.decimals,
                pool,
            },
            symbols: [token0.symbol, token1.symbol],
        }))
    }

    /// `WETH/USDC`; unknown if a symbol is.
    pub fn name(&self) -> Option<String> {
        match &self.symbols {
            [Some(a), Some(b)] => Some(format!("{a}/{b}")),
            _ => None,
        }
    }
}

/// The pools of one view, each read when it is first asked for.
pub(crate) struct NamedPools<'v> {
    view: &'v View<'v>,
    known: HashMap<PoolId, NamedPool>,
}

impl<'v> NamedPools<'v> {
    pub(crate) fn new(view: &'v View<'v>) -> Self {
        Self {
            view,
            known: HashMap::new(),
        }
    }

    /// The pool of a row; the store has none of others.
    pub(crate) fn of_row(&mut self, id: PoolId) -> Result<&NamedPool, SyncError> {
        if !self.known.contains_key(&id) {
            let named = NamedPool::read(self.view, id)?
                .ok_or_else(|| unknown(format!("there are rows of {id}, which is no pool")))?;
            self.known.insert(id, named);
        }
        Ok(&self.known[&id])
    }
}

fn token(view: &View<'_>, address: Address) -> Result<Token, SyncError> {
    let token = view.token(address)?;
    token.ok_or_else(|| unknown(format!("a pool's token {address:#x} is not there")))
}

fn unknown(message: String) -> SyncError {
    StoreError::Contradiction(message).into()
}
