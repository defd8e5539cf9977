//! Options are checked where they stand, all of them.

#[mobula::task(num_cpu = 1, num_cpus = -2, max_retries = -3, scheduling = "PACK")]
fn many_mistakes() {}

#[mobula::task(num_cpus = 1, num_cpus = 2)]
fn twice() {}

#[mobula::task(memory = "1 GB", resources = 3, retry_exceptions = 1)]
fn wrong_kinds() {}

#[mobula::task(resources(accelerator = -1), name)]
fn no_value() {}

fn main() {}
