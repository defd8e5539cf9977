//! The command `mobula`, as the library that its executable and Ray's processes share.

/// As std's, which panics where nobody reads standard error any more.
macro_rules! eprintln {
    ($($text:tt)*) => { mobula_outputs::tell(format_args!($($text)*)) };
}

mod cli;
mod commands;
mod ui;
mod wordcount;

use mobula::Ray;

use cli::Cli;

/// Runs the command that the arguments name.
#[mobula::main(args = Cli)]
pub fn main(ray: &Ray, cli: Cli) -> u8 {
    ui::exit_code(commands::run(ray, &cli))
}
