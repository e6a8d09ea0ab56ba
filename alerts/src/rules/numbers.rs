//! Rules of what is computed: days, features, volume, what is derived.

use super::declare::{Finding, Findings, Rule, quoted, rules};
use crate::facts::{DerivedFacts, Facts};
use tidegauge_model::UnixSeconds;

rules! {
    /// A day is not complete some time after its job was due.
    DayMissing = "day_missing", Page after 0 s, well after 0 s,
    "`tidegauge status` says what is missing; `tidegauge daily --date DAY` does the job again."
    {
        /// Seconds after the job was due from which on the day is missed.
        grace_s: u64 = 1_800,
    }

    /// Rows of days are not what they are computed from.
    FeatureErrors = "feature_errors", Warn after 0 s, well after 600 s,
    "The log names pool, day and cause; `tidegauge doctor --store` checks what is stored."
    {
        /// Days of the last ten from which on it is told.
        errors: u64 = 1,
    }

    /// The last hour's volume is far from the same hour of earlier weeks.
    UnusualVolume = "unusual_volume", Info after 0 s, well after 0 s,
    "Markets do this; if prices did not move, compare the hour with another source."
    {
        /// Robust z-score, up or down, from which on it is unusual.
        z_score: f64 = 5.0,
        /// Earlier weeks that must be known.
        least_weeks: u32 = 4,
    }

    /// A model's forecasts are far worse than they were.
    ModelDrift = "model_drift", Warn after 0 s, well after 0 s,
    "`tidegauge models` shows its scores; fit it again, or do not rely on it for now."
    {
        /// How many times as great as before its error must be.
        factor: f64 = 2.0,
    }

    /// What is derived is not in force, since it is computed anew or cannot be.
    Derived = "derived_behind", Warn after 7200 s, well after 0 s,
    "A rebuild goes on by itself after a restart; if it fails, the text says at what."
    {}
}

impl Rule for DayMissing {
    fn judge(&self, facts: &Facts, now: UnixSeconds) -> Findings {
        let Some(days) = &facts.days else {
            return Findings::unknown();
        };
        // A day that is owed and not known to be complete must be named, lest it count as well.
        let mut findings = Findings::all(days.iter().filter_map(|day| {
            let late = now.0.saturating_sub(day.due_at.0);
            let is_bad = !day.complete? && now >= day.due_at && late >= self.grace_s;
            let what = match day.complete? {
                true => "complete".to_owned(),
                false => format!("not complete {late} s after its job was due"),
            };
            let summary = format!("{} is {what}, limit {} s", day.day, self.grace_s);
            Some(Finding::new(&day.day.to_string(), is_bad, summary))
        }));
        findings.rest_is_well = days.iter().all(|day| day.complete.is_some());
        findings
    }
}

impl Rule for FeatureErrors {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let Some(errors) = facts.feature_errors else {
            return Findings::unknown();
        };
        let summary =
            format!("rows of {errors} of the last days are not what they are computed from");
        Findings::one("features", errors >= self.errors, summary)
    }
}

impl Rule for UnusualVolume {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let enough = |weeks: u32| weeks >= self.least_weeks;
        let Some(volume) = facts.volume.filter(|volume| enough(volume.usual.count())) else {
            return Findings::unknown();
        };
        let z_score = volume.usual.z_score(volume.usd);
        if !z_score.is_finite() {
            return Findings::unknown();
        }
        let summary = format!(
            "{:.0} USD in the hour {}, {:.0} are usual in {} weeks: z-score {z_score:.1}, limit {}",
            volume.usd,
            volume.hour,
            volume.usual.median(),
            volume.usual.count(),
            self.z_score
        );
        Findings::one("volume", z_score.abs() >= self.z_score, summary)
    }
}

impl Rule for ModelDrift {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let Some(models) = &facts.models else {
            return Findings::unknown();
        };
        Findings::all(models.iter().filter_map(|model| {
            let factor = model.recent_error / model.before_error;
            let summary = format!(
                "its error is {factor:.1} times that of the weeks before ({:.3} and {:.3}), limit {}",
                model.recent_error, model.before_error, self.factor
            );
            factor
                .is_finite()
                .then(|| Finding::new(&model.name, factor >= self.factor, summary))
        }))
    }
}

impl Rule for Derived {
    fn judge(&self, facts: &Facts, _now: UnixSeconds) -> Findings {
        let (is_bad, summary) = match &facts.derived {
            None => return Findings::unknown(),
            Some(DerivedFacts::Current) => (false, "it reaches the tip".to_owned()),
            Some(DerivedFacts::Rebuilding {
                done_blocks,
                total_blocks,
            }) => (
                true,
                format!("computed anew: {done_blocks} of {total_blocks} blocks"),
            ),
            Some(DerivedFacts::Failed { reason }) => {
                (true, format!("it cannot be computed: {}", quoted(reason)))
            }
        };
        Findings::one("derived", is_bad, summary)
    }
}
