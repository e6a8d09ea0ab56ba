//! Answers that hold less than there is.

use super::page::{Ask, Page};
use crate::dice::Dice;
use crate::rpc::Answer;

/// Nothing.
pub(super) fn empty(ask: &Ask<'_>, _: &mut Dice) -> Option<Answer> {
    Page::of(ask)?;
    Some(Ok(b"[]".to_vec()))
}

/// All but one log; of receipts, sometimes all but one receipt.
pub(super) fn missing(ask: &Ask<'_>, dice: &mut Dice) -> Option<Answer> {
    let mut page = Page::of(ask)?;
    if page.is_receipts && dice.one_in(2) {
        let gone = dice.below(page.items.len() as u64) as usize;
        page.items.remove(gone);
        return page.answer();
    }
    let place = page.pick(dice, |_| true)?;
    page.list(place)?.remove(place.index);
    page.answer()
}

/// As many logs as a cap allows.
pub(super) fn truncated(ask: &Ask<'_>, _: &mut Dice) -> Option<Answer> {
    let mut page = Page::of(ask)?;
    let cap = usize::try_from(ask.settings.truncate_at_logs).unwrap_or(usize::MAX);
    if page.items.len() <= cap {
        return None;
    }
    page.items.truncate(cap);
    page.answer()
}
