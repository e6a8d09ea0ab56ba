//! `plan`: the bill before the run.

use super::backfill::method_of;
use crate::cli::Collecting;
use crate::collect::{self, resolve};
use crate::config::Config;
use crate::error::Error;
use crate::progress::{bytes, duration, group};

/// Samples the range and prints requests, compute units, dollars, hours and disk.
pub(super) async fn plan(config: Config, flags: Collecting, json: bool) -> Result<(), Error> {
    super::require_endpoint(&config)?;
    let chain = collect::connect(&config, &flags.pools).await?;
    let range = resolve(&chain, &flags.range).await?;
    let plan = chain.plan(range).await?;
    if json {
        return super::print_json(&plan);
    }
    println!(
        "blocks {} ({}): about {} events of ours, from {} in {} sampled blocks; {} of receipts a block",
        plan.range,
        group(plan.range.len_blocks()),
        group(plan.expected_logs),
        group(plan.sampled_logs),
        group(plan.sampled_blocks),
        bytes(plan.receipt_bytes_per_block),
    );
    println!(
        "\n{:<24}{:<10}{:>14}{:>18}{:>12}{:>12}{:>12}{:>12}",
        "plan", "method", "requests", "compute units", "dollars", "time", "download", "disk"
    );
    for bill in &plan.bills {
        println!(
            "{:<24}{:<10}{:>14}{:>18}{:>12.2}{:>12}{:>12}{:>12}",
            bill.provider,
            bill.method,
            group(bill.requests),
            group(bill.billed_cu),
            bill.dollars,
            duration((bill.hours * 3_600.0).ceil() as u64),
            bytes(bill.download_bytes),
            bytes(bill.disk_bytes),
        );
    }
    println!(
        "\nThis configuration collects by {}. Receipts prove themselves and tell each transaction's sender; logs rest on confirmation by headers.",
        method_of(&flags, &config)
    );
    Ok(())
}
