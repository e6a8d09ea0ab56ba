//! Which of their columns is which of ours; derived from both headers.

use crate::table::{Column, Kind};
use tidegauge_features::hermetik::HEADER;

/// Names of theirs that ours are not.
const OTHER_NAMES: [(&str, &str); 4] = [
    ("poolAddress", "pool_address"),
    ("token0Symbol", "token0_symbol"),
    ("token1Symbol", "token1_symbol"),
    ("poolType", "pool_type"),
];

/// What two rows are matched by.
pub(super) const KEY: [&str; 2] = ["poolAddress", "date"];

/// A column that both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shared {
    /// Its name in their file.
    pub(crate) theirs: &'static str,
    /// Its place among our columns.
    pub(crate) ours: usize,
    /// Whether it holds numbers.
    pub(crate) is_number: bool,
    /// Its place among the columns of numbers, or among those of text.
    pub(crate) place: usize,
}

/// Our name of a column of theirs.
fn our_name(theirs: &'static str) -> &'static str {
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == theirs);
    other.map_or(theirs, |(_, ours)| ours)
}

/// The columns of their header, in its order, without the key.
pub(crate) fn shared(ours: &[Column]) -> Vec<Shared> {
    let mut places = [0, 0];
    HEADER
        .split(',')
        .filter(|name| !KEY.contains(name))
        .filter_map(|theirs| {
            let at = ours.iter().position(|c| c.name == our_name(theirs))?;
            let is_number = matches!(ours[at].kind, Kind::Int | Kind::Float | Kind::Usd);
            let place = &mut places[usize::from(is_number)];
            *place += 1;
            Some(Shared {
                theirs,
                ours: at,
                is_number,
                place: *place - 1,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_theirs_is_one_of_ours() {
        let ours = crate::days::columns();
        let shared = shared(&ours);
        assert_eq!(shared.len(), HEADER.split(',').count() - KEY.len());
        let texts: Vec<_> = shared.iter().filter(|s| !s.is_number).collect();
        let texts: Vec<_> = texts.iter().map(|s| s.theirs).collect();
        assert_eq!(
            texts,
            ["pool_name", "token0Symbol", "token1Symbol", "poolType"]
        );
    }
}
