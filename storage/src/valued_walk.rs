//! Walking blocks with what their swaps are worth, in several goes.

use crate::block_walk::{BlockWalk, ValuedBlock, Window};
use crate::error::StoreError;
use crate::families::Family;
use crate::notice::Sequence;
use crate::scan::Bounds;
use crate::view::View;
use tidegauge_model::BlockRange;

/// Blocks with their rows, and what the swaps are worth; yields an error once, and nothing after it.
pub struct ValuedWalk<'v> {
    blocks: BlockWalk<'v>,
    seen: Sequence,
    goes_on: bool,
}

/// What a walk has read and not given, so that another view can go on without reading it again.
pub struct Unwalked {
    window: Window,
    seen: Sequence,
}

impl View<'_> {
    /// Blocks of a range, ascending, with their rows and what their swaps are worth; of what an
    /// earlier walk left, all that still holds is used.
    pub fn valued_walk(
        &self,
        range: BlockRange,
        left: Option<Unwalked>,
    ) -> Result<ValuedWalk<'_>, StoreError> {
        let mut window = Window::default();
        let (mut rest, mut goes_on) = (range, false);
        if let Some(left) = left
            && let Some((first, last)) = left.window.ends()
            && let Some(next) = self.blocks(range)?.next().transpose()?
            && next.0 == first
            && last < range.to
            && self.disturbance(left.seen)?.is_none()
        {
            window = left.window;
            rest.from = last.next();
            goes_on = true;
        }
        let values = self.raw(Family::Values, Bounds::all())?;
        Ok(ValuedWalk {
            blocks: self.walk(rest)?.with_values(values, window),
            seen: self.last_notice(),
            goes_on,
        })
    }
}

impl ValuedWalk<'_> {
    /// Whether it uses what an earlier one left: since then blocks were only added.
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Ends the walk, and keeps what it has read.
    pub fn leave(self) -> Unwalked {
        Unwalked {
            window: self.blocks.into_window(),
            seen: self.seen,
        }
    }
}

impl Iterator for ValuedWalk<'_> {
    type Item = Result<ValuedBlock, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.blocks.step()
    }
}
