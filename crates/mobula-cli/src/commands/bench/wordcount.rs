//! `mobula bench wordcount`.

/// The counting of words, beside a plain `HashMap<String, u64>`.
#[derive(Debug, clap::Args)]
pub struct WordCountBench {}

impl WordCountBench {
    pub fn run(&self, _json: bool) -> anyhow::Result<()> {
        Ok(())
    }
}
