//! The times just outside a range: they say which days are whole.

use crate::error::Error;
use tidegauge_chain::Chain;
use tidegauge_model::Extend;

/// Adds the times of the blocks around a range: before it, where a store `begins` with it; after
/// it, where the range `ends` what is collected and that block is final.
///
/// # Errors
/// No usable answer.
pub(super) async fn learn_edges(
    chain: &Chain,
    extend: &mut Extend,
    begins: bool,
    ends: bool,
) -> Result<(), Error> {
    let covered = extend.covered;
    if begins && let Some(before) = covered.range.from.prev() {
        let header = chain.header(before).await?;
        let header = header.filter(|header| header.hash == covered.parent);
        extend.time_before = header.map(|header| header.timestamp);
    }
    let after = covered.range.to.next();
    if ends && extend.finalized >= Some(after) {
        let header = chain.header(after).await?;
        let header = header.filter(|header| header.parent == covered.end_hash);
        extend.time_after = header.map(|header| header.timestamp);
    }
    Ok(())
}
