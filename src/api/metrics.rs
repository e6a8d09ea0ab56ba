//! `GET /metrics`: the status in Prometheus' words, read anew for every scrape.

use super::context::Context;
use crate::alerts::{troubles, waiting};
use crate::clock::now;
use crate::collect::BucketStatus;
use crate::daily::JobsReport;
use crate::error::Error;
use crate::report::Report;
use metrics::{counter, describe_counter, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use tidegauge_chain::EndpointReport;
use tidegauge_sync::{LakeStatus, MirrorStatus, SnapshotStatus};

/// The text of one scrape.
///
/// # Errors
/// What the store says of damaged rows.
pub(super) fn scrape(context: &Context) -> Result<String, Error> {
    let view = context.reader.view()?;
    let report = Report::of(&context.reader, &view)?;
    let jobs = JobsReport::read(&view, context.daily_at, now())?;
    let troubles = troubles(&view, &context.rules)?;
    let sinks = waiting(&view, &context.sinks)?;
    let drifts = view
        .score_board()?
        .map_or_else(Vec::new, |board| board.drifts);
    let recorder = PrometheusBuilder::new().build_recorder();
    with_local_recorder(&recorder, || {
        describe();
        store(&report);
        tail(context, &report);
        daily(&jobs);
        for severity in ["info", "warn", "page"] {
            let count = troubles.iter().filter(|t| t.severity == severity).count();
            gauge!("tidegauge_troubles", "severity" => severity).set(count as f64);
        }
        for sink in sinks {
            let name = || sink.name.clone();
            gauge!("tidegauge_alerts_waiting", "sink" => name()).set(sink.waiting as f64);
            gauge!("tidegauge_alerts_given_up", "sink" => name()).set(sink.given_up as f64);
        }
        for drift in drifts {
            let drifting = f64::from(u8::from(drift.is_drifting));
            let (model, target) = (drift.model.to_string(), drift.target.name());
            gauge!("tidegauge_model_drifting", "model" => model, "target" => target).set(drifting);
        }
        for endpoint in context.endpoints() {
            rpc(&endpoint);
        }
        http(context);
    });
    Ok(recorder.handle().render())
}

fn describe() {
    describe_gauge!("tidegauge_tip_block", "Height of the store's last block");
    describe_gauge!(
        "tidegauge_head_block",
        "Height of the chain's head, as last heard"
    );
    describe_gauge!(
        "tidegauge_lag_blocks",
        "Blocks between the head and the tip"
    );
    describe_gauge!(
        "tidegauge_covered_blocks",
        "Blocks stored, by the evidence behind them"
    );
    describe_gauge!(
        "tidegauge_disputes",
        "Ranges whose events contradict each other, not proven yet"
    );
    describe_counter!("tidegauge_swaps_total", "Swaps stored");
    describe_counter!(
        "tidegauge_reorgs_total",
        "Branches of ours that the chain left, since the start"
    );
    describe_counter!(
        "tidegauge_repairs_total",
        "Ranges fetched again and compared, since the start"
    );
    describe_gauge!(
        "tidegauge_heads_announced",
        "1 while new blocks are announced, 0 while they are polled"
    );
    describe_gauge!(
        "tidegauge_mirror_lag_blocks",
        "Blocks that the store has and the mirror has not"
    );
    describe_gauge!(
        "tidegauge_mirror_lag_seconds",
        "The same in the chain's time"
    );
    describe_gauge!(
        "tidegauge_mirror_failing",
        "1 while something keeps the mirror from going on"
    );
    describe_counter!(
        "tidegauge_mirror_rows_total",
        "Swaps written to the mirror, since the start"
    );
    describe_counter!(
        "tidegauge_mirror_failures_total",
        "Failures of the mirror, since the start"
    );
    describe_counter!(
        "tidegauge_mirror_differed_total",
        "Blocks and days of the mirror that something else had changed, put right since the start"
    );
    describe_gauge!(
        "tidegauge_lake_objects",
        "Objects that the newest manifest of the lake names"
    );
    describe_gauge!("tidegauge_lake_rows", "Their rows");
    describe_gauge!("tidegauge_lake_bytes", "Their bytes");
    describe_counter!(
        "tidegauge_lake_uploaded_bytes_total",
        "Bytes of the lake uploaded, since the start"
    );
    describe_gauge!(
        "tidegauge_snapshot_taken_at_seconds",
        "When the last snapshot was verified, Unix seconds; none since the start, no line"
    );
    describe_gauge!(
        "tidegauge_snapshot_bytes",
        "Bytes of the last snapshot, and of those how many were new"
    );
    describe_gauge!(
        "tidegauge_snapshot_failing",
        "1 while the last try of a snapshot failed"
    );
    describe_counter!(
        "tidegauge_snapshot_failures_total",
        "Failures of snapshots, since the start"
    );
    describe_gauge!(
        "tidegauge_daily_success_ratio",
        "Share of complete days among those of the last 30 whose job is due"
    );
    describe_gauge!(
        "tidegauge_daily_last_day_seconds",
        "Midnight at which the last day began whose job has ended, Unix seconds"
    );
    describe_gauge!(
        "tidegauge_day_complete",
        "1 if that day is complete by its blocks and digests"
    );
    describe_gauge!(
        "tidegauge_daily_job_seconds",
        "How long its job took, waiting included"
    );
    describe_gauge!(
        "tidegauge_daily_features_seconds",
        "How long computing its rows again took"
    );
    describe_gauge!(
        "tidegauge_troubles",
        "Troubles that were told and are not over, by severity"
    );
    describe_gauge!("tidegauge_alerts_waiting", "Alerts on their way to a place");
    describe_gauge!(
        "tidegauge_alerts_given_up",
        "Alerts that a place did not take in a day"
    );
    describe_gauge!(
        "tidegauge_model_drifting",
        "1 while a model's error of the last week is at least twice that of the four weeks before"
    );
    describe_gauge!(
        "tidegauge_commit_latency_seconds",
        "From hearing of a block to its synced write"
    );
    describe_counter!(
        "tidegauge_rpc_requests_total",
        "Questions, by method and outcome"
    );
    describe_counter!(
        "tidegauge_rpc_contradictions_total",
        "Answers that evidence refuted"
    );
    describe_counter!(
        "tidegauge_http_requests_total",
        "Requests answered, by route and status"
    );
    describe_counter!(
        "tidegauge_http_answer_milliseconds_total",
        "Time until their answers began"
    );
    describe_gauge!("tidegauge_rpc_health", "Running share of successes, 0 to 1");
}

fn daily(report: &JobsReport) {
    if let Some(rate) = report.success_rate {
        gauge!("tidegauge_daily_success_ratio").set(rate);
    }
    let ended = report.jobs.iter().find(|job| job.ended_at.is_some());
    if let Some(job) = ended {
        let day = job.day.start().0;
        gauge!("tidegauge_daily_last_day_seconds").set(day as f64);
        let complete = f64::from(u8::from(job.complete == Some(true)));
        gauge!("tidegauge_day_complete").set(complete);
        if let Some(seconds) = job.took_s {
            gauge!("tidegauge_daily_job_seconds").set(seconds as f64);
        }
        if let Some(seconds) = job.step_seconds("features") {
            gauge!("tidegauge_daily_features_seconds").set(seconds as f64);
        }
    }
}

fn http(context: &Context) {
    for ((route, status), answers) in context.traffic.so_far() {
        let status = || status.to_string();
        counter!("tidegauge_http_requests_total", "route" => route, "status" => status())
            .absolute(answers.count);
        counter!("tidegauge_http_answer_milliseconds_total", "route" => route, "status" => status())
            .absolute(u64::try_from(answers.time.as_millis()).unwrap_or(u64::MAX));
    }
}

fn store(report: &Report) {
    for (evidence, blocks) in report.evidence_blocks() {
        gauge!("tidegauge_covered_blocks", "evidence" => evidence.name()).set(*blocks as f64);
    }
    counter!("tidegauge_swaps_total").absolute(report.swaps());
    gauge!("tidegauge_disputes").set(report.disputes() as f64);
}

fn tail(context: &Context, report: &Report) {
    let (head, tip) = (context.live.head().map(|head| head.0), report.tip_number());
    if let Some(tip) = tip {
        gauge!("tidegauge_tip_block").set(tip as f64);
    }
    if let Some(head) = head {
        gauge!("tidegauge_head_block").set(head as f64);
        gauge!("tidegauge_lag_blocks").set(head.saturating_sub(tip.unwrap_or(0)) as f64);
    }
    let tail = context.live.tail();
    gauge!("tidegauge_heads_announced").set(f64::from(u8::from(tail.announced)));
    counter!("tidegauge_reorgs_total").absolute(tail.reorgs);
    counter!("tidegauge_repairs_total").absolute(tail.repairs);
    if let Some(status) = context.live.postgres() {
        postgres(&status);
    }
    bucket(&context.live.bucket());
    let latencies = context.live.latencies();
    for (quantile, percent) in [("0.5", 50), ("0.99", 99)] {
        if let Some(latency) = latencies.percentile(percent) {
            gauge!("tidegauge_commit_latency_seconds", "quantile" => quantile)
                .set(latency.as_secs_f64());
        }
    }
}

fn postgres(status: &MirrorStatus) {
    let mirror = || "postgres";
    if let Some(blocks) = status.lag_blocks() {
        gauge!("tidegauge_mirror_lag_blocks", "mirror" => mirror()).set(blocks as f64);
    }
    if let Some(seconds) = status.lag_seconds() {
        gauge!("tidegauge_mirror_lag_seconds", "mirror" => mirror()).set(seconds as f64);
    }
    gauge!("tidegauge_mirror_failing", "mirror" => mirror())
        .set(f64::from(u8::from(status.error.is_some())));
    counter!("tidegauge_mirror_rows_total", "mirror" => mirror()).absolute(status.rows);
    counter!("tidegauge_mirror_failures_total", "mirror" => mirror())
        .absolute(status.failures_total);
    counter!("tidegauge_mirror_differed_total", "mirror" => mirror())
        .absolute(status.differed_total);
}

fn bucket(status: &BucketStatus) {
    if let Some(lake) = &status.lake {
        self::lake(lake, status);
    }
    if let Some(snapshots) = &status.snapshots {
        self::snapshots(snapshots, status);
    }
}

fn lake(status: &LakeStatus, bucket: &BucketStatus) {
    let mirror = || "s3";
    if let Some(blocks) = status.lag_blocks() {
        gauge!("tidegauge_mirror_lag_blocks", "mirror" => mirror()).set(blocks as f64);
    }
    if let Some(seconds) = status.lag_seconds() {
        gauge!("tidegauge_mirror_lag_seconds", "mirror" => mirror()).set(seconds as f64);
    }
    let failing = bucket.error.is_some() || status.error.is_some();
    gauge!("tidegauge_mirror_failing", "mirror" => mirror()).set(f64::from(u8::from(failing)));
    counter!("tidegauge_mirror_failures_total", "mirror" => mirror())
        .absolute(bucket.failures + status.failures_total);
    gauge!("tidegauge_lake_objects").set(status.objects as f64);
    gauge!("tidegauge_lake_rows").set(status.rows as f64);
    gauge!("tidegauge_lake_bytes").set(status.bytes as f64);
    counter!("tidegauge_lake_uploaded_bytes_total").absolute(status.uploaded_bytes);
}

fn snapshots(status: &SnapshotStatus, bucket: &BucketStatus) {
    if let Some(taken_at) = status.last_at {
        gauge!("tidegauge_snapshot_taken_at_seconds").set(taken_at as f64);
    }
    let last = status.last.as_ref();
    if let Some(first) = last.and_then(|report| report.places.first()) {
        for (which, bytes) in [("all", first.bytes), ("new", first.uploaded_bytes)] {
            gauge!("tidegauge_snapshot_bytes", "which" => which).set(bytes as f64);
        }
    }
    let failing = bucket.error.is_some() || status.error.is_some();
    gauge!("tidegauge_snapshot_failing").set(f64::from(u8::from(failing)));
    counter!("tidegauge_snapshot_failures_total").absolute(status.failures_total);
}

fn rpc(report: &EndpointReport) {
    let endpoint = || report.endpoint.clone();
    for asked in &report.questions {
        counter!("tidegauge_rpc_requests_total", "endpoint" => endpoint(), "method" => asked.method, "outcome" => asked.outcome)
            .absolute(asked.count);
    }
    for said in &report.contradictions {
        counter!("tidegauge_rpc_contradictions_total", "endpoint" => endpoint(), "kind" => said.kind)
            .absolute(said.count);
    }
    gauge!("tidegauge_rpc_health", "endpoint" => endpoint()).set(report.health);
    gauge!("tidegauge_rpc_in_flight", "endpoint" => endpoint()).set(report.in_flight as f64);
    counter!("tidegauge_rpc_compute_units_total", "endpoint" => endpoint())
        .absolute(report.billed_cu);
    counter!("tidegauge_rpc_hedges_total", "endpoint" => endpoint()).absolute(report.hedges);
    counter!("tidegauge_rpc_breaker_opens_total", "endpoint" => endpoint())
        .absolute(report.breaker_opens);
}
