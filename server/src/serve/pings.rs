//! Keepalive enforcement. hyper answers pings by itself and tells nobody, so the frames are counted on their way through.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::frames::{Frame, Frames};
use super::opening::Opening;
use crate::listen::Io;

mod frames;

#[cfg(feature = "fuzzing")]
pub use self::frames::fuzz;

/// Pings too early that are forgiven until the server next sends something. grpc-go's number.
const FORGIVEN: u32 = 2;
/// GOAWAY with ENHANCE_YOUR_CALM and the words that make gRPC clients ping less often.
const TOO_MANY_PINGS: &[u8] = b"\x00\x00\x16\x07\x00\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00\x00\x0btoo_many_pings";

/// A connection that ends when its client pings more often than it may, or does not say in time what it speaks. HTTP/1 passes unseen.
#[derive(Debug)]
pub(super) struct PingPolice {
    io: Io,
    min_time: Duration,
    received: Frames,
    sent: Frames,
    last_ping: Option<Instant>,
    early: u32,
    /// Until the client has begun.
    opening: Option<Opening>,
}

impl PingPolice {
    /// Pings may come every `min_time`, and as often as the server sends something.
    pub(super) fn new(io: Io, min_time: Duration, opening: Opening) -> Self {
        Self {
            io,
            min_time,
            received: Frames::of_client(),
            sent: Frames::of_server(),
            last_ping: None,
            early: 0,
            opening: Some(opening),
        }
    }

    fn saw_received(&mut self, bytes: &[u8]) -> bool {
        let mut pings = 0;
        self.received.walk(bytes, |frame| pings += u32::from(frame == Frame::Ping));
        if pings > 0 {
            let now = Instant::now();
            let early = self.last_ping.is_some_and(|last| now.duration_since(last) < self.min_time);
            self.early += if early { pings } else { pings - 1 };
            self.last_ping = Some(now);
        }
        self.early <= FORGIVEN
    }

    fn saw_sent(&mut self, bytes: &[u8]) {
        let mut answered = false;
        self.sent.walk(bytes, |frame| answered |= frame == Frame::Content);
        if answered {
            self.early = 0;
            self.last_ping = None;
        }
    }

    /// Tells the client why, if that is possible without waiting, and ends the connection.
    fn end(&mut self, cx: &mut Context<'_>) -> io::Error {
        if self.sent.at_boundary() {
            let _ = Pin::new(&mut self.io).poll_write(cx, TOO_MANY_PINGS);
        }
        io::Error::new(io::ErrorKind::ConnectionAborted, "the client pings more often than it may")
    }
}

impl AsyncRead for PingPolice {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(opening) = &mut this.opening {
            opening.check(cx)?;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        let fine = this.saw_received(&buf.filled()[before..]);
        if this.received.has_begun() {
            this.opening = None;
        }
        if fine {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(this.end(cx)))
    }
}

impl AsyncWrite for PingPolice {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.io).poll_write(cx, buf))?;
        this.saw_sent(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.io).poll_write_vectored(cx, bufs))?;
        let mut rest = written;
        for buf in bufs {
            let sent = rest.min(buf.len());
            this.saw_sent(&buf[..sent]);
            rest -= sent;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
