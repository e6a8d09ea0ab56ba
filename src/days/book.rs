//! The pools with their tokens, as people name them.

use crate::collect::address;
use crate::error::Error;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tidegauge_features::PoolInfo;
use tidegauge_model::{Address, Pool, PoolId, PoolVerdict, Refusal, Token};
use tidegauge_storage::View;
use tidegauge_sync::NamedPool;

/// Every contract that the store knows.
#[derive(Debug, Default)]
pub(crate) struct PoolBook {
    pools: BTreeMap<PoolId, NamedPool>,
    refused: BTreeMap<PoolId, Refusal>,
}

impl PoolBook {
    /// Reads all of them.
    pub(crate) fn read(view: &View<'_>) -> Result<Self, Error> {
        let mut tokens: HashMap<Address, Token> = HashMap::new();
        for token in view.tokens()? {
            let token = token?;
            tokens.insert(token.address, token);
        }
        let mut book = Self::default();
        for verdict in view.pools()? {
            match verdict? {
                PoolVerdict::Accepted(pool) => book.accept(pool, &tokens)?,
                PoolVerdict::Refused { id, refusal } => {
                    book.refused.insert(id, refusal);
                }
            }
        }
        Ok(book)
    }

    fn accept(&mut self, pool: Pool, tokens: &HashMap<Address, Token>) -> Result<(), Error> {
        let id = pool.id;
        let of = |address: Address| {
            tokens.get(&address).ok_or_else(|| {
                Error::Failed(format!(
                    "pool {id} has a token {address:#x} that the store does not know: tidegauge doctor --store"
                ))
            })
        };
        let [token0, token1] = [of(pool.token0)?, of(pool.token1)?];
        let named = NamedPool {
            symbols: [token0.symbol.clone(), token1.symbol.clone()],
            info: PoolInfo {
                decimals0: token0.decimals,
                decimals1: token1.decimals,
                pool,
            },
        };
        self.pools.insert(id, named);
        Ok(())
    }

    /// All pools, by address.
    pub(crate) fn into_pools(self) -> impl Iterator<Item = NamedPool> {
        self.pools.into_values()
    }

    /// A pool.
    pub(crate) fn get(&self, pool: PoolId) -> Option<&NamedPool> {
        self.pools.get(&pool)
    }

    /// The pool of a row; the store has none of others.
    pub(crate) fn of_row(&self, pool: PoolId) -> Result<&NamedPool, Error> {
        self.get(pool).ok_or_else(|| {
            Error::Failed(format!(
                "there is a row of pool {pool}, which the store does not know: tidegauge doctor --store"
            ))
        })
    }

    /// Why a contract is not collected.
    pub(crate) fn refusal(&self, pool: PoolId) -> Option<Refusal> {
        self.refused.get(&pool).copied()
    }

    /// What features need of each.
    pub(crate) fn infos(&self) -> BTreeMap<PoolId, PoolInfo> {
        let info = |(id, named): (&PoolId, &NamedPool)| (*id, named.info.clone());
        self.pools.iter().map(info).collect()
    }

    /// The pools asked for; one that the store does not know is refused, and why.
    pub(crate) fn wanted(&self, texts: &[String]) -> Result<BTreeSet<PoolId>, Error> {
        let mut wanted = BTreeSet::new();
        for text in texts {
            let id = PoolId(address("pool", text)?);
            if !self.pools.contains_key(&id) {
                let why = self.refusal(id).map(|refusal| format!(": {refusal}"));
                return Err(Error::Usage(format!(
                    "the store has no pool {id}{}",
                    why.unwrap_or_default()
                )));
            }
            wanted.insert(id);
        }
        Ok(wanted)
    }
}
