use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use hyper::body::Body as _;
use prost_reflect::MessageDescriptor;
use tonic::Status;

use super::json;
use super::values::Values;
use crate::serve::RequestBody;

/// JSON of a message of one byte may be longer than the message: bytes grow by a third, and every character may be an escape.
const JSON_BYTES_PER_MESSAGE_BYTE: usize = 2;

/// The messages of a request's body.
pub(super) struct Requests {
    body: RequestBody,
    values: Values,
    kind: MessageDescriptor,
    max_message_bytes: usize,
}

impl Requests {
    pub(super) fn new(body: RequestBody, kind: MessageDescriptor, max_message_bytes: usize) -> Self {
        Self { body, values: Values::default(), kind, max_message_bytes }
    }

    /// The one message, framed: what is behind it is not looked at, and an empty body is an empty message.
    pub(super) async fn only(mut self) -> Result<Bytes, Status> {
        let json = self.next_value().await?;
        let frame = json::to_frame(&self.kind, json.as_deref().unwrap_or(b"{}"))?;
        // So that the connection can serve another request.
        while self.receive().await?.is_some() {}
        Ok(frame)
    }

    /// All messages, framed, read as they are asked for. Ends behind one that cannot be read.
    pub(super) fn stream(self) -> BoxStream<'static, Result<Bytes, Status>> {
        stream::unfold(Some(self), |requests| async {
            let mut requests = requests?;
            match requests.next_frame().await {
                Ok(frame) => Some((Ok(frame?), Some(requests))),
                Err(status) => Some((Err(status), None)),
            }
        })
        .boxed()
    }

    async fn next_frame(&mut self) -> Result<Option<Bytes>, Status> {
        let Some(json) = self.next_value().await? else { return Ok(None) };
        let frame = json::to_frame(&self.kind, &json);
        let in_words =
            |status: Status| Status::new(status.code(), format!("Failed to decode request: {}", status.message()));
        frame.map(Some).map_err(in_words)
    }

    async fn next_value(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(value) = self.values.next() {
                return Ok(Some(value));
            }
            if self.values.len() / JSON_BYTES_PER_MESSAGE_BYTE > self.max_message_bytes {
                return Err(self.too_large());
            }
            match self.receive().await? {
                Some(data) => self.values.push(&data),
                None => return Ok(self.values.rest()),
            }
        }
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Status> {
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    fn too_large(&self) -> Status {
        Status::resource_exhausted(format!("grpc: received message larger than max ({})", self.max_message_bytes))
    }
}
