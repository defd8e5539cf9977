//! `#[mobula::main]`.

use std::time::{SystemTime, UNIX_EPOCH};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Ident, ItemFn, Token, Type};

use crate::errors::Errors;

const EXPECTED: &str = "expected `pub fn main(ray: &Ray) -> Result<()>`, or with #[mobula::main(args = Cli)] `pub fn main(ray: &Ray, cli: Cli) -> Result<()>`";

/// `args = Type`, or nothing.
struct Attribute(Option<Type>);

impl Parse for Attribute {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(Attribute(None));
        }
        let name: Ident = input.parse()?;
        if name != "args" {
            return Err(syn::Error::new(
                name.span(),
                "the only option is `args = Type`, of a type that is mobula::Arguments",
            ));
        }
        input.parse::<Token![=]>()?;
        Ok(Attribute(Some(input.parse()?)))
    }
}

pub fn expand(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let Attribute(args) = syn::parse2(attribute)?;
    let function: ItemFn =
        syn::parse2(item).map_err(|e| syn::Error::new(e.span(), "#[mobula::main] belongs on a function"))?;
    let mut errors = Errors::default();
    let signature = &function.sig;
    if let Some(token) = &signature.asyncness {
        errors.at(token, format!("the program's main is not `async`; {EXPECTED}"));
    }
    if !signature.generics.params.is_empty() {
        errors.at(&signature.generics, "the program's main cannot be generic");
    }
    let wanted = if args.is_some() { 2 } else { 1 };
    if signature.inputs.len() != wanted {
        errors.at_span(
            signature.paren_token.span.join(),
            format!(
                "the program's main takes {wanted} parameter{}; {EXPECTED}",
                if wanted == 1 { "" } else { "s" }
            ),
        );
    }
    errors.finish()?;
    Ok(build(&function, args))
}

fn build(function: &ItemFn, args: Option<Type>) -> TokenStream {
    let (vis, name, docs) = (&function.vis, &function.sig.ident, &function.attrs);
    let mut inner = function.clone();
    inner.sig.ident = format_ident!("program_main");
    inner.vis = syn::Visibility::Inherited;
    inner.attrs = vec![syn::parse_quote!(#[allow(clippy::unnecessary_wraps)])];
    let parse = match args {
        Some(args) => quote!(::mobula::private::Parsed::new::<#args, _>(program_main)),
        None => {
            quote!(::mobula::private::Parsed::new::<::mobula::AnyArguments, _>(|ray, _| program_main(ray)))
        }
    };
    let build = build_id();
    quote! {
        #(#docs)*
        #vis fn #name() -> ::std::process::ExitCode {
            #inner

            static PROGRAM: ::mobula::private::Definition = ::mobula::private::Definition {
                name: ::core::concat!(::core::env!("CARGO_PKG_NAME"), " ", ::core::env!("CARGO_PKG_VERSION")),
                library: ::core::env!("CARGO_CRATE_NAME"),
                build: ::core::concat!(::core::env!("CARGO_PKG_VERSION"), "-", #build),
                parse: || #parse,
            };

            /// What Ray's processes call once they have loaded this library.
            // SAFETY: the name is the SDK's own.
            #[unsafe(no_mangle)]
            pub extern "C" fn mobula_program() -> *const ::mobula::private::ProgramTable {
                ::mobula::private::program_table(&PROGRAM)
            }

            ::mobula::private::run(&PROGRAM)
        }
    }
}

/// Executable and library come out of the same run of the compiler, and this macro is expanded once in it: the time of day
/// tells builds apart. `SOURCE_DATE_EPOCH` stands in for it where builds have to be reproducible.
fn build_id() -> String {
    if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
        return epoch;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}", now.as_nanos())
}
