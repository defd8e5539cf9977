//! `#[mobula::actor]`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{ImplItem, ImplItemFn, ItemImpl, Type, Visibility};

use crate::errors::Errors;
use crate::options::{self, Target};
use crate::parts::Parts;
use crate::signature::{self, Owner, Read};

/// A method that can be called from elsewhere.
struct Method<'a> {
    function: &'a ImplItemFn,
    read: Read,
    exclusive: bool,
}

/// An actor's `impl` block, read.
struct Actor<'a> {
    name: &'a Ident,
    constructor: (&'a ImplItemFn, Read),
    methods: Vec<Method<'a>>,
}

pub fn expand(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let block: ItemImpl = syn::parse2(item)
        .map_err(|e| syn::Error::new(e.span(), "#[mobula::actor] belongs on an `impl` block"))?;
    let mut errors = Errors::default();
    let options = options::expand(Target::Actor, attribute, &mut errors);
    let actor = read(&block, &mut errors);
    errors.finish()?;
    let expansion = actor.map(|actor| beside(&actor, &options));
    Ok(quote! {
        #block
        #expansion
    })
}

fn read<'a>(block: &'a ItemImpl, errors: &mut Errors) -> Option<Actor<'a>> {
    if let Some((_, path, _)) = &block.trait_ {
        errors.at(path, "an actor's methods stand in an `impl` block of the type itself, not of a trait");
    }
    if !block.generics.params.is_empty() {
        let hint =
            "a worker finds an actor by its name, so it cannot be generic: write an actor for each type";
        errors.at(&block.generics, hint);
    }
    let name = match &*block.self_ty {
        Type::Path(path) if path.qself.is_none() && path.path.segments.len() == 1 => {
            path.path.segments.first().map(|segment| &segment.ident)
        }
        _ => None,
    };
    if name.is_none() {
        errors.at(&block.self_ty, "an actor's `impl` block stands beside its type and names it plainly");
    }
    let (mut constructor, mut methods) = (None, Vec::new());
    for item in &block.items {
        // What is not public is the actor's own affair.
        let ImplItem::Fn(function) = item else { continue };
        if !matches!(function.vis, Visibility::Public(_)) {
            continue;
        }
        match function.sig.receiver() {
            None if function.sig.ident == "new" => {
                constructor = Some((function, signature::read(&function.sig, Owner::Constructor, errors)));
            }
            None => {}
            Some(receiver) => {
                if receiver.reference.is_none() || receiver.colon_token.is_some() {
                    let expected = Owner::Method.expected();
                    errors
                        .at(receiver, format!("an actor stays where it is and is not consumed; {expected}"));
                }
                if ["remote", "new"].iter().any(|taken| function.sig.ident == taken) {
                    errors.at(&function.sig.ident, "this name belongs to the constructor");
                }
                let read = signature::read(&function.sig, Owner::Method, errors);
                methods.push(Method { function, read, exclusive: receiver.mutability.is_some() });
            }
        }
    }
    if constructor.is_none() {
        let expected = Owner::Constructor.expected();
        errors.at(&block.self_ty, format!("an actor has a constructor called `new`; {expected}"));
    }
    Some(Actor { name: name?, constructor: constructor?, methods })
}

fn beside(actor: &Actor<'_>, options: &TokenStream) -> TokenStream {
    let Actor { name, constructor: (constructor, made), methods } = actor;
    let (handle, group) = (format_ident!("{name}Handle"), format_ident!("{name}Group"));
    // Only one call at a time gets in where a method takes `&mut self`; else the state is shared as it is.
    let exclusive = methods.iter().any(|method| method.exclusive);
    let cell = if exclusive { quote!(::mobula::private::parking_lot::Mutex<#name>) } else { quote!(#name) };
    let wrap =
        if exclusive { quote!(::mobula::private::parking_lot::Mutex::new(actor)) } else { quote!(actor) };

    let parts = Parts::of(made, &quote!(#name::new), None);
    let (arg_names, arg_values, generic) = (&parts.names, &parts.values, &parts.generic);
    let (take, checks, outcome) = (&parts.take, &parts.checks, &parts.outcome);
    let (signature, about) = (parts.signature(), parts.about(&constructor.attrs));
    let vis = &constructor.vis;
    let is_state = quote_spanned!(name.span()=> let _ = is_state::<#name>;);
    let bounds = if exclusive {
        quote!(::core::marker::Send)
    } else {
        quote!(::core::marker::Send + ::core::marker::Sync)
    };

    let defs = methods.iter().map(|method| definition(name, method, &cell, exclusive));
    let statics: Vec<Ident> = (0..methods.len()).map(|i| format_ident!("METHOD_{i}")).collect();
    let indices = 0..methods.len();
    let calls = methods.iter().zip(indices.clone()).map(|(method, at)| handle_method(name, method, at));
    let group_calls = methods.iter().map(group_method);
    let count = statics.len();
    let remote_docs =
        format!("A new `{name}` elsewhere, its constructor's arguments by value or by reference.");
    let handle_docs = format!("A handle to a [`{name}`] that lives elsewhere: its methods call it.");
    let group_docs = format!("Several [`{name}`]s: its methods call all of them at once.");

    quote! {
        #[doc = #handle_docs]
        #[derive(Clone, Debug)]
        pub struct #handle {
            raw: ::mobula::private::RawActor,
        }

        #[doc = #group_docs]
        #[derive(Clone, Debug)]
        #[allow(dead_code)]
        pub struct #group {
            members: ::std::vec::Vec<#handle>,
        }

        const _: () = {
            static METHODS: [::mobula::private::MethodDef; #count] = [#(#defs),*];

            fn is_value<T: ::mobula::Value>() {}
            fn is_state<T: #bounds + 'static>() {}

            #[allow(dead_code, clippy::let_unit_value)]
            fn types() {
                #is_state
                #(#checks)*
            }

            #[allow(unused_variables, unused_mut)]
            fn create(
                ray: &::mobula::Ray,
                mut args: ::mobula::private::Args<'_>,
            ) -> ::core::result::Result<::mobula::private::Instance, ::mobula::private::TaskFailure> {
                #(#take)*
                let actor: #name = #outcome;
                ::core::result::Result::Ok(::std::boxed::Box::new(#wrap))
            }

            static ACTOR: ::mobula::private::ActorDef = ::mobula::private::ActorDef {
                name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                signature: #signature,
                about: #about,
                create,
                methods: &METHODS,
                make_options: || #options,
                options: ::std::sync::OnceLock::new(),
            };

            impl ::mobula::Actor for #name {
                type Handle = #handle;

                fn def() -> &'static ::mobula::private::ActorDef {
                    &ACTOR
                }
            }

            impl ::mobula::ActorHandle for #handle {
                fn raw(&self) -> &::mobula::private::RawActor {
                    &self.raw
                }

                fn from_raw(raw: ::mobula::private::RawActor, _: ::mobula::private::Sealed) -> Self {
                    #handle { raw }
                }
            }

            #[allow(private_interfaces, dead_code)]
            impl #name {
                #[doc = #remote_docs]
                #[allow(clippy::too_many_arguments)]
                #vis fn remote<#(#generic: ::mobula::IntoArg<#arg_values>),*>(
                    #(#arg_names: #generic),*
                ) -> ::mobula::ActorCall<#name> {
                    ::mobula::ActorCall::new(
                        ::std::vec![#(::mobula::IntoArg::<#arg_values>::into_arg(#arg_names)),*],
                    )
                }
            }

            #[allow(private_interfaces, dead_code, clippy::too_many_arguments)]
            impl #handle {
                #(#calls)*
            }

            #[allow(private_interfaces, dead_code, clippy::too_many_arguments)]
            impl #group {
                #(#group_calls)*
            }

            impl ::mobula::IntoArg<#handle> for &#handle {
                fn into_arg(self) -> ::mobula::private::Arg {
                    ::mobula::IntoArg::<#handle>::into_arg(::core::clone::Clone::clone(self))
                }
            }

            impl ::mobula::IntoArg<#group> for &#group {
                fn into_arg(self) -> ::mobula::private::Arg {
                    ::mobula::IntoArg::<#group>::into_arg(::core::clone::Clone::clone(self))
                }
            }

            impl ::core::convert::From<::std::vec::Vec<#handle>> for #group {
                fn from(members: ::std::vec::Vec<#handle>) -> Self {
                    #group { members }
                }
            }

            impl ::core::iter::FromIterator<#handle> for #group {
                fn from_iter<I: ::core::iter::IntoIterator<Item = #handle>>(members: I) -> Self {
                    #group { members: ::core::iter::Iterator::collect(::core::iter::IntoIterator::into_iter(members)) }
                }
            }

            impl ::core::ops::Deref for #group {
                type Target = [#handle];

                fn deref(&self) -> &[#handle] {
                    &self.members
                }
            }

            impl ::mobula::private::serde::Serialize for #handle {
                fn serialize<S: ::mobula::private::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    ::mobula::private::serde::Serialize::serialize(&self.raw, serializer)
                }
            }

            impl<'de> ::mobula::private::serde::Deserialize<'de> for #handle {
                fn deserialize<D: ::mobula::private::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    let raw = ::mobula::private::serde::Deserialize::deserialize(deserializer)?;
                    ::core::result::Result::Ok(#handle { raw })
                }
            }

            impl ::mobula::private::serde::Serialize for #group {
                fn serialize<S: ::mobula::private::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    ::mobula::private::serde::Serialize::serialize(&self.members, serializer)
                }
            }

            impl<'de> ::mobula::private::serde::Deserialize<'de> for #group {
                fn deserialize<D: ::mobula::private::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    let members = ::mobula::private::serde::Deserialize::deserialize(deserializer)?;
                    ::core::result::Result::Ok(#group { members })
                }
            }

            ::mobula::private::inventory::submit! { &ACTOR }
        };
    }
}

/// The `MethodDef` of a method.
fn definition(actor: &Ident, method: &Method<'_>, cell: &TokenStream, locked: bool) -> TokenStream {
    let name = &method.function.sig.ident;
    let this = match (locked, method.exclusive) {
        (false, _) => quote!(instance),
        (true, false) => quote!(&*instance.lock()),
        (true, true) => quote!(&mut *instance.lock()),
    };
    let parts = Parts::of(&method.read, &quote!(#actor::#name), Some(&this));
    let (types, run, signature) = (parts.types(), parts.run(), parts.signature());
    let about = parts.about(&method.function.attrs);
    let exclusive = method.exclusive;
    quote! {{
        #types

        #[allow(unused_variables, unused_mut, clippy::let_unit_value)]
        fn run(
            ray: &::mobula::Ray,
            instance: &::mobula::private::Instance,
            mut args: ::mobula::private::Args<'_>,
        ) -> ::core::result::Result<::mobula::private::Output, ::mobula::private::TaskFailure> {
            let instance = ::mobula::private::state::<#cell>(instance)?;
            #run
        }

        ::mobula::private::MethodDef {
            name: ::core::stringify!(#name),
            path: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#actor), "::", ::core::stringify!(#name)),
            signature: #signature,
            about: #about,
            exclusive: #exclusive,
            run,
        }
    }}
}

/// The handle's method of the same name.
fn handle_method(actor: &Ident, method: &Method<'_>, at: usize) -> TokenStream {
    let name = &method.function.sig.ident;
    let parts = Parts::of(&method.read, &TokenStream::new(), None);
    let Parts { names, values, generic, result, .. } = &parts;
    let docs =
        docs(method, &format!("A call of [`{actor}::{name}`], its arguments by value or by reference."));
    quote! {
        #docs
        pub fn #name<#(#generic: ::mobula::IntoArg<#values>),*>(
            &self,
            #(#names: #generic),*
        ) -> ::mobula::MethodCall<#result> {
            ::mobula::MethodCall::new(
                &self.raw,
                &METHODS[#at],
                ::std::vec![#(::mobula::IntoArg::<#values>::into_arg(#names)),*],
            )
        }
    }
}

/// The group's method of the same name.
fn group_method(method: &Method<'_>) -> TokenStream {
    let name = &method.function.sig.ident;
    let parts = Parts::of(&method.read, &TokenStream::new(), None);
    let Parts { names, values, generic, result, .. } = &parts;
    let docs = docs(method, "The same call to every member.");
    quote! {
        #docs
        pub fn #name<#(#generic: ::mobula::IntoArg<#values>),*>(
            &self,
            #(#names: #generic),*
        ) -> ::mobula::GroupCall<#result> {
            #(let #names = ::mobula::private::Again::new(::mobula::IntoArg::<#values>::into_arg(#names));)*
            ::mobula::GroupCall::new(
                self.members.iter().map(|member| member.#name(#(#names.again()),*)).collect(),
            )
        }
    }
}

/// The method's own documentation, with a line before it.
fn docs(method: &Method<'_>, line: &str) -> TokenStream {
    let own = method.function.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    quote! {
        #[doc = #line]
        #[doc = ""]
        #(#own)*
    }
}
