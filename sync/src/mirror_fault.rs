//! Why a mirror cannot go on, in its own words.

use tidegauge_model::{BlockNumber, ErrorClass};

/// Why a mirror cannot go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MirrorFault {
    /// Another collector took the mirror over: this one writes nothing any more.
    #[error(
        "another collector ({holder}) took this mirror over: epoch {theirs}, ours was {ours}; nothing more is written from here"
    )]
    Fenced {
        /// The epoch of this writer.
        ours: i64,
        /// The epoch now.
        theirs: i64,
        /// Who holds the lease.
        holder: String,
    },
    /// Another collector holds the lease.
    #[error(
        "another collector ({holder}) writes this mirror, last {seconds} s ago: stop it, or take the mirror over"
    )]
    LeaseHeld {
        /// Who.
        holder: String,
        /// Seconds since it last wrote.
        seconds: i64,
    },
    /// This store went on elsewhere, in a later life.
    #[error(
        "this mirror follows a later life of this store ({holder}, store epoch {theirs}; this one has {ours}): it was restored elsewhere meanwhile, so let this machine be, or take the mirror over"
    )]
    Superseded {
        /// The epoch of this store.
        ours: i64,
        /// The epoch of the store that went on.
        theirs: i64,
        /// Who holds the lease.
        holder: String,
    },
    /// The mirror holds another store.
    #[error(
        "the mirror of this chain belongs to store {theirs}, this is store {ours}: choose another schema (sync.postgres.schema), or take the mirror over"
    )]
    OtherStore {
        /// This store.
        ours: String,
        /// The store that is mirrored.
        theirs: String,
    },
    /// A table of that name is there and is not ours.
    #[error(
        "{schema}.{table} exists and is not this program's: set sync.postgres.schema to a schema of its own"
    )]
    ForeignTable {
        /// The schema.
        schema: String,
        /// The table.
        table: String,
    },
    /// A table of ours was changed.
    #[error("{schema}.{table} is not as this program made it: {difference}")]
    Shape {
        /// The schema.
        schema: String,
        /// The table.
        table: String,
        /// What differs.
        difference: String,
    },
    /// The tables were made by another version of this program.
    #[error("the tables of schema {schema} do not fit this program: {message}")]
    Version {
        /// The schema.
        schema: String,
        /// What does not fit.
        message: String,
    },
    /// A number does not fit the column that holds it.
    #[error("{what} {value} does not fit its column")]
    Beyond {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// The position changed while the lease was ours: read it again.
    #[error("the mirror's position is not what was last seen there")]
    Moved,
    /// The store lacks what it must hold.
    #[error("the store contradicts itself at block {block}: {message}")]
    Contradiction {
        /// Where.
        block: BlockNumber,
        /// How.
        message: String,
    },
}

impl MirrorFault {
    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Moved => ErrorClass::Transient,
            Self::Contradiction { .. } => ErrorClass::Corrupt,
            _ => ErrorClass::Refused,
        }
    }
}
