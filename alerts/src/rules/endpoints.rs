//! Rules of endpoints and of what they say: success of questions, disputed evidence.

use super::declare::{Findings, Rule, rules};
use crate::facts::Facts;
use tidegauge_model::UnixSeconds;

rules! {
    /// Too few questions are answered.
    RpcSuccess = "rpc_success", Warn after 60 s, well after 300 s,
    "`tidegauge status` shows which endpoint fails by what; slow down, or add another."
    {
        /// Least share of questions that must be answered, percent.
        least_percent: f64 = 99.5,
        /// Fewer questions than these prove nothing.
        least_asked: u64 = 200,
    }

    /// Ranges whose events contradict each other.
    Disputed = "evidence_disputed", Warn after 600 s, well after 0 s,
    "`tidegauge verify --level receipts` settles it by what the chain itself commits to."
    {
        /// Ranges from which on it is told.
        ranges: u64 = 1,
    }
}

impl Rule for RpcSuccess {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let Some(rpc) = facts.rpc.filter(|rpc| rpc.asked >= self.least_asked) else {
            return Findings::unknown();
        };
        let percent = 100.0 * rpc.succeeded as f64;
        let is_bad = percent < self.least_percent * rpc.asked as f64;
        let summary = format!(
            "{:.2} % of {} questions of late were answered, limit {} %",
            percent / rpc.asked.max(1) as f64,
            rpc.asked,
            self.least_percent
        );
        Findings::one("rpc", is_bad, summary)
    }
}

impl Rule for Disputed {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let Some(ranges) = facts.disputed_ranges else {
            return Findings::unknown();
        };
        let summary = format!("{ranges} ranges have events that contradict each other");
        Findings::one("ranges", ranges >= self.ranges, summary)
    }
}
