//! `snapshot`: the store as it is now, kept in a bucket or a folder.

use super::held::hold_store;
use crate::cli::Snapshot;
use crate::config::Config;
use crate::control;
use crate::error::Error;
use crate::mirror::Bucket;
use crate::progress::{bytes, group};
use crate::snapshots::{self, Shown, SnapshotOrder};
use tidegauge_sync::{ReadBack, SnapshotReport};

/// Has the daemon take it, or takes it here where none holds the store.
pub(super) async fn snapshot(config: Config, flags: Snapshot) -> Result<(), Error> {
    let order = SnapshotOrder {
        to: flags.to.iter().map(|place| absolute(place)).collect(),
        depth: if flags.full_verification {
            ReadBack::Full
        } else {
            ReadBack::New
        },
        take_over: flags.take_over,
    };
    let shown = Shown::default();
    let mut show = |progress| shown.show(progress);
    let asked = control::snapshot(&config.storage.path, order.clone(), &mut show).await?;
    let report = match asked {
        Some(report) => report,
        None => snapshot_here(&config, order, &shown).await?,
    };
    shown.finish();
    if flags.json {
        super::print_json(&report)?;
    } else {
        print(&report);
    }
    match report.places.iter().find_map(|place| place.error.as_ref()) {
        None => Ok(()),
        Some(error) => Err(Error::Failed(format!(
            "the second place has no snapshot: {error}"
        ))),
    }
}

async fn snapshot_here(
    config: &Config,
    order: SnapshotOrder,
    shown: &Shown,
) -> Result<SnapshotReport, Error> {
    let bucket = Bucket::of(config).await?;
    let store = hold_store(config)?;
    let least_free_bytes = config.storage.min_free_mib << 20;
    let taken = async {
        match bucket {
            Some(bucket) if order.to.is_empty() => {
                let mut snapshots = bucket.snapshots(&store.reader(), order.take_over).await?;
                Ok(snapshots.take(order.depth, shown.heard()).await?)
            }
            _ => {
                let (reader, s3) = (store.reader(), &config.sync.s3);
                snapshots::take(&reader, order, s3, least_free_bytes, shown.heard()).await
            }
        }
    };
    let taken = taken.await;
    store.close()?;
    taken
}

/// The daemon works in another folder.
fn absolute(place: &str) -> String {
    if place.contains("://") {
        return place.to_owned();
    }
    std::path::absolute(place).map_or_else(
        |_| place.to_owned(),
        |path| path.to_string_lossy().into_owned(),
    )
}

fn print(report: &SnapshotReport) {
    println!(
        "block {} {}, {} swaps",
        group(report.tip.number.0),
        report.tip.hash,
        group(report.swaps)
    );
    for place in report.places.iter().filter(|place| place.error.is_none()) {
        println!(
            "{}: {} files, {}; {} files were new, {}; {} files read back, {}; {:.1} s",
            place.place,
            group(place.files),
            bytes(place.bytes),
            group(place.uploaded_files),
            bytes(place.uploaded_bytes),
            group(place.verified_files),
            bytes(place.verified_bytes),
            place.seconds
        );
        println!("  {}", place.manifest);
        if place.mended_files > 0 {
            println!(
                "  {} objects were damaged or gone, and are whole again",
                group(place.mended_files)
            );
        }
        if place.removed_manifests + place.removed_objects > 0 {
            println!(
                "  {} old snapshots and {} objects that nothing names were removed",
                group(place.removed_manifests),
                group(place.removed_objects)
            );
        }
    }
}
