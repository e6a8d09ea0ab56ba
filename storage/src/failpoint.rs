//! Points at which a test can end the process, so that what is left can be judged.
//!
//! Compiled in with the feature `failpoints`. Then the variable `FAILPOINTS` says where:
//! `FAILPOINTS="store-before-write=3*off->return"` aborts at the fourth write.

macro_rules! points {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $text;)*

        /// Every point, for tests to walk.
        pub const FAILPOINTS: &[&str] = &[$($name),*];
    };
}

points! {
    /// A new folder is marked as ours; there is no database yet.
    CREATE_MARKED = "store-create-marked";
    /// There is an empty database, which does not say whose it is.
    CREATE_BEFORE_WRITE = "store-create-before-write";
    /// A new store says who it is.
    CREATE_AFTER_WRITE = "store-create-after-write";
    /// The database is open; nothing of it was read.
    OPENED = "store-opened";
    /// A migration is made, nothing of it is written.
    MIGRATE_BEFORE_WRITE = "store-migrate-before-write";
    /// A migration is written.
    MIGRATE_AFTER_WRITE = "store-migrate-after-write";
    /// A step's batch is made, nothing of it is written.
    BEFORE_WRITE = "store-before-write";
    /// A step's batch is written; nobody knows.
    AFTER_WRITE = "store-after-write";
    /// As the one before, and the batch deleted journal entries.
    AFTER_PRUNE = "store-after-prune";
    /// As the one before, and the batch deleted notices.
    AFTER_TRIM = "store-after-trim";
    /// A repair is made, nothing of it is written.
    REPAIR_BEFORE_WRITE = "store-repair-before-write";
    /// A repair is written; nobody knows.
    REPAIR_AFTER_WRITE = "store-repair-after-write";
    /// A slice of a rebuild is made, nothing of it is written.
    REBUILD_BEFORE_WRITE = "store-rebuild-before-write";
    /// A slice of a rebuild is written; nobody knows.
    REBUILD_AFTER_WRITE = "store-rebuild-after-write";
    /// What a rebuild made is to be put in force, nothing of that is written.
    REBUILD_BEFORE_TURN = "store-rebuild-before-turn";
    /// What a rebuild made is in force; what was before is there still.
    REBUILD_AFTER_TURN = "store-rebuild-after-turn";
    /// Some of what a rebuild left behind is to be deleted.
    REBUILD_BEFORE_CLEAR = "store-rebuild-before-clear";
    /// Some of what a rebuild left behind is deleted.
    REBUILD_AFTER_CLEAR = "store-rebuild-after-clear";
    /// A mirror's position is not written yet.
    ACKNOWLEDGE_BEFORE_WRITE = "store-acknowledge-before-write";
    /// A mirror's position is written; nobody knows.
    ACKNOWLEDGE_AFTER_WRITE = "store-acknowledge-after-write";
    /// Records of the program's own are not written yet.
    KEEP_BEFORE_WRITE = "store-keep-before-write";
    /// Records of the program's own are written; nobody knows.
    KEEP_AFTER_WRITE = "store-keep-after-write";
    /// Closing: what is in memory is in the log alone.
    CLOSE_BEFORE_FLUSH = "store-close-before-flush";
    /// Closing: what was in memory is in files.
    CLOSE_AFTER_FLUSH = "store-close-after-flush";
}

/// Reads `FAILPOINTS`, once in the life of a process.
#[cfg(feature = "failpoints")]
pub(crate) fn arm() {
    static ARMED: std::sync::Once = std::sync::Once::new();
    // Forgotten: its end would disarm the points.
    ARMED.call_once(|| std::mem::forget(fail::FailScenario::setup()));
}

/// Without the feature there is nothing to arm.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn arm() {}

/// Ends the process here if `FAILPOINTS` says so: no destructor runs, nothing is flushed.
pub(crate) fn reach(point: &str) {
    // Without the feature the macro is empty.
    let _ = point;
    fail::fail_point!(point, |_| std::process::abort());
}
