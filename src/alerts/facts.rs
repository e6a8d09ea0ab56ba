//! What the program knows of itself, gathered for the rules.

use super::volume::Volumes;
use crate::collect::{BucketStatus, Stage as Collecting};
use crate::daily::JobsReport;
use crate::error::Error;
use crate::sources::Sources;
use std::collections::BTreeMap;
use tidegauge_alerts::{
    DayFacts, DerivedFacts, DiskFacts, Facts, MirrorFacts, ModelFacts, RecentGreatest,
    RecentTotals, RpcFacts, SinkFacts, Stage,
};
use tidegauge_model::{BlockNumber, UnixSeconds};
use tidegauge_storage::View;

/// Over how long questions to endpoints are counted.
const RPC_SPAN_S: u64 = 15 * 60;
/// How long a branch that was left is spoken of.
const REORG_SPAN_S: u64 = 3_600;
/// Blocks looked back over for a swap.
const SWAP_BLOCKS: usize = 512;
/// A tip that is older than that when it is reached belongs to a chain with a clock of its own.
const OWN_CLOCK_S: u64 = 86_400;

/// What of earlier looks the next one needs.
pub(super) struct Gatherer {
    asked: RecentTotals<2>,
    reorgs: RecentGreatest,
    reorgs_seen: u64,
    /// The last step that was seen, and when.
    step: Option<(u64, UnixSeconds)>,
    /// Whether the chain's clock is not ours; not known before its tip is reached.
    own_clock: Option<bool>,
    volumes: Volumes,
}

impl Default for Gatherer {
    fn default() -> Self {
        Self {
            asked: RecentTotals::new(RPC_SPAN_S),
            reorgs: RecentGreatest::new(REORG_SPAN_S),
            reorgs_seen: 0,
            step: None,
            own_clock: None,
            volumes: Volumes::default(),
        }
    }
}

impl Gatherer {
    /// All that is known at a moment; what cannot be read is not known, and the log says so.
    pub(super) fn gather(&mut self, sources: &Sources, now: UnixSeconds) -> Result<Facts, Error> {
        let view = sources.reader.view()?;
        let live = &sources.live;
        let stage = live.stage();
        let tip = view.tip()?;
        let tip_number = tip.map(|tip| tip.block.number);
        let commit_age = self.commit_age(*live.steps().borrow(), now);
        let tail = live.tail();
        if tail.reorgs > self.reorgs_seen {
            self.reorgs_seen = tail.reorgs;
            self.reorgs.happened(tail.deepest_reorg, now);
        }
        let age = tip
            .and_then(|tip| tip.timestamp)
            .map(|at| now.0.saturating_sub(at.0));
        let bucket = live.bucket(tip);
        let snapshots = bucket.snapshots.as_ref();
        let jobs = known(JobsReport::read(&view, sources.daily_at, now));
        let facts = Facts {
            // Where nothing is to be collected, nothing waits.
            stage: (!sources.offline).then(|| stage_of(stage, live.last_error())),
            head: live.head(),
            tip: tip_number,
            lag_seconds: self.lag(stage, age, commit_age),
            commit_age_seconds: (!sources.offline).then_some(commit_age),
            blocks_since_swap: match stage {
                Collecting::Following => known(since_swap(&view, tip_number)).flatten(),
                _ => None,
            },
            rpc: self.rpc(sources, now),
            deepest_reorg_blocks: Some(self.reorgs.greatest(now)),
            disk: disk(sources),
            postgres: live.postgres(tip).map(|status| MirrorFacts {
                failure: status.error.as_ref().map(ToString::to_string),
                lag_blocks: status.lag_blocks(),
                lag_seconds: status.lag_seconds(),
            }),
            s3: s3(&bucket),
            snapshot_age_seconds: snapshots
                .and_then(|status| status.last_at)
                .map(|at| now.0.saturating_sub(at)),
            disputed_ranges: known(disputes(&view)),
            feature_errors: jobs.as_ref().map(wrong_days),
            days: jobs.as_ref().map(days),
            models: known(models(&view)),
            // Of history every look would read another hour.
            volume: match stage {
                Collecting::Following => known(self.volumes.last_hour(&view)).flatten(),
                _ => None,
            },
            derived: Some(derived(&view)),
            sinks: known(waiting(&view, sources, now)),
        };
        Ok(facts)
    }

    fn commit_age(&mut self, step: u64, now: UnixSeconds) -> u64 {
        match self.step {
            Some((seen, at)) if seen == step => now.0.saturating_sub(at.0),
            _ => {
                self.step = Some((step, now));
                0
            }
        }
    }

    /// How late the tip is. A simulated or replayed chain has a clock of its own: there only that
    /// nothing is committed can be told.
    fn lag(&mut self, stage: Collecting, age: Option<u64>, commit_age: u64) -> Option<u64> {
        let age = age?;
        if age <= OWN_CLOCK_S {
            self.own_clock = Some(false);
        } else if stage == Collecting::Following {
            self.own_clock.get_or_insert(true);
        }
        match self.own_clock? {
            true => Some(commit_age),
            false => Some(age),
        }
    }

    fn rpc(&mut self, sources: &Sources, now: UnixSeconds) -> Option<RpcFacts> {
        let chain = sources.endpoints.get()?;
        let (mut asked, mut succeeded) = (0, 0);
        let reports = chain.report();
        for question in reports.iter().flat_map(|endpoint| &endpoint.questions) {
            match question.outcome {
                "answered" => {
                    asked += question.count;
                    succeeded += question.count;
                }
                // Another endpoint was quicker.
                "abandoned" => {}
                _ => asked += question.count,
            }
        }
        let [asked, succeeded] = self.asked.read([asked, succeeded], now);
        Some(RpcFacts { asked, succeeded })
    }
}

/// What was read; rules say nothing of what was not.
fn known<T>(read: Result<T, Error>) -> Option<T> {
    read.inspect_err(|error| tracing::warn!("not known, and so not judged: {error}"))
        .ok()
}

fn disputes(view: &View<'_>) -> Result<u64, Error> {
    let mut count = 0;
    for dispute in view.disputes()? {
        dispute?;
        count += 1;
    }
    Ok(count)
}

/// Lake and snapshots: whatever of them fails.
fn s3(bucket: &BucketStatus) -> Option<MirrorFacts> {
    let (lake, snapshots) = (bucket.lake.as_ref(), bucket.snapshots.as_ref());
    if lake.is_none() && snapshots.is_none() {
        return None;
    }
    let failure = bucket.error.clone();
    let failure = failure.or_else(|| lake?.error.clone());
    Some(MirrorFacts {
        failure: failure.or_else(|| snapshots?.error.clone()),
        lag_blocks: lake.and_then(|lake| lake.lag_blocks()),
        lag_seconds: lake.and_then(|lake| lake.lag_seconds()),
    })
}

fn stage_of(stage: Collecting, error: Option<String>) -> Stage {
    match stage {
        Collecting::Connecting => Stage::Connecting,
        Collecting::Backfilling => Stage::Backfilling,
        Collecting::Following => Stage::Following,
        Collecting::Waiting => Stage::Waiting {
            reason: error.unwrap_or_default(),
        },
        Collecting::Stopping => Stage::Stopping,
    }
}

/// Blocks from the last one with a swap to the tip; `None` if none is found near it.
fn since_swap(view: &View<'_>, tip: Option<BlockNumber>) -> Result<Option<u64>, Error> {
    let Some(tip) = tip else { return Ok(None) };
    let mut last = None;
    for block in view.blocks_backwards()?.take(SWAP_BLOCKS) {
        let (number, record) = block?;
        last = Some(number);
        if record.pools.iter().any(|pool| pool.swaps > 0) {
            break;
        }
    }
    Ok(last.map(|last| tip.0.saturating_sub(last.0)))
}

fn disk(sources: &Sources) -> Option<DiskFacts> {
    let stat = rustix::fs::statvfs(&sources.store).ok()?;
    Some(DiskFacts {
        free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
        total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
    })
}

/// The days whose jobs are known. A day that is made good after an absence has as much time as any:
/// what is told is a job that does not get done.
fn days(report: &JobsReport) -> Vec<DayFacts> {
    let jobs = report.jobs.iter().map(|job| DayFacts {
        day: job.day,
        due_at: job.due_at.max(job.begun_at),
        complete: job.complete.or((job.ended_at.is_none()).then_some(false)),
    });
    jobs.collect()
}

/// Days whose rows are not what they are computed from. (A row that cannot be computed at all ends
/// the process, and the next one says so at once.)
fn wrong_days(report: &JobsReport) -> u64 {
    let wrong = report.jobs.iter().filter(|job| job.has_wrong_features());
    wrong.count() as u64
}

/// Errors of forecasts, of this week and of the weeks before.
fn models(view: &View<'_>) -> Result<Vec<ModelFacts>, Error> {
    let board = view.score_board()?;
    let drifts = board.map_or_else(Vec::new, |board| board.drifts);
    let facts = drifts.into_iter().map(|drift| ModelFacts {
        name: format!("{} on {}", drift.model, drift.target.name()),
        recent_error: drift.recent_mae,
        before_error: drift.before_mae,
    });
    Ok(facts.collect())
}

fn derived(view: &View<'_>) -> DerivedFacts {
    match (view.is_rebuilding(), view.start(), view.derived_to()) {
        (true, Some(start), to) => DerivedFacts::Rebuilding {
            done_blocks: to.map_or(0, |to| to.0.saturating_sub(start.0)),
            total_blocks: view
                .finalized()
                .map_or(0, |last| last.0.saturating_sub(start.0)),
        },
        _ => DerivedFacts::Current,
    }
}

/// What waits for each place that is configured.
fn waiting(view: &View<'_>, sources: &Sources, now: UnixSeconds) -> Result<Vec<SinkFacts>, Error> {
    let new = |name: &String| SinkFacts {
        name: name.clone(),
        waiting: 0,
        oldest_seconds: 0,
        given_up: 0,
    };
    let mut sinks: BTreeMap<_, _> = sources.sinks.iter().map(|s| (s.clone(), new(s))).collect();
    for spooled in view.spooled_alerts()? {
        let spooled = spooled?;
        let Some(sink) = sinks.get_mut(&spooled.sink) else {
            continue;
        };
        if spooled.given_up {
            sink.given_up += 1;
        } else {
            let age = now.0.saturating_sub(spooled.since.0);
            sink.waiting += 1;
            sink.oldest_seconds = sink.oldest_seconds.max(age);
        }
    }
    Ok(sinks.into_values().collect())
}
