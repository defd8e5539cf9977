//! `#[mobula::task]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::errors::Errors;
use crate::options::{self, Target};
use crate::parts::Parts;
use crate::signature::{self, Owner, Read};

pub fn expand(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let function: ItemFn = syn::parse2(item.clone())
        .map_err(|e| syn::Error::new(e.span(), "#[mobula::task] belongs on a function"))?;
    let mut errors = Errors::default();
    let options = options::expand(Target::Task, attribute, &mut errors);
    let read = signature::read(&function.sig, Owner::Task, &mut errors);
    errors.finish()?;
    let expansion = beside(&function, &read, &options);
    Ok(quote! {
        #function
        #expansion
    })
}

/// The type of the function's name, and the registration.
fn beside(function: &ItemFn, read: &Read, options: &TokenStream) -> TokenStream {
    let (name, vis) = (&function.sig.ident, &function.vis);
    let parts = Parts::of(read, &quote!(#name), None);
    let Parts { names, values, generic, result, .. } = &parts;
    let (types, run, signature) = (parts.types(), parts.run(), parts.signature());
    let about = parts.about(&function.attrs);
    let docs = format!("The task `{name}`: [`remote`](Self::remote) calls it elsewhere.");
    let remote_docs = format!("A call of the task `{name}`, its arguments by value or by reference.");
    let map = map(function, read, &parts);
    let (map_static, map_method) = map.unwrap_or_default();
    quote! {
        #[doc = #docs]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #name {}

        const _: () = {
            fn is_value<T: ::mobula::Value>() {}

            #types

            #[allow(unused_variables, unused_mut, clippy::let_unit_value)]
            fn run(
                ray: &::mobula::Ray,
                mut args: ::mobula::private::Args<'_>,
            ) -> ::core::result::Result<::mobula::private::Output, ::mobula::private::TaskFailure> {
                #run
            }

            static TASK: ::mobula::private::TaskDef = ::mobula::private::TaskDef {
                name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                signature: #signature,
                about: #about,
                run,
                make_options: || #options,
                options: ::std::sync::OnceLock::new(),
            };

            #map_static

            impl #name {
                #map_method

                #[doc = #remote_docs]
                #[allow(dead_code, clippy::too_many_arguments)]
                #vis fn remote<#(#generic: ::mobula::IntoArg<#values>),*>(#(#names: #generic),*) -> ::mobula::TaskCall<#result> {
                    ::mobula::TaskCall::new(&TASK, ::std::vec![#(::mobula::IntoArg::<#values>::into_arg(#names)),*])
                }
            }

            ::mobula::private::inventory::submit! { &TASK }
        };
    }
}

/// The second task, of many calls, and the method that starts it; none for a function that takes nothing.
fn map(function: &ItemFn, read: &Read, parts: &Parts) -> Option<(TokenStream, TokenStream)> {
    let (name, vis) = (&function.sig.ident, &function.vis);
    let Parts { names, values, result, outcome, .. } = parts;
    let (item, pattern) = match (&values[..], &names[..]) {
        ([], _) => return None,
        ([value], [name]) => (quote!(#value), quote!(#name)),
        _ => (quote!((#(#values),*)), quote!((#(#names),*))),
    };
    let own = read.parameters.iter().map(|parameter| {
        let name = &parameter.name;
        quote!(let #name = ::mobula::private::Param::own(#name);)
    });
    let signature = format!("map {}", parts.signature());
    let docs = format!("A call of the task `{name}` for each item, many to a task of the engine.");
    let definition = quote! {
        #[allow(unused_variables, clippy::let_unit_value)]
        fn run_map(
            ray: &::mobula::Ray,
            args: ::mobula::private::Args<'_>,
        ) -> ::core::result::Result<::mobula::private::Output, ::mobula::private::TaskFailure> {
            ::mobula::private::run_chunk::<#item, #result>(args, |#pattern| {
                #(#own)*
                let value: #result = #outcome;
                ::core::result::Result::Ok(value)
            })
        }

        static MAP: ::mobula::private::TaskDef = ::mobula::private::TaskDef {
            name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name), "::map"),
            signature: #signature,
            about: ::mobula::private::About { parameters: &[], returns: "", documentation: "" },
            run: run_map,
            make_options: || (TASK.make_options)(),
            options: ::std::sync::OnceLock::new(),
        };

        ::mobula::private::inventory::submit! { &MAP }
    };
    let method = quote! {
        #[doc = #docs]
        #[allow(dead_code)]
        #vis fn map(items: impl ::core::iter::IntoIterator<Item = #item>) -> ::mobula::MapCall<#item, #result> {
            ::mobula::MapCall::new(&MAP, items)
        }
    };
    Some((definition, method))
}
