//! Pools that err alike: of one class, and of one fifth by volume within it.

use crate::aim::Quantity;
use crate::history::History;
use crate::observed::Class;
use serde::{Deserialize, Serialize};

/// Fifths.
const PARTS: usize = 5;

/// Places of a class: its fifths, and the unpriced.
const PLACES: usize = PARTS + 1;

/// A class and a fifth of it by the mean volume of the last seven days, among the day's pools.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    /// What the pools pair.
    pub(crate) class: Class,
    /// 0 is the least volume, 4 the most; `None` where no volume of the week is known.
    pub(crate) quintile: Option<u8>,
}

impl Group {
    /// How many there are.
    pub(crate) const COUNT: usize = Class::ALL.len() * PLACES;

    /// Its place among all.
    pub(crate) fn index(self) -> usize {
        let place = self.quintile.map_or(PARTS, usize::from).min(PARTS);
        self.class as usize * PLACES + place
    }

    /// The places of a class.
    pub(crate) fn of_class(class: Class) -> std::ops::Range<usize> {
        let from = class as usize * PLACES;
        from..from + PLACES
    }

    /// The class at a place.
    pub(crate) fn class_at(index: usize) -> Class {
        Class::ALL[index / PLACES]
    }
}

/// The groups of a day's pools, in their order.
///
/// A pool's fifth is floor(5 × the share of its class's pools with less volume), so equal volumes
/// are in one fifth and the order of pools does not matter.
pub(crate) fn groups(pools: &[(Class, Option<f64>)]) -> Vec<Group> {
    let mut volumes = Class::ALL.map(|class| -> Vec<f64> {
        let of_class = pools.iter().filter(|pool| pool.0 == class);
        of_class.filter_map(|pool| pool.1).collect()
    });
    for class in &mut volumes {
        class.sort_unstable_by(f64::total_cmp);
    }
    let quintile = |class: Class, volume: f64| {
        let all = &volumes[class as usize];
        let less = all.partition_point(|other| *other < volume);
        (less * PARTS / all.len().max(1)) as u8
    };
    pools
        .iter()
        .map(|(class, volume)| Group {
            class: *class,
            quintile: volume.map(|volume| quintile(*class, volume)),
        })
        .collect()
}

/// The volume that a pool is ranked by.
pub(crate) fn ranked_by(history: &History) -> Option<f64> {
    history.of(Quantity::VolumeUsd).as_of(0).mean(0, 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifths_within_a_class() {
        let volumes = [9.0, 1.0, 3.0, 3.0, 5.0, 7.0, 8.0, 2.0, 0.0, 6.0];
        let mut pools: Vec<_> = volumes.map(|v| (Class::Other, Some(v))).to_vec();
        pools.push((Class::Other, None));
        pools.push((Class::Stablecoin, Some(4.0)));
        let found: Vec<_> = groups(&pools).iter().map(|g| g.quintile).collect();
        let fifths = [4, 0, 1, 1, 2, 3, 4, 1, 0, 3].map(Some);
        assert_eq!(found[..10], fifths);
        assert_eq!(found[10..], [None, Some(0)]);
    }
}
