//! `#[mobula::task]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ItemFn;

use crate::errors::Errors;
use crate::options::{self, Target};
use crate::signature::{self, Owner, Parameter, Read};

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
    let names: Vec<_> = read.parameters.iter().map(|p| &p.name).collect();
    let values: Vec<_> = read.parameters.iter().map(|p| &p.value).collect();
    let output = &read.output;
    // A test of the types where they stand: without it the error would point into the expansion.
    let checks = read
        .parameters
        .iter()
        .map(|Parameter { value, span, .. }| quote_spanned!(*span=> let _ = is_value::<#value>;));
    let result =
        if read.fallible { quote!(<#output as ::mobula::private::Outcome>::Value) } else { quote!(#output) };
    let result_span = syn::spanned::Spanned::span(output);
    let check_result = quote_spanned!(result_span=> let _ = is_value::<#result>;);
    let ray = read.takes_ray.then(|| quote!(ray,));
    let pass = read.parameters.iter().map(Parameter::pass);
    let call = quote!(#name(#ray #(#pass),*));
    let outcome =
        if read.fallible { quote!(::mobula::private::Outcome::outcome(#call)?) } else { quote!(#call) };
    let docs = format!("The task `{name}`: [`remote`](Self::remote) calls it elsewhere.");
    let remote_docs = format!("A call of the task `{name}`, its arguments by value or by reference.");
    let generic: Vec<_> = (0..names.len()).map(|i| format_ident!("Arg{i}")).collect();
    let signature = signature_text(&values, output);
    let map = map(function, read, &values, &names, &result, &outcome, &signature);
    let (map_static, map_method) = map.unwrap_or_default();
    quote! {
        #[doc = #docs]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #name {}

        const _: () = {
            fn is_value<T: ::mobula::Value>() {}

            #[allow(dead_code, clippy::let_unit_value)]
            fn types() {
                #(#checks)*
                #check_result
            }

            #[allow(unused_variables, unused_mut, clippy::let_unit_value)]
            fn run(
                ray: &::mobula::Ray,
                mut args: ::mobula::private::Args<'_>,
            ) -> ::core::result::Result<::mobula::private::Output, ::mobula::private::TaskFailure> {
                #[allow(unused_imports)]
                use ::mobula::private::NoSplit as _;
                #(let #names = args.next::<#values>(::core::stringify!(#names))?;)*
                let value: #result = #outcome;
                let split = ::mobula::private::SplitProbe::<#result>(::core::marker::PhantomData).splitter();
                ::core::result::Result::Ok(::mobula::private::Output::new(value, split))
            }

            static TASK: ::mobula::private::TaskDef = ::mobula::private::TaskDef {
                name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                signature: #signature,
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
fn map(
    function: &ItemFn,
    read: &Read,
    values: &[&TokenStream],
    names: &[&syn::Ident],
    result: &TokenStream,
    outcome: &TokenStream,
    signature: &str,
) -> Option<(TokenStream, TokenStream)> {
    let (name, vis) = (&function.sig.ident, &function.vis);
    let (item, pattern) = match (values, names) {
        ([], _) => return None,
        ([value], [name]) => (quote!(#value), quote!(#name)),
        _ => (quote!((#(#values),*)), quote!((#(#names),*))),
    };
    let own = read.parameters.iter().map(|parameter| {
        let name = &parameter.name;
        quote!(let #name = ::mobula::private::Param::own(#name);)
    });
    let signature = format!("map {signature}");
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

pub fn signature_text(values: &[&TokenStream], output: &syn::Type) -> String {
    let values: Vec<String> = values.iter().map(|v| v.to_string()).collect();
    format!("({}) -> {}", values.join(", "), quote!(#output)).replace(' ', "")
}
