//! The column families, declared once; options, digest, unwind and tests derive from here.

use crate::generation::Generation;
use std::fmt;

/// A column family.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Family {
    /// Swaps.
    Swaps = 0,
    /// Other pool events.
    Liquidity = 1,
    /// Blocks.
    Blocks = 2,
    /// Judged contracts.
    Pools = 3,
    /// Token metadata.
    Tokens = 4,
    /// The ledger of ranges.
    Coverage = 5,
    /// Before-images of blocks that are not final.
    Journal = 6,
    /// Notices for mirrors.
    Outbox = 7,
    /// Where each mirror stands.
    Positions = 8,
    /// Format, chain, identity, epoch, head.
    Meta = 9,
    /// Ranges put in doubt.
    Disputes = 10,
    /// What each swap is worth.
    Values = 11,
    /// Hours of pools.
    Tiles = 12,
    /// Who swapped in an hour of a pool.
    Users = 13,
    /// What ether and bitcoin cost.
    Prices = 14,
    /// Pools with swaps, by day.
    Days = 15,
    /// Closed days.
    Calendar = 16,
    /// Daily rows.
    Features = 17,
    /// What followed each daily row.
    Targets = 18,
    /// Scheduled runs.
    Jobs = 19,
    /// What was told of troubles, and to whom.
    Alerts = 20,
    /// Forecasts.
    Predictions = 21,
}

/// How an unwind takes a family back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reversal {
    /// Keys hold a height above every earlier tip, so they were absent before: delete them.
    FreshKeys,
    /// The journal holds what was there before: put it back.
    BeforeImages,
    /// It ends at the tip: cut it back to the ancestor.
    CutBack,
    /// Not part of the chain's state: never taken back.
    Apart,
}

/// How a family is met; options follow from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Much is written, range scans read it; a filter would be dead weight.
    RangeScans,
    /// Written in key order, scanned in order.
    Sequential,
    /// Small, looked up by key, often in vain.
    PointLookups,
    /// Much is written, and both scanned and looked up, often in vain.
    Accumulating,
    /// Written at one end, deleted at the other.
    Queue,
}

/// What one family is.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// Which one.
    pub family: Family,
    /// Its name on disk.
    pub name: &'static str,
    /// The name on disk of its second place; only what is derived from rows has two, so that
    /// it can be rebuilt beside what is in force.
    pub second_name: Option<&'static str>,
    /// What it is for.
    pub purpose: &'static str,
    /// Its key; integers are big-endian, so that byte order is logical order.
    pub key: &'static str,
    /// Its value.
    pub value: &'static str,
    /// Whether the logical digest covers it.
    pub in_digest: bool,
    /// How it is unwound.
    pub reversal: Reversal,
    /// How it is met.
    pub access: Access,
}

/// Every family, by discriminant; the journal names families by it, so it never changes.
pub const FAMILIES: [Declaration; 22] = [
    Declaration {
        family: Family::Swaps,
        name: "swaps",
        second_name: None,
        purpose: "Every swap, exactly as its log says, forever.",
        key: "pool 20 | block u64 | log index u32",
        value: "swap without the key's fields",
        in_digest: true,
        reversal: Reversal::FreshKeys,
        access: Access::RangeScans,
    },
    Declaration {
        family: Family::Liquidity,
        name: "liquidity",
        second_name: None,
        purpose: "Every other pool event, forever.",
        key: "pool 20 | block u64 | log index u32",
        value: "event without the key's fields",
        in_digest: true,
        reversal: Reversal::FreshKeys,
        access: Access::RangeScans,
    },
    Declaration {
        family: Family::Blocks,
        name: "blocks",
        second_name: None,
        purpose: "Blocks that were read, with the pools they touch and a digest of their swaps.",
        key: "block u64",
        value: "hash, parent, timestamp, pools, row digest, tally",
        in_digest: true,
        reversal: Reversal::FreshKeys,
        access: Access::Sequential,
    },
    Declaration {
        family: Family::Pools,
        name: "pools",
        second_name: None,
        purpose: "Contracts that emit V3 events, accepted or refused, with the reason.",
        key: "address 20",
        value: "verdict",
        in_digest: true,
        reversal: Reversal::BeforeImages,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Tokens,
        name: "tokens",
        second_name: None,
        purpose: "Metadata of the tokens of accepted pools.",
        key: "address 20",
        value: "symbol, name, decimals",
        in_digest: true,
        reversal: Reversal::BeforeImages,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Coverage,
        name: "coverage",
        second_name: None,
        purpose: "Ranges that were collected, and the evidence behind each.",
        key: "first block u64",
        value: "last block, evidence, parent and end hash, tally",
        in_digest: false,
        reversal: Reversal::CutBack,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Journal,
        name: "journal",
        second_name: None,
        purpose: "What each block above the final one changed, until it is final.",
        key: "last block u64",
        value: "first block, the tip before, tally, before-images of touched keys",
        in_digest: false,
        reversal: Reversal::Apart,
        access: Access::Queue,
    },
    Declaration {
        family: Family::Outbox,
        name: "outbox",
        second_name: None,
        purpose: "Notices of committed, unwound and repaired ranges, until every mirror has them.",
        key: "sequence u64",
        value: "kind, range, tip",
        in_digest: false,
        reversal: Reversal::Apart,
        access: Access::Queue,
    },
    Declaration {
        family: Family::Positions,
        name: "positions",
        second_name: None,
        purpose: "What each mirror acknowledged.",
        key: "mirror's name, UTF-8",
        value: "sequence, block",
        in_digest: false,
        reversal: Reversal::Apart,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Meta,
        name: "meta",
        second_name: None,
        purpose: "Format, chain id, identity, epoch, and the head: start, tip, finality, counters.",
        key: "name, ASCII",
        value: "by name",
        in_digest: false,
        reversal: Reversal::Apart,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Disputes,
        name: "disputes",
        second_name: None,
        purpose: "Ranges in which a pool's events contradict each other, until receipts settle it.",
        key: "first block u64 | last block u64 | pool 20",
        value: "nothing",
        in_digest: false,
        reversal: Reversal::BeforeImages,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Values,
        name: "values",
        second_name: Some("values.2"),
        purpose: "What each swap is worth, by the prices at the end of the block before.",
        key: "pool 20 | block u64 | log index u32",
        value: "dollars, guarded, crossed, fee return",
        in_digest: true,
        reversal: Reversal::FreshKeys,
        access: Access::RangeScans,
    },
    Declaration {
        family: Family::Tiles,
        name: "tiles",
        second_name: Some("tiles.2"),
        purpose: "Each hour of each pool as mergeable integers.",
        key: "pool 20 | hour u32",
        value: "life, sums, path, state, depth",
        in_digest: true,
        reversal: Reversal::BeforeImages,
        access: Access::Accumulating,
    },
    Declaration {
        family: Family::Users,
        name: "users",
        second_name: Some("users.2"),
        purpose: "Who swapped in an hour of a pool, forever, so that repairs stay exact.",
        key: "pool 20 | hour u32 | user 20",
        value: "swaps",
        in_digest: true,
        reversal: Reversal::BeforeImages,
        access: Access::Accumulating,
    },
    Declaration {
        family: Family::Prices,
        name: "prices",
        second_name: Some("prices.2"),
        purpose: "What ether and bitcoin cost at the end of each hour, and by which pool.",
        key: "kind u8 | hour u32",
        value: "price, source, block, guarded",
        in_digest: true,
        reversal: Reversal::BeforeImages,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Days,
        name: "days",
        second_name: Some("days.2"),
        purpose: "Pools with swaps, by day.",
        key: "day u32 | pool 20",
        value: "nothing",
        in_digest: false,
        reversal: Reversal::BeforeImages,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Calendar,
        name: "calendar",
        second_name: Some("calendar.2"),
        purpose: "Closed days; where each ends depends on the way of fetching.",
        key: "day u32",
        value: "last block, whether the day is whole",
        in_digest: false,
        reversal: Reversal::BeforeImages,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Features,
        name: "features",
        second_name: Some("features.2"),
        purpose: "The daily row of each pool and whole day with a swap.",
        key: "pool 20 | day u32",
        value: "cells in the order of the columns",
        in_digest: true,
        reversal: Reversal::BeforeImages,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Targets,
        name: "targets",
        second_name: Some("targets.2"),
        purpose: "What followed each daily row, as far as its days are closed.",
        key: "pool 20 | day u32",
        value: "cells in the order of the columns",
        in_digest: true,
        reversal: Reversal::BeforeImages,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Jobs,
        name: "jobs",
        second_name: None,
        purpose: "What the daily job did for each day, step by step, so that it goes on where it stopped.",
        key: "day u32",
        value: "when it was due, begun and ended, its steps, what it found",
        in_digest: false,
        reversal: Reversal::Apart,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Alerts,
        name: "alerts",
        second_name: None,
        purpose: "What was told of troubles, what stands, and how far each listener is.",
        key: "kind u8 | by kind",
        value: "by kind",
        in_digest: false,
        reversal: Reversal::Apart,
        access: Access::PointLookups,
    },
    Declaration {
        family: Family::Predictions,
        name: "predictions",
        second_name: None,
        purpose: "What was forecast of each day, by whom, and what it was worth.",
        key: "kind u8 | model, day, pool",
        value: "a run, its forecasts of a pool, or scores, as of a day",
        in_digest: false,
        reversal: Reversal::Apart,
        access: Access::Accumulating,
    },
];

impl Family {
    /// Its declaration.
    pub fn declaration(self) -> &'static Declaration {
        &FAMILIES[self as usize]
    }

    /// Its name on disk.
    pub fn name(self) -> &'static str {
        self.declaration().name
    }

    /// Whether it is derived from rows, and so has two places.
    pub fn is_derived(self) -> bool {
        self.declaration().second_name.is_some()
    }

    /// Its name on disk in a generation; what is not derived has one place.
    pub(crate) fn name_in(self, generation: Generation) -> &'static str {
        let declaration = self.declaration();
        match (generation, declaration.second_name) {
            (Generation::Second, Some(name)) => name,
            _ => declaration.name,
        }
    }

    /// The family with this discriminant; `None` where there is none.
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        FAMILIES.get(usize::from(byte)).map(|d| d.family)
    }
}

/// Every name on disk.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES
        .iter()
        .flat_map(|d| std::iter::once(d.name).chain(d.second_name))
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_indexed_by_discriminant() {
        for (i, declaration) in FAMILIES.iter().enumerate() {
            assert_eq!(declaration.family as usize, i);
            assert_eq!(Family::from_byte(i as u8), Some(declaration.family));
            assert!(declaration.purpose.ends_with('.'));
        }
        assert_eq!(Family::from_byte(FAMILIES.len() as u8), None);
    }

    #[test]
    fn the_digest_covers_what_the_chain_says_and_nothing_of_the_run() {
        let covered: Vec<_> = FAMILIES
            .iter()
            .filter(|d| d.in_digest)
            .map(|d| d.name)
            .collect();
        assert_eq!(
            covered,
            [
                "swaps",
                "liquidity",
                "blocks",
                "pools",
                "tokens",
                "values",
                "tiles",
                "users",
                "prices",
                "features",
                "targets"
            ]
        );
    }

    /// Each has a counter of its own, and only these are counted row by row.
    #[test]
    fn rows_are_swaps_events_and_blocks() {
        let rows: Vec<_> = FAMILIES
            .iter()
            .filter(|d| d.reversal == Reversal::FreshKeys && !d.family.is_derived())
            .map(|d| d.family)
            .collect();
        assert_eq!(rows, [Family::Swaps, Family::Liquidity, Family::Blocks]);
    }

    #[test]
    fn no_two_places_have_one_name() {
        let mut names: Vec<_> = names().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn what_the_digest_covers_can_be_unwound() {
        for d in FAMILIES.iter().filter(|d| d.in_digest) {
            assert_ne!(d.reversal, Reversal::Apart, "{}", d.name);
        }
    }
}
