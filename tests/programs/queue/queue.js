// A queue whose commands begin with a slash. It takes its arguments from a usage in angle brackets.
const items = [];
const usages = [
  "/push <item>      append an item",
  "/pop              take the first item away",
  "/peek             show it",
  "/size             count the items",
  "/quit             leave",
];
const say = (text) => process.stdout.write(`${text}\nqueue> `);

function obey(line) {
  const [word, ...rest] = line.trim().split(/\s+/);
  switch (word) {
    case "": return process.stdout.write("queue> ");
    case "/help": return say(`You can type:\n${usages.map((it) => `  ${it}`).join("\n")}`);
    case "/push": return say(rest.length === 1 ? `position ${items.push(rest[0])}` : "Error: /push <item>");
    case "/pop": return say(items.length ? `took ${items.shift()}` : "(empty)");
    case "/peek": return say(items.length ? `first is ${items[0]}` : "(empty)");
    case "/size": return say(`${items.length} items`);
    case "/quit": return process.exit(0);
  }
  return say(`Error: unknown command ${word}`);
}

process.stdout.write("Welcome.\nqueue> ");
require("readline").createInterface({ input: process.stdin, terminal: false }).on("line", obey);
