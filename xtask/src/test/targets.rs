//! What the workspace has to test, from `cargo metadata`.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::step::cargo;

/// The names of all integration test targets.
pub fn of_workspace() -> Result<Vec<String>> {
    let mut command = cargo(&["metadata", "--no-deps", "--format-version=1"]);
    let output = command.output().context("running cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(names(&serde_json::from_slice(&output.stdout).context("reading cargo metadata")?))
}

fn names(metadata: &Value) -> Vec<String> {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let targets = list(metadata, "packages").into_iter().flat_map(|package| list(&package, "targets"));
    let tests = targets.filter(|target| list(target, "kind").iter().any(|kind| kind == "test"));
    tests.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect()
}

/// A version as numbers, to find the newest.
pub fn version_key(version: &str) -> Vec<u32> {
    version.split(|letter: char| !letter.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_targets_are_listed() {
        let metadata = serde_json::json!({"packages": [
            {"targets": [{"name": "lib", "kind": ["lib"]}, {"name": "cluster_one", "kind": ["test"]}]},
            {"targets": [{"name": "faults_one", "kind": ["test"]}, {"name": "shown", "kind": ["example"]}]},
        ]});
        assert_eq!(names(&metadata), ["cluster_one", "faults_one"]);
    }

    #[test]
    fn this_workspace_has_tests_of_both_kinds() {
        let targets = of_workspace().unwrap();
        for prefix in ["cluster_", "faults_"] {
            assert!(targets.iter().any(|target| target.starts_with(prefix)), "{prefix} in {targets:?}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(version_key("2.9.3") < version_key("2.43.0"));
    }
}
