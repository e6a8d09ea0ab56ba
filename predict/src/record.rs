//! What any model's forecasts of one target were off by, so that its next ones can say how sure they
//! are, as those of the program's own do.

use crate::aim::Target;
use crate::conformal::{Basis, Claim, Counts};
use crate::forecast::Interval;
use crate::outcome::is_hit;

/// The record of a model at a target.
#[derive(Clone, Debug)]
pub struct Record {
    target: Target,
    counts: Counts,
}

impl Record {
    /// Of a model that was never tried.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            counts: Counts::default(),
        }
    }

    /// A forecast and what came, in the target's unit.
    pub fn add(&mut self, forecast: f64, outcome: f64) {
        let residual = self.target.on_scale(outcome) - self.target.on_scale(forecast);
        self.counts.push(residual, is_hit(forecast, outcome));
    }

    /// What the record says of a forecast to come: the 80 % interval, where both of its ends are
    /// known, and the probability that the outcome lies within ± 25 %. `None` below 100 outcomes.
    pub fn says(&self) -> Option<impl Fn(f64) -> (Option<Interval>, f64)> {
        let target = self.target;
        self.counts.suffice().then(|| {
            let claim: Claim = self.counts.claim(Basis::All);
            move |value| (Interval::around(value, target, claim), claim.confidence)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_gives_the_interval_that_it_would_have_kept() {
        let target = Target::of_column("target_volume_usd_3d").unwrap();
        let mut record = Record::new(target);
        for k in 0..99 {
            record.add(100.0, 100.0 + f64::from(k) / 2.0);
        }
        assert!(record.says().is_none());
        record.add(100.0, 149.5);
        let says = record.says().unwrap();
        let (interval, confidence) = says(100.0);
        let Interval { low, high } = interval.unwrap();
        // Ranks 10 and 91 of 100.5 to 149.5 by halves, rounded outward by at most a bin: 0.4 %.
        assert!(low > 103.9 && low <= 104.5, "{low}");
        assert!((145.0..145.7).contains(&high), "{high}");
        // 100 to 125 by halves are 51 hits.
        assert_eq!(confidence, 52.0 / 102.0);
        let (twice, _) = says(200.0);
        assert!((twice.unwrap().high / high - 201.0 / 101.0).abs() < 0.01);
    }
}
