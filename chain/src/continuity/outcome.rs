//! What the events of a pool say of each other.

use tidegauge_model::{BlockNumber, LogIndex};

/// Where an event stands on the chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Place {
    /// Its block.
    pub block: BlockNumber,
    /// Its place among the block's logs.
    pub log_index: LogIndex,
}

/// What is said of one event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It follows from the events before it.
    Continues,
    /// Nothing can be said, or not enough.
    Unknowable(Unknown),
    /// It cannot follow: an event is missing, too much or altered, after `after` and up to here.
    Breaks {
        /// The oldest event that the judgement relied on.
        after: Place,
        /// What does not fit.
        what: Contradiction,
    },
}

/// Why nothing can be said.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unknown {
    /// The pool's price before is not known.
    NoState,
    /// The price moved through ticks whose liquidity is not known; what is known of the way fits.
    UnknownTicks,
}

/// What does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Contradiction {
    /// The event stands at or before the one that was observed last.
    Order,
    /// Its tick is not that of its price.
    Tick,
    /// The price moved one way, the amounts say the other.
    Direction,
    /// The in-range liquidity is not what the events before make it.
    Liquidity {
        /// By the events before.
        expected: u128,
        /// By this event.
        found: u128,
    },
    /// The amounts are not those of the way from the price before to the price after.
    Amounts,
    /// The amounts of a mint or burn are not those of its range at the price before.
    PositionAmounts,
    /// A burn of more liquidity than there is, or a mint of more than a pool can hold.
    Overdrawn,
    /// A pool is opened twice.
    Reopened,
}
