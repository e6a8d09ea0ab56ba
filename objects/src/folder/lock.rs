//! The folder's lock: documents are read and replaced by one process at a time.

use super::{
    disk::Disk,
    files::there,
    mark::{LOCK, Mark},
};
use crate::{
    error::ObjectError,
    failure::{Act, ObjectCause},
};
use std::{
    fs::{File, TryLockError},
    thread,
    time::{Duration, Instant},
};

/// How long the lock is waited for. Who has it keeps it for one small file, synced.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// The lock; given back when it is dropped, or by the kernel when the process dies.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "closing the file gives the lock back")] File);

impl Lock {
    pub(super) fn take(disk: &Disk) -> Result<Self, ObjectError> {
        let act = Act::new(disk.place(), "lock", "the folder");
        let path = disk.root().join(LOCK);
        let io = |e| act.io(&path, &e);
        let mark = disk.marked().map_err(io)?;
        let opened = there(File::options().read(true).write(true).open(&path)).map_err(io)?;
        let Some(file) = opened else {
            return Err(act.failed(ObjectCause::Gone, "").into());
        };
        if Mark::of(&file).map_err(io)? != *mark {
            return Err(act.failed(ObjectCause::Gone, "").into());
        }
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(act
                        .failed(ObjectCause::Locked, format!("for {PATIENCE:?}"))
                        .into());
                }
                Err(TryLockError::Error(e)) => return Err(io(e).into()),
            }
        }
    }
}
