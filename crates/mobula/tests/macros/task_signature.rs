//! Everything that is wrong with a signature is reported at once.

struct Counter;

#[mobula::task]
async fn waits(self_made: u64) -> u64 {
    self_made
}

#[mobula::task]
fn generic<T: Clone>(value: T) -> T {
    value
}

#[mobula::task]
fn changes(list: &mut Vec<u8>, (left, right): (u8, u8), ray: &mobula::Ray) -> &'static str {
    "three mistakes"
}

impl Counter {
    #[mobula::task]
    fn method(&self, n: u64) -> u64 {
        n
    }
}

#[mobula::task]
fn hidden(values: impl Iterator<Item = u8>) -> impl Clone {
    0
}

#[mobula::task]
unsafe extern "C" fn foreign(n: u64) -> u64 {
    n
}

#[mobula::task]
struct NotAFunction;

fn main() {}
