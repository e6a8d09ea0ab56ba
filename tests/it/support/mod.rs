//! What the tests share: the program, its tables, recorded data, a proxy that lies.

pub(crate) mod cbor;
mod daemon;
mod disk;
mod node;
mod parquet;
mod program;
mod same;
mod shared;
mod table;
mod tamper;

pub(crate) use daemon::Daemon;
pub(crate) use disk::Disk;
pub(crate) use node::node_modules;
pub(crate) use parquet::parquet;
pub(crate) use program::{Chain, Program, exits_with_one_error, root, store_holds};
pub(crate) use same::assert_same;
pub(crate) use shared::{gunzip, shared};
pub(crate) use table::Table;
pub(crate) use tamper::{Reply, Tamper};

/// A number from the environment, as scripts of the long forms give it.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text}: a number")),
    )
}
