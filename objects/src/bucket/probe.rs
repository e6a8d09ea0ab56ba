//! Trying out what a server does, instead of believing its name.

use super::{
    Bucket,
    outgoing::Source,
    put::digest_header,
    translate::{self, Fault},
};
use crate::{
    answer::{Abilities, ObjectTag},
    error::ObjectError,
    failure::{Act, ObjectCause},
    key::ObjectKey,
    stamp::Stamp,
};
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use bytes::Bytes;

/// A tag that no object has.
const NO_TAG: &str = "\"00000000000000000000000000000000\"";

/// The answer to a write.
type Written = Result<PutObjectOutput, Fault<PutObjectError>>;

impl Bucket {
    pub(crate) async fn probe(&self) -> Result<Abilities, ObjectError> {
        self.list("probe/").next().await?;
        // A name that nobody else has: whatever is refused is refused because of us.
        let key = ObjectKey::new(&format!("probe/{}", uuid::Uuid::new_v4()))?;
        let act = Act::new(self.place(), "write", key.as_ref());
        self.put_new(
            &key,
            &crate::stamp::Content::Bytes(b"first".to_vec()),
            &Stamp::of(b"first"),
        )
        .await?;
        let unmet = [None, Some(ObjectTag(NO_TAG.to_owned()))];
        let mut refused = 0;
        for condition in &unmet {
            if self.is_refused(&act, &key, condition.as_ref()).await? {
                refused += 1;
            }
        }
        Ok(Abilities {
            conditional_put: refused == unmet.len(),
            delete: match self.delete(&key).await {
                Ok(()) => true,
                Err(ObjectError::Failed(f)) if f.cause == ObjectCause::Denied => false,
                Err(error) => return Err(error),
            },
        })
    }

    /// Whether a write is refused whose condition does not hold.
    async fn is_refused(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
        expected: Option<&ObjectTag>,
    ) -> Result<bool, ObjectError> {
        let stamp = Stamp::of(b"second");
        let source = Source::Bytes(Bytes::from_static(b"second"));
        let mut patience = self.patience(*act, 0);
        loop {
            let attempt = async {
                let request = self
                    .client()
                    .put_object()
                    .bucket(self.name())
                    .key(self.full(key))
                    .checksum_sha256(digest_header(&stamp.sha256));
                let request = match expected {
                    Some(tag) => request.if_match(&tag.0),
                    None => request.if_none_match("*"),
                };
                let written: Written = self
                    .sending(*act)
                    .send(&source, &stamp, |body| request.body(body).send())
                    .await?;
                match written {
                    Ok(_) => Ok(false),
                    Err(fault) if translate::is_unmet(&fault) => Ok(true),
                    Err(fault) => {
                        let failure = translate::failure(act, &fault);
                        match failure.cause {
                            ObjectCause::Unsupported => Ok(false),
                            _ => Err(ObjectError::from(failure)),
                        }
                    }
                }
            };
            if let Some(refused) = patience.attempt(attempt).await? {
                return Ok(refused);
            }
        }
    }
}
