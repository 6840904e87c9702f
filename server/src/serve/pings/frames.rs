const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD_BYTES: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PING: u8 = 6;
const ACK: u8 = 1;

/// What is told apart in a stream of HTTP/2 frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A ping that asks for an answer.
    Ping,
    /// Headers or data.
    Content,
    Other,
}

/// Finds the frames in one direction of a connection. It looks at their heads only.
#[derive(Debug)]
pub(super) struct Frames {
    /// Bytes of the preface that are still to come.
    preface: usize,
    head: [u8; HEAD_BYTES],
    head_len: usize,
    /// Bytes of the current frame that are still to come.
    body: usize,
    /// The head of a frame has been seen.
    began: bool,
    /// It is not HTTP/2.
    foreign: bool,
}

impl Frames {
    pub(super) fn of_client() -> Self {
        Self { preface: PREFACE.len(), ..Self::of_server() }
    }

    pub(super) fn of_server() -> Self {
        Self { preface: 0, head: [0; HEAD_BYTES], head_len: 0, body: 0, began: false, foreign: false }
    }

    /// Whether it is known what this is: not HTTP/2, or HTTP/2 with a first frame, which is the client's settings.
    pub(super) fn has_begun(&self) -> bool {
        self.foreign || self.began
    }

    /// Whether the last byte seen ended a frame.
    pub(super) fn at_boundary(&self) -> bool {
        self.head_len == 0 && self.body == 0 && !self.foreign
    }

    /// Looks through the next `bytes`.
    pub(super) fn walk(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Frame)) {
        while !bytes.is_empty() && !self.foreign {
            bytes = if self.preface > 0 {
                self.skip_preface(bytes)
            } else if self.body > 0 {
                let skipped = self.body.min(bytes.len());
                self.body -= skipped;
                &bytes[skipped..]
            } else {
                self.take_head(bytes, &mut seen)
            };
        }
    }

    fn skip_preface<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let expected = &PREFACE[PREFACE.len() - self.preface..];
        let len = expected.len().min(bytes.len());
        self.foreign = bytes[..len] != expected[..len];
        self.preface -= len;
        &bytes[len..]
    }

    fn take_head<'a>(&mut self, bytes: &'a [u8], seen: &mut impl FnMut(Frame)) -> &'a [u8] {
        let len = (HEAD_BYTES - self.head_len).min(bytes.len());
        self.head[self.head_len..self.head_len + len].copy_from_slice(&bytes[..len]);
        self.head_len += len;
        if self.head_len == HEAD_BYTES {
            let [a, b, c, kind, flags, ..] = self.head;
            self.body = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            self.head_len = 0;
            self.began = true;
            seen(match kind {
                PING if flags & ACK == 0 => Frame::Ping,
                DATA | HEADERS => Frame::Content,
                _ => Frame::Other,
            });
        }
        &bytes[len..]
    }
}

/// The same frames are found however the bytes are cut; the first byte says how.
#[cfg(feature = "fuzzing")]
pub fn fuzz(data: &[u8]) {
    let Some((&step, bytes)) = data.split_first() else { return };
    let bytes = [PREFACE, bytes].concat();
    let found = |step: usize| {
        let (mut frames, mut seen) = (Frames::of_client(), Vec::new());
        bytes.chunks(step).for_each(|part| frames.walk(part, |frame| seen.push(frame)));
        (seen, frames.at_boundary())
    };
    assert_eq!(found(usize::from(step).max(1)), found(bytes.len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, body: usize) -> Vec<u8> {
        let mut frame = vec![0, (body >> 8) as u8, body as u8, kind, flags, 0, 0, 0, 1];
        frame.resize(HEAD_BYTES + body, b'x');
        frame
    }

    #[test]
    fn frames_are_found_however_the_bytes_are_cut() {
        let bytes =
            [PREFACE, &frame(4, 0, 0), &frame(HEADERS, 4, 300), &frame(PING, 0, 8), &frame(PING, ACK, 8)].concat();
        for step in [1, 7, 9, 64, bytes.len()] {
            let (mut frames, mut seen) = (Frames::of_client(), Vec::new());
            bytes.chunks(step).for_each(|part| frames.walk(part, |frame| seen.push(frame)));
            assert_eq!(seen, [Frame::Other, Frame::Content, Frame::Ping, Frame::Other], "in steps of {step}");
            assert!(frames.at_boundary());
        }
    }

    #[test]
    fn a_client_has_begun_with_its_settings_or_with_what_is_no_preface() {
        let mut frames = Frames::of_client();
        frames.walk(PREFACE, |_| {});
        frames.walk(&frame(4, 0, 0)[..HEAD_BYTES - 1], |_| {});
        assert!(!frames.has_begun());
        frames.walk(&[0], |_| {});
        assert!(frames.has_begun());
        let mut frames = Frames::of_client();
        frames.walk(b"P", |_| {});
        assert!(!frames.has_begun());
        frames.walk(b"O", |_| {});
        assert!(frames.has_begun());
    }

    #[test]
    fn http_1_is_let_alone() {
        let mut frames = Frames::of_client();
        frames.walk(b"GET /health HTTP/1.1\r\n\r\n\x00\x00\x08\x06\x00\x00\x00\x00\x00", |frame| panic!("{frame:?}"));
        assert!(!frames.at_boundary());
    }
}
