//! Mischief: what bad endpoints do, each kind at its own rate.
//!
//! A listener that is hostile has an [`Imp`], which is asked at every
//! opportunity: before each call, each delivery, each notification, each new
//! block. Whether and how a mode strikes at its nth opportunity follows from
//! the seed alone. Answers stay well-formed JSON-RPC, unless the mode is about
//! transport.

mod counts;
mod elsewhere;
mod gaps;
mod imp;
mod lies;
mod other_chain;
mod page;
mod rate;
mod refusals;
mod settings;
mod table;

pub use counts::Mischief;
pub(crate) use imp::{Body, Imp};
pub use rate::Rate;
pub use settings::{Hostility, Rates};
pub use table::{MODES, Mode, ModeInfo};
