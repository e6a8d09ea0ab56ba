//! Rules of the machine and of the way that alerts go: disk, sinks.

use super::declare::{Finding, Findings, Rule, rules};
use crate::facts::{DiskFacts, Facts};
use tidegauge_model::UnixSeconds;

rules! {
    /// The disk will be full before long.
    DiskLow = "disk_low", Warn after 60 s, well after 300 s,
    "Make room or a larger disk; the store grows by what `tidegauge plan` says."
    {
        /// MiB free below which it is low.
        least_free_mib: u64 = 10_240,
        /// Free share below which it is low, percent.
        least_free_percent: f64 = 10.0,
    }

    /// The disk is about to stop the collection.
    DiskCritical = "disk_critical", Page after 0 s, well after 60 s,
    "Make room now: collection stops at storage.min_free_mib, and nothing is lost by that."
    {
        /// MiB free below which it is critical.
        least_free_mib: u64 = 2_048,
        /// Free share below which it is critical, percent.
        least_free_percent: f64 = 1.0,
    }

    /// Alerts do not reach a sink, or were given up.
    SinkFailing = "sink_failing", Page after 0 s, well after 60 s,
    "Other sinks still work; what waits is sent when this one answers again."
    {
        /// Age of the oldest alert that waits from which on it is told, seconds.
        seconds: u64 = 300,
    }
}

impl Rule for DiskLow {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        disk(facts.disk, self.least_free_mib, self.least_free_percent)
    }
}

impl Rule for DiskCritical {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        disk(facts.disk, self.least_free_mib, self.least_free_percent)
    }
}

fn disk(disk: Option<DiskFacts>, least_mib: u64, least_percent: f64) -> Findings {
    let Some(disk) = disk.filter(|disk| disk.total_bytes > 0) else {
        return Findings::unknown();
    };
    let (free, total) = (disk.free_bytes as f64, disk.total_bytes as f64);
    let few = disk.free_bytes < least_mib.saturating_mul(1 << 20);
    let summary = format!(
        "{} MiB are free, {:.1} %; limits {least_mib} MiB and {least_percent} %",
        disk.free_bytes >> 20,
        100.0 * free / total
    );
    Findings::one("disk", few || 100.0 * free < least_percent * total, summary)
}

impl Rule for SinkFailing {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let Some(sinks) = &facts.sinks else {
            return Findings::unknown();
        };
        Findings::all(sinks.iter().map(|sink| {
            let is_late = sink.waiting > 0 && sink.oldest_seconds >= self.seconds;
            let summary = format!(
                "{} alerts wait for it, the oldest for {} s (limit {} s); {} were given up",
                sink.waiting, sink.oldest_seconds, self.seconds, sink.given_up
            );
            Finding::new(&sink.name, is_late || sink.given_up > 0, summary)
        }))
    }
}
