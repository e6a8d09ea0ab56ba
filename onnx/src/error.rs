//! What can be wrong with a model.

/// Why a model is not run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OnnxError {
    /// It is no model, or has parts that are not known here.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It does not take rows of so many numbers, or does not give one for each.
    #[error("{0}")]
    Shape(String),
    /// It fails on these rows.
    #[error("it cannot be run: {0}")]
    Failed(String),
}
