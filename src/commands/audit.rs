//! `audit`: whether the mirrors hold exactly what the store holds.

use crate::cli::Audit;
use crate::config::Config;
use crate::control;
use crate::error::Error;
use crate::mirror;
use crate::progress::group;
use tidegauge_sync::{AuditReport, Mirror, Repair};

/// Compares the mirror with the store; an error if they differ and it was not asked to repair.
pub(super) async fn audit(config: Config, flags: Audit) -> Result<(), Error> {
    let repair = if flags.repair {
        Repair::Yes
    } else {
        Repair::No
    };
    let report = match control::audit(&config.storage.path, repair).await? {
        Some(report) => report,
        None => audit_here(&config, repair).await?,
    };
    if flags.json {
        super::print_json(&report)?;
    } else {
        print(&report);
    }
    if report.is_equal() || report.repaired {
        return Ok(());
    }
    Err(Error::Failed(
        "Postgres differs from the store: tidegauge audit --repair writes anew what differs"
            .to_owned(),
    ))
}

async fn audit_here(config: &Config, repair: Repair) -> Result<AuditReport, Error> {
    let database = super::sync::required(config)?;
    let reader = super::open_beside(config)?;
    let mut mirror = Mirror::new(reader.clone(), database, mirror::reader(false))?;
    Ok(mirror.audit(repair).await?)
}

fn print(report: &AuditReport) {
    println!(
        "compared {} swaps and {} days of features: {} blocks and {} days differ",
        group(report.swaps),
        group(report.days),
        group(report.blocks_differ),
        group(report.days_differ)
    );
    for difference in &report.differences {
        println!("\n{}", difference.place);
        for (side, row) in [
            ("store", &difference.store),
            ("Postgres", &difference.mirror),
        ] {
            println!("  {side:<9} {}", row.as_deref().unwrap_or("no row"));
        }
    }
    if report.repaired {
        println!("\nrepaired: what differed was written anew from the store");
    }
}
