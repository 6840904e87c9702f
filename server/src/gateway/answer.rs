use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Buf as _, Bytes, BytesMut};
use http::Response;
use hyper::body::Body as _;
use tonic::{Code, Status};

use crate::encode::FRAME_HEAD_BYTES;
use crate::serve::Body;

/// The messages of an answer, and its status behind them.
pub(super) struct Answers {
    body: Body,
    pending: Bytes,
    /// How the call ended, once it has.
    end: Option<Result<(), Status>>,
}

impl Answers {
    pub(super) fn new(response: Response<Body>) -> Self {
        let end = Status::from_header_map(response.headers()).map(of_status);
        Self { body: response.into_body(), pending: Bytes::new(), end }
    }

    /// The next message. `None` at the end of a call that went well.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.cut()? {
                return Ok(Some(message));
            }
            if let Some(end) = &self.end {
                return end.clone().map(|()| None);
            }
            self.receive().await;
        }
    }

    /// The message at the front of what has come, if all of it is there.
    fn cut(&mut self) -> Result<Option<Bytes>, Status> {
        let &[compressed, a, b, c, d, ..] = &self.pending[..] else { return Ok(None) };
        if compressed != 0 {
            return Err(Status::internal("the answer is compressed"));
        }
        let len = u32::from_be_bytes([a, b, c, d]) as usize;
        if self.pending.len() < FRAME_HEAD_BYTES + len {
            return Ok(None);
        }
        self.pending.advance(FRAME_HEAD_BYTES);
        Ok(Some(self.pending.split_to(len)))
    }

    async fn receive(&mut self) {
        match poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => self.append(data),
                Err(frame) => {
                    let status = frame.trailers_ref().and_then(Status::from_header_map);
                    self.end = Some(of_status(status.unwrap_or_else(no_status)));
                }
            },
            Some(Err(status)) => self.end = Some(Err(status)),
            None => self.end = Some(Err(no_status())),
        }
    }

    /// Messages mostly come whole, and are not copied then.
    fn append(&mut self, data: Bytes) {
        if self.pending.is_empty() {
            self.pending = data;
        } else {
            let mut both = BytesMut::with_capacity(self.pending.len() + data.len());
            both.extend_from_slice(&self.pending);
            both.extend_from_slice(&data);
            self.pending = both.freeze();
        }
    }
}

fn of_status(status: Status) -> Result<(), Status> {
    if status.code() == Code::Ok { Ok(()) } else { Err(status) }
}

fn no_status() -> Status {
    Status::internal("the answer has no status")
}
