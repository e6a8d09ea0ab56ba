//! The column families, declared once; options, digest, unwind and tests derive from here.

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
pub const FAMILIES: [Declaration; 11] = [
    Declaration {
        family: Family::Swaps,
        name: "swaps",
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
        purpose: "Ranges in which a pool's events contradict each other, until receipts settle it.",
        key: "first block u64 | last block u64 | pool 20",
        value: "nothing",
        in_digest: false,
        reversal: Reversal::BeforeImages,
        access: Access::PointLookups,
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

    /// The family with this discriminant; `None` where there is none.
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        FAMILIES.get(usize::from(byte)).map(|d| d.family)
    }
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
        assert_eq!(covered, ["swaps", "liquidity", "blocks", "pools", "tokens"]);
    }

    /// Each has a counter of its own, and only these are counted row by row.
    #[test]
    fn rows_are_swaps_events_and_blocks() {
        let rows: Vec<_> = FAMILIES
            .iter()
            .filter(|d| d.reversal == Reversal::FreshKeys)
            .map(|d| d.family)
            .collect();
        assert_eq!(rows, [Family::Swaps, Family::Liquidity, Family::Blocks]);
    }

    #[test]
    fn what_the_digest_covers_can_be_unwound() {
        for d in FAMILIES.iter().filter(|d| d.in_digest) {
            assert_ne!(d.reversal, Reversal::Apart, "{}", d.name);
        }
    }
}
