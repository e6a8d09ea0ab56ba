//! Looks back now and then: rows that somebody or something changed at the tip are found, put
//! right and told, without anybody asking for an audit.

use super::mirrored::Window;
use super::runner::Mirror;
use super::session::{Mode, Session};
use crate::error::SyncError;
use tidegauge_model::BlockNumber;

/// The last blocks that are compared at least.
const BLOCKS: u64 = 256;

/// The last days whose features are compared: those that become final, and whose targets mature.
const DAYS: u32 = 9;

const MODE: Mode = Mode {
    repair: true,
    is_recheck: false,
    examples: 1,
};

impl Mirror {
    /// Compares the last blocks and days with the store; nothing if the store turns meanwhile.
    pub(super) async fn look_back(&mut self, session: &mut Session) -> Result<(), SyncError> {
        let Some(at) = session.state().at else {
            return Ok(());
        };
        let mut from = BlockNumber(at.number.0.saturating_sub(BLOCKS));
        loop {
            let window = Window::at(from, 1);
            let Some(found) = session.check_blocks(window, MODE).await? else {
                return Ok(());
            };
            self.tell("blocks", found.blocks, &found.differences);
            if found.is_last {
                break;
            }
            from = window.next();
        }
        let Some(last) = session.last_day() else {
            return Ok(());
        };
        let first = last.minus_days(DAYS - 1);
        if let Some(found) = session.check_days((first, last), true, MODE).await? {
            self.tell("days", found.days, &found.differences);
        }
        Ok(())
    }

    fn tell(&mut self, what: &str, count: usize, example: &impl std::fmt::Debug) {
        if count == 0 {
            return;
        }
        self.status.differed_total += count as u64;
        tracing::error!(
            "the Postgres mirror: {count} {what} were not as the store has them, and were put right: \
             something else writes there. The first: {example:?}"
        );
    }
}
