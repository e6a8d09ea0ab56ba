//! `restore`: a store from a snapshot.

use crate::cli::Restore;
use crate::config::Config;
use crate::error::Error;
use crate::mirror::Bucket;
use crate::progress::{bytes, group};
use crate::snapshots::{self, Shown};
use std::path::Path;
use tidegauge_model::{BlockNumber, ChainId};
use tidegauge_objects::{ObjectKey, Objects};
use tidegauge_sync::{
    RestoreOptions, RestoreReport, SyncError, Which, restore as bring, wall_clock,
};

/// Restores into the configured folder, or another.
pub(super) async fn restore(config: Config, flags: Restore) -> Result<(), Error> {
    let objects = from(&config, flags.from.as_deref()).await?;
    let (machine, holder) = snapshots::ourselves();
    let options = RestoreOptions {
        which: which(flags.snapshot.as_deref())?,
        chain: config.chain.id.map(ChainId),
        allow_older: flags.allow_older,
        drill: flags.drill,
        least_free_bytes: config.storage.min_free_mib << 20,
        machine,
        holder: format!("{holder} (restore)"),
        clock: wall_clock,
    };
    let into = flags.to.as_deref().unwrap_or(&config.storage.path);
    let shown = Shown::default();
    let report = bring(&objects, into, &options, shown.heard()).await;
    shown.finish();
    let report = report?;
    if flags.json {
        super::print_json(&report)?;
    } else {
        print(&report, into);
    }
    Ok(())
}

/// The place that is named, or the bucket of the configuration.
async fn from(config: &Config, place: Option<&str>) -> Result<Objects, Error> {
    if let Some(place) = place {
        return snapshots::objects(place, &config.sync.s3).await;
    }
    let bucket = Bucket::of(config).await?.filter(Bucket::has_snapshots);
    let bucket = bucket.ok_or_else(|| {
        Error::Usage(
            "restore from where? name the place by --from, or set sync.s3.bucket".to_owned(),
        )
    })?;
    Ok(bucket.objects().clone())
}

/// A height, or a manifest's key.
fn which(text: Option<&str>) -> Result<Which, Error> {
    let Some(text) = text else {
        return Ok(Which::Newest);
    };
    if let Ok(height) = text.parse() {
        return Ok(Which::Tip(BlockNumber(height)));
    }
    let key = ObjectKey::new(text).map_err(SyncError::from)?;
    Ok(Which::Manifest(key))
}

fn print(report: &RestoreReport, into: &Path) {
    for passed_over in &report.passed_over {
        println!("passed over {passed_over}");
    }
    println!(
        "restored block {} {} with {} swaps: {} files, {} ({} downloaded) in {:.1} s",
        group(report.tip.number.0),
        report.tip.hash,
        group(report.swaps),
        group(report.files),
        bytes(report.bytes),
        bytes(report.downloaded_bytes),
        report.seconds
    );
    match report.epoch {
        Some(epoch) => println!(
            "in {}, with epoch {epoch}; collect on from there: tidegauge run",
            into.display()
        ),
        None => {
            println!("tried out: all of it was whole, nothing of it is left, and nothing changed")
        }
    }
    if !report.rows_checked {
        println!(
            "the store has an older format: its rows are checked by the first start, which migrates it"
        );
    }
    if let Some(reason) = &report.not_fenced {
        println!(
            "the lost machine is not refused yet, see that it stays off until this one has taken a snapshot: {reason}"
        );
    }
}
