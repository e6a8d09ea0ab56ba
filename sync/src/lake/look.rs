//! What the store looks like to a lake, from one view of it.

use super::days::Days;
use super::doubt::{Doubt, of_manifest, of_notices};
use super::manifest::{Root, StoreLife};
use crate::error::SyncError;
use tidegauge_model::{BlockRef, UnixSeconds};
use tidegauge_storage::{Sequence, View};

/// What is known before a look.
pub(super) struct Known {
    /// The newest manifest.
    pub(super) root: Option<Root>,
    /// The notice that was seen last; `None` at the first look.
    pub(super) seen: Option<Sequence>,
    pub(super) life: StoreLife,
}

/// What the store looks like.
pub(super) struct Look {
    pub(super) days: Days,
    pub(super) tip: Option<BlockRef>,
    pub(super) tip_time: Option<UnixSeconds>,
    pub(super) notice: Sequence,
    pub(super) doubt: Doubt,
    /// Its tip lies below what was published as final.
    pub(super) is_behind: bool,
    /// Whether numbers reach the tip.
    pub(super) is_derived: bool,
    pub(super) feature_set: Option<String>,
}

impl Look {
    pub(super) fn at(view: &View<'_>, known: &Known) -> Result<Self, SyncError> {
        let tip = view.tip()?;
        let number = tip.map(|tip| tip.block.number);
        let last = known.root.as_ref().and_then(|root| root.final_block);
        let is_behind = last.is_some_and(|last| number < Some(last.number));
        let doubt = match (known.seen, &known.root) {
            _ if is_behind => Doubt::Everything,
            (Some(seen), _) => of_notices(view, seen)?,
            (None, Some(root)) => of_manifest(view, root, known.life)?,
            (None, None) => Doubt::Nothing,
        };
        let set = view.feature_set()?.zip(number);
        Ok(Self {
            days: Days::read(view)?,
            tip: tip.map(|tip| tip.block),
            tip_time: tip.and_then(|tip| tip.timestamp),
            notice: view.last_notice(),
            doubt,
            is_behind,
            is_derived: view.derived_to() == number,
            feature_set: set.map(|(set, number)| set.fingerprint(number).to_string()),
        })
    }
}
