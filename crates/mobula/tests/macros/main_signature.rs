//! The program's main.

#[mobula::main]
pub fn no_parameter() {}

mod options {
    #[mobula::main(arguments = String)]
    pub fn unknown_option(ray: &mobula::Ray) {}
}

mod waits {
    #[mobula::main]
    pub async fn waits(ray: &mobula::Ray) {}
}

fn main() {}
