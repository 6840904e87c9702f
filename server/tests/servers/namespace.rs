//! A network of its own for a server, in a namespace of Linux: one line to the clients and one to the database.

use std::process::Command;

/// The name, and behind it the process whose it is.
const PREFIX: &str = "auroch-";

/// Gone when the test ends.
pub(crate) struct Namespace {
    name: String,
    /// The line to the clients: addresses of this side and of the server's.
    pub(crate) clients: [String; 2],
    /// The line to the database.
    pub(crate) database: [String; 2],
}

/// Those of tests that were killed.
fn remove_left_over() {
    let names = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    for name in names.filter_map(|entry| entry.file_name().into_string().ok()) {
        let process = name.strip_prefix(PREFIX).filter(|process| process.parse::<u32>().is_ok());
        if process.is_some_and(|process| !std::path::Path::new("/proc").join(process).exists()) {
            ip(&format!("netns del {name}"));
        }
    }
}

fn ip(args: &str) -> bool {
    let output = Command::new("ip").args(args.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}

impl Namespace {
    /// None where nobody may make one: that takes root and the program `ip`.
    pub(crate) fn new() -> Option<Self> {
        remove_left_over();
        let process = std::process::id();
        let name = format!("{PREFIX}{process}");
        if !ip(&format!("netns add {name}")) {
            return None;
        }
        // Several tests at a time do not meet.
        let line =
            |hosts: [u32; 2]| hosts.map(|host| format!("10.{}.{}.{host}", 64 + (process >> 8) % 64, process % 256));
        let namespace = Self { name, clients: line([1, 2]), database: line([5, 6]) };
        namespace.line("c", &namespace.clients).then_some(())?;
        namespace.line("d", &namespace.database).then_some(())?;
        Some(namespace)
    }

    fn device(&self, line: &str) -> String {
        format!("aur{line}{}", std::process::id() % 1_000_000)
    }

    fn line(&self, line: &str, [here, there]: &[String; 2]) -> bool {
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
            ip(&format!("neigh replace {} lladdr 02:00:00:00:00:01 dev {device} nud permanent", self.database[1]))
                && ip(&format!(
                    "-n {} neigh replace {} lladdr 02:00:00:00:00:01 dev d0 nud permanent",
                    self.name, self.database[0]
                ))
        } else {
            ip(&format!("neigh del {} dev {device}", self.database[1]))
                && ip(&format!("-n {} neigh del {} dev d0", self.name, self.database[0]))
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
