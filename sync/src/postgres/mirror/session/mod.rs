//! A session: one connection, and what is known of the mirror while nobody else may write it.

mod check;

pub(super) use check::{BlockDiff, DayDiff, Mode};

use super::ancestor::ancestor;
use super::blocking::{Begun, begin_look, end_look, look_at};
use super::day_rows::DayRows;
use super::lease::{self, Claim};
use super::ledger::Ledger;
use super::options::MirrorStatus;
use super::plan::{self, Base, Cut, DayBook, DayEntry, Look, Plan};
use super::pools::Known;
use super::position::State;
use super::transaction::{Purpose, begin, commit};
use super::write;
use crate::error::SyncError;
use crate::mirror_fault::MirrorFault;
use crate::postgres::ask::connect;
use crate::postgres::connect::Database;
use crate::postgres::schema::Partitions;
use sqlx::PgConnection;
use std::sync::Arc;
use tidegauge_model::{B256, BlockNumber, BlockRef};
use tidegauge_storage::Reader;

/// Blocks that one transaction deletes at most; a mirror far ahead of a store that was restored
/// goes back in several.
const MAX_CUT_BLOCKS: u64 = 20 * plan::SEGMENT_BLOCKS;

/// How often the store may turn elsewhere while both chains are compared.
const MAX_LOOKS: usize = 8;

/// One connection, and what is known of the mirror.
pub(super) struct Session {
    database: Database,
    connection: PgConnection,
    reader: Reader,
    chain: i32,
    epoch: i64,
    state: State,
    known: Arc<Known>,
    book: Arc<DayBook>,
    partitions: Partitions,
    ahead: Option<Ahead>,
}

/// The look that follows a plan, begun while that is written.
struct Ahead {
    /// What the mirror holds then.
    from: State,
    look: Begun<Look>,
}

/// What a turn did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// It wrote this many swaps; whether more waits.
    Wrote { swaps: usize, more: bool },
    /// There was nothing to write.
    Nothing,
}

impl Session {
    /// Connects and takes the lease, or goes on with the one we have.
    pub(super) async fn open(
        database: &Database,
        reader: &Reader,
        chain: i32,
        claim: &Claim,
        epoch: Option<i64>,
    ) -> Result<Self, SyncError> {
        let mut connection = connect(database).await?;
        let ledger = Ledger { database, chain };
        let position = match epoch {
            None => {
                let last = look_at(reader, |view| Ok(view.last_notice())).await?;
                lease::take(ledger, &mut connection, claim, last).await?
            }
            Some(epoch) => {
                begin(database, &mut connection, Purpose::Read).await?;
                let found = ledger.position(&mut connection).await?;
                commit(&mut connection).await?;
                let found = found.ok_or(MirrorFault::Moved)?;
                super::ledger::allow(&found, epoch)?;
                found
            }
        };
        begin(database, &mut connection, Purpose::Read).await?;
        let known = Known::load(database, &mut connection, chain).await?;
        let mut book = ledger.days(&mut connection).await?;
        book.forecasts = ledger.runs(&mut connection).await?;
        commit(&mut connection).await?;
        Ok(Self {
            database: database.clone(),
            connection,
            reader: reader.clone(),
            chain,
            epoch: position.epoch,
            state: position.state,
            known: Arc::new(known),
            book: Arc::new(book),
            partitions: Partitions::default(),
            ahead: None,
        })
    }

    /// The lease's number.
    pub(super) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// What the mirror holds.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Says that we are alive.
    pub(super) async fn renew(&mut self) -> Result<(), SyncError> {
        let ledger = Ledger {
            database: &self.database,
            chain: self.chain,
        };
        lease::renew(ledger, &mut self.connection, self.epoch).await
    }

    /// One step towards the store's tip.
    pub(super) async fn step(&mut self, status: &mut MirrorStatus) -> Result<Turn, SyncError> {
        let mut agreed = None;
        for _ in 0..MAX_LOOKS {
            let plan = match end_look(self.next_look(agreed)).await? {
                Look::Elsewhere => {
                    let ledger = Ledger {
                        database: &self.database,
                        chain: self.chain,
                    };
                    begin(&self.database, &mut self.connection, Purpose::Read).await?;
                    let at = ancestor(ledger, &mut self.connection, &self.reader).await?;
                    commit(&mut self.connection).await?;
                    if let Some(turn) = self.go_back_some(at).await? {
                        return Ok(turn);
                    }
                    agreed = Some(at);
                    continue;
                }
                Look::Nothing(plan) => {
                    show(status, &plan);
                    self.learn(plan);
                    return Ok(Turn::Nothing);
                }
                Look::Do(plan) => plan,
            };
            show(status, &plan);
            let turn = Turn::Wrote {
                swaps: plan.swaps.rows(),
                more: plan.more,
            };
            self.write(plan).await?;
            return Ok(turn);
        }
        // The store turned at every look; the next turn goes on.
        Err(MirrorFault::Moved.into())
    }

    /// Where the mirror must go back by very much, some of it.
    async fn go_back_some(&mut self, to: Option<BlockRef>) -> Result<Option<Turn>, SyncError> {
        let Some(at) = self.state.at else {
            return Ok(None);
        };
        let lowest = to.map_or(0, |to| to.number.0);
        if at.number.0.saturating_sub(lowest) <= MAX_CUT_BLOCKS {
            return Ok(None);
        }
        let kept = (at.number.0 - MAX_CUT_BLOCKS) / plan::SEGMENT_BLOCKS * plan::SEGMENT_BLOCKS;
        let kept = BlockNumber(kept.max(1) - 1);
        let mut state = self.state;
        state.time = None;
        // No block has this hash, so that the way is looked for again from there.
        state.at = Some(BlockRef {
            number: kept,
            hash: B256::repeat_byte(0xff),
        });
        self.write(Plan::cut_only(Cut { to: Some(kept) }, state, &self.book))
            .await?;
        Ok(Some(Turn::Wrote {
            swaps: 0,
            more: true,
        }))
    }

    /// A look at the store: the one that was begun ahead, if it fits.
    fn next_look(&mut self, agreed: Option<Option<BlockRef>>) -> Begun<Look> {
        match self.ahead.take() {
            Some(ahead) if agreed.is_none() && ahead.from == self.state => ahead.look,
            _ => self.look(Base {
                chain: self.chain,
                state: self.state,
                known: Arc::clone(&self.known),
                book: Arc::clone(&self.book),
                agreed,
                left: None,
            }),
        }
    }

    fn look(&self, base: Base) -> Begun<Look> {
        begin_look(&self.reader, move |view| plan::look(view, base))
    }

    /// While a plan is written, the next one can be made: it is known what the mirror will hold.
    fn look_ahead(&mut self, plan: &mut Plan) {
        self.ahead = (plan.more && plan.cut.is_none()).then(|| {
            let mut book = DayBook::clone(&self.book);
            enter(&mut book, &plan.days);
            book.compared = plan.compared;
            enter_kept(&mut book, plan);
            let known = plan
                .pools
                .as_ref()
                .map(|pools| Arc::new(pools.known().clone()));
            Ahead {
                from: plan.next,
                look: self.look(Base {
                    chain: self.chain,
                    state: plan.next,
                    known: known.unwrap_or_else(|| Arc::clone(&self.known)),
                    book: Arc::new(book),
                    agreed: None,
                    left: plan.left.take(),
                }),
            }
        });
    }

    async fn write(&mut self, mut plan: Plan) -> Result<(), SyncError> {
        self.look_ahead(&mut plan);
        let days = std::mem::take(&mut plan.days_of_swaps);
        self.partitions
            .ensure(&self.database, &mut self.connection, days)
            .await?;
        let ledger = Ledger {
            database: &self.database,
            chain: self.chain,
        };
        let (connection, expected) = (&mut self.connection, &self.state);
        write::write(ledger, connection, self.epoch, expected, &mut plan).await?;
        self.learn(plan);
        Ok(())
    }

    /// Keeps what a plan that is written leaves behind.
    fn learn(&mut self, plan: Plan) {
        let book = Arc::make_mut(&mut self.book);
        if let Some(Cut { to }) = plan.cut {
            let height = to.map_or(-1, |to| i64::try_from(to.0).unwrap_or(i64::MAX));
            book.days.retain(|_, entry| entry.as_of < height);
            Arc::make_mut(&mut self.known).doubt();
        }
        enter(book, &plan.days);
        book.compared = plan.compared;
        enter_kept(book, &plan);
        self.state = plan.next;
        if let Some(pools) = plan.pools {
            self.known = Arc::new(pools.into_known());
        }
    }

    /// Has pools and tokens compared once more.
    pub(super) fn doubt_pools(&mut self) {
        self.ahead = None;
        Arc::make_mut(&mut self.known).doubt();
    }
}

fn enter(book: &mut DayBook, days: &[DayRows]) {
    for day in days {
        let entry = DayEntry {
            digest: day.digest,
            settled: day.settled,
            as_of: day.as_of,
        };
        book.days.insert(day.day, entry);
    }
}

/// Forecasts and jobs that are written.
fn enter_kept(book: &mut DayBook, plan: &Plan) {
    if let Some(runs) = &plan.forecasts {
        book.forecasts.enter(runs);
    }
    if let Some(jobs) = &plan.jobs {
        book.jobs = Some(jobs.digest);
    }
}

fn show(status: &mut MirrorStatus, plan: &Plan) {
    status.tip = plan.tip;
    status.tip_time = plan.tip_time;
}
