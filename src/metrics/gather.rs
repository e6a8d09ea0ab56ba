//! What all metrics read now.

use super::names::*;
use super::reading::Readings;
use crate::alerts::{troubles, waiting};
use crate::collect::{BucketStatus, Live};
use crate::daily::JobsReport;
use crate::error::Error;
use crate::report::Report;
use crate::sources::Sources;
use std::time::Duration;
use tidegauge_alerts::Facts;
use tidegauge_chain::EndpointReport;
use tidegauge_storage::{Tip, View};
use tidegauge_sync::{LakeStatus, MirrorStatus, SnapshotStatus};

/// What all metrics read now, but those of who asked for it.
///
/// # Errors
/// What the store says of damaged rows.
pub(crate) fn gather(sources: &Sources) -> Result<Readings, Error> {
    let view = sources.reader.view()?;
    let report = Report::of(&sources.reader, &view)?;
    let mut readings = Readings::default();
    let to = &mut readings;
    to.whole(&HEARTBEAT, &[], 1);
    store(&report, to);
    tail(&sources.live, &report, view.tip()?, to);
    if let Some(facts) = sources.judged.lock().as_ref() {
        judged(facts, to);
    }
    let jobs = JobsReport::read(&view, sources.daily_at, (sources.now)())?;
    daily(&jobs, to);
    alerts(&view, sources, to)?;
    drifts(&view, to)?;
    for endpoint in sources.endpoint_reports() {
        rpc(&endpoint, to);
    }
    Ok(readings)
}

/// Requests that were answered, by route and status: how many, and the time until they began.
pub(crate) fn traffic<'a>(
    answered: impl Iterator<Item = ((&'a str, u16), (u64, Duration))>,
    to: &mut Readings,
) {
    for ((route, status), (count, time)) in answered {
        let status = status.to_string();
        let labels = [("route", route), ("status", status.as_str())];
        to.count(&HTTP_REQUESTS, &labels, count);
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        to.count(&HTTP_TIME, &labels, millis);
    }
}

fn store(report: &Report, to: &mut Readings) {
    for (evidence, blocks) in report.evidence_blocks() {
        to.whole(&COVERED_BLOCKS, &[("evidence", evidence.name())], *blocks);
    }
    to.count(&SWAPS, &[], report.swaps());
    to.whole(&DISPUTES, &[], report.disputes());
}

fn tail(live: &Live, report: &Report, at: Option<Tip>, to: &mut Readings) {
    let (head, tip) = (live.head().map(|head| head.0), report.tip_number());
    if let Some(tip) = tip {
        to.whole(&TIP_BLOCK, &[], tip);
    }
    if let Some(head) = head {
        to.whole(&HEAD_BLOCK, &[], head);
        to.whole(&LAG_BLOCKS, &[], head.saturating_sub(tip.unwrap_or(0)));
    }
    let tail = live.tail();
    to.flag(&HEADS_ANNOUNCED, &[], tail.announced);
    to.count(&REORGS, &[], tail.reorgs);
    to.count(&REPAIRS, &[], tail.repairs);
    if let Some(status) = live.postgres(at) {
        postgres(&status, to);
    }
    let bucket = live.bucket(at);
    if let Some(status) = &bucket.lake {
        lake(status, &bucket, to);
    }
    if let Some(status) = &bucket.snapshots {
        snapshots(status, &bucket, to);
    }
    let latencies = live.latencies();
    for (quantile, percent) in [("0.5", 50), ("0.99", 99)] {
        if let Some(latency) = latencies.percentile(percent) {
            let seconds = latency.as_secs_f64();
            to.set(&COMMIT_LATENCY, &[("quantile", quantile)], seconds);
        }
    }
}

/// What the rules go by: alarms outside see what they see.
fn judged(facts: &Facts, to: &mut Readings) {
    for (metric, value) in [
        (&LAG_SECONDS, facts.lag_seconds),
        (&COMMIT_AGE, facts.commit_age_seconds),
        (&BLOCKS_SINCE_SWAP, facts.blocks_since_swap),
        (&SNAPSHOT_AGE, facts.snapshot_age_seconds),
    ] {
        if let Some(value) = value {
            to.whole(metric, &[], value);
        }
    }
    if let Some(rpc) = facts.rpc.filter(|rpc| rpc.asked > 0) {
        to.set(&RPC_SUCCESS, &[], rpc.succeeded as f64 / rpc.asked as f64);
    }
    if let Some(disk) = facts.disk.filter(|disk| disk.total_bytes > 0) {
        to.whole(&DISK_FREE, &[], disk.free_bytes);
        let share = disk.free_bytes as f64 / disk.total_bytes as f64;
        to.set(&DISK_FREE_RATIO, &[], share);
    }
}

fn postgres(status: &MirrorStatus, to: &mut Readings) {
    let mirror = [("mirror", "postgres")];
    lag(status.lag_blocks(), status.lag_seconds(), "postgres", to);
    to.flag(&MIRROR_FAILING, &mirror, status.error.is_some());
    to.count(&MIRROR_ROWS, &mirror, status.rows);
    to.count(&MIRROR_FAILURES, &mirror, status.failures_total);
    to.count(&MIRROR_DIFFERED, &mirror, status.differed_total);
}

fn lake(status: &LakeStatus, bucket: &BucketStatus, to: &mut Readings) {
    let mirror = [("mirror", "s3")];
    lag(status.lag_blocks(), status.lag_seconds(), "s3", to);
    let failing = bucket.error.is_some() || status.error.is_some();
    to.flag(&MIRROR_FAILING, &mirror, failing);
    let failures = bucket.failures + status.failures_total;
    to.count(&MIRROR_FAILURES, &mirror, failures);
    to.whole(&LAKE_OBJECTS, &[], status.objects);
    to.whole(&LAKE_ROWS, &[], status.rows);
    to.whole(&LAKE_BYTES, &[], status.bytes);
    to.count(&LAKE_UPLOADED, &[], status.uploaded_bytes);
}

fn lag(blocks: Option<u64>, seconds: Option<u64>, mirror: &str, to: &mut Readings) {
    let mirror = [("mirror", mirror)];
    if let Some(blocks) = blocks {
        to.whole(&MIRROR_LAG_BLOCKS, &mirror, blocks);
    }
    if let Some(seconds) = seconds {
        to.whole(&MIRROR_LAG_SECONDS, &mirror, seconds);
    }
}

fn snapshots(status: &SnapshotStatus, bucket: &BucketStatus, to: &mut Readings) {
    if let Some(taken_at) = status.last_at {
        to.whole(&SNAPSHOT_TAKEN_AT, &[], taken_at);
    }
    let last = status.last.as_ref();
    if let Some(first) = last.and_then(|report| report.places.first()) {
        for (which, bytes) in [("all", first.bytes), ("new", first.uploaded_bytes)] {
            to.whole(&SNAPSHOT_BYTES, &[("which", which)], bytes);
        }
    }
    let failing = bucket.error.is_some() || status.error.is_some();
    to.flag(&SNAPSHOT_FAILING, &[], failing);
    to.count(&SNAPSHOT_FAILURES, &[], status.failures_total);
}

fn daily(report: &JobsReport, to: &mut Readings) {
    if let Some(rate) = report.success_rate {
        to.set(&DAILY_SUCCESS, &[], rate);
    }
    let Some(job) = report.jobs.iter().find(|job| job.ended_at.is_some()) else {
        return;
    };
    to.whole(&DAILY_LAST_DAY, &[], job.day.start().0);
    to.flag(&DAY_COMPLETE, &[], job.complete == Some(true));
    if let Some(seconds) = job.took_s {
        to.whole(&DAILY_JOB, &[], seconds);
    }
    if let Some(seconds) = job.features_seconds() {
        to.whole(&DAILY_FEATURES, &[], seconds);
    }
}

fn alerts(view: &View<'_>, sources: &Sources, to: &mut Readings) -> Result<(), Error> {
    let troubles = troubles(view, &sources.rules)?;
    for severity in ["info", "warn", "page"] {
        let count = troubles.iter().filter(|t| t.severity == severity).count();
        to.whole(&TROUBLES, &[("severity", severity)], count as u64);
    }
    for sink in waiting(view, &sources.sinks)? {
        let name = [("sink", sink.name.as_str())];
        to.whole(&ALERTS_WAITING, &name, sink.waiting);
        to.whole(&ALERTS_GIVEN_UP, &name, sink.given_up);
    }
    Ok(())
}

fn drifts(view: &View<'_>, to: &mut Readings) -> Result<(), Error> {
    let board = view.score_board()?;
    for drift in board.iter().flat_map(|board| &board.drifts) {
        let model = drift.model.to_string();
        let labels = [("model", model.as_str()), ("target", drift.target.name())];
        to.flag(&MODEL_DRIFTING, &labels, drift.is_drifting);
    }
    Ok(())
}

fn rpc(report: &EndpointReport, to: &mut Readings) {
    let name = report.endpoint.as_str();
    let endpoint = [("endpoint", name)];
    for asked in &report.questions {
        let (method, outcome) = (asked.method, asked.outcome);
        let labels = [("endpoint", name), ("method", method), ("outcome", outcome)];
        to.count(&RPC_REQUESTS, &labels, asked.count);
    }
    for said in &report.contradictions {
        let labels = [("endpoint", name), ("kind", said.kind)];
        to.count(&RPC_CONTRADICTIONS, &labels, said.count);
    }
    to.set(&RPC_HEALTH, &endpoint, report.health);
    to.set(&RPC_IN_FLIGHT, &endpoint, report.in_flight as f64);
    to.count(&RPC_COMPUTE_UNITS, &endpoint, report.billed_cu);
    to.count(&RPC_HEDGES, &endpoint, report.hedges);
    to.count(&RPC_BREAKER_OPENS, &endpoint, report.breaker_opens);
}
