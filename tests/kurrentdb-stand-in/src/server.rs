use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::metadata::MetadataMap;
use tonic::transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming};
use tonic::{Code, Status};

use crate::{
    Trouble,
    database::Database,
    line::Line,
    protocol::{
        gossip::gossip_server::GossipServer, server_features::server_features_server::ServerFeaturesServer,
        streams::streams_server::StreamsServer,
    },
    trouble::Troubles,
};

/// What the nodes of a cluster have in common: here one database, which all of them see at once.
pub(crate) struct Cluster {
    pub(crate) ports: Vec<u16>,
    lines: Vec<Line>,
    down: Mutex<Vec<usize>>,
    leader: AtomicUsize,
    database: Mutex<Database>,
    /// How many records there are: news for subscriptions.
    pub(crate) news: watch::Sender<usize>,
    troubles: Mutex<Troubles>,
    let_go: watch::Sender<bool>,
    authorization: Mutex<Option<String>>,
    appends: AtomicUsize,
}

/// One node of it.
#[derive(Clone)]
pub(crate) struct Node {
    cluster: Arc<Cluster>,
    number: usize,
}

/// A cluster of one or more nodes, on ports of this machine, for as long as this lives.
pub struct StandIn {
    cluster: Arc<Cluster>,
    #[expect(dead_code, reason = "dropping it ends the nodes")]
    nodes: JoinSet<()>,
}

impl StandIn {
    /// A single node.
    pub async fn start() -> Self {
        Self::start_nodes(1).await
    }

    /// A single node that speaks TLS with this certificate and key, as PEM.
    pub async fn start_over_tls(certificate: &str, key: &str) -> Self {
        let identity = Identity::from_pem(certificate, key);
        Self::start_with(1, Some(ServerTlsConfig::new().identity(identity))).await
    }

    /// So many nodes, the first of which leads.
    ///
    /// # Panics
    /// Where no port can be had.
    pub async fn start_nodes(count: usize) -> Self {
        Self::start_with(count, None).await
    }

    async fn start_with(count: usize, tls: Option<ServerTlsConfig>) -> Self {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut listeners = Vec::new();
        for _ in 0..count {
            listeners.push(TcpListener::bind(here).await.expect("a port"));
        }
        let port = |listener: &TcpListener| listener.local_addr().expect("it listens").port();
        let cluster = Arc::new(Cluster {
            ports: listeners.iter().map(port).collect(),
            lines: vec![Line::default(); count].iter().map(|_| Line::default()).collect(),
            down: Mutex::default(),
            leader: AtomicUsize::new(0),
            database: Mutex::default(),
            news: watch::Sender::new(0),
            troubles: Mutex::default(),
            let_go: watch::Sender::new(false),
            authorization: Mutex::default(),
            appends: AtomicUsize::new(0),
        });
        let mut nodes = JoinSet::new();
        for (number, listener) in listeners.into_iter().enumerate() {
            let behind = TcpListener::bind(here).await.expect("a port");
            let address = behind.local_addr().expect("it listens");
            let node = Node { cluster: Arc::clone(&cluster), number };
            nodes.spawn(cluster.lines[number].clone().lead(listener, address));
            let mut server = Server::builder();
            if let Some(tls) = &tls {
                server = server.tls_config(tls.clone()).expect("a certificate and its key");
            }
            nodes.spawn(async move {
                // As the real one: an answer of several frames does not wait for the first to be acknowledged.
                let lines = TcpIncoming::from(behind).with_nodelay(Some(true));
                let served = server
                    .add_service(StreamsServer::new(node.clone()))
                    .add_service(GossipServer::new(node.clone()))
                    .add_service(ServerFeaturesServer::new(node))
                    .serve_with_incoming(lines);
                served.await.expect("it serves");
            });
        }
        Self { cluster, nodes }
    }

    /// The port of a node.
    #[must_use]
    pub fn port(&self, node: usize) -> u16 {
        self.cluster.ports[node]
    }

    /// How clients name the cluster; impatient, so that tests are quick.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.cluster.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("kurrentdb://{}?tls=false&discoveryInterval=10", hosts.join(","))
    }

    /// Lets `trouble` happen to the next append to a stream whose name begins so.
    pub fn trouble(&self, stream: &str, trouble: Trouble) {
        self.cluster.troubles.lock().expect("nobody panicked with it").add(stream, trouble);
    }

    /// Whether every trouble has happened.
    #[must_use]
    pub fn troubles_are_over(&self) -> bool {
        self.cluster.troubles.lock().expect("nobody panicked with it").are_over()
    }

    /// Records what was held until now.
    pub fn let_go(&self) {
        self.cluster.let_go.send_replace(true);
    }

    /// Cuts every line to every node, once.
    pub fn cut(&self) {
        self.cluster.lines.iter().for_each(Line::cut);
    }

    /// Takes a node away from everybody.
    pub fn take_down(&self, node: usize) {
        self.cluster.down.lock().expect("nobody panicked with it").push(node);
        self.cluster.lines[node].take_down();
    }

    /// Brings a node back.
    pub fn bring_back(&self, node: usize) {
        self.cluster.down.lock().expect("nobody panicked with it").retain(|down| *down != node);
        self.cluster.lines[node].mend();
    }

    /// Lets another node lead.
    pub fn lead(&self, node: usize) {
        self.cluster.leader.store(node, Ordering::SeqCst);
    }

    /// Lets in only who sends exactly this header `authorization`.
    pub fn admit(&self, authorization: &str) {
        *self.cluster.authorization.lock().expect("nobody panicked with it") = Some(authorization.to_owned());
    }

    /// How many records there are, of whatever stream.
    #[must_use]
    pub fn records(&self) -> usize {
        self.cluster.database().records().len()
    }

    /// The ids that a stream holds, in order.
    #[must_use]
    pub fn ids(&self, stream: &str) -> Vec<uuid::Uuid> {
        let database = self.cluster.database();
        database.stream(stream).unwrap_or_default().iter().map(|record| record.event.id).collect()
    }

    /// How many appends came in, refused ones too.
    #[must_use]
    pub fn appends(&self) -> usize {
        self.cluster.appends.load(Ordering::SeqCst)
    }

    /// Becomes an older copy of itself, which holds the first `records` alone.
    pub fn forget(&self, records: usize) {
        self.cluster.database().truncate(records);
        self.cut();
    }

    /// Loses one revision of a stream, as somebody who deletes makes it.
    pub fn lose(&self, stream: &str, revision: usize) {
        self.cluster.database().lose(stream, revision);
    }

    /// Records an event of somebody else's.
    ///
    /// # Panics
    /// Never: nothing is expected of the stream.
    pub fn meddle(&self, stream: &str, event_type: &str, data: &[u8]) {
        let properties = [("type", event_type), ("content-type", "application/json")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()));
        let id = uuid::Uuid::from_u128(0xfeed << 64 | self.records() as u128);
        let event = crate::database::Proposed {
            id,
            properties: properties.into(),
            data: data.to_vec(),
            metadata: Vec::new(),
        };
        self.cluster.database().append(stream, crate::database::Expected::Any, vec![event]);
        self.cluster.tell();
    }
}

impl Cluster {
    pub(crate) fn database(&self) -> MutexGuard<'_, Database> {
        self.database.lock().expect("nobody panicked with it")
    }

    pub(crate) fn leader(&self) -> usize {
        self.leader.load(Ordering::SeqCst)
    }

    pub(crate) fn is_down(&self, node: usize) -> bool {
        self.down.lock().expect("nobody panicked with it").contains(&node)
    }

    /// Waits until nothing is held any more.
    pub(crate) async fn are_let_go(&self) {
        let _ = self.let_go.subscribe().wait_for(|let_go| *let_go).await;
    }

    /// Wakes subscriptions.
    pub(crate) fn tell(&self) {
        let records = self.database().records().len();
        self.news.send_replace(records);
    }
}

impl Node {
    pub(crate) fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// Loses every line to this node.
    pub(crate) fn lose_lines(&self) {
        self.cluster.lines[self.number].cut();
    }

    /// Goes away from everybody.
    pub(crate) fn go(&self) {
        self.cluster.down.lock().expect("nobody panicked with it").push(self.number);
        self.cluster.lines[self.number].take_down();
    }

    pub(crate) fn trouble_with(&self, stream: &str) -> Option<Trouble> {
        self.cluster.appends.fetch_add(1, Ordering::SeqCst);
        self.cluster.troubles.lock().expect("nobody panicked with it").take(stream)
    }

    /// Whether whoever sent this may have an answer, and from this node.
    pub(crate) fn admits(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let wanted = self.cluster.authorization.lock().expect("nobody panicked with it").clone();
        if wanted
            .is_some_and(|wanted| metadata.get("authorization").is_none_or(|sent| sent != wanted.as_str()))
        {
            return Err(denied());
        }
        let leader = self.cluster.leader();
        if leader == self.number || metadata.get("requires-leader").is_none_or(|wanted| wanted != "true") {
            return Ok(());
        }
        let told = [
            ("exception", "not-leader".to_owned()),
            ("leader-endpoint-host", "127.0.0.1".to_owned()),
            ("leader-endpoint-port", self.cluster.ports[leader].to_string()),
        ];
        Err(with_metadata(Code::NotFound, "Leader info available", &told))
    }
}

pub(crate) fn denied() -> Status {
    with_metadata(Code::PermissionDenied, "Access Denied", &[("exception", "access-denied".to_owned())])
}

fn with_metadata(code: Code, message: &str, told: &[(&'static str, String)]) -> Status {
    let mut metadata = MetadataMap::new();
    for (name, value) in told {
        metadata.insert(*name, value.parse().expect("it is ASCII"));
    }
    Status::with_metadata(code, message, metadata)
}
