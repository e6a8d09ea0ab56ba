//! Whether what was read of an earlier state still holds.

use crate::error::StoreError;
use crate::notice::{NoticeKind, Sequence};
use crate::view::View;

/// Notices looked at at once; after more of them nothing that was read before is trusted.
const MAX_NOTICES: usize = 512;

impl View<'_> {
    /// The last notice after one by which anything but new blocks came; the last of all where some
    /// of them are gone already, or too many.
    pub(crate) fn disturbance(&self, seen: Sequence) -> Result<Option<Sequence>, StoreError> {
        let last = self.last_notice();
        if last <= seen {
            return Ok((last < seen).then_some(last));
        }
        let notices = self.notices(seen.next(), MAX_NOTICES)?;
        let ends = (
            notices.first().map(|notice| notice.sequence),
            notices.last().map(|notice| notice.sequence),
        );
        if ends != (Some(seen.next()), Some(last)) {
            return Ok(Some(last));
        }
        let mut others = notices.iter().rev();
        let other = others.find(|notice| notice.kind != NoticeKind::Committed);
        Ok(other.map(|notice| notice.sequence))
    }
}
