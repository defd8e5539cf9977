//! The command `mobula`.

fn main() -> std::process::ExitCode {
    mobula_cli::main()
}
