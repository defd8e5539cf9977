//! What a library says of itself: the host, and the program's tasks and actors, as JSON.
//!
//! Whoever opens a library has nothing else of the program: a worker, a driver, `mobula.load` (`python/mobula`). So the library
//! carries the host's source, which makes sure that both are of one version, and this description, out of which the host
//! makes Ray's classes and, for callers in Python, its remote functions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::package::HOST;
use crate::actor::{self, ActorDef, ActorOptions, MethodDef};
use crate::task::{self, About, Options, TaskDef};
use crate::{Error, Result};

#[derive(Serialize)]
struct Description {
    /// The host's files and their sources.
    host: BTreeMap<&'static str, &'static str>,
    tasks: Vec<Task>,
    actors: Vec<Actor>,
}

#[derive(Serialize)]
struct Function {
    /// `crate::module::function`.
    name: &'static str,
    id: String,
    #[serde(flatten)]
    about: &'static About,
}

#[derive(Serialize)]
struct Task {
    #[serde(flatten)]
    function: Function,
    options: &'static Options,
}

#[derive(Serialize)]
struct Actor {
    #[serde(flatten)]
    constructor: Function,
    methods: Vec<Function>,
    /// How an actor found by name is told from those of another type.
    marker: String,
    options: &'static ActorOptions,
}

impl From<&'static TaskDef> for Task {
    fn from(def: &'static TaskDef) -> Task {
        let function = Function { name: def.name, id: def.id(), about: &def.about };
        Task { function, options: def.options() }
    }
}

impl From<&'static MethodDef> for Function {
    fn from(def: &'static MethodDef) -> Function {
        Function { name: def.path, id: def.id(), about: &def.about }
    }
}

impl From<&'static ActorDef> for Actor {
    fn from(def: &'static ActorDef) -> Actor {
        Actor {
            constructor: Function { name: def.name, id: def.id(), about: &def.about },
            methods: def.methods.iter().map(Function::from).collect(),
            marker: def.marker(),
            options: def.options(),
        }
    }
}

/// The description, or `{"error": …}`.
pub(super) fn description() -> String {
    let described = task::catch(|| Ok(describe()?));
    described.unwrap_or_else(|failure| serde_json::json!({ "error": failure.message }).to_string())
}

fn describe() -> Result<String> {
    // Of the chunks of `map` calls, callers in Python know nothing.
    let tasks = task::registered()?.values().filter(|def| !def.signature.starts_with("map "));
    let mut tasks: Vec<Task> = tasks.map(|def| Task::from(*def)).collect();
    tasks.sort_by_key(|task| task.function.name);
    let mut actors: Vec<Actor> = actor::registered()?.map(Actor::from).collect();
    actors.sort_by_key(|actor| actor.constructor.name);
    serde_json::to_string(&Description { host: HOST.into(), tasks, actors })
        .map_err(|e| Error::Codec(format!("cannot write JSON: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds.
    ///
    /// Both.
    #[crate::task(num_cpus = 0.5)]
    #[allow(dead_code)]
    fn described(r#type: &[u8], text: &str) -> Option<u64> {
        Some(r#type.len() as u64 + text.len() as u64)
    }

    struct Described;

    #[crate::actor(max_restarts = 1)]
    #[allow(dead_code)]
    impl Described {
        pub fn new(start: Vec<Option<i8>>) -> Self {
            drop(start);
            Described
        }

        /// Says nothing.
        pub fn nothing(&self) {}
    }

    fn find<'a>(all: &'a serde_json::Value, end: &str) -> &'a serde_json::Value {
        let all = all.as_array().unwrap();
        all.iter().find(|each| each["name"].as_str().unwrap().ends_with(end)).unwrap()
    }

    #[test]
    fn tasks_and_actors_are_described() {
        let all: serde_json::Value = serde_json::from_str(&description()).unwrap();
        assert_eq!(all["error"], serde_json::Value::Null);
        assert!(all["host"]["__init__.py"].as_str().unwrap().starts_with("\"\"\"The host"));
        let task = find(&all["tasks"], "tests::described");
        let id = task["id"].as_str().unwrap();
        assert_eq!(crate::task::find(id).unwrap().name, task["name"]);
        assert_eq!(task["parameters"], serde_json::json!([["type", "Vec<u8>"], ["text", "String"]]));
        assert_eq!(task["returns"], "Option<u64>");
        assert_eq!(task["documentation"], "Adds.\n\nBoth.");
        assert_eq!(task["options"]["num_cpus"], 0.5);
        let actor = find(&all["actors"], "tests::Described");
        assert_eq!(actor["parameters"], serde_json::json!([["start", "Vec<Option<i8>>"]]));
        assert_eq!(actor["options"]["max_restarts"], 1);
        let method = find(&actor["methods"], "Described::nothing");
        assert_eq!(crate::actor::find_method(method["id"].as_str().unwrap()).unwrap().path, method["name"]);
        assert_eq!(method["documentation"], "Says nothing.");
        assert!(
            all["tasks"]
                .as_array()
                .unwrap()
                .iter()
                .all(|task| { !task["name"].as_str().unwrap().ends_with("::map") })
        );
    }
}
