//! The options in a task's and an actor's attribute.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, ExprUnary, Ident, Lit, LitStr, Token, UnOp, parenthesized};

use crate::errors::Errors;

/// Whose attribute it is.
#[derive(Clone, Copy, PartialEq)]
pub enum Target {
    Task,
    Actor,
}

impl Target {
    /// The options that it takes.
    fn known(self) -> &'static str {
        match self {
            Target::Task => {
                "num_cpus, num_gpus, memory, resources(…), max_retries, retry_exceptions, name, scheduling"
            }
            Target::Actor => {
                "num_cpus, num_gpus, memory, resources(…), max_restarts, max_task_retries, max_concurrency, name, \
                 namespace, lifetime, get_if_exists, scheduling"
            }
        }
    }

    fn takes(self, name: &str) -> bool {
        self.known().split(", ").any(|each| each.trim_end_matches("(…)") == name)
    }

    /// Where the options that both have stand.
    fn base(self) -> TokenStream {
        match self {
            Target::Task => quote!(options),
            Target::Actor => quote!(options.base),
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Target::Task => "a task",
            Target::Actor => "an actor",
        }
    }
}

/// One `name = value`, `name(…)` or bare `name`.
struct Entry {
    name: Ident,
    value: EntryValue,
}

enum EntryValue {
    Bare,
    Expr(Expr),
    List(Vec<(LitStr, Expr)>),
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            EntryValue::Expr(input.parse()?)
        } else if input.peek(syn::token::Paren) {
            let list;
            parenthesized!(list in input);
            let entries = Punctuated::<_, Token![,]>::parse_terminated_with(&list, resource)?;
            EntryValue::List(entries.into_iter().collect())
        } else {
            EntryValue::Bare
        };
        Ok(Entry { name, value })
    }
}

fn resource(input: ParseStream<'_>) -> syn::Result<(LitStr, Expr)> {
    let name = if input.peek(LitStr) {
        input.parse()?
    } else {
        let name: Ident = input.parse()?;
        LitStr::new(&name.to_string(), name.span())
    };
    input.parse::<Token![=]>()?;
    Ok((name, input.parse()?))
}

/// The attribute as an expression that builds `mobula::Options`.
pub fn expand(target: Target, attribute: TokenStream, errors: &mut Errors) -> TokenStream {
    let parser = Punctuated::<Entry, Token![,]>::parse_terminated;
    let entries = match syn::parse::Parser::parse2(parser, attribute) {
        Ok(entries) => entries,
        Err(error) => {
            errors.push(error);
            Punctuated::new()
        }
    };
    let mut seen: Vec<String> = Vec::new();
    let mut sets = TokenStream::new();
    for Entry { name, value } in entries {
        if seen.contains(&name.to_string()) {
            errors.at(&name, format!("option `{name}` is given twice"));
        }
        seen.push(name.to_string());
        sets.extend(option(target, &name, value, errors));
    }
    let kind = match target {
        Target::Task => quote!(::mobula::Options),
        Target::Actor => quote!(::mobula::ActorOptions),
    };
    quote! {{
        #[allow(unused_mut)]
        let mut options = <#kind as ::core::default::Default>::default();
        #sets
        options
    }}
}

fn option(target: Target, name: &Ident, value: EntryValue, errors: &mut Errors) -> TokenStream {
    let base = target.base();
    let known = target.takes(&name.to_string());
    match (name.to_string().as_str(), value) {
        (unknown, _) if !known => {
            errors.at(
                name,
                format!("there is no option `{unknown}`; {} takes {}", target.noun(), target.known()),
            );
            TokenStream::new()
        }
        ("num_cpus" | "num_gpus", EntryValue::Expr(value)) => {
            check_number(name, &value, 0.0, "a number from 0 up, such as 2 or 0.5", errors);
            quote!(#base.#name = ::core::option::Option::Some((#value) as f64);)
        }
        ("memory", EntryValue::Expr(value)) => {
            check_number(name, &value, 0.0, "a number of bytes, such as 512 << 20", errors);
            quote!(#base.memory = ::core::option::Option::Some((#value) as u64);)
        }
        ("max_retries" | "max_restarts" | "max_task_retries", EntryValue::Expr(value)) => {
            check_number(name, &value, -1.0, "-1 (for ever), 0 or more", errors);
            quote!(options.#name = ::core::option::Option::Some((#value) as i64);)
        }
        ("max_concurrency", EntryValue::Expr(value)) => {
            check_number(name, &value, 1.0, "1 or more", errors);
            quote!(options.max_concurrency = ::core::option::Option::Some((#value) as usize);)
        }
        ("namespace", EntryValue::Expr(value)) => {
            quote!(options.namespace = ::core::option::Option::Some(::std::string::String::from(#value));)
        }
        ("lifetime", EntryValue::Expr(value)) => match text(&value).as_deref() {
            Some("detached") => {
                quote!(options.lifetime = ::core::option::Option::Some(::mobula::Lifetime::Detached);)
            }
            Some("non_detached") => {
                quote!(options.lifetime = ::core::option::Option::Some(::mobula::Lifetime::NonDetached);)
            }
            _ => {
                errors.at(&value, "`lifetime` is \"detached\" or \"non_detached\"");
                TokenStream::new()
            }
        },
        ("get_if_exists", EntryValue::Bare) => {
            quote!(options.get_if_exists = ::core::option::Option::Some(true);)
        }
        ("retry_exceptions", EntryValue::Bare) => {
            quote!(options.retry_exceptions = ::core::option::Option::Some(true);)
        }
        ("retry_exceptions", EntryValue::Expr(value)) => {
            if !matches!(&value, Expr::Lit(ExprLit { lit: Lit::Bool(_), .. })) {
                errors.at(&value, "`retry_exceptions` is true or false");
            }
            quote!(options.retry_exceptions = ::core::option::Option::Some(#value);)
        }
        ("name", EntryValue::Expr(value)) => {
            quote!(#base.name = ::core::option::Option::Some(::std::string::String::from(#value));)
        }
        ("scheduling", EntryValue::Expr(value)) => match text(&value).as_deref() {
            Some("SPREAD") => {
                quote!(#base.scheduling = ::core::option::Option::Some(::mobula::Scheduling::Spread);)
            }
            Some("DEFAULT") => {
                quote!(#base.scheduling = ::core::option::Option::Some(::mobula::Scheduling::Default);)
            }
            _ => {
                let hint = "`scheduling` is \"DEFAULT\" or \"SPREAD\"; a node is chosen at the call, with `.node_affinity(…)`";
                errors.at(&value, hint);
                TokenStream::new()
            }
        },
        ("resources", EntryValue::List(list)) => list
            .into_iter()
            .map(|(name, amount)| {
                check_number(name.value(), &amount, 0.0, "an amount from 0 up", errors);
                quote!(#base.resources.insert(::std::string::String::from(#name), (#amount) as f64);)
            })
            .collect(),
        ("resources", _) => {
            errors.at(name, "`resources` is a list: resources(accelerator = 1, \"other name\" = 0.5)");
            TokenStream::new()
        }
        (known, _) => {
            errors.at(name, format!("option `{known}` wants a value: {known} = …"));
            TokenStream::new()
        }
    }
}

/// Literals are checked here, where the mistake can be shown; anything else is checked when the task is called.
fn check_number(name: impl std::fmt::Display, value: &Expr, least: f64, expected: &str, errors: &mut Errors) {
    let literal = match value {
        Expr::Lit(literal) => number(literal),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match &**expr {
            Expr::Lit(literal) => number(literal).map(|n| n.map(|n| -n)),
            _ => None,
        },
        _ => None,
    };
    match literal {
        Some(Some(n)) if n >= least => {}
        None => {}
        Some(_) => errors.at_span(value.span(), format!("`{name}` is {expected}")),
    }
}

/// `Some(None)` is a literal that is no number.
fn number(literal: &ExprLit) -> Option<Option<f64>> {
    Some(match &literal.lit {
        Lit::Int(n) => n.base10_parse().ok(),
        Lit::Float(n) => n.base10_parse().ok(),
        _ => None,
    })
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
