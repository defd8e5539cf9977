//! How the command speaks: results on standard output, all else on standard error, an error with a hint after a blank line.

use std::fmt;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// An error with something that may help.
#[derive(Debug)]
pub struct Hinted {
    message: String,
    hint: String,
}

impl Hinted {
    /// As an error.
    pub fn error(message: impl fmt::Display, hint: impl fmt::Display) -> anyhow::Error {
        Hinted { message: message.to_string(), hint: hint.to_string() }.into()
    }
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Hinted {}

/// Tells of an error, if there is one, and gives the exit code.
pub fn exit_code(outcome: anyhow::Result<()>) -> u8 {
    let Err(error) = outcome else { return 0 };
    // Only standard output's errors come without a word on what was being done. Those of a file have words around them.
    let bare = error.chain().nth(1).is_none();
    let error = match if bare { error.downcast::<io::Error>() } else { Err(error) } {
        // Whoever reads our output has seen enough: `mobula … | head`.
        Ok(cause) if cause.kind() == io::ErrorKind::BrokenPipe => return 0,
        Ok(cause) => stdout_error(cause),
        Err(error) => error,
    };
    let hint = error.chain().find_map(|cause| {
        let hinted = cause.downcast_ref::<Hinted>().map(|hinted| hinted.hint.clone());
        let nodes = || cause.downcast_ref::<mobula_nodes::Error>().map(|error| error.hint().to_owned());
        let sdk = || cause.downcast_ref::<mobula::Error>()?.hint().map(String::from);
        hinted.or_else(nodes).or_else(sdk)
    });
    eprintln!("error: {error:#}");
    if let Some(hint) = hint {
        eprintln!("\nhint: {hint}");
    }
    1
}

/// Tells of a mistake in the arguments, in the form of any other error.
pub fn misuse(mistake: &clap::Error) {
    let text = mistake.render();
    if mistake.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Help, of which there is no more to be had.
        return eprint!("{text}");
    }
    let text = if io::stderr().is_terminal() { text.ansi().to_string() } else { text.to_string() };
    // clap's last paragraph, which all but a few mistakes have, says where more is to be had.
    let hinted = text.replacen("For more information, try", "hint: for more, try", 1);
    eprintln!("{}", hinted.trim_end());
    if hinted == text {
        eprintln!("\nhint: for more, try '--help'");
    }
}

/// Tells of inputs that were left out, which the result lacks.
pub fn left_out(left_out: &[mobula_inputs::LeftOut]) -> anyhow::Result<()> {
    mobula_inputs::warnings(left_out).iter().for_each(|warning| eprintln!("{warning}"));
    match mobula_inputs::lacks(left_out) {
        Some(message) => Err(Hinted::error(message, mobula_inputs::LACKS_HINT)),
        None => Ok(()),
    }
}

/// An error of standard output, unless its reader has seen enough.
pub fn stdout_error(cause: io::Error) -> anyhow::Error {
    if cause.kind() == io::ErrorKind::BrokenPipe {
        return cause.into();
    }
    Hinted::error(format!("cannot write to standard output: {cause}"), "is there room where it goes?")
}

/// A progress bar on standard error; nothing where that is no terminal.
pub fn progress_bar(unit: &str) -> ProgressBar {
    let target =
        if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    let template = format!("{{msg:<12}} [{{bar:40}}] {{pos}}/{{len}} {unit}  {{elapsed}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A whole number with its thousands apart.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        cases.into_iter().for_each(|(n, text)| assert_eq!(thousands(n), text));
    }
}
