//! A program to fuzz: tasks and an actor of several signatures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::input::Input;
use crate::program::Definition;
use crate::{Blob, Error, ObjectRef, Ray, actor, task};

pub static DEFINITION: Definition =
    Definition { name: "fuzz", library: "fuzz", build: "fuzz", parse: || Err(2) };

/// Enough of serde's shapes, and as deep as one likes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Tree {
    Leaf,
    Number(i128),
    Named { text: String, blob: Blob, maybe: Option<f32> },
    Nodes(Vec<Tree>),
    Map(BTreeMap<String, (char, bool)>),
}

#[crate::task]
fn add(a: u64, b: i8) -> u64 {
    a.wrapping_add_signed(b.into())
}

#[crate::task]
fn texts(text: &str, list: &[String]) -> Result<Vec<String>, String> {
    if list.is_empty() { Err(format!("no list, but {text:?}")) } else { Ok(list.to_vec()) }
}

#[crate::task]
fn blobs(first: &Blob, rest: Vec<Blob>) -> Vec<Blob> {
    let joined: Vec<u8> = rest.iter().flat_map(|blob| blob.iter().copied()).collect();
    vec![first.clone(), joined.into(), vec![0; 70_000].into()]
}

#[crate::task]
fn trees(tree: Tree, more: &[Tree]) -> (Tree, usize) {
    (tree, more.len())
}

#[crate::task]
fn index(list: &[u8], at: usize) -> u8 {
    list[at]
}

#[crate::task]
fn nothing() {}

/// Makes all the calls that there are.
#[crate::task]
fn nested(ray: &Ray, n: u64, parts: Vec<ObjectRef<u64>>) -> Result<ObjectRef<u64>, Error> {
    let blob = ray.put(Blob::from(vec![7; 70_000]))?;
    ray.get(&blob)?;
    let sum = add::remote(n, 1).submit(ray)?;
    let ready = ray.ready(std::slice::from_ref(&sum), 1, None)?;
    blobs::remote(&blob, vec![Blob::default()]).num_returns(3).submit_all(ray)?;
    let counter = Counter::remote(n as i64).spawn(ray)?;
    let counted = counter.add(3, Blob::from(vec![1; 70_000])).submit(ray)?;
    ray.cancel(&counted, false)?;
    counted.get(ray)?;
    for part in &parts {
        part.get(ray)?;
    }
    if ready == [true] { Ok(sum) } else { Err(Error::Cancelled("not ready".into())) }
}

pub struct Counter(i64, Vec<Blob>);

#[crate::actor(max_restarts = 1)]
impl Counter {
    pub fn new(start: i64) -> Result<Self, String> {
        if start == 0 { Err("nothing to start with".into()) } else { Ok(Counter(start, Vec::new())) }
    }

    pub fn add(&mut self, n: i64, blob: Blob) -> i64 {
        self.0 = self.0.wrapping_add(n);
        self.1.push(blob);
        self.0
    }

    pub fn blobs(&self) -> Vec<Blob> {
        self.1.clone()
    }

    pub fn tree(&self, tree: &Tree) -> Tree {
        tree.clone()
    }
}

/// By the ends of their names, in a fixed order; `index` is the one that may panic.
pub const TASKS: &[&str] = &[
    "program::add",
    "program::texts",
    "program::blobs",
    "program::trees",
    "program::index",
    "program::nothing",
    "program::nested",
];
pub const METHODS: &[&str] = &["Counter::add", "Counter::blobs", "Counter::tree"];
pub const ACTORS: &[&str] = &["program::Counter"];

/// The id of one of these, or what the fuzzer makes up; and whether it may panic.
pub fn id(input: &mut Input<'_>, known: &[&'static str]) -> (Vec<u8>, bool) {
    let choice = usize::from(input.byte().unwrap_or(0));
    let Some(name) = known.get(choice % (known.len() + 1)) else { return (input.bytes().to_vec(), true) };
    let found = match known {
        TASKS => {
            named(task::registered().map(|all| all.values().map(|def| (def.name, def.id())).collect()), name)
        }
        ACTORS => named(actor::registered().map(|all| all.map(|def| (def.name, def.id())).collect()), name),
        _ => named(
            actor::registered().map(|all| {
                all.flat_map(|def| def.methods).map(|method| (method.path, method.id())).collect()
            }),
            name,
        ),
    };
    let mut id = found.unwrap_or_default().into_bytes();
    assert!(!id.is_empty(), "{name} is not registered");
    // One in 16 is damaged.
    if choice >= 240 {
        let at = id.len() - 1 - choice % 16;
        id[at] ^= 1;
    }
    (id, *name == "program::index")
}

fn named(all: crate::Result<Vec<(&'static str, String)>>, name: &str) -> Option<String> {
    let end = format!(
        "::fuzz::{}",
        if name.starts_with("program") { name.into() } else { format!("program::{name}") }
    );
    all.ok()?.into_iter().find(|(path, _)| path.ends_with(&end)).map(|(_, id)| id)
}
