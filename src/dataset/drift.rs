//! How far a column of one set differs from the same column of the set that models are trained on.

use super::profile::ColumnProfile;
use serde::Serialize;

/// Bins between quantiles of the first set.
const BINS: usize = 10;
/// Below this two sets count as alike, from the second on as different (custom of credit scoring).
pub(super) const SLIGHT_PSI: f64 = 0.1;
pub(super) const LARGE_PSI: f64 = 0.25;

/// Two measures of the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Drift {
    /// Population stability index over deciles of the first set and one bin for unknown.
    pub(super) psi: f64,
    /// Kolmogorov and Smirnov's greatest difference of the distributions of what is known;
    /// `None` for words.
    pub(super) ks: Option<f64>,
}

impl Drift {
    /// `None` where either set has no rows.
    pub(super) fn between(first: &ColumnProfile, other: &ColumnProfile) -> Option<Self> {
        let rows = |column: &ColumnProfile| column.nulls + column.known;
        if rows(first) == 0 || rows(other) == 0 {
            return None;
        }
        if !first.words.is_empty() || !other.words.is_empty() {
            let words: std::collections::BTreeSet<&String> =
                first.words.keys().chain(other.words.keys()).collect();
            let counts = |column: &ColumnProfile| {
                let known = words.iter().map(|word| column.words.get(*word).copied());
                let known = known.map(|count| count.unwrap_or(0) as f64);
                known.chain([column.nulls as f64]).collect::<Vec<_>>()
            };
            return Some(Self {
                psi: psi(&counts(first), &counts(other)),
                ks: None,
            });
        }
        let (a, b) = (first.sorted(), other.sorted());
        let edges = edges(&a);
        let counts = |column: &ColumnProfile, sorted: &[f64]| {
            // The sample stands for all values known.
            let scale = column.known as f64 / sorted.len().max(1) as f64;
            let mut counts = vec![0.0; edges.len() + 2];
            for value in sorted {
                counts[edges.partition_point(|edge| edge < value)] += scale;
            }
            counts[edges.len() + 1] = column.nulls as f64;
            counts
        };
        Some(Self {
            psi: psi(&counts(first, &a), &counts(other, &b)),
            ks: ks(&a, &b),
        })
    }
}

/// Distinct values at the deciles.
fn edges(sorted: &[f64]) -> Vec<f64> {
    let Some(last) = sorted.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut edges: Vec<f64> = (1..BINS).map(|n| sorted[n * last / BINS]).collect();
    edges.dedup();
    edges
}

/// Σ (a − b) ln (a / b) over the bins' shares; half a row is added to each bin, so that an empty
/// one does not make it infinite.
fn psi(a: &[f64], b: &[f64]) -> f64 {
    let shares = |counts: &[f64]| {
        let total: f64 = counts.iter().map(|count| count + 0.5).sum();
        counts
            .iter()
            .map(|count| (count + 0.5) / total)
            .collect::<Vec<_>>()
    };
    let (a, b) = (shares(a), shares(b));
    a.iter().zip(&b).map(|(a, b)| (a - b) * (a / b).ln()).sum()
}

fn ks(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let share = |sorted: &[f64], value: f64| {
        sorted.partition_point(|other| *other <= value) as f64 / sorted.len() as f64
    };
    a.iter()
        .chain(b)
        .map(|value| (share(a, *value) - share(b, *value)).abs())
        .reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::super::profile::Profile;
    use super::*;
    use crate::table::{Cell, Column, Kind};

    fn set(cells: impl Iterator<Item = Cell<'static>>) -> Profile {
        let column = Column {
            name: "x",
            kind: Kind::Float,
            meaning: "",
        };
        let mut profile = Profile::new(&[column]);
        let day = "2024-01-05".parse().unwrap();
        for cell in cells {
            profile.push(day, &[cell]);
        }
        profile
    }

    fn numbers(from: u32, to: u32) -> impl Iterator<Item = Cell<'static>> {
        (from..to).map(|n| Cell::Float(f64::from(n)))
    }

    fn between(a: &Profile, b: &Profile) -> Drift {
        Drift::between(&a.columns[0], &b.columns[0]).unwrap()
    }

    #[test]
    fn alike_is_near_zero_and_apart_is_far() {
        let first = set(numbers(0, 1_000));
        let same = between(&first, &set(numbers(0, 1_000)));
        assert_eq!((same.psi, same.ks), (0.0, Some(0.0)));
        let apart = between(&first, &set(numbers(1_000, 2_000)));
        assert!(apart.psi > LARGE_PSI && apart.ks == Some(1.0), "{apart:?}");
        let half = between(&first, &set(numbers(500, 1_500)));
        assert_eq!(half.ks, Some(0.5));
        let unknown = between(&first, &set((0..1_000).map(|_| Cell::Null)));
        assert!(
            unknown.psi > LARGE_PSI && unknown.ks.is_none(),
            "{unknown:?}"
        );
    }

    #[test]
    fn words_differ_by_their_shares() {
        let words =
            |a: u32| set((0..100).map(move |n| Cell::text(if n < a { "up" } else { "down" })));
        assert_eq!(between(&words(50), &words(50)).psi, 0.0);
        assert!(between(&words(50), &words(52)).psi < SLIGHT_PSI);
        assert!(between(&words(50), &words(95)).psi > LARGE_PSI);
        assert!(
            Drift::between(&words(1).columns[0], &set(std::iter::empty()).columns[0]).is_none()
        );
    }
}
