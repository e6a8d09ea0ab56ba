//! Runs ONNX models: a row of numbers in, one number out, for thousands of rows at once.
//!
//! The graph is tract's affair. Ensembles of trees are ours, since tract has none that give quantities:
//! a file comes from outside, and everything in it that leads somewhere is checked before it is used.
//! *Knows nothing of what the numbers mean.*

mod error;
mod network;
mod trees;

pub use error::OnnxError;
pub use network::Network;
