//! The store in one state, from which a whole answer is made.

use super::context::Context;
use super::refusal::Refusal;
use crate::error::Error;
use tidegauge_model::{BlockRef, UnixSeconds};
use tidegauge_storage::View;
use warp::http::HeaderValue;

/// The store in one state.
pub(super) struct Snapshot<'c> {
    /// What else routes read.
    pub(super) context: &'c Context,
    /// The store's rows.
    pub(super) view: View<'c>,
}

/// The last block that numbers are as of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AsOf {
    /// The block.
    pub(super) block: BlockRef,
    /// Its time.
    pub(super) time: UnixSeconds,
}

impl<'c> Snapshot<'c> {
    /// The store as it is now.
    pub(super) fn take(context: &'c Context) -> Result<Self, Refusal> {
        let view = context.sources.reader.view()?;
        Ok(Self { context, view })
    }

    /// The same with its name, which is known from then on as that of the store's present state.
    pub(super) fn named(context: &'c Context) -> Result<(Self, HeaderValue), Refusal> {
        let reader = &context.sources.reader;
        let before = reader.state();
        let snapshot = Self::take(context)?;
        let is_present = reader.state() == before;
        let tag = snapshot.tag()?;
        if is_present {
            context.answers.note(before, &tag);
        }
        Ok((snapshot, tag))
    }

    /// What names this state: another one has another name. Weak, since an answer also says how
    /// old it is.
    fn tag(&self) -> Result<HeaderValue, Refusal> {
        let view = &self.view;
        let epoch = view.identity()?.epoch;
        let notice = view.last_notice();
        let number = |block: Option<tidegauge_model::BlockNumber>| block.map_or(0, |b| b.0);
        let (finalized, derived) = (number(view.finalized()), number(view.derived_to()));
        // Numbers of another feature set may be there after a restart.
        let process = self.context.started;
        let forecasts = view.forecast_revision()?;
        let text =
            format!("W/\"{process:x}-{epoch:x}-{notice}-{finalized:x}-{derived:x}-{forecasts:x}\"");
        HeaderValue::from_str(&text)
            .map_err(|_| Error::Failed(format!("`{text}` is no entity tag")).into())
    }

    /// The last block that is derived and has a time, which is the tip but for a rebuild.
    pub(super) fn as_of(&self) -> Result<AsOf, Refusal> {
        let found = match self.view.derived_to() {
            Some(to) => self.view.blocks_back_from(to)?.next().transpose()?,
            None => None,
        };
        let (number, record) = found.ok_or_else(|| {
            Refusal::missing(
                "empty_store",
                "nothing has been collected yet",
                "/api/status says what the collector is doing",
            )
        })?;
        Ok(AsOf {
            block: BlockRef {
                number,
                hash: record.hash,
            },
            time: record.timestamp,
        })
    }
}
