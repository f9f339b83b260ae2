//! Server-sent events (HTML Living Standard, section 9.2), as far as the registry uses them.

/// One message: the position up to which everything was seen, and an event, where there is one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub id: Option<u64>,
    pub data: Option<String>,
}

/// Puts messages together, line by line.
#[derive(Default)]
pub(super) struct Parser(Message);

impl Parser {
    /// Takes a line; gives the message that it ends.
    pub(super) fn line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let message = std::mem::take(&mut self.0);
            return (message != Message::default()).then_some(message);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.0.id = value.parse().ok(),
            "data" => match &mut self.0.data {
                Some(data) => *data = format!("{data}\n{value}"),
                None => self.0.data = Some(value.to_owned()),
            },
            // A comment keeps the connection alive; other fields are not ours.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_end_with_an_empty_line_and_comments_are_none() {
        let mut parser = Parser::default();
        let lines = [
            ": hello",
            "",
            "id: 7",
            "data: {\"a\":",
            "data: 1}",
            "",
            ": heartbeat",
            "id: 9",
            "",
            "event: x",
            "",
        ];
        let messages: Vec<_> = lines.iter().filter_map(|line| parser.line(line)).collect();
        let seen = Message { id: Some(7), data: Some("{\"a\":\n1}".to_owned()) };
        assert_eq!(messages, [seen, Message { id: Some(9), data: None }]);
    }
}
