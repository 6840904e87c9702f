use bytes::{Buf as _, Bytes, BytesMut};

/// Cuts JSON that comes in parts into its values, by brackets and quotes alone. Whether a value is well formed is not seen here.
#[derive(Debug, Default)]
pub(super) struct Values {
    pending: BytesMut,
    /// Bytes of `pending` that have been looked at.
    seen: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    /// Within an array or an object, this many brackets deep.
    Nested(usize),
    /// Within a string, inside of this many brackets.
    Text(usize),
    /// Behind a backslash in such a string.
    Escape(usize),
    /// A number, a word, or what is no JSON.
    Bare,
}

impl Values {
    /// Takes in what has come.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.pending.extend_from_slice(data);
    }

    /// Bytes that are held.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// The next value that is complete.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        while let Some(&byte) = self.pending.get(self.seen) {
            let (state, ended) = step(self.state, byte);
            self.state = state;
            match ended {
                Some(End::With) => return Some(self.cut(self.seen + 1)),
                Some(End::Before) => return Some(self.cut(self.seen)),
                None if state == State::Between => self.pending.advance(1),
                None => self.seen += 1,
            }
        }
        None
    }

    /// What is left when nothing more comes: a number, or a value that is cut off.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        self.state = State::Between;
        self.seen = 0;
        (!self.pending.is_empty()).then(|| self.pending.split().freeze())
    }

    fn cut(&mut self, len: usize) -> Bytes {
        self.state = State::Between;
        self.seen = 0;
        self.pending.split_to(len).freeze()
    }
}

/// How a value ends at a byte.
enum End {
    With,
    Before,
}

fn step(state: State, byte: u8) -> (State, Option<End>) {
    match (state, byte) {
        (State::Between, b' ' | b'\t' | b'\r' | b'\n') => (State::Between, None),
        (State::Between, b'{' | b'[') => (State::Nested(1), None),
        (State::Between | State::Nested(_), b'"') => (State::Text(state.depth()), None),
        (State::Between, _) => (State::Bare, None),
        (State::Nested(depth), b'{' | b'[') => (State::Nested(depth + 1), None),
        (State::Nested(depth), b'}' | b']') => within(depth - 1),
        (State::Nested(_), _) => (state, None),
        (State::Text(depth), b'\\') => (State::Escape(depth), None),
        (State::Text(depth), b'"') => within(depth),
        (State::Escape(depth), _) => (State::Text(depth), None),
        (State::Text(_), _) => (state, None),
        (State::Bare, b' ' | b'\t' | b'\r' | b'\n' | b'{' | b'[' | b'"') => (State::Between, Some(End::Before)),
        (State::Bare, _) => (State::Bare, None),
    }
}

/// Behind what ended inside of `depth` brackets.
fn within(depth: usize) -> (State, Option<End>) {
    if depth == 0 { (State::Between, Some(End::With)) } else { (State::Nested(depth), None) }
}

impl State {
    fn depth(self) -> usize {
        match self {
            Self::Nested(depth) | Self::Text(depth) | Self::Escape(depth) => depth,
            Self::Between | Self::Bare => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(json: &str, step: usize) -> Vec<String> {
        let (mut values, mut found) = (Values::default(), Vec::new());
        let text = |value: Bytes| String::from_utf8(value.to_vec()).unwrap();
        for part in json.as_bytes().chunks(step) {
            values.push(part);
            found.extend(std::iter::from_fn(|| values.next()).map(text));
        }
        found.extend(values.rest().map(text));
        found
    }

    #[test]
    fn values_are_found_however_the_bytes_are_cut() {
        let json = " {\"a\":{\"b\":[1,\"}\\\"]\"]}}\n{}[] 12 \"x y\"true{\"cut\":[";
        let expected = [r#"{"a":{"b":[1,"}\"]"]}}"#, "{}", "[]", "12", r#""x y""#, "true", r#"{"cut":["#];
        for step in [1, 2, 3, 7, json.len()] {
            assert_eq!(values(json, step), expected, "in steps of {step}");
        }
    }

    #[test]
    fn what_is_no_json_is_a_value_too_and_fails_later() {
        assert_eq!(values("}x {", 1), ["}x", "{"]);
        assert!(values(" \r\n\t", 1).is_empty());
    }
}
