//! What all that is kept in a bucket shares: who may write there.

mod succession;
mod writer;

pub use succession::WriterClaim;
pub use writer::{Clock, Writer, wall_clock};
