//! `inverted-index PATH… [--address ADDRESS]`

fn main() -> std::process::ExitCode {
    inverted_index::main()
}
