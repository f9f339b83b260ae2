//! `keyledger events`: what happened, as far as the log goes or as it comes.

mod server_sent;

use std::time::Duration;

use clap::Args;
use keyledger_domain::{KeyId, PartnerId};
use server_sent::{Message, Parser};

use super::{
    Context,
    client::{Ask, Client, Reading, StreamError},
    parse::key_id,
    views,
};
use crate::output::{causes, clean};

/// Arguments of `events`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  keyledger events --partner acme\n  keyledger events --follow --type KeyRevoked --json"
)]
pub(crate) struct EventsArgs {
    /// Only events after this position
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// Go on with what happens from now on
    #[arg(long, conflicts_with = "limit")]
    follow: bool,
    /// Only events of keys of this partner
    #[arg(long, value_parser = PartnerId::parse)]
    partner: Option<PartnerId>,
    /// Only events of this key, by its keyId
    #[arg(long, value_parser = key_id)]
    key: Option<KeyId>,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = TYPES)]
    event_type: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u64>,
}

/// The types of events that this release knows; `events/schemas` holds what each says.
const TYPES: [&str; 9] = [
    "KeyCreated",
    "KeyRegenerated",
    "KeyRevoked",
    "KeyOverlapEnded",
    "KeyScopesChanged",
    "KeyThrottleChanged",
    "KeyRenamed",
    "KeyExpirationChanged",
    "ScopeCatalogueChanged",
];

/// Reads events, once or for as long as somebody wants them.
pub(super) async fn run(args: EventsArgs, context: &Context) -> anyhow::Result<()> {
    let client = context.client()?;
    if args.follow { follow(&client, args, context).await } else { read(&client, &args, context).await }
}

const PATH: [&str; 2] = ["v1", "events"];

impl EventsArgs {
    fn ask(&self) -> Ask<'static> {
        let parameters = [
            ("after", self.after.map(|position| position.to_string())),
            ("partnerId", self.partner.as_ref().map(ToString::to_string)),
            ("keyId", self.key.map(|key| key.to_string())),
            ("type", self.event_type.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ];
        let query = parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Ask { query, ..Ask::default() }
    }
}

async fn read(client: &Client, args: &EventsArgs, context: &Context) -> anyhow::Result<()> {
    let mut reading = client.stream(&PATH, "application/x-ndjson", args.ask()).await?;
    let mut last = args.after.unwrap_or_default();
    loop {
        match reading.next().await {
            Ok(Some(line)) => last = show(&line, context)?,
            Ok(None) => return Ok(()),
            Err(error) => {
                let error = anyhow::Error::from(error);
                anyhow::bail!("{}; go on with --after {last}", causes(&error));
            }
        }
    }
}

/// Between two attempts to go on.
const PAUSE: Duration = Duration::from_secs(1);

async fn follow(client: &Client, mut args: EventsArgs, context: &Context) -> anyhow::Result<()> {
    let mut began = false;
    loop {
        let error = match client.stream(&PATH, "text/event-stream", args.ask()).await {
            Ok(reading) => {
                began = true;
                follow_one(reading, &mut args.after, context).await?
            }
            // Nothing was there to lose yet, so whoever asked wants to know.
            Err(StreamError::Broken(error)) if began => error,
            Err(error) => return Err(error.into()),
        };
        context.output.remark(&format!("{}; trying again", causes(&error)));
        tokio::time::sleep(PAUSE).await;
    }
}

/// Shows what comes until the stream ends, and says why it did.
async fn follow_one(
    mut reading: Reading,
    after: &mut Option<u64>,
    context: &Context,
) -> anyhow::Result<anyhow::Error> {
    let mut parser = Parser::default();
    loop {
        let line = match reading.next().await {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(anyhow::anyhow!("the registry ended the stream")),
            Err(error) => return Ok(error.into()),
        };
        let Some(Message { id, data }) = parser.line(&line) else { continue };
        if let Some(data) = data {
            show(&data, context)?;
        }
        *after = id.or(*after);
    }
}

/// Prints one event, and says where it stands.
fn show(line: &str, context: &Context) -> anyhow::Result<u64> {
    let value = serde_json::from_str(line)?;
    let event: views::Positioned = views::read(&value)?;
    if context.output.json {
        context.output.line(line)?;
    } else {
        let [position, at, event_type, stream, by, data] = event.cells();
        let line = format!("{position:>8}  {at}  {event_type:<22}  {stream:<40}  {by}  {data}");
        context.output.line(&clean(&line))?;
    }
    Ok(event.position)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_type_that_has_a_schema_can_be_asked_for() {
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/schemas");
        let schemas = fs::read_dir(schemas).expect("the schemas").map(|file| {
            let name = file.expect("a file").file_name().into_string().expect("text");
            name.split('.').next().unwrap_or_default().to_owned()
        });
        // The facts of a key are no event.
        let schemas = schemas.filter(|name| name != "Key");
        assert_eq!(BTreeSet::from(TYPES.map(str::to_owned)), schemas.collect());
    }
}
