//! Rules of what is kept elsewhere: mirrors and snapshots.

use super::declare::{Finding, Findings, Rule, quoted, rules};
use crate::facts::{Facts, MirrorFacts};
use tidegauge_model::UnixSeconds;

rules! {
    /// Something keeps the mirror in Postgres from going on.
    PostgresFailing = "postgres_failing", Warn after 120 s, well after 60 s,
    "The text says what Postgres said; nothing is lost, the mirror goes on from its position."
    {}

    /// Something keeps the lake in S3 from going on.
    S3Failing = "s3_failing", Warn after 120 s, well after 60 s,
    "The text says what S3 said; nothing is lost, the lake goes on from its manifest."
    {}

    /// A mirror is far behind the store.
    MirrorLag = "mirror_lag", Warn after 120 s, well after 60 s,
    "If the mirror does not fail it is slow: look at its rows a second in `tidegauge status`."
    {
        /// Seconds of the chain's time from which on it is far behind.
        seconds: u64 = 1_800,
    }

    /// The last snapshot is old.
    SnapshotOld = "snapshot_old", Warn after 0 s, well after 0 s,
    "Take one by `tidegauge snapshot`; its error says what is wrong."
    {
        /// Age from which on it is old, seconds.
        seconds: u64 = 10_800,
    }
}

const POSTGRES: &str = "postgres";
const S3: &str = "s3";

impl Rule for PostgresFailing {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        failing(POSTGRES, facts.postgres.as_ref())
    }
}

impl Rule for S3Failing {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        failing(S3, facts.s3.as_ref())
    }
}

fn failing(subject: &str, mirror: Option<&MirrorFacts>) -> Findings {
    let Some(mirror) = mirror else {
        return Findings::unknown();
    };
    let lag = mirror
        .lag_blocks
        .map_or(String::new(), |blocks| format!("; {blocks} blocks behind"));
    match &mirror.failure {
        Some(failure) => Findings::one(subject, true, format!("{}{lag}", quoted(failure))),
        None => Findings::one(subject, false, format!("it goes on{lag}")),
    }
}

impl Rule for MirrorLag {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let of = |subject: &str, mirror: &Option<MirrorFacts>| {
            let seconds = mirror.as_ref()?.lag_seconds?;
            let summary = format!(
                "{subject} is {seconds} s behind the store, limit {} s",
                self.seconds
            );
            Some(Finding::new(subject, seconds >= self.seconds, summary))
        };
        let mirrors = [of(POSTGRES, &facts.postgres), of(S3, &facts.s3)];
        Findings::several(mirrors.into_iter().flatten())
    }
}

impl Rule for SnapshotOld {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let Some(age) = facts.snapshot_age_seconds else {
            return Findings::unknown();
        };
        let limit = self.seconds;
        let summary = format!("the last verified snapshot is {age} s old, limit {limit} s");
        Findings::one("snapshots", age >= limit, summary)
    }
}
