//! The user's runtime environment, merged with the job's own.
//!
//! What names a file or a folder of this machine in it is sent along: the cluster has none of them.

use std::path::Path;

use serde_json::{Map, Value};

use crate::package::{Content, Package};
use crate::{Error, Result};

/// What the user wants around the job, as Ray has it in JSON.
#[derive(Debug, Default)]
pub struct UserEnv(Map<String, Value>);

/// The variable it comes from.
const VARIABLE: &str = "MOBULA_RUNTIME_ENV";

fn refuse<T>(cause: impl Into<String>) -> Result<T> {
    Err(Error::RuntimeEnv { variable: VARIABLE, cause: cause.into() })
}

/// Whether Ray's processes can fetch it by themselves.
fn is_uri(text: &str) -> bool {
    text.contains("://")
}

impl UserEnv {
    pub fn parse(text: Option<&str>) -> Result<UserEnv> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(UserEnv::default()) };
        let mut map = match serde_json::from_str(text) {
            Ok(Value::Object(map)) => map,
            Ok(_) => return refuse("it is no object"),
            Err(error) => return refuse(format!("it is no JSON: {error}")),
        };
        // As Ray's own clients do: a list, or the name of a file with one.
        if let Some(Value::String(file)) = map.get("pip") {
            let text = match std::fs::read_to_string(file) {
                Ok(text) => text,
                Err(cause) => return refuse(format!("`pip` names {file}: {cause}")),
            };
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            let lines = lines.map(Value::from).collect();
            map.insert("pip".into(), lines);
        }
        if map.contains_key("excludes") {
            return refuse("`excludes` is not known to jobs");
        }
        for (key, fits) in [
            ("env_vars", map.get("env_vars").is_none_or(Value::is_object)),
            ("working_dir", map.get("working_dir").is_none_or(Value::is_string)),
            ("py_modules", map.get("py_modules").is_none_or(Value::is_array)),
        ] {
            if !fits {
                return refuse(format!("`{key}` is not of the type that Ray wants"));
            }
        }
        Ok(UserEnv(map))
    }

    /// Whether setting it up takes as long as installing packages does.
    pub fn installs(&self) -> bool {
        ["pip", "conda", "uv", "container", "image_uri"].iter().any(|key| self.0.contains_key(*key))
    }

    /// The whole: the job's modules and variables beside the user's, of which the latter win. `ship` gives a package's URI.
    pub fn merge(
        mut self,
        mut modules: Vec<Value>,
        variables: impl IntoIterator<Item = (String, String)>,
        mut ship: impl FnMut(&Package) -> Result<String>,
    ) -> Result<Value> {
        let folder = match self.0.remove("working_dir") {
            Some(Value::String(uri)) if is_uri(&uri) => uri,
            Some(Value::String(folder)) => ship(&tree("the working directory", &folder, "")?)?,
            _ => {
                // A driver's folder is on Python's path, and should be one of which it is known what is in it.
                let mut empty = Package::new("an empty folder");
                empty.add("mobula-driver/".into(), Content::Bytes(Vec::new()));
                ship(&empty)?
            }
        };
        self.0.insert("working_dir".into(), folder.into());
        if let Some(Value::Array(own)) = self.0.remove("py_modules") {
            for module in own {
                let Value::String(module) = module else {
                    return refuse("`py_modules` holds what is no text");
                };
                if is_uri(&module) {
                    modules.push(module.into());
                    continue;
                }
                let name = Path::new(&module).file_name().unwrap_or_default().to_string_lossy().into_owned();
                modules.push(ship(&tree("a module", &module, &format!("{name}/"))?)?.into());
            }
        }
        self.0.insert("py_modules".into(), modules.into());
        let mut all: Map<String, Value> =
            variables.into_iter().map(|(name, value)| (name, value.into())).collect();
        if let Some(Value::Object(own)) = self.0.remove("env_vars") {
            all.extend(own);
        }
        if !all.is_empty() {
            self.0.insert("env_vars".into(), all.into());
        }
        Ok(Value::Object(self.0))
    }
}

/// All that is below a folder of this machine, hidden files too.
fn tree(what: &'static str, folder: &str, under: &str) -> Result<Package> {
    let mut package = Package::new(what);
    let mut folders = vec![(Path::new(folder).to_path_buf(), under.to_owned())];
    while let Some((folder, under)) = folders.pop() {
        let unreadable = |cause| Error::Unreadable { path: folder.clone(), cause };
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name().into_string().map_err(Error::Argument)?;
            let about = std::fs::metadata(entry.path()).map_err(unreadable)?;
            if about.is_file() {
                package.add(format!("{under}{name}"), Content::Path(entry.path()));
            } else if about.is_dir() && !entry.path().is_symlink() {
                package.add(format!("{under}{name}/"), Content::Bytes(Vec::new()));
                folders.push((entry.path(), format!("{under}{name}/")));
            }
        }
    }
    Ok(package)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(text: &str) -> Result<(Value, Vec<String>)> {
        let mut shipped = Vec::new();
        let ours = [("A".to_owned(), "ours".to_owned()), ("B".to_owned(), "ours".to_owned())];
        let merged = UserEnv::parse(Some(text))?.merge(vec!["gcs://program".into()], ours, |package| {
            shipped.push(format!("{package:?}"));
            Ok(format!("gcs://{}", shipped.len()))
        });
        Ok((merged?, shipped))
    }

    #[test]
    fn the_users_environment_is_merged_with_the_jobs() {
        let (plain, shipped) = merged("{}").unwrap();
        assert_eq!(plain["py_modules"], json!(["gcs://program"]));
        assert_eq!((plain["working_dir"].clone(), shipped.len()), (json!("gcs://1"), 1));
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("m")).unwrap();
        std::fs::write(folder.path().join("m/.hidden"), "x").unwrap();
        let at = folder.path().display();
        let text = format!(
            r#"{{"env_vars": {{"A": "theirs"}}, "pip": ["numpy"], "working_dir": "{at}", "py_modules": ["s3://x", "{at}/m"]}}"#
        );
        let (full, shipped) = merged(&text).unwrap();
        assert_eq!(full["env_vars"], json!({"A": "theirs", "B": "ours"}));
        assert_eq!(full["pip"], json!(["numpy"]));
        assert_eq!(full["py_modules"], json!(["gcs://program", "s3://x", "gcs://2"]));
        assert!(shipped[0].contains("\"m/.hidden\"") && shipped[1].contains("\"m/.hidden\""), "{shipped:?}");
    }

    #[test]
    fn what_ray_would_not_take_is_refused_by_name() {
        for (text, words) in [
            ("not json", "no JSON"),
            ("[1]", "no object"),
            (r#"{"env_vars": 3}"#, "`env_vars`"),
            (r#"{"pip": "/nonexistent/r.txt"}"#, "/nonexistent/r.txt"),
            (r#"{"working_dir": "/nonexistent"}"#, "/nonexistent"),
        ] {
            let error = merged(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
            assert!(error.contains(VARIABLE) || error.contains("/nonexistent"), "{error}");
        }
        assert!(UserEnv::parse(None).is_ok() && UserEnv::parse(Some(" ")).is_ok());
    }
}
