//! What can go wrong with the store, and who should act.

use crate::codec_error::CodecError;
use crate::families::Family;
use std::path::PathBuf;
use std::time::Duration;
use tidegauge_features::FeatureError;
use tidegauge_model::{BlockNumber, BlockRange, BlockRef, ChainId, Dispute, ErrorClass, Evidence};

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder holds another chain.
    #[error(
        "the store in {path} holds chain {found}, not chain {wanted}: set `chain.id = {found}` or choose another `storage.path`"
    )]
    WrongChain {
        /// The store's folder.
        path: PathBuf,
        /// The chain it holds.
        found: ChainId,
        /// The chain asked for.
        wanted: ChainId,
    },
    /// The folder was written by a newer program.
    #[error(
        "the store in {path} has format {found}, this program knows formats up to {supported}: run the newer program, or choose another `storage.path`"
    )]
    NewerFormat {
        /// The store's folder.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format known here.
        supported: u32,
    },
    /// The folder was written by an older program, and a reader migrates nothing.
    #[error(
        "the store in {path} has format {found}, this program writes format {current}: let it open the store for writing once, which migrates it"
    )]
    OlderFormat {
        /// The store's folder.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The format written here.
        current: u32,
    },
    /// The store was derived by another feature set.
    #[error(
        "the numbers in the store in {path} were computed by another feature set: ours is {differences}; compute them anew by `tidegauge features --rebuild` or `tidegauge run --rebuild`, or put the configuration back"
    )]
    FeaturesChanged {
        /// The store's folder.
        path: PathBuf,
        /// What differs.
        differences: String,
    },
    /// What is stored cannot be folded.
    #[error("what is stored cannot be folded: {0}; restore from a snapshot or collect anew")]
    Fold(#[from] FeatureError),
    /// The folder holds something else.
    #[error(
        "{path} is not a store of ours ({why}): choose an empty folder or an existing store as `storage.path`"
    )]
    NotAStore {
        /// The folder.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// There is no store and none may be made.
    #[error("there is no store in {path}: check `storage.path`, or collect something first")]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// Another process writes.
    #[error(
        "the store in {path} is in use by {}: stop it first, or read beside it",
        holder(*pid)
    )]
    Locked {
        /// The store's folder.
        path: PathBuf,
        /// The holder, where its note was readable.
        pid: Option<u32>,
    },
    /// The folder cannot be written.
    #[error("cannot write to {path}: {source}; check its owner, its permissions and its mount")]
    NotWritable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder cannot be read.
    #[error("cannot read {path}: {source}; check its owner, its permissions and its mount")]
    NotReadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Opening did not come to an end.
    #[error(
        "opening the store in {path} did not end within {} s, as a damaged log can make it: end this process, then restore the folder from a snapshot or collect anew into an empty one",
        deadline.as_secs()
    )]
    OpenTimedOut {
        /// The store's folder.
        path: PathBuf,
        /// The deadline.
        deadline: Duration,
    },
    /// RocksDB refuses the folder.
    #[error(
        "cannot open the store in {path}: {message}; if a file is damaged, restore the folder from a snapshot or collect anew into an empty one"
    )]
    Open {
        /// The store's folder.
        path: PathBuf,
        /// What RocksDB said.
        message: String,
    },
    /// A read failed: a file is damaged or gone.
    #[error(
        "cannot read family `{family}`: {message}; stop, check the disk, then restore from a snapshot or collect anew"
    )]
    Read {
        /// The family.
        family: Family,
        /// What RocksDB said.
        message: String,
    },
    /// A stored value cannot be decoded.
    #[error(
        "family `{family}` holds damaged bytes under key 0x{key}: {source}; restore from a snapshot or collect anew"
    )]
    Damaged {
        /// The family.
        family: Family,
        /// The key in hex.
        key: String,
        /// What is wrong with the bytes.
        source: CodecError,
    },
    /// Two stored things contradict each other.
    #[error("the store contradicts itself: {0}; restore from a snapshot or collect anew")]
    Contradiction(String),
    /// A write failed; whether it took effect is unknown until the store is opened again.
    #[error(
        "writing to the store in {path} failed: {message}; end this process and start it again, the store then says what it holds"
    )]
    WriteFailed {
        /// The store's folder.
        path: PathBuf,
        /// What RocksDB said.
        message: String,
    },
    /// A write failed before; nothing more is written.
    #[error("the store in {path} failed to write before and writes no more: start again")]
    Poisoned {
        /// The store's folder.
        path: PathBuf,
    },
    /// The disk is nearly full.
    #[error(
        "only {free_mib} MiB are free at {path}, {needed_mib} MiB are the least to go on: free some space, nothing was lost"
    )]
    DiskLow {
        /// The store's folder.
        path: PathBuf,
        /// Free space in MiB.
        free_mib: u64,
        /// The least, in MiB.
        needed_mib: u64,
    },
    /// A step does not fit; nothing was written.
    #[error("blocks {range} do not fit the store: {fault}")]
    StepRefused {
        /// The step's range.
        range: BlockRange,
        /// What is wrong with it.
        fault: StepFault,
    },
    /// An unwind reaches below what is final.
    #[error(
        "asked to unwind to block {to}, below the final block {finalized}: the endpoint contradicts finality, check it against another"
    )]
    UnwindBelowFinal {
        /// Where to.
        to: BlockNumber,
        /// The final height.
        finalized: BlockNumber,
    },
    /// An unwind names a block that was never our tip.
    #[error(
        "asked to unwind to block {} with hash {}, which this store never had as its tip: find the common ancestor again",
        to.number, to.hash
    )]
    UnwindUnknown {
        /// Where to.
        to: BlockRef,
    },
    /// The journal is at its ceiling.
    #[error(
        "the journal of blocks that are not final would grow to {bytes} bytes, its ceiling is {ceiling}: finality lags, check the endpoint's `finalized` tag or set `chain.finality`"
    )]
    JournalFull {
        /// Bytes it would hold.
        bytes: u64,
        /// The ceiling.
        ceiling: u64,
    },
    /// A mirror acknowledges what it cannot have.
    #[error(
        "mirror `{mirror}` acknowledges notice {sequence}, which was never written, or its name is empty or too long: it follows another store"
    )]
    PositionRefused {
        /// The mirror's name.
        mirror: String,
        /// What it acknowledges.
        sequence: crate::notice::Sequence,
    },
    /// Records that are to be kept together are too many.
    #[error(
        "records of {bytes} bytes cannot be kept at once, the limit is {limit}: bring in fewer"
    )]
    RecordsTooLarge {
        /// Their size.
        bytes: usize,
        /// The largest allowed.
        limit: usize,
    },
    /// A checkpoint could not be made; the store goes on.
    #[error(
        "cannot make a checkpoint in {path}: {message}; nothing of it is left, and the store goes on: see that its disk has room and takes hard links"
    )]
    Checkpoint {
        /// The folder that it should have.
        path: PathBuf,
        /// What RocksDB said.
        message: String,
    },
    /// A checkpoint is made where the store is written.
    #[error(
        "only the process that writes the store in {path} makes a checkpoint of it: ask it, or stop it first"
    )]
    NotTheWriter {
        /// The store's folder.
        path: PathBuf,
    },
    /// An epoch below the store's own.
    #[error("the store in {path} is of epoch {found} already, above {wanted}: epochs never fall")]
    EpochFalls {
        /// The store's folder.
        path: PathBuf,
        /// The epoch it has.
        found: u64,
        /// The epoch asked for.
        wanted: u64,
    },
    /// A view is open, so that a reader beside a writer cannot move on.
    #[error("cannot catch up while a view is open: drop it first")]
    ViewOpen,
    /// A reader beside a writer met it in the middle of a change, several times.
    #[error("the store in {path} changed too fast to be read beside its writer: try again")]
    Unsettled {
        /// The store's folder.
        path: PathBuf,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}

impl StoreError {
    /// What the error asks of the one who meets it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::WrongChain { .. }
            | Self::NewerFormat { .. }
            | Self::OlderFormat { .. }
            | Self::FeaturesChanged { .. }
            | Self::NotAStore { .. }
            | Self::Missing { .. }
            | Self::Locked { .. }
            | Self::NotWritable { .. }
            | Self::NotReadable { .. }
            | Self::DiskLow { .. }
            | Self::PositionRefused { .. }
            | Self::RecordsTooLarge { .. }
            | Self::NotTheWriter { .. }
            | Self::EpochFalls { .. }
            | Self::JournalFull { .. } => ErrorClass::Refused,
            Self::StepRefused { fault, .. } => fault.class(),
            Self::Fold(error) => error.class(),
            Self::UnwindUnknown { .. }
            | Self::Checkpoint { .. }
            | Self::ViewOpen
            | Self::Unsettled { .. } => ErrorClass::Transient,
            Self::OpenTimedOut { .. }
            | Self::Open { .. }
            | Self::Read { .. }
            | Self::Damaged { .. }
            | Self::Contradiction(_)
            | Self::WriteFailed { .. }
            | Self::Poisoned { .. }
            | Self::UnwindBelowFinal { .. } => ErrorClass::Corrupt,
        }
    }
}

/// Why a step does not fit.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StepFault {
    /// It does not begin right after the tip.
    #[error("they should begin at block {expected}")]
    NotNext {
        /// The height after the tip.
        expected: BlockNumber,
    },
    /// Its first block's parent is not the tip.
    #[error("their parent {parent} is not the tip {tip}: the chain has another branch")]
    NotOnTip {
        /// The parent claimed.
        parent: tidegauge_model::B256,
        /// The tip's hash.
        tip: tidegauge_model::B256,
    },
    /// Two of its blocks do not link.
    #[error("block {block} does not link to the block before")]
    BrokenLink {
        /// The later block.
        block: BlockNumber,
    },
    /// A block lies outside the range or out of order.
    #[error("block {block} is out of order or outside the range")]
    Misplaced {
        /// The block.
        block: BlockNumber,
    },
    /// The last block's hash is not the range's end.
    #[error("block {block} has another hash than the range's end")]
    EndMismatch {
        /// The block.
        block: BlockNumber,
    },
    /// A block is older than the one before.
    #[error("the timestamp of block {block} lies before that of the block before")]
    TimeRunsBack {
        /// The block.
        block: BlockNumber,
    },
    /// A block is later than any chain gets between two blocks.
    #[error("block {block} comes more than {limit_days} days after the block before")]
    TimeLeaps {
        /// The block.
        block: BlockNumber,
        /// The most days.
        limit_days: u32,
    },
    /// A row does not belong to its block, or rows are not in log order.
    #[error("log {log_index} of block {block} is out of order or belongs elsewhere")]
    MisplacedLog {
        /// The block.
        block: BlockNumber,
        /// The log index.
        log_index: tidegauge_model::LogIndex,
    },
    /// Received logs are not all accounted for.
    #[error("the tally of block {block} does not balance with its rows")]
    BlockTally {
        /// The block.
        block: BlockNumber,
    },
    /// The range's tally is not the sum of its blocks'.
    #[error("the range's tally is not the sum of its blocks' tallies")]
    RangeTally,
    /// A row's pool was never accepted.
    #[error("block {block} has rows of pool {pool}, which was not accepted")]
    UnknownPool {
        /// The block.
        block: BlockNumber,
        /// The pool.
        pool: tidegauge_model::PoolId,
    },
    /// An accepted pool's token is not known.
    #[error("pool {pool} is accepted, but its token {token} is not described")]
    UnknownToken {
        /// The pool.
        pool: tidegauge_model::PoolId,
        /// The token.
        token: tidegauge_model::Address,
    },
    /// A contract was judged differently before.
    #[error("contract {pool} was judged before, differently")]
    Rejudged {
        /// The contract.
        pool: tidegauge_model::PoolId,
    },
    /// A dispute does not end in the range that brings it, or begins before the store.
    #[error(
        "the dispute of pool {} over blocks {} does not end in them, or begins before the store",
        dispute.pool, dispute.range
    )]
    MisplacedDispute {
        /// The dispute.
        dispute: Dispute,
    },
    /// A repair names blocks that the store does not hold.
    #[error(
        "only blocks that were collected are repaired, and these are {}",
        covered.map_or_else(|| "none".to_owned(), |range| range.to_string())
    )]
    NotCovered {
        /// What was collected.
        covered: Option<BlockRange>,
    },
    /// A repair names blocks that are not final.
    #[error(
        "{}: unwind the others and extend again, or repair them when they are final",
        finalized.map_or_else(
            || "no block is known to be final".to_owned(),
            |finalized| format!("only blocks up to the final one, {finalized}, are repaired")
        )
    )]
    NotFinal {
        /// The final height.
        finalized: Option<BlockNumber>,
    },
    /// A repair has weaker evidence than what it would replace.
    #[error(
        "blocks {at} are stored with evidence `{stored}`, and evidence never falls: fetch them again with at least that, not with `{fetched}`"
    )]
    WeakerEvidence {
        /// What is stored.
        stored: Evidence,
        /// Of which blocks.
        at: BlockRange,
        /// What was fetched.
        fetched: Evidence,
    },
    /// A repair does not fit between its neighbours.
    #[error(
        "block {block} is {stored} here, but was fetched as {fetched}: fetch again from another branch or endpoint, or repair a wider range if what is stored is wrong"
    )]
    OtherBranch {
        /// The block at the seam.
        block: BlockNumber,
        /// Its hash as it was fetched.
        fetched: tidegauge_model::B256,
        /// Its hash as it is stored.
        stored: tidegauge_model::B256,
    },
    /// It is larger than one batch may be.
    #[error("they make a batch of {bytes} bytes, at most {limit} are written at once: send fewer")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

impl StepFault {
    /// Another branch may be the reason, then fetching again helps; all else is bad input.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NotOnTip { .. } | Self::NotNext { .. } | Self::OtherBranch { .. } => {
                ErrorClass::Transient
            }
            _ => ErrorClass::Refused,
        }
    }
}
