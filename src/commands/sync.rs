//! `sync`: mirror now, without collecting.

use super::held::hold_store;
use crate::cli::Sync;
use crate::config::Config;
use crate::error::Error;
use crate::mirror::{self, Bucket, BucketReport, MirrorReport};
use crate::progress::{Progress, bytes, group};
use serde::Serialize;
use tidegauge_sync::{Database, Mirror, MirrorStatus, migrate};
use tokio::sync::watch;

/// What the mirrors hold now.
#[derive(Debug, Serialize)]
struct Synced {
    postgres: Option<MirrorReport>,
    s3: Option<BucketReport>,
}

/// Applies the migrations, or mirrors until the store's tip is reached.
pub(super) async fn sync(config: Config, flags: Sync) -> Result<(), Error> {
    let database = mirror::database(&config)?;
    if flags.migrate_only {
        let database = database.ok_or_else(no_database)?;
        migrate(&database).await?;
        println!(
            "the tables in schema {} are as this version wants them",
            database.schema()
        );
        return Ok(());
    }
    let bucket = Bucket::of(&config).await?.filter(Bucket::has_lake);
    if database.is_none() && bucket.is_none() {
        return Err(no_mirror());
    }
    let mut synced = Synced {
        postgres: None,
        s3: None,
    };
    if let Some(database) = database {
        synced.postgres = Some(to_postgres(&config, database, flags.take_over).await?);
    }
    if let Some(bucket) = bucket {
        synced.s3 = Some(to_lake(&config, &bucket, flags.take_over).await?);
    }
    if flags.json {
        return super::print_json(&synced);
    }
    if let Some(report) = &synced.postgres {
        println!(
            "Postgres holds everything to block {}: {} swaps written",
            block(report.block),
            group(report.rows)
        );
    }
    if let Some(report) = &synced.s3 {
        println!(
            "the lake holds everything to block {}, final days to block {}: {} rows in {} objects, {}; {} uploaded",
            block(report.block),
            block(report.final_block),
            group(report.rows),
            group(report.objects),
            bytes(report.bytes),
            bytes(report.uploaded_bytes)
        );
    }
    Ok(())
}

async fn to_postgres(
    config: &Config,
    database: Database,
    take_over: bool,
) -> Result<MirrorReport, Error> {
    let reader = super::open_beside(config)?;
    let mut mirror = Mirror::new(reader.clone(), database, mirror::reader(take_over))?;
    let shown = show(mirror.status());
    let outcome = mirror.once().await;
    shown.abort();
    Ok(MirrorReport::of(&outcome?))
}

/// Only who holds the store may write to its bucket.
async fn to_lake(config: &Config, bucket: &Bucket, take_over: bool) -> Result<BucketReport, Error> {
    let store = hold_store(config)?;
    let synced = async {
        let mut lake = bucket.lake(&store.reader(), take_over).await?;
        tracing::info!("bringing the lake in {} to the store's tip", bucket.place());
        Ok(BucketReport::of_lake(&lake.once().await?))
    };
    let synced = synced.await;
    store.close()?;
    synced
}

/// How to name a mirror where there is none.
pub(super) fn no_mirror() -> Error {
    Error::Usage(
        "nothing to mirror to: set sync.postgres.url (e.g. postgres://collector@db.example:5432/market), \
         sync.s3.bucket or sync.lake_dir in config.toml, or TIDEGAUGE_SYNC__POSTGRES__URL, \
         TIDEGAUGE_SYNC__S3__BUCKET, TIDEGAUGE_SYNC__LAKE_DIR"
            .to_owned(),
    )
}

fn no_database() -> Error {
    Error::Usage(
        "no Postgres to mirror to: set sync.postgres.url in config.toml or TIDEGAUGE_SYNC__POSTGRES__URL, \
         e.g. postgres://collector@db.example:5432/market"
            .to_owned(),
    )
}

fn block(number: Option<u64>) -> String {
    number.map_or("none".to_owned(), group)
}

/// A bar of blocks that follows the mirror.
fn show(mut status: watch::Receiver<MirrorStatus>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut shown: Option<(Progress, u64, u64)> = None;
        while status.changed().await.is_ok() {
            let now = status.borrow_and_update().clone();
            let (Some(at), Some(tip)) = (now.at, now.tip) else {
                continue;
            };
            let (progress, block, rows) = shown.get_or_insert_with(|| {
                let left = tip.number.0.saturating_sub(at.number.0);
                (
                    Progress::begin("sync", "blocks", "swaps", left),
                    at.number.0,
                    now.rows,
                )
            });
            progress.advance(
                at.number.0.saturating_sub(*block),
                now.rows.saturating_sub(*rows),
            );
            (*block, *rows) = (at.number.0, now.rows);
        }
    })
}
