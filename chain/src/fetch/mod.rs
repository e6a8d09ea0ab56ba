//! Fetching a range: many pages in flight, handed on in block order.

mod assemble;
mod claim;
mod confirm;
mod fetcher;
mod headers;
mod log_page;
mod page;
mod piecewise;
mod receipt_page;

pub use fetcher::Fetcher;
pub(crate) use headers::headers;
pub(crate) use page::Page;
pub(crate) use receipt_page::{blocks_page, read_block, receipt_page};
