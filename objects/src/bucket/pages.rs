//! Listing a bucket, and ending the uploads that nobody goes on with.

use super::{Bucket, translate};
use crate::{
    answer::Listed,
    error::ObjectError,
    failure::{Act, ObjectCause},
    key::ObjectKey,
};
use aws_sdk_s3::{error::ProvideErrorMetadata as _, primitives::DateTime};
use std::time::SystemTime;

/// A listing of a bucket.
#[derive(Debug)]
pub(crate) struct Pages {
    bucket: Bucket,
    prefix: String,
    /// Where the next page begins, in the server's words.
    token: Option<String>,
    over: bool,
    last: Option<String>,
    foreign: u64,
}

impl Bucket {
    pub(crate) fn list(&self, prefix: &str) -> Pages {
        Pages {
            bucket: self.clone(),
            prefix: prefix.to_owned(),
            token: None,
            over: false,
            last: None,
            foreign: 0,
        }
    }

    pub(crate) async fn end_stale_uploads(&self, before: SystemTime) -> Result<u64, ObjectError> {
        let act = Act::new(self.place(), "end unfinished uploads", "");
        let before = DateTime::from(before);
        let (mut key_marker, mut id_marker, mut ended) = (None, None, 0);
        loop {
            let mut patience = self.patience(act, 0);
            let page = loop {
                let request = self
                    .client()
                    .list_multipart_uploads()
                    .bucket(self.name())
                    .prefix(self.below())
                    .set_key_marker(key_marker.clone())
                    .set_upload_id_marker(id_marker.clone());
                let asked = async {
                    self.answer(&act, request.send())
                        .await?
                        .map_err(|fault| translate::failure(&act, &fault).into())
                };
                if let Some(page) = patience.attempt(asked).await? {
                    break page;
                }
            };
            for upload in page.uploads() {
                if let (Some(key), Some(id)) = (upload.key(), upload.upload_id())
                    && upload.initiated().is_some_and(|begun| *begun < before)
                {
                    self.end_upload(&act, key, id).await?;
                    ended += 1;
                }
            }
            let next = page.next_key_marker().map(str::to_owned);
            // A server that repeats itself would be asked for ever.
            if page.is_truncated() != Some(true) || next.is_none() || next == key_marker {
                return Ok(ended);
            }
            key_marker = next;
            id_marker = page.next_upload_id_marker().map(str::to_owned);
        }
    }

    /// Ends an upload; one that is over is ended already. The key is a whole one.
    pub(super) async fn end_upload(
        &self,
        act: &Act<'_>,
        key: &str,
        id: &str,
    ) -> Result<(), ObjectError> {
        let mut patience = self.patience(*act, 0);
        loop {
            let attempt = async {
                let request = self
                    .client()
                    .abort_multipart_upload()
                    .bucket(self.name())
                    .key(key)
                    .upload_id(id);
                match self.answer(act, request.send()).await? {
                    Ok(_) => Ok(()),
                    Err(fault) if fault.code() == Some("NoSuchUpload") => Ok(()),
                    Err(fault) => Err(ObjectError::from(translate::failure(act, &fault))),
                }
            };
            if let Some(()) = patience.attempt(attempt).await? {
                return Ok(());
            }
        }
    }
}

impl Pages {
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Listed>>, ObjectError> {
        // Pages of foreign names alone are passed over; each one has its own token.
        while !self.over {
            let page = self.page().await?;
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    pub(crate) fn foreign(&self) -> u64 {
        self.foreign
    }

    async fn page(&mut self) -> Result<Vec<Listed>, ObjectError> {
        let bucket = &self.bucket;
        let act = Act::new(bucket.place(), "list", &self.prefix);
        let below = bucket.below();
        let mut patience = bucket.patience(act, 0);
        let answer = loop {
            let request = bucket
                .client()
                .list_objects_v2()
                .bucket(bucket.name())
                .prefix(format!("{below}{}", self.prefix))
                .set_continuation_token(self.token.clone());
            let asked = async {
                bucket
                    .answer(&act, request.send())
                    .await?
                    .map_err(|fault| translate::failure(&act, &fault).into())
            };
            if let Some(answer) = patience.attempt(asked).await? {
                break answer;
            }
        };
        let refuse =
            |message: &str| -> ObjectError { act.failed(ObjectCause::Other, message).into() };
        let mut page = Vec::new();
        let mut foreign = 0;
        let mut last = self.last.clone();
        for object in answer.contents() {
            let whole = object.key().unwrap_or_default();
            if last.as_deref().is_some_and(|last| last >= whole) {
                return Err(refuse(
                    "the server's listing is not in the order of the keys",
                ));
            }
            last = Some(whole.to_owned());
            let Some(key) = whole
                .strip_prefix(&below)
                .and_then(|rest| ObjectKey::new(rest).ok())
            else {
                foreign += 1;
                continue;
            };
            page.push(Listed {
                key,
                bytes: object
                    .size()
                    .and_then(|size| size.try_into().ok())
                    .ok_or_else(|| refuse("an object of the server's listing has no length"))?,
                modified: object
                    .last_modified()
                    .and_then(|time| SystemTime::try_from(*time).ok())
                    .ok_or_else(|| refuse("an object of the server's listing has no time"))?,
            });
        }
        let next = answer.next_continuation_token().map(str::to_owned);
        let more = answer.is_truncated() == Some(true);
        if more && (next.is_none() || next == self.token) {
            return Err(refuse(
                "the server's listing goes on, and it does not say where",
            ));
        }
        self.over = !more;
        self.token = next;
        self.last = last;
        self.foreign += foreign;
        Ok(page)
    }
}
