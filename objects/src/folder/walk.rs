//! Listing a folder in the order that a bucket lists: by the bytes of whole keys.

use super::{
    Folder,
    disk::Disk,
    files::there,
    mark::{LOCK, PARTIAL},
};
use crate::{
    answer::Listed,
    error::ObjectError,
    failure::{Act, ObjectCause},
    key::ObjectKey,
};
use std::{fs, io};

/// Largest number of objects in a page, as S3 has it.
const PAGE: usize = 1_000;

/// A walk through a folder.
#[derive(Debug)]
pub(crate) struct Walk {
    folder: Folder,
    /// None while a page is under way, and for ever where its caller went away.
    trail: Option<Trail>,
    foreign: u64,
}

/// How far the walk is.
#[derive(Debug)]
struct Trail {
    prefix: String,
    /// What is still to be looked at, the next one last: names from the root, folders with a slash
    /// at their end. The slash makes the order that of whole keys.
    ahead: Vec<String>,
    page: Vec<Listed>,
    foreign: u64,
}

impl Walk {
    pub(super) fn new(folder: Folder, prefix: &str) -> Self {
        let trail = Trail {
            prefix: prefix.to_owned(),
            ahead: vec![String::new()],
            page: Vec::new(),
            foreign: 0,
        };
        Self {
            folder,
            trail: Some(trail),
            foreign: 0,
        }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Listed>>, ObjectError> {
        let Some(mut trail) = self.trail.take() else {
            let act = Act::new(self.folder.place(), "list", "on");
            let message = "the page before was given up; begin again";
            return Err(act.failed(ObjectCause::Lost, message).into());
        };
        let work = self.folder.blocking(move |disk| {
            let walked = trail.go(disk);
            Ok((trail, walked))
        });
        let (mut trail, walked) = work.await?;
        self.foreign = trail.foreign;
        let page = walked.map(|()| std::mem::take(&mut trail.page));
        self.trail = Some(trail);
        page.map(|page| (!page.is_empty()).then_some(page))
    }

    pub(crate) fn foreign(&self) -> u64 {
        self.foreign
    }
}

impl Trail {
    /// Until the page is full, or the walk over.
    fn go(&mut self, disk: &Disk) -> Result<(), ObjectError> {
        while self.page.len() < PAGE
            && let Some(name) = self.ahead.last()
        {
            let path = disk.root().join(name);
            let act = Act::new(disk.place(), "list", name);
            if name.is_empty() || name.ends_with('/') {
                let (names, foreign) = self.inside(disk, name).map_err(|e| act.io(&path, &e))?;
                // That nothing is in it is believed of a place that is there.
                disk.present(&act)?;
                self.ahead.pop();
                self.ahead.extend(names);
                self.foreign += foreign;
                continue;
            }
            let about = there(path.symlink_metadata()).map_err(|e| act.io(&path, &e))?;
            match (ObjectKey::new(name), about) {
                (Ok(key), Some(about)) => self.page.push(Listed {
                    key,
                    bytes: about.len(),
                    modified: about.modified().map_err(|e| act.io(&path, &e))?,
                }),
                (Err(_), Some(_)) => self.foreign += 1,
                // Removed since its folder was read.
                (_, None) => disk.present(&act)?,
            }
            self.ahead.pop();
        }
        Ok(())
    }

    /// What of a folder belongs to the walk, the first one last; and how many names are foreign.
    fn inside(&self, disk: &Disk, folder: &str) -> io::Result<(Vec<String>, u64)> {
        let (mut names, mut foreign) = (Vec::new(), 0);
        let entries = there(fs::read_dir(disk.root().join(folder)))?;
        for entry in entries.into_iter().flatten() {
            let entry = entry?;
            let name = entry.file_name();
            if folder.is_empty() && (name == PARTIAL || name == LOCK) {
                continue;
            }
            let kind = entry.file_type()?;
            let Some(name) = name.to_str().filter(|_| kind.is_dir() || kind.is_file()) else {
                foreign += 1;
                continue;
            };
            let slash = if kind.is_dir() { "/" } else { "" };
            let name = format!("{folder}{name}{slash}");
            if name.starts_with(&self.prefix) || (kind.is_dir() && self.prefix.starts_with(&name)) {
                names.push(name);
            }
        }
        names.sort_unstable_by(|a, b| b.cmp(a));
        Ok((names, foreign))
    }
}
