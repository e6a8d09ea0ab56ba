//! Ridge regression of log targets, by sums of products that are added in one fixed order.

mod cholesky;
mod gram;
mod inputs;
mod training;

pub(crate) use gram::Gram;
pub(crate) use inputs::SeriesInputs;
pub use training::Fit;
pub(crate) use training::Training;
