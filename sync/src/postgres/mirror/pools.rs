//! Pools and tokens: what the mirror knows of them against what the store says.

use super::day_rows::storable;
use super::position::{beyond, bigint};
use crate::error::SyncError;
use crate::postgres::ask::Ask as _;
use crate::postgres::connect::Database;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_model::{Pool, PoolOrigin, PoolVerdict, Token};
use tidegauge_storage::{Counters, View};

/// Rows that one statement writes at most.
const MAX_ROWS_PER_STATEMENT: usize = 5_000;

/// A pool as its row says, by address.
type Pools = BTreeMap<String, PoolRow>;
/// A token as its row says, by address.
type Tokens = BTreeMap<String, TokenRow>;

#[derive(Clone, PartialEq, Eq, Debug)]
struct PoolRow {
    factory: String,
    token0: String,
    token1: String,
    fee_tier: i32,
    tick_spacing: i32,
    created: Option<(i64, i32)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct TokenRow {
    symbol: Option<String>,
    name: Option<String>,
    decimals: i16,
}

/// The mirror's pools and tokens.
#[derive(Clone, Default, Debug)]
pub(super) struct Known {
    pools: Pools,
    tokens: Tokens,
    /// What the store counted when they were last compared; `None`: compare.
    at: Option<(u64, u64)>,
}

/// What to write so that the mirror's are the store's.
#[derive(Clone, Default, Debug)]
pub(super) struct Changes {
    known: Known,
    pools: Vec<String>,
    tokens: Vec<String>,
    pools_gone: Vec<String>,
    tokens_gone: Vec<String>,
}

impl Known {
    /// What the mirror holds.
    pub(super) async fn load(
        database: &Database,
        connection: &mut PgConnection,
        chain: i32,
    ) -> Result<Self, SyncError> {
        let mut known = Self::default();
        let rows = database
            .query(
                "SELECT pool_address, factory, token0, token1, fee_tier, tick_spacing, \
                 created_block, created_log_index FROM pools WHERE chain_id = $1",
            )
            .bind(chain)
            .rows(connection)
            .await?;
        for row in rows {
            let created: (Option<i64>, Option<i32>) = (row.try_get(6)?, row.try_get(7)?);
            let pool = PoolRow {
                factory: row.try_get(1)?,
                token0: row.try_get(2)?,
                token1: row.try_get(3)?,
                fee_tier: row.try_get(4)?,
                tick_spacing: row.try_get(5)?,
                created: created.0.zip(created.1),
            };
            known.pools.insert(row.try_get(0)?, pool);
        }
        let rows = database
            .query("SELECT token_address, symbol, name, decimals FROM tokens WHERE chain_id = $1")
            .bind(chain)
            .rows(connection)
            .await?;
        for row in rows {
            let token = TokenRow {
                symbol: row.try_get(1)?,
                name: row.try_get(2)?,
                decimals: row.try_get(3)?,
            };
            known.tokens.insert(row.try_get(0)?, token);
        }
        Ok(known)
    }

    /// Has the next step compare them, whatever is counted.
    pub(super) fn doubt(&mut self) {
        self.at = None;
    }

    /// What changed in the store since they were compared.
    pub(super) fn changes(&self, view: &View<'_>) -> Result<Option<Changes>, SyncError> {
        let Counters {
            pools_accepted,
            tokens,
            ..
        } = view.counters();
        let at = Some((pools_accepted, tokens));
        if self.at == at {
            return Ok(None);
        }
        let mut new = Self {
            at,
            ..Self::default()
        };
        for verdict in view.pools()? {
            if let PoolVerdict::Accepted(pool) = verdict? {
                new.pools.insert(pool.id.to_string(), pool_row(&pool)?);
            }
        }
        for token in view.tokens()? {
            let token = token?;
            let address = format!("{:#x}", token.address);
            new.tokens.insert(address, token_row(&token));
        }
        Ok(Some(Changes {
            pools: other(&self.pools, &new.pools),
            tokens: other(&self.tokens, &new.tokens),
            pools_gone: gone(&self.pools, &new.pools),
            tokens_gone: gone(&self.tokens, &new.tokens),
            known: new,
        }))
    }
}

impl Changes {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        [
            &self.pools,
            &self.tokens,
            &self.pools_gone,
            &self.tokens_gone,
        ]
        .iter()
        .all(|list| list.is_empty())
    }

    /// What the mirror holds once they are written.
    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// The same, of its own.
    pub(super) fn into_known(self) -> Known {
        self.known
    }

    /// Writes them.
    pub(super) async fn write(
        &self,
        database: &Database,
        connection: &mut PgConnection,
        chain: i32,
    ) -> Result<(), SyncError> {
        for (sql, gone) in [
            (
                "DELETE FROM pools WHERE chain_id = $1 AND pool_address = ANY($2)",
                &self.pools_gone,
            ),
            (
                "DELETE FROM tokens WHERE chain_id = $1 AND token_address = ANY($2)",
                &self.tokens_gone,
            ),
        ] {
            if !gone.is_empty() {
                let query = database.query(sql).bind(chain).bind(gone);
                query.affect(connection).await?;
            }
        }
        for addresses in self.pools.chunks(MAX_ROWS_PER_STATEMENT) {
            self.put_pools(database, connection, chain, addresses)
                .await?;
        }
        for addresses in self.tokens.chunks(MAX_ROWS_PER_STATEMENT) {
            self.put_tokens(database, connection, chain, addresses)
                .await?;
        }
        Ok(())
    }

    async fn put_pools(
        &self,
        database: &Database,
        connection: &mut PgConnection,
        chain: i32,
        addresses: &[String],
    ) -> Result<(), SyncError> {
        let rows: Vec<&PoolRow> = addresses
            .iter()
            .filter_map(|address| self.known.pools.get(address))
            .collect();
        let texts = |of: fn(&PoolRow) -> &String| -> Vec<String> {
            rows.iter().map(|row| of(row).clone()).collect()
        };
        let (blocks, indexes): (Vec<_>, Vec<_>) = rows
            .iter()
            .map(|row| (row.created.map(|c| c.0), row.created.map(|c| c.1)))
            .unzip();
        database
            .query(
                "INSERT INTO pools (chain_id, pool_address, factory, token0, token1, fee_tier, \
                 tick_spacing, created_block, created_log_index) \
                 SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], \
                 $6::int[], $7::int[], $8::bigint[], $9::int[]) \
                 ON CONFLICT (chain_id, pool_address) DO UPDATE SET factory = excluded.factory, \
                 token0 = excluded.token0, token1 = excluded.token1, \
                 fee_tier = excluded.fee_tier, tick_spacing = excluded.tick_spacing, \
                 created_block = excluded.created_block, \
                 created_log_index = excluded.created_log_index",
            )
            .bind(chain)
            .bind(addresses)
            .bind(texts(|row| &row.factory))
            .bind(texts(|row| &row.token0))
            .bind(texts(|row| &row.token1))
            .bind(rows.iter().map(|row| row.fee_tier).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.tick_spacing).collect::<Vec<_>>())
            .bind(blocks)
            .bind(indexes)
            .affect(connection)
            .await?;
        Ok(())
    }

    async fn put_tokens(
        &self,
        database: &Database,
        connection: &mut PgConnection,
        chain: i32,
        addresses: &[String],
    ) -> Result<(), SyncError> {
        let rows: Vec<&TokenRow> = addresses
            .iter()
            .filter_map(|address| self.known.tokens.get(address))
            .collect();
        database
            .query(
                "INSERT INTO tokens (chain_id, token_address, symbol, name, decimals) \
                 SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::smallint[]) \
                 ON CONFLICT (chain_id, token_address) DO UPDATE SET symbol = excluded.symbol, \
                 name = excluded.name, decimals = excluded.decimals",
            )
            .bind(chain)
            .bind(addresses)
            .bind(
                rows.iter()
                    .map(|row| row.symbol.clone())
                    .collect::<Vec<_>>(),
            )
            .bind(rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.decimals).collect::<Vec<_>>())
            .affect(connection)
            .await?;
        Ok(())
    }
}

fn other<T: PartialEq>(old: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> Vec<String> {
    new.iter()
        .filter(|(address, row)| old.get(*address) != Some(row))
        .map(|(address, _)| address.clone())
        .collect()
}

fn gone<T>(old: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> Vec<String> {
    let new: BTreeSet<_> = new.keys().collect();
    old.keys()
        .filter(|address| !new.contains(address))
        .cloned()
        .collect()
}

fn pool_row(pool: &Pool) -> Result<PoolRow, SyncError> {
    let created = match pool.origin {
        PoolOrigin::Created { block, log_index } => Some((
            bigint(block)?,
            i32::try_from(log_index.0).map_err(|_| beyond("log index", log_index))?,
        )),
        PoolOrigin::Create2 => None,
    };
    Ok(PoolRow {
        factory: format!("{:#x}", pool.factory),
        token0: format!("{:#x}", pool.token0),
        token1: format!("{:#x}", pool.token1),
        fee_tier: i32::try_from(pool.fee_pips).map_err(|_| beyond("fee tier", pool.fee_pips))?,
        tick_spacing: pool.tick_spacing,
        created,
    })
}

fn token_row(token: &Token) -> TokenRow {
    TokenRow {
        symbol: token.symbol.as_deref().map(storable),
        name: token.name.as_deref().map(storable),
        decimals: token.decimals.into(),
    }
}
