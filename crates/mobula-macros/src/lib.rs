//! The attribute macros of Mobula. Their documentation stands with their re-exports in `mobula`.

mod errors;
mod main_fn;
mod options;
mod signature;
mod task;

use proc_macro::TokenStream;

/// Makes a function a task: something that runs on another thread or, on a cluster, on another machine.
///
/// The function stays as it is. Beside it comes a type of the same name whose `remote` takes the same arguments, each by
/// value or as an [`ObjectRef`](../mobula/struct.ObjectRef.html), and returns a [`TaskCall`](../mobula/struct.TaskCall.html).
///
/// ```
/// use mobula::{LocalConfig, Ray};
///
/// #[mobula::task(num_cpus = 2, max_retries = 5)]
/// fn longest(words: &[String], at_least: usize) -> anyhow::Result<String> {
///     let word = words.iter().max_by_key(|word| word.len()).filter(|word| word.len() >= at_least);
///     word.cloned().ok_or_else(|| anyhow::anyhow!("all {} words are shorter than {at_least}", words.len()))
/// }
///
/// let ray = Ray::local(LocalConfig::with_cpus(2.0));
/// let words = ray.put(vec!["tasks".to_string(), "actors".to_string()])?;
/// let call = longest::remote(&words, 3).name("the longest word");
/// assert_eq!(call.submit(&ray)?.get(&ray)?, "actors");
/// assert!(longest(&["an ordinary function".to_string()], 3).is_ok());
/// # Ok::<(), mobula::Error>(())
/// ```
///
/// - **Parameters** are owned values or plain references (`&T`, `&[T]`, `&str`), of types that are
///   [`Value`](../mobula/trait.Value.html)s; by reference, a task reads what others hold too without a copy. A first
///   parameter of type `&Ray` is not an argument: through it the task can submit, put and get itself.
/// - **The return type** is a `Value`, or a `Result` of one with any error type. An `Err` or a panic fails the task.
/// - **Options**, all optional: `num_cpus`, `num_gpus`, `memory` (bytes), `resources(name = amount, "other name" = amount)`,
///   `max_retries`, `retry_exceptions`, `name = "…"`, `scheduling = "DEFAULT" | "SPREAD"`. They are Ray's; see
///   [`Options`](../mobula/struct.Options.html).
#[proc_macro_attribute]
pub fn task(attribute: TokenStream, item: TokenStream) -> TokenStream {
    task::expand(attribute.into(), item.into()).unwrap_or_else(|e| e.into_compile_error()).into()
}

/// Makes a function the program's `main`, in its library: `fn main(ray: &Ray)`, or with arguments
/// `#[mobula::main(args = Cli)] fn main(ray: &Ray, cli: Cli)`.
///
/// The function becomes one without parameters that returns an `ExitCode`, which the package's `src/main.rs` calls. It reads
/// the arguments and attaches where `--address` or `RAY_ADDRESS` says: to this process, or to a cluster.
///
/// ```
/// // src/lib.rs
/// use mobula::Ray;
///
/// #[mobula::main]
/// pub fn main(ray: &Ray) -> mobula::Result<()> {
///     println!("{}", ray.describe()?);
///     Ok(())
/// }
/// ```
///
/// ```ignore
/// // src/main.rs
/// fn main() -> std::process::ExitCode {
///     my_program::main()
/// }
/// ```
///
/// and in `Cargo.toml`
///
/// ```toml
/// [lib]
/// crate-type = ["rlib", "cdylib"]
/// ```
#[proc_macro_attribute]
pub fn main(attribute: TokenStream, item: TokenStream) -> TokenStream {
    main_fn::expand(attribute.into(), item.into()).unwrap_or_else(|e| e.into_compile_error()).into()
}
