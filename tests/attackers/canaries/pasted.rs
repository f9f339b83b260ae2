//! Every place of a request where somebody could put a secret, on purpose or by mistake.

use keyledger_tests::Created;
use serde_json::{Value, json};

use super::trail::Trail;

/// Puts a secret into all of them; `key` is a key that lives.
pub(super) fn everywhere(trail: &mut Trail, secret: &str, key: &Created) {
    in_headers(trail, secret);
    in_paths_and_queries(trail, secret, key);
    in_bodies(trail, secret, key);
    in_verify(trail, secret);
}

fn in_headers(trail: &mut Trail, secret: &str) {
    let basic = format!("user:{secret}").into_bytes();
    let basic = keyledger_tests::to_base64(&basic);
    let headers = [
        format!("x-api-key: {secret}"),
        format!("x-api-key: {secret}\r\nx-api-key: {secret}"),
        format!("x-api-key: {secret}, {secret}"),
        format!("x-api-key: Bearer {secret}"),
        format!("authorization: Bearer {secret}"),
        format!("authorization: Basic {basic}"),
        format!("proxy-authorization: Basic {basic}"),
        format!("cookie: session={secret}"),
        format!("x-request-id: {secret}"),
        format!("traceparent: {secret}"),
        format!("tracestate: key={secret}"),
        format!("baggage: key={secret}"),
        format!("user-agent: {secret}"),
        format!("referer: https://example.com/?key={secret}"),
        format!("origin: https://{secret}.example.com"),
        format!("x-forwarded-for: {secret}"),
        format!("x-original-uri: /v1/client?key={secret}"),
        format!("idempotency-key: {secret}"),
        format!("if-match: \"{secret}\""),
        format!("last-event-id: {secret}"),
        format!("accept: {secret}"),
        format!("content-type: {secret}"),
        format!("{secret}: value"),
        format!("expect: {secret}"),
    ];
    let routes =
        ["/v1/health", "/v1/authorize?scope=client:read", "/v1/partners/acme/keys", "/v1/events", "/readyz"];
    for header in &headers {
        for route in routes {
            trail.send_to_all(header, &format!("GET {route} HTTP/1.1\r\nhost: test\r\n{header}\r\n\r\n"));
        }
        let name = header.split(':').next().unwrap_or_default();
        if name != "x-api-key" {
            let head = trail.operator_head();
            let body = "{}";
            trail.send_to_all(header, &format!(
                "POST /v1/partners/acme/keys HTTP/1.1\r\n{head}{header}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
    }
    trail.send_to_all("host", &format!("GET /v1/health HTTP/1.1\r\nhost: {secret}.example.com\r\n\r\n"));
}

fn in_paths_and_queries(trail: &mut Trail, secret: &str, key: &Created) {
    let own = key.path();
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut paths = Vec::new();
    for text in [secret, &percent] {
        paths.extend([
            format!("/{text}"),
            format!("/v1/{text}"),
            format!("/v1/partners/{text}/keys"),
            format!("/v1/partners/acme/keys/{text}"),
            format!("/v1/partners/acme/keys/{text}/history"),
            format!("{own}/{text}"),
            format!("/v1/health?key={text}"),
            format!("/v1/authorize?scope={text}&partner={text}&other={text}&{text}"),
            format!("/v1/authorize?api_key={text}"),
            format!("/readyz?{text}"),
            format!("/metrics?{text}"),
        ]);
        for parameter in ["status", "limit", "cursor", text] {
            paths.push(format!("/v1/partners/acme/keys?{parameter}={text}"));
        }
        for parameter in ["after", "partnerId", "keyId", "type", "limit", text] {
            paths.push(format!("/v1/events?{parameter}={text}"));
        }
    }
    let head = trail.operator_head();
    for path in &paths {
        for method in ["GET", "POST", "DELETE"] {
            trail.send_to_all(path, &format!("{method} {path} HTTP/1.1\r\n{head}content-length: 0\r\n\r\n"));
        }
    }
    trail.send_to_all(
        "absolute form",
        &format!("GET http://{secret}.example.com/v1/health HTTP/1.1\r\n{head}\r\n"),
    );
}

fn in_bodies(trail: &mut Trail, secret: &str, key: &Created) {
    let with = |base: Value, field: &str, value: Value| {
        let mut body = base;
        body[field] = value;
        body
    };
    let text = Value::from(secret);
    let inside = Value::from(format!("the key {secret} leaked"));
    let create = json!({ "name": "n", "scopes": ["client:read"] });
    let mut bodies = vec![
        ("POST", "/v1/revocations".to_owned(), json!({ "prefix": text, "reason": "r" })),
        (
            "POST",
            "/v1/revocations".to_owned(),
            json!({ "prefix": &secret[..8], "reason": inside, "dryRun": true }),
        ),
        ("POST", "/v1/revocations".to_owned(), json!({ "partnerId": text, "all": true, "reason": "r" })),
        ("POST", key.at("revoke"), json!({ "reason": inside })),
        ("POST", key.at("regenerate"), json!({ "replace": text })),
        ("POST", key.at("regenerate"), json!({ "overlapSeconds": text })),
        ("PUT", "/v1/scopes".to_owned(), json!({ "resources": [{ "name": text, "verbs": [text] }] })),
        ("PUT", "/v1/scopes".to_owned(), json!({ "resources": text, (secret): text })),
    ];
    for (field, value) in [
        ("name", text.clone()),
        ("name", inside.clone()),
        ("scopes", json!([text])),
        ("scopes", json!([format!("client:{secret}")])),
        ("scopes", text.clone()),
        ("throttle", text.clone()),
        ("throttle", json!({ "ratePerSecond": text, "burst": 1, (secret): 1 })),
        ("expiresAt", text.clone()),
        (secret, json!(1)),
    ] {
        bodies.push((
            "POST",
            "/v1/partners/acme/keys".to_owned(),
            with(create.clone(), field, value.clone()),
        ));
        bodies.push(("PATCH", key.path(), with(json!({}), field, value)));
    }
    for (method, path, body) in bodies {
        refused(trail, method, &path, &body.to_string());
    }
    for malformed in [
        format!("{{\"name\": \"{secret}\""),
        secret.to_owned(),
        format!("{{\"name\": {secret}}}"),
        format!("{{\"{secret}"),
        format!("{{\"name\": \"{secret}\\x\"}}"),
        format!("[\"{secret}\"]"),
        format!("{{\"name\": \"n\", \"name\": \"{secret}\"}}"),
        format!("{{\"scopes\": [[[[\"{secret}\"]]]]}}"),
    ] {
        refused(trail, "POST", "/v1/partners/acme/keys", &malformed);
        refused(trail, "POST", "/v1/revocations", &malformed);
        refused(trail, "POST", "/v1/verify", &malformed);
    }
}

/// Sends a body that must not be accepted, as the first operator.
#[track_caller]
fn refused(trail: &mut Trail, method: &str, path: &str, body: &str) {
    let (head, length) = (trail.operator_head(), body.len());
    let kind = "content-type: application/json";
    let request =
        format!("{method} {path} HTTP/1.1\r\n{head}{kind}\r\ncontent-length: {length}\r\n\r\n{body}");
    trail.send_to_all(&format!("{method} {path}"), &request);
    let (_, answer) = trail.answers().iter().nth_back(2).expect("the command service was asked first");
    let status = String::from_utf8_lossy(&answer[..12]).into_owned();
    assert!(status.starts_with("HTTP/1.1 4"), "{method} {path} accepted a secret: {status}");
}

fn in_verify(trail: &mut Trail, secret: &str) {
    for body in [
        json!({ "key": secret }),
        json!({ "key": secret, "scopes": ["client:read"], "partnerId": "acme" }),
        json!({ "key": format!(" {secret} ") }),
        json!({ "key": secret, "partnerId": secret }),
        json!({ "key": secret, "scopes": [secret] }),
        json!({ "key": secret, "cost": secret }),
        json!({ "key": secret, "minPosition": secret }),
        json!({ "key": [secret] }),
        json!({ "key": secret, (secret): secret }),
    ] {
        let body = body.to_string();
        for kind in ["application/json", "text/plain"] {
            trail.send_to_all("POST /v1/verify", &format!(
                "POST /v1/verify HTTP/1.1\r\nhost: test\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
    }
}
