//! Which raw rows are asked for, within what the store holds.

use crate::cli::Range;
use crate::error::Error;
use crate::span::{self, Moment};
use tidegauge_model::{BlockNumber, BlockRange, UnixSeconds};
use tidegauge_storage::View;

/// Which rows: blocks bound what is read, times what of it is kept.
pub(super) struct Selection {
    /// Blocks that are read.
    pub(super) blocks: BlockRange,
    from: UnixSeconds,
    until: UnixSeconds,
}

impl Selection {
    /// Within what the store holds; an age counts back from the tip.
    pub(super) fn read(view: &View<'_>, range: &Range) -> Result<Self, Error> {
        let (Some(start), Some(tip)) = (view.start(), view.tip()?) else {
            return Err(Error::Failed(
                "the store is empty: collect something first, e.g. tidegauge backfill --last 1d"
                    .to_owned(),
            ));
        };
        let mut selection = Self {
            blocks: BlockRange {
                from: start,
                to: tip.block.number,
            },
            from: UnixSeconds(0),
            until: UnixSeconds(u64::MAX),
        };
        let held = selection.blocks;
        if let Some(age) = &range.last {
            let seconds = span::age(age).ok_or_else(|| {
                Error::Usage(format!("--last `{age}`: write 90m, 12h, 30d or 4w"))
            })?;
            let at = tip.timestamp.ok_or_else(|| {
                Error::Failed("the tip's time is not known: use --from and --to".to_owned())
            })?;
            selection.from = UnixSeconds(at.0.saturating_sub(seconds));
        }
        let inside = |flag: &str, block: BlockNumber| {
            if held.contains(block) {
                Ok(block)
            } else {
                Err(Error::Usage(format!(
                    "{flag} {block} lies outside of what the store holds, blocks {held}"
                )))
            }
        };
        match range
            .from
            .as_deref()
            .map(|text| moment("--from", text))
            .transpose()?
        {
            Some(Moment::Block(block)) => selection.blocks.from = inside("--from", block)?,
            Some(Moment::Day(day)) => selection.from = day.start(),
            _ => {}
        }
        match range
            .to
            .as_deref()
            .map(|text| moment("--to", text))
            .transpose()?
        {
            Some(Moment::Block(block)) => selection.blocks.to = inside("--to", block)?,
            Some(Moment::Day(day)) => selection.until = day.end(),
            _ => {}
        }
        if selection.blocks.from > selection.blocks.to || selection.from >= selection.until {
            return Err(Error::Usage(
                "the range is empty: --to lies before --from".to_owned(),
            ));
        }
        Ok(selection)
    }

    /// Whether a row of that time is asked for.
    pub(super) fn keeps(&self, at: UnixSeconds) -> bool {
        self.from <= at && at < self.until
    }
}

fn moment(flag: &str, text: &str) -> Result<Moment, Error> {
    match span::moment(text) {
        Some(moment @ (Moment::Block(_) | Moment::Day(_))) => Ok(moment),
        _ => Err(Error::Usage(format!(
            "{flag} `{text}`: write a block number or a day (2024-01-05)"
        ))),
    }
}
