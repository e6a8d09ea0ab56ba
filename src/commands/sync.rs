//! `sync`: mirror now, without collecting.

use crate::cli::Sync;
use crate::config::Config;
use crate::error::Error;
use crate::mirror::{self, MirrorReport};
use crate::progress::Progress;
use tidegauge_sync::{Database, Mirror, MirrorStatus, migrate};
use tokio::sync::watch;

/// Applies the migrations, or mirrors until the store's tip is reached.
pub(super) async fn sync(config: Config, flags: Sync) -> Result<(), Error> {
    let database = required(&config)?;
    if flags.migrate_only {
        migrate(&database).await?;
        println!(
            "the tables in schema {} are as this version wants them",
            database.schema()
        );
        return Ok(());
    }
    let reader = super::open_beside(&config)?;
    let options = mirror::reader(flags.take_over);
    let mut mirror = Mirror::new(reader.clone(), database, options)?;
    let shown = show(mirror.status());
    let outcome = mirror.once().await;
    shown.abort();
    let report = MirrorReport::of(&outcome?);
    if flags.json {
        return super::print_json(&report);
    }
    println!(
        "Postgres holds everything to block {}: {} swaps written",
        report
            .block
            .map_or("none".to_owned(), crate::progress::group),
        crate::progress::group(report.rows)
    );
    Ok(())
}

/// The database of the configuration, or how to name one.
pub(super) fn required(config: &Config) -> Result<Database, Error> {
    mirror::database(config)?.ok_or_else(|| {
        Error::Usage(
            "no Postgres to mirror to: set sync.postgres.url in config.toml or TIDEGAUGE_SYNC__POSTGRES__URL, \
             e.g. postgres://collector@db.example:5432/market"
                .to_owned(),
        )
    })
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
