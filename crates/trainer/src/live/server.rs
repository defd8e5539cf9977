//! The page and its news over HTTP.

use std::io::Cursor;

use lunar_lander::LunarLander;
use tiny_http::{Header, Method, Request, Response, Server};

use super::board::Board;
use crate::page;

/// Answers until the server is unblocked.
pub fn serve(server: &Server, board: &Board) {
    let page = live_page();
    while let Ok(request) = server.recv() {
        let response = answer(&request, &page, board);
        // Who has gone away needs no answer.
        let _ = request.respond(response);
    }
}

fn answer(request: &Request, page: &str, board: &Board) -> Response<Cursor<Vec<u8>>> {
    let host = request.headers().iter().find(|header| header.field.equiv("Host"));
    if !host.is_some_and(|host| is_here(host.value.as_str())) {
        return text(403, "text/plain", "this page is served to this machine alone");
    }
    if *request.method() != Method::Get {
        return text(405, "text/plain", "there is nothing to change here");
    }
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    match path {
        "/" => text(200, "text/html; charset=utf-8", page),
        "/news" => {
            let points = usize::try_from(number(query, "points")).unwrap_or(usize::MAX);
            text(200, "application/json", &board.news(points, number(query, "pose")).to_string())
        }
        _ => text(404, "text/plain", "nothing here"),
    }
}

fn text(status: u16, kind: &str, body: &str) -> Response<Cursor<Vec<u8>>> {
    let headers =
        [("Content-Type", kind), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")];
    let response = Response::from_data(body.as_bytes()).with_status_code(status);
    headers
        .into_iter()
        .filter_map(|(name, value)| Header::from_bytes(name, value).ok())
        .fold(response, Response::with_header)
}

/// Whether somebody asked for this machine by its own name. A page from elsewhere that had its name point here ("DNS rebinding")
/// would ask by that.
fn is_here(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1"
}

/// A number among the query's, 0 where it is none.
fn number(query: &str, name: &str) -> u64 {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn live_page() -> String {
    let outlines = serde_json::json!(LunarLander::outlines());
    format!(
        "{}{}<script>{}const OUTLINES = {outlines};\n{}</script>{}",
        page::head("LunarLander-v3, live"),
        include_str!("../assets/live.html"),
        page::LANDER,
        include_str!("../assets/live.js"),
        page::TAIL
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_own_names_are_answered() {
        for (host, here) in [
            ("localhost:8650", true),
            ("127.0.0.1:1", true),
            ("LOCALHOST", true),
            ("127.0.0.1.evil.example:8650", false),
            ("evil.example", false),
            ("[::1]:8650", false),
            ("", false),
        ] {
            assert_eq!(is_here(host), here, "{host}");
        }
    }

    #[test]
    fn a_query_may_be_anything() {
        assert_eq!((number("points=3&pose=7", "pose"), number("points=3", "points")), (7, 3));
        assert_eq!((number("", "pose"), number("pose=-1", "pose"), number("poses=5", "pose")), (0, 0, 0));
    }
}
