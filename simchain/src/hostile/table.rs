//! Every mode, once.

use super::rate::Rate;

/// A kind of mischief.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(
    missing_docs,
    reason = "each is described in the table below, for people as well"
)]
pub enum Mode {
    Reorg,
    Lag,
    Backwards,
    Empty,
    Missing,
    Truncated,
    WrongRange,
    RateLimit,
    Latency,
    SlowBody,
    Disconnect,
    WrongIndex,
    Duplicate,
    Forged,
    ZeroTime,
    WrongChain,
    WsSilence,
    WsDrop,
}

/// What is known of a mode.
#[derive(Clone, Copy, Debug)]
pub struct ModeInfo {
    /// The mode.
    pub mode: Mode,
    /// Its name; behind two hyphens its flag.
    pub name: &'static str,
    /// What it does, and what counts as an opportunity.
    pub does: &'static str,
    /// How often, unless told otherwise.
    pub default_rate: Rate,
    /// Whether it is among those that "everything" means.
    pub in_all: bool,
}

/// All modes, in the order of [`Mode`].
pub const MODES: [ModeInfo; 18] = [
    mode(
        Mode::Reorg,
        "reorg",
        "Per new block: instead of it, another branch replaces the last blocks",
        100,
    ),
    mode(
        Mode::Lag,
        "lag",
        "Per call: answered by a back-end that is some blocks behind: older head, null headers and receipts, no logs",
        50,
    ),
    mode(
        Mode::Backwards,
        "backwards",
        "Per question for the head (also safe, finalized): an older block is named",
        20,
    ),
    mode(
        Mode::Empty,
        "empty",
        "Per eth_getLogs or eth_getBlockReceipts: [] although there is something",
        20,
    ),
    mode(
        Mode::Missing,
        "missing",
        "Per eth_getLogs or eth_getBlockReceipts: one log, or one receipt, is left out",
        20,
    ),
    mode(
        Mode::Truncated,
        "truncated",
        "Per eth_getLogs: cut at a cap, without an error",
        500,
    ),
    mode(
        Mode::WrongRange,
        "wrong-range",
        "Per eth_getLogs of a range: refused as too large, with a useless range suggested",
        20,
    ),
    mode(
        Mode::RateLimit,
        "rate-limit",
        "Per POST: this and some that follow are answered 429, with Retry-After or without",
        5,
    ),
    mode(Mode::Latency, "latency", "Per POST: answered late", 20),
    mode(
        Mode::SlowBody,
        "slow-body",
        "Per POST: headers at once, the body byte by byte",
        5,
    ),
    mode(
        Mode::Disconnect,
        "disconnect",
        "Per POST: the connection ends within the body",
        10,
    ),
    mode(
        Mode::WrongIndex,
        "wrong-index",
        "Per eth_getLogs or eth_getBlockReceipts: one log's index is wrong",
        10,
    ),
    mode(
        Mode::Duplicate,
        "duplicate",
        "Per eth_getLogs or eth_getBlockReceipts: one log comes twice",
        10,
    ),
    mode(
        Mode::Forged,
        "forged",
        "Per eth_getLogs or eth_getBlockReceipts: a log that never was, made from a true one",
        10,
    ),
    mode(
        Mode::ZeroTime,
        "zero-time",
        "Per block, eth_getLogs or eth_getBlockReceipts: timestamps are zero",
        10,
    ),
    ModeInfo {
        in_all: false,
        ..mode(
            Mode::WrongChain,
            "wrong-chain",
            "Per call, once and for good: another chain id, and all hashes are others",
            1,
        )
    },
    mode(
        Mode::WsSilence,
        "ws-silence",
        "Per notification: the WebSocket stays open, and no notification comes any more",
        20,
    ),
    mode(
        Mode::WsDrop,
        "ws-drop",
        "Per notification: the WebSocket ends without a word",
        20,
    ),
];

const fn mode(
    mode: Mode,
    name: &'static str,
    does: &'static str,
    default_per_thousand: u32,
) -> ModeInfo {
    ModeInfo {
        mode,
        name,
        does,
        default_rate: Rate::per_thousand(default_per_thousand),
        in_all: true,
    }
}

impl Mode {
    /// What is known of it.
    pub const fn info(self) -> &'static ModeInfo {
        &MODES[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_mode_has_its_row_and_name() {
        for (n, info) in MODES.iter().enumerate() {
            assert_eq!(info.mode as usize, n, "{} is out of order", info.name);
            assert_eq!(info.mode.info().name, info.name);
            assert!(info.default_rate > Rate::NEVER && !info.does.is_empty());
        }
        let names: BTreeSet<_> = MODES.iter().map(|info| info.name).collect();
        assert_eq!(names.len(), MODES.len());
    }
}
