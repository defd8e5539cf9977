//! What the signature of a task says, and what it must not.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, Pat, PathArguments, ReturnType, Signature, Type};

use crate::errors::Errors;

/// Whose signature it is.
#[derive(Clone, Copy, PartialEq)]
pub enum Owner {
    Task,
    /// Of an actor.
    Method,
    /// Of an actor: its output is the actor itself.
    Constructor,
}

impl Owner {
    fn noun(self) -> &'static str {
        match self {
            Owner::Task => "a task",
            Owner::Method => "an actor's method",
            Owner::Constructor => "an actor's constructor",
        }
    }

    /// The signature that would have been right.
    pub fn expected(self) -> &'static str {
        match self {
            Owner::Task => {
                "expected `fn name(ray: &Ray, argument: Type, other: &Type) -> Result<Type>`, where `ray` and `Result` may be missing"
            }
            Owner::Method => {
                "expected `pub fn name(&mut self, ray: &Ray, argument: Type, other: &Type) -> Result<Type>`, where `mut`, `ray` and `Result` may be missing"
            }
            Owner::Constructor => {
                "expected `pub fn new(ray: &Ray, argument: Type, other: &Type) -> Result<Self>`, where `ray` and `Result` may be missing"
            }
        }
    }
}

/// A parameter that is an argument of the task.
pub struct Parameter {
    pub name: Ident,
    /// The type whose value travels: of `&[T]` a `Vec<T>`, of `&str` a `String`.
    pub value: TokenStream,
    pub span: Span,
    borrow: Option<Borrow>,
}

enum Borrow {
    Plain,
    Slice,
    Text,
}

impl Parameter {
    /// The expression with which the function is called, where `name` holds the `Param`.
    pub fn pass(&self) -> TokenStream {
        let name = &self.name;
        match self.borrow {
            None => quote!(#name.into_owned()),
            Some(Borrow::Plain) => quote!(::core::convert::AsRef::as_ref(&#name)),
            Some(Borrow::Slice) => quote!(::core::convert::AsRef::as_ref(&#name).as_slice()),
            Some(Borrow::Text) => quote!(::core::convert::AsRef::as_ref(&#name).as_str()),
        }
    }
}

/// A task's signature, read.
pub struct Read {
    pub takes_ray: bool,
    pub parameters: Vec<Parameter>,
    /// The return type, and whether it is a `Result`.
    pub output: Type,
    pub fallible: bool,
}

pub fn read(signature: &Signature, owner: Owner, errors: &mut Errors) -> Read {
    let (noun, expected) = (owner.noun(), owner.expected());
    if let Some(token) = &signature.asyncness {
        errors.at(token, format!("{noun} runs on a thread of its own and is not `async`; {expected}"));
    }
    if let Some(token) = &signature.unsafety {
        errors.at(token, format!("{noun} is called from safe code and cannot be `unsafe`"));
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, format!("{noun} is an ordinary Rust function"));
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, format!("{noun} has a fixed number of arguments"));
    }
    if !signature.generics.params.is_empty() {
        let hint = format!(
            "a worker finds {noun} by its name, so it cannot be generic: write one for each type, which may call a generic function"
        );
        errors.at(&signature.generics, hint);
    }
    let (mut takes_ray, mut parameters) = (false, Vec::new());
    let mut first = true;
    for input in &signature.inputs {
        let argument = match input {
            FnArg::Receiver(_) if owner == Owner::Method => continue,
            FnArg::Receiver(receiver) => {
                errors.at(receiver, format!("{noun} is a function, not a method; {expected}"));
                continue;
            }
            FnArg::Typed(argument) => argument,
        };
        let leads = std::mem::take(&mut first);
        if is_ray(&argument.ty) {
            if !leads {
                errors.at(argument, "`&Ray` comes first: it is given by the engine, not by the caller");
            }
            takes_ray = true;
            continue;
        }
        let Pat::Ident(pattern) = &*argument.pat else {
            errors.at(
                &argument.pat,
                format!("a parameter of {noun} is a plain name: the caller's arguments are named after it"),
            );
            continue;
        };
        if let Some(parameter) = parameter(&pattern.ident, &argument.ty, errors) {
            parameters.push(parameter);
        }
    }
    let output = match &signature.output {
        ReturnType::Default => syn::parse_quote!(()),
        ReturnType::Type(_, output) => (**output).clone(),
    };
    if let Type::Reference(reference) = &output {
        errors.at(reference, format!("{noun} returns a value of its own, not a reference"));
    }
    if let Type::ImplTrait(hidden) = &output {
        errors.at(hidden, format!("{noun} returns a type with a name, which its caller can spell"));
    }
    let fallible = last_segment(&output).is_some_and(|name| name == "Result");
    Read { takes_ray, parameters, output, fallible }
}

fn parameter(name: &Ident, kind: &Type, errors: &mut Errors) -> Option<Parameter> {
    let span = kind.span();
    let (value, borrow) = match kind {
        Type::ImplTrait(_) => {
            errors.at(kind, "a task's parameter has a type with a name: its value travels");
            return None;
        }
        Type::Reference(reference) if reference.mutability.is_some() => {
            errors.at(kind, "a task gets its arguments from afar and cannot change the caller's: take it by value and return it");
            return None;
        }
        Type::Reference(reference) => {
            if let Some(lifetime) = &reference.lifetime {
                errors.at(lifetime, "a task's arguments live as long as the task: leave the lifetime out");
            }
            match &*reference.elem {
                Type::Slice(slice) => {
                    let element = &slice.elem;
                    (quote_spanned!(span=> ::std::vec::Vec<#element>), Some(Borrow::Slice))
                }
                Type::Path(path) if path.path.is_ident("str") => {
                    (quote_spanned!(span=> ::std::string::String), Some(Borrow::Text))
                }
                other => (quote!(#other), Some(Borrow::Plain)),
            }
        }
        other => (quote!(#other), None),
    };
    Some(Parameter { name: name.clone(), value, span, borrow })
}

fn is_ray(kind: &Type) -> bool {
    matches!(kind, Type::Reference(r) if r.mutability.is_none() && last_segment(&r.elem).is_some_and(|name| name == "Ray"))
}

fn last_segment(kind: &Type) -> Option<&Ident> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    let simple = matches!(last.arguments, PathArguments::None | PathArguments::AngleBracketed(_));
    simple.then_some(&last.ident)
}
