use crate::encode::FRAME_HEAD_BYTES;

/// Finds gRPC's messages in a body, wherever it is cut.
#[derive(Debug, Default)]
pub(super) struct Messages {
    head: [u8; FRAME_HEAD_BYTES],
    /// How much of the head there is.
    head_bytes: usize,
    /// How much of the message is still to come.
    rest: usize,
}

impl Messages {
    /// How many messages begin in `data`, and how many bytes of it are of messages and not of their heads.
    pub(super) fn pass(&mut self, mut data: &[u8]) -> (u64, u64) {
        let (mut messages, mut bytes) = (0, 0);
        while !data.is_empty() {
            if self.rest > 0 {
                let part = self.rest.min(data.len());
                self.rest -= part;
                bytes += part as u64;
                data = &data[part..];
                continue;
            }
            let part = (FRAME_HEAD_BYTES - self.head_bytes).min(data.len());
            self.head[self.head_bytes..][..part].copy_from_slice(&data[..part]);
            self.head_bytes += part;
            data = &data[part..];
            if self.head_bytes == FRAME_HEAD_BYTES {
                let [_, a, b, c, d] = self.head;
                self.rest = u32::from_be_bytes([a, b, c, d]) as usize;
                self.head_bytes = 0;
                messages += 1;
            }
        }
        (messages, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_wherever_the_body_is_cut() {
        let body = [&[0, 0, 0, 0, 3, 1, 2, 3][..], &[0, 0, 0, 0, 0], &[0, 0, 0, 1, 0], &[9; 256]].concat();
        for step in 1..=body.len() {
            let mut messages = Messages::default();
            let passed = body.chunks(step).map(|data| messages.pass(data));
            let sum = passed.fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
            assert_eq!(sum, (3, 259), "in steps of {step}");
        }
    }
}
