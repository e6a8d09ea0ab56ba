//! The rules: what is watched, from which numbers on, how bad it is, and what to do about it.
//!
//! A rule is a pure function of the facts. What it does not know it says nothing of; how long
//! something must last before it is told is the book's business.

mod chain;
mod declare;
mod endpoints;
mod machine;
mod mirrors;
mod numbers;

pub use chain::{DeepReorg, EndpointDown, Lag, LagSevere, NoSwaps, Standstill};
pub(crate) use declare::{Finding, Findings, Rule, Watch};
pub use endpoints::{Disputed, RpcSuccess};
pub use machine::{DiskCritical, DiskLow, SinkFailing};
pub use mirrors::{MirrorLag, PostgresFailing, S3Failing, SnapshotOld};
pub use numbers::{DayMissing, Derived, FeatureErrors, ModelDrift, UnusualVolume};

use crate::error::AlertsError;
use serde::{Deserialize, Serialize};

/// Longest time that a rule may wait, or that may lie between reminders, seconds: 30 days.
const MOST_SECONDS: u64 = 30 * 86_400;

/// Declares the rules once: fields of [`Rules`], and the list of them.
macro_rules! book_of_rules {
    ($($(#[$doc:meta])* $field:ident: $rule:ident),* $(,)?) => {
        /// All rules with their settings.
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Rules {
            /// Seconds after which what is still wrong is told again.
            pub remind_after_s: u64,
            $($(#[$doc])* pub $field: $rule,)*
        }

        impl Default for Rules {
            fn default() -> Self {
                Self { remind_after_s: 86_400, $($field: $rule::default(),)* }
            }
        }

        impl Rules {
            /// All of them, in the order in which they are judged.
            pub(crate) fn all(&self) -> impl Iterator<Item = &dyn Rule> {
                [$(&self.$field as &dyn Rule),*].into_iter()
            }
        }
    };
}

book_of_rules! {
    /// The tip is late.
    lag: Lag,
    /// The tip is very late.
    lag_severe: LagSevere,
    /// Nothing is committed.
    standstill: Standstill,
    /// The endpoint does not answer as it should.
    endpoint_down: EndpointDown,
    /// No swap in many blocks.
    no_swaps: NoSwaps,
    /// The chain left a long branch of ours.
    deep_reorg: DeepReorg,
    /// Too few questions are answered.
    rpc_success: RpcSuccess,
    /// Ranges whose events contradict each other.
    evidence_disputed: Disputed,
    /// The mirror in Postgres fails.
    postgres_failing: PostgresFailing,
    /// The lake in S3 fails.
    s3_failing: S3Failing,
    /// A mirror is far behind.
    mirror_lag: MirrorLag,
    /// The last snapshot is old.
    snapshot_old: SnapshotOld,
    /// A day is missing.
    day_missing: DayMissing,
    /// Features could not be computed.
    feature_errors: FeatureErrors,
    /// The hour's volume is unusual.
    unusual_volume: UnusualVolume,
    /// A model is far worse than it was.
    model_drift: ModelDrift,
    /// What is derived is not in force.
    derived_behind: Derived,
    /// The disk is getting full.
    disk_low: DiskLow,
    /// The disk is nearly full.
    disk_critical: DiskCritical,
    /// Alerts do not reach a sink.
    sink_failing: SinkFailing,
}

impl Rules {
    /// The names of all rules: those of their settings and of their headlines in the runbook.
    pub fn names(&self) -> Vec<&'static str> {
        self.all().map(|rule| rule.name()).collect()
    }

    /// Whether the settings can be meant.
    ///
    /// # Errors
    /// [`AlertsError::Settings`] names the key that cannot.
    pub fn check(&self) -> Result<(), AlertsError> {
        let refuse = |key: &str, why: &str| Err(AlertsError::Settings(format!("{key} {why}")));
        let percents = [
            ("rpc_success.least_percent", self.rpc_success.least_percent),
            (
                "disk_low.least_free_percent",
                self.disk_low.least_free_percent,
            ),
            (
                "disk_critical.least_free_percent",
                self.disk_critical.least_free_percent,
            ),
        ];
        for (key, percent) in percents {
            if !(0.0..=100.0).contains(&percent) {
                return refuse(key, "must be 0 to 100");
            }
        }
        let z_score = self.unusual_volume.z_score;
        if !(z_score.is_finite() && z_score > 0.0) {
            return refuse("unusual_volume.z_score", "must be greater than 0");
        }
        let factor = self.model_drift.factor;
        if !(factor.is_finite() && factor > 1.0) {
            return refuse("model_drift.factor", "must be greater than 1");
        }
        if !(60..=MOST_SECONDS).contains(&self.remind_after_s) {
            return refuse("remind_after_s", "must be a minute to 30 days");
        }
        for rule in self.all() {
            let watch = rule.watch();
            if watch.fire_after_s.max(watch.recover_after_s) > MOST_SECONDS {
                return refuse(rule.name(), "waits for more than 30 days");
            }
        }
        Ok(())
    }
}
