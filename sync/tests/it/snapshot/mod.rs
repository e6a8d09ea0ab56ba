//! Snapshots and restore, in a folder of objects: what is named as good restores to the same
//! store, whatever happens on the way.

mod damage;
mod disks;
mod kills;
mod restores;
mod retention;
mod stand;
mod takes;
mod writers;
