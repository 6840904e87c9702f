use super::probe::{Check, Probe};
use crate::serve::role::Role;

/// What there is to be read, all of it with GET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Health,
    Metrics,
    Version,
    /// A probe's answer, or that of one of its checks.
    Probe(Probe, Option<Check>),
    /// State for people, `/debug/vars`.
    Vars,
}

impl Page {
    /// The page under `path`, if a listener of this role has it.
    pub(super) fn find(path: &str, role: Role) -> Option<Self> {
        let page = match path {
            "/health" => Self::Health,
            "/metrics" => Self::Metrics,
            "/version" => Self::Version,
            "/debug/vars" => Self::Vars,
            _ => Self::probe(path)?,
        };
        (role != Role::Monitoring || page.is_for_monitoring()).then_some(page)
    }

    fn probe(path: &str) -> Option<Self> {
        let (probe, check) = if let Some(check) = path.strip_prefix("/livez") {
            (Probe::Livez, check)
        } else {
            (Probe::Readyz, path.strip_prefix("/readyz")?)
        };
        if check.is_empty() {
            return Some(Self::Probe(probe, None));
        }
        let name = check.strip_prefix('/')?;
        let check = probe.checks().iter().find(|check| check.name() == name)?;
        Some(Self::Probe(probe, Some(*check)))
    }

    /// Whether it may be shown where nothing guards the listener.
    fn is_for_monitoring(self) -> bool {
        match self {
            Self::Health | Self::Metrics | Self::Probe(..) => true,
            Self::Version | Self::Vars => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_have_paths_of_their_own() {
        let find = |path| Page::find(path, Role::Clients);
        assert_eq!(find("/livez"), Some(Page::Probe(Probe::Livez, None)));
        let read = Some(Check::LinearizableRead);
        assert_eq!(find("/readyz/linearizable_read"), Some(Page::Probe(Probe::Readyz, read)));
        for path in ["/livez/", "/livezz", "/livez/linearizable_read", "/readyz/nothing", "/", ""] {
            assert_eq!(find(path), None, "{path}");
        }
    }

    #[test]
    fn monitoring_has_what_monitors_ask_and_no_more() {
        for (path, shown) in
            [("/health", true), ("/metrics", true), ("/livez", true), ("/version", false), ("/debug/vars", false)]
        {
            assert_eq!(Page::find(path, Role::Monitoring).is_some(), shown, "{path}");
        }
    }
}
