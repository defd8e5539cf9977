//! Mistakes with `#[mobula::actor]`.

struct NoConstructor;

#[mobula::actor]
impl NoConstructor {
    pub fn value(&self) -> u64 {
        1
    }
}

struct Wrong;

#[mobula::actor(max_retries = 3, max_concurrency = 0, lifetime = "eternal")]
impl Wrong {
    pub fn new() -> Self {
        Wrong
    }

    pub fn consume(self) {}

    pub async fn later(&self) {}

    pub fn generic<T>(&self, value: T) {}

    pub fn borrow(&self) -> &str {
        ""
    }
}

trait Shape {
    fn area(&self) -> f64;
}

#[mobula::actor]
impl Shape for Wrong {
    fn area(&self) -> f64 {
        0.0
    }
}

#[mobula::actor]
fn function() {}

fn main() {}
