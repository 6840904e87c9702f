//! The program auroch: see `auroch --help`.

use std::process::ExitCode;

/// Fast under load, and gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::program::main()
}
