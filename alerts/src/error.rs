//! What can go wrong with alerts: configurations that contradict themselves, damaged states.

use tidegauge_model::ErrorClass;

/// Why rules or a book cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertsError {
    /// What was configured cannot be meant.
    #[error("alerts: {0}")]
    Settings(String),
    /// The kept state is not one that was written here.
    #[error("alerts: the kept state of {what} cannot be read: {why}")]
    Damaged {
        /// Whose state.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl AlertsError {
    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Settings(_) => ErrorClass::Refused,
            Self::Damaged { .. } => ErrorClass::Corrupt,
        }
    }
}
