//! What the engines know of an actor's type, and the registry that finds it by name.

use std::any::Any;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::ActorOptions;
use crate::task::{About, Args, Output, TaskFailure, fnv};
use crate::{Error, Ray, Result};

/// An actor's state: the value itself where its methods take `&self` only, else the value under a lock.
pub type Instance = Box<dyn Any + Send + Sync>;

/// An `impl` block that `#[mobula::actor]` made an actor.
pub struct ActorDef {
    /// `crate::module::Type`.
    pub name: &'static str,
    /// The constructor's parameters as they stand in the source.
    pub signature: &'static str,
    /// What people are told of its constructor.
    pub about: About,
    /// Runs the constructor on its arguments.
    pub create: for<'a> fn(&Ray, Args<'a>) -> Result<Instance, TaskFailure>,
    /// Its methods that can be called from elsewhere.
    pub methods: &'static [MethodDef],
    /// What the attribute says.
    pub make_options: fn() -> ActorOptions,
    /// `make_options`, once.
    pub options: OnceLock<ActorOptions>,
}

/// One method.
pub struct MethodDef {
    /// Its own name.
    pub name: &'static str,
    /// `crate::module::Type::method`.
    pub path: &'static str,
    /// The parameters' and the return value's types as they stand in the source.
    pub signature: &'static str,
    /// What people are told of it.
    pub about: About,
    /// Whether it takes `&mut self`.
    pub exclusive: bool,
    /// Runs it on an instance and its arguments.
    pub run: for<'a> fn(&Ray, &Instance, Args<'a>) -> Result<Output, TaskFailure>,
}

/// The state within an instance.
///
/// # Errors
/// [`Internal`](Error::Internal) where it is of another type: a method of one actor was called on another.
pub fn state<C: 'static>(instance: &Instance) -> Result<&C> {
    let wrong = || Error::Internal(format!("the actor is not a {}", std::any::type_name::<C>()));
    instance.downcast_ref().ok_or_else(wrong)
}

inventory::collect!(&'static ActorDef);

impl ActorDef {
    pub(crate) fn options(&self) -> &ActorOptions {
        self.options.get_or_init(self.make_options)
    }

    /// What a worker is asked for: the name, and a hash of the constructor's signature.
    pub(crate) fn id(&self) -> String {
        format!("{}#{:016x}", self.name, fnv(self.signature))
    }

    /// The first method that takes `&mut self`.
    pub(crate) fn exclusive_method(&self) -> Option<&'static MethodDef> {
        self.methods.iter().find(|method| method.exclusive)
    }

    /// The name of a Python method that every actor of this type has and no other: how a handle found by name is checked.
    pub(crate) fn marker(&self) -> String {
        format!("mobula_{:016x}", fnv(self.name))
    }
}

impl MethodDef {
    /// As [`ActorDef::id`].
    pub(crate) fn id(&self) -> String {
        format!("{}#{:016x}", self.path, fnv(self.signature))
    }
}

/// Every actor type that is linked into this program.
struct Registry {
    actors: HashMap<String, &'static ActorDef>,
    methods: HashMap<String, &'static MethodDef>,
}

fn registry() -> Result<&'static Registry> {
    static REGISTRY: OnceLock<Result<Registry>> = OnceLock::new();
    REGISTRY
        .get_or_init(|| {
            let mut registry = Registry { actors: HashMap::new(), methods: HashMap::new() };
            let mut names = HashMap::new();
            for &def in inventory::iter::<&'static ActorDef> {
                if names.insert(def.name, ()).is_some() {
                    return Err(Error::Invalid(format!(
                        "two actor types are called {}: give one of them another name or module",
                        def.name
                    )));
                }
                registry.actors.insert(def.id(), def);
                registry.methods.extend(def.methods.iter().map(|method| (method.id(), method)));
            }
            Ok(registry)
        })
        .as_ref()
        .map_err(Clone::clone)
}

/// Every actor type that is linked into this program.
///
/// # Errors
/// [`Invalid`](Error::Invalid), where two have the same name.
pub fn registered() -> Result<impl Iterator<Item = &'static ActorDef>> {
    Ok(registry()?.actors.values().copied())
}

/// The actor type with this id.
///
/// # Errors
/// [`Invalid`](Error::Invalid), saying whether the name is unknown or its signature has changed.
pub fn find(id: &str) -> Result<&'static ActorDef> {
    let actors = &registry()?.actors;
    actors.get(id).copied().ok_or_else(|| {
        let known = actors.values().map(|def| (def.name, def.signature));
        unknown("actor", id, known)
    })
}

/// The method with this id.
///
/// # Errors
/// As [`find`].
pub fn find_method(id: &str) -> Result<&'static MethodDef> {
    let methods = &registry()?.methods;
    methods.get(id).copied().ok_or_else(|| {
        let known = methods.values().map(|def| (def.path, def.signature));
        unknown("method", id, known)
    })
}

fn unknown<'a>(what: &str, id: &str, mut known: impl Iterator<Item = (&'a str, &'a str)>) -> Error {
    let name = id.rsplit_once('#').map_or(id, |(name, _)| name);
    let why = match known.find(|(other, _)| *other == name) {
        Some((_, signature)) => format!("its signature here is `{signature}`, not the caller's"),
        None => format!("no such {what} is linked into this program"),
    };
    Error::Invalid(format!("{what} {name}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_not_there_say_why() {
        let error = find("somewhere::Else#0").err().map(|e| e.to_string());
        assert_eq!(
            error.as_deref(),
            Some("actor somewhere::Else: no such actor is linked into this program")
        );
        let error = find_method("").err().map(|e| e.to_string());
        assert_eq!(error.as_deref(), Some("method : no such method is linked into this program"));
    }
}
