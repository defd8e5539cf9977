//! The conformance suite as a program.

fn main() -> std::process::ExitCode {
    mobula_conformance::main()
}
