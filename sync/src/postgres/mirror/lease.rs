//! The lease: who may write. It is a number in the position, raised with every new holder.

use super::ledger::Ledger;
use super::position::Position;
use super::transaction::{Purpose, begin, commit};
use crate::error::SyncError;
use crate::mirror_fault::MirrorFault;
use crate::postgres::ask::{Ask as _, connect};
use crate::postgres::connect::Database;
use sqlx::PgConnection;
use std::cmp::Ordering;
use tidegauge_storage::Sequence;

/// How long a holder may be silent, by the server's clock, before another takes its place.
const LEASE_SECONDS: i64 = 30;

/// Who asks for the lease.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// The store.
    pub(super) store: String,
    /// How often that was taken over or restored.
    pub(super) store_epoch: i64,
    /// Who, unlike all others.
    pub(super) holder: String,
    /// What the names of holders of this store begin with that live no more.
    pub(super) gone: Option<String>,
    /// Whether it is taken from whoever holds it.
    pub(super) take_over: bool,
}

/// Takes the lease: from now on every writer before writes nothing any more.
pub(super) async fn take(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    claim: &Claim,
    last_notice: Sequence,
) -> Result<Position, SyncError> {
    begin(ledger.database, connection, Purpose::Write).await?;
    ledger
        .database
        .query(
            "INSERT INTO mirror_position (chain_id, store, store_epoch, epoch, holder, notice) \
             VALUES ($1, $2::text::uuid, $3, 0, '', $4) ON CONFLICT (chain_id) DO NOTHING",
        )
        .bind(ledger.chain)
        .bind(&claim.store)
        .bind(claim.store_epoch)
        .bind(i64::try_from(last_notice.0).unwrap_or(i64::MAX))
        .affect(connection)
        .await?;
    let found = ledger.lock(connection).await?.ok_or(MirrorFault::Moved)?;
    if let Some(fault) = refusal(&found, claim) {
        return Err(fault.into());
    }
    // Sequences of another store, or of this one in another life, mean something else.
    let same = found.store == claim.store && found.store_epoch == claim.store_epoch;
    ledger
        .database
        .query(
            "UPDATE mirror_position SET epoch = epoch + 1, holder = $2, \
             heartbeat = clock_timestamp(), store = $3::text::uuid, store_epoch = $4, \
             recheck_block = CASE WHEN $5 THEN recheck_block ELSE 0 END, \
             recheck_date = CASE WHEN $5 THEN recheck_date ELSE DATE '1970-01-01' END, \
             notice = CASE WHEN $5 THEN notice ELSE $6 END WHERE chain_id = $1",
        )
        .bind(ledger.chain)
        .bind(&claim.holder)
        .bind(&claim.store)
        .bind(claim.store_epoch)
        .bind(same)
        .bind(i64::try_from(last_notice.0).unwrap_or(i64::MAX))
        .affect(connection)
        .await?;
    let granted = ledger
        .position(connection)
        .await?
        .ok_or(MirrorFault::Moved)?;
    commit(connection).await?;
    Ok(granted)
}

fn refusal(found: &Position, claim: &Claim) -> Option<MirrorFault> {
    // A claim whose answer was lost.
    if claim.take_over || found.holder == claim.holder {
        return None;
    }
    if found.store != claim.store {
        return Some(MirrorFault::OtherStore {
            ours: claim.store.clone(),
            theirs: found.store.clone(),
        });
    }
    match found.store_epoch.cmp(&claim.store_epoch) {
        Ordering::Equal => {}
        // It was restored: whoever writes still is the machine that is given up.
        Ordering::Less => return None,
        Ordering::Greater => {
            return Some(MirrorFault::Superseded {
                ours: claim.store_epoch,
                theirs: found.store_epoch,
                holder: found.holder.clone(),
            });
        }
    }
    let gone = claim.gone.as_deref();
    if gone.is_some_and(|gone| found.holder.starts_with(gone)) {
        return None;
    }
    let seconds = found.silent_seconds.filter(|s| *s < LEASE_SECONDS)?;
    Some(MirrorFault::LeaseHeld {
        holder: found.holder.clone(),
        seconds: seconds.max(0),
    })
}

/// Says that the holder is alive; fails where it is the holder no more.
pub(super) async fn renew(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    epoch: i64,
) -> Result<(), SyncError> {
    begin(ledger.database, connection, Purpose::Write).await?;
    let found = ledger.lock(connection).await?.ok_or(MirrorFault::Moved)?;
    super::ledger::allow(&found, epoch)?;
    beat(ledger, connection, epoch, "clock_timestamp()").await?;
    commit(connection).await
}

/// Lets go of it, on a connection of its own; harmless where another holds it.
pub(super) async fn release(database: &Database, chain: i32, epoch: i64) -> Result<(), SyncError> {
    let mut connection = connect(database).await?;
    begin(database, &mut connection, Purpose::Write).await?;
    let ledger = Ledger { database, chain };
    beat(ledger, &mut connection, epoch, "NULL").await?;
    commit(&mut connection).await
}

async fn beat(
    ledger: Ledger<'_>,
    connection: &mut PgConnection,
    epoch: i64,
    at: &'static str,
) -> Result<(), SyncError> {
    let sql =
        format!("UPDATE mirror_position SET heartbeat = {at} WHERE chain_id = $1 AND epoch = $2");
    let query = ledger.database.query(sqlx::AssertSqlSafe(sql));
    query
        .bind(ledger.chain)
        .bind(epoch)
        .affect(connection)
        .await?;
    Ok(())
}
