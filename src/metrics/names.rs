//! Every metric, declared once.

use super::reading::Metric;
use tidegauge_cloud::Unit::{Bytes, Count, Ratio, Seconds};

const fn metric(name: &'static str, help: &'static str) -> Metric {
    Metric::new(name, help)
}

pub(super) static HEARTBEAT: Metric = metric(
    "tidegauge_heartbeat",
    "1 while the process is alive: its absence is what an outside alarm waits for",
)
.in_cloud(Count);
pub(super) static TIP_BLOCK: Metric =
    metric("tidegauge_tip_block", "Height of the store's last block");
pub(super) static HEAD_BLOCK: Metric = metric(
    "tidegauge_head_block",
    "Height of the chain's head, as last heard",
);
pub(super) static LAG_BLOCKS: Metric = metric(
    "tidegauge_lag_blocks",
    "Blocks between the head and the tip",
)
.in_cloud(Count);
pub(super) static LAG_SECONDS: Metric = metric(
    "tidegauge_lag_seconds",
    "How late the tip is, as the rules judge it",
)
.in_cloud(Seconds);
pub(super) static COMMIT_AGE: Metric = metric(
    "tidegauge_commit_age_seconds",
    "How long ago something was last committed",
)
.in_cloud(Seconds);
pub(super) static BLOCKS_SINCE_SWAP: Metric = metric(
    "tidegauge_blocks_since_swap",
    "Blocks up to the tip without any swap",
);
pub(super) static COVERED_BLOCKS: Metric = metric(
    "tidegauge_covered_blocks",
    "Blocks stored, by the evidence behind them",
);
pub(super) static DISPUTES: Metric = metric(
    "tidegauge_disputes",
    "Ranges whose events contradict each other, not proven yet",
);
pub(super) static SWAPS: Metric = metric("tidegauge_swaps_total", "Swaps stored");
pub(super) static REORGS: Metric = metric(
    "tidegauge_reorgs_total",
    "Branches of ours that the chain left, since the start",
);
pub(super) static REPAIRS: Metric = metric(
    "tidegauge_repairs_total",
    "Ranges fetched again and compared, since the start",
);
pub(super) static HEADS_ANNOUNCED: Metric = metric(
    "tidegauge_heads_announced",
    "1 while new blocks are announced, 0 while they are polled",
);
pub(super) static COMMIT_LATENCY: Metric = metric(
    "tidegauge_commit_latency_seconds",
    "From hearing of a block to its synced write",
);

pub(super) static DISK_FREE: Metric =
    metric("tidegauge_disk_free_bytes", "Free on the store's disk").in_cloud(Bytes);
pub(super) static DISK_FREE_RATIO: Metric = metric(
    "tidegauge_disk_free_ratio",
    "Free share of the store's disk, 0 to 1",
)
.in_cloud(Ratio);

pub(super) static MIRROR_LAG_BLOCKS: Metric = metric(
    "tidegauge_mirror_lag_blocks",
    "Blocks that the store has and the mirror has not",
);
pub(super) static MIRROR_LAG_SECONDS: Metric = metric(
    "tidegauge_mirror_lag_seconds",
    "The same in the chain's time",
)
.in_cloud(Seconds);
pub(super) static MIRROR_FAILING: Metric = metric(
    "tidegauge_mirror_failing",
    "1 while something keeps the mirror from going on",
)
.in_cloud(Ratio);
pub(super) static MIRROR_ROWS: Metric = metric(
    "tidegauge_mirror_rows_total",
    "Swaps written to the mirror, since the start",
);
pub(super) static MIRROR_FAILURES: Metric = metric(
    "tidegauge_mirror_failures_total",
    "Failures of the mirror, since the start",
);
pub(super) static MIRROR_DIFFERED: Metric = metric(
    "tidegauge_mirror_differed_total",
    "Blocks and days of the mirror that something else had changed, put right since the start",
);
pub(super) static LAKE_OBJECTS: Metric = metric(
    "tidegauge_lake_objects",
    "Objects that the newest manifest of the lake names",
);
pub(super) static LAKE_ROWS: Metric = metric("tidegauge_lake_rows", "Their rows");
pub(super) static LAKE_BYTES: Metric = metric("tidegauge_lake_bytes", "Their bytes");
pub(super) static LAKE_UPLOADED: Metric = metric(
    "tidegauge_lake_uploaded_bytes_total",
    "Bytes of the lake uploaded, since the start",
);
pub(super) static SNAPSHOT_TAKEN_AT: Metric = metric(
    "tidegauge_snapshot_taken_at_seconds",
    "When the last snapshot was verified, Unix seconds; none since the start, no line",
);
pub(super) static SNAPSHOT_AGE: Metric =
    metric("tidegauge_snapshot_age_seconds", "How long ago that was").in_cloud(Seconds);
pub(super) static SNAPSHOT_BYTES: Metric = metric(
    "tidegauge_snapshot_bytes",
    "Bytes of the last snapshot, and of those how many were new",
);
pub(super) static SNAPSHOT_FAILING: Metric = metric(
    "tidegauge_snapshot_failing",
    "1 while the last try of a snapshot failed",
);
pub(super) static SNAPSHOT_FAILURES: Metric = metric(
    "tidegauge_snapshot_failures_total",
    "Failures of snapshots, since the start",
);

pub(super) static DAILY_SUCCESS: Metric = metric(
    "tidegauge_daily_success_ratio",
    "Share of complete days among those of the last 30 whose job is due",
)
.in_cloud(Ratio);
pub(super) static DAILY_LAST_DAY: Metric = metric(
    "tidegauge_daily_last_day_seconds",
    "Midnight at which the last day began whose job has ended, Unix seconds",
);
pub(super) static DAY_COMPLETE: Metric = metric(
    "tidegauge_day_complete",
    "1 if that day is complete by its blocks and digests",
)
.in_cloud(Ratio);
pub(super) static DAILY_JOB: Metric = metric(
    "tidegauge_daily_job_seconds",
    "How long its job took, waiting included",
)
.in_cloud(Seconds);
pub(super) static DAILY_FEATURES: Metric = metric(
    "tidegauge_daily_features_seconds",
    "How long computing its rows again took",
);
pub(super) static MODEL_DRIFTING: Metric = metric(
    "tidegauge_model_drifting",
    "1 while a model's error of the last week is at least twice that of the four weeks before",
);

pub(super) static TROUBLES: Metric = metric(
    "tidegauge_troubles",
    "Troubles that were told and are not over, by severity",
)
.in_cloud(Count);
pub(super) static ALERTS_WAITING: Metric =
    metric("tidegauge_alerts_waiting", "Alerts on their way to a place").in_cloud(Count);
pub(super) static ALERTS_GIVEN_UP: Metric = metric(
    "tidegauge_alerts_given_up",
    "Alerts that a place did not take in a day",
);

pub(super) static RPC_SUCCESS: Metric = metric(
    "tidegauge_rpc_success_ratio",
    "Share of questions to endpoints that were answered, of the last quarter of an hour",
)
.in_cloud(Ratio);
pub(super) static RPC_REQUESTS: Metric = metric(
    "tidegauge_rpc_requests_total",
    "Questions, by method and outcome",
);
pub(super) static RPC_CONTRADICTIONS: Metric = metric(
    "tidegauge_rpc_contradictions_total",
    "Answers that evidence refuted",
);
pub(super) static RPC_HEALTH: Metric =
    metric("tidegauge_rpc_health", "Running share of successes, 0 to 1");
pub(super) static RPC_IN_FLIGHT: Metric = metric(
    "tidegauge_rpc_in_flight",
    "Questions that wait for their answers",
);
pub(super) static RPC_COMPUTE_UNITS: Metric = metric(
    "tidegauge_rpc_compute_units_total",
    "Compute units that the questions cost",
);
pub(super) static RPC_HEDGES: Metric = metric(
    "tidegauge_rpc_hedges_total",
    "Questions asked a second time since the first took long",
);
pub(super) static RPC_BREAKER_OPENS: Metric = metric(
    "tidegauge_rpc_breaker_opens_total",
    "How often an endpoint was left alone for a while",
);

pub(super) static HTTP_REQUESTS: Metric = metric(
    "tidegauge_http_requests_total",
    "Requests answered, by route and status",
);
pub(super) static HTTP_TIME: Metric = metric(
    "tidegauge_http_answer_milliseconds_total",
    "Time until their answers began",
);
