//! The outbox: notices written with the batch they tell of, and trimmed when all have them.

use crate::codec::encode_notice;
use crate::database::damaged;
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::sequence_key;
use crate::notice::{Notice, NoticeKind, Sequence};
use tidegauge_model::{BlockRange, BlockRef};

/// Most notices kept while no mirror is known; a first mirror then starts from the whole store.
pub(crate) const MAX_NOTICES_WITHOUT_MIRROR: u64 = 4_096;

/// Most notices deleted in one batch, so that a mirror that returns does not make a huge one.
const MAX_TRIMMED_PER_BATCH: u64 = 1_024;

/// Adds a notice to a batch.
pub(crate) fn notify(
    draft: &mut Draft<'_>,
    kind: NoticeKind,
    range: BlockRange,
    tip: BlockRef,
) -> Result<(), StoreError> {
    let notice = &Notice {
        sequence: draft.head.next_sequence,
        kind,
        range,
        tip,
    };
    draft.head.next_sequence = notice.sequence.next();
    let key = sequence_key(notice.sequence);
    let mut value = Vec::new();
    encode_notice(notice, &mut value).map_err(|e| damaged(Family::Outbox, &key, e))?;
    draft.put_apart(Family::Outbox, &key, &value);
    Ok(())
}

/// Deletes what every mirror holds, or what exceeds the limit while there is none.
pub(crate) fn trim(draft: &mut Draft<'_>, least_acknowledged: Option<Sequence>) {
    let next = draft.head.next_sequence.0;
    let keep_from = match least_acknowledged {
        Some(acknowledged) => acknowledged.next().0.min(next),
        None => next.saturating_sub(MAX_NOTICES_WITHOUT_MIRROR),
    };
    let first = draft.head.first_sequence.0;
    let until = keep_from.min(first.saturating_add(MAX_TRIMMED_PER_BATCH));
    for sequence in first..until {
        draft.delete_apart(Family::Outbox, &sequence_key(Sequence(sequence)));
    }
    draft.head.first_sequence = Sequence(until.max(first));
}
