use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// A policy that is strict, as that of the portal is.
const STRICT: &str = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'";

/// A tiny site of a few pages, on loopback and a free port. It serves until the tests end.
pub(super) struct Site {
    address: String,
}

impl Site {
    /// Serves pages: a path, and what stands in the body of that page.
    pub(super) fn of(pages: &'static [(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // The browser opens connections ahead, and says nothing on them for a while.
                thread::spawn(move || answer(&stream, pages));
            }
        });
        Self { address }
    }

    /// The address of a page.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

/// Answers one request. A connection that breaks is the browser's own wish.
fn answer(mut stream: &TcpStream, pages: &[(&str, &str)]) -> Option<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let path = target.split('?').next()?;
    let body = pages.iter().find(|(known, _)| *known == path).map(|(_, body)| *body);
    let (status, kind) = match body {
        None => ("404 Not Found", "text/html"),
        Some(_) if path.ends_with(".js") => ("200 OK", "text/javascript"),
        Some(_) if path.ends_with(".css") => ("200 OK", "text/css"),
        Some(_) => ("200 OK", "text/html"),
    };
    let body = body.unwrap_or("nothing is here");
    let page = match kind {
        "text/html" => format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{path}</title>\
             <link rel=\"stylesheet\" href=\"/style.css\"><main><h1>A page</h1>{body}</main></html>"
        ),
        _ => body.to_owned(),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}; charset=utf-8\r\ncontent-length: {}\r\n\
         content-security-policy: {STRICT}\r\nset-cookie: visitor=known; path=/; httponly\r\nconnection: close\r\n\r\n",
        page.len()
    );
    stream.write_all((head + &page).as_bytes()).ok()
}
