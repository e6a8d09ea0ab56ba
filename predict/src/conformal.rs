//! Intervals and confidence from what forecasts like these were off by in the last four weeks.
//!
//! Split conformal prediction (Lei et al., "Distribution-Free Predictive Inference for Regression",
//! 2018) with a rank at either end, since errors are not symmetric. Residuals live on a grid, and
//! quantiles are rounded outward on it: a residual that leaves the window is taken from its bin
//! again, and no float is ever subtracted from a sum.

use crate::aim::Target;
use crate::group::Group;
use crate::model::Model;
use crate::observed::Class;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tidegauge_model::Day;

/// Days of matured residuals that count.
pub(crate) const WINDOW_DAYS: u32 = 28;

/// Fewest residuals that say anything.
pub const LEAST_RESIDUALS: u32 = 100;

/// Bins of the grid in one unit of the natural logarithm: 0.4 % of a value each.
const BINS_PER_UNIT: f64 = 256.0;

/// The grid ends at ± 8: a factor of 3,000. What lies beyond is in the outermost bins.
const HALF_BINS: i16 = 2_048;
const BINS: usize = 2 * HALF_BINS as usize;

/// Cells of residuals: model, target, group.
pub(crate) const CELLS: usize = Model::ALL.len() * Target::ALL.len() * Group::COUNT;

/// Whose residuals an interval rests on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Basis {
    /// Those of the pool's class and fifth by volume.
    Group,
    /// Those of its class, since its group has too few.
    Class,
    /// Those of all pools, since its class has too few.
    All,
}

/// What residuals say of a forecast to come.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// Added to the forecast's logarithm: the 80 % interval. `None` beyond the grid's end.
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    /// The same as factors: e to the power of each.
    pub(crate) factors: [Option<f64>; 2],
    /// Probability that the outcome is within ± 25 % of the forecast.
    pub(crate) confidence: f64,
    pub(crate) basis: Basis,
}

/// What a cell gained on a day.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct DayCell {
    bins: Vec<i16>,
    hits: u32,
}

/// What a day's matured forecasts were off by.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct DayResiduals {
    day: Day,
    cells: Vec<DayCell>,
}

/// Counts of a cell, or of several.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Counts {
    residuals: u32,
    hits: u32,
    bins: Vec<u32>,
}

/// The residuals of the window.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Residuals {
    days: VecDeque<DayResiduals>,
    /// The days' counts together; made again after reading.
    #[serde(skip)]
    counts: Vec<Counts>,
}

/// The place of a cell.
pub(crate) fn cell(model: Model, target: Target, group: Group) -> usize {
    first_cell(model, target) + group.index()
}

fn first_cell(model: Model, target: Target) -> usize {
    (model as usize * Target::ALL.len() + target.index()) * Group::COUNT
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            residuals: 0,
            hits: 0,
            bins: vec![0; BINS],
        }
    }
}

impl Counts {
    /// A residual more: outcome less forecast, as logarithms, and whether it came within 25 %.
    pub(crate) fn push(&mut self, residual: f64, hit: bool) {
        self.bins[place(bin_of(residual))] += 1;
        self.residuals += 1;
        self.hits += u32::from(hit);
    }

    /// Whether there are enough to say anything.
    pub(crate) fn suffice(&self) -> bool {
        self.residuals >= LEAST_RESIDUALS
    }

    fn add(&mut self, day: &DayCell) {
        for bin in &day.bins {
            self.bins[place(*bin)] += 1;
        }
        self.residuals += day.bins.len() as u32;
        self.hits += day.hits;
    }

    fn take(&mut self, day: &DayCell) {
        for bin in &day.bins {
            self.bins[place(*bin)] -= 1;
        }
        self.residuals -= day.bins.len() as u32;
        self.hits -= day.hits;
    }

    fn merge(&mut self, other: &Self) {
        for (sum, more) in self.bins.iter_mut().zip(&other.bins) {
            *sum += more;
        }
        self.residuals += other.residuals;
        self.hits += other.hits;
    }

    /// The bin of the residual with this rank; 1 is the least residual.
    fn ranked(&self, rank: u32) -> i16 {
        let mut below = 0;
        for (bin, count) in (-HALF_BINS..HALF_BINS).zip(&self.bins) {
            below += count;
            if below >= rank {
                return bin;
            }
        }
        HALF_BINS - 1
    }

    /// With n residuals the ranks floor((n + 1)/10) and ceil(9(n + 1)/10): either end misses at
    /// most one in ten if residuals are exchangeable.
    pub(crate) fn claim(&self, basis: Basis) -> Claim {
        let n = self.residuals;
        let low = self.ranked((n + 1) / 10);
        let high = self.ranked((9 * (n + 1)).div_ceil(10));
        let edge = |bin: i16| f64::from(bin) / BINS_PER_UNIT;
        let low = (low > -HALF_BINS).then(|| edge(low));
        let high = (high < HALF_BINS - 1).then(|| edge(high + 1));
        Claim {
            low,
            high,
            factors: [low, high].map(|log| log.map(libm::exp)),
            confidence: (f64::from(self.hits) + 1.0) / (f64::from(n) + 2.0),
            basis,
        }
    }
}

fn bin_of(residual: f64) -> i16 {
    let half = f64::from(HALF_BINS);
    (residual * BINS_PER_UNIT).floor().clamp(-half, half - 1.0) as i16
}

fn place(bin: i16) -> usize {
    usize::from((bin.clamp(-HALF_BINS, HALF_BINS - 1) + HALF_BINS).unsigned_abs())
}

impl Residuals {
    pub(crate) fn new() -> Self {
        Self {
            days: VecDeque::new(),
            counts: vec![Counts::default(); CELLS],
        }
    }

    /// A day on which forecasts may mature; those of days beyond the window are forgotten.
    pub(crate) fn begin(&mut self, day: Day) {
        let oldest = day.minus_days(WINDOW_DAYS - 1);
        while let Some(left) = self.days.pop_front_if(|left| left.day < oldest) {
            for (counts, cell) in self.counts.iter_mut().zip(&left.cells) {
                counts.take(cell);
            }
        }
        self.days.push_back(DayResiduals {
            day,
            cells: vec![DayCell::default(); CELLS],
        });
    }

    /// A forecast that matured on the day begun: outcome less forecast, as logarithms, and whether
    /// it came within 25 %.
    pub(crate) fn add(&mut self, cell: usize, residual: f64, hit: bool) {
        if let Some(today) = self.days.back_mut() {
            today.cells[cell].bins.push(bin_of(residual));
            today.cells[cell].hits += u32::from(hit);
            self.counts[cell].push(residual, hit);
        }
    }

    /// What the window says, cell by cell; `None` where even all pools have too few.
    pub(crate) fn claims(&self) -> Vec<Option<Claim>> {
        let mut claims = Vec::with_capacity(CELLS);
        for model in Model::ALL {
            for target in Target::ALL {
                self.claim_target(first_cell(model, target), &mut claims);
            }
        }
        claims
    }

    fn claim_target(&self, first: usize, claims: &mut Vec<Option<Claim>>) {
        let counts = &self.counts[first..first + Group::COUNT];
        let enough = Counts::suffice;
        let sum = |of: &[Counts]| {
            let residuals: u32 = of.iter().map(|counts| counts.residuals).sum();
            (residuals >= LEAST_RESIDUALS).then(|| {
                let mut sum = Counts::default();
                of.iter().for_each(|counts| sum.merge(counts));
                sum
            })
        };
        let classes = Class::ALL.map(|class| {
            let groups = &counts[Group::of_class(class)];
            if groups.iter().all(enough) {
                return None;
            }
            sum(groups).map(|sum| sum.claim(Basis::Class))
        });
        let all = if counts.iter().all(enough) {
            None
        } else {
            sum(counts).map(|sum| sum.claim(Basis::All))
        };
        for (index, counts) in counts.iter().enumerate() {
            let own = enough(counts).then(|| counts.claim(Basis::Group));
            let class = classes[Group::class_at(index) as usize];
            claims.push(own.or(class).or(all));
        }
    }

    /// Counts again what was read; `false` if it is not of this shape.
    #[must_use]
    pub(crate) fn recount(&mut self) -> bool {
        self.counts = vec![Counts::default(); CELLS];
        for day in &self.days {
            let sound = |cell: &DayCell| {
                cell.hits as usize <= cell.bins.len()
                    && cell
                        .bins
                        .iter()
                        .all(|b| (-HALF_BINS..HALF_BINS).contains(b))
            };
            if day.cells.len() != CELLS || !day.cells.iter().all(sound) {
                return false;
            }
            for (counts, cell) in self.counts.iter_mut().zip(&day.cells) {
                counts.add(cell);
            }
        }
        self.days.iter().is_sorted_by(|a, b| a.day < b.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::UnixSeconds;

    const GROUP: Group = Group {
        class: Class::Other,
        quintile: Some(2),
    };

    /// n residuals 1/256, 2/256, …, n/256 in the middle of their bins, every fourth a hit.
    fn ramp(n: u32) -> (Residuals, usize) {
        let at = cell(Model::Naive, Target::ALL[0], GROUP);
        let mut residuals = Residuals::new();
        residuals.begin(Day::of(UnixSeconds(0)));
        for k in 1..=n {
            residuals.add(at, (f64::from(k) + 0.5) / 256.0, k % 4 == 0);
        }
        (residuals, at)
    }

    #[test]
    fn ranks_by_hand() {
        assert_eq!(ramp(99).0.claims(), vec![None; CELLS]);
        let (residuals, at) = ramp(100);
        let claims = residuals.claims();
        // n = 100: ranks 10 and ceil(90.9) = 91, rounded outward; 25 hits: 26/102.
        assert_eq!(
            claims[at],
            Some(Claim {
                low: Some(10.0 / 256.0),
                high: Some(92.0 / 256.0),
                factors: [10.0, 92.0].map(|bins| Some(libm::exp(bins / 256.0))),
                confidence: 26.0 / 102.0,
                basis: Basis::Group,
            })
        );
        let of = |class, quintile| {
            claims[cell(Model::Naive, Target::ALL[0], Group { class, quintile })].map(|c| c.basis)
        };
        assert_eq!(of(Class::Other, None), Some(Basis::Class));
        assert_eq!(of(Class::Stablecoin, Some(2)), Some(Basis::All));
        assert_eq!(claims[cell(Model::Ewma, Target::ALL[0], GROUP)], None);
    }

    #[test]
    fn what_is_old_leaves_no_trace() {
        let (mut residuals, at) = ramp(200);
        let first = Day::of(UnixSeconds(0));
        residuals.begin(first.plus_days(27));
        assert!(residuals.claims()[at].is_some());
        residuals.begin(first.plus_days(28));
        assert_eq!(residuals.counts, Residuals::new().counts);
    }

    #[test]
    fn beyond_the_grid_nothing_is_claimed() {
        let at = cell(Model::Naive, Target::ALL[0], GROUP);
        let mut residuals = Residuals::new();
        residuals.begin(Day::of(UnixSeconds(0)));
        for k in 0..100 {
            residuals.add(at, if k < 50 { -20.0 } else { 20.0 }, false);
        }
        let claim = residuals.claims()[at].unwrap();
        assert_eq!((claim.low, claim.high), (None, None));
    }
}
