use clap::Command;

/// Has each flag read the environment too: `prefix` and its name in capitals, with underscores.
pub(super) fn read(command: Command, prefix: &str) -> Command {
    command.mut_args(|arg| match arg.get_long() {
        Some(name) if !matches!(name, "help" | "version") => {
            let variable = format!("{prefix}{}", name.to_uppercase().replace('-', "_"));
            arg.env(variable).hide_env(true)
        }
        _ => arg,
    })
}
