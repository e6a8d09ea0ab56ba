//! Content on its way out: piece by piece, no faster than permitted, and never whole if it is not
//! what its stamp says.

use super::rate::Rate;
use crate::{
    error::ObjectError,
    failure::{Act, ObjectCause},
    stamp::{Content, PIECE_BYTES, Stamp, Tally},
};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use std::{
    io,
    path::PathBuf,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{fs::File, io::AsyncReadExt as _, sync::mpsc};

/// Pieces between the reader and the connection: one is sent while the next is read.
const PIECES_AHEAD: usize = 1;

/// Content that can be sent several times.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Bytes(Bytes),
    File(PathBuf),
}

impl From<&Content> for Source {
    fn from(content: &Content) -> Self {
        match content {
            Content::Bytes(bytes) => Self::Bytes(Bytes::copy_from_slice(bytes)),
            Content::File(path) => Self::File(path.clone()),
        }
    }
}

/// How content is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending<'a> {
    pub(super) act: Act<'a>,
    pub(super) rate: Option<&'a Rate>,
    /// For the answer, from the last byte on.
    pub(super) answer: Duration,
    /// For each piece.
    pub(super) stall: Duration,
}

impl Sending<'_> {
    /// Sends content with a request that is made of its body. The content is as its stamp says, or
    /// the request is broken off before its last byte.
    pub(super) async fn send<T, F>(
        &self,
        source: &Source,
        stamp: &Stamp,
        request: impl FnOnce(ByteStream) -> F,
    ) -> Result<T, ObjectError>
    where
        F: Future<Output = T>,
    {
        let (pieces, outgoing) = mpsc::channel(PIECES_AHEAD);
        let body = Outgoing {
            pieces: outgoing,
            left: stamp.bytes,
        };
        let body = ByteStream::new(SdkBody::from_body_1_x(body));
        let mut sending = pin!(request(body));
        let mut feeding = pin!(self.feed(source, stamp, pieces));
        tokio::select! {
            // An answer may come before the content was asked for.
            biased;
            answer = &mut sending => return Ok(answer),
            // Where this fails the request goes with it, unfinished.
            fed = &mut feeding => fed?,
        }
        tokio::time::timeout(self.answer, sending)
            .await
            .map_err(|_| self.late("no answer", self.answer))
    }

    /// Hands over the pieces; ends early where nobody takes them any more.
    async fn feed(
        &self,
        source: &Source,
        stamp: &Stamp,
        pieces: mpsc::Sender<Bytes>,
    ) -> Result<(), ObjectError> {
        let most = self
            .rate
            .map_or(PIECE_BYTES, |rate| rate.piece_bytes(PIECE_BYTES));
        let mut reader = Reader::open(&self.act, source).await?;
        let mut tally = Tally::default();
        let mut sent = 0;
        loop {
            let piece = reader.read(&self.act, most).await?;
            sent += piece.len() as u64;
            let over = piece.is_empty() || sent >= stamp.bytes;
            // What is in memory fits its stamp already.
            if let Reader::File(..) = reader {
                tally.add(&piece);
            }
            if over && matches!(reader, Reader::File(..)) {
                // A file may have grown.
                let more = !piece.is_empty() && !reader.read(&self.act, 1).await?.is_empty();
                let found = tally.clone().stamp();
                if more || found != *stamp {
                    return Err(changed(&self.act, stamp, &found));
                }
            }
            if !piece.is_empty() {
                if let Some(rate) = self.rate {
                    rate.admit(piece.len()).await;
                }
                match tokio::time::timeout(self.stall, pieces.send(piece)).await {
                    Ok(Ok(())) => {}
                    // The request is over; its answer says why.
                    Ok(Err(_)) => return Ok(()),
                    Err(_) => return Err(self.late("nothing taken", self.stall)),
                }
            }
            if over {
                return Ok(());
            }
        }
    }

    fn late(&self, what: &str, time: Duration) -> ObjectError {
        let message = format!("{what} for {time:?}");
        self.act.failed(ObjectCause::Deadline, message).into()
    }
}

/// What is to be written is not what its stamp says.
pub(super) fn changed(act: &Act<'_>, stamp: &Stamp, found: &Stamp) -> ObjectError {
    ObjectError::Changed {
        place: act.place.to_owned(),
        key: act.key.to_owned(),
        expected: stamp.to_string(),
        found: found.to_string(),
    }
}

/// Reads a source from its beginning.
pub(super) enum Reader {
    Bytes(Bytes),
    File(File, PathBuf),
}

impl Reader {
    pub(super) async fn open(act: &Act<'_>, source: &Source) -> Result<Self, ObjectError> {
        Ok(match source {
            Source::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Source::File(path) => {
                let file = File::open(path).await.map_err(|e| act.io(path, &e))?;
                Self::File(file, path.clone())
            }
        })
    }

    /// The next part, with its stamp; the whole's tally counts it.
    pub(super) async fn part(
        &mut self,
        act: &Act<'_>,
        most: usize,
        whole: &mut Tally,
    ) -> Result<(Bytes, Stamp), ObjectError> {
        let mut part = BytesMut::with_capacity(most);
        let mut tally = Tally::default();
        loop {
            let piece = self.read(act, PIECE_BYTES.min(most - part.len())).await?;
            if piece.is_empty() {
                return Ok((part.freeze(), tally.stamp()));
            }
            whole.add(&piece);
            tally.add(&piece);
            part.extend_from_slice(&piece);
            // Digests take their time, and others wait for this thread.
            tokio::task::yield_now().await;
        }
    }

    /// The next piece: as much as is asked for, less only at the end.
    pub(super) async fn read(&mut self, act: &Act<'_>, most: usize) -> Result<Bytes, ObjectError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.split_to(most.min(bytes.len()))),
            Self::File(file, path) => {
                let mut piece = Vec::with_capacity(most);
                file.take(most as u64)
                    .read_to_end(&mut piece)
                    .await
                    .map_err(|e| act.io(path, &e))?;
                Ok(Bytes::from(piece))
            }
        }
    }
}

/// The body of a request: pieces as they come.
#[derive(Debug)]
struct Outgoing {
    pieces: mpsc::Receiver<Bytes>,
    left: u64,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match ready!(self.pieces.poll_recv(context)) {
            Some(piece) => {
                self.left = self.left.saturating_sub(piece.len() as u64);
                Some(Ok(Frame::data(piece)))
            }
            None if self.left == 0 => None,
            None => Some(Err(io::Error::other("the content was broken off"))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
