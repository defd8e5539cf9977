//! The attribute macros of Mobula. Their documentation stands with their re-exports in `mobula`.

mod actor;
mod errors;
mod main_fn;
mod options;
mod parts;
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

/// Makes an `impl` block an actor: a value that lives in one place, on another thread or machine, and is called there.
///
/// The block stays as it is. Its constructor is `pub fn new`, and its public methods with `&self` or `&mut self` can be called
/// from elsewhere: through the handle that [`spawn`](../mobula/struct.ActorCall.html#method.spawn) returns, of a type called
/// `TypeHandle`, or at once on a `TypeGroup` of them. Calls that one caller submits run in that order, one at a time unless
/// `max_concurrency` says otherwise.
///
/// ```
/// use mobula::{LocalConfig, Ray};
///
/// struct Average {
///     sum: f64,
///     count: u64,
/// }
///
/// #[mobula::actor(max_restarts = 2)]
/// impl Average {
///     pub fn new(start: f64) -> Self {
///         Average { sum: start, count: 1 }
///     }
///
///     pub fn add(&mut self, values: &[f64]) -> u64 {
///         self.sum += values.iter().sum::<f64>();
///         self.count += values.len() as u64;
///         self.count
///     }
///
///     pub fn value(&self) -> anyhow::Result<f64> {
///         anyhow::ensure!(self.sum.is_finite(), "the sum has become {}", self.sum);
///         Ok(self.sum / self.count as f64)
///     }
/// }
///
/// let ray = Ray::local(LocalConfig::default());
/// let first = Average::remote(1.0).name("first").spawn(&ray)?;
/// let values = ray.put(vec![2.0, 6.0])?;
/// first.add(&values).submit(&ray)?; // by reference
/// assert_eq!(first.value().get(&ray)?, 3.0);
///
/// let both: AverageGroup = [first, Average::remote(0.0).spawn(&ray)?].into_iter().collect();
/// assert_eq!(both.add(vec![1.0]).get_all(&ray)?, [4, 2]);
/// # Ok::<(), mobula::Error>(())
/// ```
///
/// - **Parameters** and **return types** are as a task's: owned values or plain references, a first `&Ray`, a value or a `Result`.
///   An `Err` or a panic fails the call and leaves the actor alive; in the constructor it ends the actor.
/// - **The state** is any type that is `Send`; it need not be a `Value`, for it never travels. Where all methods take `&self`, it is
///   `Sync` too and may serve several calls at once.
/// - **Options**, all optional: `num_cpus`, `num_gpus`, `memory`, `resources(…)`, `max_restarts`, `max_task_retries`,
///   `max_concurrency`, `name`, `namespace`, `lifetime = "detached"`, `get_if_exists`, `scheduling`. They are Ray's; see
///   [`ActorOptions`](../mobula/struct.ActorOptions.html).
#[proc_macro_attribute]
pub fn actor(attribute: TokenStream, item: TokenStream) -> TokenStream {
    actor::expand(attribute.into(), item.into()).unwrap_or_else(|e| e.into_compile_error()).into()
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
