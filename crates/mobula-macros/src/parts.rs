//! What the expansions of tasks, methods and constructors are made of.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Lit, Meta, Type};

use crate::signature::{Parameter, Read};

/// The pieces of one function's expansion.
pub struct Parts {
    /// The parameters' names.
    pub names: Vec<Ident>,
    /// The types whose values travel.
    pub values: Vec<TokenStream>,
    /// A type parameter for each argument of the caller's.
    pub generic: Vec<Ident>,
    /// Takes the arguments, one after another.
    pub take: Vec<TokenStream>,
    /// Tests of the types where they stand: without them errors would point into the expansion.
    pub checks: Vec<TokenStream>,
    /// What the caller gets.
    pub result: TokenStream,
    /// The call's value; returns early where it fails.
    pub outcome: TokenStream,
    output: Type,
}

impl Parts {
    /// `callee` is what stands before the arguments' parenthesis, `receiver` what comes before all arguments.
    pub fn of(read: &Read, callee: &TokenStream, receiver: Option<&TokenStream>) -> Parts {
        let names: Vec<Ident> = read.parameters.iter().map(|p| p.name.clone()).collect();
        let values: Vec<TokenStream> = read.parameters.iter().map(|p| p.value.clone()).collect();
        let take = names
            .iter()
            .zip(&values)
            .map(|(name, value)| quote!(let #name = args.next::<#value>(::core::stringify!(#name))?;));
        let checks = read
            .parameters
            .iter()
            .map(|Parameter { value, span, .. }| quote_spanned!(*span=> let _ = is_value::<#value>;));
        let receiver = receiver.map(|receiver| quote!(#receiver,));
        let ray = read.takes_ray.then(|| quote!(ray,));
        let pass = read.parameters.iter().map(Parameter::pass);
        let call = quote!(#callee(#receiver #ray #(#pass),*));
        let output = &read.output;
        let (result, outcome) = if read.fallible {
            (
                quote!(<#output as ::mobula::private::Outcome>::Value),
                quote!(::mobula::private::Outcome::outcome(#call)?),
            )
        } else {
            (quote!(#output), call)
        };
        Parts {
            generic: (0..names.len()).map(|i| format_ident!("Arg{i}")).collect(),
            take: take.collect(),
            checks: checks.collect(),
            names,
            values,
            result,
            outcome,
            output: output.clone(),
        }
    }

    /// A function that is never called: it tests the arguments' types and the result's.
    pub fn types(&self) -> TokenStream {
        let Parts { checks, result, .. } = self;
        let check_result = quote_spanned!(self.output.span()=> let _ = is_value::<#result>;);
        quote! {
            #[allow(dead_code, clippy::let_unit_value)]
            fn types() {
                #(#checks)*
                #check_result
            }
        }
    }

    /// Takes the arguments, calls the function and makes its `Output`.
    pub fn run(&self) -> TokenStream {
        let Parts { take, result, outcome, .. } = self;
        quote! {
            #[allow(unused_imports)]
            use ::mobula::private::NoSplit as _;
            #(#take)*
            let value: #result = #outcome;
            let split = ::mobula::private::SplitProbe::<#result>(::core::marker::PhantomData).splitter();
            ::core::result::Result::Ok(::mobula::private::Output::new(value, split))
        }
    }

    /// What callers in other languages are told of the function.
    pub fn about(&self, attributes: &[Attribute]) -> TokenStream {
        let names = self.names.iter().map(|name| name.unraw().to_string());
        let types = self.values.iter().map(readable);
        let (returns, documentation) = (readable(&self.output), documentation(attributes));
        quote!(::mobula::private::About {
            parameters: &[#((#names, #types)),*],
            returns: #returns,
            documentation: #documentation,
        })
    }

    /// The types as they stand in the source.
    pub fn signature(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|v| v.to_string()).collect();
        let output = &self.output;
        format!("({}) -> {}", values.join(", "), quote!(#output)).replace(' ', "")
    }
}

/// A type as one writes it.
fn readable(tokens: impl ToTokens) -> String {
    let mut text = String::new();
    // Blanks stand between words, and after a comma.
    for token in tokens.to_token_stream().to_string().split_whitespace() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if text.ends_with(|c| word(c) || c == ',') && token.starts_with(word) {
            text.push(' ');
        }
        text.push_str(token);
    }
    ["::std::vec::", "::std::string::", "$crate::"].iter().fold(text, |text, path| text.replace(path, ""))
}

/// A documentation comment as one text, its lines without the blank that stands after `///`.
fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> =
        lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_string()).collect();
    lines.join("\n")
}
