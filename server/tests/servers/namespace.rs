//! A network of its own for a server, in a namespace of Linux: one line to the clients and one to the database.

use std::process::Command;

/// The line to the clients: addresses of this side and of the server's.
pub(crate) const CLIENTS: [&str; 2] = ["10.213.77.1", "10.213.77.2"];
/// The line to the database.
pub(crate) const DATABASE: [&str; 2] = ["10.213.77.5", "10.213.77.6"];

/// Gone when the test ends.
pub(crate) struct Namespace {
    name: String,
}

fn ip(args: &str) -> bool {
    let output = Command::new("ip").args(args.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}

impl Namespace {
    /// None where nobody may make one: that takes root and the program `ip`.
    pub(crate) fn new() -> Option<Self> {
        let name = format!("auroch-{}", std::process::id());
        if !ip(&format!("netns add {name}")) {
            return None;
        }
        let namespace = Self { name };
        namespace.line("c", CLIENTS).then_some(())?;
        namespace.line("d", DATABASE).then_some(())?;
        Some(namespace)
    }

    fn device(&self, line: &str) -> String {
        format!("aur{line}{}", std::process::id() % 1_000_000)
    }

    fn line(&self, line: &str, [here, there]: [&str; 2]) -> bool {
        let (device, name) = (self.device(line), &self.name);
        ip(&format!("link add {device} type veth peer name {line}0 netns {name}"))
            && ip(&format!("addr add {here}/30 dev {device}"))
            && ip(&format!("link set {device} up"))
            && ip(&format!("-n {name} addr add {there}/30 dev {line}0"))
            && ip(&format!("-n {name} link set {line}0 up"))
            && ip(&format!("-n {name} link set lo up"))
    }

    /// A command in front of a program that is to run there.
    pub(crate) fn wrapper(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.name]
    }

    /// Cuts the line to the database, or mends it. Packets are dropped, and nobody is told.
    pub(crate) fn cut(&self, cut: bool) {
        let device = self.device("d");
        // An address that nobody has: whatever is sent there is lost.
        let done = if cut {
            ip(&format!("neigh replace {} lladdr 02:00:00:00:00:01 dev {device} nud permanent", DATABASE[1]))
                && ip(&format!(
                    "-n {} neigh replace {} lladdr 02:00:00:00:00:01 dev d0 nud permanent",
                    self.name, DATABASE[0]
                ))
        } else {
            ip(&format!("neigh del {} dev {device}", DATABASE[1]))
                && ip(&format!("-n {} neigh del {} dev d0", self.name, DATABASE[0]))
        };
        assert!(done, "the line is there");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Its ends of the lines go with it, and so the other ends.
        ip(&format!("netns del {}", self.name));
    }
}
