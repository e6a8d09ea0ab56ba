//! The clock on the wall, for what is told to people: nothing that is computed reads it.

use tidegauge_model::UnixSeconds;

/// Now; a clock that stands before 1970 says 0.
pub(crate) fn now() -> UnixSeconds {
    UnixSeconds(u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0))
}
