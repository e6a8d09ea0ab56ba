//! Rules of following the chain: lag, standstill, silence, reorganisations.

use super::declare::{Findings, Rule, quoted, rules};
use crate::facts::{Facts, Stage};
use tidegauge_model::UnixSeconds;

rules! {
    /// The tip is late. Not judged while history is collected.
    Lag = "lag", Warn after 60 s, well after 60 s,
    "Look at the endpoints in `tidegauge status`: a slow or lagging one is the usual cause."
    {
        /// Seconds behind the chain from which on the tip is late.
        seconds: u64 = 300,
    }

    /// The tip is so late that answers are of little use.
    LagSevere = "lag_severe", Page after 60 s, well after 60 s,
    "Look at the endpoints in `tidegauge status`; add another endpoint to chain.rpc_urls."
    {
        /// Seconds behind the chain from which on the tip is very late.
        seconds: u64 = 900,
    }

    /// Nothing was committed for long, whatever the stage.
    Standstill = "standstill", Page after 0 s, well after 60 s,
    "The stage says where it stands; the log says why. A restart loses nothing."
    {
        /// Seconds without a commit from which on it stands still.
        seconds: u64 = 900,
    }

    /// The endpoint does not answer as it should.
    EndpointDown = "endpoint_down", Warn after 180 s, well after 60 s,
    "Try the endpoint with `tidegauge doctor`; add another endpoint to chain.rpc_urls."
    {}

    /// No swap in many blocks: a fault of the data until shown otherwise.
    NoSwaps = "no_swaps", Page after 0 s, well after 60 s,
    "Ask another endpoint for the same blocks: `tidegauge verify --level receipts` over them."
    {
        /// Blocks without a swap from which on it is strange.
        blocks: u64 = 50,
    }

    /// The chain left a long branch of ours.
    DeepReorg = "deep_reorg", Warn after 0 s, well after 60 s,
    "Compare the tip with a block explorer; mirrors are put right by themselves."
    {
        /// Blocks of a branch from which on it is long.
        blocks: u64 = 8,
    }
}

const TIP: &str = "tip";

impl Rule for Lag {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        lag(facts, self.seconds)
    }
}

impl Rule for LagSevere {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        lag(facts, self.seconds)
    }
}

fn lag(facts: &Facts, most_seconds: u64) -> Findings {
    let (Some(stage), Some(seconds)) = (&facts.stage, facts.lag_seconds) else {
        return Findings::unknown();
    };
    if !matches!(stage, Stage::Following | Stage::Waiting { .. }) {
        return Findings::unknown();
    }
    let blocks = match (facts.head, facts.tip) {
        (Some(head), Some(tip)) => {
            let behind = head.0.saturating_sub(tip.0);
            format!(" and {behind} blocks (tip {tip}, head {head})")
        }
        _ => String::new(),
    };
    let summary = format!("the tip is {seconds} s{blocks} behind, limit {most_seconds} s; {stage}");
    Findings::one(TIP, seconds >= most_seconds, summary)
}

impl Rule for Standstill {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let (Some(stage), Some(age)) = (&facts.stage, facts.commit_age_seconds) else {
            return Findings::unknown();
        };
        let limit = self.seconds;
        let summary = format!("the last commit was {age} s ago, limit {limit} s; {stage}");
        Findings::one("commits", age >= limit, summary)
    }
}

impl Rule for EndpointDown {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        match &facts.stage {
            None | Some(Stage::Connecting | Stage::Stopping) => Findings::unknown(),
            Some(Stage::Waiting { reason }) => {
                let summary = format!("collection waits: {}", quoted(reason));
                Findings::one("endpoint", true, summary)
            }
            Some(stage) => Findings::one("endpoint", false, format!("it answers; {stage}")),
        }
    }
}

impl Rule for NoSwaps {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let Some(blocks) = facts.blocks_since_swap else {
            return Findings::unknown();
        };
        let at = facts
            .tip
            .map_or(String::new(), |tip| format!(" up to {tip}"));
        let summary = format!("{blocks} blocks{at} without a swap, limit {}", self.blocks);
        Findings::one("swaps", blocks >= self.blocks, summary)
    }
}

impl Rule for DeepReorg {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let Some(blocks) = facts.deepest_reorg_blocks else {
            return Findings::unknown();
        };
        let summary = format!(
            "the longest branch of late that the chain left was {blocks} blocks, limit {}",
            self.blocks
        );
        Findings::one(TIP, blocks >= self.blocks, summary)
    }
}
