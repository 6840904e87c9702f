use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Whose command line the program takes. kine and etcd disagree on what `--cert-file` means, so it has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Auroch,
    Kine,
    Etcd,
}

impl Face {
    /// The face that is named by the program's own name, or else by the first argument, which is taken away then:
    /// `auroch kine --endpoint=...` is what a link named `kine` would do.
    pub(super) fn of(args: impl IntoIterator<Item = OsString>) -> (Self, Vec<OsString>) {
        let mut args: Vec<OsString> = args.into_iter().collect();
        let program = args.first().and_then(|program| Path::new(program).file_name());
        if let Some(face) = program.and_then(Self::named) {
            return (face, args);
        }
        match args.get(1).and_then(|name| Self::named(name)) {
            Some(face) => {
                args.remove(1);
                (face, args)
            }
            None => (Self::Auroch, args),
        }
    }

    fn named(name: &OsStr) -> Option<Self> {
        match name.to_str()? {
            "kine" => Some(Self::Kine),
            "etcd" => Some(Self::Etcd),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(args: &[&str]) -> (Face, Vec<OsString>) {
        Face::of(args.iter().map(OsString::from))
    }

    #[test]
    fn the_programs_name_tells() {
        for program in ["kine", "/var/lib/k0s/bin/kine", "./kine"] {
            assert_eq!(of(&[program, "etcd"]), (Face::Kine, vec![program.into(), "etcd".into()]));
        }
        assert_eq!(of(&["/usr/local/bin/etcd"]).0, Face::Etcd);
        for program in ["auroch", "etcdctl", "kine2", "/kine/x"] {
            assert_eq!(of(&[program]).0, Face::Auroch);
        }
    }

    #[test]
    fn or_else_the_first_argument() {
        assert_eq!(of(&["auroch", "kine", "-v"]), (Face::Kine, vec!["auroch".into(), "-v".into()]));
        assert_eq!(of(&["auroch", "etcd"]), (Face::Etcd, vec!["auroch".into()]));
        assert_eq!(of(&["auroch", "-v", "kine"]).0, Face::Auroch);
        assert_eq!(of(&[]), (Face::Auroch, vec![]));
    }
}
