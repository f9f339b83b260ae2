//! What a listener counts.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;

use crate::support::{GET, LIMITS, Secure, Server};

#[test]
fn connections_are_counted_when_they_open_and_by_the_reason_why_they_close() {
    let recorder = PrometheusBuilder::new().install_recorder().expect("no other test installs one");
    let server = Server::start_named("counted", Secure::Plain, LIMITS);
    let mut idle = server.connect();
    idle.send(GET).answer();
    server.connect().send("GET").until_closed();
    server.connect().send("x".repeat(20 * 1024)).until_closed();
    idle.until_closed();
    let mut open = server.connect();
    open.send(GET).answer();
    // The client hears of the end of a connection before the listener has counted it.
    std::thread::sleep(Duration::from_millis(200));

    let page = recorder.render();
    for line in [
        r#"keyledger_listener_accepted_connections_total{listener="counted"} 4"#,
        r#"keyledger_listener_open_connections{listener="counted"} 1"#,
        r#"keyledger_listener_closed_connections_total{listener="counted",reason="idle"} 1"#,
        r#"keyledger_listener_closed_connections_total{listener="counted",reason="slow-head"} 1"#,
        r#"keyledger_listener_closed_connections_total{listener="counted",reason="head-too-large"} 1"#,
        r#"keyledger_listener_closed_connections_total{listener="counted",reason="slow-body"} 0"#,
        r#"keyledger_listener_refused_requests_total{listener="counted",reason="head-too-large"} 1"#,
    ] {
        assert!(page.lines().any(|counted| counted == line), "{line} is not in\n{page}");
    }
}
