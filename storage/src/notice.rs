//! Notices: what mirrors are told, and how far each has come.

use serde::Serialize;
use std::fmt;
use tidegauge_model::{BlockRange, BlockRef};

/// Position of a notice in the outbox; counts up without gaps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The next one; saturates at the top.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What happened to a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// It was committed; its last block is the tip.
    Committed,
    /// It was unwound; the tip lies before it.
    Unwound,
    /// Rows of it were replaced; the tip is what it was.
    Repaired,
}

/// One notice of the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Notice {
    /// Its place.
    pub sequence: Sequence,
    /// What happened.
    pub kind: NoticeKind,
    /// To which blocks.
    pub range: BlockRange,
    /// The tip afterwards.
    pub tip: BlockRef,
}

/// How far a mirror has acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct MirrorPosition {
    /// The last notice it holds.
    pub sequence: Sequence,
    /// The block it stands at; mirrors converge by this, never by sequence alone.
    pub at: BlockRef,
}
