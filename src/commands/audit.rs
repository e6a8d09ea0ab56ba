//! `audit`: whether the mirrors hold exactly what the store holds.

use super::held::hold_store;
use crate::cli::Audit;
use crate::config::Config;
use crate::control::{self, Audited};
use crate::error::Error;
use crate::mirror::{self, Bucket};
use crate::progress::{bytes, group};
use tidegauge_sync::{AuditDepth, AuditReport, Difference, LakeReport, Mirror, Repair};

/// Compares the mirrors with the store; an error if they differ and it was not asked to repair.
pub(super) async fn audit(config: Config, flags: Audit) -> Result<(), Error> {
    let repair = if flags.repair {
        Repair::Yes
    } else {
        Repair::No
    };
    let depth = if flags.deep {
        AuditDepth::Read
    } else {
        AuditDepth::Stored
    };
    let audited = match control::audit(&config.storage.path, repair, depth).await? {
        Some(audited) => audited,
        None => audit_here(&config, repair, depth).await?,
    };
    if flags.json {
        super::print_json(&audited)?;
    } else {
        print(&audited);
    }
    let postgres = audited.postgres.as_ref();
    let s3 = audited.s3.as_ref();
    let differ = [
        (
            "Postgres",
            postgres.is_some_and(|found| !found.is_equal() && !found.repaired),
        ),
        (
            "the lake",
            s3.is_some_and(|found| !found.is_equal() && !found.repaired),
        ),
    ];
    let differ: Vec<_> = differ
        .iter()
        .filter(|(_, bad)| *bad)
        .map(|(name, _)| *name)
        .collect();
    match differ.as_slice() {
        [] => Ok(()),
        [one] => Err(Error::Failed(format!(
            "{one} differs from the store: tidegauge audit --repair writes anew what differs"
        ))),
        several => Err(Error::Failed(format!(
            "{} differ from the store: tidegauge audit --repair writes anew what differs",
            several.join(" and ")
        ))),
    }
}

async fn audit_here(config: &Config, repair: Repair, depth: AuditDepth) -> Result<Audited, Error> {
    let database = mirror::database(config)?;
    let bucket = Bucket::of(config).await?.filter(Bucket::has_lake);
    if database.is_none() && bucket.is_none() {
        return Err(super::sync::no_mirror());
    }
    let mut audited = Audited::default();
    if let Some(database) = database {
        let reader = super::open_beside(config)?;
        let mut mirror = Mirror::new(reader.clone(), database, mirror::reader(false))?;
        audited.postgres = Some(mirror.audit(repair).await?);
    }
    if let Some(bucket) = bucket {
        let store = hold_store(config)?;
        let found = async {
            let mut lake = bucket.lake(&store.reader(), false).await?;
            Ok(lake.audit(depth, repair).await?)
        };
        let found: Result<_, Error> = found.await;
        store.close()?;
        audited.s3 = Some(found?);
    }
    Ok(audited)
}

fn print(audited: &Audited) {
    if let Some(report) = &audited.postgres {
        print_postgres(report);
    }
    if let Some(report) = &audited.s3 {
        print_lake(report);
    }
}

fn print_postgres(report: &AuditReport) {
    println!(
        "Postgres: compared {} swaps, {} days of features and {} runs of forecasts: {} blocks, {} days and {} runs differ",
        group(report.swaps),
        group(report.days),
        group(report.runs),
        group(report.blocks_differ),
        group(report.days_differ),
        group(report.runs_differ)
    );
    print_differences(&report.differences, "Postgres", report.repaired);
}

fn print_lake(report: &LakeReport) {
    println!(
        "lake: version {}, {} rows in {} objects, {}; {} days of tables compared: {} missing, {} torn, {} differ",
        report.version,
        group(report.rows),
        group(report.objects),
        bytes(report.bytes),
        group(report.compared),
        group(report.missing),
        group(report.torn),
        group(report.differ)
    );
    if report.beyond_store > 0 {
        println!(
            "  {} of them hold more than this store knows",
            group(report.beyond_store)
        );
    }
    if report.foreign > 0 {
        println!(
            "  {} objects that no manifest names: they go after their grace period",
            group(report.foreign)
        );
    }
    for finding in &report.findings {
        println!("  {}: {}", finding.key, finding.detail);
    }
    print_differences(&report.differences, "lake", report.repaired);
}

fn print_differences(differences: &[Difference], mirror: &str, repaired: bool) {
    for difference in differences {
        println!("\n{}", difference.place);
        for (side, row) in [("store", &difference.store), (mirror, &difference.mirror)] {
            println!("  {side:<9} {}", row.as_deref().unwrap_or("no row"));
        }
    }
    if repaired {
        println!("\nrepaired: what differed was written anew from the store");
    }
}
