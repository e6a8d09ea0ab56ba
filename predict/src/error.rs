//! What can be wrong with what forecasts are made from.

use tidegauge_model::{Day, ErrorClass, PoolId};

/// Why a walk was not begun, led on or taken up again; it is left as it was.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum PredictError {
    /// A day that is not after the last one.
    #[error(
        "day {day} was to be walked after {last}: days go forward; begin a walk anew to replay"
    )]
    OutOfOrder {
        /// The day given.
        day: Day,
        /// The last day walked.
        last: Day,
    },
    /// A pool that was given twice.
    #[error("pool {pool} has two rows for {day}: give one")]
    Twice {
        /// Which day.
        day: Day,
        /// Whose.
        pool: PoolId,
    },
    /// A number that no chain can give.
    #[error("the {what} of pool {pool} is {value}, which no day can have")]
    Impossible {
        /// Whose.
        pool: PoolId,
        /// Which number.
        what: &'static str,
        /// What it was, as a float.
        value: f64,
    },
    /// A setting out of its range.
    #[error("{setting} is {value}: {range}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it was.
        value: String,
        /// What it may be.
        range: &'static str,
    },
    /// Bytes that are not a walk of this version.
    #[error("a saved walk cannot be read: {reason}; begin a walk anew and replay the days")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

impl PredictError {
    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::OutOfOrder { .. } | Self::Twice { .. } | Self::Setting { .. } => {
                ErrorClass::Refused
            }
            Self::Impossible { .. } | Self::Unreadable { .. } => ErrorClass::Corrupt,
        }
    }
}
