//! Targets with a fragment, which a parser drops together with what a gateway has put behind it.

use keyledger_tests::Wire;

use super::target::Target;

#[test]
fn a_caller_cannot_cut_off_the_scope_that_its_gateway_asks_for() {
    let target = Target::new();
    let [_, validator, _] = target.listeners();
    let ask = |query: &str| {
        let head = format!(
            "GET /v1/authorize?{query} HTTP/1.1\r\nhost: test\r\nx-api-key: {}\r\n\r\n",
            target.key.secret
        );
        Wire::exchange(&validator.address, head)
    };
    assert_eq!(ask("x=1&scope=client:read").status(), 200);
    assert_eq!(ask("x=1&scope=user:write").status(), 403);
    for query in ["x=#&scope=user:write", "#&scope=user:write", "x=1&scope=client:read#&scope=user:write"] {
        let answer = ask(query);
        assert_eq!(answer.status(), 400, "{query}: {}", answer.head);
        assert_eq!(String::from_utf8_lossy(&answer.body), r#"{"message":"Bad Request"}"#);
        assert_eq!(answer.header("connection"), Some("close"));
    }
    target.is_unharmed();
}

#[test]
fn what_is_no_request_is_told_so_in_the_form_of_every_other_answer() {
    let target = Target::new();
    let [command, validator, ops] = target.listeners();
    for (listener, part) in [
        (command, r#""code":"malformed""#),
        (validator, r#"{"message":"Bad Request"}"#),
        (ops, "Bad Request"),
    ] {
        for head in ["GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET /# HTTP/1.1\r\nhost: test\r\n\r\n"] {
            let answer = Wire::exchange(&listener.address, head);
            assert_eq!(answer.status(), 400, "{}", answer.head);
            let body = String::from_utf8_lossy(&answer.body);
            assert!(body.contains(part), "{}: {body}", listener.address);
        }
    }
    target.is_unharmed();
}
