/// The part of a URL behind `?`. Names and values that matter here need no escapes, so none are undone.
#[derive(Clone, Copy)]
pub(super) struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    pub(super) fn new(query: Option<&'a str>) -> Self {
        Self(query.unwrap_or_default())
    }

    /// All values of `name`. One without a value has the empty one.
    pub(super) fn values(self, name: &str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    pub(super) fn excludes(self, what: &str) -> bool {
        self.values("exclude").any(|name| name == what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_come_often_and_without_a_value() {
        let query = Query::new(Some("exclude=a&verbose&exclude=b&exclude="));
        assert_eq!(query.values("exclude").collect::<Vec<_>>(), ["a", "b", ""]);
        assert!(query.has("verbose") && query.excludes("b") && !query.excludes("c"));
        assert!(!Query::new(None).has("verbose"));
    }
}
